"""The user model of the `email-login` shape: no username, every column renamed.

Its tables: `people_person`, `people_person_groups` (person_id, group_id) and
`people_person_user_permissions` (person_id, permission_id).
"""

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin, UserManager
from django.db import models


class Person(AbstractBaseUser, PermissionsMixin):
    id = models.BigAutoField(primary_key=True, db_column="person_no")
    email = models.EmailField(unique=True, db_column="mail")
    password = models.CharField(max_length=128, db_column="pw_hash")
    is_active = models.BooleanField(default=True, db_column="enabled")
    first_name = models.CharField(max_length=150, blank=True, db_column="forename")
    last_name = models.CharField(max_length=150, blank=True, db_column="surname")
    phone_number = models.CharField(max_length=32, blank=True, db_column="mobile")
    last_login = models.DateTimeField(null=True, blank=True, db_column="last_seen")
    date_joined = models.DateTimeField(db_column="registered")
    is_staff = models.BooleanField(default=False, db_column="office_staff")
    is_superuser = models.BooleanField(default=False, db_column="all_rights")

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []

    objects = UserManager()

    class Meta:
        db_table = "people_person"
