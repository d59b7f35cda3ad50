"""Makes a small Django project and its database in a folder: a user model of its own that signs people
in by e-mail, under other column names, with hashers and backends of the project's.

usage: settings_module.py FOLDER
"""

import os
import pathlib
import sys

FILES = {
    "shop/__init__.py": "",
    "shop/settings.py": """
SECRET_KEY = "of a test"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "shop.people"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "legacy.sqlite3"}}
AUTH_USER_MODEL = "people.Customer"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = [
    "shop.hashers.SlowPBKDF2",
    "shop.hashers.Wrapped",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "shop.backends.DoorCode",
]
print("a project may print what it likes")
""",
    "shop/hashers.py": """
from django.contrib.auth.hashers import PBKDF2PasswordHasher


class SlowPBKDF2(PBKDF2PasswordHasher):
    algorithm = "pbkdf2_shop"
    iterations = 1000


class Wrapped(PBKDF2PasswordHasher):
    algorithm = "pbkdf2_wrapped"

    def encode(self, password, salt, iterations=None):
        return super().encode(password[::-1], salt, iterations)
""",
    "shop/backends.py": """
from django.contrib.auth.backends import BaseBackend


class DoorCode(BaseBackend):
    pass
""",
    "shop/people/__init__.py": "",
    "shop/people/models.py": """
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models


class Customer(AbstractBaseUser, PermissionsMixin):
    contact = models.EmailField(unique=True, db_column="contact_address")
    # Looks like Django's username and is none.
    username = models.CharField(max_length=40)
    is_active = models.BooleanField(default=True, db_column="may_enter")
    objects = BaseUserManager()
    USERNAME_FIELD = "contact"
    EMAIL_FIELD = "contact"
""",
}


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    for name, text in FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.lstrip())
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    call_command("migrate", run_syncdb=True, verbosity=0)
    customers = get_user_model().objects
    for name, may_enter in [("ada", True), ("bob", False)]:
        customer = customers.model(
            contact=f"{name}@example.org", username="customer", is_active=may_enter
        )
        customer.set_password(f"{name.title()}-river-1!")
        customer.save()


main()
