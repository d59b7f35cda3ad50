"""What claims add to start and warm sign-in: the trigger without, with a SQLite file, and with a table
of DynamoDB that moto plays; beside it what moto alone takes for the same request. Prints a Markdown
table. Called by run.sh.

usage: claims.py PROGRAM SIGN_INS
"""

import contextlib
import http.client
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Iterator
from typing import Any

from runtime_api import Function

ROOT = pathlib.Path(__file__).resolve().parents[3]
FIXTURES = ROOT / "migrations-fixtures"
KEY = "of this measurement, 32 characters or more"
STARTS = 15


def main() -> None:
    program, sign_ins = sys.argv[1], int(sys.argv[2])
    event = json.loads((FIXTURES / "events/authentication.json").read_bytes())
    with tempfile.TemporaryDirectory(prefix="cutover-bench-") as name, moto() as (endpoint, arn):
        folder = pathlib.Path(name)
        database = folder / "legacy.sqlite3"
        shutil.copy(FIXTURES / "legacy.sqlite3", database)
        base = {
            "CUTOVER_CONFIG": str(FIXTURES / "cutover.toml"),
            "CUTOVER_LEGACY_URL": f"sqlite://{database}",
            "CUTOVER_CLAIMS_KEY": KEY,
        }
        in_table = {
            "CUTOVER_CLAIMS_TABLE": arn,
            "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
        }
        kinds = [
            ("without claims", base),
            ("a SQLite file", base | {"CUTOVER_CLAIMS_FILE": str(folder / "claims.sqlite3")}),
            ("DynamoDB (moto)", base | in_table),
        ]
        starts: dict[str, list[float]] = {kind: [] for kind, _ in kinds}
        for _ in range(STARTS):
            for kind, variables in kinds:
                function = Function([program], variables)
                starts[kind].append(function.start_ms)
                function.stop()
        functions = [(kind, Function([program], variables)) for kind, variables in kinds]
        times: dict[str, list[float]] = {kind: [] for kind, _ in kinds}
        alone: list[float] = []
        store = Store(endpoint, arn)
        for number in range(sign_ins + 3):
            # In turns, so that other load meets all of them.
            for kind, function in functions:
                ms, answer = function.invoke(event)
                if answer.get("response", {}).get("finalUserStatus") != "CONFIRMED":
                    raise SystemExit(f"{kind}: the right password was not taken: {answer}")
                line = json.loads(function.lines.get(timeout=10))
                if number >= 3:
                    times[kind].append(ms - line["VerifyDuration"])
            ms = store.update()
            if number >= 3:
                alone.append(ms)
        for _, function in functions:
            function.stop()
    own = statistics.median(alone)
    without = statistics.median(times["without claims"])
    print(f"\n## Claims: medians of {sign_ins} warm sign-ins and {STARTS} starts, in turns\n")
    print(
        f"moto alone takes {own:.2f} ms for the same UpdateItem, asked by a bare client on a"
        " connection kept open; Lambda's way to DynamoDB takes its place.\n"
    )
    print("| claims in | start, ms | sign-in beside the hash, ms | added | beside the store's own |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for kind, _ in kinds:
        beside = statistics.median(times[kind])
        added = beside - without
        rest = f"{added - own:.2f}" if "moto" in kind else "–"
        start = statistics.median(starts[kind])
        print(f"| {kind} | {start:.1f} | {beside:.2f} | {added:.2f} | {rest} |")


class Store:
    """A bare client of the same table."""

    def __init__(self, endpoint: str, arn: str) -> None:
        place = urllib.parse.urlsplit(endpoint)
        self._connection = http.client.HTTPConnection(place.hostname or "", place.port)
        scope = "local/20260101/eu-west-1/dynamodb/aws4_request"
        self._headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "DynamoDB_20120810.UpdateItem",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        }
        update: dict[str, Any] = {
            "TableName": arn.rsplit("/", 1)[-1],
            "Key": {"claim": {"S": "0" * 32}},
            "UpdateExpression": "SET pool_name = :name, held_until = :until",
            "ConditionExpression": "attribute_not_exists(#sub) AND (attribute_not_exists(pool_name)"
            " OR pool_name = :name OR held_until <= :now)",
            "ExpressionAttributeNames": {"#sub": "sub"},
            "ExpressionAttributeValues": {
                ":name": {"S": "0" * 32},
                ":until": {"N": "2000000000"},
                ":now": {"N": "1900000000"},
            },
        }
        self._body = json.dumps(update)

    def update(self) -> float:
        begun = time.perf_counter()
        self._connection.request("POST", "/", self._body, self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"moto: {text!r}")
        return (time.perf_counter() - begun) * 1000


@contextlib.contextmanager
def moto() -> Iterator[tuple[str, str]]:
    """An account with the table that infra/function.yaml makes: endpoint and ARN."""
    python = ROOT / "target/python-emulators/bin/python"
    if not python.exists():
        raise SystemExit(f"there is no {python}: run 'make emulators'")
    process = subprocess.Popen(
        [python, ROOT / "tests/python/aws_account.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin and process.stdout
    try:
        endpoint = json.loads(process.stdout.readline())
        table = {
            "TableName": "claims",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "claim", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "claim", "KeyType": "HASH"}],
        }
        print(json.dumps(["dynamodb", "create_table", table]), file=process.stdin, flush=True)
        made = json.loads(process.stdout.readline())
        yield endpoint, made["TableDescription"]["TableArn"]
    finally:
        process.stdin.close()
        process.wait()


if __name__ == "__main__":
    main()
