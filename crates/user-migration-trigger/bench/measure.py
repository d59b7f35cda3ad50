"""Measures the trigger and its peers; prints Markdown tables. Called by run.sh.

usage: measure.py PROGRAM SIGN_INS
"""

import contextlib
import json
import os
import pathlib
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from typing import Any

import django
import psycopg
from django.conf import settings
from django.contrib.auth import hashers
from runtime_api import Function

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
FIXTURES = ROOT / "migrations-fixtures"
PASSWORD = "correct horse battery staple"
PERSON = "alg.pbkdf2_sha256.0"
STARTS = 20

# Each Django's default (its release notes, "Minor features" of django.contrib.auth).
DEFAULTS = [
    ("PBKDF2, 600,000 (Django 4.2)", "pbkdf2_sha256", {"iterations": 600_000}),
    ("PBKDF2, 720,000 (5.0)", "pbkdf2_sha256", {"iterations": 720_000}),
    ("PBKDF2, 870,000 (5.1)", "pbkdf2_sha256", {"iterations": 870_000}),
    ("PBKDF2, 1,000,000 (5.2)", "pbkdf2_sha256", {"iterations": 1_000_000}),
    ("PBKDF2, 1,200,000 (6.0)", "pbkdf2_sha256", {"iterations": 1_200_000}),
    ("PBKDF2, 1,500,000 (6.1)", "pbkdf2_sha256", {"iterations": 1_500_000}),
    ("bcrypt_sha256, 12", "bcrypt_sha256", {}),
    ("scrypt, 2^14, 8, 5", "scrypt", {}),
    ("argon2id, 100 MiB, 2, 8", "argon2", {}),
]
SIZES = [128, 256, 512, 1024, 1769]
MB_OF_ONE_CPU = 1769  # AWS Lambda developer guide, "Configure Lambda function memory"


def main() -> None:
    program, sign_ins = sys.argv[1], int(sys.argv[2])
    settings.configure(
        PASSWORD_HASHERS=[
            "django.contrib.auth.hashers.PBKDF2PasswordHasher",
            "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
            "django.contrib.auth.hashers.ScryptPasswordHasher",
            "django.contrib.auth.hashers.Argon2PasswordHasher",
        ]
    )
    print(f"# Trigger through the Runtime API: {cpu()}, {os.cpu_count()} CPUs, load {load()}")
    with tempfile.TemporaryDirectory(prefix="cutover-bench-") as folder:
        config = pathlib.Path(folder) / "cutover.toml"
        shutil.copy(FIXTURES / "cutover.toml", config)
        database = pathlib.Path(folder) / "legacy.sqlite3"
        shutil.copy(FIXTURES / "legacy.sqlite3", database)
        ours = {"CUTOVER_CONFIG": str(config)}
        sqlite = ours | {"CUTOVER_LEGACY_URL": f"sqlite://{database}"}
        with postgres() as url:
            on_postgres = ours | {"CUTOVER_LEGACY_URL": url}
            stored = encoded("pbkdf2_sha256", {})
            with contextlib.closing(sqlite3.connect(database)) as connection, connection:
                change = "update auth_user set password = ? where username = ?"
                connection.execute(change, [stored, PERSON])
            with psycopg.connect(url, autocommit=True) as server:
                change = "update auth_user set password = %s where username = %s"
                server.execute(change, [stored, PERSON])
            peers = [
                ("this trigger, SQLite", [program], sqlite),
                ("this trigger, PostgreSQL", [program], on_postgres),
                ("Node, pg, PostgreSQL", ["node", str(HERE / "peer.js")], on_postgres),
                ("Python, psycopg, PostgreSQL", [sys.executable, str(HERE / "peer.py")], on_postgres),
            ]
            starts(peers)
            warm(peers, sign_ins)
        shares(program, sqlite, database)


def starts(peers: list[tuple[str, list[str], dict[str, str]]]) -> None:
    print(f"\n## Process start to first poll, and memory then: medians of {STARTS}\n")
    print("| | ms | times ours | resident MB |\n| --- | ---: | ---: | ---: |")
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name, _, _ in peers}
    for _ in range(STARTS):
        # In turns, so that other load meets all of them.
        for name, command, variables in peers:
            function = Function(command, variables)
            measured[name].append((function.start_ms, function.resident_mb()))
            function.stop()
    first = None
    for name, rounds in measured.items():
        ms = statistics.median(ms for ms, _ in rounds)
        mb = statistics.median(mb for _, mb in rounds)
        first = first or ms
        print(f"| {name} | {ms:.1f} | {ms / first:.1f} | {mb:.1f} |")


def warm(peers: list[tuple[str, list[str], dict[str, str]]], sign_ins: int) -> None:
    print(f"\n## A warm sign-in, {django_default()}: medians of {sign_ins}, in turns\n")
    print(
        "Beside the hash: what the sign-in takes, less `VerifyDuration` of the same one; the"
        " measuring Python's own share is in it.\n"
    )
    print("| | ms | times ours | beside the hash, ms |\n| --- | ---: | ---: | ---: |")
    functions = [(name, Function(command, variables)) for name, command, variables in peers]
    event = sign_in(PERSON)
    for _, function in functions:
        expect_match(function.invoke(event)[1])
        drain(function)
    times: dict[str, list[float]] = {name: [] for name, _ in functions}
    beside: dict[str, list[float]] = {name: [] for name, _ in functions}
    for _ in range(sign_ins):
        for name, function in functions:
            ms, answer = function.invoke(event)
            expect_match(answer)
            times[name].append(ms)
            if name.startswith("this"):
                line = json.loads(function.lines.get(timeout=10))
                beside[name].append(ms - line["VerifyDuration"])
    first = None
    for name, function in functions:
        ms = statistics.median(times[name])
        first = first or ms
        extra = f"{statistics.median(beside[name]):.2f}" if beside[name] else "–"
        print(f"| {name} | {ms:.1f} | {ms / first:.2f} | {extra} |")
        function.stop()


def shares(program: str, variables: dict[str, str], database: pathlib.Path) -> None:
    print("\n## A sign-in at Lambda's CPU shares, ms: medians of 3\n")
    group = CpuGroup.make()
    if not group:
        print("not measured: no cgroup with a CPU quota can be made here (it takes root)")
        return
    print(
        f"A {group.kind} CPU quota of memory / {MB_OF_ONE_CPU} of one CPU in slices of 20 ms, over"
        " the whole process and before all else on the machine, 5 s as the function's timeout. `late`: refused with `deadline-near`."
        " Memory itself is not limited here: argon2 needs 100 MiB and the function's own 40.\n"
    )
    print("| stored password |" + "".join(f" {size} MB |" for size in SIZES))
    print("| --- |" + " ---: |" * len(SIZES))
    try:
        for name, algorithm, cost in DEFAULTS:
            with contextlib.closing(sqlite3.connect(database)) as connection, connection:
                change = "update auth_user set password = ? where username = ?"
                connection.execute(change, [encoded(algorithm, cost), PERSON])
            cells = []
            for size in SIZES:
                group.set_share(min(1, size / MB_OF_ONE_CPU))
                function = Function([program], variables, group.folder)
                rounds = [function.invoke(sign_in(PERSON)) for _ in range(4)][1:]
                late = any("response" not in answer for _, answer in rounds)
                ms = statistics.median(ms for ms, _ in rounds)
                cells.append("late" if late else f"{ms:.0f}")
                function.stop()
            print(f"| {name} |" + "".join(f" {cell} |" for cell in cells), flush=True)
    finally:
        group.remove()


class CpuGroup:
    """A cgroup of our own with a CPU quota; version 1 or 2."""

    PERIOD_US = 20_000
    # The largest: what else runs on the machine must not take from the share.
    WEIGHTS = {"cpu.shares": "262144", "cpu.weight": "10000"}

    def __init__(self, folder: pathlib.Path, kind: str) -> None:
        self.folder, self.kind = folder, kind

    @staticmethod
    def make() -> "CpuGroup | None":
        name = f"cutover-bench-{os.getpid()}"
        for parent, kind, file in [
            ("/sys/fs/cgroup/cpu", "cgroup v1", "cpu.cfs_quota_us"),
            ("/sys/fs/cgroup", "cgroup v2", "cpu.max"),
        ]:
            folder = pathlib.Path(parent) / name
            try:
                folder.mkdir()
            except OSError:
                continue
            if (folder / file).exists():
                for name, weight in CpuGroup.WEIGHTS.items():
                    if (folder / name).exists():
                        (folder / name).write_text(weight)
                return CpuGroup(folder, kind)
            folder.rmdir()
        return None

    def set_share(self, share: float) -> None:
        quota = int(self.PERIOD_US * share)
        if self.kind == "cgroup v1":
            (self.folder / "cpu.cfs_period_us").write_text(str(self.PERIOD_US))
            (self.folder / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (self.folder / "cpu.max").write_text(f"{quota} {self.PERIOD_US}")

    def remove(self) -> None:
        with contextlib.suppress(OSError):
            self.folder.rmdir()


def encoded(algorithm: str, cost: dict[str, int]) -> str:
    hasher = hashers.get_hasher(algorithm)
    return str(hasher.encode(PASSWORD, hasher.salt(), **cost))


def django_default() -> str:
    iterations = hashers.get_hasher("pbkdf2_sha256").iterations
    return f"PBKDF2 at {iterations:,} iterations (Django {django.__version__})"


def sign_in(login: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((FIXTURES / "events/authentication.json").read_bytes())
    event["userName"] = login
    event["request"]["password"] = PASSWORD
    return event


def expect_match(answer: dict[str, Any]) -> None:
    if answer.get("response", {}).get("finalUserStatus") != "CONFIRMED":
        raise SystemExit(f"the right password was not taken: {answer}")


def drain(function: Function) -> None:
    """Drops the log line of the first sign-in; peers write none."""
    with contextlib.suppress(Exception):
        function.lines.get(timeout=0.5)


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A database of our own with the fixtures' people, gone afterwards."""
    server = os.environ.get("CUTOVER_TEST_POSTGRES_URL")
    if not server:
        raise SystemExit("set CUTOVER_TEST_POSTGRES_URL, or run by tests/environment/databases.sh")
    name = f"cutover_bench_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    url = f"{server.rsplit('/', 1)[0]}/{name}"
    try:
        populate = [sys.executable, str(FIXTURES / "populate.py"), "--shape", "allauth"]
        populate += ["--database", url, "--users", "1000", "--quick"]
        with tempfile.TemporaryDirectory() as folder:
            populate += ["--canaries", f"{folder}/canaries.json"]
            subprocess.run(populate, check=True, stdout=subprocess.DEVNULL)
        yield url
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"drop database {name} with (force)")


def cpu() -> str:
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main()
