"""Sign-ins to try against a population: who types what.

What should come of them is worked out in `canaries`, from Django's own answer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from population.person import Person


class Types(Enum):
    """What the person types as login."""

    USUAL = "the username, or the e-mail where there is no username"
    USERNAME = "the username, only where there is one"
    EMAIL = "the e-mail, only where sign-in by e-mail is on"


def as_stored(login: str) -> str:
    return login


@dataclass(frozen=True, kw_only=True)
class Attempt:
    person: Person | None
    """Whose login is typed; None for somebody the database does not know."""
    types: Types
    alter: Callable[[str], str] = as_stored
    """How what is typed differs from what is stored."""
    login: str = ""
    """What is typed when `person` is None."""
    password: str
    note: str
