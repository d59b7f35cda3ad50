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
        users = get_user_model()._default_manager
        by_origin = CognitoLink.objects.values_list("origin").annotate(Count("id"))
        for origin, count in by_origin.order_by("origin"):
            self.stdout.write(f"{count} linked by {origin}")
        active = users.filter(is_active=True, cognito_link__isnull=True).count()
        inactive = CognitoLink.objects.filter(user__is_active=False).count()
        self.stdout.write(f"{active} active users have no Cognito account yet")
        if inactive:
            self.stdout.write(
                f"{inactive} linked users are inactive here: disable them in the pool too "
                "(AdminDisableUser)"
            )
