"""Prints what a Django project says of its users, as one line of JSON after a marker: the project may
print lines of its own. Run by `cutover init --django-settings` with the project's own Python. Reads
settings and models; asks the database nothing.
"""

import json
import os
import sys
from urllib.parse import quote

DJANGO = "django.contrib.auth.hashers"
# What a subclass of a hasher may set without changing what it computes from the same numbers.
COSTS = {
    "algorithm", "iterations", "rounds", "work_factor", "block_size", "parallelism", "memory_cost",
    "time_cost", "salt_entropy",
}
# Those that decide as `cutover` does, or decide nothing about passwords.
FAMILIAR = (
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
    "axes.backends.",
    "guardian.backends.",
    "rules.permissions.",
    "cutover_django.",
)
FIELDS = (
    "is_active", "first_name", "last_name", "last_login", "date_joined", "is_staff", "is_superuser",
    "password",
)


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = sys.argv[1]
    sys.path.insert(0, os.getcwd())
    import django

    django.setup()
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.core.exceptions import FieldDoesNotExist
    from django.db import router

    user = get_user_model()
    # An inherited model has its passwords in the parent's table.
    owner = user._meta.get_field("password").model
    columns = {"id": owner._meta.pk.column}
    email = user.get_email_field_name() if hasattr(user, "get_email_field_name") else None
    named = {name: name for name in FIELDS}
    named["email"] = email
    if user.USERNAME_FIELD != email:
        named["username"] = user.USERNAME_FIELD
    elsewhere = []
    for name, field_name in named.items():
        try:
            field = user._meta.get_field(field_name) if field_name else None
        except FieldDoesNotExist:
            field = None
        if field is None or not getattr(field, "column", None):
            continue
        if field.model._meta.concrete_model is owner._meta.concrete_model:
            columns[name] = field.column
        else:
            elsewhere.append(f"{field.model._meta.db_table}.{field.column}")
    facts = {
        "user_model": settings.AUTH_USER_MODEL,
        "table": owner._meta.db_table.replace('"', ""),
        "columns": columns,
        "elsewhere": elsewhere,
        "login": login(settings, user, email),
        "hashers": hashers(),
        "backends": [name for name in settings.AUTHENTICATION_BACKENDS if not is_familiar(name)],
        "url": url(settings.DATABASES.get(router.db_for_read(user) or "default", {})),
    }
    print("\ncutover-django-settings:" + json.dumps(facts), flush=True)


def is_familiar(backend: str) -> bool:
    return any(backend == name or name[-1] == "." and backend.startswith(name) for name in FAMILIAR)


def login(settings, user, email) -> list:
    names = {"email" if user.USERNAME_FIELD == email else "username"}
    allauth = "allauth.account.auth_backends.AuthenticationBackend"
    if allauth in settings.AUTHENTICATION_BACKENDS:
        from allauth.account import app_settings

        methods = getattr(app_settings, "LOGIN_METHODS", None)
        if methods is None:
            methods = str(app_settings.AUTHENTICATION_METHOD).split("_")
        methods = {str(getattr(method, "value", method)) for method in methods}
        plain = "django.contrib.auth.backends.ModelBackend" in settings.AUTHENTICATION_BACKENDS
        names = methods & {"username", "email"} | (names if plain else set())
    return sorted(names, reverse=True)


def hashers() -> list:
    from django.contrib.auth.hashers import get_hashers

    told = []
    for hasher in get_hashers():
        kind = type(hasher)
        if kind.__module__ == DJANGO:
            continue
        base = next(
            (
                parent
                for parent in kind.__mro__[1:]
                if parent.__module__ == DJANGO and getattr(parent, "algorithm", None)
            ),
            None,
        )
        own = set()
        for parent in kind.__mro__:
            if parent.__module__ != DJANGO and parent is not object:
                own.update(name for name in vars(parent) if not name.startswith("__"))
        told.append(
            {
                "algorithm": hasher.algorithm,
                "path": f"{kind.__module__}.{kind.__qualname__}",
                "base": base and base.algorithm,
                "overrides": sorted(own - COSTS),
            }
        )
    return told


def url(database) -> "str | None":
    engine = str(database.get("ENGINE", ""))
    name = str(database.get("NAME") or "")
    if engine.endswith(("sqlite3", "spatialite")):
        return "sqlite://" + os.path.abspath(name) if name else None
    if "postg" in engine or "tenants" in engine:
        scheme = "postgres"
    elif "mysql" in engine:
        scheme = "mysql"
    else:
        return None
    host = str(database.get("HOST") or "localhost")
    if host.startswith("/"):
        return None
    account = quote(str(database.get("USER") or ""), safe="")
    if database.get("PASSWORD"):
        account += ":" + quote(str(database["PASSWORD"]), safe="")
    port = f":{database['PORT']}" if database.get("PORT") else ""
    return f"{scheme}://{account}@{host}{port}/{quote(name, safe='')}"


main()
