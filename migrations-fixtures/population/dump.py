"""A SQLite database as rows that can be compared: what is in it, not how the file lies on disk.

Knows nothing of Django. Called by `check`.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

Row = dict[str, object]
"""Values by column."""

Dump = dict[str, Row]
"""Rows by where they stand: `table key`; the schema's statements among them."""


def dump(path: Path) -> Dump:
    """Every row of every table, and every schema statement."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return dict(_rows(database))


def differences(expected: Dump, actual: Dump) -> Iterator[str]:
    """One line for each row that is missing, new or changed."""
    for place in sorted(expected.keys() | actual.keys()):
        before, after = expected.get(place), actual.get(place)
        if before == after:
            continue
        if before is None:
            yield f"+ {place}: {after}"
        elif after is None:
            yield f"- {place}: {before}"
        else:
            yield f"! {place}: {_changed(before, after)}"


def _changed(before: Row, after: Row) -> str:
    return ", ".join(
        f"{column} {before.get(column)!r} became {after.get(column)!r}"
        for column in {**before, **after}
        if before.get(column) != after.get(column)
    )


def _rows(database: sqlite3.Connection) -> Iterator[tuple[str, Row]]:
    schema = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
    tables = []
    for kind, name, statement in database.execute(schema):
        yield f"schema {kind} {name}", {"statement": statement}
        if kind == "table":
            tables.append(name)
    for table in tables:
        # rowid is the integer key where there is one, and the order of insertion elsewhere.
        rows = database.execute(f'SELECT rowid AS place, * FROM "{table}"')
        columns = [column for column, *_ in rows.description]
        for place, *values in rows:
            yield f"{table} {place:06}", dict(zip(columns[1:], values, strict=True))
