"""Hashers that Django 5.2 no longer has, and a quick default.

Formats: Django 1.3 to 5.0 wrote and read `sha1$salt$hex`, a bare 32-digit MD5 or `md5$$hex`,
`sha1$$hex`, and `crypt$$` with traditional DES (`django.contrib.auth.hashers` of those versions).
Called by Django through PASSWORD_HASHERS, and by the population for its encoded passwords.
"""

import hashlib
import hmac
import warnings
from typing import Any

from django.contrib.auth.hashers import BasePasswordHasher, PBKDF2PasswordHasher

with warnings.catch_warnings():
    # passlib looks for the standard library's deprecated crypt; DES itself it does without.
    warnings.simplefilter("ignore", DeprecationWarning)
    from passlib.hash import des_crypt


class QuickPBKDF2PasswordHasher(PBKDF2PasswordHasher):
    """Verifies any pbkdf2_sha256 string at the cost written in it.

    As the preferred hasher it is what Django burns for an unknown user; one round keeps the
    oracle quick and changes no verdict.
    """

    iterations = 1


class _DroppedHasher(BasePasswordHasher):
    """A format Django once wrote: `digest(password, salt)` and where the two stand."""

    def digest(self, password: str, salt: str) -> str:
        raise NotImplementedError

    def encode(self, password: str, salt: str) -> str:
        return f"{self.algorithm}${salt}${self.digest(password, salt)}"

    def decode(self, encoded: str) -> dict[str, Any]:
        algorithm, salt, digest = encoded.split("$", 2)
        return {"algorithm": algorithm, "salt": salt, "hash": digest}

    def verify(self, password: str, encoded: str) -> bool:
        parts = self.decode(encoded)
        return hmac.compare_digest(parts["hash"], self.digest(password, parts["salt"]))

    def must_update(self, encoded: str) -> bool:
        return True

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Nothing to even out: these have no cost."""


class SaltedSHA1PasswordHasher(_DroppedHasher):
    """`sha1$salt$hex`."""

    algorithm = "sha1"

    def digest(self, password: str, salt: str) -> str:
        return hashlib.sha1((salt + password).encode()).hexdigest()


class UnsaltedMD5PasswordHasher(_DroppedHasher):
    """32 hexadecimal digits, or the same behind `md5$$`."""

    algorithm = "unsalted_md5"

    def digest(self, password: str, salt: str) -> str:
        return hashlib.md5(password.encode()).hexdigest()

    def encode(self, password: str, salt: str) -> str:
        return self.digest(password, salt)

    def decode(self, encoded: str) -> dict[str, Any]:
        digest = encoded.removeprefix("md5$$")
        return {"algorithm": self.algorithm, "salt": "", "hash": digest}


class UnsaltedSHA1PasswordHasher(_DroppedHasher):
    """`sha1$$hex`."""

    algorithm = "unsalted_sha1"

    def digest(self, password: str, salt: str) -> str:
        return hashlib.sha1(password.encode()).hexdigest()

    def encode(self, password: str, salt: str) -> str:
        return f"sha1$${self.digest(password, salt)}"


class DESCryptPasswordHasher(_DroppedHasher):
    """`crypt$$` and 13 characters, the first two of which are the salt."""

    algorithm = "crypt"

    def encode(self, password: str, salt: str) -> str:
        return f"crypt$${des_crypt.using(salt=salt).hash(password)}"

    def verify(self, password: str, encoded: str) -> bool:
        return bool(des_crypt.verify(password, self.decode(encoded)["hash"]))
