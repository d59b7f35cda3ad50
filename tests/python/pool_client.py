"""AWS's own client of a user pool, answering JSON lines.

usage: pool_client.py ENDPOINT REGION

{"call": "initiate_auth", "with": {…}}                 -> {"ok": {…}}
{"all": "list_users", "of": "Users", "with": {…}}      -> {"ok": […]}     every page
{"post": TARGET, "body": TEXT}                         -> {"ok": {"status": n, "body": TEXT}}
{"get": PATH}                                          -> {"ok": {"status": n, "body": TEXT}}
{"put": PATH, "body": TEXT}                            -> {"ok": {"status": n, "body": TEXT}}
An error of the service: {"error": {"code": …, "message": …, "status": n}}. No answer, such as a
connection that was reset: {"error": {"code": "NoAnswer", "message": …, "status": 0}}.
"""

import http.client
import json
import sys
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.exceptions
from botocore.config import Config

CONTENT_TYPE = "application/x-amz-json-1.1"


def main() -> None:
    endpoint, region = sys.argv[1:]
    client = boto3.client(
        "cognito-idp",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="acceptance-tests",
        aws_secret_access_key="not a secret",
        # One attempt: a test must see what the pool answers first.
        config=Config(retries={"total_max_attempts": 1}, read_timeout=30),
    )
    for line in sys.stdin:
        print(json.dumps(_answer(client, endpoint, json.loads(line)), default=str), flush=True)


def _answer(client: Any, endpoint: str, asked: dict[str, Any]) -> dict[str, Any]:
    if asked.keys() & {"post", "get", "put"}:
        return {"ok": _plain(endpoint, asked)}
    try:
        if "all" in asked:
            return {"ok": _all_pages(client, asked)}
        reply = getattr(client, asked["call"])(**asked["with"])
    except botocore.exceptions.ClientError as error:
        described = error.response["Error"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return {
            "error": {
                "code": described["Code"],
                "message": described.get("Message", ""),
                "status": status,
            }
        }
    except botocore.exceptions.HTTPClientError as error:
        return {"error": {"code": "NoAnswer", "message": type(error).__name__, "status": 0}}
    reply.pop("ResponseMetadata", None)
    return {"ok": reply}


def _all_pages(client: Any, asked: dict[str, Any]) -> list[Any]:
    pages = client.get_paginator(asked["all"]).paginate(**asked["with"])
    return [item for page in pages for item in page[asked["of"]]]


def _plain(endpoint: str, asked: dict[str, Any]) -> dict[str, Any]:
    """A request as no AWS client would make it."""
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=30)
    if "post" in asked:
        headers = {"Content-Type": CONTENT_TYPE, "X-Amz-Target": asked["post"]}
        connection.request("POST", "/", asked["body"].encode(), headers)
    elif "put" in asked:
        connection.request("PUT", asked["put"], asked["body"].encode())
    else:
        connection.request("GET", asked["get"])
    response = connection.getresponse()
    return {"status": response.status, "body": response.read().decode()}


if __name__ == "__main__":
    main()
