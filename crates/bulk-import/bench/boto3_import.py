"""An import as a competent person writes it with boto3: a thread pool, enough connections, the
SDK's retries. It keeps no journal and no account, and cannot be resumed.

usage: boto3_import.py ENDPOINT REGION USER_POOL_ID THREADS < users.jsonl
"""

import json
import secrets
import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config


def main() -> None:
    endpoint, region, pool, threads = sys.argv[1:]
    client = boto3.client(
        "cognito-idp",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(
            max_pool_connections=int(threads), retries={"mode": "standard", "max_attempts": 10}
        ),
    )
    users = [json.loads(line) for line in sys.stdin]
    for group in {user["group"] for user in users}:
        try:
            client.create_group(UserPoolId=pool, GroupName=group)
        except client.exceptions.GroupExistsException:
            pass

    def create(user: dict) -> None:
        name = user["username"]
        attributes = [{"Name": key, "Value": value} for key, value in user["attributes"].items()]
        client.admin_create_user(
            UserPoolId=pool,
            Username=name,
            UserAttributes=attributes,
            MessageAction="SUPPRESS",
        )
        client.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=user["group"])
        client.admin_set_user_password(
            UserPoolId=pool,
            Username=name,
            Password=secrets.token_urlsafe(24) + "aA1!",
            Permanent=True,
        )

    with ThreadPoolExecutor(int(threads)) as executor:
        for _ in executor.map(create, users):
            pass


main()
