"""Ticket sales: pretix, where people sign in by e-mail and are in teams of organisers."""

import os

TABLES = [
    "pretixbase_user",
    "pretixbase_user_groups",
    "pretixbase_team",
    "pretixbase_team_members",
    "pretixbase_organizer",
    "auth_group",
    "auth_permission",
    "auth_group_permissions",
    "django_content_type",
    "django_migrations",
]
PASSWORD = "Otter-river-1!"


def setup() -> None:
    home = os.path.join(os.environ["FIXTURE_HOME"], "home")
    os.makedirs(home, exist_ok=True)
    config = os.path.join(home, "pretix.cfg")
    with open(config, "w") as file:
        file.write(
            f"[pretix]\ndatadir={home}\n[django]\nsecret=fixture\n"
            f"[database]\nbackend=sqlite3\nname={os.environ['FIXTURE_DATABASE']}\n"
        )
    os.environ["PRETIX_CONFIG_FILE"] = config
    os.environ["DJANGO_SETTINGS_MODULE"] = "pretix.settings"
    import django

    django.setup()


def make() -> list:
    from pretix.base.models import Organizer, Team, User

    organizer = Organizer.objects.create(name="Fair", slug="fair")
    team = Team.objects.create(organizer=organizer, name="Box Office")
    ada = User.objects.create_user("ada@example.com", PASSWORD, fullname="Ada Lee")
    team.members.add(ada)
    User.objects.create_user("bob@example.com", PASSWORD)
    User.objects.create_user("gone@example.com", PASSWORD, is_active=False)
    return [
        {"login": "ada@example.com", "password": PASSWORD, "groups": ["Box Office"]},
        {"login": "bob@example.com", "password": PASSWORD, "groups": []},
        {"login": "bob@example.com", "password": PASSWORD + "x", "groups": []},
        {"login": "gone@example.com", "password": PASSWORD, "groups": []},
    ]


def signs_in(login: str, password: str):
    from django.contrib.auth import authenticate

    user = authenticate(None, username=login, password=password)
    return user and user.pk
