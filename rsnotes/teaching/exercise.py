"""Exercises: stub, check and hidden solution from one definition.

An exercise is defined once, in the ``exercises`` module of its package (``rsnotes/drd/exercises.py``). The page holds
copies of question, stub and solution between two comments; ``python -m rsnotes.teaching.sync`` writes them there.
"""

import inspect
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes:
        title: a few words.
        question: what to do, in Markdown that Colab renders too (dollar mathematics, no directives).
        answer: the name that the reader defines: a function, or a value.
        stub: the code the reader starts from; it defines ``answer`` so that the check says it is unfinished.
        solution: code that defines ``answer`` rightly, shown when the reader asks.
        check: looks at the answer and returns what is wrong, or None when it is right. A function is called by the
            check; what it raises, and a None it returns, are reported without the check's doing.
        wrong: likely mistakes by name, each the code of a wrong answer; the tests want a message of its own for each.
    """

    title: str
    question: str
    answer: str
    stub: str
    solution: str
    check: Callable[[Any], str | None]
    wrong: Mapping[str, str]


class _Unfinished(Exception):
    """The answer is still the stub's."""


def verdict(exercise: Exercise, answer: Any) -> str | None:
    """What is wrong with an answer, None when it is right."""
    name = exercise.answer
    if answer is None or answer is ...:
        return f"{name} has no value yet."
    try:
        return exercise.check(_watched(name, answer) if inspect.isfunction(answer) else answer)
    except _Unfinished:
        return f"{name} returns nothing yet."
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1].name
        return f"{type(error).__name__} in {place}: {error}"


def _watched(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        if result is None or result is ...:
            raise _Unfinished(name)
        return result

    return call


def check(exercise: Exercise, answer: Any) -> None:
    """Print whether an answer is right, and if not, what is wrong with it."""
    message = verdict(exercise, answer)
    print(f"{exercise.title}: {'right.' if message is None else f'not yet. {message}'}")
