"""AWS's own client against the pool: what a person would type in a Python shell.

usage: boto3_session.py ENDPOINT REGION POOL_ID CLIENT_ID
"""

import sys

import boto3
import botocore.config

endpoint, region, pool, client_id = sys.argv[1:]
idp = boto3.client(
    "cognito-idp",
    endpoint_url=endpoint,
    region_name=region,
    aws_access_key_id="local",
    aws_secret_access_key="local",
    config=botocore.config.Config(retries={"total_max_attempts": 1}),
)


def refused(error, call, **arguments):
    try:
        call(**arguments)
    except getattr(idp.exceptions, error) as exception:
        assert exception.response["Error"]["Message"], exception.response
        assert exception.response["ResponseMetadata"]["RequestId"]
        return exception
    raise AssertionError(f"{call} was not refused with {error}")


assert idp.describe_user_pool(UserPoolId=pool)["UserPool"]["Id"] == pool
idp.create_group(UserPoolId=pool, GroupName="staff")
for number in range(130):
    idp.admin_create_user(
        UserPoolId=pool,
        Username=f"user{number}",
        MessageAction="SUPPRESS",
        UserAttributes=[
            {"Name": "email", "Value": f"user{number}@example.org"},
            {"Name": "email_verified", "Value": "true"},
        ],
    )
    idp.admin_add_user_to_group(UserPoolId=pool, Username=f"user{number}", GroupName="staff")

users = [
    user["Username"]
    for page in idp.get_paginator("list_users").paginate(UserPoolId=pool)
    for user in page["Users"]
]
assert sorted(users) == sorted({f"user{number}" for number in range(130)}), len(users)
members = [
    user["Username"]
    for page in idp.get_paginator("list_users_in_group").paginate(
        UserPoolId=pool, GroupName="staff"
    )
    for user in page["Users"]
]
assert sorted(members) == sorted(users)

idp.admin_set_user_password(
    UserPoolId=pool, Username="user7", Password="Correct-Horse-7", Permanent=True
)
signed_in = idp.initiate_auth(
    ClientId=client_id,
    AuthFlow="USER_PASSWORD_AUTH",
    AuthParameters={"USERNAME": "USER7", "PASSWORD": "Correct-Horse-7"},
)["AuthenticationResult"]
me = idp.get_user(AccessToken=signed_in["AccessToken"])
assert me["Username"] == "user7", me
created = idp.admin_get_user(UserPoolId=pool, Username="user7")["UserCreateDate"]
assert created.year >= 2024, created

refused("UserNotFoundException", idp.admin_get_user, UserPoolId=pool, Username="nobody")
refused(
    "NotAuthorizedException",
    idp.initiate_auth,
    ClientId=client_id,
    AuthFlow="USER_PASSWORD_AUTH",
    AuthParameters={"USERNAME": "nobody", "PASSWORD": "x"},
)
refused(
    "UsernameExistsException", idp.admin_create_user, UserPoolId=pool, Username="user7"
)
print("ok")
