"""The network is really cut off, in both ways, and a page runs all the same."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import offline  # noqa: E402

ELSEWHERE = "192.0.2.1"  # an address that RFC 5737 keeps free
PAGE = """---
jupytext:
  formats: ipynb,md:myst
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A page

```{{code-cell}} ipython3
{code}
```
"""
ASK = f"""
import socket
try:
    socket.create_connection(("{ELSEWHERE}", 80), timeout=5)
except TimeoutError:
    print("the network was tried")
except OSError:
    print("cut off")
"""
WAYS = [offline.guarded, *([offline.unshared] if offline.can_unshare() else [])]


@pytest.mark.parametrize("way", WAYS)
def test_a_connection_to_elsewhere_is_refused(way, capfd: pytest.CaptureFixture[str]) -> None:
    assert way([sys.executable, "-c", ASK]) == 0
    assert capfd.readouterr().out == "cut off\n"


@pytest.mark.parametrize("way", WAYS)
def test_a_name_is_not_looked_up(way, capfd: pytest.CaptureFixture[str]) -> None:
    code = "import urllib.request; urllib.request.urlopen('https://huggingface.co', timeout=5)"
    assert way([sys.executable, "-c", code]) == 1
    assert "URLError" in capfd.readouterr().err


def test_this_machine_is_reached_through_the_guard() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = f"import socket; socket.create_connection(('localhost', {port}), timeout=5)"
        assert offline.guarded([sys.executable, "-c", code]) == 0


def test_the_exit_code_is_the_commands() -> None:
    assert offline.main([sys.executable, "-c", "raise SystemExit(7)"]) == 7


@pytest.mark.parametrize("way", WAYS)
def test_a_page_is_executed_and_one_that_needs_the_network_fails(way, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tools", tmp_path / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "rsnotes").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "manifest.json").write_text("{}")
    (tmp_path / "constraints.txt").write_text("")
    (tmp_path / "book").mkdir()
    page = tmp_path / "book" / "page.md"
    command = [sys.executable, str(tmp_path / "tools" / "pages.py"), "page"]
    page.write_text(PAGE.format(code="print(6 * 7)"))
    assert way(command) == 0
    assert "42" in page.with_suffix(".ipynb").read_text()
    page.write_text(PAGE.format(code=f"import socket\nsocket.create_connection(('{ELSEWHERE}', 80), timeout=5)"))
    assert way(command) != 0


def test_the_tool_runs_a_command_given_to_it() -> None:
    command = [sys.executable, str(ROOT / "tools" / "offline.py"), sys.executable, "-c", ASK]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "cut off\n"
