"""Figures of the bulk import on this machine, each contender against a fresh local pool.

usage: compare.py speed [USERS]     cutover, boto3 with a thread pool, the AWS SDK in a plain loop
       compare.py quotas [USERS]    cutover at Cognito's default quotas and the whole share
       compare.py memory [USERS]    cutover's peak memory
       compare.py weeks [USERS]     what an operator runs around an import: inspect, a dry run,
                                    the import, reconcile, a dry undo

Times are of whole processes. CPU is the process's own, so that it compares on a busy machine too;
the pool's is shown beside it, for they share the cores.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import population

ROOT = Path(__file__).resolve().parents[3]
RELEASE = ROOT / "target/release"
CUTOVER = RELEASE / "cutover"
PLAIN_LOOP = RELEASE / "examples/plain_loop"
BOTO3_THREADS = 32
# The slow ones need no more for a steady figure.
SHARE_OF_USERS = {"cutover": 1, "boto3": 10, "plain loop": 4}


@dataclass(frozen=True)
class Figure:
    users: int
    seconds: float
    cpu: float
    pool_cpu: float
    peak_mb: float

    @property
    def rate(self) -> float:
        return self.users / self.seconds

    @property
    def cpu_per_user(self) -> float:
        """Microseconds of this process a user."""
        return self.cpu / self.users * 1e6


class Pool:
    """`cutover pool serve` for as long as the block lasts."""

    def __init__(self, folder: Path, quotas: str) -> None:
        self._ready = folder / "ready.json"
        self._ready.unlink(missing_ok=True)
        serve = [CUTOVER, "pool", "serve", "--quotas", quotas, "--ready-file", self._ready]
        nowhere = subprocess.DEVNULL
        self._process = subprocess.Popen(serve, cwd=folder, stdout=nowhere, stderr=nowhere)

    def __enter__(self) -> "Pool":
        while not self._ready.exists():
            if self._process.poll() is not None:
                sys.exit(f"the pool ended with {self._process.returncode}")
            time.sleep(0.01)
        ready = json.loads(self._ready.read_text())
        self.endpoint: str = ready["endpoint"]
        self.region: str = ready["region"]
        self.id: str = ready["user_pool_id"]
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    @property
    def target(self) -> list[str]:
        return ["--endpoint-url", self.endpoint, "--user-pool-id", self.id, "--region", self.region]

    def cpu(self) -> float:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def calls(self) -> dict[str, dict[str, int]]:
        from urllib.request import urlopen

        with urlopen(f"{self.endpoint}/_rehearsal/quotas") as answer:
            categories = json.load(answer)["categories"]
        return {category["category"]: category for category in categories}


def measure(command: list[object], pool: Pool, users: int, folder: Path, stdin: str = "") -> Figure:
    pool_before, started = pool.cpu(), time.monotonic()
    with open(stdin or os.devnull) as lines, open(folder / "output.log", "w") as output:
        process = subprocess.Popen(
            [str(word) for word in command], cwd=folder, stdin=lines, stdout=output, stderr=output
        )
        _, status, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    if status != 0:
        sys.exit(f"{command[0]} failed:\n{(folder / 'output.log').read_text()}")
    return Figure(
        users=users,
        seconds=seconds,
        cpu=used.ru_utime + used.ru_stime,
        pool_cpu=pool.cpu() - pool_before,
        peak_mb=used.ru_maxrss / 1024,
    )


RUN = "bench"


def import_all(pool: Pool, users: int, folder: Path, *flags: str) -> Figure:
    command = [CUTOVER, "import", "--execute", "--run", RUN, *pool.target, *flags]
    figure = measure(command, pool, users, folder)
    status = [CUTOVER, "status", "--run", RUN, "--json", "status.json"]
    subprocess.run(status, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    accounts = json.loads((folder / "status.json").read_text())
    if (accounts["created"], accounts["complete"]) != (users, True):
        sys.exit(f"not everybody was created: {accounts}")
    return figure


def speed(folder: Path, users: int) -> None:
    figures: dict[str, Figure] = {}
    population.make(folder / "all", users)
    with Pool(folder / "all", "off") as pool:
        figures["cutover"] = import_all(pool, users, folder / "all")
    for contender in ("boto3", "plain loop"):
        count = users // SHARE_OF_USERS[contender]
        here = folder / contender.replace(" ", "-")
        population.make(here, count)
        with Pool(here, "off") as pool:
            command: list[object] = [pool.endpoint, pool.region, pool.id]
            if contender == "boto3":
                script = Path(__file__).parent / "boto3_import.py"
                command = [sys.executable, script, *command, BOTO3_THREADS]
            else:
                command = [PLAIN_LOOP, *command]
            figures[contender] = measure(command, pool, count, here, str(here / "users.jsonl"))
    print(f"{'':<12} {'users':>7} {'users/s':>8} {'CPU us/user':>12} {'pool us/user':>13} {'MB':>5}")
    ours = figures["cutover"]
    for name, figure in figures.items():
        pool_cpu = figure.pool_cpu / figure.users * 1e6
        print(
            f"{name:<12} {figure.users:>7} {figure.rate:>8.0f} {figure.cpu_per_user:>12.0f}"
            f" {pool_cpu:>13.0f} {figure.peak_mb:>5.0f}"
        )
    for name in ("boto3", "plain loop"):
        faster = ours.rate / figures[name].rate
        cheaper = figures[name].cpu_per_user / ours.cpu_per_user
        print(f"cutover is {faster:.1f} times as fast as {name}, at {cheaper:.1f} times less CPU")


def quotas(folder: Path, users: int) -> None:
    population.make(folder / "all", users)
    with Pool(folder / "all", "default") as pool:
        figure = import_all(pool, users, folder / "all", "--share", "1.0")
        calls = pool.calls()
    throttled = sum(category["throttled"] for category in calls.values())
    # Every user is in one group: the 25 calls a second of UserUpdate are what binds.
    binding = calls["UserUpdate"]
    part = binding["granted"] / figure.seconds / binding["rate"]
    print(
        f"{users} users with a group each in {figure.seconds:.1f} s: {part:.1%} of UserUpdate's"
        f" {binding['rate']:.0f} calls a second, {throttled} throttled"
    )


def memory(folder: Path, users: int) -> None:
    population.make(folder / "all", users)
    with Pool(folder / "all", "off") as pool:
        figure = import_all(pool, users, folder / "all")
    print(
        f"{users} users in {figure.seconds:.0f} s ({figure.rate:.0f}/s,"
        f" {figure.cpu_per_user:.0f} us of CPU each, and {figure.pool_cpu / users * 1e6:.0f} of the"
        f" pool): {figure.peak_mb:.0f} MB at most"
    )


def weeks(folder: Path, users: int) -> None:
    usable, unusable = folder / "usable", folder / "unusable"
    population.make(usable, users, population.USABLE)
    population.make(unusable, users)
    figures: dict[str, Figure] = {}
    with Pool(unusable, "off") as pool:
        inspect: list[object] = [CUTOVER, "inspect", "--json", "inspection.json"]
        figures["inspect"] = measure(inspect, pool, users, usable)
        dry_import = [CUTOVER, "import", "--run", "forecast", *pool.target]
        figures["import, dry"] = measure(dry_import, pool, users, unusable)
        figures["import"] = import_all(pool, users, unusable)
        reconcile = [CUTOVER, "reconcile", *pool.target]
        figures["reconcile"] = measure(reconcile, pool, users, unusable)
        undo = [CUTOVER, "undo", "--run", RUN, *pool.target]
        figures["undo, dry"] = measure(undo, pool, users, unusable)
    print(f"{'':<12} {'seconds':>8} {'users/s':>8} {'CPU s':>6} {'MB':>5}")
    for name, figure in figures.items():
        print(
            f"{name:<12} {figure.seconds:>8.1f} {figure.rate:>8.0f} {figure.cpu:>6.1f}"
            f" {figure.peak_mb:>5.0f}"
        )


KINDS = {
    "speed": (speed, 20_000),
    "quotas": (quotas, 3_000),
    "memory": (memory, 1_000_000),
    "weeks": (weeks, 1_000_000),
}


def main() -> None:
    if sys.argv[1:2] == [] or sys.argv[1] not in KINDS:
        sys.exit(__doc__)
    kind, users = KINDS[sys.argv[1]]
    if len(sys.argv) > 2:
        users = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    load = os.getloadavg()[0]
    print(f"# {os.cpu_count()} CPUs, load {load:.1f} before")
    with tempfile.TemporaryDirectory(prefix="cutover-bench-") as folder:
        kind(Path(folder), users)


main()
