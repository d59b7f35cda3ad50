"""The canaries: every attempted sign-in with what must come of it, as canaries.json has them.

Called by `populate` once the population is written.
"""

from collections.abc import Iterable
from typing import TypedDict
from unicodedata import category, normalize

from legacy_app.shapes import Shape
from population.attempt import Attempt, Types
from population.verdict import Judge, Verdict, django_signs_in

SIGNS_IN = "signs-in"
REFUSED = "refused"


class Canary(TypedDict):
    """One sign-in. The README explains the fields."""

    login: str
    password: str
    expect: str
    reason: str | None
    expect_lowered: str
    reason_lowered: str | None
    algorithm: str | None
    legacy_id: str | None
    note: str
    django: str
    rule: str | None
    fits_cognito: bool


class UnusableAttemptError(Exception):
    """An attempt that would prove nothing, or something else than it seems to."""


def canaries(shape: Shape, attempts: Iterable[Attempt]) -> list[Canary]:
    """Every attempt that this shape offers, with its verdict."""
    typed = [(login, attempt) for attempt in attempts if (login := _typed(shape, attempt))]
    judge = Judge(shape, {login for login, _ in typed})
    made = []
    spent: dict[str, set[str]] = {"expect": set(), "expect_lowered": set()}
    for login, attempt in typed:
        as_typed = judge.verdict(login, attempt.password)
        lowered = judge.verdict(login.lower(), attempt.password)
        _spend(spent["expect"], as_typed, attempt)
        _spend(spent["expect_lowered"], lowered, attempt)
        made.append(_canary(shape, login, attempt, as_typed, lowered))
    return made


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


def _spend(spent: set[str], verdict: Verdict, attempt: Attempt) -> None:
    """Once a user has signed in, the pool answers for them and the trigger is never asked."""
    if verdict.user is None:
        return
    key = str(verdict.user.pk)
    if key in spent:
        raise UnusableAttemptError(f"user {key} signed in before this: {attempt.note}")
    if verdict.reason is None:
        spent.add(key)


def _canary(
    shape: Shape, login: str, attempt: Attempt, as_typed: Verdict, lowered: Verdict
) -> Canary:
    answer = django_signs_in(login, attempt.password)
    return {
        "login": login,
        "password": attempt.password,
        "expect": _outcome(as_typed),
        "reason": as_typed.reason,
        "expect_lowered": _outcome(lowered),
        "reason_lowered": lowered.reason,
        "algorithm": attempt.person.algorithm if attempt.person else None,
        "legacy_id": str(as_typed.user.pk) if as_typed.user else None,
        "note": attempt.note,
        "django": REFUSED if answer is None else SIGNS_IN,
        "rule": _rule(as_typed, answer),
        "fits_cognito": _fits_cognito(shape, login, attempt.password, as_typed),
    }


def _outcome(verdict: Verdict) -> str:
    return REFUSED if verdict.reason else SIGNS_IN


def _rule(verdict: Verdict, django_answer: object) -> str | None:
    """Which rule of the project's makes the verdict differ from Django's, if any."""
    signed_in = verdict.user.pk if verdict.reason is None else None
    if signed_in == django_answer:
        return None
    if django_answer is None:
        return "case-alone"
    if verdict.reason == "login-ambiguous":
        return "ambiguous"
    raise UnusableAttemptError(f"no rule explains {verdict.reason} of user {django_answer}")


def _fits_cognito(shape: Shape, login: str, password: str, verdict: Verdict) -> bool:
    """Whether a user pool could see this sign-in through.

    The login and the username to create must be UsernameType of the API reference: 1 to 128
    letters, marks, symbols, numbers and punctuation, so no spaces. Where e-mail is an alias, a
    username must not look like one. A password has 1 to 256 characters; the developer guide
    allows spaces inside, not around. A login in another Unicode form than the stored one is
    another name for the pool, so the trigger makes nobody of it.
    """
    if normalize("NFKC", login) != login:
        return False
    if not (_is_username(login) and 1 <= len(password) <= 256 and password == password.strip()):
        return False
    if verdict.user is None or not shape.has_username:
        return True
    username = verdict.user.username
    return _is_username(username) and not ("email" in shape.login and _is_email(username))


def _is_email(text: str) -> bool:
    local, _, domain = text.partition("@")
    return bool(local) and "." in domain.strip(".")


def _is_username(text: str) -> bool:
    return 1 <= len(text) <= 128 and all(category(letter)[0] in "LMSNP" for letter in text)
