"""What the theme leaves out for readers who do not see the page, and the links of equation marks.

The sidebar gets a role and a name, so that everything on a page lies in a landmark, and a list of references gets
items. ``show_source`` marks the equations of a docstring; here, where the depth of a page is known, the marks become
links to the equation index.
"""

import os
import re
from pathlib import Path

from sphinx.application import Sphinx

INDEX = "reference/equations"
_SIDEBAR = '<div id="pst-primary-sidebar" class='
_MARK = re.compile(r'<span class="rs-equation" data-equation="(?P<mark>[\w-]+)">(?P<text>[^<]*)</span>')


def amend(text: str, index: str | None) -> str:
    """The HTML of a page with its roles, and with links to ``index`` where there is one."""
    text = text.replace(_SIDEBAR, '<div id="pst-primary-sidebar" role="region" aria-label="Book" class=')
    text = text.replace('role="doc-biblioentry"', 'role="listitem"')
    if index is None:
        return text
    return _MARK.sub(rf'<a class="rs-equation" href="{index}#eq-\g<mark>">\g<text></a>', text)


def finish(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    outdir = Path(app.outdir)
    index = outdir / f"{INDEX}.html"
    for page in outdir.rglob("*.html"):
        if "_static" in page.relative_to(outdir).parts:
            continue
        text = page.read_text("utf-8")
        link = Path(os.path.relpath(index, page.parent)).as_posix() if index.exists() else None
        amended = amend(text, link)
        if amended != text:
            page.write_text(amended, "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", finish, priority=910)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
