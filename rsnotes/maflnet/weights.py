"""The small teacher that ships with the package, and its trunk alone."""

from rsnotes.maflnet.factory import tiny_teacher
from rsnotes.maflnet.hiera import Adapter, HieraEncoder
from rsnotes.maflnet.network import MAFLNet
from rsnotes.networks.weights import load_weights, weights_path

NAME = "maflnet_teacher"


def load_tiny_teacher(classes: int = 6) -> MAFLNet:
    """The shipped teacher in eval mode: a frozen trunk with adapters, MACA and LHFEM, trained on teaching scenes.

    SAM2's weights cannot be had offline, so the trunk was trained on scenes first and then frozen; see
    ``rsnotes.maflnet.pretraining``.

    Raises:
        FileNotFoundError: the weights are missing.
        ValueError: they were trained on another version of the scenes.
    """
    network = tiny_teacher(classes, frozen=True)
    load_weights(network, weights_path(NAME))
    return network.eval()


def copy_trunk(source: MAFLNet, target: MAFLNet) -> None:
    """Give ``target`` the trunk of ``source`` and leave its adapters as they are; both have them at the same blocks.

    Raises:
        KeyError: ``source`` lacks a parameter of ``target``'s trunk.
    """
    theirs = trunk_state(source)
    own = target.encoder.state_dict()
    target.encoder.load_state_dict(own | {name: theirs[name] for name in trunk_state(target)})


def trunk_state(network: MAFLNet) -> dict[str, object]:
    """The encoder's state without its adapters; names agree between networks with adapters at the same blocks."""
    state = network.encoder.state_dict()
    return {name: value for name, value in state.items() if ".adapter." not in name}


def without_adapters(network: MAFLNet) -> MAFLNet:
    """Make every adapter pass its input on unchanged and keep it so; the network itself is given back.

    The last layer of an adapter becomes 0, and GELU(0) is 0.
    """
    assert isinstance(network.encoder, HieraEncoder)
    for module in network.encoder.modules():
        if isinstance(module, Adapter):
            for parameter in module.layers[2].parameters():
                parameter.data.zero_()
            module.requires_grad_(False)
    return network
