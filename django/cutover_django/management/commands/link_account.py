"""`manage.py link_account SUB USER_ID`: somebody decided that this account is that person."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cutover_django.links import LinkConflict, link
from cutover_django.models import CognitoLink


class Command(BaseCommand):
    help = (
        "Links one Cognito account to one Django user, by your decision. Ask for a proof first: "
        "the same name or address is none. A link that is there is never changed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sub", help="the account's sub in the pool")
        parser.add_argument("user_id", help="the user's primary key")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = get_user_model()._default_manager.filter(pk=options["user_id"]).first()
        except (ValueError, TypeError, ValidationError):
            user = None
        if user is None:
            raise CommandError(f"There is no user {options['user_id']}.")
        try:
            new = link(options["sub"], user, CognitoLink.Origin.DECISION)
        except LinkConflict as error:
            raise CommandError(str(error)) from None
        self.stdout.write("linked" if new else "was linked already")
