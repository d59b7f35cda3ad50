"""Is this an access token of our pool, for one of our app clients, now?

Responsible for verifying. It must not know Django's users. Called by the DRF authentication and
the middleware.

Cognito's access tokens have no `aud`: the app client is in `client_id`. A pool's ID tokens are
signed for the same issuer and must not pass (`token_use`).
Source: guide page amazon-cognito-user-pools-using-tokens-verifying-a-jwt.
"""

from __future__ import annotations

from typing import Any

import jwt

from cutover_django.configuration import Configuration
from cutover_django.errors import TokenRefused
from cutover_django.key_set import key_set

REQUIRED = ["exp", "iat", "iss", "sub"]
#: Longer than any access token that a server takes in a header.
LONGEST_TOKEN = 16 * 1024


def verified_claims(token: str, config: Configuration) -> dict[str, Any]:
    """The claims of a valid access token."""
    if len(token) > LONGEST_TOKEN:
        raise TokenRefused("The token is malformed")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise TokenRefused("The token is malformed") from None
    kid = header.get("kid")
    if header.get("alg") != "RS256" or not isinstance(kid, str):
        raise TokenRefused("The token is not signed with RS256")
    key = key_set(config.issuer, config.timeout).key(kid)
    if key is None:
        raise TokenRefused("The token is signed with an unknown key")
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            issuer=config.issuer,
            leeway=config.leeway,
            options={"require": REQUIRED, "verify_aud": False},
        )
    except jwt.ExpiredSignatureError:
        raise TokenRefused("The token has expired") from None
    except jwt.ImmatureSignatureError:
        raise TokenRefused("The token is not valid yet; compare the clocks") from None
    except jwt.PyJWTError:
        raise TokenRefused("The token is not valid") from None
    if claims.get("token_use") != "access":
        raise TokenRefused("An access token is needed, not an ID token")
    if claims.get("client_id") not in config.client_ids:
        raise TokenRefused("The token is for another app client")
    if not isinstance(claims["sub"], str) or not claims["sub"]:
        raise TokenRefused("The token names nobody")
    return claims
