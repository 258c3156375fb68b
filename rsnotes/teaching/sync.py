"""Write exercises into the pages from their definitions.

A page marks the place of an exercise by two comments, which no renderer shows::

    <!-- exercise: rsnotes.drd.exercises.spatial_row -->
    <!-- end of exercise -->

``python -m rsnotes.teaching.sync book`` fills in everything between them, and says which pages it changed.
"""

import importlib
import re
import sys
from pathlib import Path

from rsnotes.teaching.exercise import Exercise

PLACE = re.compile(
    r"^<!-- exercise: (?P<module>[\w.]+)\.(?P<name>\w+) -->\n(?P<body>.*?)^<!-- end of exercise -->$",
    re.MULTILINE | re.DOTALL,
)


def find_exercise(module: str, name: str) -> Exercise:
    """The exercise of that name; an unknown one lists those there are."""
    loaded = importlib.import_module(module)
    found = getattr(loaded, name, None)
    if not isinstance(found, Exercise):
        names = ", ".join(key for key, value in vars(loaded).items() if isinstance(value, Exercise)) or "none"
        raise LookupError(f"no exercise {name!r} in {module}; there are: {names}")
    return found


def exercise_text(module: str, name: str, number: int) -> str:
    """An exercise as it stands in a page: question, stub with its check in one cell, hidden solution."""
    exercise = find_exercise(module, name)
    package, _, leaf = module.rpartition(".")
    title = f"Exercise {number}: {exercise.title}" + ("" if exercise.title.endswith("?") else ".")
    return f"""
**{title}** {exercise.question.strip()}

```{{code-cell}} ipython3
:tags: [exercise]

from {package} import {leaf}
from rsnotes.teaching import check

{exercise.stub.strip()}


check({leaf}.{name}, {exercise.answer})
```

<details>
<summary>Solution of exercise {number}</summary>

```python
{exercise.solution.strip()}
```

</details>

"""


def synced(page: str) -> str:
    """The text of a page with its exercises as they are defined, numbered in order."""
    number = 0

    def fill(place: re.Match[str]) -> str:
        nonlocal number
        number += 1
        text = exercise_text(place["module"], place["name"], number)
        return f"<!-- exercise: {place['module']}.{place['name']} -->\n{text}<!-- end of exercise -->"

    return PLACE.sub(fill, page)


def main(folders: list[str]) -> None:
    for folder in folders or ["book"]:
        for path in sorted(Path(folder).rglob("*.md")):
            before = path.read_text("utf-8")
            after = synced(before)
            if after != before:
                path.write_text(after, "utf-8")
                print(path)


if __name__ == "__main__":
    main(sys.argv[1:])
