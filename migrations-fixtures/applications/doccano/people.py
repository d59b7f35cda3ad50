"""Annotation: doccano, on Django's own user model, where people have a role in each project."""

import importlib.util
import os
import sys

TABLES = [
    "auth_user",
    "auth_user_groups",
    "auth_group",
    "projects_member",
    "projects_project",
    "roles_role",
]
PASSWORD = "Otter-river-1!"


def setup() -> None:
    home = os.path.join(os.environ["FIXTURE_HOME"], "home")
    os.makedirs(home, exist_ok=True)
    sys.path.insert(0, importlib.util.find_spec("backend").submodule_search_locations[0])
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "DATABASE_URL": "sqlite:///" + os.environ["FIXTURE_DATABASE"],
        "DOCCANO_HOME": home,
        "SECRET_KEY": "fixture",
        "STANDALONE": "True",
    }
    import django

    django.setup()


def make() -> list:
    from django.contrib.auth.models import Group, User
    from django.core.management import call_command
    from projects.models import Member, Project
    from roles.models import Role

    call_command("create_roles")
    call_command(
        "create_admin", "--noinput", username="admin", email="admin@example.com", password=PASSWORD
    )
    ada, bob, gone = (
        User.objects.create_user(name, f"{name}@example.com", PASSWORD) for name in ("ada", "Bob", "gone")
    )
    gone.is_active = False
    gone.save()
    ada.groups.add(Group.objects.create(name="Linguists"))
    project = Project.objects.create(
        name="Letters", project_type="DocumentClassification", created_by=ada
    )
    for user, role in ((ada, "project_admin"), (bob, "annotator")):
        Member.objects.update_or_create(
            user=user, project=project, defaults={"role": Role.objects.get(name=role)}
        )
    return [
        {"login": "admin", "password": PASSWORD, "groups": []},
        {"login": "ada", "password": PASSWORD, "groups": ["Linguists"]},
        {"login": "ada", "password": PASSWORD + "x", "groups": []},
        {"login": "Bob", "password": PASSWORD, "groups": []},
        {"login": "gone", "password": PASSWORD, "groups": []},
    ]


def signs_in(login: str, password: str):
    from django.contrib.auth import authenticate

    user = authenticate(None, username=login, password=password)
    return user and user.pk
