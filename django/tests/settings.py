"""Settings of the package's tests: plain Django with DRF, a database in a file for threads."""

import os
import tempfile

SECRET_KEY = "only for tests"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "rest_framework",
    "cutover_django",
]
_DATABASE = os.path.join(tempfile.gettempdir(), f"cutover-django-{os.getpid()}.sqlite3")
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": _DATABASE,
        "OPTIONS": {"timeout": 60},
        "TEST": {"NAME": _DATABASE},
    }
}
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "cutover_django.middleware.CognitoAccessTokenMiddleware",
]
ROOT_URLCONF = "tests.urls"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
COGNITO = {"ISSUER": "http://127.0.0.1:9/eu-west-1_test", "CLIENT_IDS": ["ours"]}
