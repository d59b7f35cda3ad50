"""Makes vectors/foreign.json: hashes that Django checks by somebody else's hasher.

usage: foreign.py [--check]

Makes its environment under target/python-foreign (requirements-foreign.txt) and runs itself there.
Needs `php` with its password functions for WordPress, Joomla and Laravel. With --check nothing is
written: exits 1 where the document came out differently.

Every hash is written and every answer given by the original: Django's own check_password with the
hashers of django-hashers-passlib and django-drupal-auth-backend, passlib, Werkzeug, the
drupal-hash-utility and PHP. Salts come from a seeded generator, so the same versions write the
same bytes.
"""

import argparse
import base64
import hashlib
import json
import pathlib
import random
import subprocess
import sys
import venv
import warnings

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = HERE / "vectors" / "foreign.json"
ENVIRONMENT = HERE.parent.parent / "target" / "python-foreign"

ACROSS_72 = "a" * 71 + "é" + "tail"
PASSWORDS = {
    "ascii": "correct horse",
    "empty": "",
    "latin": "pässwörd",
    "decomposed": "pa\u0308sswo\u0308rd",
    "astral": "\U0001f511 key \U0001d54f",
    "sharp": "straße",
    "upper": "CORRECT HORSE",
    "spaces": " two  blanks\t",
    "nul": "nul\0inside",
    "eight": "12345678",
    "nine": "123456789",
    "sixteen": "1234567890abcdef",
    "seventeen": "1234567890abcdefg",
    "seventy-two": "0123456789" * 7 + "ab",
    "seventy-three": "0123456789" * 7 + "abc",
    "seventy-three other end": "0123456789" * 7 + "abd",
    "across-72": ACROSS_72,
    "across-72 other end": ACROSS_72[:-1] + "m",
    "long": "long " * 60,
    "five-hundred-twelve": "x" * 512,
    "four-thousand-ninety-six": "ä" * 4096,
    "four-thousand-ninety-seven": "ä" * 4097,
}
# With which other password each is confused, where that is worth a look.
CONFUSED = {
    "ascii": ["upper", "latin"],
    "latin": ["decomposed"],
    "eight": ["nine"],
    "sixteen": ["seventeen"],
    "seventy-two": ["seventy-three"],
    "seventy-three": ["seventy-two", "seventy-three other end"],
    "across-72": ["across-72 other end"],
    "nul": ["ascii"],
    "four-thousand-ninety-six": ["four-thousand-ninety-seven"],
}
# What every format is tried with, and what is dear: a password of 4,096 characters.
USUAL = [label for label in PASSWORDS if not label.endswith("other end")]


def wrong(password):
    """A password next to it."""
    if not password:
        return "x"
    return "X" + password[1:] if password[0] != "X" else "Y" + password[1:]


def inside():
    """Runs in the environment: writes the document to stdout."""
    warnings.simplefilter("ignore")
    import django
    from django.conf import settings

    rounds = {
        "bcrypt_sha256": {"rounds": 4},
        "bsdi_crypt": {"rounds": 25},
        "cta_pbkdf2_sha1": {"rounds": 20},
        "dlitz_pbkdf2_sha1": {"rounds": 20},
        "fshp": {"rounds": 20},
        "grub_pbkdf2_sha512": {"rounds": 20},
        "pbkdf2_sha1": {"rounds": 20},
        "pbkdf2_sha256": {"rounds": 20},
        "pbkdf2_sha512": {"rounds": 20},
        "phpass": {"rounds": 7},
        "scrypt": {"rounds": 4},
        "sha1_crypt": {"rounds": 20},
        "sha256_crypt": {"rounds": 1000},
        "sha512_crypt": {"rounds": 1000},
        "sun_md5_crypt": {"rounds": 2},
        "argon2": {"memory_cost": 64, "time_cost": 1, "parallelism": 2},
    }
    named = [
        "des_crypt", "bsdi_crypt", "bigcrypt", "crypt16", "md5_crypt", "sha1_crypt", "sun_md5_crypt",
        "sha256_crypt", "sha512_crypt", "apr_md5_crypt", "bcrypt_sha256", "phpass", "pbkdf2_sha1",
        "pbkdf2_sha256", "pbkdf2_sha512", "cta_pbkdf2_sha1", "dlitz_pbkdf2_sha1",
        "ldap_salted_md5", "ldap_salted_sha1", "atlassian_pbkdf2_sha1", "fshp", "mssql2000",
        "mssql2005", "mysql323", "mysql41", "oracle11", "nthash", "grub_pbkdf2_sha512", "hex_md4",
        "hex_sha256", "hex_sha512", "argon2i", "scrypt",
    ]
    hashers = [f"hashers_passlib.{name}" for name in named]
    hashers.append("django_drupal_auth_backend.hashers.DrupalPasswordHasher")
    settings.configure(PASSWORD_HASHERS=hashers, PASSLIB_KEYWORDS=rounds)
    django.setup()
    import passlib.hash
    import passlib.utils
    import passlib.utils.handlers
    from django.contrib.auth.hashers import check_password, get_hashers

    seeded = random.Random("cutover")
    for module in (passlib.utils, passlib.utils.handlers):
        module.rng = seeded

    cases = []

    def add(target, declared, encode, check, labels=USUAL, mark=None):
        for label in labels:
            password = PASSWORDS[label]
            try:
                encoded = encode(password)
            except Exception as error:  # noqa: BLE001: its name is the answer
                cases.append({"target": target, "name": label, "refused": type(error).__name__})
                continue
            tried = {label: password, f"not {label}": wrong(password)}
            tried.update({other: PASSWORDS[other] for other in CONFUSED.get(label, [])})
            checks = {}
            for other, candidate in tried.items():
                try:
                    checks[other] = bool(check(candidate, encoded))
                except Exception as error:  # noqa: BLE001
                    checks[other] = type(error).__name__
            case = {"target": target, "declared": declared, "name": label, "encoded": encoded}
            cases.append({**case, "checks": checks} | ({"by": mark} if mark else {}))

    short = [label for label in USUAL if not label.startswith(("five-hundred", "four-thousand"))]

    # Django with other people's hashers.
    for name, hasher in zip(named, get_hashers()):
        handler = hasher.get_handler()
        # bigcrypt's hash grows with the password, beyond any column.
        labels = short if name == "bigcrypt" else USUAL
        target = f"passlib:{handler}"
        add(target, hasher.algorithm, hasher.encode, check_password, labels, mark="Django")
    drupal = get_hashers()[-1]

    def drupal_encode(password):
        salt = "".join(seeded.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(8))
        return drupal.encode(password, salt, "3")

    add("drupal7", "drupal_sha512", drupal_encode, check_password, short, mark="Django")

    # Bare, by passlib's own verify.
    def bare(handler, **using):
        hasher = getattr(passlib.hash, handler).using(**using)
        target = f"passlib:{'argon2' if handler.startswith('argon2') else handler}"
        add(target, "", hasher.hash, hasher.verify, mark="passlib")

    bare("bcrypt", rounds=4)
    bare("bcrypt", rounds=4, ident="2a")
    bare("bcrypt", rounds=4, ident="2y")
    bare("bcrypt_sha256", rounds=4, version=1)
    bare("bcrypt_sha256", rounds=4, version=1, ident="2a")
    for variety in ("i", "d", "id"):
        bare("argon2", type=variety, memory_cost=64, time_cost=1, parallelism=1)
    bare("scrypt", rounds=4, ident="$7$", block_size=4, parallelism=2)
    bare("scrypt", rounds=4)
    bare("sha512_crypt", rounds=5000)
    bare("sha256_crypt", rounds=5000)
    bare("md5_crypt")
    bare("sun_md5_crypt", rounds=0)
    bare("sun_md5_crypt", rounds=3, salt_size=4)
    bare("apr_md5_crypt")
    bare("phpass", rounds=8, ident="H")
    bare("pbkdf2_sha256", rounds=7, salt_size=32)
    bare("dlitz_pbkdf2_sha1", rounds=400)
    bare("fshp", rounds=5, variant=0)
    bare("fshp", rounds=5, variant=2)
    bare("fshp", rounds=5, variant=3, salt_size=5)
    bare("ldap_md5")
    bare("ldap_sha1")
    bare("ldap_salted_sha256")
    bare("ldap_salted_sha512", salt_size=16)
    bare("hex_sha1")
    for name in ("ldap_pbkdf2_sha1", "ldap_pbkdf2_sha256", "ldap_pbkdf2_sha512"):
        hasher = getattr(passlib.hash, name)
        target = f"passlib:{name.removeprefix('ldap_')}"
        add(target, "", hasher.using(rounds=9).hash, hasher.verify, mark="passlib")
    hasher = passlib.hash.bsd_nthash
    add("passlib:nthash", "", hasher.hash, hasher.verify, mark="passlib")

    # Drupal's own spelling, bare.
    from drupal_hash_utility import DrupalHashUtility

    utility = DrupalHashUtility()

    def drupal_bare(password):
        salt = "".join(seeded.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(8))
        hashed = utility._apply_hash(password, hashlib.sha512, {"salt": salt, "count": 128})
        return f"$S$5{salt}{hashed}"

    def drupal_of_md5(password):
        return "U" + drupal_bare(hashlib.md5(password.encode()).hexdigest())

    def drupal_verify(password, encoded):
        if encoded.startswith("U"):
            password, encoded = hashlib.md5(password.encode()).hexdigest(), encoded[1:]
        return utility.verify(password, encoded)

    add("drupal7", "", drupal_bare, drupal_verify, short, mark="drupal-hash-utility")
    add("drupal7", "", drupal_of_md5, drupal_verify, short, mark="drupal-hash-utility")

    # Werkzeug.
    from werkzeug.security import _hash_internal, check_password_hash

    def werkzeug(method, salt_length=16, declared=""):
        def encode(password):
            salt = "".join(seeded.choice("abcdefghijk0123456789") for _ in range(salt_length))
            hashed, actual = _hash_internal(method, salt, password)
            return f"{actual}${salt}${hashed}"

        def check(password, encoded):
            return check_password_hash(encoded, password)

        add("werkzeug", declared, encode, check, mark="Werkzeug")

    for method in ("pbkdf2:sha256:20", "pbkdf2:sha1:20", "pbkdf2:sha512:20", "scrypt:16:8:2"):
        werkzeug(method)
    for method in ("sha256", "sha512", "sha1", "md5"):
        werkzeug(method, declared=method)
    werkzeug("sha256", salt_length=0, declared="sha256")

    # PHP: one process answers line by line.
    php = subprocess.Popen(
        ["php", HERE / "foreign.php"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def ask(**question):
        for name in ("password", "encoded", "salt"):
            if name in question:
                question[name] = base64.b64encode(question[name].encode()).decode()
        php.stdin.write(json.dumps(question) + "\n")
        php.stdin.flush()
        answer = json.loads(php.stdout.readline())
        if "error" in answer:
            raise type(answer["error"], (Exception,), {})()
        return answer["answer"]

    def of_php(target, scheme, salt_letters):
        def encode(password):
            salt = "".join(seeded.choice("./ABCDEFabcdef0123") for _ in range(salt_letters))
            return ask(do="encode", scheme=scheme, password=password, salt=salt)

        def check(password, encoded):
            return ask(do="check", scheme=scheme, password=password, encoded=encoded)

        # PHP's strings end at NUL for bcrypt, and passlib's bcrypt has a limit that PHP's has not;
        # nobody types either.
        untyped = ("nul", "four-thousand") if scheme == "laravel" else ("nul",)
        labels = [label for label in USUAL if not label.startswith(untyped)]
        add(target, "", encode, check, labels, mark="PHP")

    of_php("wordpress", "wordpress", 21)
    of_php("passlib:bcrypt", "laravel", 21)
    of_php("joomla", "joomla-md5", 32)
    of_php("joomla", "joomla-sha256", 16)
    php_version = ask(do="version")
    php.stdin.close()
    php.wait()

    from importlib.metadata import version

    requirements = (HERE / "requirements-foreign.txt").read_text().splitlines()
    packages = [line.split("==")[0] for line in requirements if "==" in line]
    document = {
        "versions": {name: version(name) for name in packages} | {"PHP": php_version},
        "passwords": PASSWORDS | {f"not {name}": wrong(text) for name, text in PASSWORDS.items()},
        "cases": cases,
    }
    # A case a line, so that a change shows as such.
    lines = ",\n".join(json.dumps(case, sort_keys=True) for case in document.pop("cases"))
    head = json.dumps(document, indent=1, sort_keys=True).removesuffix("\n}")
    sys.stdout.write(f'{head},\n "cases": [\n{lines}\n]}}\n')


def environment():
    """The interpreter with the packages of requirements-foreign.txt."""
    requirements = HERE / "requirements-foreign.txt"
    stamp = ENVIRONMENT / "requirements-foreign.txt"
    python = ENVIRONMENT / "bin" / "python"
    if not stamp.exists() or stamp.read_bytes() != requirements.read_bytes():
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--requirement", requirements], check=True)
        stamp.write_bytes(requirements.read_bytes())
    return python


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        inside()
        return
    run = [environment(), "-B", HERE / "foreign.py", "--inside"]
    made = subprocess.run(run, check=True, stdout=subprocess.PIPE).stdout
    if not arguments.check:
        VECTORS.write_bytes(made)
    elif VECTORS.read_bytes() != made:
        sys.exit("foreign.py: the document came out differently")


if __name__ == "__main__":
    main()
