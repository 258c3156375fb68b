"""Every exercise of the book: the stub fails, the solution passes, each named mistake is told apart."""

import importlib
from pathlib import Path
from typing import Any

import pytest

import rsnotes
from rsnotes.teaching import Exercise
from rsnotes.teaching.exercise import verdict

MODULES = [
    f"rsnotes.{path.parent.name}.{path.stem}" for path in sorted(Path(rsnotes.__path__[0]).glob("*/exercises*.py"))
]


def exercises() -> dict[str, Exercise]:
    found = {}
    for name in MODULES:
        module = importlib.import_module(name)
        found |= {f"{name}.{key}": value for key, value in vars(module).items() if isinstance(value, Exercise)}
    return found


EXERCISES = exercises()


def answer_of(exercise: Exercise, code: str) -> Any:
    """What the code, run as a cell of its own, leaves under the answer's name."""
    namespace: dict[str, Any] = {}
    exec(compile(code, "<cell>", "exec"), namespace)
    assert exercise.answer in namespace, f"the code defines no {exercise.answer}"
    return namespace[exercise.answer]


@pytest.mark.parametrize("name", EXERCISES)
def test_stub_fails_solution_passes_and_mistakes_are_told_apart(name):
    exercise = EXERCISES[name]
    assert verdict(exercise, answer_of(exercise, exercise.solution)) is None
    stub = verdict(exercise, answer_of(exercise, exercise.stub))
    assert stub is not None
    assert len(exercise.wrong) >= 3, "an exercise names three mistakes or more"
    messages = {}
    for mistake, code in exercise.wrong.items():
        assert code != exercise.solution, f"{mistake!r} is the solution: its replacement found nothing"
        messages[mistake] = verdict(exercise, answer_of(exercise, code))
        assert messages[mistake] is not None, f"{mistake!r} passes"
    assert len({stub, *messages.values()}) == 1 + len(messages), f"two mistakes get one message: {messages}"
