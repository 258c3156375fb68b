"""The runner: resumable, nothing half-written, and honest about what is old, short or thin."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from rsnotes import experiments
from rsnotes.experiments import Experiment, Results, experiment, perform, provenance


@dataclass(frozen=True)
class Settings:
    gain: float
    steps: int = 10


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(experiment, "data_path", lambda: tmp_path)
    return tmp_path / "results" / "toy"


def make(run: Any, seeds: tuple[int, ...] = (0, 1)) -> Experiment:
    variants = {"none": Settings(0.0), "method": Settings(0.02), "long": Settings(0.1, 100)}
    return Experiment("toy", "Does it gain?", variants, seeds, run, ("training/schedules.py",))


def figures(settings: Settings, seed: int, folder: Path) -> dict[str, Any]:
    miou = 0.5 + settings.gain + 0.001 * seed + (0.0005 * seed if settings.gain else 0.0)
    curve = [{"step": settings.steps, "seconds": 0.1 * settings.steps, "miou": miou}]
    return {"scores": {"miou": miou}, "parameters": 1000, "curve": curve}


def test_what_has_landed_is_not_run_again_and_a_killed_run_leaves_nothing(results: Path) -> None:
    calls = []

    def run(settings: Settings, seed: int, folder: Path) -> dict[str, Any]:
        calls.append((settings.gain, seed, folder.name))
        if len(calls) == 4:
            raise KeyboardInterrupt
        return figures(settings, seed, folder)

    with pytest.raises(KeyboardInterrupt):
        perform(make(run), Path("scratch"))
    assert sorted(p.name for p in results.iterdir()) == ["long.seed0.json", "method.seed0.json", "none.seed0.json"]
    perform(make(run), Path("scratch"))
    assert [(gain, seed) for gain, seed, _ in calls[3:]] == [(0.0, 1), (0.0, 1), (0.02, 1), (0.1, 1)]
    assert calls[3][2] == calls[4][2]  # it goes on from its own checkpoint
    assert len({folder for *_, folder in calls}) == 6
    perform(make(run), Path("scratch"))
    assert len(calls) == 7


def test_no_run_goes_on_from_the_checkpoint_of_other_settings_or_other_code(monkeypatch: pytest.MonkeyPatch) -> None:
    toy, scratch = make(figures), Path("scratch")
    before = experiment.scratch_folder(toy, "method", 0, scratch)
    changed = replace(toy, variants={**toy.variants, "method": Settings(0.03)})
    assert experiment.scratch_folder(changed, "method", 0, scratch) != before
    assert experiment.scratch_folder(changed, "none", 0, scratch) == experiment.scratch_folder(toy, "none", 0, scratch)
    monkeypatch.setattr(experiment, "source_hashes", lambda names: {"training/schedules.py": "other"})
    assert experiment.scratch_folder(toy, "method", 0, scratch) != before


def test_changed_settings_source_or_scenes_make_a_result_stale(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy = make(figures, seeds=(0,))
    perform(toy, Path("scratch"))
    assert not any("Stale" in caveat for caveat in Results.read(toy).caveats())
    other = replace(toy, variants={**toy.variants, "method": Settings(0.02, steps=11)})
    assert "Stale: the settings of method have changed." in Results.read(other).caveats()
    moved = replace(toy, sources=("training/schedules.py", "training/loop.py"))
    assert "Stale: changed since: training/loop.py." in Results.read(moved).caveats()
    monkeypatch.setattr(experiment.scenes, "VERSION", "99")
    assert any("scenes are at version 99" in caveat for caveat in Results.read(toy).caveats())


def test_the_source_hash_sees_code_and_not_comments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    hashes = []
    for text in (
        "def f(x):\n    return x\n",
        'def f(x):\n    """Text."""\n    return x  # same\n',
        "def f(x):\n    return -x\n",
    ):
        (tmp_path / "m.py").write_text(text)
        hashes.append(provenance.source_hashes(["m.py"])["m.py"])
    assert hashes[0] == hashes[1] != hashes[2]
    with pytest.raises(FileNotFoundError, match=r"names 'gone\.py' as its source"):
        provenance.source_hashes(["gone.py"])


def test_the_source_hash_leaves_out_refusals_and_no_more(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever adds a check of an argument, or mends its words, need not train anew."""
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)

    def hashed(*lines: str) -> str:
        (tmp_path / "m.py").write_text("\n    ".join(("def f(x):", *lines)) + "\n")
        return provenance.source_hashes(["m.py"])["m.py"]

    plain = hashed("for k in x:", "    x = x + k", "return x")
    assert hashed("if x < 0:", "    raise ValueError(x)", "for k in x:", "    x = x + k", "return x") == plain
    assert hashed("for k in x:", "    x = x + k", "    if k > 9:", "        raise ValueError", "return x") == plain
    assert hashed("for k in x:", "    x = x + k", "return x", "raise ValueError(f'no {x}')") == plain
    assert hashed("if x:", "    if x < 0:", "        raise A", "else:", "    raise B", "for k in x:", "    x = x + k",
                  "return x") == plain  # fmt: skip
    others = (
        hashed("if x < 0:", "    x = 0", "for k in x:", "    x = x + k", "return x"),
        hashed("if x < 0:", "    raise A", "else:", "    x = 0", "for k in x:", "    x = x + k", "return x"),
        hashed("if (x := x + 1) < 0:", "    raise A", "for k in x:", "    x = x + k", "return x"),
        hashed("if x < 0:", "    return 0", "for k in x:", "    x = x + k", "return x"),
    )
    assert len({plain, *others}) == 5


def test_the_source_hash_is_the_same_on_every_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The constant is of Python 3.11; ``ast.dump`` has other words for these lines in 3.12 and in 3.13."""
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    (tmp_path / "m.py").write_text(
        "class A(B):\n"
        "    async def f(self, x: int | None = None, *rest, k, **more):\n"
        "        return f'{x!r:>{k}} {k:.2f}', {**more, 'a': None}, [], lambda: (yield), x[::2]\n"
    )
    assert provenance.source_hashes(["m.py"]) == {"m.py": "3f8489cff4393b7b"}


def test_the_table_pairs_by_seed_and_the_caveats_say_what_is_thin(results: Path) -> None:
    toy = make(figures, seeds=(0, 1, 2, 3, 4))
    perform(toy, Path("scratch"))
    read = Results.read(toy, plateau="long")
    row = read.table.set_index("variant").loc["method"]
    assert row["miou"] == pytest.approx(52.3)
    assert row["difference"] == pytest.approx(2.1)
    assert row["95 % half-width"] == pytest.approx(experiments.paired_difference(
        {s: 2.0 + 0.05 * s for s in range(5)}, dict.fromkeys(range(5), 0.0)).half_width)  # fmt: skip
    assert row["training seconds"] == pytest.approx(1.0)
    assert read.caveats() == ["Undertrained: the baseline stands at 50.2, 83 % of its plateau 60.3."]
    (results / "method.seed4.json").unlink()
    thin = Results.read(toy)
    assert thin.caveats()[0] == "14 of 15 runs have landed."
    assert thin.caveats()[-1].endswith("wider than ±1): method.")
    assert thin.caveats(["none"]) == ["14 of 15 runs have landed."]
    assert thin.caveats(["none", "method"])[-1] == thin.caveats()[-1]


def test_the_plateau_is_compared_over_the_seeds_that_both_have(results: Path) -> None:
    toy = make(figures, seeds=(0, 1, 2, 3, 4))
    perform(toy, Path("scratch"))
    for seed in (0, 1, 2):
        (results / f"long.seed{seed}.json").unlink()
    caveat = Results.read(toy, plateau="long").caveats()[1]
    assert caveat == "Undertrained: the baseline stands at 50.3, 83 % of its plateau 60.5."  # of seeds 3 and 4


def test_rows_of_a_seed_that_differ_in_arithmetic_are_named(results: Path) -> None:
    toy = make(figures, seeds=(0, 1, 2))
    perform(toy, Path("scratch"))

    def in_bfloat16(*names: str) -> dict[tuple[str, int], Any]:
        files = dict(Results.read(toy).files)
        for variant, seed in files:
            changed = "bf16-mixed" if f"{variant} {seed}" in names else "32-true"
            files[variant, seed] = {**files[variant, seed], "environment": {
                **files[variant, seed]["environment"], "precision": changed}}  # fmt: skip
        return files

    def said(*names: str) -> list[str]:
        return [caveat for caveat in Results(toy, in_bfloat16(*names)).caveats() if caveat.startswith("Mixed")]

    assert said() == said("none 1", "method 1", "long 1") == []  # a seed of its own may have another arithmetic
    assert said("long 2", "none 0", "method 0", "long 0") == [
        "Mixed: not all rows of a seed were computed in one arithmetic: 2 (32-true, bf16-mixed)."
    ]


def test_the_environment_names_what_a_figure_depends_on() -> None:
    found = experiments.environment()
    assert {"versions", "processor", "threads", "precision", "scenes", "commit"} <= found.keys()
    assert "torch" in found["versions"]


def test_a_row_waits_for_the_row_it_is_compared_with(results: Path) -> None:
    toy = replace(make(figures, seeds=(0,)), against={"long": "method"})
    found = figures(Settings(0.0), 0, Path())
    files = {("none", 0): found, ("long", 0): figures(Settings(0.1), 0, Path())}
    row = Results(toy, files).table.set_index("variant").loc["long"]
    assert row["difference"] != row["difference"]  # none yet, and no error
    both = Results(toy, files | {("method", 0): figures(Settings(0.02), 0, Path())}).table.set_index("variant")
    assert both.loc["long", "difference"] == pytest.approx(8.0)


def test_what_was_tried_is_read_by_the_number_in_the_name(results: Path) -> None:
    names = ("a, rate 0.1", "a, rate 0.02", "a b, rate 0.1", "a, rate 3")
    toy = replace(make(figures, seeds=(0, 1)), variants={name: Settings(0.1 * k) for k, name in enumerate(names)})
    files = {(name, seed): figures(toy.variants[name], seed, Path()) for name in names[:3] for seed in (0, 1)}
    found = Results(toy, files).tried("a, rate ")
    assert list(found) == [0.1, 0.02]  # that of the other method is left out, and what has not landed
    assert found[0.02] == pytest.approx([100 * files["a, rate 0.02", seed]["scores"]["miou"] for seed in (0, 1)])
