"""Conferences: pretalx, where people sign in by e-mail and are in teams of organisers."""

import os

TABLES = [
    "person_user",
    "person_user_groups",
    "event_team",
    "event_team_members",
    "event_organiser",
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
    config = os.path.join(home, "pretalx.cfg")
    with open(config, "w") as file:
        file.write(
            f"[filesystem]\ndata={home}\n[site]\nsecret=fixture\n"
            f"[database]\nbackend=sqlite3\nname={os.environ['FIXTURE_DATABASE']}\n"
        )
    os.environ["PRETALX_CONFIG_FILE"] = config
    os.environ["DJANGO_SETTINGS_MODULE"] = "pretalx.settings"
    import django

    django.setup()


def make() -> list:
    from django_scopes import scopes_disabled

    with scopes_disabled():
        from pretalx.event.models import Organiser, Team
        from pretalx.person.models import User

        organiser = Organiser.objects.create(name="Conference", slug="conference")
        team = Team.objects.create(organiser=organiser, name="Reviewers")
        ada = User.objects.create_user(email="ada@example.com", password=PASSWORD, name="Ada")
        team.members.add(ada)
        User.objects.create_user(email="bob@example.com", password=PASSWORD, name="Bob")
        gone = User.objects.create_user(email="gone@example.com", password=PASSWORD, name="G")
        gone.is_active = False
        gone.save()
    return [
        {"login": "ada@example.com", "password": PASSWORD, "groups": ["Reviewers"]},
        {"login": "bob@example.com", "password": PASSWORD, "groups": []},
        {"login": "bob@example.com", "password": PASSWORD + "x", "groups": []},
        {"login": "gone@example.com", "password": PASSWORD, "groups": []},
    ]


def signs_in(login: str, password: str):
    from django.contrib.auth import authenticate

    user = authenticate(None, username=login, password=password)
    return user and user.pk
