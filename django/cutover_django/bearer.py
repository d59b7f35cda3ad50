"""From an `Authorization` header to a person: what DRF and the middleware have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cutover_django import groups, links, pool_account
from cutover_django.access_token import verified_claims
from cutover_django.configuration import configuration
from cutover_django.errors import TokenRefused


@dataclass(frozen=True)
class Bearer:
    """A verified token and its person. Permissions are asked of the person, as ever."""

    user: Any
    claims: dict[str, Any]
    token: str

    def __repr__(self) -> str:  # The token opens doors until it expires.
        return f"Bearer(user={self.user.pk})"

    def assert_not_revoked(self) -> None:
        """Asks the pool. Raises `TokenRefused` if the person was signed out, disabled, deleted."""
        pool_account.attributes(self.token, configuration())


def bearer_of(header: str) -> Bearer | None:
    """The bearer, `None` if the header is of another scheme."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        return None
    token = token.strip()
    if not token:
        raise TokenRefused("The token is missing")
    config = configuration()
    claims = verified_claims(token, config)
    user = links.user_of(claims, token, config)
    if not user.is_active:
        raise TokenRefused("This account is not active")
    if config.groups == "cognito":
        groups.follow(user, claims, config.pool_id)
    return Bearer(user, claims, token)
