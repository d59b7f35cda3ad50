"""Why a request's token is not taken.

A token that is refused and a Cognito that cannot be asked are different things: the first is the
caller's to mend (401), the second is not (503), and nobody should be signed out for it.
"""


class TokenRefused(Exception):
    """The token is not valid for this API. The text is for the caller and quotes nothing."""


class NotLinked(Exception):
    """The token is valid, and no Django row is proven to be its person."""


class CognitoUnavailable(Exception):
    """Cognito, or its keys, could not be reached."""


def challenge(error: "TokenRefused | None" = None) -> str:
    """`WWW-Authenticate` as RFC 6750, section 3, says: without a token, no error."""
    if error is None:
        return 'Bearer realm="api"'
    return f'Bearer realm="api", error="invalid_token", error_description="{error}"'
