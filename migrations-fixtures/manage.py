"""Django's own command line for the legacy app, such as `manage.py makemigrations people`.

The shape and the database come from LEGACY_SHAPE and LEGACY_DATABASE_URL.
"""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "legacy_app.settings")
    execute_from_command_line(sys.argv)
