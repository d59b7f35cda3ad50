"""One sign-in attempt, answered by Django.

Called by the oracle and by whoever records what the population's people may expect. Changes
nothing in the database.
"""

from typing import Any

from django.contrib.auth import authenticate, base_user, get_user_model
from django.contrib.auth.hashers import check_password


def _check_without_upgrade(
    password: str, encoded: str, setter: Any = None, preferred: str = "default"
) -> bool:
    return bool(check_password(password, encoded))


# At a sign-in Django re-encodes a password whose hasher is not the preferred one, and saves it. The
# answer does not depend on that, and whoever only asks must not write.
base_user.check_password = _check_without_upgrade


def sign_in(login: str, password: str) -> Any:
    """The user Django signs in, or None.

    The login is normalised as the username field of Django's sign-in form does (NFKC); that
    form's trimming of spaces is left out, since Cognito does none.
    """
    normalised = get_user_model().normalize_username(login)
    return authenticate(None, username=normalised, password=password)
