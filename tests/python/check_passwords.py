"""What Django's `check_password()` says, for each JSON line {"password": …, "encoded": …}.

Answers {"match": true|false}; {"match": false, "error": NAME} where Django raises.
usage: check_passwords.py
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).resolve().parents[2] / "migrations-fixtures"


def main() -> None:
    sys.path.insert(0, str(FIXTURES))
    os.environ |= {"DJANGO_SETTINGS_MODULE": "legacy_app.settings"}
    import django

    django.setup()
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    from django.contrib.auth.hashers import check_password

    try:
        return {"match": check_password(asked["password"], asked["encoded"])}
    except (ValueError, AssertionError, OverflowError) as error:
        return {"match": False, "error": type(error).__name__}


if __name__ == "__main__":
    main()
