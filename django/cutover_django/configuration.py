"""The setting COGNITO, read and held to its types.

Responsible for defaults and for saying what is wrong. It must not know tokens or users. Everything
else here asks `configuration()`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True)
class Configuration:
    """What `COGNITO` may say, by the names it says it by, in lower case."""

    #: `iss` of the pool's tokens: https://cognito-idp.REGION.amazonaws.com/POOL_ID
    issuer: str = ""
    #: App clients whose tokens are taken.
    client_ids: list[str] = field(default_factory=list)
    #: Seconds by which this machine's clock may differ from Cognito's.
    leeway: float = 30
    #: Where GetUser is asked. By default the issuer's host.
    endpoint: str | None = None
    #: Attribute with the legacy primary key. Name it only if no app client may write it.
    legacy_id_attribute: str | None = None
    #: Whether a person who registered with Cognito gets a new Django row. The dotted name of a
    #: function makes the row what the project wants: it takes GetUser's attributes and returns a
    #: user that is not saved yet.
    create_users: bool | str = False
    #: Who says which groups a person is in: "django" or "cognito".
    groups: str = "django"
    #: Seconds for one request to Cognito.
    timeout: float = 5

    @property
    def user_endpoint(self) -> str:
        """Where operations are POSTed to."""
        if self.endpoint:
            return self.endpoint
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}/"

    @property
    def pool_id(self) -> str:
        return self.issuer.rstrip("/").rsplit("/", 1)[-1]


def configuration() -> Configuration:
    """The setting as it is now."""
    given: Any = getattr(settings, "COGNITO", {})
    known = {entry.name.upper() for entry in fields(Configuration)}
    unknown = sorted(set(given) - known)
    if unknown:
        raise ImproperlyConfigured(
            f"COGNITO has no {unknown[0]!r}; it knows {', '.join(sorted(known))}."
        )
    if isinstance(given.get("CLIENT_IDS"), str):
        # Part of a text is in the text: another client's id could pass.
        raise ImproperlyConfigured("COGNITO['CLIENT_IDS'] is a text; it must be a list.")
    return Configuration(**{name.lower(): value for name, value in given.items()})
