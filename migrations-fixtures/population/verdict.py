"""Whom a login means and whether the sign-in succeeds: Django's answer under the project's rules.

The rules, beyond Django's: a case-insensitive pool sends logins in lower case, so in each login
column, in the configured order, an exact match (NFKC) wins, else the only user who differs by
case alone; several such users refuse the sign-in. Of several users with one e-mail, the only one
who verified it with django-allauth is meant, as in allauth's own sign-in. Where a username is
another's e-mail, both are tried, as Django's backends are. Called by `canaries`.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Any
from unicodedata import normalize

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import identify_hasher, is_password_usable

from legacy_app.shapes import Shape
from legacy_app.sign_in import sign_in


@dataclass(frozen=True)
class Verdict:
    """`reason` is None when the sign-in succeeds; `user` is None for nobody and for several."""

    reason: str | None
    user: Any


def fold(login: str) -> str:
    """Equal for logins that differ by case or compatibility form alone."""
    return normalize("NFKC", normalize("NFKC", login).lower())


class Judge:
    """Knows who answers to a set of logins, read in one pass over all users."""

    def __init__(self, shape: Shape, logins: set[str]) -> None:
        self._columns = shape.login
        self._has_addresses = shape.has_addresses
        self._users: Any = get_user_model()._default_manager
        self._alike: dict[tuple[str, str], list[tuple[str, Any]]] = defaultdict(list)
        wanted = {fold(login) for login in logins}
        rows = self._users.order_by("pk").values_list("pk", *shape.login)
        for key, *values in rows.iterator():
            for column, value in zip(shape.login, values, strict=True):
                if (folded := fold(value)) in wanted:
                    self._alike[column, folded].append((value, key))

    def verdict(self, login: str, password: str) -> Verdict:
        """What comes of typing this."""
        found = self._find(login)
        if not found:
            return Verdict("user-unknown", None)
        if len(found[0]) > 1:
            return Verdict("login-ambiguous", None)
        refused = Verdict("user-unknown", None)
        for key in dict.fromkeys(keys[0] for keys in found if len(keys) == 1):
            user = self._users.get(pk=key)
            if django_signs_in(user.get_username(), password) == user.pk:
                return Verdict(None, user)
            fault = _fault_of_hash(user.password) or _fault_of_user(user, password)
            refused = Verdict(fault, user)
        return refused

    def _find(self, login: str) -> list[list[Any]]:
        """The keys of the users a login means, by column in order: one, or several nobody can tell
        apart; columns where it means nobody are left out.
        """
        normalised = normalize("NFKC", login)
        found = []
        for column in self._columns:
            alike = self._alike[column, fold(login)]
            exact = [key for value, key in alike if value == normalised]
            if keys := exact or [key for _, key in alike]:
                found.append(self._verified(login, keys) if column == "email" else keys)
        return found

    def _verified(self, email: str, keys: list[Any]) -> list[Any]:
        """Of several users with one e-mail, the only one who verified it; else all of them."""
        if len(keys) == 1 or not self._has_addresses:
            return keys
        from allauth.account.models import EmailAddress

        rows = EmailAddress.objects.filter(user_id__in=keys, verified=True)
        owners = [key for key, address in rows.values_list("user_id", "email")
                  if fold(address) == fold(email)]
        return owners if len(owners) == 1 else keys


@cache
def django_signs_in(login: str, password: str) -> Any:
    """The key of the user Django signs in, or None."""
    try:
        user = sign_in(login, password)
    except (ValueError, AssertionError, OverflowError):
        # What Django makes of a malformed hash: the site answers with an error page.
        return None
    return user and user.pk


def _fault_of_hash(encoded: str) -> str | None:
    if not encoded or not is_password_usable(encoded):
        return "password-unusable"
    try:
        hasher = identify_hasher(encoded)
    except ValueError:
        named = re.match(r"[a-z0-9_]+\$", encoded)
        return "algorithm-unsupported" if named else "hash-malformed"
    try:
        hasher.verify("", encoded)
    except OverflowError:
        return "cost-limit-exceeded"
    except (ValueError, AssertionError):
        return "hash-malformed"
    return None


def _fault_of_user(user: Any, password: str) -> str:
    if not user.check_password(password):
        return "password-mismatch"
    if not user.is_active:
        return "user-inactive"
    raise ValueError(f"no reason code fits why Django refuses user {user.pk}")
