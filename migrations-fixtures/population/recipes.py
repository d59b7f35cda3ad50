"""How a password is encoded: algorithm, cost and salt, with Django's own hashers.

Salts come from the caller's random numbers, so that the same seed gives the same strings.
Called by `cast` and `crowd`.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from string import ascii_letters, digits

import argon2
from django.contrib.auth import hashers as django_hashers

from legacy_app import hashers as dropped_hashers

_ALPHANUMERIC = ascii_letters + digits
_BCRYPT_ALPHABET = "./" + ascii_letters[26:] + ascii_letters[:26] + digits
_BASE64_ALPHABET = ascii_letters[26:] + ascii_letters[:26] + digits + "+/"


@dataclass(frozen=True)
class Recipe:
    """One way to encode. `label` tells costs and variants of an algorithm apart."""

    algorithm: str
    label: str
    encode: Callable[[str, Random], str]


def salt(rng: Random, length: int = 22) -> str:
    """Letters and digits; 22 since Django 3.2, 12 before."""
    return "".join(rng.choices(_ALPHANUMERIC, k=length))


def pbkdf2_sha256(iterations: int) -> Recipe:
    def encode(password: str, rng: Random) -> str:
        hasher = django_hashers.PBKDF2PasswordHasher()
        return str(hasher.encode(password, salt(rng), iterations))

    return Recipe("pbkdf2_sha256", f"{iterations:,} iterations", encode)


def pbkdf2_sha1(iterations: int) -> Recipe:
    def encode(password: str, rng: Random) -> str:
        hasher = django_hashers.PBKDF2SHA1PasswordHasher()
        return str(hasher.encode(password, salt(rng), iterations))

    return Recipe("pbkdf2_sha1", f"{iterations:,} iterations", encode)


def argon2id(*, time: int = 2, memory_kib: int = 102_400, lanes: int = 8) -> Recipe:
    """Django's default costs unless told otherwise."""

    def encode(password: str, rng: Random) -> str:
        hasher = django_hashers.Argon2PasswordHasher()
        hasher.time_cost, hasher.memory_cost, hasher.parallelism = time, memory_kib, lanes
        return str(hasher.encode(password, salt(rng)))

    return Recipe("argon2", f"argon2id m={memory_kib},t={time},p={lanes}", encode)


def argon2i(*, version: int = 19) -> Recipe:
    """What Django 1.10 to 3.1 wrote: argon2i, m=512, t=2, p=2; version 16 before argon2 1.3."""

    def encode(password: str, rng: Random) -> str:
        encoded = argon2.low_level.hash_secret(
            password.encode(),
            salt(rng, 12).encode(),
            time_cost=2,
            memory_cost=512,
            parallelism=2,
            hash_len=16,
            type=argon2.low_level.Type.I,
            version=version,
        )
        return f"argon2{encoded.decode('ascii')}"

    return Recipe("argon2", f"argon2i v={version},m=512,t=2,p=2", encode)


def _bcrypt_salt(rng: Random, prefix: str, cost: int) -> bytes:
    standard = base64.b64encode(rng.randbytes(16)).decode("ascii").rstrip("=")
    own = standard.translate(str.maketrans(_BASE64_ALPHABET, _BCRYPT_ALPHABET))
    return f"${prefix}${cost:02}${own}".encode("ascii")


def bcrypt(cost: int = 12, prefix: str = "2b") -> Recipe:
    def encode(password: str, rng: Random) -> str:
        hasher = django_hashers.BCryptPasswordHasher()
        return str(hasher.encode(password, _bcrypt_salt(rng, prefix, cost)))

    return Recipe("bcrypt", f"${prefix}$ cost {cost}", encode)


def bcrypt_sha256(cost: int = 12, prefix: str = "2b") -> Recipe:
    def encode(password: str, rng: Random) -> str:
        hasher = django_hashers.BCryptSHA256PasswordHasher()
        return str(hasher.encode(password, _bcrypt_salt(rng, prefix, cost)))

    return Recipe("bcrypt_sha256", f"${prefix}$ cost {cost}", encode)


def scrypt(n: int = 2**14, r: int = 8, p: int = 5) -> Recipe:
    def encode(password: str, rng: Random) -> str:
        hasher = django_hashers.ScryptPasswordHasher()
        return str(hasher.encode(password, salt(rng), n=n, r=r, p=p))

    return Recipe("scrypt", f"N={n},r={r},p={p}", encode)


def _costless(hasher: type, label: str, salt_length: int) -> Recipe:
    def encode(password: str, rng: Random) -> str:
        return str(hasher().encode(password, salt(rng, salt_length)))

    return Recipe(str(hasher.algorithm), label, encode)  # type: ignore[attr-defined]


MD5 = _costless(django_hashers.MD5PasswordHasher, "salted", 12)
SHA1 = _costless(dropped_hashers.SaltedSHA1PasswordHasher, "salted", 5)
UNSALTED_MD5 = _costless(dropped_hashers.UnsaltedMD5PasswordHasher, "bare digest", 0)
UNSALTED_SHA1 = _costless(dropped_hashers.UnsaltedSHA1PasswordHasher, "sha1$$", 0)
DES_CRYPT = _costless(dropped_hashers.DESCryptPasswordHasher, "DES", 2)
UNSALTED_MD5_EMPTY_SALT = Recipe(
    UNSALTED_MD5.algorithm,
    "md5$$",
    lambda password, rng: "md5$$" + UNSALTED_MD5.encode(password, rng),
)

QUICK = pbkdf2_sha256(1_000)
"""For whoever is here for another reason than the password."""

QUICK_VARIANTS = (
    QUICK,
    pbkdf2_sha1(1_000),
    argon2id(time=1, memory_kib=64, lanes=1),
    argon2id(time=3, memory_kib=256, lanes=4),
    argon2i(),
    argon2i(version=16),
    bcrypt(4),
    bcrypt(5, "2a"),
    bcrypt_sha256(4),
    scrypt(2**4, 8, 1),
    scrypt(2**6, 8, 5),
    MD5,
    SHA1,
    UNSALTED_MD5,
    UNSALTED_MD5_EMPTY_SALT,
    UNSALTED_SHA1,
    DES_CRYPT,
)
"""Every algorithm and format once, at costs that take no time."""

QUICK_OF_EACH = {recipe.algorithm: recipe for recipe in reversed(QUICK_VARIANTS)}
"""A quick stand-in for a recipe of the same algorithm."""

FULL_COST = (
    *(pbkdf2_sha256(1_000_000) for _ in range(12)),
    *(pbkdf2_sha1(1_000_000) for _ in range(2)),
    *(argon2id() for _ in range(6)),
    *(bcrypt_sha256() for _ in range(4)),
    *(bcrypt() for _ in range(2)),
    *(scrypt() for _ in range(4)),
)
"""Django 5.2's own costs (`django.contrib.auth.hashers`)."""

EARLIER_COSTS = tuple(
    pbkdf2_sha256(iterations)
    for iterations in (10_000, 20_000, 36_000, 120_000, 180_000, 260_000, 390_000, 600_000, 870_000)
)
"""PBKDF2 as Django 1.4, 1.8, 1.11, 2.1, 3.0, 3.2, 4.1, 4.2 and 5.1 wrote it (release notes)."""

CROWD_MIX = (
    (62, QUICK),
    (4, pbkdf2_sha256(2_000)),
    (3, pbkdf2_sha1(1_000)),
    (7, argon2id(time=1, memory_kib=64, lanes=1)),
    (1, argon2i()),
    (4, bcrypt_sha256(4)),
    (2, bcrypt(4)),
    (3, scrypt(2**4, 8, 1)),
    (3, SHA1),
    (1, MD5),
    (1, UNSALTED_MD5),
    (1, DES_CRYPT),
)
"""Weights of the algorithms among ordinary users of an app that began on Django 1.x."""
