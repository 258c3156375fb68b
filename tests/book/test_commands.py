"""What the README, CONTRIBUTING and the workflows tell a reader to type exists, and is what make would do."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
INSTALLING = ("-m venv", "-m pip install", "sys.version_info", "touch ")


def commands_of(target: str) -> list[str]:
    """What ``make target`` would run in a clone where nothing is installed."""
    if shutil.which("make") is None:
        pytest.fail("make is needed to compare the README with the Makefile")
    command = ["make", "-n", "-B", "--no-print-directory", "-C", str(ROOT), target, "PYTHON=python3", "VENV=.venv"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def block(name: str) -> list[str]:
    found = re.search(rf"<!-- {name} -->\n```bash\n(.*?)```", README, re.DOTALL)
    assert found is not None
    return found[1].splitlines()


def test_plain_commands_are_those_of_make_book() -> None:
    wanted = [line for line in commands_of("book") if "sys.version_info" not in line and not line.startswith("touch")]
    assert block("make book") == wanted


def test_plain_commands_are_those_of_make_test() -> None:
    assert block("make test") == [c for c in commands_of("test") if not any(part in c for part in INSTALLING)]


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
    phony = set(re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[0].split())
    assert phony == targets
    texts = [README, (ROOT / "CONTRIBUTING.md").read_text("utf-8"), *(path.read_text("utf-8") for path in WORKFLOWS)]
    named = {name for text in texts for name in re.findall(r"(?:^|`|run: |whl/cpu )make ([a-z]+)", text, re.MULTILINE)}
    assert {"book", "test", "lab", "offline", "versions"} <= named
    assert named <= targets, named - targets


def test_every_file_the_readme_links_to_exists() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert "book/_static/readme.webp" in links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_parse_and_hold_actions_to_a_major_version(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text("utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        assert job["runs-on"] == "ubuntu-latest"
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step), f"{name}: a step uses an action or runs a command"
            assert re.fullmatch(r"actions/[\w-]+@v\d+", step.get("uses", "actions/x@v1")), step


def test_ci_runs_the_two_commands_and_publishes_what_passed() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))["jobs"]
    runs = [step.get("run") for step in jobs["book-and-tests"]["steps"]]
    assert runs.index(".ci/run") < runs.index("make book"), "executing first would test this machine against itself"
    assert "make test" in (ROOT / ".ci" / "run").read_text("utf-8")
    assert set(jobs["publish"]["needs"]) == {"book-and-tests", "versions"}
    assert jobs["publish"]["if"] == "github.ref == 'refs/heads/main'"


def test_newest_versions_are_tested_without_the_lock_and_on_a_schedule() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "newest.yml").read_text("utf-8"))
    assert workflow[True]["schedule"]  # YAML reads the key "on" as true
    runs = [step.get("run", "") for step in workflow["jobs"]["newest"]["steps"]]
    assert "make .venv/.installed LOCK=/dev/null" in runs
