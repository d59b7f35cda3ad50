"""System checks. Those that need the network run with `manage.py check --deploy` only."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

from cutover_django.configuration import Configuration, configuration
from cutover_django.key_set import key_set

#: Cognito's shortest access token lives five minutes.
LONGEST_LEEWAY = 300


@register(Tags.security)
def check_configuration(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    try:
        config = configuration()
    except (ImproperlyConfigured, TypeError) as error:
        return [Error(str(error), id="cutover_django.E001")]
    found: list[CheckMessage] = []
    issuer = urlsplit(config.issuer)
    local = issuer.hostname in {"localhost", "127.0.0.1", "::1"}
    wrong = not issuer.netloc or not config.pool_id or config.issuer.endswith("/")
    if wrong or (issuer.scheme != "https" and not local):
        found.append(
            Error(
                "COGNITO['ISSUER'] is no issuer.",
                hint="https://cognito-idp.REGION.amazonaws.com/POOL_ID",
                id="cutover_django.E002",
            )
        )
    if not list(config.client_ids):
        found.append(
            Error(
                "COGNITO['CLIENT_IDS'] names no app client, so every token is refused.",
                hint="A list with the ids of the app clients whose users may call.",
                id="cutover_django.E003",
            )
        )
    if not 0 <= config.leeway <= LONGEST_LEEWAY:
        found.append(
            Warning(
                f"COGNITO['LEEWAY'] is {config.leeway} seconds.",
                hint=f"0 to {LONGEST_LEEWAY}: expired tokens pass for so long.",
                id="cutover_django.W001",
            )
        )
    if config.groups not in {"django", "cognito"}:
        found.append(
            Error("COGNITO['GROUPS'] is neither 'django' nor 'cognito'.", id="cutover_django.E004")
        )
    return found


@register(Tags.security, deploy=True)
def check_issuer(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    if check_configuration():
        return []
    config = configuration()
    if key_set(config.issuer, config.timeout).refresh():
        return []
    return [
        Error(
            "The keys of COGNITO['ISSUER'] cannot be fetched.",
            hint="Is the pool's id right, and may this machine call out?",
            id="cutover_django.E005",
        )
    ]


@register(Tags.security, deploy=True)
def check_legacy_id(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Whether a client may write the attribute that proves who somebody is, and ours read it."""
    if check_configuration():
        return []
    config = configuration()
    name = config.legacy_id_attribute
    if not name:
        return []
    clients = _app_clients(config)
    if clients is None:
        return [
            Warning(
                f"Whether an app client may write {name} was not checked.",
                hint="Run it with boto3 and credentials for ListUserPoolClients and "
                "DescribeUserPoolClient: who can write it can become anybody.",
                id="cutover_django.W002",
            )
        ]
    found: list[CheckMessage] = []
    for client in clients:
        client_id = client["ClientId"]
        # Without the list a client may write, or read, everything.
        if name in client.get("WriteAttributes", [name]):
            found.append(
                Error(
                    f"Anybody can become any user: app client {client_id} may write {name}.",
                    hint="UpdateUserPoolClient with WriteAttributes that leave it out.",
                    id="cutover_django.E006",
                )
            )
        if client_id in config.client_ids and name not in client.get("ReadAttributes", [name]):
            found.append(
                Error(
                    f"App client {client_id} may not read {name}: people who moved are not known.",
                    hint="UpdateUserPoolClient with ReadAttributes that name it.",
                    id="cutover_django.E007",
                )
            )
    return found


def _app_clients(config: Configuration) -> list[dict[str, Any]] | None:
    """The pool's app clients, `None` where they cannot be asked for."""
    try:
        import boto3
    except ImportError:
        return None
    try:
        idp = boto3.client("cognito-idp", endpoint_url=config.endpoint)
        pages = idp.get_paginator("list_user_pool_clients").paginate(UserPoolId=config.pool_id)
        ids = [client["ClientId"] for page in pages for client in page["UserPoolClients"]]
        return [
            idp.describe_user_pool_client(UserPoolId=config.pool_id, ClientId=client_id)[
                "UserPoolClient"
            ]
            for client_id in ids
        ]
    except Exception:  # boto3 has no common base for missing credentials and refusals
        return None
