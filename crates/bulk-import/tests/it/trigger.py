"""A user migration trigger as simple as can be: a Lambda bootstrap that knows the users in
USERS (JSON: lower-cased username to attributes) and takes `pw-USERNAME` as their password."""

import json
import os
import urllib.request

API = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
USERS = json.load(open(os.environ["USERS"], encoding="utf-8"))


def answer(event):
    """The event with a response if the password is right, or without one."""
    name = event["userName"]
    attributes = USERS.get(name.lower())
    if attributes and event["request"].get("password") == "pw-" + name.lower():
        event["response"] = {
            "userAttributes": attributes,
            "finalUserStatus": "CONFIRMED",
            "messageAction": "SUPPRESS",
            "forceAliasCreation": False,
        }
    return event


while True:
    with urllib.request.urlopen(API + "next") as request:
        identity = request.headers["Lambda-Runtime-Aws-Request-Id"]
        event = json.load(request)
    body = json.dumps(answer(event)).encode()
    urllib.request.urlopen(urllib.request.Request(API + identity + "/response", body)).close()
