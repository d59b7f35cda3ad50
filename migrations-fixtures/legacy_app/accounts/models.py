"""The user model of the `uuid` shape: AbstractUser with a UUID key and a confirmed flag.

Its tables: `accounts_user`, `accounts_user_groups` (user_id, group_id) and
`accounts_user_user_permissions` (user_id, permission_id). The key is `uuid` in PostgreSQL and
MariaDB 10.7 and later, and 32 hexadecimal digits without hyphens in SQLite and MySQL.
"""

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email_confirmed = models.BooleanField(default=False)
