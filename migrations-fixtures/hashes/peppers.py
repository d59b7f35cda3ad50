"""Makes vectors/peppers.json: passwords that a site mixed a secret into, by real Django.

usage: python peppers.py [--check]

Runs in the tests' environment (`make python`). The hashers are subclasses as sites write them:
Django has no pepper of its own. Salts are fixed, so the same bytes come out.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import sys

from django.conf import settings

VECTORS = pathlib.Path(__file__).resolve().parent / "vectors" / "peppers.json"
SECRET = "site-wide sécret, 32 characters at least"
PASSWORDS = ["correct horse", "", "pässwörd"]

settings.configure(USE_I18N=False, PASSWORD_HASHERS=[])

from django.contrib.auth import hashers  # noqa: E402


def mixed(pepper, encoding, password):
    """What the site hashes instead of the password."""
    if pepper == "prefix":
        return SECRET + password
    if pepper == "suffix":
        return password + SECRET
    digest = getattr(hashlib, pepper.removeprefix("hmac-"))
    mac = hmac.new(SECRET.encode(), password.encode(), digest).digest()
    return {
        None: mac.hex,
        "hex": mac.hex,
        "base64": lambda: base64.b64encode(mac).decode(),
        "bytes": lambda: mac,
    }[encoding]()


def peppered(base, pepper, encoding, name):
    """A subclass as a site has it."""

    class Peppered(base):
        algorithm = name
        iterations = 10
        rounds = 4
        time_cost, memory_cost, parallelism = 1, 64, 1

        def encode(self, password, salt, *settings):
            return super().encode(mixed(pepper, encoding, password), salt, *settings)

        def verify(self, password, encoded):
            return super().verify(mixed(pepper, encoding, password), encoded)

    # Argon2's and bcrypt's verify do not call encode, PBKDF2's does: mix once.
    if base is hashers.PBKDF2PasswordHasher:
        Peppered.verify = base.verify
    return Peppered()


KINDS = [
    ("peppered_hex", hashers.PBKDF2PasswordHasher, "pbkdf2_sha256", "hmac-sha256", None),
    ("peppered_base64", hashers.PBKDF2PasswordHasher, "pbkdf2_sha256", "hmac-sha512", "base64"),
    ("peppered_bytes", hashers.Argon2PasswordHasher, "argon2", "hmac-sha384", "bytes"),
    ("peppered_sha1", hashers.PBKDF2PasswordHasher, "pbkdf2_sha256", "hmac-sha1", "hex"),
    ("prefixed", hashers.PBKDF2PasswordHasher, "pbkdf2_sha256", "prefix", None),
    ("suffixed", hashers.PBKDF2PasswordHasher, "pbkdf2_sha256", "suffix", None),
    # The site's hasher kept Django's name.
    ("pbkdf2_sha256", hashers.PBKDF2PasswordHasher, "pbkdf2_sha256", "hmac-sha256", "hex"),
]


def cases():
    for name, base, outer, pepper, encoding in KINDS:
        hasher = peppered(base, pepper, encoding, name)
        for password in PASSWORDS:
            if base is hashers.Argon2PasswordHasher:
                encoded = argon2(hasher, mixed(pepper, encoding, password))
            else:
                encoded = hasher.encode(password, "aFixedSaltOf22Characte")
            tried = [password, password + "x"]
            checks = {other: hasher.verify(other, encoded) for other in tried}
            yield {
                "name": name,
                "outer": outer,
                "pepper": pepper,
                "encoding": encoding,
                "encoded": encoded,
                "checks": checks,
            }


def argon2(hasher, secret):
    """As Argon2PasswordHasher.encode does, which takes text alone and a site's bytes as they are."""
    import argon2 as library

    secret = secret if isinstance(secret, bytes) else secret.encode()
    params = hasher.params()
    data = library.low_level.hash_secret(
        secret,
        b"aFixedSaltOf22Characte",
        time_cost=params.time_cost,
        memory_cost=params.memory_cost,
        parallelism=params.parallelism,
        hash_len=params.hash_len,
        type=params.type,
    )
    return hasher.algorithm + data.decode("ascii")


def main():
    document = {"secret": SECRET, "cases": list(cases())}
    made = json.dumps(document, indent=1, sort_keys=True) + "\n"
    if "--check" not in sys.argv[1:]:
        VECTORS.write_text(made)
    elif VECTORS.read_text() != made:
        sys.exit("peppers.py: the document came out differently")


if __name__ == "__main__":
    main()
