"""A game server: Evennia, whose accounts sign in by name in any case, with bots among them (`db_is_bot`)."""

import os
import sys

TABLES = [
    "accounts_accountdb",
    "accounts_accountdb_groups",
    "auth_group",
]
PASSWORD = "Otter-river-1!"


def setup() -> None:
    import evennia

    game = os.path.join(os.environ["FIXTURE_HOME"], "home")
    if not os.path.isdir(game):
        import shutil

        template = os.path.join(os.path.dirname(evennia.__file__), "game_template")
        shutil.copytree(template, game)
        os.makedirs(os.path.join(game, "server", "logs"), exist_ok=True)
        with open(os.path.join(game, "server", "conf", "settings.py"), "w") as file:
            file.write(
                "from evennia.settings_default import *\n"
                "SECRET_KEY = 'fixture'\n"
                f"DATABASES['default']['NAME'] = {os.environ['FIXTURE_DATABASE']!r}\n"
            )
    os.chdir(game)
    sys.path.insert(0, game)
    os.environ["DJANGO_SETTINGS_MODULE"] = "server.conf.settings"
    import django

    django.setup()
    evennia._init()


def make() -> list:
    from django.contrib.auth.models import Group
    from evennia.accounts.bots import Bot
    from evennia.accounts.models import AccountDB
    from evennia.utils import create

    def account(name: str, password: str = PASSWORD, **options):
        return create.create_account(name, f"{name.lower()}@example.com", password, **options)

    # The first account is the superuser; `evennia migrate` asks for it.
    account("Root", is_superuser=True)
    builders = Group.objects.create(name="Builders")
    account("Ada").groups.add(builders)
    account("bob")
    gone = account("gone")
    gone.is_active = False
    gone.save()
    bot = create.create_account("ircbot-tavern", None, PASSWORD, typeclass=Bot)
    assert AccountDB.objects.get(pk=bot.pk).db_is_bot
    return [
        {"login": "Root", "password": PASSWORD, "groups": []},
        {"login": "Ada", "password": PASSWORD, "groups": ["Builders"]},
        {"login": "ada", "password": PASSWORD, "groups": ["Builders"]},
        {"login": "bob", "password": PASSWORD, "groups": []},
        {"login": "bob", "password": PASSWORD + "x", "groups": []},
        {"login": "gone", "password": PASSWORD, "groups": []},
        {"login": bot.username, "password": PASSWORD, "groups": [], "excluded": True, "row": bot.pk},
    ]


def signs_in(login: str, password: str):
    # The form of the website: the backend alone would let in the inactive.
    from django.contrib.auth.forms import AuthenticationForm

    form = AuthenticationForm(data={"username": login, "password": password})
    return form.get_user().pk if form.is_valid() else None
