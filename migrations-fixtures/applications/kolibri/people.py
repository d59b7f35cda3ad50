"""A learning platform: Kolibri, whose users have UUIDs and no e-mail, within facilities, and are deleted
softly."""

import os

TABLES = [
    "kolibriauth_facilityuser",
    "kolibriauth_facilitydataset",
    "kolibriauth_collection",
    "kolibriauth_membership",
    "kolibriauth_role",
    "django_migrations",
]
PASSWORD = "Otter-river-1!"
MIGRATE = [["migrate", "--verbosity", "0", "--database", "default"]]


def setup() -> None:
    os.environ["KOLIBRI_HOME"] = os.path.join(os.environ["FIXTURE_HOME"], "home")
    os.environ["KOLIBRI_DATABASE_NAME"] = os.environ["FIXTURE_DATABASE"]
    os.environ["DJANGO_SETTINGS_MODULE"] = "kolibri.deployment.default.settings.base"
    import kolibri.utils.env

    kolibri.utils.env.set_env()
    import django

    django.setup()


def make() -> list:
    from kolibri.core.auth.models import Classroom, Facility, FacilityUser

    facility = Facility.objects.create(name="School")
    classroom = Classroom.objects.create(name="Class 1", parent=facility)

    def person(name: str, password: str = PASSWORD) -> FacilityUser:
        user = FacilityUser(username=name, full_name=name.title(), facility=facility)
        user.set_password(password)
        user.save()
        return user

    ada, bob, gone = person("ada"), person("bob"), person("gone")
    facility.add_admin(ada)
    classroom.add_member(bob)
    if hasattr(gone, "date_deleted"):
        from django.utils import timezone

        gone.date_deleted = timezone.now()
        gone.save()
    deleted = hasattr(gone, "date_deleted")
    return [
        {"login": "ada", "password": PASSWORD, "groups": []},
        {"login": "bob", "password": PASSWORD, "groups": []},
        {"login": "bob", "password": PASSWORD + "x", "groups": []},
        {"login": "gone", "password": PASSWORD, "groups": [], "excluded": deleted},
    ]


def signs_in(login: str, password: str):
    from django.contrib.auth import authenticate
    from kolibri.core.auth.models import Facility

    user = authenticate(
        None, username=login, password=password, facility=Facility.objects.get()
    )
    return user and user.pk
