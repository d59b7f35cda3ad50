"""Asks Django: reads sign-ins from stdin, answers with what `authenticate()` says.

    echo '{"login": "Bob", "password": "…"}' | \\
        python oracle.py --shape stock --database sqlite:legacy.sqlite3

One JSON line in, one out, in order, flushed: {"user": key} or {"user": null}. Keys are text, UUIDs
hyphenated. Where Django raises, as over a malformed hash, nobody is signed in and the exception's
name is added: {"user": null, "error": "ValueError"}; the same for a line that is no sign-in. The
database is opened read-only.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from legacy_app import database_url
from legacy_app.shapes import SHAPES


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shape", choices=SHAPES, default="allauth")
    parser.add_argument("--database", metavar="URL", required=True, help="as of populate.py")
    options = parser.parse_args()
    try:
        path = database_url.sqlite_path(options.database)
        database_url.parse(options.database)
    except database_url.DatabaseUrlError as error:
        print(f"oracle: {error}", file=sys.stderr)
        return 2
    if path is not None and not Path(path).is_file():
        print(f"oracle: there is no file {path}", file=sys.stderr)
        return 2
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "legacy_app.settings",
        "LEGACY_SHAPE": options.shape,
        "LEGACY_DATABASE_URL": f"sqlite:{Path(path).resolve()}" if path else options.database,
        "LEGACY_READ_ONLY": "1",
    }
    return answer()


def answer() -> int:
    """Until stdin ends; 0, or 2 when the database does not answer."""
    import django

    django.setup()
    # Only now: these need Django's settings.
    from django.db import DatabaseError

    for line in sys.stdin:
        try:
            reply = _reply(line)
        except DatabaseError as error:
            print(f"oracle: {error}", file=sys.stderr)
            return 2
        print(json.dumps(reply), flush=True)
    return 0


def _reply(line: str) -> dict[str, Any]:
    from django.db import DatabaseError, DataError

    from legacy_app.sign_in import sign_in

    try:
        asked = json.loads(line)
        user = sign_in(asked["login"], asked["password"])
    except Exception as error:
        # PostgreSQL calls a login with a NUL in it a data error; any other means it is not there.
        if isinstance(error, DatabaseError) and not isinstance(error, DataError):
            raise
        # Whatever Django trips over, the site would have shown an error page: no sign-in.
        return {"user": None, "error": type(error).__name__}
    return {"user": None if user is None else str(user.pk)}


if __name__ == "__main__":
    sys.exit(main())
