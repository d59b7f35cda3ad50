"""How long the trigger's look-ups take on a table of a million users, with and without the index that
`cutover inspect` asks for, for people who exist and names that nobody has. Prints a Markdown table.
Called by run.sh.

usage: look_ups.py PROGRAM [ROWS]
Needs CUTOVER_TEST_POSTGRES_URL; also measures MariaDB where CUTOVER_TEST_MYSQL_URL is set.
"""

import contextlib
import json
import os
import pathlib
import sqlite3
import statistics
import sys
import tempfile
import urllib.parse
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
from runtime_api import Function

ROOT = pathlib.Path(__file__).resolve().parents[3]
TABLES = ROOT / "crates/legacy-users/tests/it/django_tables"
# Costs nothing: what is measured is the database.
HASH = "md5$salt$23caf937805666363a556dac0aa4d256"
TURNS = 15
CONFIG = """
[legacy]
login = ["username", "email"]
[attributes]
"custom:legacy_id" = "id"
[trigger.attempts]
per_login = 0
per_client = 0
"""
KINDS = ["known name", "unknown name", "known e-mail", "unknown e-mail", "unknown, five accents"]


def logins(kind: str, turn: int, rows: int) -> str:
    number = 1 + (turn * 7919) % rows
    return {
        "known name": f"user.{number}",
        "unknown name": f"nobody.{number}",
        "known e-mail": f"user.{number}@example.org",
        "unknown e-mail": f"nobody.{number}@example.org",
        "unknown, five accents": f"äöüéñ.{number}",
    }[kind]


def main() -> None:
    program, rows = sys.argv[1], int((sys.argv + ["1000000"])[2])
    print(f"\n## Look-ups on {rows:,} users: medians of {TURNS} refused sign-ins in turns, ms\n")
    print(
        "`LookUpDuration`: one statement over both columns, groups, and who else has the e-mail. The"
        " last column is the greatest difference between a known name and its unknown likeness.\n"
    )
    print("| | index |" + "".join(f" {kind} |" for kind in KINDS) + " tells |")
    print("| --- | --- |" + " ---: |" * (len(KINDS) + 1))
    with tempfile.TemporaryDirectory(prefix="cutover-bench-") as folder:
        config = pathlib.Path(folder) / "cutover.toml"
        config.write_text(CONFIG)
        sources: list[tuple[str, Callable[..., Any]]] = [("SQLite", sqlite), ("PostgreSQL", postgres)]
        if os.environ.get("CUTOVER_TEST_MYSQL_URL"):
            sources.append(("MariaDB, _bin collation", mariadb))
        for name, source in sources:
            with source(pathlib.Path(folder), rows) as (url, add_indexes):
                measure(program, config, name, "none", url, rows)
                if add_indexes():
                    measure(program, config, name, "LOWER()", url, rows)


def measure(
    program: str, config: pathlib.Path, name: str, index: str, url: str, rows: int
) -> None:
    variables = {
        "CUTOVER_CONFIG": str(config),
        "CUTOVER_LEGACY_URL": url,
        "CUTOVER_USUAL_HASH": HASH,
    }
    function = Function([program], variables)
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for turn in range(TURNS + 1):
        for kind in KINDS:
            event = sign_in(logins(kind, turn, rows))
            _, answer = function.invoke(event)
            line = json.loads(function.lines.get(timeout=10))
            if answer.get("response") != {}:
                raise SystemExit(f"{name}: not refused: {line}")
            if turn > 0:
                times[kind].append(line["LookUpDuration"])
    function.stop()
    medians = [statistics.median(times[kind]) for kind in KINDS]
    tells = max(abs(medians[0] - medians[1]), abs(medians[2] - medians[3]))
    cells = "".join(f" {ms:.1f} |" for ms in [*medians, tells])
    print(f"| {name} | {index} |{cells}", flush=True)


def sign_in(login: str) -> dict[str, Any]:
    events = ROOT / "migrations-fixtures/events"
    event: dict[str, Any] = json.loads((events / "authentication.json").read_bytes())
    event["userName"] = login
    event["request"]["password"] = "wrong"
    return event


Source = Iterator[tuple[str, Callable[[], bool]]]


@contextlib.contextmanager
def sqlite(folder: pathlib.Path, rows: int) -> Source:
    file = folder / "legacy.sqlite3"
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript((TABLES / "sqlite.sql").read_text())
        insert = (
            "insert into auth_user (id, password, is_superuser, username, first_name, last_name,"
            " email, is_staff, is_active, date_joined) values (?, ?, 0, ?, '', '', ?, 0, 1,"
            " '2024-05-06 07:08:09')"
        )
        people = ((n, HASH, f"User.{n}", f"User.{n}@example.org") for n in range(1, rows + 1))
        connection.executemany(insert, people)

    def add_indexes() -> bool:
        with contextlib.closing(sqlite3.connect(file)) as connection, connection:
            for column in ("username", "email"):
                connection.execute(f"create index own_{column} on auth_user (lower({column}))")
        return True

    yield f"sqlite://{file}", add_indexes
    file.unlink()


@contextlib.contextmanager
def postgres(_folder: pathlib.Path, rows: int) -> Source:
    server = os.environ["CUTOVER_TEST_POSTGRES_URL"]
    name = f"cutover_bench_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    url = f"{server.rsplit('/', 1)[0]}/{name}"
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute((TABLES / "postgres.sql").read_text())
            connection.execute(
                "insert into auth_user (id, password, is_superuser, username, first_name,"
                " last_name, email, is_staff, is_active, date_joined)"
                f" select n, '{HASH}', false, 'User.' || n, '', '', 'User.' || n || '@example.org',"
                f" false, true, now() from generate_series(1, {rows}) n"
            )
            connection.execute("vacuum analyze auth_user")

        def add_indexes() -> bool:
            with psycopg.connect(url, autocommit=True) as connection:
                for column in ("username", "email"):
                    connection.execute(f"create index on auth_user (lower({column}))")
                connection.execute("analyze auth_user")
            return True

        yield url, add_indexes
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"drop database {name} with (force)")


@contextlib.contextmanager
def mariadb(_folder: pathlib.Path, rows: int) -> Source:
    """With a collation that tells case apart: MariaDB has no index for it."""
    import pymysql

    server = urllib.parse.urlsplit(os.environ["CUTOVER_TEST_MYSQL_URL"])
    login = {"host": server.hostname, "port": server.port or 3306, "user": server.username}
    if server.password:
        login["password"] = server.password
    name = f"cutover_bench_{uuid.uuid4().hex}"
    with contextlib.closing(pymysql.connect(**login)) as connection:
        cursor = connection.cursor()
        cursor.execute(f"create database {name} collate utf8mb4_bin")
        try:
            cursor.execute(f"use {name}")
            for statement in (TABLES / "mysql.sql").read_text().split(";"):
                if statement.strip():
                    cursor.execute(statement)
            cursor.execute(
                "insert into auth_user (id, password, is_superuser, username, first_name,"
                " last_name, email, is_staff, is_active, date_joined)"
                f" select seq, '{HASH}', 0, concat('User.', seq), '', '',"
                f" concat('User.', seq, '@example.org'), 0, 1, now() from seq_1_to_{rows}"
            )
            connection.commit()
            url = urllib.parse.urlunsplit(server._replace(path=f"/{name}"))
            yield url, lambda: False
        finally:
            cursor.execute(f"drop database {name}")


if __name__ == "__main__":
    main()
