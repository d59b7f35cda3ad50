"""Random hashes from Python's own libraries, without Django.

usage: primitives.py --seed N --cases N

Writes JSON lines: `library`, `password`, `encoded` in Django's form, and `right`: whether that
password is the hash's. PBKDF2 and scrypt come from hashlib (OpenSSL), argon2 from argon2-cffi, the
schemes of crypt(3) and Django's oldest formats from passlib's own pure Python, bcrypt from bcrypt.
Called by crates/django-password: a second opinion on each primitive.
"""

import argparse
import base64
import hashlib
import json
import random
import warnings

warnings.simplefilter("ignore")

import argon2  # noqa: E402
import bcrypt  # noqa: E402
from passlib.hash import (  # noqa: E402
    bsdi_crypt,
    des_crypt,
    django_des_crypt,
    django_pbkdf2_sha1,
    django_pbkdf2_sha256,
    django_salted_md5,
    django_salted_sha1,
    hex_md5,
    md5_crypt,
    sha256_crypt,
    sha512_crypt,
)

# Not the C library's crypt(3), which the differential test asks: a third implementation.
for handler in (des_crypt, bsdi_crypt, md5_crypt, sha256_crypt, sha512_crypt):
    handler.set_backend("builtin")

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
RADIX64 = "./" + LETTERS


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self, alphabet, length):
        return "".join(self.random.choice(alphabet) for _ in range(length))

    def password(self):
        alphabet = self.random.choice([LETTERS, " !\"#%&'()*+,-./:;<=>?@[]^_`{|}~", "äöüß盐🔑é"])
        return self.text(alphabet, self.random.choice([0, 1, 7, 8, 9, 16, 17, 33, 64, 65, 100]))

    def hashlib_pbkdf2(self, password):
        name = self.random.choice(["sha1", "sha256"])
        salt, iterations = self.text(LETTERS, 22), self.random.randint(1, 5000)
        digest = hashlib.pbkdf2_hmac(name, password.encode(), salt.encode(), iterations)
        return f"pbkdf2_{name}${iterations}${salt}${base64.b64encode(digest).decode()}"

    def hashlib_scrypt(self, password):
        r = self.random
        n, block, lanes = 2 ** r.randint(4, 12), r.choice([1, 2, 8]), r.choice([1, 2, 5])
        salt = self.text(LETTERS, r.randint(1, 40))
        digest = hashlib.scrypt(
            password.encode(), salt=salt.encode(), n=n, r=block, p=lanes, dklen=64, maxmem=2**28
        )
        return f"scrypt${n}${salt}${block}${lanes}${base64.b64encode(digest).decode()}"

    def argon2_cffi(self, password):
        r = self.random
        lanes = r.randint(1, 8)
        secret = argon2.low_level.hash_secret(
            password.encode(),
            self.text(LETTERS, r.randint(8, 64)).encode(),
            time_cost=r.randint(1, 4),
            memory_cost=lanes * 8 + r.randint(0, 2000),
            parallelism=lanes,
            hash_len=r.randint(4, 130),
            type=r.choice(list(argon2.Type)),
            version=r.choice([16, 19]),
        )
        return "argon2" + secret.decode()

    def bcrypt(self, password):
        salt = bcrypt.gensalt(4, self.random.choice([b"2a", b"2b"]))
        if self.random.random() < 0.5:
            return "bcrypt$" + bcrypt.hashpw(password.encode()[:72], salt).decode()
        hexed = hashlib.sha256(password.encode()).hexdigest().encode()
        return "bcrypt_sha256$" + bcrypt.hashpw(hexed, salt).decode()

    def passlib_crypt(self, password):
        r = self.random
        handler = r.choice(
            [
                des_crypt.using(salt=self.text(RADIX64, 2), truncate_error=False),
                # Even counts are weak, says passlib; a traditional one is odd.
                bsdi_crypt.using(salt=self.text(RADIX64, 4), rounds=r.randrange(1, 60, 2)),
                md5_crypt.using(salt=self.text(RADIX64, r.randint(0, 8))),
                sha256_crypt.using(salt=self.text(RADIX64, r.randint(0, 16)), rounds=1000),
                sha512_crypt.using(salt=self.text(RADIX64, r.randint(0, 16)), rounds=1001),
            ]
        )
        return "crypt$$" + handler.hash(password)

    def passlib_django(self, password):
        r = self.random
        salt = self.text(LETTERS, r.randint(1, 12))
        handler = r.choice(
            [
                django_pbkdf2_sha256.using(salt=salt, rounds=r.randint(1, 500)),
                django_pbkdf2_sha1.using(salt=salt, rounds=r.randint(1, 500)),
                django_salted_md5.using(salt=salt),
                django_salted_sha1.using(salt=salt),
                django_des_crypt.using(salt=self.text(RADIX64, 2), truncate_error=False),
                hex_md5,
            ]
        )
        return handler.hash(password)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--cases", type=int, required=True)
    arguments = parser.parse_args()
    maker = Maker(arguments.seed)
    libraries = [
        maker.hashlib_pbkdf2,
        maker.hashlib_scrypt,
        maker.argon2_cffi,
        maker.bcrypt,
        maker.passlib_crypt,
        maker.passlib_django,
    ]
    for number in range(arguments.cases):
        library = libraries[number % len(libraries)]
        password = maker.password()
        encoded = library(password)
        right = maker.random.random() < 0.7
        # In front: DES reads eight characters, bcrypt 72 bytes. Not one of the same seven bits.
        asked = password if right else "W" + password
        line = {
            "library": library.__name__,
            "password": asked,
            "encoded": encoded,
            "right": right or same_for_des(password, asked, encoded),
        }
        print(json.dumps(line))


def same_for_des(password, asked, encoded):
    """Whether traditional DES cannot tell the two apart."""
    traditional = encoded.startswith("crypt$") and encoded.rsplit("$", 1)[1][:1] != "_"
    traditional = traditional and len(encoded.rsplit("$", 1)[1]) == 13

    def seven_bits(text):
        return bytes(byte & 0x7F for byte in text.encode()[:8]).rstrip(b"\0")

    return traditional and seven_bits(password) == seven_bits(asked)


if __name__ == "__main__":
    main()
