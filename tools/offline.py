"""Run a command with the network cut off; by default the whole book, every page executed again.

Where Linux allows it the command gets a network of its own that holds nothing but its loopback. Elsewhere every
Python it starts refuses to connect to, or to look up, anything but this machine.

    python tools/offline.py              execute every page, build the book
    python tools/offline.py COMMAND ...  run this command
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
GUARD = """
import ipaddress, socket

def _local(host):
    try:
        return host in (None, "", "localhost") or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

def _refuse(name, place):
    plain = getattr(socket, name) if place is None else getattr(place, name)
    def guarded(*arguments, **options):
        address = arguments[0] if place is None else arguments[1]
        host = address[0] if isinstance(address, tuple) else address
        if (place is None or isinstance(address, tuple)) and not _local(host):
            raise OSError(f"the network is cut off: {name} to {host!r}")
        return plain(*arguments, **options)
    setattr(socket if place is None else place, name, guarded)

_refuse("getaddrinfo", None)
for _name in ("connect", "connect_ex", "sendto"):
    _refuse(_name, socket.socket)
"""


def can_unshare() -> bool:
    """Whether this system gives a process a network of its own."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode == 0


def unshared(command: list[str]) -> int:
    """Run ``command`` in a network that holds only its loopback; its exit code."""
    inside = [sys.executable, str(TOOLS / "offline.py"), "--inside", *command]
    return subprocess.run(["unshare", "-rn", *inside], check=False).returncode


def guarded(command: list[str]) -> int:
    """Run ``command`` with Pythons that refuse to leave this machine; its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "sitecustomize.py").write_text(GUARD, "utf-8")
        search = os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH")]))
        return subprocess.run(command, env={**os.environ, "PYTHONPATH": search}, check=False).returncode


def loopback_up() -> None:
    """Switch this network's loopback on: Jupyter talks to its kernels through it."""
    import fcntl
    import socket
    import struct

    up, set_flags = 1, 0x8914  # IFF_UP, SIOCSIFFLAGS
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plug:
        fcntl.ioctl(plug, set_flags, struct.pack("16sh14x", b"lo", up))


def whole_book() -> int:
    """Every page executed again, then the HTML, with the network cut off."""
    from pages import BOOK, pages

    names = [md.relative_to(BOOK).with_suffix("").as_posix() for md in pages()]
    cut = unshared if can_unshare() else guarded
    code = cut([sys.executable, str(TOOLS / "pages.py"), *names])
    return code or cut([sys.executable, str(TOOLS / "build.py")])


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--inside"]:
        loopback_up()
        os.execvp(arguments[1], arguments[1:])
    if not arguments:
        return whole_book()
    return (unshared if can_unshare() else guarded)(arguments)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
