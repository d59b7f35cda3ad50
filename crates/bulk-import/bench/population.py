"""Plain users for the bench: Django's own tables, and so many users in one group each.

Nobody has a usable password unless one is asked for, so that the import needs no approval and
everybody is created. The contenders that know no Django read the same users as JSON lines, one a line:
{"username": …, "attributes": {…}, "group": …}.
"""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
GROUPS = [f"group-{number}" for number in range(10)]
# What the column holds. The usable one is of Django's default cost, which an inspection reads.
UNUSABLE = "!"
USABLE = "pbkdf2_sha256$600000$salt$" + "A" * 43 + "="


def make(folder: Path, users: int, password: str = UNUSABLE) -> None:
    """Writes `legacy.sqlite3` and `users.jsonl` into a folder, with a cutover.toml beside them."""
    folder.mkdir(parents=True)
    database = folder / "legacy.sqlite3"
    populate = [sys.executable, ROOT / "migrations-fixtures/populate.py", "--shape", "stock"]
    populate += ["--database", f"sqlite:{database}", "--users", "300", "--quick"]
    populate += ["--canaries", folder / "canaries.json"]
    subprocess.run(populate, check=True, stdout=subprocess.DEVNULL)
    (folder / "cutover.toml").write_text((Path(__file__).parent / "cutover.toml").read_text())
    with sqlite3.connect(database) as connection:
        for table in ("auth_user_groups", "auth_group", "auth_user"):
            connection.execute(f"DELETE FROM {table}")
        connection.executemany(
            "INSERT INTO auth_group (id, name) VALUES (?, ?)", enumerate(GROUPS, start=1)
        )
        connection.executemany(
            "INSERT INTO auth_user (id, username, email, password, first_name, last_name,"
            " is_active, is_staff, is_superuser, date_joined)"
            " VALUES (?, ?, ?, ?, ?, ?, 1, 0, 0, '2020-01-01 00:00:00')",
            (_columns(number, password) for number in range(1, users + 1)),
        )
        # What an inspection of so many users asks for.
        for column in ("username", "email"):
            connection.execute(f"CREATE INDEX bench_{column} ON auth_user (LOWER({column}))")
        connection.executemany(
            "INSERT INTO auth_user_groups (user_id, group_id) VALUES (?, ?)",
            ((number, number % len(GROUPS) + 1) for number in range(1, users + 1)),
        )
    with (folder / "users.jsonl").open("w") as lines:
        for number in range(1, users + 1):
            identity, username, email, first, last = _row(number)
            user = {
                "username": username,
                "attributes": {
                    "email": email,
                    "email_verified": "true",
                    "given_name": first,
                    "family_name": last,
                    "custom:legacy_id": str(identity),
                },
                "group": GROUPS[number % len(GROUPS)],
            }
            lines.write(json.dumps(user) + "\n")


def _columns(number: int, password: str) -> tuple[int, str, str, str, str, str]:
    identity, username, email, first, last = _row(number)
    return (identity, username, email, password, first, last)


def _row(number: int) -> tuple[int, str, str, str, str]:
    return (number, f"user{number}", f"user{number}@example.com", "Given", f"Family{number}")
