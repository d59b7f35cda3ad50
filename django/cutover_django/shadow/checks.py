"""The system check of CUTOVER_SHADOW: a wrong setting is an error of `manage.py check`, and never a
failed sign-in."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

from cutover_django.shadow.configuration import configuration


@register(Tags.security)
def check_shadow(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    try:
        config = configuration()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="cutover_shadow.E001")]
    if config is not None and not isinstance(config.address, str) and config.key is None:
        return [
            Warning(
                "Whoever has an account on this machine can ask the shadow whether a password is "
                "right.",
                hint="Use a Unix socket, or set CUTOVER_SHADOW['key'] and CUTOVER_SHADOW_KEY.",
                id="cutover_shadow.W001",
            )
        ]
    return []
