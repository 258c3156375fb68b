"""Pretrained backbones: from a file of one's own, and those that travel with the package."""

from pathlib import Path

from safetensors import safe_open
from torch import nn

from rsnotes.hi_resnet.moco import Encoder
from rsnotes.hi_resnet.network import Backbone, hi_resnet
from rsnotes.hi_resnet.recipe import MILLION_AID, MoCoRecipe
from rsnotes.networks.weights import load_weights, weights_path
from rsnotes.scenes import VERSION

PREFIX = "backbone."


def thin_backbone(recipe: MoCoRecipe | None = None) -> Backbone:
    """The backbone of the live pages, freshly initialised."""
    recipe = recipe or MILLION_AID.quick()
    return hi_resnet(recipe.variant, 1, width=recipe.width, depth=recipe.depth).backbone


def load_encoder(name: str = "hi_resnet_moco_short") -> Encoder:
    """A shipped encoder, pretrained without labels on drawn scenes; in training mode, to go on with."""
    recipe = MILLION_AID.quick()
    encoder = Encoder(thin_backbone(recipe), recipe.dimension)
    load_weights(encoder, weights_path(name))
    return encoder


def load_backbone(network: nn.Module, path: Path) -> nn.Module:
    """Copy a pretrained backbone into ``network``; its head stays as it is.

    Args:
        network: has a ``backbone``.
        path: weights of an encoder or of a whole network, as safetensors.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it holds no backbone, one of another size, or one trained on another version of the scenes.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file; give the weights that pretraining or training wrote")
    backbone = network.get_submodule("backbone")
    ours = backbone.state_dict()
    with safe_open(path, "pt") as file:
        scenes = (file.metadata() or {}).get("scenes", VERSION)
        names = [name for name in file.keys() if name.startswith(PREFIX)]  # noqa: SIM118
        found = {name.removeprefix(PREFIX): file.get_tensor(name) for name in names}
    if scenes != VERSION:
        raise ValueError(f"{path} was trained on scenes version {scenes}, this package draws version {VERSION}")
    if {k: v.shape for k, v in found.items()} != {k: v.shape for k, v in ours.items()}:
        raise ValueError(
            f"{path} holds {len(found)} tensors of a backbone, and they are not the {len(ours)} of this network: "
            "pretrain and train with the same variant, width and depth"
        )
    backbone.load_state_dict({k: v.to(ours[k].dtype) for k, v in found.items()})
    return network
