"""Where the files that are not code lie: in a clone, an editable install or a wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_path(*parts: str) -> Path:
    """Path of a file or folder under ``data/``.

    A wheel carries the folder as ``rsnotes/data``; a clone or an editable install has it
    beside the package.

    Raises:
        FileNotFoundError: nothing of that name is there; the message names the place looked at.
    """
    bundled = _PACKAGE / "data"
    root = bundled if bundled.is_dir() else _PACKAGE.parent / "data"
    path = root.joinpath(*parts)
    if not path.exists():
        raise FileNotFoundError(
            f"{path} does not exist: expected a file or folder of rsnotes' data under {root}; "
            "reinstall rsnotes, or run from a complete clone"
        )
    return path
