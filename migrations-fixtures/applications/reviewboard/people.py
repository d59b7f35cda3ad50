"""Code review: Review Board, on Django's own user model beside its own review groups, some of them in a
site of their own."""

import os
import sys

TABLES = [
    "auth_user",
    "auth_user_groups",
    "reviews_group",
    "reviews_group_users",
    "site_localsite",
    "site_localsite_users",
    "accounts_profile",
    "auth_group",
]
PASSWORD = "Otter-river-1!"
MIGRATE = [["evolve", "--noinput", "--execute", "--verbosity", "0"]]


def setup() -> None:
    home = os.path.join(os.environ["FIXTURE_HOME"], "home", "conf")
    os.makedirs(home, exist_ok=True)
    with open(os.path.join(home, "settings_local.py"), "w") as file:
        file.write(
            "SECRET_KEY = 'fixture'\n"
            "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', "
            f"'NAME': {os.environ['FIXTURE_DATABASE']!r}}}}}\n"
            "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.locmem.LocMemCache'}}\n"
            "PRODUCTION = True\nDEBUG = False\n"
        )
    sys.path.insert(0, home)
    os.environ["DJANGO_SETTINGS_MODULE"] = "reviewboard.settings"
    import django

    django.setup()


def make() -> list:
    from django.contrib.auth.models import Group as DjangoGroup
    from django.contrib.auth.models import User
    from reviewboard.admin.management.sites import init_siteconfig
    from reviewboard.admin.siteconfig import load_site_config
    from reviewboard.reviews.models import Group

    init_siteconfig()
    load_site_config()

    def person(name: str, **fields) -> User:
        return User.objects.create_user(name, f"{name}@example.com", PASSWORD, **fields)

    ada, bob, gone = person("ada"), person("Bob"), person("gone", is_active=False)
    person("root", is_superuser=True, is_staff=True)
    User.objects.create_user("bot", "bot@example.com")
    security = Group.objects.create(name="security", display_name="Security Reviews", invite_only=True)
    everybody = Group.objects.create(name="everybody", display_name="Everybody")
    security.users.add(ada)
    everybody.users.add(ada, bob, gone)
    ada.groups.add(DjangoGroup.objects.create(name="Managers"))
    return [
        {"login": "ada", "password": PASSWORD, "groups": ["Managers", "everybody", "security"]},
        {"login": "ada", "password": PASSWORD + "x", "groups": []},
        {"login": "Bob", "password": PASSWORD, "groups": ["everybody"]},
        {"login": "gone", "password": PASSWORD, "groups": []},
        {"login": "root", "password": PASSWORD, "groups": []},
        {"login": "bot", "password": PASSWORD, "groups": []},
    ]


def signs_in(login: str, password: str):
    from django.contrib.auth import authenticate

    user = authenticate(None, username=login, password=password)
    return user and user.pk
