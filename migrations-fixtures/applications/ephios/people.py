"""Shifts of medical services: ephios, whose people sign in by e-mail in any case and are hidden by a flag;
django-guardian with its row for nobody switched off."""

import os

TABLES = [
    "userprofile",
    "userprofile_groups",
    "auth_group",
    "guardian_userobjectpermission",
    "guardian_groupobjectpermission",
]
PASSWORD = "Otter-river-1!"


def setup() -> None:
    home = os.path.join(os.environ["FIXTURE_HOME"], "home")
    for folder in ("", "private", "private/logs", "public"):
        os.makedirs(os.path.join(home, folder), exist_ok=True)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "ephios.settings",
        "ENV_PATH": "/dev/null",
        "DEBUG": "False",
        "SECRET_KEY": "fixture",
        "ALLOWED_HOSTS": "*",
        "SITE_URL": "http://localhost",
        "DATABASE_URL": "sqlite:///" + os.environ["FIXTURE_DATABASE"],
        "DATA_DIR": home,
        "EMAIL_URL": "dummymail://",
        "DEFAULT_FROM_EMAIL": "ephios@example.com",
        "SERVER_EMAIL": "ephios@example.com",
        "ADMINS": "Root <root@example.com>",
    }
    import django

    django.setup()


def make() -> list:
    from datetime import date

    from django.contrib.auth.models import Group
    from ephios.core.models import UserProfile

    def person(email: str, name: str, **changed) -> UserProfile:
        user = UserProfile.all_objects.create_user(
            email, name, date(1990, 5, 17), changed.pop("password", PASSWORD)
        )
        for key, value in changed.items():
            setattr(user, key, value)
        user.save()
        return user

    planners, helpers = (Group.objects.create(name=name) for name in ("Planners", "Volunteers"))
    ada = person("ada@example.com", "Ada Lovelace", phone="0151 1234567")
    ada.groups.add(planners, helpers)
    person("Bob.Builder@example.com", "Bob Builder").groups.add(helpers)
    person("gone@example.com", "Gone Girl", is_active=False)
    person("hidden@example.com", "Hidden Helper", is_visible=False)
    person("oidc@example.com", "Sign On", password=None)
    UserProfile.all_objects.create_superuser("root@example.com", "Root", date(1980, 1, 1), PASSWORD)
    return [
        {"login": "ada@example.com", "password": PASSWORD, "groups": ["Planners", "Volunteers"]},
        {"login": "ada@example.com", "password": PASSWORD + "x", "groups": []},
        {"login": "Bob.Builder@example.com", "password": PASSWORD, "groups": ["Volunteers"]},
        {"login": "bob.builder@example.com", "password": PASSWORD, "groups": ["Volunteers"]},
        {"login": "gone@example.com", "password": PASSWORD, "groups": []},
        {"login": "hidden@example.com", "password": PASSWORD, "groups": []},
        {"login": "oidc@example.com", "password": PASSWORD, "groups": []},
        {"login": "root@example.com", "password": PASSWORD, "groups": []},
        {"login": "AnonymousUser", "password": PASSWORD, "groups": []},
    ]


def signs_in(login: str, password: str):
    from django.contrib.auth import authenticate
    from django.test import RequestFactory

    request = RequestFactory().post("/accounts/login/")
    request.session = {}
    user = authenticate(request, username=login, password=password)
    return user and user.pk
