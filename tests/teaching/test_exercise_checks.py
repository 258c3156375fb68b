"""How an exercise answers, and how it stands in a page."""

import pytest

from rsnotes.teaching import Exercise, check, sync
from rsnotes.teaching.exercise import verdict


def double(value):
    return None if value(3) == 6 else f"double(3) is 6, yours gives {value(3)}."


DOUBLE = Exercise(
    title="Twice",
    question="Write `double(x)`, which returns $2x$.",
    answer="double",
    stub='def double(x):\n    """Return 2x."""\n    ...',
    solution="def double(x):\n    return 2 * x",
    check=double,
    wrong={"adds two": "def double(x):\n    return x + 2"},
)

PAGE = """---
jupytext:
---

# Page

<!-- exercise: made.up.exercises.DOUBLE -->
left from before
<!-- end of exercise -->

After.
"""


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda x: 2 * x, None),
        (lambda x: x + 2, "double(3) is 6, yours gives 5."),
        (lambda x: None, "double returns nothing yet."),
        (lambda x: ..., "double returns nothing yet."),
        (..., "double has no value yet."),
        (lambda: 6, "TypeError in call: "),
    ],
)
def test_verdicts(answer, message):
    given = verdict(DOUBLE, answer)
    assert given == message if message is None else given.startswith(message)


def test_an_error_names_the_readers_function():
    def broken(x):
        return x.shape

    assert verdict(DOUBLE, broken) == "AttributeError in broken: 'int' object has no attribute 'shape'"


def test_check_prints_one_line(capsys):
    check(DOUBLE, lambda x: x + 2)
    check(DOUBLE, lambda x: x + x)
    assert capsys.readouterr().out == "Twice: not yet. double(3) is 6, yours gives 5.\nTwice: right.\n"


def test_values_are_checked_as_they_are():
    exercise = Exercise(
        "Read", "How many?", "n", "n = ...", "n = 12", lambda n: None if n == 12 else "Count again.", {}
    )
    assert verdict(exercise, 12) is None
    assert verdict(exercise, 11) == "Count again."
    assert verdict(exercise, None) == "n has no value yet."


def test_sync_writes_question_stub_and_solution_once(monkeypatch):
    monkeypatch.setattr(sync, "find_exercise", lambda module, name: DOUBLE)
    written = sync.synced(PAGE)
    assert "**Exercise 1: Twice.** Write `double(x)`, which returns $2x$." in written
    assert "    ...\n\n\ncheck(exercises.DOUBLE, double)\n```" in written
    assert "from made.up import exercises\n" in written
    assert "<summary>Solution of exercise 1</summary>\n\n```python\ndef double(x):\n    return 2 * x\n```" in written
    assert "left from before" not in written
    assert written.startswith(PAGE.split("left")[0])
    assert written.endswith("<!-- end of exercise -->\n\nAfter.\n")
    assert sync.synced(written) == written


def test_exercises_of_a_page_are_numbered_in_order(monkeypatch):
    monkeypatch.setattr(sync, "find_exercise", lambda module, name: DOUBLE)
    written = sync.synced(PAGE + PAGE)
    assert written.index("**Exercise 1: Twice.**") < written.index("**Exercise 2: Twice.**")


def test_an_unknown_exercise_is_named_with_those_there_are(monkeypatch):
    monkeypatch.setattr(sync.importlib, "import_module", lambda module: type("Module", (), {"DOUBLE": DOUBLE}))
    with pytest.raises(LookupError, match=r"no exercise 'TRIPLE' in made\.up\.exercises; there are: DOUBLE"):
        sync.find_exercise("made.up.exercises", "TRIPLE")
