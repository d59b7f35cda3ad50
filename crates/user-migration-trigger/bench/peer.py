"""The same trigger in Python, as a team would write it: psycopg and Django's own check_password, one
connection, a loop over the Lambda Runtime API as Lambda's own Python runtime has it. Sign-in alone.
"""

import http.client
import json
import os
from typing import Any

import psycopg
from django.conf import settings
from django.contrib.auth.hashers import check_password

settings.configure()


def answer(database: psycopg.Connection[Any], event: dict[str, Any]) -> dict[str, Any]:
    user = database.execute(
        "select id, username, email, password, is_active, first_name, last_name"
        " from auth_user where username = %s",
        [event["userName"]],
    ).fetchone()
    event["response"] = {}
    if user and user[4] and check_password(event["request"]["password"], user[3]):
        event["response"] = {
            "userAttributes": {
                "username": user[1],
                "email": user[2],
                "given_name": user[5],
                "family_name": user[6],
                "custom:legacy_id": str(user[0]),
            },
            "finalUserStatus": "CONFIRMED",
            "messageAction": "SUPPRESS",
        }
    return event


def main() -> None:
    database = psycopg.connect(os.environ["CUTOVER_LEGACY_URL"], autocommit=True)
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        api.request("GET", "/2018-06-01/runtime/invocation/next")
        response = api.getresponse()
        request_id = response.headers["Lambda-Runtime-Aws-Request-Id"]
        reply = json.dumps(answer(database, json.loads(response.read())))
        path = f"/2018-06-01/runtime/invocation/{request_id}/response"
        api.request("POST", path, reply)
        api.getresponse().read()


if __name__ == "__main__":
    main()
