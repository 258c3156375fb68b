"""A sweep shows every run and the mean of those at one value."""

import matplotlib.pyplot as plt
import pytest

from rsnotes.figures import sweep

TRIED = {"one": {0.1: [50.0, 54.0], 0.01: [40.0]}, "two": {0.1: [30.0]}, "none yet": {}}


def test_lines_go_through_the_means_and_every_run_is_a_point() -> None:
    (ax,) = sweep(TRIED).axes
    mean, runs, _, _ = ax.lines
    assert list(mean.get_xdata()) == [0.01, 0.1]
    assert list(mean.get_ydata()) == pytest.approx([40.0, 52.0])
    assert sorted(runs.get_ydata()) == [40.0, 50.0, 54.0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["one", "two"]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["0.01", "0.1"]
    plt.close("all")


def test_a_sweep_that_has_not_begun_says_so() -> None:
    (ax,) = sweep({"one": {}}, "weight").axes
    assert not ax.lines
    assert ax.get_title() == "nothing has landed"
    assert ax.get_xlabel() == "weight"
    plt.close("all")


def test_no_method_is_left_out_unseen() -> None:
    with pytest.raises(ValueError, match="7 methods, and markers for 6"):
        sweep({str(number): {0.1: [50.0]} for number in range(7)})
