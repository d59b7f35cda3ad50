"""Cognito's groups as Django's, once a project has decided that Cognito says who is in what.

Responsible for decoding names and for bringing memberships in line. It must not know tokens.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from django.contrib.auth.models import Group


def follow(user: Any, claims: dict[str, Any], pool_id: str) -> None:
    """Makes a person's Django groups those of the claim.

    Without the claim nothing changes: Cognito leaves it out for people in no group, and so does a
    token of a pool whose groups were never carried. Taking everything away on that would be a
    guess.
    """
    names = claims.get("cognito:groups")
    if not isinstance(names, list):
        return
    # Cognito makes a group for each external provider; it is no group of the app's.
    wanted = {unquote(name) for name in map(str, names) if not name.startswith(f"{pool_id}_")}
    held = set(user.groups.values_list("name", flat=True))
    if wanted == held:
        return
    user.groups.set([Group.objects.get_or_create(name=name)[0] for name in wanted])
    # Permissions that were read before are those of the old groups.
    for cached in ("_perm_cache", "_group_perm_cache"):
        user.__dict__.pop(cached, None)
