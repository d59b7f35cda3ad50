"""After: Cognito's access tokens. The difference to `sessions.py` is the whole change."""

import os

from app.settings.base import *  # noqa: F403
from app.settings.base import INSTALLED_APPS

ROOT_URLCONF = "app.urls.cognito"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "cutover_django.authentication.CognitoAccessTokenAuthentication"
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
}
# What somebody signed out everywhere must not do any more: the pool is asked.
SENSITIVE_PERMISSIONS = [
    "rest_framework.permissions.IsAuthenticated",
    "cutover_django.authentication.NotRevoked",
]
INSTALLED_APPS = [*INSTALLED_APPS, "cutover_django"]
COGNITO = {
    "ISSUER": os.environ.get("COGNITO_ISSUER", ""),
    "CLIENT_IDS": os.environ.get("COGNITO_CLIENT_IDS", "").split(),
    # No app client may write it; `manage.py check --deploy` looks.
    "LEGACY_ID_ATTRIBUTE": "custom:legacy_id",
    "CREATE_USERS": True,
}
# What the front end has to know of the pool. None of it is secret: app clients for browsers have no
# client secret.
POOL_FOR_BROWSERS = {
    "userPoolId": COGNITO["ISSUER"].rsplit("/", 1)[-1],
    "clientId": (COGNITO["CLIENT_IDS"] or [""])[0],
    "endpoint": os.environ.get("COGNITO_ENDPOINT"),
    # USER_SRP_AUTH once the migration window is over: SRP never asks the migration trigger.
    "authFlow": os.environ.get("COGNITO_AUTH_FLOW", "USER_PASSWORD_AUTH"),
}
