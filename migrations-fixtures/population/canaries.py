"""What should come of every attempted sign-in: Django's verdict, and the project's where it has
rules of its own.

The rules, beyond Django's: a case-insensitive pool sends logins in lower case, so in each login
column, in the configured order, an exact match (NFKC) wins, else the only user who differs by
case alone; several such users refuse the sign-in. Who was found in one column is never looked
for in the next. Called by `populate` once the population is written.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, TypedDict
from unicodedata import category, normalize

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import identify_hasher, is_password_usable

from legacy_app.shapes import Shape
from legacy_app.sign_in import sign_in
from population.attempt import Attempt, Types

SIGNS_IN = "signs-in"
REFUSED = "refused"


class Canary(TypedDict):
    """One sign-in and what must come of it."""

    login: str
    password: str
    expect: str
    reason: str | None
    algorithm: str | None
    legacy_id: str | None
    note: str
    django: str
    """What Django itself answers to the login exactly as typed."""
    fits_cognito: bool
    """Whether Cognito takes a login and a password like these at all."""


class SpentPersonError(Exception):
    """An attempt comes after its person already signed in, and would meet a migrated user."""


def canaries(shape: Shape, attempts: Iterable[Attempt]) -> list[Canary]:
    """Every attempt that this shape offers, with its verdict."""
    typed = [(login, attempt) for attempt in attempts if (login := _typed(shape, attempt))]
    directory = _Directory(shape, {login for login, _ in typed})
    verdicts = [_canary(directory, login, attempt) for login, attempt in typed]
    _check_nobody_is_spent(verdicts)
    return verdicts


def _typed(shape: Shape, attempt: Attempt) -> str | None:
    person = attempt.person
    if person is None:
        return attempt.login
    match attempt.types:
        case Types.USUAL:
            login = person.username if shape.has_username else person.email
        case Types.USERNAME:
            login = person.username if "username" in shape.login else ""
        case Types.EMAIL:
            login = person.email if "email" in shape.login else ""
    return attempt.alter(login) or None


def fold(login: str) -> str:
    """Equal for logins that differ by case or compatibility form alone."""
    return normalize("NFKC", normalize("NFKC", login).lower())


class _Directory:
    """Who answers to the logins that will be asked for, read in one pass over all users."""

    def __init__(self, shape: Shape, logins: set[str]) -> None:
        self._columns = shape.login
        self._model: Any = get_user_model()
        self._matches: dict[tuple[str, str], list[tuple[str, Any]]] = defaultdict(list)
        wanted = {fold(login) for login in logins}
        rows = self._model._default_manager.order_by("pk").values_list("pk", *shape.login)
        for key, *values in rows.iterator():
            for column, value in zip(shape.login, values, strict=True):
                if (folded := fold(value)) in wanted:
                    self._matches[column, folded].append((value, key))

    def find(self, login: str) -> list[Any]:
        """The users a login means: none, one, or several who cannot be told apart."""
        normalised = normalize("NFKC", login)
        for column in self._columns:
            alike = self._matches[column, fold(login)]
            exact = [key for value, key in alike if value == normalised]
            if keys := exact or [key for _, key in alike]:
                return [self._model._default_manager.get(pk=key) for key in keys]
        return []


def _canary(directory: _Directory, login: str, attempt: Attempt) -> Canary:
    users = directory.find(login)
    reason = _refusal(users, attempt.password)
    user = users[0] if len(users) == 1 else None
    person = attempt.person
    return {
        "login": login,
        "password": attempt.password,
        "expect": REFUSED if reason else SIGNS_IN,
        "reason": reason,
        "algorithm": person.algorithm if person else None,
        "legacy_id": str(user.pk) if user else None,
        "note": attempt.note,
        "django": SIGNS_IN if _signs_in(login, attempt.password) else REFUSED,
        "fits_cognito": fits_cognito(login, attempt.password),
    }


def _refusal(users: list[Any], password: str) -> str | None:
    """The reason code of a refusal, None for a sign-in."""
    if not users:
        return "user-unknown"
    if len(users) > 1:
        return "login-ambiguous"
    user = users[0]
    signed_in = _signs_in(user.get_username(), password)
    if signed_in and signed_in.pk == user.pk:
        return None
    return _fault_of_hash(user.password) or _fault_of_user(user, password)


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
    if user.check_password(password):
        return "user-unknown" if user.is_active else "user-inactive"
    return "password-mismatch"


def _signs_in(login: str, password: str) -> Any:
    try:
        return sign_in(login, password)
    except (ValueError, AssertionError, OverflowError):
        # What Django makes of a malformed hash: the site answers with an error page.
        return None


def fits_cognito(login: str, password: str) -> bool:
    """Whether `InitiateAuth` takes them (UsernameType and PasswordType of the API reference).

    A username has 1 to 128 letters, marks, symbols, numbers or punctuation, so no spaces. A
    password has 1 to 256 characters; the developer guide allows spaces inside, not around.
    """
    return (
        1 <= len(login) <= 128
        and all(category(letter)[0] in "LMSNP" for letter in login)
        and 1 <= len(password) <= 256
        and password == password.strip()
    )


def _check_nobody_is_spent(verdicts: list[Canary]) -> None:
    spent: set[str] = set()
    for canary in verdicts:
        key = canary["legacy_id"]
        if key in spent:
            raise SpentPersonError(f"user {key} already signed in before: {canary['note']}")
        if key and canary["expect"] == SIGNS_IN:
            spent.add(key)
