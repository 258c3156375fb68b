"""Labels without their outlines, as the ISPRS benchmark scores them."""

import cv2
import numpy as np
import torch
from torch import Tensor

from rsnotes.datasets import IGNORE


def erode_borders(mask: Tensor, radius: float = 3.0) -> Tensor:
    """Set every pixel to ``IGNORE`` that has a pixel of another class within a disc around it.

    The ISPRS benchmark's second set of labels, made with a disc of 3 pixels, so that an outline drawn a little off does
    not count. Ignored pixels are of no class: they stay ignored and erode nothing beside them; nor does the image's
    edge.

    Args:
        mask: (H, W), or (B, H, W), ids from 0 to 254 or ``IGNORE``.
        radius: of the disc, in pixels; a distance equal to it is inside. 0 changes nothing.

    Returns:
        A new mask of the same shape and type.
    """
    if mask.ndim == 3:
        return torch.stack([erode_borders(image, radius) for image in mask])
    ids = mask.cpu().numpy().astype(np.uint8)
    reach = int(radius)
    y, x = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    disc = (x**2 + y**2 <= radius**2).astype(np.uint8)
    # One class within the disc means that its smallest and its largest id agree. IGNORE is above all ids, so it never
    # is the smallest; one added to the ids makes 0 free to take its place below them.
    smallest = cv2.erode(ids, disc)
    largest = cv2.dilate(np.where(ids != IGNORE, ids + 1, 0).astype(np.uint8), disc)
    inside = torch.from_numpy(largest.astype(int) == smallest.astype(int) + 1)
    return mask.where(inside.to(mask.device), IGNORE)
