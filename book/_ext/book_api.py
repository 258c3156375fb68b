"""The API page: what autodoc and napoleon make of our docstrings, put right."""

import re
from typing import Any

from numpy.typing import ArrayLike
from sphinx.application import Sphinx
from sphinx.util.typing import stringify_annotation

PLAIN = ("attribute", "data", "property")
"""Members whose docstring is text. Napoleon takes what stands before a colon in it for a type."""

EQUATION = re.compile(r"\s*Equation: (\w+) (\S+)\s*$")
JOINED = re.compile(r"(:(?:ivar|param) )([\w, ]+,[\w, ]+)(?=:)")


def skip_field(app: Sphinx, what: str, name: str, member: Any, skip: bool, options: Any) -> bool | None:
    """Leave out the line "Alias for field number 0": fields of named tuples are described by their class."""
    return True if str(getattr(member, "__doc__", "")).startswith("Alias for field number") else None


def before_napoleon(app: Sphinx, what: str, name: str, member: Any, options: Any, lines: list[str]) -> None:
    """Link equations to their index, and keep plain texts aside."""
    written: list[str] = []
    links: list[str] = []
    for line in [*lines, ""]:
        if found := EQUATION.match(line):
            paper, number = found.groups()
            links.append(f"`{paper} {number} <equations.html#eq-{paper}-{number}>`__")
            continue
        if links:
            written.append(f"Equation{'s' if len(links) > 1 else ''}: {', '.join(links)}.")
            links = []
        written.append(line)
    lines[:] = written
    if what in PLAIN:
        app.env.temp_data["plain_docstring"] = written


def after_napoleon(app: Sphinx, what: str, name: str, member: Any, options: Any, lines: list[str]) -> None:
    """Put plain texts backand keep names together that share a description.

    What is returned has its type in the signature; a type here is what stood before a colon.
    """
    if what in PLAIN:
        lines[:] = app.env.temp_data.pop("plain_docstring")
    types = [line for line in lines if line.startswith(":rtype:")]
    for line in types:
        lines.remove(line)
    for place, line in enumerate(lines):
        if types and line.startswith(":returns:"):
            lines[place] = (
                f":returns: {types.pop(0).removeprefix(':rtype:').strip()}: {line.removeprefix(':returns:').strip()}"
            )
    for place, line in enumerate(lines):
        lines[place] = JOINED.sub(lambda found: found[1] + found[2].replace(", ", ",\u200b"), line)


def readable_signature(
    app: Sphinx, what: str, name: str, member: Any, options: Any, signature: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    """Defaults and types as one would write them."""
    return _readable(signature), _readable(returned)


def _readable(text: str | None) -> str | None:
    if text is None:
        return None
    for mode in ("smart", "fully-qualified-except-typing"):
        text = text.replace(stringify_annotation(ArrayLike, mode), "ArrayLike")
    text = re.sub(r"<function (?:\w+\.)*(\w+)[^>]*>", r"\1", text)
    text = re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", text)
    return text.replace("<factory>", "...")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("autodoc-skip-member", skip_field)
    app.connect("autodoc-process-docstring", before_napoleon, priority=400)
    app.connect("autodoc-process-docstring", after_napoleon, priority=600)
    app.connect("autodoc-process-signature", readable_signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
