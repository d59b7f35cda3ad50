"""One legacy user as the population describes them, before any shape gives them a table.

Knows nothing of databases. Made by `cast` and `crowd`, written by `writing`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from random import Random

AS_OF = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
"""The day the data pretends to be of: nobody joined or signed in later."""

FIRST_DAY = datetime(2009, 3, 2, 8, 30, tzinfo=UTC)


class Needs(Enum):
    """What a shape or database must allow for a person to exist there."""

    USERNAME = "a username column"
    SHARED_EMAIL = "e-mails that are empty or not unique"
    CASE = "a database that tells case and accents apart in unique columns"
    EMAIL_CASE = "the same of e-mails, where those are unique"


@dataclass(frozen=True, kw_only=True)
class Address:
    """A row of allauth's account_emailaddress."""

    email: str
    verified: bool
    primary: bool


@dataclass(frozen=True, kw_only=True)
class Person:
    """Fields are named as Django names them; `shapes` says which a user model has."""

    case: str
    """Why this person is in the population; the README counts by it."""
    username: str
    email: str
    encoded: str
    """The encoded password."""
    plain: str | None
    """What matches `encoded`; None where nothing does."""
    algorithm: str | None
    """Django's name of the hasher; None where there is none."""
    first_name: str = ""
    last_name: str = ""
    is_active: bool = True
    is_staff: bool = False
    is_superuser: bool = False
    date_joined: datetime
    last_login: datetime | None
    phone_number: str = ""
    email_confirmed: bool = False
    groups: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    addresses: tuple[Address, ...] = ()
    authenticator: bool | None = None
    """A TOTP device: confirmed, unconfirmed, or None for no device."""
    needs: frozenset[Needs] = frozenset()

    @property
    def password(self) -> str:
        """Django's name for the encoded password."""
        return self.encoded


def joined_and_last_login(
    rng: Random, *, never_share: float = 0.15
) -> tuple[datetime, datetime | None]:
    """Two dates between FIRST_DAY and AS_OF; many last sign-ins are recent, some never were."""
    span = int((AS_OF - FIRST_DAY).total_seconds())
    joined = FIRST_DAY + timedelta(seconds=int(span * rng.random()))
    if rng.random() < never_share:
        return joined, None
    active = (AS_OF - joined).total_seconds()
    # The cube root crowds the dates towards AS_OF, as people who left long ago are fewer.
    microseconds = int(active * 1_000_000 * rng.random() ** (1 / 3))
    return joined, joined + timedelta(microseconds=microseconds)
