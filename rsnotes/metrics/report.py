"""Scores as lines of text."""

from rsnotes.metrics.scores import Scores


def report(scores: Scores) -> str:
    """Figures in per cent, a line a class and a line of means."""
    lines = [f"{name}: F1 {100 * f['f1']:.2f}, IoU {100 * f['iou']:.2f}" for name, f in scores.per_class().items()]
    means = f"mean F1 {100 * scores.mf1:.2f}, mIoU {100 * scores.miou:.2f}, OA {100 * scores.oa:.2f}"
    return "\n".join([*lines, means])
