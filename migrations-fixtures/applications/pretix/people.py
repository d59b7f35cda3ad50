"""Tickets: pretix, where people sign in by e-mail, teams of an organizer hold the rights, and some belong
to another way of signing in (`auth_backend`)."""

import os

TABLES = [
    "pretixbase_user",
    "pretixbase_user_groups",
    "pretixbase_organizer",
    "pretixbase_team",
    "pretixbase_team_members",
    "auth_group",
]
PASSWORD = "Otter-river-1!"


def setup() -> None:
    home = os.path.join(os.environ["FIXTURE_HOME"], "home")
    os.makedirs(home, exist_ok=True)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "pretix.settings",
        "PRETIX_CONFIG_FILE": "/dev/null",
        "DATA_DIR": home,
        "PRETIX_DATABASE_BACKEND": "sqlite3",
        "PRETIX_DATABASE_NAME": os.environ["FIXTURE_DATABASE"],
    }
    import django

    django.setup()


def make() -> list:
    from django_scopes import scopes_disabled
    from pretix.base.models import Organizer, Team, User

    def person(email: str, name: str, password: str | None = PASSWORD, **fields) -> User:
        return User.objects.create_user(email, password, fullname=name, **fields)

    ada = person("Ada@Example.com", "Ada Lovelace", is_verified=True)
    bob = person("bob@example.com", "Bob Builder", needs_password_change=True)
    gone = person("gone@example.com", "Gone Girl", is_active=False)
    root = User.objects.create_superuser("root@example.com", PASSWORD)
    sso = User.objects.get_or_create_for_backend(
        "oidc", "subject-1", "sso@example.com", {}, {"fullname": "Sign On"}
    )
    with scopes_disabled():
        organizer = Organizer.objects.create(name="Concerts", slug="concerts")
        box_office = Team.objects.create(organizer=organizer, name="Box Office")
        finance = Team.objects.create(organizer=organizer, name="Finance")
        box_office.members.add(ada, bob, gone, sso)
        finance.members.add(ada)
        shown = {user.pk: sorted(team.name for team in user.teams.all()) for user in (ada, bob, root)}
    return [
        {"login": "ada@example.com", "password": PASSWORD, "groups": shown[ada.pk]},
        {"login": "ADA@example.com", "password": PASSWORD, "groups": shown[ada.pk]},
        {"login": "bob@example.com", "password": PASSWORD, "groups": shown[bob.pk]},
        {"login": "bob@example.com", "password": PASSWORD + "x", "groups": []},
        {"login": "gone@example.com", "password": PASSWORD, "groups": []},
        {"login": "root@example.com", "password": PASSWORD, "groups": shown[root.pk]},
        {"login": "sso@example.com", "password": PASSWORD, "groups": []},
    ]


def signs_in(login: str, password: str):
    from pretix.base.auth import NativeAuthBackend

    user = NativeAuthBackend().form_authenticate(None, {"email": login, "password": password})
    return user and user.pk
