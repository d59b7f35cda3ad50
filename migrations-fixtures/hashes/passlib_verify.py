"""Has passlib verify hashes in the modular crypt format.

usage: passlib_verify.py QUESTIONS.json

Reads a list of objects with `name`, `algorithm` (Cognito's word), `password` and `hash`; writes a
JSON line for each: the name, the algorithm and whether passlib finds the password right. Called by
the Cognito test of crates/django-password: what it would put into an import file must be the hash
of the password for somebody else, too.
"""

import json
import sys
import warnings

warnings.simplefilter("ignore")

import argon2  # noqa: E402
import bcrypt  # noqa: E402
from passlib.hash import pbkdf2_sha256  # noqa: E402

# passlib 1.7.4 looks for a version where bcrypt 4 and later have none: asked directly.
VERIFY = {
    "PBKDF2_SHA256": pbkdf2_sha256.verify,
    "BCRYPT": lambda password, hashed: bcrypt.checkpw(password.encode()[:72], hashed.encode()),
    "ARGON2ID": lambda password, hashed: argon2.PasswordHasher().verify(hashed, password),
}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        questions = json.load(file)
    for question in questions:
        verify = VERIFY[question["algorithm"]]
        try:
            verified = bool(verify(question["password"], question["hash"]))
        except argon2.exceptions.VerificationError:
            verified = False
        answer = {"name": question["name"], "algorithm": question["algorithm"]}
        print(json.dumps({**answer, "verified": verified}))


if __name__ == "__main__":
    main()
