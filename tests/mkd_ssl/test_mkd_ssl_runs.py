"""Runs on scenes: no scene in two parts, stages shared where they are equal, the last stage as the settings ask."""

import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch

from rsnotes.mkd_ssl import data as drawing
from rsnotes.mkd_ssl import runs
from rsnotes.mkd_ssl.data import BRIDGE_SCENES, Data
from rsnotes.mkd_ssl.domains import FAR_BRIDGE, TARGET
from rsnotes.mkd_ssl.experiment import ALONE, STEPS, TWO_STAGES, strategies
from rsnotes.mkd_ssl.runs import SMALL, MKDSettings, hold, stage_folder
from rsnotes.mkd_ssl.semi_supervised import Learnt
from rsnotes.mkd_ssl.stages import Stage
from rsnotes.training import History

torch.set_num_threads(1)

SEEDS = (0, 1, 2, 3, 4, 100, 101, *range(200, 210))
STANDARD = MKDSettings(TWO_STAGES, share=1.0)
DIRECT = strategies(STEPS)["distillation"]


@pytest.fixture
def drawn(monkeypatch):
    """Scenes of each domain by their number, without drawing one; the list of what was asked for."""
    asked = []

    def numbers(split, tiles, config, start=0):
        asked.append((split, config))
        return range(start, start + tiles)

    monkeypatch.setattr(drawing, "squares", numbers)
    monkeypatch.setattr(drawing, "as_domain", lambda samples: samples)
    return asked


def test_no_scene_is_labelled_and_in_the_pool_nor_in_two_seeds(drawn):
    parts = []
    for seed in SEEDS:
        data = Data(STANDARD, seed)
        labelled, pool, bridge = set(data["target"]), set(data.pool()), set(data["bridge"])
        assert (len(labelled), len(pool), len(bridge)) == (10, 90, 96)
        parts += [labelled, pool, bridge]
    assert len(set().union(*parts)) == sum(map(len, parts)), "a scene is in two parts"
    assert max(max(part) for part in parts[0::3] + parts[1::3]) < BRIDGE_SCENES
    assert {split for split, _ in drawn} == {"experiments-training"}


def test_domains_are_the_settings_and_a_tenth_of_the_pool_is_in_all_of_it(drawn):
    data = Data(replace(STANDARD, bridge=FAR_BRIDGE), 3)
    _ = data["target"], data["bridge"], data.pool()
    assert [config for _, config in drawn] == [TARGET, FAR_BRIDGE, TARGET]
    tenth, full = (Data(replace(STANDARD, share=share), 3).pool() for share in (0.1, 1.0))
    assert len(tenth) == 9
    assert set(tenth) < set(full)


def folder_of(settings, seed=0, number=2, root="runs"):
    return stage_folder(settings, seed, Path(root) / "mkd_ssl_x" / "variant.seed0.key", number)


@pytest.mark.parametrize(
    "changes",
    [{"semi_steps": 9}, {"share": 0.1}, {"semi_rate": 1e-3}, {"weigh_guesses": False}, {"labelled_statistics": True},
     {"divide": "all"}, {"test_split": "experiments-validation"}, {"test_tiles": 3}],
)  # fmt: skip
def test_what_follows_the_stages_does_not_part_them(changes):
    assert folder_of(replace(STANDARD, **changes)) == folder_of(STANDARD)


@pytest.mark.parametrize(
    "changes",
    [{"attention": None}, {"bridge": FAR_BRIDGE}, {"bridge_tiles": 3}, {"labelled_tiles": 3}, {"pool_tiles": 3},
     {"stages": DIRECT}, {"recipe": replace(SMALL, lambda_ewc=1.0)}, {"recipe": replace(SMALL, learning_rate=0.1)}],
)  # fmt: skip
def test_stages_of_other_settings_lie_elsewhere(changes):
    assert folder_of(replace(STANDARD, **changes)) != folder_of(STANDARD)


def test_every_setting_is_read_before_or_after_the_stages():
    assert {field.name for field in fields(MKDSettings)} > set(runs.AFTER)
    assert {field.name for field in fields(SMALL)} > set(runs.LATER)
    later = {"entropy": 0.9, "ema_decay": 0.5, "cut_mix": 0.0, "filter": "none", "views": "paper", "warm_up": False}
    assert folder_of(replace(STANDARD, recipe=replace(SMALL, **later))) == folder_of(STANDARD)


def test_seeds_numbers_and_code_part_the_stages_and_experiments_do_not(monkeypatch):
    first = folder_of(STANDARD)
    assert len({first, folder_of(STANDARD, seed=1), folder_of(STANDARD, number=1)}) == 3
    assert stage_folder(STANDARD, 0, Path("runs/mkd_ssl_y/z"), 2) == first
    without = replace(STANDARD, stages=DIRECT)
    assert folder_of(without, number=1) == folder_of(replace(without, bridge=FAR_BRIDGE), number=1)
    monkeypatch.setattr(runs, "source_hashes", lambda names: dict.fromkeys(names, "other"))
    assert folder_of(STANDARD) != first


def test_what_is_drawn_and_the_sources_weights_part_the_stages(monkeypatch, tmp_path):
    assert {"mkd_ssl/data.py", "mkd_ssl/recipe.py", "mkd_ssl/domains.py"} <= set(runs.STAGE_SOURCES)
    first, asked = folder_of(STANDARD), []
    monkeypatch.setattr(runs, "source_hashes", lambda names: asked.append(names) or {})
    _ = folder_of(STANDARD)
    assert asked == [runs.STAGE_SOURCES]
    monkeypatch.undo()
    other = tmp_path / "weights"
    other.write_bytes(b"trained again")
    monkeypatch.setattr(runs, "weights_path", lambda name: other)
    assert folder_of(STANDARD) != first


SHORT = MKDSettings(
    (Stage("target", TWO_STAGES[0].classes, None, "previous", ALONE, student_steps=2),), semi_steps=4, share=1.0,
    recipe=replace(SMALL, batch_size=2), labelled_tiles=1, pool_tiles=1, bridge_tiles=1, test_tiles=1,
)  # fmt: skip


@pytest.fixture
def called(monkeypatch):
    """What the last stage is called with; it gives back the teacher's network as it came and a ruined student."""
    calls = []

    def learn(network, labelled, pool, recipe, steps, seed, *, folder, after_step, **options):
        calls.append({"labelled": labelled, "pool": pool, "recipe": recipe, "steps": steps, **options})
        student = runs.small_network(6)
        history = History()
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(steps):
            history.seconds.append(0.1 * (number + 1))
            after_step(student, network, history)
        return Learnt(student, network, history)

    monkeypatch.setattr(runs, "learn_from_both", learn)
    return calls


def test_the_last_stage_gets_the_settings_and_the_teacher_is_the_result(called, tmp_path):
    settings = replace(SHORT, semi_rate=0.003, weigh_guesses=False, labelled_statistics=True, divide="all")
    found = runs.run(settings, 0, tmp_path / "x" / "run")
    (call,) = called
    assert (call["recipe"].learning_rate, call["steps"]) == (0.003, 4)
    assert (call["weigh_guesses"], call["labelled_statistics"], call["divide"]) == (False, True, "all")
    assert found["labelled_steps"] == 6
    taught, began, student = (found[name]["matrix"] for name in ("scores", "start_scores", "student_scores"))
    assert taught == began != student
    assert [point["step"] for point in found["curve"]] == [2, 3, 4, 5, 6]
    pool, labelled = (torch.stack([s.image for s in part.samples]) for part in (call["pool"], call["labelled"].samples))
    assert not any(torch.equal(a, b) for a in pool for b in labelled)


def test_without_a_rate_of_its_own_the_last_stage_has_the_recipes_and_without_a_share_no_pool(called, tmp_path):
    _ = runs.run(replace(SHORT, share=0.0), 0, tmp_path / "x" / "run")
    assert called[0]["recipe"].learning_rate == SMALL.learning_rate
    assert called[0]["pool"] is None
    plain = runs.run(replace(SHORT, semi_steps=0), 0, tmp_path / "x" / "other")
    assert plain["labelled_steps"] == 2
    assert len(called) == 1


WAIT = """
import sys
from contextlib import ExitStack
from pathlib import Path
from rsnotes.mkd_ssl.runs import hold
with ExitStack() as held:
    print("asked", flush=True)
    hold(held, Path(sys.argv[1]))
    Path(sys.argv[2]).touch()
"""


def test_a_held_folder_is_waited_for(tmp_path):
    got = tmp_path / "got it"
    with ExitStack() as held:
        assert hold(held, tmp_path / "a") == tmp_path / "a"
        other = subprocess.Popen([sys.executable, "-c", WAIT, str(tmp_path / "a"), str(got)], stdout=subprocess.PIPE)
        assert other.stdout is not None
        assert other.stdout.readline() == b"asked\n"
        time.sleep(1)
        assert not got.exists()
        hold(held, tmp_path / "b")  # lets go of the first
        assert other.wait(timeout=60) == 0
        assert got.exists()
