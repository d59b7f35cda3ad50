"""Annotation: Label Studio, where people sign in by e-mail, share usernames, and leave organizations by
a date in the row of their membership."""

import os
import sys

TABLES = [
    "htx_user",
    "htx_user_groups",
    "organization",
    "organizations_organizationmember",
    "auth_group",
]
PASSWORD = "Otter-river-1!"


def setup() -> None:
    import importlib.util

    package = importlib.util.find_spec("label_studio").submodule_search_locations[0]
    sys.path.insert(0, package)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "core.settings.label_studio",
        "DJANGO_DB": "sqlite",
        "DATABASE_NAME": os.environ["FIXTURE_DATABASE"],
        "LABEL_STUDIO_BASE_DATA_DIR": os.path.join(os.environ["FIXTURE_HOME"], "home"),
        "SECRET_KEY": "fixture",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        "COLLECT_ANALYTICS": "0",
        "LATEST_VERSION_CHECK": "0",
    }
    import django

    django.setup()


def make() -> list:
    from organizations.models import Organization, OrganizationMember
    from users.forms import UserSignupForm  # noqa: F401
    from users.models import User

    def person(email: str, password: str | None = PASSWORD, **fields) -> User:
        # As users.functions.common.save_user names them.
        return User.objects.create_user(
            email, password, username=email.split("@")[0], **fields
        )

    ada = person("ada@example.com", first_name="Ada", last_name="Lovelace", phone="+4915112345678")
    organization = Organization.create_organization(created_by=ada, title="Label Studio")
    namesake = person("ada@example.org", first_name="Ada")
    gone = person("gone@example.com")
    bob = person("bob@example.com", is_active=False)
    sso = person("sso@example.com", None)
    for user in (namesake, gone, bob, sso):
        organization.add_user(user)
    for user in (ada, namesake, gone, bob, sso):
        user.active_organization = organization
        user.save()
    OrganizationMember.objects.get(user=gone).soft_delete()
    return [
        {"login": "ada@example.com", "password": PASSWORD, "groups": []},
        {"login": "ada@example.com", "password": PASSWORD + "x", "groups": []},
        {"login": "ada@example.org", "password": PASSWORD, "groups": []},
        {"login": "ada", "password": PASSWORD, "groups": []},
        {"login": "gone@example.com", "password": PASSWORD, "groups": []},
        {"login": "bob@example.com", "password": PASSWORD, "groups": []},
        {"login": "sso@example.com", "password": PASSWORD, "groups": []},
    ]


def signs_in(login: str, password: str):
    from users.forms import LoginForm

    form = LoginForm({"email": login, "password": password})
    user = form.cleaned_data.get("user") if form.is_valid() else None
    return user and user.pk
