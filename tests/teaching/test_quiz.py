"""The quiz as HTML."""

import pytest
from bs4 import BeautifulSoup

from rsnotes.teaching import Choice, Question, quiz

RIGHT = Choice("`a < b`", "Because $a = 1$.", right=True)
WRONG = Choice("$b^2$", "No: 4.")
FIRST, SECOND = Question("Which?", (WRONG, RIGHT)), Question("What?", (RIGHT, WRONG))


def page(*questions: Question) -> BeautifulSoup:
    return BeautifulSoup(quiz(*questions)._repr_mimebundle_()["text/html"], "html.parser")


def test_each_choice_has_its_explanation_hidden_until_chosen():
    fieldset = page(FIRST).fieldset
    assert fieldset.legend.text == "1. Which?"
    assert [label.text for label in fieldset.find_all("label")] == [r"\(b^2\)", "a < b"]
    assert fieldset.find_all("label")[1].code.text == "a < b"
    answers = fieldset.find(role="status").find_all("p")
    assert [p.text for p in answers] == ["Not this one. No: 4.", r"Right. Because \(a = 1\)."]
    assert all(p.has_attr("hidden") for p in answers)
    assert [radio["value"] for radio in fieldset.find_all("input")] == ["0", "1"]


def test_mathematics_in_a_choice_is_read_out():
    assert [radio.get("aria-label") for radio in page(FIRST).find_all("input")] == ["b^2", None]


def test_questions_have_groups_of_their_own():
    names = [[radio["name"] for radio in f.find_all("input")] for f in page(FIRST, SECOND).find_all("fieldset")]
    assert [len(set(group)) for group in names] == [1, 1]
    assert names[0][0] != names[1][0]
    assert repr(quiz(FIRST, SECOND)) == "Quiz: 2 questions"


@pytest.mark.parametrize("choices", [(RIGHT,), (WRONG, WRONG), (RIGHT, RIGHT)])
def test_a_question_has_exactly_one_right_choice(choices):
    with pytest.raises(ValueError, match="exactly one of them right"):
        Question("Which?", choices)


def test_every_choice_is_explained():
    with pytest.raises(ValueError, match="every choice needs its explanation"):
        Question("Which?", (RIGHT, Choice("no", " ")))


@pytest.mark.parametrize("questions", [(), (FIRST, FIRST)])
def test_a_quiz_asks_each_question_once(questions):
    with pytest.raises(ValueError, match="each asked once"):
        quiz(*questions)
