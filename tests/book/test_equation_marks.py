"""Equation marks read from a small tree of source, tests and pages."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "book" / "_ext"))
from equation_marks import index, problems
from page_cells import code_cells, shown_names

TREE = {
    "data/papers/equations.csv": "paper,number,name,left_out\ndrd,1,map,\ndrd,2,loss,\n",
    "rsnotes/drd/__init__.py": "from rsnotes.drd.relations import Loss, relation\n",
    "rsnotes/drd/relations.py": '''
def relation(features):
    """Map.

    Equation: drd 1
    """

class Loss:
    def forward(self):
        """Loss.

        Equation: drd 2
        """
''',
    "tests/drd/test_relations.py": """
import pytest

@pytest.mark.equation("drd", "1")
@pytest.mark.parametrize("n", [1])
def test_relation(n): ...

class TestLoss:
    @pytest.mark.equation("drd", "2")
    @pytest.mark.equation("drd", "1")
    def test_forward(self): ...
""",
    "book/drd/maps.md": """---
jupytext:
  format_name: myst
---

Text with `show_source(nothing)`.

```{code-cell} ipython3
---
tags: [x]
---
%pip install rsnotes
from rsnotes.drd import relation
from rsnotes.teaching import show_source

show_source(relation)
```

```{code-cell} ipython3
:tags: [y]

import rsnotes.drd.relations as r

show_source(r.Loss)
```
""",
}


@pytest.fixture
def root(tmp_path) -> Path:
    for name, text in TREE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def replace(root: Path, name: str, old: str, new: str) -> None:
    text = (root / name).read_text()
    assert old in text
    (root / name).write_text(text.replace(old, new))


def test_index_joins_function_test_and_page(root):
    first, second = index(root)
    assert first.functions == ("rsnotes.drd.relations:relation",)
    assert first.tests == (
        "tests/drd/test_relations.py::test_relation",
        "tests/drd/test_relations.py::TestLoss::test_forward",
    )
    assert second.functions == ("rsnotes.drd.relations:Loss.forward",)
    assert second.tests == ("tests/drd/test_relations.py::TestLoss::test_forward",)
    assert first.pages == second.pages == ("drd/maps",)
    assert problems(root) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "gap"),
    [
        ("rsnotes/drd/relations.py", "Equation: drd 2", "Equations: 2", "no function, no page"),
        ("tests/drd/test_relations.py", '"drd", "2"', '"drd", "1"', "no test"),
        ("book/drd/maps.md", "show_source(r.Loss)", "r.Loss", "no page"),
        ("book/drd/maps.md", "import rsnotes.drd.relations as r", "import rsnotes.losses as r", "no page"),
    ],
)
def test_a_gap_is_a_problem_until_its_reason_is_given(root, name, old, new, gap):
    replace(root, name, old, new)
    assert problems(root) == [f"drd 2 (loss) has {gap}, and no reason in data/papers/equations.csv"]
    replace(root, "data/papers/equations.csv", "drd,2,loss,", "drd,2,loss,Not needed here.")
    assert problems(root) == []


def test_a_reason_without_a_gap_is_a_problem(root):
    replace(root, "data/papers/equations.csv", "drd,1,map,", "drd,1,map,Later.")
    assert problems(root) == [
        "drd 1 (map) has function, test and page: take its reason out of data/papers/equations.csv"
    ]


def test_a_mark_without_a_row_is_a_problem(root):
    replace(root, "rsnotes/drd/relations.py", "Equation: drd 1", "Equation: drd 1\n    Equation: drd 13")
    assert problems(root) == ["drd 13 is marked by rsnotes.drd.relations:relation and not in data/papers/equations.csv"]


def test_a_row_with_a_comma_too_many_is_named(root):
    replace(root, "data/papers/equations.csv", "drd,1,map,", "drd,1,map, of pixels,")
    with pytest.raises(ValueError, match=r"equations\.csv: the row of drd 1 has not four fields"):
        index(root)


def test_marks_of_a_paper_not_begun_are_left_alone(root):
    replace(root, "rsnotes/drd/relations.py", "Equation: drd 1", "Equation: drd 1\n    Equation: later 3")
    assert problems(root) == []


def test_cells_lose_options_and_magics_and_keep_the_code():
    first, second = code_cells(TREE["book/drd/maps.md"])
    assert first.split("\n")[1] == "from rsnotes.drd import relation"
    assert second.strip().startswith("import rsnotes.drd.relations as r")
    assert shown_names(TREE["book/drd/maps.md"]) == {"rsnotes.drd.relation", "rsnotes.drd.relations.Loss"}
