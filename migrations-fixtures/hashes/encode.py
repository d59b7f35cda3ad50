# -*- coding: utf-8 -*-
"""Encodes and checks passwords with whatever Django the interpreter has; writes one JSON document.

usage: encode.py

Runs on Python 2.7 and later, with Django 1.3 and later. Salts are derived from the case, so that
the same versions write the same document. Nothing here computes a hash itself or decides whether a
password is right: both are Django's doing. Called by make.py.
"""

from __future__ import unicode_literals

import hashlib
import io
import json
import platform
import sys
import warnings

warnings.simplefilter("ignore")

import django
from django.conf import settings

BUILT_IN = (
    "PBKDF2PasswordHasher",
    "PBKDF2SHA1PasswordHasher",
    "Argon2PasswordHasher",
    "BCryptSHA256PasswordHasher",
    "BCryptPasswordHasher",
    "ScryptPasswordHasher",
    "SHA1PasswordHasher",
    "MD5PasswordHasher",
    "UnsaltedSHA1PasswordHasher",
    "UnsaltedMD5PasswordHasher",
    "CryptPasswordHasher",
)
SETTINGS = {"SECRET_KEY": "no secret", "USE_I18N": False}
HASHERS_PATH = "django.contrib.auth.hashers."

HAS_HASHERS = django.VERSION >= (1, 4)
if HAS_HASHERS:
    # Which hashers this version has can be read in the file; importing it needs the settings.
    import os

    source = os.path.join(os.path.dirname(django.__file__), "contrib", "auth", "hashers.py")
    with io.open(source, encoding="utf-8") as lines:
        defined = lines.read()
    SETTINGS["PASSWORD_HASHERS"] = [
        HASHERS_PATH + name for name in BUILT_IN if "class %s(" % name in defined
    ]

if HAS_HASHERS:
    settings.configure(**SETTINGS)
    from django.contrib.auth import hashers

    check_password = hashers.check_password
else:
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        **SETTINGS
    )
    from django.contrib.auth.models import check_password, get_hexdigest

RIGHT = [
    ("ascii", "letmein"),
    ("empty", ""),
    ("spaces", "  correct horse battery staple "),
    ("latin", "Pässwörter mögen Größe"),
    ("composed", "café"),
    ("decomposed", "cafe\u0301"),
    ("ligature", "of\ufb01ce \u2167"),
    ("scripts", "пароль密码パスワード"),
    ("astral", "\U0001f511 \U0001d11e \U0001f469\u200d\U0001f4bb"),
    ("nul", "before\x00after"),
    ("controls", "\t\r\n\x7f\x80\ufeff"),
    ("eight", "12345678"),
    ("nine", "123456789"),
    ("sixty-four", "s" * 64),
    ("sixty-five", "s" * 65),
    ("seventy-one", "b" * 71),
    ("seventy-two", "b" * 72),
    ("seventy-three", "b" * 73),
    ("character-across-72", "b" * 71 + "é" + "tail"),
    ("four-thousand-ninety-six", "x" * 4096),
    ("long", "0123456789" * 700),
]
# A wrong password for each; near where something could be forgotten.
WRONG = {
    "ascii": "Letmein",
    "empty": " ",
    "spaces": "correct horse battery staple",
    "latin": "Passworter mogen Große",
    "composed": "cafe\u0301",
    "decomposed": "café",
    "ligature": "office VIII",
    "scripts": "пароль密码パスワード ",
    "astral": "\U0001f511 \U0001d11e \U0001f469\U0001f4bb",
    "nul": "before",
    "controls": "",
    "eight": "1234567",
    "nine": "123456780",
    "sixty-four": "s" * 63,
    "sixty-five": "s" * 64,
    "seventy-one": "b" * 70,
    "seventy-two": "b" * 71,
    "seventy-three": "b" * 71 + "c",
    "character-across-72": "b" * 71 + "e",
    "four-thousand-ninety-six": "x" * 4095,
    "long": "0123456789" * 699,
}
PASSWORDS = dict(RIGHT)
PASSWORDS.update(("not " + name, wrong) for name, wrong in WRONG.items())

SALTS = ["seasalt", "x", "with space", "unicode-ß-盐", "quote'\"\\%s;--", "newline\n", "a" * 100]

RADIX64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BCRYPT64 = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def derived(label, alphabet, length):
    digest = bytearray(hashlib.sha512(label.encode("utf-8")).digest())
    return "".join(alphabet[byte % len(alphabet)] for byte in digest[:length])


def bcrypt_salt(label, prefix, rounds):
    # The last of 22 characters has two bits: one of these four.
    text = derived(label, BCRYPT64, 21) + derived(label + "/", ".Oeu", 1)
    return ("$%s$%02d$%s" % (prefix, rounds, text)).encode("ascii")


def answer(password, encoded):
    try:
        return bool(check_password(password, encoded))
    except Exception as error:
        return type(error).__name__


CASES = []


def add(algorithm, name, encoded, password="ascii"):
    """One encoded password, and Django's answers for its own and for another password."""
    if isinstance(encoded, bytes):
        encoded = encoded.decode("utf-8")
    checks = {
        label: answer(PASSWORDS[label], encoded) for label in (password, "not " + password)
    }
    CASES.append({"name": name, "algorithm": algorithm, "encoded": encoded, "checks": checks})


def attempt(algorithm, name, encode, password="ascii"):
    """Adds a case unless Django refuses to encode that password, as bcrypt 3 does with NUL."""
    try:
        encoded = encode()
    except Exception as error:
        CASES.append({"name": name, "algorithm": algorithm, "refused": type(error).__name__})
        return
    add(algorithm, name, encoded, password)


def native(text):
    """Django 1.4's hashers wanted bytes, which its `check_password` handed them."""
    return text.encode("utf-8") if django.VERSION < (1, 5) else text


def before_hashers():
    """Django up to 1.3: `get_hexdigest` for sha1 (the default), md5 and crypt."""
    for algorithm in ("sha1", "md5", "crypt"):
        for name, password in RIGHT:
            salt = derived(name, RADIX64[2:], 2 if algorithm == "crypt" else 5)
            attempt(
                algorithm,
                name,
                lambda: "%s$%s$%s" % (algorithm, salt, get_hexdigest(algorithm, salt, password)),
                name,
            )


def with_hashers():
    for path in settings.PASSWORD_HASHERS:
        hasher = getattr(hashers, path.rsplit(".", 1)[1])()
        for name, password in RIGHT:
            attempt(hasher.algorithm, name, lambda: encode(hasher, native(password), name), name)
        salts_and_costs(hasher)
    full_cost()


def full_cost():
    """What set_password writes, at the cost that users of this version have.

    From 4.2 on of the costly hashers, too; earlier ones differ only in their numbers.
    """
    password = native(PASSWORDS["ascii"])
    for path in settings.PASSWORD_HASHERS:
        hasher = getattr(hashers, path.rsplit(".", 1)[1])()
        first = path == settings.PASSWORD_HASHERS[0]
        costly = hasher.algorithm in ("argon2", "scrypt", "bcrypt_sha256")
        if not first and not (costly and django.VERSION >= (4, 2)):
            continue
        salt = native("aSaltOf22CharactersXyz")
        if costly and "bcrypt" in hasher.algorithm:
            salt = bcrypt_salt("full cost", "2b", hasher.rounds)
        add(hasher.algorithm, "full cost", hasher.encode(password, salt))


def encode(hasher, password, label):
    """With a small cost, where the hasher has one."""
    salt = native(derived(label, RADIX64[2:], 12))
    if hasher.algorithm.startswith("pbkdf2"):
        return hasher.encode(password, salt, 50 + len(label))
    if hasher.algorithm == "argon2":
        hasher.time_cost, hasher.memory_cost, hasher.parallelism = 2, 64, 2
        return hasher.encode(password, salt)
    if hasher.algorithm.startswith("bcrypt"):
        prefix = "2a" if django.VERSION < (1, 11) else "2b"
        return hasher.encode(password, bcrypt_salt(label, prefix, 4))
    if hasher.algorithm == "scrypt":
        return hasher.encode(password, salt, 16, 8, 5)
    if hasher.algorithm == "crypt":
        return hasher.encode(password, salt[:2])
    if hasher.algorithm.startswith("unsalted"):
        return hasher.encode(password, native(""))
    return hasher.encode(password, salt)


def salts_and_costs(hasher):
    algorithm, password = hasher.algorithm, native(PASSWORDS["ascii"])

    def with_salts(*cost):
        for salt in SALTS:
            label = "salt %s" % json.dumps(salt)
            attempt(algorithm, label, lambda: hasher.encode(password, native(salt), *cost))

    if algorithm.startswith("pbkdf2"):
        with_salts(3)
        for iterations in (1, 2, 10000):
            label = "%d iterations" % iterations
            attempt(algorithm, label, lambda: hasher.encode(password, native("salt"), iterations))
    elif algorithm == "scrypt":
        with_salts(4, 1, 1)
        for n, r, p in ((2, 1, 1), (1024, 1, 16), (16384, 8, 1), (8, 9, 3)):
            label = "N=%d r=%d p=%d" % (n, r, p)
            attempt(algorithm, label, lambda: hasher.encode(password, "salt", n, r, p))
    elif algorithm in ("md5", "sha1"):
        with_salts()
    elif algorithm == "unsalted_md5":
        bare = hasher.encode(password, native(""))
        add(algorithm, "with an empty salt in front", "md5$$" + bare)
    elif algorithm == "argon2":
        for t, m, p in ((1, 8, 1), (3, 1000, 1), (2, 512, 2), (1, 256, 16)):
            hasher.time_cost, hasher.memory_cost, hasher.parallelism = t, m, p
            label = "m=%d t=%d p=%d" % (m, t, p)
            attempt(algorithm, label, lambda: hasher.encode(password, "eightormore"))
    elif algorithm.startswith("bcrypt"):
        for prefix, rounds in (("2a", 4), ("2y", 4), ("2b", 5), ("2b", 9)):
            label = "%s work factor %d" % (prefix, rounds)
            salt = bcrypt_salt(label, prefix, rounds)
            attempt(algorithm, label, lambda: hasher.encode(password, salt))


def peculiar():
    """Strings no hasher wrote, each with the password that would be right if it were read kindly."""
    password, salt = native(PASSWORDS["ascii"]), native("salt")
    good = hashers.get_hasher("pbkdf2_sha256").encode(password, salt, 10)
    good = good.decode("ascii") if isinstance(good, bytes) else good
    body = good.split("$", 1)[1]
    hash_ = good.rsplit("$", 1)[1]
    strings = [
        ("nothing", ""),
        ("unusable", "!"),
        ("unusable with filler", "!" + "a" * 40),
        ("unusable in front of a sound hash", "!" + good),
        ("unusable of 32 characters", "!" + "0" * 31),
        ("no separator", "letmein"),
        ("name alone", "pbkdf2_sha256"),
        ("name and separator alone", "pbkdf2_sha256$"),
        ("unknown name", "phpass$" + body),
        ("no name", "$" + body),
        ("upper-case name", "PBKDF2_SHA256$" + body),
        ("space in front", " " + good),
        ("newline at the end", good + "\n"),
        ("one part more", good + "$"),
        ("zero iterations", "pbkdf2_sha256$0$salt$" + hash_),
        ("negative iterations", "pbkdf2_sha256$-10$salt$" + hash_),
        ("leading zero", "pbkdf2_sha256$010$salt$" + hash_),
        ("plus sign", "pbkdf2_sha256$+10$salt$" + hash_),
        ("underscore", "pbkdf2_sha256$1_0$salt$" + hash_),
        ("spaces around the number", "pbkdf2_sha256$ 10 $salt$" + hash_),
        ("Arabic digits", "pbkdf2_sha256$\u0661\u0660$salt$" + hash_),
        ("empty salt", "pbkdf2_sha256$10$$" + hash_),
        ("no padding", good.rstrip("=")),
        ("URL-safe base64", "pbkdf2_sha256$10$salt$" + hash_.replace("+", "-").replace("/", "_")),
        ("md5 of a name in front of nothing", "md5$$"),
        ("upper-case hex", "md5$salt$" + hashlib.md5(b"saltletmein").hexdigest().upper()),
        ("bare md5", hashlib.md5(b"letmein").hexdigest()),
        ("bare md5 in upper case", hashlib.md5(b"letmein").hexdigest().upper()),
        ("bare sha1", hashlib.sha1(b"letmein").hexdigest()),
        ("32 characters that are no digits", "z" * 32),
    ]
    for name, encoded in strings:
        add(None, name, encoded)


def library_versions():
    found = {}
    for module, name in (("argon2", "argon2-cffi"), ("bcrypt", "bcrypt")):
        try:
            imported = __import__(str(module))
        except ImportError:
            continue
        try:
            # argon2-cffi 21.2 and later keep theirs in the package's metadata.
            from importlib.metadata import version

            found[name] = version(name)
        except Exception:
            found[name] = getattr(imported, "__version__", "unknown")
    return found


def main():
    if HAS_HASHERS:
        with_hashers()
        peculiar()
    else:
        before_hashers()
    document = {
        "django": django.get_version(),
        "python": platform.python_version(),
        "libraries": library_versions(),
        "passwords": PASSWORDS,
        "cases": CASES,
    }
    text = json.dumps(document, indent=1, sort_keys=True, separators=(",", ": "))
    out = getattr(sys.stdout, "buffer", sys.stdout)
    out.write(text.encode("ascii") + b"\n")


main()
