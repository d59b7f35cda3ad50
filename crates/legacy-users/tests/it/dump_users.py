"""What Django itself reads from the legacy database: one JSON line per user, in key order, then
one per group. Called by shapes.rs with LEGACY_SHAPE and LEGACY_DATABASE_URL set.
"""

import json
import sys
from typing import Any

import django

django.setup()

from django.apps import apps  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.contrib.auth.models import Group  # noqa: E402


def verified(user: Any) -> bool:
    """Whether the shape's email_verified rule (its cutover.toml) calls the e-mail verified."""
    if not user.email:
        return False
    match apps.is_installed("allauth"), hasattr(user, "email_confirmed"), hasattr(user, "username"):
        case True, _, _:
            addresses = user.emailaddress_set.filter(verified=True)
            return any(address.email.lower() == user.email.lower() for address in addresses)
        case _, True, _:
            return bool(user.email_confirmed)
        case _, _, has_username:
            return not has_username


def moment(value: Any) -> str | None:
    return None if value is None else value.isoformat(timespec="microseconds")


def line(**fields: Any) -> None:
    print(json.dumps(fields))


def main() -> None:
    for user in get_user_model().objects.order_by("pk").prefetch_related("groups"):
        line(
            id=str(user.pk),
            username=getattr(user, "username", None),
            email=user.email,
            email_verified=verified(user),
            phone_number=getattr(user, "phone_number", "") or None,
            encoded=user.password,
            is_active=user.is_active,
            is_staff=user.is_staff,
            is_superuser=user.is_superuser,
            last_login=moment(user.last_login),
            date_joined=moment(user.date_joined),
            given_name=user.first_name,
            groups=sorted(group.name for group in user.groups.all()),
        )
    for group in Group.objects.order_by("name"):
        permissions = group.permissions.select_related("content_type")
        line(
            group=group.name,
            permissions=sorted(f"{p.content_type.app_label}.{p.codename}" for p in permissions),
        )


sys.exit(main())
