"""Looks at what `django.contrib.auth.authenticate()` has decided, and hands a share of it over.

Around the whole function and not as one of the backends: a backend sees its own answer, not
Django's, and whoever let somebody in stands in their session. Whatever goes wrong here, Django's
answer (or its exception) is what the caller gets.
"""

from __future__ import annotations

import contextvars
import functools
import random
import sys
from typing import Any

from django.contrib import auth
from django.core.exceptions import ImproperlyConfigured
from django.views.decorators.debug import sensitive_variables

from cutover_django.shadow.configuration import configuration
from cutover_django.shadow.messenger import SignIn, hand_over

#: Backends that ask the next one (as allauth's do) make one sign-in, not two.
_within: contextvars.ContextVar[bool] = contextvars.ContextVar("cutover_shadow", default=False)


def install() -> None:
    """Once, when all applications are loaded. Modules that have imported the function by name
    before get the observed one, too."""
    for name in ("authenticate", "aauthenticate"):
        original = getattr(auth, name, None)
        if original is None or hasattr(original, "cutover_shadow"):
            continue
        observed = _observed(original) if name == "authenticate" else _aobserved(original)
        for module in list(sys.modules.values()):
            # Not getattr: some modules answer that by importing.
            if getattr(module, "__dict__", {}).get(name) is original:
                setattr(module, name, observed)


def _observed(original: Any) -> Any:
    @functools.wraps(original)
    @sensitive_variables("credentials")
    def authenticate(request: Any = None, **credentials: Any) -> Any:
        outermost = not _within.get()
        token = _within.set(True)
        try:
            user = original(request, **credentials)
        finally:
            _within.reset(token)
        if outermost:
            _look(user, credentials)
        return user

    authenticate.cutover_shadow = True  # type: ignore[attr-defined]
    return authenticate


def _aobserved(original: Any) -> Any:
    @functools.wraps(original)
    @sensitive_variables("credentials")
    async def aauthenticate(request: Any = None, **credentials: Any) -> Any:
        outermost = not _within.get()
        token = _within.set(True)
        try:
            user = await original(request, **credentials)
        finally:
            _within.reset(token)
        if outermost:
            _look(user, credentials)
        return user

    aauthenticate.cutover_shadow = True  # type: ignore[attr-defined]
    return aauthenticate


@sensitive_variables("credentials", "password", "login")
def _look(user: Any, credentials: dict[str, Any]) -> None:
    try:
        config = configuration()
        if config is None or random.random() >= config.sample:
            return
        password, login = credentials.get("password"), _login(credentials)
        # Tokens, codes and the like: nothing that the trigger would ever see.
        if not isinstance(password, str) or not login:
            return
        backend = getattr(user, "backend", None)
        hand_over(SignIn(login, password, user is not None, backend), config)
    except ImproperlyConfigured:
        return  # `manage.py check` says so.
    except Exception:
        # Whatever it is, it must not be somebody's failed sign-in.
        return


def _login(credentials: dict[str, Any]) -> str | None:
    names = ["username", auth.get_user_model().USERNAME_FIELD, "email", "login", "phone"]
    for name in names:
        value = credentials.get(name)
        if isinstance(value, str) and value:
            return value
    return None
