"""Every user of a legacy database as real Django reads them: one JSON line a user, by key.

usage: legacy_users.py SHAPE URL
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).resolve().parents[2] / "migrations-fixtures"


def main() -> None:
    shape, url = sys.argv[1:]
    sys.path.insert(0, str(FIXTURES))
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "legacy_app.settings",
        "LEGACY_SHAPE": shape,
        "LEGACY_DATABASE_URL": url,
        "LEGACY_READ_ONLY": "1",
    }
    import django

    django.setup()
    from django.contrib.auth import get_user_model

    user_model: Any = get_user_model()
    for user in user_model._default_manager.order_by("pk").prefetch_related("groups"):
        print(json.dumps(_described(user)))


def _described(user: Any) -> dict[str, Any]:
    return {
        "id": str(user.pk),
        "username": getattr(user, "username", None),
        "email": user.email,
        "encoded": user.password,
        "usable": user.has_usable_password(),
        "algorithm": _algorithm(user.password),
        "is_active": user.is_active,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "phone_number": getattr(user, "phone_number", None),
        "groups": sorted(group.name for group in user.groups.all()),
        "verified_emails": _verified_emails(user),
    }


def _algorithm(encoded: str) -> str | None:
    """The name of the hasher that can check this, if there is one and it does."""
    from django.contrib.auth.hashers import identify_hasher

    try:
        hasher = identify_hasher(encoded)
        hasher.decode(encoded)
        hasher.verify("", encoded)
    except (ValueError, AssertionError, OverflowError):
        return None
    return str(hasher.algorithm)


def _verified_emails(user: Any) -> list[str]:
    """What the app itself knows to be verified; for the shape whose app asks nobody, all."""
    if hasattr(user, "emailaddress_set"):
        return sorted(row.email for row in user.emailaddress_set.filter(verified=True))
    if hasattr(user, "email_confirmed"):
        return [user.email] if user.email_confirmed else []
    return [] if hasattr(user, "username") else [user.email]


if __name__ == "__main__":
    main()
