"""The pool's public keys.

Responsible for fetching and keeping them. It must not know tokens. Called by `access_token`.

A token can name any `kid`, so an unknown one must not make a request each: after a fetch, unknown
keys are refused without another for a while. Keys that were fetched stay when a later fetch fails,
and a key that is unknown because of that is an outage, not a refusal.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import jwt

from cutover_django.errors import CognitoUnavailable

#: Seconds between two fetches.
COOL_DOWN = 30
#: The same while no key is known at all: nobody can get in, and nothing made up is to be refused.
FIRST_COOL_DOWN = 1
#: Seconds after which keys are fetched again though they are known: the pool may have retired one.
LONGEST_AGE = 24 * 60 * 60
#: A key document has two keys of half a kilobyte.
LONGEST_DOCUMENT = 64 * 1024


class KeySet:
    def __init__(
        self, url: str, timeout: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._timeout = timeout
        self._clock = clock
        self._keys: dict[str, Any] = {}
        self._asked: float | None = None
        self._fetched = 0.0
        self._failed = False
        self._lock = threading.Lock()

    def key(self, kid: str) -> Any | None:
        """The key of this id, `None` if the pool has no such key."""
        known = self._keys.get(kid)
        if known is not None:
            return self._again(kid) if self._is_old() else known
        with self._lock:
            # Another thread may have fetched while this one waited.
            if kid not in self._keys and self._may_ask():
                self._fetch()
            found = self._keys.get(kid)
            if found is None and self._failed:
                raise CognitoUnavailable("The pool's keys could not be fetched.")
        return found

    def refresh(self) -> bool:
        """Fetches now and says whether that went well."""
        with self._lock:
            self._fetch()
            return not self._failed

    def _again(self, kid: str) -> Any | None:
        # One request asks; the others need not wait for it.
        if self._lock.acquire(blocking=False):
            try:
                if self._may_ask():
                    self._fetch()
            finally:
                self._lock.release()
        return self._keys.get(kid)

    def _is_old(self) -> bool:
        return self._clock() - self._fetched >= LONGEST_AGE

    def _may_ask(self) -> bool:
        pause = COOL_DOWN if self._keys else FIRST_COOL_DOWN
        return self._asked is None or self._clock() - self._asked >= pause

    def _fetch(self) -> None:
        self._failed = True
        try:
            with urllib.request.urlopen(self._url, timeout=self._timeout) as answer:
                document = json.loads(answer.read(LONGEST_DOCUMENT))
            fetched = {
                entry["kid"]: jwt.PyJWK(entry, algorithm="RS256").key
                for entry in document["keys"]
                if entry.get("kty") == "RSA" and entry.get("use") == "sig"
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError):
            return
        finally:
            self._asked = self._clock()
        if fetched:
            self._keys = fetched
            self._fetched = self._clock()
            self._failed = False


_key_sets: dict[str, KeySet] = {}
_guard = threading.Lock()


def key_set(issuer: str, timeout: float) -> KeySet:
    """This process's keys of an issuer."""
    with _guard:
        if issuer not in _key_sets:
            url = f"{issuer.rstrip('/')}/.well-known/jwks.json"
            _key_sets[issuer] = KeySet(url, timeout)
        return _key_sets[issuer]
