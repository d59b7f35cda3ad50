"""`manage.py import_id_map FILE`: links the people of `cutover status --id-map`."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError, transaction
from django.db.models import Q

from cutover_django.links import LinkConflict, link
from cutover_django.models import CognitoLink

#: Two questions and one write each; a database may take no more than a thousand values at once.
BATCH = 400
#: Lines named at most; the count is of all.
SHOWN = 20


class Row(NamedTuple):
    line: int
    key: Any
    sub: str


class Command(BaseCommand):
    help = "Links Cognito accounts to Django users by the id map of cutover status --id-map."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="CSV with the columns legacy_id and sub")

    def handle(self, *args: Any, **options: Any) -> None:
        self.new = self.known = 0
        self.trouble: list[str] = []
        try:
            file = open(options["file"], newline="", encoding="utf-8-sig")  # noqa: SIM115
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}") from None
        with file:
            rows = self._rows(csv.DictReader(file))
            while batch := list(islice(rows, BATCH)):
                self._link(batch)
        self.stdout.write(
            f"{self.new} linked, {self.known} were linked already, {len(self.trouble)} not linked"
        )
        if self.trouble:
            for line in self.trouble[:SHOWN]:
                self.stderr.write(line)
            raise CommandError(
                f"{len(self.trouble)} lines were not linked; links that are there never change."
            )

    def _rows(self, reader: csv.DictReader[str]) -> Iterator[Row]:
        if not {"legacy_id", "sub"} <= set(reader.fieldnames or []):
            raise CommandError("The file has no columns legacy_id and sub.")
        key_of = get_user_model()._meta.pk.to_python
        for row in reader:
            legacy_id, sub = row["legacy_id"], row["sub"]
            if not legacy_id or not sub:
                self._say(reader.line_num, "no legacy_id or no sub")
                continue
            try:
                yield Row(reader.line_num, key_of(legacy_id), sub)
            except (ValueError, TypeError, ValidationError):
                self._say(reader.line_num, f"no user {legacy_id}")

    def _link(self, batch: list[Row]) -> None:
        keys = [row.key for row in batch]
        users = get_user_model()._default_manager.filter(pk__in=keys)
        there = set(users.values_list("pk", flat=True))
        held = CognitoLink.objects.filter(
            Q(user_id__in=keys) | Q(sub__in=[row.sub for row in batch])
        ).values_list("sub", "user_id")
        by_sub, by_user = dict(held), {key: sub for sub, key in held}
        new: list[Row] = []
        for row in batch:
            if row.key not in there:
                self._say(row.line, f"no user {row.key}")
            elif by_sub.get(row.sub) == row.key:
                self.known += 1
            elif row.sub in by_sub or row.key in by_user:
                self._conflict(row)
            else:
                by_sub[row.sub], by_user[row.key] = row.key, row.sub
                new.append(row)
        origin = CognitoLink.Origin.ID_MAP
        try:
            with transaction.atomic():
                CognitoLink.objects.bulk_create(
                    CognitoLink(sub=row.sub, user_id=row.key, origin=origin) for row in new
                )
            self.new += len(new)
        except IntegrityError:
            # Somebody signed in meanwhile: one by one.
            for row in new:
                self._link_one(row)

    def _link_one(self, row: Row) -> None:
        user = get_user_model()._default_manager.filter(pk=row.key).first()
        try:
            if user is None:
                self._say(row.line, f"no user {row.key}")
            elif link(row.sub, user, CognitoLink.Origin.ID_MAP):
                self.new += 1
            else:
                self.known += 1
        except LinkConflict:
            self._conflict(row)

    def _conflict(self, row: Row) -> None:
        self._say(row.line, f"user {row.key} or this sub is linked otherwise")

    def _say(self, line: int, what: str) -> None:
        self.trouble.append(f"line {line}: {what}")
