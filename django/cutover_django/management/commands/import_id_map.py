"""`manage.py import_id_map FILE`: links the people of `cutover status --id-map`."""

from __future__ import annotations

import csv
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cutover_django.links import LinkConflict, link
from cutover_django.models import CognitoLink


class Command(BaseCommand):
    help = "Links Cognito accounts to Django users by the id map of cutover status --id-map."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="CSV with the columns legacy_id and sub")

    def handle(self, *args: Any, **options: Any) -> None:
        users = get_user_model()._default_manager
        new = known = 0
        trouble: "list[str]" = []
        try:
            file = open(options["file"], newline="", encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}") from None
        with file:
            rows = csv.DictReader(file)
            if not {"legacy_id", "sub"} <= set(rows.fieldnames or []):
                raise CommandError("The file has no columns legacy_id and sub.")
            for row in rows:
                legacy_id, sub = row["legacy_id"], row["sub"]
                if not legacy_id or not sub:
                    trouble.append(f"line {rows.line_num}: no legacy_id or no sub")
                    continue
                try:
                    user = users.filter(pk=legacy_id).first()
                except (ValueError, TypeError, ValidationError):
                    user = None
                if user is None:
                    trouble.append(f"line {rows.line_num}: no user {legacy_id}")
                    continue
                try:
                    if link(sub, user, CognitoLink.Origin.ID_MAP):
                        new += 1
                    else:
                        known += 1
                except LinkConflict:
                    trouble.append(
                        f"line {rows.line_num}: user {legacy_id} or this sub is linked otherwise"
                    )
        self.stdout.write(f"{new} linked, {known} were linked already, {len(trouble)} not linked")
        if trouble:
            for line in trouble[:20]:
                self.stderr.write(line)
            raise CommandError(
                f"{len(trouble)} lines were not linked; links that are there are never changed."
            )
