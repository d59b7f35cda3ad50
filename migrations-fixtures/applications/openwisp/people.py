"""Networks: openwisp-users, whose people have UUIDs, may sign in by name, e-mail or phone number, and belong
to organizations; which e-mails were verified is django-allauth's to say."""

import os

import django
from django.conf import settings

TABLES = [
    "openwisp_users_user",
    "openwisp_users_user_groups",
    "openwisp_users_organization",
    "openwisp_users_organizationuser",
    "openwisp_users_organizationowner",
    "account_emailaddress",
    "auth_group",
]
PASSWORD = "Otter-river-1!"
urlpatterns: list = []


def setup() -> None:
    settings.configure(
        SECRET_KEY="fixture",
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": os.environ["FIXTURE_DATABASE"],
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        USE_TZ=True,
        SITE_ID=1,
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.staticfiles",
            "openwisp_utils.admin_theme",
            "openwisp_users.accounts",
            "django.contrib.admin",
            "django_extensions",
            "allauth",
            "allauth.account",
            "allauth.socialaccount",
            "rest_framework",
            "rest_framework.authtoken",
            "drf_yasg",
            "organizations",
            "django.contrib.sites",
            "openwisp_users",
        ],
        AUTH_USER_MODEL="openwisp_users.User",
        AUTHENTICATION_BACKENDS=["openwisp_users.backends.UsersAuthenticationBackend"],
        MIDDLEWARE=["allauth.account.middleware.AccountMiddleware"],
        ROOT_URLCONF="people",
        TEMPLATES=[],
    )
    django.setup()


def make() -> list:
    from django.contrib.auth import get_user_model
    from openwisp_users.models import Group, Organization, OrganizationUser

    users = get_user_model().objects
    operators, admins = (
        Group.objects.get_or_create(name=name)[0] for name in ("Operator", "Administrator")
    )
    ada = users.create_user(
        "ada", "ada@example.com", PASSWORD, phone_number="+4915112345678", first_name="Ada"
    )
    ada.groups.add(operators, admins)
    bob = users.create_user("bob", None, PASSWORD)
    bob.groups.add(operators)
    gone = users.create_user("gone", "gone@example.com", PASSWORD, is_active=False)
    users.create_user("sso", "sso@example.com")
    users.create_superuser("root", "root@example.com", PASSWORD)
    organization = Organization.objects.create(name="Freifunk", slug="freifunk")
    for user, admin in ((ada, True), (bob, False), (gone, False)):
        OrganizationUser.objects.create(organization=organization, user=user, is_admin=admin)
    both = ["Administrator", "Operator"]
    return [
        {"login": "ada", "password": PASSWORD, "groups": both},
        {"login": "ada", "password": PASSWORD + "x", "groups": []},
        {"login": "ada@example.com", "password": PASSWORD, "groups": both},
        {"login": "bob", "password": PASSWORD, "groups": ["Operator"]},
        {"login": "gone", "password": PASSWORD, "groups": []},
        {"login": "sso", "password": PASSWORD, "groups": []},
        {"login": "root", "password": PASSWORD, "groups": []},
    ]


def signs_in(login: str, password: str):
    from django.contrib.auth import authenticate

    user = authenticate(None, username=login, password=password)
    return user and user.pk
