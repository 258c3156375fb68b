"""The recipe against what the paper prints."""

from dataclasses import asdict, fields, replace

from rsnotes.datasets import potsdam, vaihingen
from rsnotes.drd import CITYSCAPES, POTSDAM, VAIHINGEN
from rsnotes.drd.experiment import ABLATION, SMALL


def test_the_papers_settings():
    assert (VAIHINGEN.lambda_1, VAIHINGEN.lambda_2, VAIHINGEN.lambda_3) == (10, 0.1, 25)
    assert [recipe.crop for recipe in (VAIHINGEN, POTSDAM, CITYSCAPES)] == [645, 600, None]
    assert not VAIHINGEN.normalise
    assert VAIHINGEN.relation_temperature == VAIHINGEN.temperature == 1


def test_the_papers_tiles():
    for reader, recipe, train, test in [
        (vaihingen, VAIHINGEN, 11, "11 15 28 30 34"),
        (potsdam, POTSDAM, 17, "2_11 2_12 4_10 5_11 6_7 7_8 7_10"),
    ]:
        split = reader.SPLITS["drd"]
        assert recipe.data == reader.__name__.rpartition(".")[2]
        assert len(split["train"]) == train
        assert split["test"] == tuple(test.split())
        assert not set(split["train"]) & set(split["test"])


def test_the_recipes_differ_in_their_data_only():
    for recipe in (POTSDAM, CITYSCAPES):
        assert replace(recipe, data="vaihingen", crop=645) == VAIHINGEN


def test_quick_changes_sizes_and_no_weight():
    quick = VAIHINGEN.quick()
    changed = {field.name for field in fields(quick) if getattr(quick, field.name) != getattr(VAIHINGEN, field.name)}
    assert changed == {"teacher", "student_width", "crop", "batch_size", "steps", "critic_width"}
    assert quick.weights() == VAIHINGEN.weights()


def test_both_started_rows_begin_from_the_same_weights():
    plain, drd = (ABLATION.variants[name].recipe for name in ("none, started", "DRD, started"))
    before = replace(drd, terms=(), steps=plain.steps // 2)
    unused = ("lambda_1", "lambda_2", "lambda_3")
    assert drd.learning_rate == SMALL.learning_rate != plain.learning_rate
    for name, value in asdict(replace(plain, steps=plain.steps // 2)).items():
        assert name in unused or getattr(before, name) == value, name
