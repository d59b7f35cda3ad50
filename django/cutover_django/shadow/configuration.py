"""The setting CUTOVER_SHADOW, read and checked."""

from __future__ import annotations

import dataclasses
import ipaddress
import socket
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

EXAMPLE = '{"address": "/run/cutover/shadow.sock", "sample": 0.1, "timeout_ms": 50}'
_KEYS = {"address", "sample", "timeout_ms", "queue", "key"}


@dataclasses.dataclass(frozen=True)
class ShadowConfiguration:
    #: A Unix socket's path, or a loopback address with its port.
    address: str | tuple[str, int]
    sample: float
    timeout: float
    queue: int
    key: str | None


def configuration() -> ShadowConfiguration | None:
    """The setting; None where there is none."""
    given = getattr(settings, "CUTOVER_SHADOW", None)
    if not given:
        return None
    if not isinstance(given, dict):
        raise ImproperlyConfigured(f"CUTOVER_SHADOW must be a dict, such as {EXAMPLE}.")
    for name in given:
        if name not in _KEYS:
            known = ", ".join(sorted(_KEYS))
            raise ImproperlyConfigured(f"CUTOVER_SHADOW has no key {name!r}; it has {known}.")
    if "address" not in given:
        raise ImproperlyConfigured(f"CUTOVER_SHADOW names no 'address'; write {EXAMPLE}.")
    queue = _number(given, "queue", 100, 1, 10_000)
    key = given.get("key")
    if key is not None and not isinstance(key, str):
        raise ImproperlyConfigured("CUTOVER_SHADOW['key'] must be text.")
    return ShadowConfiguration(
        address=_address(given["address"]),
        sample=_number(given, "sample", 0.1, 0, 1),
        timeout=_number(given, "timeout_ms", 50, 1, 60_000) / 1000,
        queue=int(queue),
        key=key or None,
    )


def _number(given: dict[str, Any], name: str, default: float, least: float, most: float) -> float:
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise ImproperlyConfigured(
            f"CUTOVER_SHADOW[{name!r}] must be a number from {least} to {most}."
        )
    return value


def _address(value: Any) -> str | tuple[str, int]:
    """Passwords go there in the clear: never to another machine."""
    wrong = ImproperlyConfigured(
        "CUTOVER_SHADOW['address'] must be the path of a Unix socket ('/run/cutover/shadow.sock') "
        "or a loopback address ('127.0.0.1:8765', '[::1]:8765')."
    )
    if not isinstance(value, str):
        raise wrong
    if value.startswith("/"):
        if not hasattr(socket, "AF_UNIX"):
            raise wrong
        return value
    host, colon, port = value.rpartition(":")
    try:
        ip = ipaddress.ip_address(host.strip("[]"))
        number = int(port)
    except ValueError:
        raise wrong from None
    if not colon or not ip.is_loopback or not 0 < number < 65536:
        raise wrong
    return str(ip), number
