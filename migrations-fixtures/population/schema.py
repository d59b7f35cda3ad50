"""Makes the tables with Django's own migrations, in a database that holds nothing else.

Called by `populate` before anything is written.
"""

from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from population.person import AS_OF

OWN_TABLES = frozenset(
    {
        "account_emailaddress",
        "account_emailconfirmation",
        "accounts_user",
        "accounts_user_groups",
        "accounts_user_user_permissions",
        "auth_group",
        "auth_group_permissions",
        "auth_permission",
        "auth_user",
        "auth_user_groups",
        "auth_user_user_permissions",
        "django_content_type",
        "django_migrations",
        "django_session",
        "otp_totp_totpdevice",
        "people_person",
        "people_person_groups",
        "people_person_user_permissions",
    }
)
"""Every table that one of the shapes makes; nothing else is ever dropped."""


class DatabaseNotEmptyError(Exception):
    """The database holds tables; the text says which and what can be done."""


def create(*, replace: bool) -> None:
    """Runs the migrations in an empty database, or with `replace` in place of an older one."""
    tables = set(connection.introspection.table_names())
    foreign = sorted(tables - OWN_TABLES)
    if foreign:
        raise DatabaseNotEmptyError(
            f"the database has tables that are not from here ({', '.join(foreign[:5])}): "
            "nothing was touched; name an empty database"
        )
    if tables and not replace:
        raise DatabaseNotEmptyError(
            "the database already holds a population: add --replace to drop it first"
        )
    _drop(tables)
    call_command("migrate", verbosity=0, interactive=False)
    # The only moment of "now" in the data.
    MigrationRecorder(connection).migration_qs.update(applied=AS_OF)


def tells_case() -> bool:
    """Whether unique text columns of this database tell upper from lower case, and accents.

    MySQL and MariaDB decide by the database's collation, and the default one does not. Django
    made the permission `add_group` a moment ago; where the question in capitals finds it, case
    is lost.
    """
    return not Permission.objects.filter(codename="ADD_GROUP").exists()


def _drop(tables: set[str]) -> None:
    quote = connection.ops.quote_name
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        cascade = " CASCADE" if connection.vendor == "postgresql" else ""
        for table in sorted(tables):
            cursor.execute(f"DROP TABLE {quote(table)}{cascade}")
