"""Who of the population exists in one shape and database, and with which key."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from random import Random

from legacy_app.shapes import Shape
from population.attempt import Attempt
from population.cast import Cast
from population.crowd import crowd
from population.person import Needs, Person

Key = int | uuid.UUID
"""A primary key of the user table."""


class TooFewUsersError(ValueError):
    """Fewer users wanted than there are people with a purpose."""


@dataclass(frozen=True)
class Selection:
    """The people with a purpose who can exist here, and how many ordinary users join them."""

    shape: Shape
    seed: int
    users: int
    allowed: frozenset[Needs]
    cast: tuple[Person, ...]
    attempts: tuple[Attempt, ...]

    def people(self) -> Iterator[tuple[Key, Person]]:
        """Key and person, in key order of creation; the same every time."""
        keys = _uuid_keys(self.seed) if self.shape.uuid_keys else _integer_keys()
        ordinary = crowd(self.seed, shared_email=Needs.SHARED_EMAIL in self.allowed)
        everybody = chain(self.cast, islice(ordinary, self.users - len(self.cast)))
        for person in everybody:
            yield next(keys), person


def select(shape: Shape, cast: Cast, seed: int, users: int, *, tells_case: bool) -> Selection:
    """`tells_case`: whether unique columns of the database tell upper from lower case."""
    allowed = set()
    if shape.has_username:
        allowed.add(Needs.USERNAME)
    if not shape.unique_email:
        allowed.add(Needs.SHARED_EMAIL)
    if tells_case:
        allowed.add(Needs.CASE)
    if tells_case or not shape.unique_email:
        allowed.add(Needs.EMAIL_CASE)
    persons = tuple(person for person in cast.persons if person.needs <= allowed)
    if users < len(persons):
        raise TooFewUsersError(f"the smallest population has {len(persons)} users")
    attempts = tuple(
        attempt
        for attempt in cast.attempts
        if attempt.person is None or attempt.person.needs <= allowed
    )
    return Selection(shape, seed, users, frozenset(allowed), persons, attempts)


def _integer_keys() -> Iterator[Key]:
    """1, 2, 3 … with holes, as deleted users leave them."""
    key = 0
    while True:
        key += 2 if key % 40 == 39 else 1
        yield key


def _uuid_keys(seed: int) -> Iterator[Key]:
    rng = Random(f"{seed}:uuid")
    while True:
        yield uuid.UUID(int=rng.getrandbits(128), version=4)
