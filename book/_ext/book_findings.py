"""The directive ``{findings}``: questions, and what the committed result files say to each of them.

A line of its content is ``question | experiment: variant | experiment: variant``, and a fourth part names the figure
where it is not mIoU. The answer is the first variant minus the second, paired by seed.
"""

from typing import Any

from book_timings import as_table
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from rsnotes.catalogue import experiment
from rsnotes.experiments import Experiment, Results, paired_difference, staleness

BESIDE = {"miou": "", "boundary_f1": " (boundary F1)"}
"""What is added to a question, by the figure."""


def asked(operand: str) -> tuple[Experiment, str]:
    """Experiment and variant of ``experiment: variant``.

    Raises:
        ValueError: no such experiment, or no such variant of it.
    """
    name, variant = (part.strip() for part in operand.split(":", 1))
    found = experiment(name)
    if variant not in found.variants:
        raise ValueError(f"{name} has no variant {variant!r}; there are {', '.join(found.variants)}")
    return found, variant


def scores(operand: str, figure: str) -> dict[int, float]:
    """The figure by seed, in per cent, of ``experiment: variant``."""
    found, variant = asked(operand)
    return Results.read(found, figure).by_seed(variant)


def is_stale(operand: str) -> bool:
    """Whether a result of ``experiment: variant`` was made by other settings, code or scenes than today's."""
    found, variant = asked(operand)
    return any(staleness(found, result) for (name, _), result in Results.read(found).files.items() if name == variant)


def answer(line: str) -> dict[str, Any]:
    """A row of the table: the question, the difference with half of its 95 % interval, the seeds, and the verdict."""
    question, one, other, *figure = (part.strip() for part in line.split("|"))
    measure = figure[0] if figure else "miou"
    row = {"question": question + BESIDE[measure], "points": None, "seeds": 0, "answer": "not run yet"}
    first, second = scores(one, measure), scores(other, measure)
    if set(first) & set(second):
        found = paired_difference(first, second)
        width = f" ± {found.half_width:.1f}" if found.pairs > 1 else ""
        row |= {"points": f"{round(found.mean, 1) + 0.0:+.1f}{width}", "seeds": found.pairs, "answer": found.verdict}
        if is_stale(one) or is_stale(other):
            row["answer"] += " (stale)"
    return row


class Findings(SphinxDirective):
    """``{findings} title`` with a question a line."""

    has_content = True
    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()  # a result may land though this page does not change
        try:
            rows = [answer(line) for line in self.content if line.strip()]
        except ValueError as wrong:
            raise self.error(str(wrong)) from wrong
        table = as_table({"title": self.arguments[0], "rows": rows})
        table["classes"] += ["rs-findings", "colwidths-auto"]
        return [table]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("findings", Findings)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
