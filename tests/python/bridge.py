"""Real Django beside a legacy database, before a hash import. Standard input is a password.

usage: bridge.py default-hash DATABASE   prints what this Django stores for it by default
       bridge.py sign-in DATABASE        signs ada in with the bridge hasher first; prints her name
"""

import sys

import django
from django.conf import settings

BRIDGE = "cutover_django.hashers.BridgePBKDF2PasswordHasher"
DEFAULT = "django.contrib.auth.hashers.PBKDF2PasswordHasher"


def main() -> None:
    verb, database = sys.argv[1:]
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
        PASSWORD_HASHERS=[BRIDGE, DEFAULT] if verb == "sign-in" else [DEFAULT],
        USE_TZ=True,
    )
    django.setup()
    from django.contrib.auth import authenticate
    from django.contrib.auth.hashers import make_password

    password = sys.stdin.read()
    if verb == "default-hash":
        print(make_password(password))
        return
    user = authenticate(username="ada", password=password)
    print(user.username if user else "refused")


main()
