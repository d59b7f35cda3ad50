"""Django REST framework's authentication by a Cognito access token."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed, PermissionDenied
from rest_framework.permissions import BasePermission

from cutover_django.bearer import Bearer, bearer_of
from cutover_django.errors import CognitoUnavailable, NotLinked, TokenRefused, challenge


class Unavailable(APIException):
    """Nobody is signed out because Cognito could not be asked."""

    status_code = 503
    default_detail = "Sign-in cannot be checked at the moment. Try again."
    default_code = "unavailable"


class CognitoAccessTokenAuthentication(BaseAuthentication):
    """`request.user` is the Django row, `request.auth` the `Bearer` with the claims."""

    def authenticate(self, request: Any) -> tuple[Any, Bearer] | None:
        try:
            bearer = bearer_of(request.META.get("HTTP_AUTHORIZATION", ""))
        except TokenRefused as error:
            raise _refused(request, error) from None
        except NotLinked as error:
            raise PermissionDenied(str(error)) from None
        except CognitoUnavailable:
            raise Unavailable() from None
        return None if bearer is None else (bearer.user, bearer)

    def authenticate_header(self, request: Any) -> str:
        return challenge(getattr(request, "cognito_refusal", None))


class NotRevoked(BasePermission):
    """For sensitive views: asks the pool whether the token still stands."""

    def has_permission(self, request: Any, view: Any) -> bool:
        if not isinstance(request.auth, Bearer):
            return False
        try:
            request.auth.assert_not_revoked()
        except TokenRefused as error:
            raise _refused(request, error) from None
        except CognitoUnavailable:
            raise Unavailable() from None
        return True


def _refused(request: Any, error: TokenRefused) -> AuthenticationFailed:
    # DRF asks `authenticate_header` for the header of the answer.
    request.cognito_refusal = error
    return AuthenticationFailed(str(error))
