"""Before: Django's own sessions and passwords."""

from app.settings.base import *  # noqa: F403

ROOT_URLCONF = "app.urls.sessions"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
}
SENSITIVE_PERMISSIONS = ["rest_framework.permissions.IsAuthenticated"]
