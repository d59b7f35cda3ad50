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
    from django.db import connections

    database = connections[getattr(people, "DATABASE", "default")]
    path = str(database.settings_dict["NAME"])
    connections.close_all()
    dump(path, people.TABLES, name)
    text = json.dumps(known, indent=1, ensure_ascii=False, sort_keys=True)
    (HERE / f"{name}.json").write_text(text + "\n")


def dump(path: str, kept: list, name: str) -> None:
    """Tables and rows that belong to users, and of whatever else refers to the users the bare table."""
    source = sqlite3.connect(path)
    users = kept[0]
    tables = dict(
        source.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        )
    )
    missing = set(kept) - set(tables)
    if missing:
        sys.exit(f"no such tables: {sorted(missing)}")
    lines = []
    for table, sql in tables.items():
        refers = any(row[2] == users for row in source.execute(f'PRAGMA foreign_key_list("{table}")'))
        if table in kept or refers:
            lines.append(" ".join(sql.split()) + ";")
        if table in kept:
            for row in source.execute(f'SELECT * FROM "{table}"'):
                lines.append(f'INSERT INTO "{table}" VALUES ({", ".join(map(literal, row))});')
    indexes = source.execute(
        "SELECT tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"
    )
    lines += [" ".join(sql.split()) + ";" for table, sql in indexes if table in kept]
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
