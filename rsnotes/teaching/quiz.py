"""A quiz that explains every answer, in plain HTML: no kernel, no network."""

import hashlib
import html
import re
from dataclasses import dataclass

from rsnotes.figures.display import Output

STYLE = """<style>
.rs-quiz fieldset{border:1px solid #8888;border-radius:4px;margin:.6em 0;padding:.5em 1em}
.rs-quiz legend{font-size:1em;font-weight:600;padding:0;float:left;width:100%;margin:0 0 .3em}
.rs-quiz legend+*{clear:both}
.rs-quiz label{display:block;padding:.15em 0;min-height:24px;cursor:pointer}
.rs-quiz input{margin-right:.5em;accent-color:#0854cf}
.rs-quiz [role=status]{min-height:1.6em}
.rs-quiz [role=status] p{margin:.4em 0 0}
.rs-quiz [hidden]{display:none!important}
@media print{.rs-quiz [role=status]{display:none}}
</style>"""

_ANSWER = "this.closest('fieldset').querySelectorAll('[role=status] p').forEach((p,j)=>{p.hidden=j!==+this.value})"


@dataclass(frozen=True)
class Choice:
    """One answer to a question, and what to say to someone who chose it."""

    text: str
    why: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """A question with its choices, of which one is right.

    Texts may hold ``code`` in backticks and mathematics between dollars.
    """

    text: str
    choices: tuple[Choice, ...]

    def __post_init__(self) -> None:
        if len(self.choices) < 2 or sum(choice.right for choice in self.choices) != 1:
            raise ValueError(f"{self.text!r} needs two choices or more, exactly one of them right")
        if any(not choice.why.strip() for choice in self.choices):
            raise ValueError(f"{self.text!r}: every choice needs its explanation")


def quiz(*questions: Question) -> Output:
    """Show questions with radio buttons; each choice answers at once with its explanation.

    The questions stand in a package's ``exercises`` module: in the cell that shows them they would give the answers.

    Raises:
        ValueError: no question, or the same one twice.
    """
    if not questions or len({question.text for question in questions}) != len(questions):
        raise ValueError("a quiz needs one question or more, each asked once")
    body = "".join(_fieldset(number, question) for number, question in enumerate(questions, start=1))
    return Output(f'{STYLE}<div class="rs-quiz tex2jax_process">{body}</div>', f"Quiz: {len(questions)} questions")


def _fieldset(number: int, question: Question) -> str:
    group = "rs-" + hashlib.sha256(question.text.encode()).hexdigest()[:12]
    choices = "".join(
        f'<label><input type="radio" name="{group}" value="{index}" autocomplete="off" '
        f'onchange="{html.escape(_ANSWER)}"{_spoken(choice.text)}>{_inline(choice.text)}</label>'
        for index, choice in enumerate(question.choices)
    )
    answers = "".join(
        f"<p hidden><strong>{'Right.' if choice.right else 'Not this one.'}</strong> {_inline(choice.why)}</p>"
        for choice in question.choices
    )
    legend = f"<legend>{number}. {_inline(question.text)}</legend>"
    return f'<fieldset>{legend}{choices}<div role="status">{answers}</div></fieldset>'


def _inline(text: str) -> str:
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
    return re.sub(r"\$([^$]+)\$", r"\\(\1\\)", text)


def _spoken(text: str) -> str:
    """A label for screen readers where the text holds mathematics, which is drawn and not read."""
    return f' aria-label="{html.escape(text.replace("$", "").replace("`", ""))}"' if "$" in text else ""
