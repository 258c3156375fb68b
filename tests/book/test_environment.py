"""One list of packages: environment.yml and constraints.txt say the same as pyproject.toml."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = (ROOT / "pyproject.toml").read_text("utf-8")
PROJECT = tomllib.loads(PYPROJECT)["project"]
COMES_WITH = {"cycler": "matplotlib"}
"""Modules that a declared package shares with us by design."""
PYTHONS = ("3.11", "3.12", "3.13")


def named(requirements: list[str]) -> dict[str, SpecifierSet]:
    """Bounds by the name that package indexes use."""
    parsed = [Requirement(line) for line in requirements]
    return {re.sub(r"[-_.]+", "-", each.name).lower(): each.specifier for each in parsed}


def declared() -> dict[str, SpecifierSet]:
    """What ``pip install -e .[dev]`` asks for."""
    extras = PROJECT["optional-dependencies"]
    return named([*PROJECT["dependencies"], *extras["book"], *extras["test"]])


def pip_lines() -> list[str]:
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    return next(part["pip"] for part in dependencies if isinstance(part, dict))


def imported_by(folder: Path) -> dict[str, str]:
    """Top-level modules that the code of a folder imports, each with one file that does; none of Python's own."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            found.update({name.partition(".")[0]: path.relative_to(ROOT).as_posix() for name in names})
    return {name: path for name, path in found.items() if name not in sys.stdlib_module_names | {"rsnotes"}}


def test_everything_rsnotes_imports_is_a_declared_dependency() -> None:
    wanted = named(PROJECT["dependencies"])
    providers = packages_distributions()
    undeclared = {
        module: path
        for module, path in imported_by(ROOT / "rsnotes").items()
        if module not in COMES_WITH
        and not {re.sub(r"[-_.]+", "-", name).lower() for name in providers.get(module, [module])} & wanted.keys()
    }
    assert not undeclared, "a reader who installs rsnotes alone would miss these; name them in pyproject.toml"
    assert set(COMES_WITH.values()) <= wanted.keys()


def test_environment_names_the_packages_of_pyproject_with_the_same_bounds() -> None:
    listed = named([line for line in pip_lines() if not line.startswith("-")])
    wanted = declared()
    faults = [f"{name}{wanted[name]} is not in environment.yml" for name in wanted.keys() - listed.keys()]
    faults += [f"{name} is not in pyproject.toml" for name in listed.keys() - wanted.keys()]
    both = wanted.keys() & listed.keys()
    faults += [f"{n}{listed[n]}, pyproject.toml has {n}{wanted[n]}" for n in both if listed[n] != wanted[n]]
    assert not faults, sorted(faults)


def test_environment_has_the_same_python_installs_rsnotes_and_keeps_to_the_lock() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    assert set(environment) == {"name", "channels", "dependencies"}
    python, pip = (part for part in environment["dependencies"] if isinstance(part, str))
    assert SpecifierSet(python.removeprefix("python")) == SpecifierSet(PROJECT["requires-python"])
    assert pip == "pip"
    assert pip_lines()[0] == "-c constraints.txt"
    assert pip_lines()[-1] == "-e ."


def test_pythons_named_here_are_those_that_pyproject_allows() -> None:
    allowed = SpecifierSet(PROJECT["requires-python"])
    assert [v for v in (f"3.{minor}" for minor in range(8, 20)) if v in allowed] == list(PYTHONS)


@pytest.mark.parametrize("python", PYTHONS)
def test_lock_has_one_version_of_each_package_within_its_bounds(python: str) -> None:
    lines = [Requirement(line) for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if line]
    here = {"python_version": python, "python_full_version": f"{python}.9", "sys_platform": "linux"}
    pins: dict[str, list[SpecifierSet]] = {}
    for line in lines:
        if line.marker is None or line.marker.evaluate(here):
            pins.setdefault(re.sub(r"[-_.]+", "-", line.name).lower(), []).append(line.specifier)
    for name, bounds in declared().items():
        assert len(pins.get(name, [])) == 1, f"{name}: one line of constraints.txt holds on Python {python}: make lock"
        (pin,) = pins[name][0]
        assert pin.operator == "=="
        assert bounds.contains(pin.version), f"{name}=={pin.version} is outside {bounds}: make lock"


def test_runtime_dependencies_have_a_lower_bound_and_its_reason() -> None:
    block = re.search(r"^dependencies = \[\n(.*?)^\]", PYPROJECT, re.MULTILINE | re.DOTALL)
    assert block is not None
    for line in block[1].splitlines():
        requirement = Requirement(line.split('"')[1])
        operators = {each.operator for each in requirement.specifier}
        assert operators == {">="}, f"{requirement}: a lower bound, no other; the exact version is the lock's"
        assert re.search(r"#\s*\w.{5,}$", line), f"{requirement}: why this bound?"
