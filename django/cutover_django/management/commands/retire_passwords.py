"""`manage.py retire_passwords`: takes the Django passwords of people who have moved."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    help = (
        "Makes the Django passwords of linked users unusable. After the migration window only: "
        "the trigger needs them until then."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--execute", action="store_true", help="do it; else only count")
        parser.add_argument(
            "--staff", action="store_true", help="also staff, who may sign in to Django's admin"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        model = get_user_model()
        users = model._default_manager.filter(cognito_link__isnull=False)
        users = users.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)
        # A project's own user model may know no staff.
        knows_staff = any(field.name == "is_staff" for field in model._meta.get_fields())
        if knows_staff and not options["staff"]:
            users = users.filter(is_staff=False)
        if not options["execute"]:
            self.stdout.write(f"{users.count()} passwords would become unusable; add --execute")
            return
        done = 0
        for user in users.iterator():
            user.set_unusable_password()
            user.save(update_fields=["password"])
            done += 1
        self.stdout.write(f"{done} passwords are unusable now")
