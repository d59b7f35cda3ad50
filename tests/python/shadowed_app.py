"""Real Django beside a legacy database, its sign-ins judged by the shadow too. Standard input is JSON:
a list of [login, password]. Prints for each whether Django let them in, and at the end the counts of
cutover_django.shadow.

usage: shadowed_app.py DATABASE ADDRESS
"""

import json
import sys

import django
from django.conf import settings

PLAIN = "django.contrib.auth.backends.ModelBackend"


class Directory:
    """Knows a password that the user table does not, as LDAP does."""

    def authenticate(self, request, username=None, password=None):
        from django.contrib.auth import get_user_model

        if password != "known-to-the-directory":
            return None
        return get_user_model().objects.filter(username=username).first()

    def get_user(self, user_id):
        return None


def main() -> None:
    database, address = sys.argv[1:3]
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "cutover_django.shadow",
        ],
        AUTHENTICATION_BACKENDS=[PLAIN, f"{__name__}.Directory"],
        CUTOVER_SHADOW={"address": address, "sample": 1, "timeout_ms": 5000},
        USE_TZ=True,
    )
    django.setup()
    from cutover_django.shadow import configuration, counts, messenger
    from django.contrib.auth import authenticate

    answers = []
    for login, password in json.load(sys.stdin):
        user = authenticate(username=login, password=password)
        answers.append(user is not None)
        # One after the other, so that what was judged is what was typed.
        messenger.messenger(configuration.configuration()).wait()
    print(json.dumps({"let_in": answers, "judged": counts().judged, "dropped": counts().dropped}))


main()
