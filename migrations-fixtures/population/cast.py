"""The people with a purpose: every rule of sign-in and import has somebody it applies to.

Builds persons and the sign-ins to try with them; knows nothing of tables. The scenes themselves
stand in `scenes`.
"""

from collections.abc import Callable
from random import Random
from typing import Any

from population import names
from population.attempt import Attempt, Types, as_stored
from population.person import Address, Needs, Person, joined_and_last_login
from population.recipes import QUICK, QUICK_OF_EACH, Recipe

_WORDS = (
    "amber", "basalt", "cedar", "delta", "ember", "fjord", "garnet", "harbour", "indigo",
    "juniper", "kelp", "lichen", "marble", "nectar", "ochre", "pebble", "quartz", "russet",
    "saffron", "tundra", "umber", "velvet", "willow", "yarrow", "zephyr",
)  # fmt: skip


class Cast:
    """Collects persons and attempts in a fixed order, all chance from one seed."""

    def __init__(self, seed: int, *, quick: bool) -> None:
        self._quick = quick
        self._rng = Random(f"{seed}:cast")
        self.persons: list[Person] = []
        self.attempts: list[Attempt] = []

    def new_password(self) -> str:
        """A password found nowhere else, so that a leaked one can be searched for."""
        first, second = self._rng.choices(_WORDS, k=2)
        return f"{first}-{second}-{self._rng.randrange(16**8):08x}-Z"

    def person(
        self,
        case: str,
        username: str,
        *,
        email: str | None = None,
        password: str | None = None,
        recipe: Recipe = QUICK,
        encoded: str | None = None,
        needs: frozenset[Needs] = frozenset(),
        addresses: tuple[Address, ...] | None = None,
        **fields: Any,
    ) -> Person:
        """Adds somebody. With `encoded` nothing matches their stored password.

        Without `addresses` the e-mail is their verified primary address.
        """
        plain = None
        if encoded is None:
            plain = self.new_password() if password is None else password
            encoded = recipe.encode(plain, self._rng)
        joined, last_login = joined_and_last_login(self._rng)
        if email is None:
            email = f"{username.lower()}@example.com"
        if addresses is None:
            addresses = (Address(email=email, verified=True, primary=True),) if email else ()
        defaults: dict[str, Any] = {
            "first_name": self._rng.choice(names.FIRST),
            "last_name": self._rng.choice(names.LAST),
            "date_joined": joined,
            "last_login": last_login,
            "email_confirmed": any(a.verified and a.primary for a in addresses),
        }
        someone = Person(
            case=case,
            username=username,
            email=email,
            encoded=encoded,
            plain=plain,
            algorithm=None if plain is None else recipe.algorithm,
            needs=needs,
            addresses=addresses,
            **{**defaults, **fields},
        )
        self.persons.append(someone)
        return someone

    def affordable(self, recipe: Recipe) -> Recipe:
        """The recipe itself, or when in a hurry a quick one of the same algorithm."""
        return QUICK_OF_EACH[recipe.algorithm] if self._quick else recipe

    def unusable(self) -> str:
        """What `set_unusable_password` stores: `!` and 40 characters (Django 1.6 and later)."""
        alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        return "!" + "".join(self._rng.choices(alphabet, k=40))

    def invented_hash(self, algorithm: str, cost: str) -> str:
        """A well-formed string that no password is known for."""
        salt = "".join(self._rng.choices("abcdefghijklmnopqrstuvwxyz", k=22))
        return f"{algorithm}${cost}${salt}$" + "A" * 43 + "="

    def attempt(
        self,
        person: Person,
        password: str,
        note: str,
        *,
        types: Types = Types.USUAL,
        alter: Callable[[str], str] = as_stored,
    ) -> None:
        """They type this password."""
        self.attempts.append(
            Attempt(person=person, types=types, alter=alter, password=password, note=note)
        )

    def right(
        self,
        person: Person,
        note: str,
        *,
        types: Types = Types.USUAL,
        alter: Callable[[str], str] = as_stored,
    ) -> None:
        """They type the password they have."""
        if person.plain is None:
            raise ValueError(f"{person.case}: nothing matches this person's password")
        self.attempt(person, person.plain, note, types=types, alter=alter)

    def wrong(
        self,
        person: Person,
        note: str,
        *,
        types: Types = Types.USUAL,
        alter: Callable[[str], str] = as_stored,
    ) -> None:
        """They type a password that nobody has."""
        self.attempt(person, self.new_password(), note, types=types, alter=alter)

    def stranger(self, login: str, note: str) -> None:
        """Somebody types a login that nobody has."""
        self.attempts.append(
            Attempt(
                person=None,
                types=Types.USUAL,
                login=login,
                password=self.new_password(),
                note=note,
            )
        )
