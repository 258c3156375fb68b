"""A file that is written aside appears whole or not at all."""

from pathlib import Path

import pytest

from rsnotes.paths import written_aside


def test_the_file_appears_at_the_end_and_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    for text in ("first", "second"):
        with written_aside(path) as aside:
            aside.write_text(text)
            assert aside.parent == path.parent  # a rename between disks would not be one step
            assert aside.suffix == ".txt"  # libraries choose the format by it
            assert not path.exists() or path.read_text() == "first"
        assert path.read_text() == text
    assert path.stat().st_mode & 0o777 == 0o644
    assert [p.name for p in path.parent.iterdir()] == ["file.txt"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ValueError])
def test_an_interrupted_writing_leaves_the_old_file_and_nothing_else(tmp_path: Path, stop: type[BaseException]) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")

    def writing() -> None:
        with written_aside(path) as aside:
            aside.write_text("half")
            raise stop

    with pytest.raises(stop):
        writing()
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file.txt"]
