"""Images as the pretrained encoders saw them."""

from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from torch import Tensor


def standardise(image: Tensor) -> Tensor:
    """Subtract ImageNet's mean and divide by its standard deviation, channel by channel.

    SAM2 and SegFormer were trained on such images, and a frozen trunk cannot learn another range.

    Args:
        image: (B, 3, H, W) in [0, 1].
    """
    if image.shape[1] != 3:
        raise ValueError(f"SAM2 and SegFormer take images of 3 bands, got {tuple(image.shape)}; choose three")
    statistics = image.new_tensor([IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD])  # (2, 3)
    mean, deviation = statistics[:, :, None, None]  # (3, 1, 1) each
    return (image - mean) / deviation
