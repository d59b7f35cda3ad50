"""Makes the checked-in files again and compares, or with --write puts the new ones in place.

Compared are legacy.sqlite3 (row by row), canaries.json, cutover.toml and the README's table of
cases. Exit code 0 when all is as it was, 1 with the differences when not.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from difflib import unified_diff
from itertools import islice
from pathlib import Path

from legacy_app.shapes import SHAPES
from populate import DEFAULT_SEED, DEFAULT_USERS
from population import crowd, scenes, selection
from population.dump import differences, dump

HERE = Path(__file__).resolve().parent
SHOWN = 40
# What the default rehearsal does beyond the shape: every route at work.
ROUTES = """
[import]                            # whoever can takes the password along; see "Hash import" in README
routes = ["hash-import", "first-login", "admin-create"]
"""
TABLE_START, TABLE_END = "<!-- cases: written by check.py -->\n", "<!-- end of cases -->"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help="replace what is checked in")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="migrations-fixtures-") as scratch:
        made = Path(scratch)
        _make(made)
        if options.write:
            for file in made.iterdir():
                shutil.copyfile(file, HERE / file.name)
            return 0
        found = list(islice(_differences(made), SHOWN + 1))
    for line in found[:SHOWN]:
        print(line)
    if len(found) > SHOWN:
        print("… and more")
    if found:
        print("The fixtures differ from what is checked in; check.py --write takes them over.")
    return 1 if found else 0


def _make(made: Path) -> None:
    """All files that are checked in, fresh."""
    database = f"sqlite:{made / 'legacy.sqlite3'}"
    command = [sys.executable, str(HERE / "populate.py"), "--shape=allauth", "--database", database]
    subprocess.run(command, check=True, stdout=sys.stderr)
    shape = (HERE / "shapes" / "allauth" / "cutover.toml").read_text(encoding="utf-8")
    (made / "cutover.toml").write_text(shape + ROUTES, encoding="utf-8")
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    before, rest = readme.split(TABLE_START)
    _, after = rest.split(TABLE_END)
    text = before + TABLE_START + _table_of_cases() + TABLE_END + after
    (made / "README.md").write_text(text, encoding="utf-8")


def _table_of_cases() -> str:
    """Users of each case in a default population of each shape, in Markdown."""
    cast = scenes.play(DEFAULT_SEED, quick=True)
    counts = []
    for shape in SHAPES.values():
        chosen = selection.select(shape, cast, DEFAULT_SEED, DEFAULT_USERS, tells_case=True)
        counter = Counter(person.case for person in chosen.cast)
        counter[crowd.CASE] = chosen.users - len(chosen.cast)
        counts.append(counter)
    lines = [f"| case | {' | '.join(SHAPES)} |", f"| --- |{' ---: |' * len(SHAPES)}"]
    for case in dict.fromkeys([*(person.case for person in cast.persons), crowd.CASE]):
        numbers = (str(counter[case] or "–") for counter in counts)
        lines.append(f"| {case} | {' | '.join(numbers)} |")
    return "\n".join(lines) + "\n"


def _differences(made: Path) -> Iterator[str]:
    checked_in = HERE / "legacy.sqlite3"
    if not checked_in.is_file():
        yield "legacy.sqlite3 is missing"
        return
    for line in differences(dump(checked_in), dump(made / "legacy.sqlite3")):
        yield f"legacy.sqlite3: {line}"
    for name in ("canaries.json", "cutover.toml", "README.md"):
        old = (HERE / name).read_text(encoding="utf-8").splitlines()
        new = (made / name).read_text(encoding="utf-8").splitlines()
        yield from unified_diff(old, new, f"{name} (checked in)", f"{name} (made now)", lineterm="")
    yield from _events_without_canary(made / "canaries.json")


def _events_without_canary(canaries: Path) -> Iterator[str]:
    """The trigger events type what canaries type, so that they work on the default data."""
    typed = {
        (canary["login"], canary["password"])
        for canary in json.loads(canaries.read_text(encoding="utf-8"))
    }
    for file in sorted((HERE / "events").glob("*.json")):
        event = json.loads(file.read_text(encoding="utf-8"))
        password = event["request"].get("password")
        if password is not None and (event["userName"], password) not in typed:
            yield f"events/{file.name}: login and password are those of no canary"


if __name__ == "__main__":
    sys.exit(main())
