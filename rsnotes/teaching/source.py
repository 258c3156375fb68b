"""The package's source, shown in a page at run time instead of being repeated there."""

import html
import inspect
import re
import textwrap
from collections.abc import Callable
from typing import Any

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from pygments.style import Style
from pygments.token import Comment, Keyword, Name, Number, Operator, String, Token

from rsnotes.figures.display import Output

EQUATION = re.compile(r"Equation: (?P<paper>[a-z_]+) (?P<number>\w+)")
"""What a docstring says of the equation a function implements, for example ``Equation: drd 1``."""


class LightStyle(Style):
    """Token colours on a light ground, contrast 4.5:1 or more."""

    background_color = "#f3f3f0"
    styles = {  # noqa: RUF012  (pygments wants it so)
        Token: "#1f1f24",
        Comment: "#5f6368",
        Keyword: "#8a1c7c",
        Name.Function: "#0b4fb3",
        Name.Class: "#0b4fb3",
        Name.Decorator: "#8a4a00",
        Name.Builtin: "#0b4fb3",
        Number: "#8a4a00",
        Operator.Word: "#8a1c7c",
        String: "#1b6a34",
    }


class DarkStyle(Style):
    """Token colours on a dark ground, contrast 4.5:1 or more."""

    background_color = "#22252b"
    styles = {  # noqa: RUF012
        Token: "#e9e9ee",
        Comment: "#a9b0b8",
        Keyword: "#f0a6e6",
        Name.Function: "#8fc1ff",
        Name.Class: "#8fc1ff",
        Name.Decorator: "#f3c17a",
        Name.Builtin: "#8fc1ff",
        Number: "#f3c17a",
        Operator.Word: "#f0a6e6",
        String: "#93d7a4",
    }


DARK_PAGES = ("html[data-theme=dark]", "body[data-jp-theme-light=false]", "html[theme=dark]")
"""How a built page, JupyterLab and Colab say that they are dark."""


def show_source(thing: Callable[..., Any] | type) -> Output:
    """Show the source of a function or class of ``rsnotes``, highlighted.

    Lines ``Equation: paper number`` of the docstring become links to the equation index in the built page.

    Raises:
        TypeError: ``thing`` has no source of its own (a built-in, an instance).
    """
    name = f"{thing.__module__}.{thing.__qualname__}" if hasattr(thing, "__qualname__") else repr(thing)
    try:
        code = textwrap.dedent(inspect.getsource(thing))
    except (OSError, TypeError) as error:
        raise TypeError(f"show_source wants a function or class written in Python, got {name}") from error
    return Output(source_html(name, code), f"Source of {name}")


def source_html(name: str, code: str) -> str:
    """The source under its name, with the style that makes it legible in light and in dark pages."""
    label = html.escape(name)
    block = highlight(code, PythonLexer(), _formatter(LightStyle))
    block = EQUATION.sub(_mark_equation, block)
    block = block.replace(
        '<div class="rs-code">', f'<div class="rs-code" tabindex="0" role="group" aria-label="{label}">'
    )
    return (
        f'{_style()}<figure class="rs-source" style="margin:.5em 0"><figcaption><code>{label}</code>'
        f"</figcaption>{block}</figure>"
    )


def _mark_equation(found: re.Match[str]) -> str:
    mark = f"{found['paper']}-{found['number']}"
    return f'<span class="rs-equation" data-equation="{mark}">{found[0]}</span>'


def _formatter(style: type[Style]) -> HtmlFormatter[str]:
    return HtmlFormatter(style=style, cssclass="rs-code", nobackground=False)


def _style() -> str:
    rules = [
        ".rs-source figcaption{font-size:.85em}",
        ".rs-source .rs-code{border-radius:4px;overflow-x:auto}",
        ".rs-source pre{margin:0;padding:.7em 1em;background:none;border:0;color:inherit}",
        ".rs-source pre{font-size:.85em;line-height:1.45}",
        _formatter(LightStyle).get_style_defs(".rs-code"),
        *(_formatter(DarkStyle).get_style_defs(f"{page} .rs-code") for page in DARK_PAGES),
    ]
    return "<style>" + "\n".join(rules) + "</style>"
