"""Random passwords and encoded passwords, with the answer of Django's own check_password.

usage: differential.py --seed N --cases N

Runs under whatever Django the interpreter has. Writes JSON lines: first what was asked and with
which versions, then one case each: `password`, `encoded`, `kind`, `algorithm` as Django's
identify_hasher names it (null where it raises), and `django`: true, false, or the name of the
exception that check_password raised.

Kinds: `right` and `wrong` passwords for a sound hash; `mutated`, a hash with something changed,
and its right password. Costs are small, so that thousands take seconds.

Called by the differential test of crates/django-password.
"""

import argparse
import base64
import json
import os
import random
import sys
import unicodedata
import warnings

warnings.simplefilter("ignore")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

try:
    import crypt
except ImportError:
    try:
        import crypt_r as crypt

        sys.modules["crypt"] = crypt
    except ImportError:
        crypt = None

import django
from django.conf import settings

BUILT_IN = [
    f"django.contrib.auth.hashers.{name}"
    for name in (
        "PBKDF2PasswordHasher",
        "PBKDF2SHA1PasswordHasher",
        "Argon2PasswordHasher",
        "BCryptSHA256PasswordHasher",
        "BCryptPasswordHasher",
        "ScryptPasswordHasher",
        "MD5PasswordHasher",
    )
]
# Gone in Django 5.0 (crypt) and 5.1.
DROPPED = [
    f"django.contrib.auth.hashers.{name}"
    for name in (
        "SHA1PasswordHasher",
        "UnsaltedMD5PasswordHasher",
        "UnsaltedSHA1PasswordHasher",
        "CryptPasswordHasher",
    )
]
HAS_DROPPED = django.VERSION < (5, 0)

# An unknown user or algorithm makes Django hash with the first hasher: a cheap one.
settings.configure(PASSWORD_HASHERS=["first.First"])

import types  # noqa: E402

import argon2  # noqa: E402
import bcrypt  # noqa: E402
import project_hashers  # noqa: E402
from django.contrib.auth import hashers  # noqa: E402

_first = types.ModuleType("first")


class First(hashers.PBKDF2PasswordHasher):
    """Django's default, at a cost that thousands of cases can afford."""

    iterations = 1


_first.First = First
sys.modules["first"] = _first
settings.PASSWORD_HASHERS = [
    "first.First",
    *BUILT_IN[1:],
    *(DROPPED if HAS_DROPPED else []),
    *project_hashers.PATHS,
]
hashers.get_hashers.cache_clear()
hashers.get_hashers_by_algorithm.cache_clear()

RADIX64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ALPHABETS = [
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "".join(map(chr, range(32, 127))),
    "äöüßéèñçøåÆŒđłİıſK",
    "aàáâãåe\u0301n\u0303o\u0308ﬁ①Ⅷ",
    "пароль密码パスワード비밀번호كلمةסיסמה",
    "😀🔑𝄞👩\u200d💻🇩🇪",
    "\x00\x01\t\n\r\x7f\x80\ufeff\u2028",
]


class Case:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self, length):
        alphabet = self.random.choice(ALPHABETS)
        other = self.random.choice(ALPHABETS)
        return "".join(
            self.random.choice(other if self.random.random() < 0.1 else alphabet)
            for _ in range(length)
        )

    def password(self):
        kind = self.random.random()
        if kind < 0.03:
            return ""
        if kind < 0.70:
            return self.text(self.random.randint(1, 20))
        if kind < 0.90:
            # Around the lengths at which HMAC, bcrypt and the digests change their ways.
            edge = self.random.choice([7, 8, 9, 55, 56, 63, 64, 65, 71, 72, 73, 127, 128, 129])
            return self.text(edge)
        if kind < 0.97:
            return self.text(self.random.randint(100, 700))
        return self.text(self.random.choice([4095, 4096, 4097, 9000]))

    def wrong(self, password):
        """Another password, mostly a near miss."""
        r = self.random
        ways = [
            lambda: password + r.choice([" ", "\n", "\x00", "x", "é"]),
            lambda: password[:-1],
            lambda: password[1:],
            lambda: password.swapcase(),
            lambda: unicodedata.normalize("NFD", password),
            lambda: unicodedata.normalize("NFKC", password),
            lambda: password.strip(),
            lambda: password[:-1] + r.choice("abcXYZ0189 "),
            lambda: r.choice("abcXYZ0189 ") + password[1:],
            lambda: "",
            lambda: self.password(),
        ]
        for _ in range(20):
            other = r.choice(ways)()
            if other != password:
                return other
        return password + "?"

    def salt(self):
        length = self.random.choice([1, 2, 5, 8, 12, 12, 22, 22, 22, 40, 200])
        return self.text(length).replace("$", "S") or "salt"

    def iterations(self):
        return self.random.choice([1, 2, 3, self.random.randint(4, 300), 1000])

    def make(self):
        """One sound encoded password and its password."""
        password = self.password()
        makers = [
            (6, self.pbkdf2),
            (5, self.argon2),
            (2, self.argon2_django),
            (3, self.scrypt),
            (3, self.bcrypt),
            (2, self.md5),
            (5, self.project),
        ]
        if HAS_DROPPED:
            makers += [(2, self.sha1), (2, self.unsalted), (5, self.crypt)]
        weights, functions = zip(*makers)
        maker = self.random.choices(functions, weights)[0]
        return password, maker(password)

    def pbkdf2(self, password):
        name = self.random.choice(["pbkdf2_sha256", "pbkdf2_sha1"])
        return hashers.get_hasher(name).encode(password, self.salt(), self.iterations())

    def argon2(self, password):
        r = self.random
        lanes = r.choice([1, 1, 2, 3, 8])
        encoded = argon2.low_level.hash_secret(
            password.encode(),
            bytes(r.randrange(256) for _ in range(r.choice([8, 9, 12, 16, 16, 22, 33]))),
            time_cost=r.choice([1, 2, 3]),
            memory_cost=lanes * 8 + r.choice([0, 0, 1, 7, 24, 100]),
            parallelism=lanes,
            hash_len=r.choice([4, 5, 16, 16, 32, 32, 64, 65, 100]),
            type=r.choice([argon2.Type.I, argon2.Type.D, argon2.Type.ID, argon2.Type.ID]),
            version=r.choice([0x10, 0x13, 0x13]),
        ).decode()
        if "$v=16$" in encoded and r.random() < 0.5:
            # As written before versions were, and still read.
            encoded = encoded.replace("$v=16$", "$")
        return "argon2" + encoded

    def argon2_django(self, password):
        hasher = hashers.get_hasher("argon2")
        hasher.memory_cost, hasher.time_cost = 64, self.random.choice([1, 2])
        hasher.parallelism = self.random.choice([1, 2, 8])
        return hasher.encode(password, self.text(22).replace("$", "S"))

    def scrypt(self, password):
        r = self.random
        n, block_size = r.choice([(2, 1), (4, 8), (16, 8), (64, 8), (1024, 1), (32, 3)])
        return hashers.get_hasher("scrypt").encode(
            password, self.salt(), n, block_size, r.choice([1, 1, 2, 5, 6])
        )

    def bcrypt_salt(self, prefix):
        r = self.random
        raw = bytes(r.randrange(256) for _ in range(16))
        standard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        own = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        text = base64.b64encode(raw).decode().rstrip("=").translate(str.maketrans(standard, own))
        return f"${prefix}${r.choice(['04', '04', '04', '05'])}${text}".encode()

    def bcrypt(self, password):
        name = self.random.choice(["bcrypt", "bcrypt_sha256"])
        prefix = self.random.choice(["2b", "2b", "2a", "2y", *(["2x"] if BCRYPT_4 else [])])
        if name == "bcrypt" and BCRYPT_5:
            password = password.encode()[:72].decode(errors="ignore")
        return hashers.get_hasher(name).encode(password, self.bcrypt_salt(prefix))

    def md5(self, password):
        return hashers.get_hasher("md5").encode(password, self.salt())

    def sha1(self, password):
        return hashers.get_hasher("sha1").encode(password, self.salt())

    def unsalted(self, password):
        name = self.random.choice(["unsalted_md5", "unsalted_sha1"])
        encoded = hashers.get_hasher(name).encode(password, "")
        if name == "unsalted_md5" and self.random.random() < 0.5:
            encoded = "md5$$" + encoded
        return encoded

    def crypt(self, password):
        r = self.random

        def text(length):
            return "".join(r.choice(RADIX64) for _ in range(length))

        rounds = r.choice(["", "", f"rounds={r.randint(1000, 1200)}$"])
        setting = r.choice(
            [
                text(2),
                text(2),
                text(2),
                "_" + r.choice(["/...", "J9..", "z/.."]) + text(4),
                "$1$" + text(r.randint(0, 8)) + "$",
                f"$5${rounds}{text(r.randint(0, 16))}$",
                f"$6${rounds}{text(r.randint(0, 16))}$",
                self.bcrypt_salt(r.choice(["2a", "2b", "2y"])).decode(),
            ]
        )
        result = crypt.crypt(password, setting)
        if not result or result.startswith("*"):
            raise ValueError("this libcrypt refuses the setting or the password")
        return f"crypt${r.choice(['', '', 'ab', text(3)])}${result}"

    def project(self, password):
        name = self.random.choice([*project_hashers.ALIASES, *project_hashers.WRAPPED])
        hasher = hashers.get_hasher(name)
        if "bcrypt" in name:
            if name == "bcrypt_4" and BCRYPT_5:
                password = password.encode()[:72].decode(errors="ignore")
            return hasher.encode(password, self.bcrypt_salt("2b"))
        if name == "argon2_wrapped_sha1" and self.random.random() < 0.5:
            return self.argon2_wrapped_any_salt(password)
        if "argon2" in name:
            # The reference library wants eight bytes of salt.
            return hasher.encode(password, (self.salt().replace("$", "S") * 8)[:22])
        return hasher.encode(password, self.salt())

    def argon2_wrapped_any_salt(self, password):
        """Any bytes as salt: `decode`, hence the wrapped hasher's `verify`, reads them as Latin-1."""
        raw = bytes(self.random.randrange(256) for _ in range(16))
        inner = project_hashers.inner_hash("sha1", password, raw.decode("latin1"))
        secret = argon2.low_level.hash_secret(
            inner.encode(), raw, time_cost=1, memory_cost=64, parallelism=1, hash_len=32,
            type=argon2.Type.ID,
        )
        return "argon2_wrapped_sha1" + secret.decode()

    def mutate(self, encoded):
        """Something in the string changed; nothing that would make it expensive."""
        r = self.random
        at = r.randrange(len(encoded)) if encoded else 0
        ways = [
            lambda: encoded[:at] + encoded[at + 1 :],
            lambda: encoded[:at] + r.choice("$a0.=/+ ,!") + encoded[at:],
            lambda: encoded[:at] + r.choice("$aA0./+=é\x00") + encoded[at + 1 :],
            lambda: encoded[:at],
            lambda: encoded[at:],
            lambda: encoded + r.choice(["\n", " ", "$", "=", "\x00", "A", "é", "$x"]),
            lambda: r.choice([" ", "!", "$", "\ufeff"]) + encoded,
            lambda: encoded.swapcase(),
            lambda: encoded.upper(),
            lambda: encoded.rstrip("="),
            lambda: encoded + "=",
            lambda: encoded.replace("$", "$$", 1),
            lambda: encoded.replace("+", "-").replace("/", "_"),
            lambda: "$".join(r.sample(encoded.split("$"), len(encoded.split("$")))),
            lambda: self.renumber(encoded),
            lambda: self.last_bits(encoded),
            lambda: (
                r.choice(["md5", "sha1", "argon2", "bcrypt", "crypt", "scrypt"])
                + "$"
                + encoded.split("$", 1)[-1]
            ),
            lambda: encoded.replace("argon2id", r.choice(["argon2i", "argon2d", "argon2"])),
            lambda: encoded.replace("$v=19", r.choice(["", "$v=16", "$v=18", "$v=019", "$v="])),
            lambda: encoded.replace("$2b$", r.choice(["$2a$", "$2y$", "$2$", "$2c$"])),
            lambda: "",
        ]
        for _ in range(30):
            changed = r.choice(ways)()
            if changed != encoded and affordable(changed):
                return changed
        return encoded + "$"

    def renumber(self, encoded):
        """A number written in another way that Python's int() would read."""
        parts = encoded.split("$")
        numbers = [index for index, part in enumerate(parts) if part.isdecimal()]
        if not numbers:
            return encoded
        index = self.random.choice(numbers)
        number = parts[index]
        parts[index] = self.random.choice(
            [
                "0" + number,
                "+" + number,
                "-" + number,
                " " + number,
                number + " ",
                number.replace("0", "٠").replace("1", "١"),
                "_".join(number),
                number + ".0",
                "0",
                "",
                hex(int(number)),
            ]
        )
        return "$".join(parts)

    def last_bits(self, encoded):
        """Another last character of the base64: the stray bits, which decoders may ignore."""
        body = encoded.rstrip("=")
        if not body:
            return encoded
        return body[:-1] + self.random.choice(RADIX64) + encoded[len(body) :]


def affordable(encoded):
    """Whether every number in the string keeps Django quick."""
    for part in encoded.replace(",", "$").split("$"):
        digits = part.split("=")[-1].strip("+- _")
        try:
            number = int(digits)
        except ValueError:
            continue
        if len(digits) < 20 and number > 20_000:
            return False
    parts = encoded.split("$")
    if "2b" in parts or "2a" in parts or "2y" in parts or "2x" in parts:
        return any(part in ("04", "05") for part in parts) and not any(
            part.isdecimal() and int(part) > 6 for part in parts
        )
    return True


def ask(password, encoded):
    try:
        algorithm = hashers.identify_hasher(encoded).algorithm
    except Exception:  # whatever it raises, Django has no name for it
        algorithm = None
    try:
        return algorithm, hashers.check_password(password, encoded)
    except Exception as error:  # the test wants to know which
        return algorithm, type(error).__name__


BCRYPT_VERSION = int(getattr(bcrypt, "__version__", "0").split(".")[0])
BCRYPT_4 = BCRYPT_VERSION >= 4
BCRYPT_5 = BCRYPT_VERSION >= 5


def versions():
    from importlib.metadata import version

    return {name: version(name) for name in ("Django", "argon2-cffi", "bcrypt")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--cases", type=int, required=True)
    arguments = parser.parse_args()
    case = Case(arguments.seed)
    header = {
        "versions": versions(),
        "seed": arguments.seed,
        "aliases": project_hashers.ALIASES,
        "wrapped": project_hashers.WRAPPED,
    }
    print(json.dumps(header))
    made = 0
    while made < arguments.cases:
        try:
            password, encoded = case.make()
        except Exception:  # a password this library refuses, such as NUL in bcrypt 3
            continue
        kind = case.random.choice(["right", "right", "wrong", "wrong", "mutated"])
        asked, stored = password, encoded
        if kind == "wrong":
            asked = case.wrong(password)
        elif kind == "mutated":
            stored = case.mutate(encoded)
        algorithm, answer = ask(asked, stored)
        line = {
            "kind": kind,
            "password": asked,
            "encoded": stored,
            "algorithm": algorithm,
            "django": answer,
        }
        print(json.dumps(line))
        made += 1


if __name__ == "__main__":
    main()
