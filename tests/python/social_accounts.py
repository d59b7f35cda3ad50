"""Gives users of a SQLite population accounts at other sign-in services, as real django-allauth
does: its own migrations make the tables, its own model the rows.

usage: social_accounts.py URL < JSON lines {"user": KEY, "provider": …, "uid": …}
"""

import json
import os
import sys
from pathlib import Path

FIXTURES = Path(__file__).resolve().parents[2] / "migrations-fixtures"


def main() -> None:
    (url,) = sys.argv[1:]
    sys.path.insert(0, str(FIXTURES))
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "legacy_app.settings",
        "LEGACY_SHAPE": "allauth",
        "LEGACY_DATABASE_URL": url,
    }
    import django
    from django.conf import settings

    settings.INSTALLED_APPS += ["allauth.socialaccount"]
    django.setup()
    from django.core.management import call_command

    call_command("migrate", "socialaccount", verbosity=0)
    from allauth.socialaccount.models import SocialAccount

    for line in sys.stdin:
        account = json.loads(line)
        SocialAccount.objects.create(
            user_id=account["user"],
            provider=account["provider"],
            uid=account["uid"],
            extra_data={"email": "somebody@example.com"},
        )


if __name__ == "__main__":
    main()
