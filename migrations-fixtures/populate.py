"""Makes a legacy database: real migrations, a population, and its canaries.

    python populate.py --shape uuid --database postgres://root@127.0.0.1:5432/legacy --users 5000

The same seed gives the same content, on every database.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

from legacy_app import database_url
from legacy_app.shapes import SHAPES

HERE = Path(__file__).resolve().parent
DEFAULT_SEED = 20260115
DEFAULT_USERS = 1_000


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shape", choices=SHAPES, default="allauth", help="which legacy app")
    parser.add_argument(
        "--database",
        metavar="URL",
        help="sqlite:PATH, postgres://user:pass@host:port/db or mysql://user:pass@host:port/db; "
        "default: legacy.sqlite3 in shapes/SHAPE",
    )
    parser.add_argument("--users", type=int, default=DEFAULT_USERS, help="how many users in all")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument(
        "--canaries",
        type=Path,
        metavar="FILE",
        help="where the canaries go; default: canaries.json beside the SQLite file, or here",
    )
    parser.add_argument(
        "--quick", action="store_true", help="no password at Django's full cost: for tests"
    )
    parser.add_argument("--replace", action="store_true", help="drop an older population first")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    url = options.database or f"sqlite:{HERE / 'shapes' / options.shape / 'legacy.sqlite3'}"
    try:
        path = database_url.sqlite_path(url)
        if path is not None:
            url = f"sqlite:{Path(path).resolve()}"
        database_url.parse(url)
    except database_url.DatabaseUrlError as error:
        print(f"populate: {error}", file=sys.stderr)
        return 2
    canaries_file = options.canaries or (Path(path).parent if path else Path()) / "canaries.json"
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "legacy_app.settings",
        "LEGACY_SHAPE": options.shape,
        "LEGACY_DATABASE_URL": url,
    }
    return populate(options, canaries_file)


def populate(options: argparse.Namespace, canaries_file: Path) -> int:
    """Exit code 0, or 2 with a message when the database cannot be used as asked."""
    import django

    django.setup()
    # Only now: these need Django's settings.
    from django.db import DatabaseError, connection

    from population import canaries, scenes, schema, selection, writing

    started = time.monotonic()
    shape, seed = SHAPES[options.shape], options.seed
    try:
        cast = scenes.play(seed, quick=options.quick)
        # Once for its refusal, before anything is dropped: who exists is known only afterwards.
        selection.select(shape, cast, seed, options.users, tells_case=True)
        schema.create(replace=options.replace)
        tells_case = schema.tells_case()
        chosen = selection.select(shape, cast, seed, options.users, tells_case=tells_case)
        writing.write(chosen)
    except (schema.DatabaseNotEmptyError, selection.TooFewUsersError, DatabaseError) as error:
        print(f"populate: {error}", file=sys.stderr)
        return 2
    written = canaries.canaries(shape, chosen.attempts)
    canaries_file.write_text(
        json.dumps(written, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")
    connection.close()
    seconds = time.monotonic() - started
    print(f"{options.users} users, {len(written)} canaries, {shape.name}, {seconds:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
