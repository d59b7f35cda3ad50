"""Plain Django's authentication by a Cognito access token.

After `AuthenticationMiddleware`. A request without a bearer token goes on as it came, so sessions
work beside it while people move.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from cutover_django.bearer import bearer_of
from cutover_django.errors import CognitoUnavailable, NotLinked, TokenRefused, challenge


class CognitoAccessTokenMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            bearer = bearer_of(request.META.get("HTTP_AUTHORIZATION", ""))
        except TokenRefused as error:
            response = _answer(401, str(error))
            response["WWW-Authenticate"] = challenge(error)
            return response
        except NotLinked as error:
            return _answer(403, str(error))
        except CognitoUnavailable:
            return _answer(503, "Sign-in cannot be checked at the moment. Try again.")
        if bearer is not None:
            marked: Any = request
            marked.user = bearer.user
            # Asynchronous views would find the session's person there.
            marked.auser = _asynchronous(bearer.user)
            marked.cognito = bearer
            # No browser adds this header by itself, so nobody can forge the request.
            marked._dont_enforce_csrf_checks = True
        return self.get_response(request)


def _asynchronous(user: Any) -> Callable[[], Coroutine[Any, Any, Any]]:
    async def auser() -> Any:
        return user

    return auser


def _answer(status: int, detail: str) -> HttpResponse:
    return JsonResponse({"detail": detail}, status=status)
