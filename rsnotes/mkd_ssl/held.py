"""A folder that several processes use, held by one of them at a time."""

import sys
from pathlib import Path
from typing import IO


class Held:
    """Holds one folder at a time; another process that asks for it waits until it is let go.

    The system lets a folder go when its process ends, killed ones too. On Windows nothing is held.

    Attributes:
        file: the open lock of the folder that is held, None when none is.
    """

    def __init__(self) -> None:
        self.file: IO[bytes] | None = None

    def __enter__(self) -> "Held":
        return self

    def __exit__(self, *why: object) -> None:
        self.release()

    def __call__(self, folder: Path) -> Path:
        """Let go of the folder before, wait for this one, and give it back."""
        self.release()
        folder.mkdir(parents=True, exist_ok=True)
        self.file = (folder / "lock").open("ab")
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(self.file, fcntl.LOCK_EX)
        return folder

    def release(self) -> None:
        """Let go of the folder that is held, if one is."""
        if self.file is not None:
            self.file.close()
            self.file = None
