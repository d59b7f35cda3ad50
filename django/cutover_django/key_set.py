"""The pool's public keys.

Responsible for fetching and keeping them. It must not know tokens. Called by `access_token`.

A token can name any `kid`, so an unknown one must not make a request each: after a fetch, unknown
keys are refused without another for a while. Keys that were fetched stay when a later fetch fails.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from typing import Any, Callable

import jwt

from cutover_django.errors import CognitoUnavailable

#: Seconds between two fetches.
COOL_DOWN = 30
#: A key document has two keys of half a kilobyte.
LONGEST_DOCUMENT = 64 * 1024


class KeySet:
    def __init__(
        self, url: str, timeout: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._timeout = timeout
        self._clock = clock
        self._keys: "dict[str, Any]" = {}
        self._asked: "float | None" = None
        self._lock = threading.Lock()

    def key(self, kid: str) -> "Any | None":
        """The key of this id, `None` if the pool has no such key."""
        known = self._keys.get(kid)
        if known is not None:
            return known
        with self._lock:
            # Another thread may have fetched while this one waited.
            if kid not in self._keys and self._may_ask():
                self._fetch()
        found = self._keys.get(kid)
        if found is None and not self._keys:
            raise CognitoUnavailable("The pool's keys could not be fetched.")
        return found

    def refresh(self) -> int:
        """Fetches now and says how many keys there are."""
        with self._lock:
            self._fetch()
        return len(self._keys)

    def _may_ask(self) -> bool:
        return self._asked is None or self._clock() - self._asked >= COOL_DOWN

    def _fetch(self) -> None:
        self._asked = self._clock()
        try:
            with urllib.request.urlopen(self._url, timeout=self._timeout) as answer:
                document = json.loads(answer.read(LONGEST_DOCUMENT))
            fetched = {
                entry["kid"]: jwt.PyJWK(entry).key
                for entry in document["keys"]
                if entry.get("kty") == "RSA" and entry.get("use") == "sig"
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError):
            return
        if fetched:
            self._keys = fetched


_key_sets: "dict[str, KeySet]" = {}
_guard = threading.Lock()


def key_set(issuer: str, timeout: float) -> KeySet:
    """This process's keys of an issuer."""
    with _guard:
        if issuer not in _key_sets:
            url = f"{issuer.rstrip('/')}/.well-known/jwks.json"
            _key_sets[issuer] = KeySet(url, timeout)
        return _key_sets[issuer]
