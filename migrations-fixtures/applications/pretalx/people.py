"""Conferences: pretalx, where people sign in by e-mail, teams of an organiser hold the rights, and who
deletes an account leaves a row without a name."""

import os

TABLES = [
    "person_user",
    "person_user_groups",
    "event_organiser",
    "event_team",
    "event_team_members",
    "auth_group",
]
PASSWORD = "Otter-river-1!"


def setup() -> None:
    home = os.path.join(os.environ["FIXTURE_HOME"], "home")
    os.makedirs(home, exist_ok=True)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "pretalx.settings",
        "PRETALX_DATA_DIR": home,
        "PRETALX_FILESYSTEM_LOGS": home,
        "PRETALX_DB_TYPE": "sqlite3",
        "PRETALX_DB_NAME": os.environ["FIXTURE_DATABASE"],
    }
    import django

    django.setup()


def make() -> list:
    from django_scopes import scopes_disabled
    from pretalx.event.models import Organiser, Team
    from pretalx.person.models import User

    def person(email: str, name: str, password: str | None = PASSWORD) -> User:
        return User.objects.create_user(email=email, name=name, password=password)

    ada, bob = person("ada@example.com", "Ada"), person("Bob@Example.com", "Bob")
    gone, unset = person("gone@example.com", "Gone"), person("invited@example.com", "Invited", None)
    root = User.objects.create_superuser(email="root@example.com", name="Root", password=PASSWORD)
    with scopes_disabled():
        organiser = Organiser.objects.create(name="RustConf", slug="rustconf")
        programme = Team.objects.create(organiser=organiser, name="Programme Team", all_events=True)
        reviewers = Team.objects.create(organiser=organiser, name="Reviewers", is_reviewer=True)
        programme.members.add(ada, gone)
        reviewers.members.add(ada, bob)
        gone.deactivate()
        shown = {user.pk: sorted(team.name for team in user.teams.all()) for user in (ada, bob, root)}
    assert not gone.teams.exists() and not unset.has_usable_password()
    return [
        {"login": "ada@example.com", "password": PASSWORD, "groups": shown[ada.pk]},
        {"login": "ada@example.com", "password": PASSWORD + "x", "groups": []},
        {"login": bob.email, "password": PASSWORD, "groups": shown[bob.pk]},
        {"login": "gone@example.com", "password": PASSWORD, "groups": []},
        {"login": gone.email, "password": PASSWORD, "groups": []},
        {"login": "invited@example.com", "password": PASSWORD, "groups": []},
        {"login": "root@example.com", "password": PASSWORD, "groups": []},
    ]


def signs_in(login: str, password: str):
    from django.contrib.auth import authenticate

    user = authenticate(None, username=login, password=password)
    return user and user.pk
