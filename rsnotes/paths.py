"""Where the files that are not code lie: in a clone, an editable install or a wheel."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Gives a file beside ``path`` to write to, and renames it at the end; folders are made if need be.

    Whatever interrupts the writing, ``path`` is the whole new file, the old one or none, and nothing is left over.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(suffix=path.suffix, prefix=f".{path.stem}-", dir=path.parent)
    os.close(handle)
    try:
        yield Path(name)
        os.chmod(name, 0o644)  # mkstemp makes files that only their owner can read
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
