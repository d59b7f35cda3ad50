"""Writes a selection into the migrated tables, a batch at a time and in one transaction.

Knows tables only through Django's models, so that each database gets values as Django stores
them. Called by `populate`.
"""

import hashlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import Model

from population import groups
from population.person import AS_OF, Needs, Person
from population.selection import Key, Selection

BATCH = 5_000

Row = tuple[Key, Person]


def write(selection: Selection) -> None:
    """Everybody in the selection; nothing at all when anything goes wrong."""
    with transaction.atomic():
        group_keys = _write_groups(tells_case=Needs.CASE in selection.allowed)
        writer = _Writer(selection, group_keys)
        people = selection.people()
        while batch := list(islice(people, BATCH)):
            writer.write(batch)
        if selection.shape.has_addresses:
            # Django sets it to the present on every insert.
            apps.get_model("otp_totp", "TOTPDevice").objects.update(created_at=AS_OF)
        if not selection.shape.uuid_keys:
            _continue_keys_after(get_user_model())


def _write_groups(*, tells_case: bool) -> dict[str, int]:
    """The groups' keys by name."""
    permissions = _permission_keys()
    keys = {}
    for plan in groups.PLANS:
        if plan.needs_case and not tells_case:
            continue
        group = Group.objects.create(name=plan.name)
        group.permissions.set([permissions[codename] for codename in plan.permissions])
        keys[plan.name] = group.pk
    return keys


def _permission_keys() -> dict[str, int]:
    return dict(Permission.objects.order_by("pk").values_list("codename", "pk"))


class _Writer:
    """One batch's rows of every table."""

    def __init__(self, selection: Selection, group_keys: dict[str, int]) -> None:
        self._shape = selection.shape
        self._seed = selection.seed
        self._user: Any = get_user_model()
        self._link = f"{self._user._meta.model_name}_id"
        self._group_keys = group_keys
        self._permission_keys = _permission_keys()

    def write(self, batch: list[Row]) -> None:
        self._insert(self._user, self._users(batch))
        self._insert(self._user.groups.through, self._memberships(batch))
        self._insert(self._user.user_permissions.through, self._permissions(batch))
        if self._shape.has_addresses:
            self._insert(apps.get_model("account", "EmailAddress"), self._addresses(batch))
            self._insert(apps.get_model("otp_totp", "TOTPDevice"), self._devices(batch))

    def _insert(self, model: Any, rows: Iterator[Model]) -> None:
        model._default_manager.bulk_create(rows)

    def _users(self, batch: list[Row]) -> Iterator[Model]:
        for key, person in batch:
            fields = {name: getattr(person, name) for name in self._shape.user_fields}
            yield self._user(pk=key, **fields)

    def _memberships(self, batch: list[Row]) -> Iterator[Model]:
        membership = self._user.groups.through
        for key, person in batch:
            for name in person.groups:
                yield membership(**{self._link: key, "group_id": self._group_keys[name]})

    def _permissions(self, batch: list[Row]) -> Iterator[Model]:
        permission = self._user.user_permissions.through
        for key, person in batch:
            for codename in person.permissions:
                yield permission(
                    **{self._link: key, "permission_id": self._permission_keys[codename]}
                )

    def _addresses(self, batch: list[Row]) -> Iterator[Model]:
        address_row = apps.get_model("account", "EmailAddress")
        for key, person in batch:
            for address in person.addresses:
                yield address_row(
                    user_id=key,
                    email=address.email,
                    verified=address.verified,
                    primary=address.primary,
                )

    def _devices(self, batch: list[Row]) -> Iterator[Model]:
        device_row = apps.get_model("otp_totp", "TOTPDevice")
        for key, person in batch:
            if person.authenticator is not None:
                yield device_row(
                    user_id=key,
                    name="default",
                    confirmed=person.authenticator,
                    key=hashlib.sha1(f"{self._seed}:{key}".encode()).hexdigest(),
                )


def _continue_keys_after(model: Any) -> None:
    """Lets the next user of a running app get a key after those written here."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [model]):
            cursor.execute(statement)
