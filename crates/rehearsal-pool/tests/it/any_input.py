"""Calls every operation with inputs made from the API model, fit and unfit, and checks each answer.

usage: any_input.py ENDPOINT USER_POOL_ID CLIENT_ID SEED CALLS OPERATION...
An answer may be a refusal, but one that the operation declares; it may not be a failure of the
pool's own, and must fit the operation's output shape. Values of earlier answers (ids, tokens,
names) come back in later inputs, by the name of their shape. Prints each finding; exits 1 if
there are any.
"""

import collections
import http.client
import json
import random
import sys

from validate_answers import MODEL, SHAPES, check

endpoint, pool, client, seed, calls, *operations = sys.argv[1:]
chance = random.Random(int(seed))
USED_MOST = {"UserPoolIdType": pool, "ClientIdType": client}
# Fits hardly any shape.
JUNK = [None, True, -1, 1.5, 2**70, "", " ", "\0", "a" * 70_000]
JUNK += [[], [None], {}, {"": {}}, [{}] * 50]
NAMES = ["ann", "bob", "ann@example.org", "+12065550100", "ANN", "ä"]
VALUES = ["true", "2000-02-29", "", "0", "99999999999999999999", "a" * 2_048, *NAMES]
WORDS = {
    "UsernameType": NAMES,
    "StringType": NAMES + ["Cognito", "Google", "Cognito_Subject"],
    "AttributeNameType": ["email", "email_verified", "sub", "custom:team", "birthdate", "unknown"],
    "AttributeValueType": VALUES,
    "PasswordType": ["Passw0rd!", "short", ""],
    "ArnType": ["arn:aws:iam::123456789012:role/Any"],
    "UserFilterType": ['email = "ann@example.org"', 'username ^= "a"', "unfit", ""],
    "SearchPaginationTokenType": ["unfit"],
    "PaginationKey": ["unfit"],
    "ConfirmationCodeType": ["123456"],
}
PARAMETERS = {
    "USERNAME": NAMES,
    "PASSWORD": WORDS["PasswordType"],
    "NEW_PASSWORD": WORDS["PasswordType"],
    "SRP_A": ["0", "ff" * 384, "unfit"],
    "PASSWORD_CLAIM_SIGNATURE": ["AAAA", "unfit"],
    "PASSWORD_CLAIM_SECRET_BLOCK": ["AAAA"],
    "TIMESTAMP": ["Tue Nov 5 10:00:00 UTC 2024", "unfit"],
    "userAttributes.email": VALUES,
    "userAttributes.": ["x"],
}
known = collections.defaultdict(list)


def text(name, shape):
    if name in USED_MOST and chance.random() < 0.8:
        return USED_MOST[name]
    if known[name] and chance.random() < 0.8:
        return chance.choice(known[name])
    if "enum" in shape:
        return chance.choice(shape["enum"])
    return chance.choice(WORDS.get(name) or ["a", "Any text", "7"])


def made(name, unfit):
    shape = SHAPES[name]
    if chance.random() < unfit:
        return chance.choice(JUNK)
    kind = shape["type"]
    if kind == "structure":
        required = shape.get("required", [])
        wanted = [
            member
            for member in shape["members"]
            if member in required or member.endswith("Parameters") or chance.random() < 0.2
        ]
        return {member: made(shape["members"][member]["shape"], unfit) for member in wanted}
    if kind == "list":
        return [made(shape["member"]["shape"], unfit) for _ in range(chance.choice([0, 1, 1, 2]))]
    if kind == "map":
        if name not in ("AuthParametersType", "ChallengeResponsesType"):
            return {"any": "value"}
        names = ["USERNAME", *chance.sample(list(PARAMETERS), 3)]
        return {name: chance.choice(PARAMETERS[name]) for name in names}
    if kind == "boolean":
        return chance.random() < 0.5
    if kind == "string":
        return text(name, shape)
    return chance.choice([shape.get("min", 0), shape.get("max", 60), 1, 5])


def learn(name, value):
    shape = SHAPES[name]
    if shape["type"] == "structure":
        for member, inner in value.items():
            learn(shape["members"][member]["shape"], inner)
    elif shape["type"] == "list":
        for inner in value:
            learn(shape["member"]["shape"], inner)
    elif shape["type"] == "string" and "enum" not in shape and name not in WORDS:
        known[name] = [*known[name][-9:], value]


def ends_the_session(operation, given):
    if operation == "DeleteUserPool":
        return given == {"UserPoolId": pool}
    changes_client = operation in ("DeleteUserPoolClient", "UpdateUserPoolClient")
    return changes_client and isinstance(given, dict) and given.get("ClientId") == client


def call(connection, operation, body):
    headers = {
        "X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": "AWS4-HMAC-SHA256 "
        "Credential=any/20260101/eu-west-1/cognito-idp/aws4_request, "
        f"SignedHeaders=host, Signature={'0' * 64}",
    }
    connection.request("POST", "/", body, headers)
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def main():
    found, succeeded = 0, 0
    connection = http.client.HTTPConnection(endpoint.removeprefix("http://"), timeout=30)
    for _ in range(int(calls)):
        operation = chance.choice(operations)
        shape = MODEL["operations"][operation]["input"]["shape"]
        given = made(shape, chance.choice([0, 0, 0, 0.02, 0.2]))
        if ends_the_session(operation, given):
            continue
        status, body = call(connection, operation, json.dumps(given))
        error = body.get("__type")
        findings = list(check({"operation": operation, "error": error, "body": body}))
        if status == 500 or status == 200 and error:
            findings.append(f"{status} {body}")
        for finding in findings:
            found += 1
            print(f"{operation}: {finding}; input: {json.dumps(given)[:1_000]}")
        if status == 200 and not findings:
            succeeded += 1
            if "output" in MODEL["operations"][operation]:
                learn(MODEL["operations"][operation]["output"]["shape"], body)
    print(f"{succeeded} succeeded, {found} findings")
    return 1 if found or not succeeded else 0


if __name__ == "__main__":
    sys.exit(main())
