"""The experiments as asked: equal lengths, one change a row, controls averaged alike, choices that age no sweep."""

import json
from dataclasses import asdict, replace
from importlib import reload

import pytest

from rsnotes import data_path
from rsnotes.experiments import Results
from rsnotes.experiments.experiment import staleness
from rsnotes.mkd_ssl import chosen, experiment, parts, runs
from rsnotes.mkd_ssl.chosen import CONDITION, RATE_OF, SPRINGS_WEIGHT
from rsnotes.mkd_ssl.domains import BRIDGE, FAR_BRIDGE
from rsnotes.mkd_ssl.experiment import (
    FAR,
    LONGER,
    OWN,
    RATES,
    SPRINGS,
    STEPS,
    STRATEGIES,
    TRIED_RATES,
    TWO,
    TWO_LONGER,
    UNSPRUNG,
    WEIGHTS,
    strategies,
)
from rsnotes.mkd_ssl.parts import (
    ABLATION,
    CONDITIONS,
    CONFIRM,
    CONTROL,
    CONTROL_OF_CHOSEN,
    FULL,
    PARTS,
    SEMI,
    TABLE5,
    read_table5,
)
from rsnotes.mkd_ssl.rows import all_rows, best_condition, best_tried, landed_whole, with_the_stage
from rsnotes.mkd_ssl.shipped import SHIPPED
from rsnotes.mkd_ssl.source import SOURCE

VARIANTS = STRATEGIES.variants


def length(settings):
    return sum(stage.steps for stage in settings.stages)


def changed(one, other):
    """Names of what differs between two settings, the recipe's fields by their own names."""
    flat = [asdict(s) | asdict(s)["recipe"] | {"recipe": None} for s in (one, other)]
    return {name for name in flat[0] if flat[0][name] != flat[1][name]}


@pytest.mark.parametrize("made", [SHIPPED, SOURCE], ids=lambda made: made.name)
def test_networks_that_pages_load_are_not_stale(made):
    """Choices of the sweeps and rows of the experiments may change; what was shipped was trained as it was."""
    (path,) = data_path("results", made.name).glob("*.json")
    assert staleness(made, json.loads(path.read_text("utf-8"))) == []


def test_strategies_see_as_many_labelled_batches():
    steps = {name: length(settings) for name, settings in VARIANTS.items()}
    assert {steps.pop(name) for name in (LONGER, TWO_LONGER)} == {2 * STEPS}
    assert set(steps.values()) == {STEPS}
    assert {length(s) for sweep in (SPRINGS, RATES) for s in sweep.variants.values()} == {STEPS // 2}


def test_teachers_take_a_sixth_for_a_decoder_and_an_eighteenth_for_a_classifier():
    for name, settings in VARIANTS.items():
        taught = [(s.teacher, s.teacher_steps * STEPS // length(settings)) for s in settings.stages if s.teacher]
        assert set(taught) <= {("decoder", 150), ("classifier", 50)}, name
    assert [s.steps for s in VARIANTS[TWO].stages] == [450, 450]


def test_every_row_has_its_familys_rate_and_a_chosen_one_reaches_only_its_family(monkeypatch):
    rates = {"scratch": 0.4, "fine-tuning": 0.3, "distillation": 0.2, TWO: 0.1,
             "two-stage fine-tuning": 0.6, UNSPRUNG: 0.5}  # fmt: skip
    monkeypatch.setattr(experiment, "RATE_OF", rates)
    found = {name: experiment._row(name).recipe.learning_rate for name in strategies(STEPS)}
    assert {name for name, rate in found.items() if rate == 0.6} == {"two-stage fine-tuning", "joint"}
    assert {name for name, rate in found.items() if rate == 0.1} == {TWO, OWN, "bridge alone, no source"}
    assert (found["scratch"], found["distillation"], found["fine-tuning"]) == (0.4, 0.2, 0.3)
    assert experiment._row(UNSPRUNG).recipe.learning_rate == 0.5
    assert {name: VARIANTS[name].recipe.learning_rate for name in RATE_OF} == RATE_OF
    assert RATE_OF.keys() == TRIED_RATES.keys()
    assert all(RATE_OF[name] in rates for name, rates in TRIED_RATES.items()), "chosen, but never tried"
    assert SPRINGS_WEIGHT in WEIGHTS


def test_bridges_differ_from_the_target_as_its_own_bridge_by_the_bridge_alone():
    assert STRATEGIES.against[TWO] == STRATEGIES.against[FAR] == OWN
    own, two = (VARIANTS[name].stages for name in (OWN, TWO))
    assert [stage.domain for stage in own] == ["target", "target"]
    assert tuple(replace(stage, domain="bridge") for stage in own[:1]) == two[:1]
    assert own[1] == two[1]
    assert changed(VARIANTS[FAR], VARIANTS[TWO]) == {"bridge"}
    assert (VARIANTS[TWO].bridge, VARIANTS[FAR].bridge) == (BRIDGE, FAR_BRIDGE)
    assert changed(VARIANTS[UNSPRUNG], VARIANTS[TWO]) - {"learning_rate"} == {"ewc"}
    for rate in TRIED_RATES[UNSPRUNG]:
        tried = (RATES.variants[f"{name}, rate {rate:g}"] for name in (UNSPRUNG, TWO))
        assert changed(*tried) == {"ewc"}
    alone = VARIANTS["bridge alone, no source"].stages
    assert (alone[0].teacher, alone[0].student, alone[1]) == (None, "random", two[1])


def test_a_choice_makes_no_sweep_stale_that_it_came_from(monkeypatch):
    """Springs first, then rates, then the rest: nothing that has run depends on what is chosen by it or later."""
    assert set(runs.STAGE_SOURCES) < set(experiment.RUN_SOURCES)
    assert not {"mkd_ssl/chosen.py", "mkd_ssl/experiment.py", "mkd_ssl/parts.py"} & set(experiment.RUN_SOURCES)
    order = (SPRINGS, RATES, STRATEGIES, CONDITIONS)
    before = {e.name: dict(e.variants) for e in order}
    names = list(before)
    try:
        for name, value, untouched in [
            ("CONDITION", "no CutMix", names),
            ("BEST", "fine-tuning", names),
            ("RATE_OF", dict.fromkeys(RATE_OF, 0.02), names[:2]),
            ("SPRINGS_WEIGHT", 1.2, names[:1]),
        ]:
            with monkeypatch.context() as patched:
                patched.setattr(chosen, name, value)
                modules = reload(experiment), reload(parts)
                now = {e.name: e.variants for m in modules for e in vars(m).values() if hasattr(e, "variants")}
                for one in untouched:
                    assert now[one] == before[one], f"{name} changes {one}"
                if name == "SPRINGS_WEIGHT":
                    assert {s.recipe.lambda_ewc for s in now["mkd_ssl_rates"].values()} == {1.2}
                    assert {s.recipe.lambda_ewc for s in now["mkd_ssl_strategies"].values()} == {1.2}
    finally:
        _ = reload(experiment), reload(parts)


def test_unlabelled_images_are_the_only_difference_between_a_row_and_its_control():
    for each in (SEMI, CONDITIONS, CONFIRM, TABLE5):
        for name, settings in each.variants.items():
            other = each.variants[each.against.get(name, each.baseline)]
            assert len(each.variants) > 1
            if name.startswith(CONTROL) and each is CONDITIONS:
                continue  # against labels alone it shows what averaging, rate or length give by themselves
            assert settings.semi_steps == other.semi_steps, name
            assert length(settings) == length(other) == STEPS, name
    for name, control in CONDITIONS.against.items():
        assert changed(CONDITIONS.variants[name], CONDITIONS.variants[control]) == {"share"}, name


def test_whatever_changes_the_average_has_a_control_averaged_alike():
    alone = CONDITIONS.variants[CONTROL]
    for name, settings in CONDITIONS.variants.items():
        control = CONDITIONS.variants[CONDITIONS.against.get(name, CONTROL)]
        for field in ("ema_decay", "warm_up", "ema_buffers"):
            if settings.share:
                assert getattr(settings.recipe, field) == getattr(control.recipe, field), name
        changes = changed(settings, alone) - {"share"}
        assert len(changes) <= 2, name
        assert settings.semi_rate == (None if "full rate" in name else settings.recipe.learning_rate / 10)


def test_a_screen_is_confirmed_on_seeds_and_scenes_of_their_own():
    assert len(CONDITIONS.seeds) < 5 <= len(CONFIRM.seeds) == 10
    seeds = [set(e.seeds) for e in (SPRINGS, STRATEGIES, SEMI, CONFIRM)]
    assert not seeds[3] & set().union(*seeds[:3], CONDITIONS.seeds)
    assert list(CONFIRM.variants)[:2] == [CONTROL_OF_CHOSEN, CONDITION]
    assert set(CONFIRM.variants) == {CONTROL_OF_CHOSEN, CONDITION, CONTROL}
    assert CONFIRM.variants[CONDITION].share == 1
    for name, settings in CONFIRM.variants.items():
        assert changed(settings, CONDITIONS.variants[name]) == {"test_split", "test_tiles"}
        assert settings.test_split == "experiments-test"
    screened = (SPRINGS, RATES, CONDITIONS)
    assert {s.test_split for e in screened for s in e.variants.values()} == {"experiments-validation"}


def test_no_row_of_table_5_is_run_twice():
    assert set(ABLATION.variants) == set(PARTS) - {FULL, CONTROL}
    assert all(PARTS[name] == SEMI.variants[name] for name in (FULL, CONTROL))
    assert ABLATION.seeds == SEMI.seeds
    assert ABLATION.sources == SEMI.sources
    assert {"no EWC", "no EWC, no unlabelled"} <= set(PARTS)


def result(variant, seed, miou, **more):
    scores = {"scores": {"miou": miou}, "start_scores": {"miou": 0.5}, "student_scores": {"miou": 0.6}}
    return {"variant": variant, "seed": seed, "parameters": 1, "curve": [{"seconds": 1.0}], "terms": {}} | scores | more


@pytest.fixture
def landed(tmp_path, monkeypatch):
    """Writes result files where :meth:`Results.read` finds them."""
    monkeypatch.setattr("rsnotes.experiments.results.results_folder", lambda name: tmp_path / name)

    def write(name, *results):
        for number, one in enumerate(results):
            path = tmp_path / name / f"{number}.json"
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(one))

    return write


def test_table_5_takes_two_rows_from_the_other_experiment(landed):
    landed("mkd_ssl_unlabelled", result(FULL, 0, 0.7), result(CONTROL, 0, 0.6), result("mean teacher, a tenth", 0, 0.1))
    landed("mkd_ssl_ablation", result("no EWC", 0, 0.75), result("no EWC, no unlabelled", 0, 0.5))
    found = read_table5()
    assert {name for name, _ in found.files} == {FULL, CONTROL, "no EWC", "no EWC, no unlabelled"}
    assert found.difference("no EWC").mean == pytest.approx(5)
    assert found.difference("no EWC, no unlabelled").mean == pytest.approx(-10)
    assert found.experiment.baseline == FULL


def test_rows_that_have_not_landed_are_dashes_and_the_stage_is_told_where_files_have_it(landed):
    landed("mkd_ssl_conditions", result("default", 100, 0.64, terms={"coverage": [0.11, 0.3]}),
           result("default", 101, 0.66, terms={"coverage": [0.13, 0.4]}), result(CONTROL, 100, 0.6))  # fmt: skip
    found = Results.read(CONDITIONS)
    frame = with_the_stage(found, all_rows(found, {"default": 77.0})).set_index("variant")
    assert list(frame.index) == list(CONDITIONS.variants)
    row = frame.loc["default"]
    assert (row["paper"], row["seeds"], row["our mIoU"]) == (77.0, "2", pytest.approx(65))
    assert (row["before"], row["student"], row["kept"]) == (pytest.approx(50), pytest.approx(60), pytest.approx(12))
    assert frame.loc[CONTROL, "before"] == pytest.approx(50)
    assert frame.loc["no CutMix", "seeds"] == "–"
    assert frame["kept"].notna().sum() == 1
    assert not landed_whole(found)


def test_the_best_condition_gains_most_over_its_own_control(landed):
    scores = dict.fromkeys(CONDITIONS.variants, 0.5) | {
        "three times as long": 0.9, "labels alone, three times as long": 0.89, "decay 0.99": 0.56, "default": 0.55,
    }  # fmt: skip
    landed("mkd_ssl_conditions", *(result(name, seed, score) for name, score in scores.items() for seed in (100, 101)))
    found = Results.read(CONDITIONS)
    assert landed_whole(found)
    assert best_condition(found) == "decay 0.99"


def test_the_best_number_of_a_sweep_has_the_highest_mean(landed):
    scores = {0.05: (0.6, 0.1), 0.1: (0.5, 0.4), 0.2: (0.3, 0.3)}
    landed("mkd_ssl_rates", *(result(f"scratch, rate {rate:g}", 100 + k, score)
                              for rate, pair in scores.items() for k, score in enumerate(pair)))  # fmt: skip
    assert best_tried(Results.read(RATES), "scratch, rate ") == 0.1
