"""Django and its libraries, measured from inside: reads questions as JSON lines, answers each.

`encode` answers with an encoded password; the others with the nanoseconds one call took,
by the wall clock and of the CPU.
"""

import hashlib
import json
import sys
import time

import argon2
import bcrypt
from django.conf import settings

settings.configure(
    PASSWORD_HASHERS=[
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher",
        "django.contrib.auth.hashers.Argon2PasswordHasher",
        "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
        "django.contrib.auth.hashers.BCryptPasswordHasher",
        "django.contrib.auth.hashers.ScryptPasswordHasher",
    ]
)

from django.contrib.auth import hashers  # noqa: E402

SALT = "aSaltOf22CharactersXyz"
MILLION = 1_000_000

RECIPES = {
    "pbkdf2_sha256": lambda password: hashers.get_hasher("pbkdf2_sha256").encode(
        password, SALT, MILLION
    ),
    "pbkdf2_sha1": lambda password: hashers.get_hasher("pbkdf2_sha1").encode(
        password, SALT, MILLION
    ),
    "argon2": lambda password: hashers.get_hasher("argon2").encode(password, SALT),
    "scrypt": lambda password: hashers.get_hasher("scrypt").encode(password, SALT),
    "bcrypt": lambda password: hashers.get_hasher("bcrypt").encode(password, bcrypt.gensalt(12)),
}

ARGON2 = argon2.PasswordHasher(time_cost=2, memory_cost=102400, parallelism=8)
ARGON2_HASH = ARGON2.hash("a password of some length")
BCRYPT_HASH = bcrypt.hashpw(b"a password of some length", bcrypt.gensalt(12))

PRIMITIVES = {
    "openssl-pbkdf2-sha256": lambda: hashlib.pbkdf2_hmac("sha256", b"pw", SALT.encode(), MILLION),
    "openssl-pbkdf2-sha1": lambda: hashlib.pbkdf2_hmac("sha1", b"pw", SALT.encode(), MILLION),
    "argon2-cffi": lambda: ARGON2.verify(ARGON2_HASH, "a password of some length"),
    "openssl-scrypt": lambda: hashlib.scrypt(
        b"a password of some length", salt=SALT.encode(), n=2**14, r=8, p=5, dklen=64
    ),
    "python-bcrypt": lambda: bcrypt.checkpw(b"a password of some length", BCRYPT_HASH),
}


def nanoseconds(work):
    wall, cpu = time.perf_counter_ns(), time.process_time_ns()
    work()
    return {"wall": time.perf_counter_ns() - wall, "cpu": time.process_time_ns() - cpu}


for line in sys.stdin:
    question = json.loads(line)
    todo = question["do"]
    if todo == "encode":
        answer = RECIPES[question["recipe"]](question["password"])
    elif todo == "check":
        password, encoded = question["password"], question["encoded"]
        hasher = hashers.identify_hasher(encoded)
        # The hasher alone: check_password would besides hash again at the default cost.
        answer = nanoseconds(lambda: hasher.verify(password, encoded))
    else:
        answer = nanoseconds(PRIMITIVES[todo])
    print(json.dumps(answer), flush=True)
