"""Django settings of the legacy app.

LEGACY_SHAPE names the shape, LEGACY_DATABASE_URL the database, LEGACY_READ_ONLY=1 makes the
database refuse writes.
"""

import os

from legacy_app import database_url
from legacy_app.shapes import SHAPES

SHAPE = SHAPES[os.environ.get("LEGACY_SHAPE", "allauth")]
_URL = os.environ.get("LEGACY_DATABASE_URL", "sqlite:legacy.sqlite3")

if _URL.startswith("mysql:"):
    import pymysql

    pymysql.install_as_MySQLdb()

SECRET_KEY = "only-for-fixtures: nothing is signed with it"
USE_TZ = True
TIME_ZONE = "UTC"
DATABASES = {
    "default": database_url.parse(_URL, read_only=os.environ.get("LEGACY_READ_ONLY") == "1")
}
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    *SHAPE.apps,
]
# allauth insists on it; nothing here serves requests.
MIDDLEWARE = ["allauth.account.middleware.AccountMiddleware"] if SHAPE.has_addresses else []
AUTH_USER_MODEL = SHAPE.user_model
AUTHENTICATION_BACKENDS = list(SHAPE.backends)
ACCOUNT_LOGIN_METHODS = set(SHAPE.login)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Without the unique index on verified addresses allauth checks would still pass on MySQL, which
# has no conditional indexes: Django warns, and real sites silence it the same way.
SILENCED_SYSTEM_CHECKS = ["models.W036"]

# What an app that began on Django 1.x has to list to let everybody in: Django's own hashers, and
# stand-ins for those Django has dropped. The first is only a quick default, see there.
PASSWORD_HASHERS = [
    "legacy_app.hashers.QuickPBKDF2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher",
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "django.contrib.auth.hashers.BCryptPasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.MD5PasswordHasher",
    "legacy_app.hashers.SaltedSHA1PasswordHasher",
    "legacy_app.hashers.UnsaltedMD5PasswordHasher",
    "legacy_app.hashers.UnsaltedSHA1PasswordHasher",
    "legacy_app.hashers.DESCryptPasswordHasher",
]
