"""Hands sign-ins to `cutover shadow serve`, from a bounded queue by one thread of its own.

Nothing is written anywhere, and no log line is made: a sign-in that cannot be handed over is
dropped and counted. The shadow answers one at a time, so a busy one fills the queue and no more.
"""

from __future__ import annotations

import dataclasses
import json
import os
import queue
import socket
import threading
import time
from typing import Any

from cutover_django.shadow import tally
from cutover_django.shadow.configuration import ShadowConfiguration

#: How long one check may take before the shadow counts as hanging.
ANSWER_SECONDS = 10.0
#: After a failure nobody knocks for so long; sign-ins are dropped meanwhile.
PAUSE_SECONDS = 1.0
#: Longer than any login and password that the shadow reads.
LONGEST_LINE = 64 * 1024


@dataclasses.dataclass(frozen=True)
class SignIn:
    login: str = dataclasses.field(repr=False)
    password: str = dataclasses.field(repr=False)
    django_lets_in: bool
    backend: str | None


class Messenger:
    """One a process and configuration."""

    def __init__(self, config: ShadowConfiguration) -> None:
        self.config = config
        self._queue: queue.Queue[SignIn | None] = queue.Queue(config.queue)
        self._connection: socket.socket | None = None
        self._answers = b""
        self._away_until = 0.0
        thread = threading.Thread(target=self._run, name="cutover-shadow", daemon=True)
        thread.start()

    def put(self, sign_in: SignIn) -> None:
        try:
            self._queue.put_nowait(sign_in)
            tally.note(queued=1)
        except queue.Full:
            tally.note(dropped=1)

    def close(self) -> None:
        """Ends the thread when it is done with what waits; for a changed configuration."""
        threading.Thread(target=self._queue.put, args=[None], daemon=True).start()

    def wait(self) -> None:
        """Until nothing waits any more; for tests."""
        self._queue.join()

    def _run(self) -> None:
        while True:
            sign_in = self._queue.get()
            if sign_in is None:
                self._hang_up()
                self._queue.task_done()
                return
            try:
                judged = self._tell(sign_in)
            except Exception:
                judged = False
            if judged:
                tally.note(judged=1)
            else:
                self._hang_up()
                tally.note(dropped=1)
            sign_in = None
            self._queue.task_done()

    def _tell(self, sign_in: SignIn) -> bool:
        if time.monotonic() < self._away_until:
            return False
        # Until it has answered: whoever does not is not asked for a while.
        self._away_until = time.monotonic() + PAUSE_SECONDS
        dropped = tally.untold()
        message: dict[str, Any] = {
            "login": sign_in.login,
            "password": sign_in.password,
            "django": "in" if sign_in.django_lets_in else "refused",
            "backend": sign_in.backend,
            "dropped": dropped,
        }
        if self.config.key is not None:
            message["key"] = self.config.key
        line = json.dumps(message).encode() + b"\n"
        if len(line) > LONGEST_LINE:
            self._away_until = 0.0
            return False
        answer = self._ask(line)
        self._away_until = 0.0
        if "verdict" not in answer:
            # The same answer would come to every sign-in.
            self._away_until = time.monotonic() + PAUSE_SECONDS
            return False
        tally.told(dropped)
        return True

    def _ask(self, line: bytes) -> dict[str, Any]:
        """Once more by a new connection where a shadow that was restarted has left an old one."""
        if self._connection is not None:
            try:
                return self._over(self._connection, line)
            except (ConnectionError, EOFError):
                self._hang_up()
        self._connection = self._connect()
        return self._over(self._connection, line)

    def _connect(self) -> socket.socket:
        address = self.config.address
        if isinstance(address, str):
            family = socket.AF_UNIX
        else:
            family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(self.config.timeout)
            connection.connect(address)
        except BaseException:
            connection.close()
            raise
        self._answers = b""
        return connection

    def _over(self, connection: socket.socket, line: bytes) -> dict[str, Any]:
        connection.settimeout(self.config.timeout)
        connection.sendall(line)
        connection.settimeout(ANSWER_SECONDS)
        while b"\n" not in self._answers:
            if len(self._answers) > LONGEST_LINE:
                raise ValueError("no answer")
            got = connection.recv(4096)
            if not got:
                raise EOFError
            self._answers += got
        answer, _, self._answers = self._answers.partition(b"\n")
        read = json.loads(answer)
        return read if isinstance(read, dict) else {}

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


_lock = threading.Lock()
_messenger: Messenger | None = None


def hand_over(sign_in: SignIn, config: ShadowConfiguration) -> None:
    """Waits for nothing."""
    messenger(config).put(sign_in)


def messenger(config: ShadowConfiguration) -> Messenger:
    global _messenger
    current = _messenger
    if current is not None and current.config == config:
        return current
    with _lock:
        if _messenger is None or _messenger.config != config:
            if _messenger is not None:
                _messenger.close()
            _messenger = Messenger(config)
        return _messenger


def _in_child() -> None:
    """Threads do not outlive a fork, and the parent's sign-ins are the parent's."""
    global _lock, _messenger
    _lock = threading.Lock()
    _messenger = None
    tally.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
