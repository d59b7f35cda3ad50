"""Hashers as projects add them to PASSWORD_HASHERS, for any Django from 4.2 on.

The wrapped ones follow Django's documentation, "Password upgrading without requiring a login";
the aliases are subclasses that change name and cost alone. `ALIASES` and `WRAPPED` say the same
in the words of cutover.toml's [hashers] table.
"""

import hashlib

from django.contrib.auth.hashers import (
    Argon2PasswordHasher,
    BCryptPasswordHasher,
    BCryptSHA256PasswordHasher,
    MD5PasswordHasher,
    PBKDF2PasswordHasher,
    PBKDF2SHA1PasswordHasher,
    ScryptPasswordHasher,
)

ALIASES = {
    "pbkdf2_sha256_pinned": "pbkdf2_sha256",
    "pbkdf2_sha1_more": "pbkdf2_sha1",
    "argon2_light": "argon2",
    "bcrypt_sha256_13": "bcrypt_sha256",
    "bcrypt_4": "bcrypt",
    "scrypt_small": "scrypt",
    "md5_old": "md5",
}

WRAPPED = {
    "pbkdf2_wrapped_sha1": ("pbkdf2_sha256", "sha1"),
    "pbkdf2_wrapped_md5": ("pbkdf2_sha256", "md5"),
    "pbkdf2_sha1_wrapped_unsalted_md5": ("pbkdf2_sha1", "unsalted_md5"),
    "scrypt_wrapped_unsalted_sha1": ("scrypt", "unsalted_sha1"),
    "scrypt_wrapped_sha1": ("scrypt", "sha1"),
    "argon2_wrapped_sha1": ("argon2", "sha1"),
    "bcrypt_wrapped_unsalted_md5": ("bcrypt", "unsalted_md5"),
    "bcrypt_sha256_wrapped_unsalted_sha1": ("bcrypt_sha256", "unsalted_sha1"),
}


def inner_hash(inner, password, salt):
    """What stands after the last `$` of the old hash."""
    salted = salt if not inner.startswith("unsalted_") else ""
    digest = hashlib.md5 if inner.endswith("md5") else hashlib.sha1
    return digest((salted + password).encode()).hexdigest()


class Pinned(PBKDF2PasswordHasher):
    algorithm = "pbkdf2_sha256_pinned"
    iterations = 600


class PBKDF2SHA1More(PBKDF2SHA1PasswordHasher):
    algorithm = "pbkdf2_sha1_more"
    iterations = 700


class Argon2Light(Argon2PasswordHasher):
    algorithm = "argon2_light"
    time_cost = 1
    memory_cost = 64
    parallelism = 2


class BCryptSHA256Other(BCryptSHA256PasswordHasher):
    algorithm = "bcrypt_sha256_13"
    rounds = 5


class BCrypt4(BCryptPasswordHasher):
    algorithm = "bcrypt_4"
    rounds = 4


class ScryptSmall(ScryptPasswordHasher):
    algorithm = "scrypt_small"
    work_factor = 2**4


class MD5Old(MD5PasswordHasher):
    algorithm = "md5_old"


class WrappingEncode:
    """For outer hashers whose `encode` takes the old salt: PBKDF2 and scrypt."""

    inner = None

    def encode(self, password, salt, *cost):
        return super().encode(inner_hash(self.inner, password, salt), salt, *cost)


class PBKDF2WrappedSHA1(WrappingEncode, PBKDF2PasswordHasher):
    algorithm = "pbkdf2_wrapped_sha1"
    inner = "sha1"
    iterations = 500


class PBKDF2WrappedMD5(WrappingEncode, PBKDF2PasswordHasher):
    algorithm = "pbkdf2_wrapped_md5"
    inner = "md5"
    iterations = 500


class PBKDF2SHA1WrappedUnsaltedMD5(WrappingEncode, PBKDF2SHA1PasswordHasher):
    algorithm = "pbkdf2_sha1_wrapped_unsalted_md5"
    inner = "unsalted_md5"
    iterations = 500


class ScryptWrappedUnsaltedSHA1(WrappingEncode, ScryptPasswordHasher):
    algorithm = "scrypt_wrapped_unsalted_sha1"
    inner = "unsalted_sha1"
    work_factor = 2**5


class ScryptWrappedSHA1(WrappingEncode, ScryptPasswordHasher):
    algorithm = "scrypt_wrapped_sha1"
    inner = "sha1"
    work_factor = 2**5


class Argon2WrappedSHA1(Argon2PasswordHasher):
    algorithm = "argon2_wrapped_sha1"
    time_cost = 1
    memory_cost = 64
    parallelism = 1

    def encode(self, password, salt):
        return super().encode(inner_hash("sha1", password, salt), salt)

    def verify(self, password, encoded):
        salt = self.decode(encoded)["salt"]
        return super().verify(inner_hash("sha1", password, salt), encoded)


class BCryptWrappedUnsaltedMD5(BCryptPasswordHasher):
    algorithm = "bcrypt_wrapped_unsalted_md5"
    rounds = 4

    def encode(self, password, salt):
        return super().encode(inner_hash("unsalted_md5", password, ""), salt)


class BCryptSHA256WrappedUnsaltedSHA1(BCryptSHA256PasswordHasher):
    algorithm = "bcrypt_sha256_wrapped_unsalted_sha1"
    rounds = 4

    def encode(self, password, salt):
        return super().encode(inner_hash("unsalted_sha1", password, ""), salt)


PATHS = [
    f"{__name__}.{name}"
    for name in (
        "Pinned",
        "PBKDF2SHA1More",
        "Argon2Light",
        "BCryptSHA256Other",
        "BCrypt4",
        "ScryptSmall",
        "MD5Old",
        "PBKDF2WrappedSHA1",
        "PBKDF2WrappedMD5",
        "PBKDF2SHA1WrappedUnsaltedMD5",
        "ScryptWrappedUnsaltedSHA1",
        "ScryptWrappedSHA1",
        "Argon2WrappedSHA1",
        "BCryptWrappedUnsaltedMD5",
        "BCryptSHA256WrappedUnsaltedSHA1",
    )
]
