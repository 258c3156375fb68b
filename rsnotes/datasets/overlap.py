"""Whether two data sets share images."""

from hashlib import blake2b

from rsnotes.datasets.errors import DataError
from rsnotes.datasets.pairs import ImageMaskPairs, Pair, image_size
from rsnotes.datasets.tiles import Window

STRIP = 1024
"""Rows read at a time where a whole image is gone through."""


def strips(height: int, width: int) -> list[Window]:
    """Windows over the full width that cover an image, for going through it in little memory."""
    return [Window(top, 0, min(STRIP, height - top), width) for top in range(0, height, STRIP)]


def fingerprint(dataset: ImageMaskPairs, pair: Pair) -> str:
    """Hash of the pixels of an image: the same for copies under other names or in another lossless format."""
    digest = blake2b(repr(size := image_size(pair)).encode(), digest_size=16)
    for window in strips(*size):
        digest.update(dataset.read(pair._replace(mask=None), window).image.numpy().tobytes())
    return digest.hexdigest()


def shared_images(first: dict[str, str], second: dict[str, str]) -> list[tuple[str, str]]:
    """Names of images whose fingerprints (by name) occur in both."""
    names = {digest: name for name, digest in second.items()}
    return [(name, names[digest]) for name, digest in first.items() if digest in names]


def require_disjoint(train: ImageMaskPairs, test: ImageMaskPairs) -> None:
    """Refuse two data sets that share a file or an image of the same pixels; reads all images of both.

    Parts of one image, or of one place, cut into differing files are not found.
    """
    own = {pair.image.resolve(): pair for pair in train.pairs}
    for pair in test.pairs:
        if pair.image.resolve() in own:
            raise DataError.at(pair.image, "in the training and in the test set", "Take it out of one of them")
    prints = [{str(pair.image): fingerprint(each, pair) for pair in each.pairs} for each in (train, test)]
    for here, there in shared_images(*prints):
        raise DataError.at(there, f"has the same pixels as {here} in the training set", "Take it out of one of them")
