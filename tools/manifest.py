"""The list of all files under data/ with licence, origin and sha256.

python tools/manifest.py          check that data/ and data/manifest.json agree
python tools/manifest.py --write  bring the manifest up to date
"""

import hashlib
import json
import os
import sys
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data"
MANIFEST = DATA / "manifest.json"
ORIGINS = {
    "papers": ("facts printed in the paper that the file's name gives", "facts, not subject to copyright"),
    "results": ("measured by this project; the file says by which command", "CC-BY-4.0"),
    "weights": ("trained by this project; the result file of the same name says how", "CC-BY-4.0"),
}
MADE_HERE = ("made by this project", "CC-BY-4.0")


def entries() -> dict[str, dict[str, str]]:
    """One entry a file under ``data/``, the manifest itself left out."""
    found = {}
    for path in sorted(p for p in DATA.rglob("*") if p.is_file() and p != MANIFEST and p.suffix != ".part"):
        name = path.relative_to(DATA).as_posix()
        origin, licence = ORIGINS.get(name.split("/")[0], MADE_HERE)
        found[name] = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "origin": origin, "licence": licence}
    return found


def differences() -> list[str]:
    """What differs between ``data/`` and its manifest, a sentence a file."""
    listed = json.loads(MANIFEST.read_text("utf-8")) if MANIFEST.exists() else {}
    there = entries()
    missing = [f"{name} is listed but not there" for name in listed.keys() - there.keys()]
    unlisted = [f"{name} is not listed" for name in there.keys() - listed.keys()]
    changed = [f"{name} has changed" for name in there.keys() & listed.keys() if there[name] != listed[name]]
    return sorted(missing + unlisted + changed)


def main(arguments: list[str]) -> None:
    if "--write" in arguments:
        aside = MANIFEST.with_suffix(".part")
        aside.write_text(json.dumps(entries(), indent=1) + "\n", "utf-8")
        os.replace(aside, MANIFEST)
    elif faults := differences():
        raise SystemExit("data/manifest.json: " + "; ".join(faults) + ". Run: python tools/manifest.py --write")


if __name__ == "__main__":
    main(sys.argv[1:])
