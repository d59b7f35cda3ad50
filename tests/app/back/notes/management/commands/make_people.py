"""`manage.py make_people`: the people of the example, with passwords that a page may show."""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.management.base import BaseCommand

from notes.models import Note

#: Username, first name, password, groups, permissions.
PEOPLE = [
    ("vera", "Vera", "Copper-Kettle-41", ["News Room"], []),
    ("otto", "Otto", "Willow-Harbour-52", [], ["see_figures"]),
    ("ines", "Ines", "Amber-Lantern-63", [], []),
    ("hugo", "Hugo", "Marble-Orchard-74", [], []),
    ("olga", "Olga", "Silver-Meadow-85", ["News Room"], ["see_figures"]),
    ("paul", "Paul", "Velvet-Compass-96", [], []),
    ("rosa", "Rosa", "Cobalt-Feather-07", [], []),
    ("emil", "Emil", "Ginger-Window-18", [], []),
    ("lena", "Lena", "Saffron-Bridge-29", [], []),
]


class Command(BaseCommand):
    help = "Makes the people of the example, each with a note."

    def add_arguments(self, parser):
        parser.add_argument("--show", action="store_true", help="print who there is, too")

    def handle(self, *args, **options):
        for username, name, password, groups, permissions in PEOPLE:
            if options["show"]:
                may = ", ".join(groups + permissions) or "own notes only"
                self.stdout.write(f"{username:6} {password:20} {may}")
            user, new = get_user_model().objects.get_or_create(
                username=username,
                defaults={"first_name": name, "email": f"{username}@example.org"},
            )
            if not new:
                continue
            user.set_password(password)
            user.save()
            user.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
            user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
            Note.objects.create(user=user, text=f"{name}'s note from before the move")
