"""`manage.py check_links`: who is linked, and what somebody has to look at."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from django.db.models import Count

from cutover_django.models import CognitoLink


class Command(BaseCommand):
    help = "Counts links by origin, active users without one, and links of inactive users."

    def handle(self, *args: Any, **options: Any) -> None:
        model = get_user_model()
        users = model._default_manager.all()
        by_origin = CognitoLink.objects.values_list("origin").annotate(Count("id"))
        for origin, count in by_origin.order_by("origin"):
            self.stdout.write(f"{count} linked by {origin}")
        # In a project's own user model everybody may be active, without a column that says so.
        inactive = 0
        if any(field.name == "is_active" for field in model._meta.get_fields()):
            inactive = CognitoLink.objects.filter(user__is_active=False).count()
            users = users.filter(is_active=True)
        unlinked = users.filter(cognito_link__isnull=True).count()
        self.stdout.write(f"{unlinked} active users have no Cognito account yet")
        if inactive:
            self.stdout.write(
                f"{inactive} linked users are inactive here: disable them in the pool too "
                "(AdminDisableUser)"
            )
