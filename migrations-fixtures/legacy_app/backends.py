"""Sign-in by e-mail as most Django apps without allauth write it.

Called by Django through AUTHENTICATION_BACKENDS, after ModelBackend.
"""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend


class EmailBackend(ModelBackend):
    """Signs in the only user who has this e-mail, whatever its letter case."""

    def authenticate(
        self,
        request: Any,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> Any:
        if not username or password is None:
            return None
        # Two rows are enough to know that the e-mail is not one user's alone.
        users = list(get_user_model()._default_manager.filter(email__iexact=username)[:2])
        if len(users) != 1 or not users[0].check_password(password):
            return None
        return users[0] if self.user_can_authenticate(users[0]) else None
