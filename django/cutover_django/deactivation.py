"""Deleting a person while the migration trigger lives.

Who is deleted here and still in the pool can sign in there; and a row that is gone can be asked
for by nobody. So a person is deactivated: the trigger refuses inactive users, and so does every
request with a token. Disable them in the pool too (AdminDisableUser): tokens end at their `exp`.
"""

from __future__ import annotations

from typing import Any


def deactivate(user: Any) -> None:
    """What deleting a person is, until retirement."""
    user.is_active = False
    user.save(update_fields=["is_active"])


class DeactivateOnDelete:
    """For a `ModelAdmin` of users, before `UserAdmin`: its delete buttons deactivate."""

    def delete_model(self, request: Any, obj: Any) -> None:
        deactivate(obj)

    def delete_queryset(self, request: Any, queryset: Any) -> None:
        queryset.update(is_active=False)
