"""Makes what must be gone after a test run, and drops it when stdin ends, however that comes.

JSON lines in, one out for each:
{"folder": true}                                        -> {"folder": PATH}
{"database": NAME, "admin_url": URL}                    -> {}
{"execute": [SQL, …], "undo": [SQL, …], "url": URL}     -> {}
or {"error": TEXT}.
"""

import json
import shutil
import signal
import sqlite3
import sys
import tempfile
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
import pymysql

VARIABLES = {"postgres": "CUTOVER_TEST_POSTGRES_URL", "mysql": "CUTOVER_TEST_MYSQL_URL"}


class Keeper:
    """What was made, and how to undo it, newest last."""

    def __init__(self) -> None:
        self._folders: list[str] = []
        self._undo: list[tuple[str, str]] = []

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        if "folder" in asked:
            self._folders.append(tempfile.mkdtemp(prefix="cutover-test-"))
            return {"folder": self._folders[-1]}
        if "database" in asked:
            self._make(asked["database"], asked["admin_url"])
            return {}
        _execute(asked["url"], asked["execute"])
        self._undo.extend((asked["url"], statement) for statement in asked["undo"])
        return {}

    def _make(self, name: str, url: str) -> None:
        if url.startswith("mysql:"):
            # The server's default collation, as most Django sites on MySQL have it.
            create = f"CREATE DATABASE {name} CHARACTER SET utf8mb4"
            drop = f"DROP DATABASE {name}"
        else:
            create = f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"
            drop = f"DROP DATABASE {name} WITH (FORCE)"
        _execute(url, [create])
        self._undo.append((url, drop))

    def clean(self) -> None:
        for url, statement in reversed(self._undo):
            try:
                _execute(url, [statement])
            except Exception as error:
                print(f"database_keeper: {statement}: {error}", file=sys.stderr)
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)


def _execute(url: str, statements: list[str]) -> None:
    with _connect(url) as connection:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        connection.commit()


def _connect(url: str) -> Any:
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return sqlite3.connect(url.removeprefix("sqlite://"))
    try:
        if parts.scheme == "mysql":
            return pymysql.connect(
                host=parts.hostname,
                port=parts.port or 3306,
                user=unquote(parts.username or ""),
                password=unquote(parts.password or ""),
                database=parts.path.removeprefix("/"),
                charset="utf8mb4",
            )
        return psycopg.connect(url, autocommit=True)
    except (psycopg.OperationalError, pymysql.err.OperationalError) as error:
        engine = "mysql" if parts.scheme == "mysql" else "postgres"
        raise ConnectionError(
            f"no {engine} server to test with at {parts.hostname}:{parts.port} ({error}): name "
            f"one with {VARIABLES[engine]}, or run the tests by tests/environment/databases.sh, "
            "which starts one"
        ) from error


def main() -> None:
    # Ctrl-C reaches every process of the terminal: the databases still have to go.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    keeper = Keeper()
    try:
        for line in sys.stdin:
            try:
                reply = keeper.answer(json.loads(line))
            except Exception as error:
                reply = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(reply), flush=True)
    finally:
        keeper.clean()


if __name__ == "__main__":
    main()
