"""SRP by an independent client's arithmetic (pycognito) against the pool.

usage: srp_session.py ENDPOINT REGION POOL_ID CLIENT_ID USERNAME PASSWORD
Prints "signed in", or the name of the error.
"""

import sys

import boto3
import botocore.config
import botocore.exceptions
from pycognito.aws_srp import AWSSRP

endpoint, region, pool, client_id, username, password = sys.argv[1:]
idp = boto3.client(
    "cognito-idp",
    endpoint_url=endpoint,
    region_name=region,
    aws_access_key_id="local",
    aws_secret_access_key="local",
    config=botocore.config.Config(retries={"total_max_attempts": 1}),
)
srp = AWSSRP(
    username=username, password=password, pool_id=pool, client_id=client_id, client=idp
)
try:
    tokens = srp.authenticate_user()["AuthenticationResult"]
    assert idp.get_user(AccessToken=tokens["AccessToken"])["Username"]
    print("signed in")
except botocore.exceptions.ClientError as error:
    print(error.response["Error"]["Code"])
