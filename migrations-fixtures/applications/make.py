"""Makes the database of a real application, with people made by the application's own code.

Run by make.sh with the application's own Python. Writes NAME.sql (what of the database Cutover looks at)
and NAME.json (who signs in there by the application's own authenticate(), and in which groups the
application shows them).
"""

import importlib
import json
import os
import sqlite3
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Rounds as in the other fixtures: enough to be a hash, little enough for tests.
ROUNDS = 1_000


def main() -> None:
    name, work = sys.argv[1], Path(sys.argv[2])
    sys.path[:0] = [str(HERE), str(HERE / name)]
    os.environ["FIXTURE_DATABASE"] = str(work / "database.sqlite3")
    os.environ["FIXTURE_HOME"] = str(work)
    people = importlib.import_module("people")
    people.setup()
    from django.contrib.auth.hashers import PBKDF2PasswordHasher
    from django.core.management import call_command

    PBKDF2PasswordHasher.iterations = ROUNDS
    for arguments in getattr(people, "MIGRATE", [["migrate", "--verbosity", "0"]]):
        call_command(*arguments)
    known = people.make()
    for person in known:
        signed_in = people.signs_in(person["login"], person["password"])
        person["expect"] = "signs-in" if signed_in is not None else "refused"
        person["legacy_id"] = str(signed_in) if signed_in is not None else None
    dump(people, work, name)
    text = json.dumps(known, indent=1, ensure_ascii=False, sort_keys=True)
    (HERE / f"{name}.json").write_text(text + "\n")


def dump(people, work: Path, name: str) -> None:
    """The whole schema of the tables that belong to users, and their rows; nothing else's."""
    from django.db import connections

    database = connections[getattr(people, "DATABASE", "default")]
    path = str(database.settings_dict["NAME"])
    connections.close_all()
    source = sqlite3.connect(path)
    kept = set(people.TABLES)
    tables = source.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    lines = []
    for table, sql in sorted(tables):
        if table not in kept:
            continue
        lines.append(" ".join(sql.split()) + ";")
        for row in source.execute(f'SELECT * FROM "{table}"'):
            lines.append(f'INSERT INTO "{table}" VALUES ({", ".join(map(literal, row))});')
    indexes = source.execute(
        "SELECT tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"
    )
    lines += [" ".join(sql.split()) + ";" for table, sql in indexes if table in kept]
    missing = kept - {table for table, _ in tables}
    if missing:
        sys.exit(f"no such tables: {sorted(missing)}")
    (HERE / f"{name}.sql").write_text("\n".join(lines) + "\n")


def literal(value) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


if __name__ == "__main__":
    main()
