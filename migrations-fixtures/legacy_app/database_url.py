"""Reads `sqlite:PATH`, `postgres://…` and `mysql://…` into Django's DATABASES entry.

Knows nothing of shapes or populations. Called by the settings.
"""

from typing import Any
from urllib.parse import unquote, urlsplit


class DatabaseUrlError(ValueError):
    """The database URL cannot be used; the text says what to write instead."""


def sqlite_path(url: str) -> str | None:
    """The file of a SQLite URL (`sqlite:PATH` or `sqlite://PATH`), else None."""
    if not url.startswith("sqlite:"):
        return None
    path = url.removeprefix("sqlite:").removeprefix("//")
    if not path:
        raise DatabaseUrlError("a sqlite URL needs a file: sqlite:PATH")
    return path


def parse(url: str, *, read_only: bool = False) -> dict[str, Any]:
    """Django's settings for this URL; with `read_only` the database itself refuses writes."""
    path = sqlite_path(url)
    if path is not None:
        return _sqlite(path, read_only)
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql", "mysql"):
        raise DatabaseUrlError("the database must be sqlite:PATH, postgres://… or mysql://…")
    if parts.query or parts.fragment:
        raise DatabaseUrlError("the database URL takes no options after '?' or '#'")
    name = unquote(parts.path.removeprefix("/"))
    if not name:
        raise DatabaseUrlError("the database URL names no database: write …/NAME")
    engine = "mysql" if parts.scheme == "mysql" else "postgresql"
    return {
        "ENGINE": f"django.db.backends.{engine}",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": _mysql_options(read_only) if engine == "mysql" else _pg_options(read_only),
    }


def _sqlite(path: str, read_only: bool) -> dict[str, Any]:
    settings: dict[str, Any] = {"ENGINE": "django.db.backends.sqlite3", "NAME": path}
    if read_only:
        escaped = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        settings["NAME"] = f"file:{escaped}?mode=ro"
        settings["OPTIONS"] = {"uri": True}
    return settings


def _pg_options(read_only: bool) -> dict[str, Any]:
    return {"options": "-c default_transaction_read_only=on"} if read_only else {}


def _mysql_options(read_only: bool) -> dict[str, Any]:
    options: dict[str, Any] = {"charset": "utf8mb4"}
    if read_only:
        options["init_command"] = "SET SESSION TRANSACTION READ ONLY"
    return options
