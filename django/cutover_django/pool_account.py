"""What the pool says of the bearer of an access token, by GetUser.

Responsible for the one request. It must not know Django's users. GetUser is unsigned, and refuses
tokens of people who were signed out everywhere, disabled or deleted: a local check of a token
cannot know that.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request

from cutover_django.configuration import Configuration
from cutover_django.errors import CognitoUnavailable, TokenRefused


def attributes(token: str, config: Configuration) -> dict[str, str]:
    """The attributes of the token's person, `sub` among them."""
    request = urllib.request.Request(
        config.user_endpoint,
        data=json.dumps({"AccessToken": token}).encode(),
        headers={
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "AWSCognitoIdentityProviderService.GetUser",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=config.timeout) as answer:
            listed = json.load(answer)["UserAttributes"]
            return {entry["Name"]: entry.get("Value", "") for entry in listed}
    except urllib.error.HTTPError as error:
        if error.code == 400 and _refuses_token(error):
            raise TokenRefused("The token was revoked") from None
        raise CognitoUnavailable("Cognito did not answer GetUser.") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise CognitoUnavailable("Cognito did not answer GetUser.") from None


def _refuses_token(error: urllib.error.HTTPError) -> bool:
    """Too many requests are a 400 too, and no refusal."""
    try:
        kind = json.load(error)["__type"].rsplit("#", 1)[-1]
    except (ValueError, KeyError, AttributeError, TypeError):
        return False
    return kind in {
        "NotAuthorizedException",
        "UserNotFoundException",
        "PasswordResetRequiredException",
    }
