"""Ordinary users, as many as wanted, who fill the tables around the people with a purpose.

Their passwords follow a rule (`crowd_password`), so that a test can sign in as any of them; past
`DISTINCT_HASHES` users the encoded passwords repeat, so that a million take minutes.
"""

from collections.abc import Iterator
from random import Random

from population import groups, names
from population.person import Address, Person, joined_and_last_login
from population.recipes import CROWD_MIX

CASE = "ordinary user"
DISTINCT_HASHES = 1_000

_FIRST = ("amy", "ben", "cleo", "dina", "egon", "faye", "gus", "hedy", "ike", "jade")
_LAST = ("ash", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak", "pine")


def crowd_password(seed: int, number: int) -> str:
    """The password of the ordinary user whose username ends in `number`."""
    return f"crowd-{seed}-{number % DISTINCT_HASHES}"


def crowd(seed: int, *, shared_email: bool) -> Iterator[Person]:
    """Ordinary users without end; `shared_email` says whether some may be without an e-mail."""
    hashes = _hashes(seed)
    rng = Random(f"{seed}:crowd")
    number = 0
    while True:
        yield _ordinary(rng, number, *hashes[number % DISTINCT_HASHES], shared_email)
        number += 1


def _hashes(seed: int) -> list[tuple[str, str, str]]:
    """Algorithm, password and encoded password for each number modulo DISTINCT_HASHES."""
    rng = Random(f"{seed}:crowd-hashes")
    weights, recipes = zip(*CROWD_MIX, strict=True)
    made = []
    for slot, recipe in enumerate(rng.choices(recipes, weights, k=DISTINCT_HASHES)):
        password = crowd_password(seed, slot)
        made.append((recipe.algorithm, password, recipe.encode(password, rng)))
    return made


def _ordinary(
    rng: Random, number: int, algorithm: str, plain: str, encoded: str, shared_email: bool
) -> Person:
    # Every chance is drawn whether it is used or not: the next user's must not depend on it.
    joined, last_login = joined_and_last_login(rng)
    mail, inactive, unverified, device = (rng.random() for _ in range(4))
    username = f"{_FIRST[number % 10]}.{_LAST[number // 10 % 10]}{number}"
    email = f"{username}@example.{'com' if number % 3 else 'org'}"
    if mail < 0.02 and shared_email:
        email = ""
    elif mail < 0.06:
        email = email.title()
    verified = unverified >= 0.2
    return Person(
        case=CASE,
        username=username,
        email=email,
        encoded=encoded,
        plain=plain,
        algorithm=algorithm,
        first_name=rng.choice(names.FIRST),
        last_name=rng.choice(names.LAST),
        is_active=inactive >= 0.03,
        date_joined=joined,
        last_login=last_login,
        phone_number=f"+4670{number:07}" if number % 2 else "",
        email_confirmed=verified and bool(email),
        groups=tuple(name for name in groups.ORDINARY if rng.random() < 0.06),
        addresses=(Address(email=email, verified=verified, primary=True),) if email else (),
        authenticator=(device < 0.03) if device < 0.04 else None,
    )
