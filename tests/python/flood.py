"""Junk sign-ins at a local pool, and honest people beside them.

usage: flood.py ENDPOINT CLIENT_ID SECONDS RATE      (stdin: {"before": [[login, password], …],
                                                      "during": [[login, password], …]})

Sends RATE sign-ins a second of unknown names, as many as the pool takes on a bounded number of
connections, for SECONDS; then it stops by itself. The people of `before` sign in one after another
before it begins, those of `during` spread over it. Whoever hears that the sign-in could not be checked
tries again, as an app lets people do. Prints what became of them as JSON. Talks to 127.0.0.1 alone.
"""

import asyncio
import json
import random
import statistics
import sys
import time
from typing import Any
from urllib.parse import urlsplit

CONNECTIONS = 48
# What a person does about "please try again".
PATIENCE_S = 30
PAUSE_S = 0.2
TRY_AGAIN = {"UserLambdaValidationException", "TooManyRequestsException", "UnexpectedLambdaException"}


class Connection:
    """One HTTP/1.1 connection, kept open."""

    def __init__(self, host: str, port: int) -> None:
        self._place = (host, port)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def sign_in(self, client_id: str, login: str, password: str) -> tuple[int, str]:
        """The HTTP status, and the name of the error."""
        body = json.dumps(
            {
                "AuthFlow": "USER_PASSWORD_AUTH",
                "ClientId": client_id,
                "AuthParameters": {"USERNAME": login, "PASSWORD": password},
            }
        ).encode()
        head = (
            "POST / HTTP/1.1\r\nHost: pool\r\nContent-Type: application/x-amz-json-1.1\r\n"
            "X-Amz-Target: AWSCognitoIdentityProviderService.InitiateAuth\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._place)
        reader, writer = self._streams
        try:
            writer.write(head.encode() + body)
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            fields = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
            answer = await reader.readexactly(int(fields.get("content-length", "0")))
        except (OSError, asyncio.IncompleteReadError):
            self._streams = None
            return 0, "NoAnswer"
        status = int(lines[0].split()[1])
        error = json.loads(answer).get("__type", "") if status >= 400 else ""
        return status, error.rsplit("#", 1)[-1]

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()


async def person(place: tuple[str, int], client_id: str, login: str, password: str) -> dict[str, Any]:
    """Signs in until it works, or it is called wrong, or patience ends."""
    connection = Connection(*place)
    begun, tries, error = time.perf_counter(), 0, ""
    while time.perf_counter() - begun < PATIENCE_S:
        tries += 1
        status, error = await connection.sign_in(client_id, login, password)
        if status == 200 or (error not in TRY_AGAIN and status != 0):
            break
        await asyncio.sleep(PAUSE_S)
    connection.close()
    ms = (time.perf_counter() - begun) * 1000
    return {"login": login, "error": error, "tries": tries, "ms": ms}


async def junk(
    place: tuple[str, int],
    client_id: str,
    ends: float,
    rate: float,
    seed: int,
    answers: dict[str, int],
) -> None:
    """One connection's part of the flood."""
    connection = Connection(*place)
    chance = random.Random(seed)
    due = time.perf_counter()
    while time.perf_counter() < ends:
        # No faster than its part, and no catching up.
        due = max(due + 1 / rate, time.perf_counter())
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        letters = "äöüßéèñ" if chance.random() < 0.2 else "abcdefgh"
        login = "".join(chance.choices(letters, k=9)) + f".{chance.randrange(10**9)}"
        status, error = await connection.sign_in(client_id, login, "wrong")
        name = error or str(status)
        answers[name] = answers.get(name, 0) + 1
    connection.close()


async def main() -> None:
    endpoint, client_id, seconds, rate = sys.argv[1:]
    url = urlsplit(endpoint)
    if url.hostname != "127.0.0.1" or url.port is None:
        raise SystemExit("only a pool on this machine is flooded")
    place = (url.hostname, url.port)
    people = json.load(sys.stdin)
    before = [await person(place, client_id, *who) for who in people["before"]]
    answers: dict[str, int] = {}
    length = float(seconds)
    begun = time.perf_counter()
    each = float(rate) / CONNECTIONS
    flood = [
        asyncio.create_task(junk(place, client_id, begun + length, each, seed, answers))
        for seed in range(CONNECTIONS)
    ]
    during = []
    for number, who in enumerate(people["during"]):
        # From a tenth of the flood to nine tenths.
        share = 0.1 + 0.8 * number / max(1, len(people["during"]) - 1)
        await asyncio.sleep(max(0.0, begun + share * length - time.perf_counter()))
        during.append(asyncio.create_task(person(place, client_id, *who)))
    people_during = await asyncio.gather(*during)
    await asyncio.gather(*flood)
    took = time.perf_counter() - begun
    result = {
        "before": before,
        "during": people_during,
        "junk": answers,
        "junk_per_second": sum(answers.values()) / took,
        "median_before_ms": statistics.median(who["ms"] for who in before),
        "median_during_ms": statistics.median(who["ms"] for who in people_during),
    }
    print(json.dumps(result))


asyncio.run(main())
