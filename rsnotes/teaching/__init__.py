"""What pages teach with: the package's source, exercises that check themselves, quizzes, equation marks."""

from rsnotes.teaching.exercise import Exercise, check
from rsnotes.teaching.quiz import Choice, Question, quiz
from rsnotes.teaching.source import show_source

__all__ = ["Choice", "Exercise", "Question", "check", "quiz", "show_source"]
