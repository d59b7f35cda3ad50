"""Writes hashes.json: one password hashed by the libraries that legacy systems use.

Needs the test environment (migrations-fixtures/requirements.txt). Costs are small, so that the
tests are quick; the salts are fixed, so that the file comes out the same.
"""

import base64
import hashlib
import json
import pathlib

import argon2.low_level
import bcrypt
import passlib.hash

PASSWORD = "correct horse Bättery"
SALT = bytes(range(16))


def unpadded(data):
    return base64.b64encode(data).decode().rstrip("=")


def scrypt(n):
    digest = hashlib.scrypt(PASSWORD.encode(), salt=SALT, n=n, r=8, p=1, dklen=32)
    return f"{n}$8$1${SALT.hex()}${digest.hex()}"


def pbkdf2_with_plus(iterations):
    digest = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), SALT, iterations)
    return f"$pbkdf2-sha256${iterations}${unpadded(SALT)}${unpadded(digest)}"


def argon2id():
    return argon2.low_level.hash_secret(
        PASSWORD.encode(), SALT, time_cost=2, memory_cost=1024, parallelism=1, hash_len=32,
        type=argon2.low_level.Type.ID,
    ).decode()


def main():
    bcrypt_salt = b"$2b$04$" + b"abcdefghijklmnopqrstuu"
    hashes = [
        ("BCRYPT", bcrypt.hashpw(PASSWORD.encode(), bcrypt_salt).decode()),
        ("SCRYPT", scrypt(1024)),
        ("ARGON2ID", argon2id()),
        ("PBKDF2_SHA256", passlib.hash.pbkdf2_sha256.using(rounds=1000, salt=SALT).hash(PASSWORD)),
        ("PBKDF2_SHA256", pbkdf2_with_plus(1000)),
    ]
    document = {
        "password": PASSWORD,
        "hashes": [{"algorithm": name, "hash": text} for name, text in hashes],
    }
    target = pathlib.Path(__file__).with_name("hashes.json")
    target.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
