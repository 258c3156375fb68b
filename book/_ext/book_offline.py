"""Everything a page loads comes from the book itself.

MathJax is copied beside the pages from the package ``sphinx-mathjax-offline``. Two scripts of the theme are left out:
sphinx-thebe's (unused here, included twice, which is an error on every page, and it names a server) and pydata's
``fontawesome.js`` (1.5 MB; the same icons come from the web font in the theme's style sheet).
"""

import re
import shutil
from importlib.metadata import files
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

MATHJAX = "mathjax"
_FONTAWESOME = re.compile(r"<(script)[^>]*scripts/fontawesome\.js[^>]*></\1>|<link[^>]*scripts/fontawesome\.js[^>]*>")
_THEBE = re.compile(r'<script type="text/x-thebe-config">.*?</script>|<script>kernelName = [^<]*</script>', re.DOTALL)


def mathjax_folder() -> Path:
    """The folder of MathJax's files inside the installed package."""
    for file in files("sphinx-mathjax-offline") or ():
        if file.name == "tex-chtml.js":
            return Path(str(file.locate())).parent
    raise FileNotFoundError(
        "sphinx-mathjax-offline holds no tex-chtml.js: install it at the version of constraints.txt"
    )


def use_own_mathjax(app: Sphinx, _config: Any) -> None:
    """Point the pages at the copy, which lies beside ``_static`` so that no page loads all of it."""
    app.config.mathjax_path = f"../{MATHJAX}/tex-chtml.js"  # relative to _static


def drop_thebe(_app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Leave sphinx-thebe's scripts out of a page."""

    def is_thebe(script: Any) -> bool:
        body = str(getattr(script, "attributes", {}).get("body", ""))
        return "sphinx-thebe" in str(getattr(script, "filename", "")) or "THEBE_JS_URL" in body

    context["script_files"] = [s for s in context.get("script_files", []) if not is_thebe(s)]


def copy_mathjax(outdir: Path) -> None:
    """Copy the one MathJax script the pages load, its fonts, and what it loads on demand."""
    source, target = mathjax_folder(), outdir / MATHJAX
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source / "tex-chtml.js", target)
    for part in ("output/chtml/fonts", "input/tex/extensions", "a11y", "sre"):
        shutil.copytree(source / part, target / part, dirs_exist_ok=True)


def finish(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    outdir = Path(app.outdir)
    copy_mathjax(outdir)
    for page in outdir.rglob("*.html"):
        if "_static" in page.relative_to(outdir).parts:
            continue
        text = page.read_text("utf-8")
        clean = _THEBE.sub("", _FONTAWESOME.sub("", text))
        if clean != text:
            page.write_text(clean, "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", use_own_mathjax)
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("build-finished", finish, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
