"""AWS's own client drives every operation of the pool, as a person would from a Python shell.

usage: boto3_session.py ENDPOINT REGION POOL_ID CLIENT_ID

The app client is one of a pool without alias, triggers or quotas. Each answer is held to the API
model's output shapes, as bytes, before boto3 drops what it does not know. Writes the operations
that answered well, as a JSON list.
"""

import contextlib
import json
import sys
import time
import urllib.request

import boto3
import botocore.config
from validate_answers import check

endpoint, region, first_pool, first_client = sys.argv[1:]
idp = boto3.client(
    "cognito-idp",
    endpoint_url=endpoint,
    region_name=region,
    aws_access_key_id="local",
    aws_secret_access_key="local",
    config=botocore.config.Config(retries={"total_max_attempts": 1}),
)

driven = set()
findings = []


def hold_to_the_model(response_dict, event_name, **_):
    operation = event_name.rsplit(".", 1)[-1]
    body = json.loads(response_dict["body"] or b"null")
    failed = response_dict["status_code"] >= 300
    error = response_dict["headers"].get("x-amzn-errortype", "").rstrip(":") if failed else None
    record = {"operation": operation, "error": error, "body": body}
    findings.extend(f"{operation}: {finding}" for finding in check(record))
    if not failed:
        driven.add(operation)


idp.meta.events.register("response-received.cognito-identity-provider", hold_to_the_model)


def refused(error, call, **arguments):
    try:
        call(**arguments)
    except getattr(idp.exceptions, error) as exception:
        assert exception.response["Error"]["Message"], exception.response
        assert exception.response["ResponseMetadata"]["RequestId"]
        return exception
    raise AssertionError(f"{call} was not refused with {error}")


def code_for(username):
    """The newest code that Cognito would have sent."""
    with urllib.request.urlopen(f"{endpoint}/_rehearsal/outbox", timeout=30) as answer:
        messages = json.load(answer)["messages"]
    return [message for message in messages if message["username"] == username][-1]["code"]


def sign_in(client_id, username, password):
    return idp.initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": username, "PASSWORD": password},
    )


def tokens(client_id, username, password):
    return sign_in(client_id, username, password)["AuthenticationResult"]


def email(address, verified="true"):
    return [{"Name": "email", "Value": address}, {"Name": "email_verified", "Value": verified}]


def read(attributes):
    return {item["Name"]: item["Value"] for item in attributes}


def many_users():
    """Paginators, on the pool that was there from the start."""
    pool = first_pool
    assert idp.describe_user_pool(UserPoolId=pool)["UserPool"]["Id"] == pool
    idp.create_group(UserPoolId=pool, GroupName="staff")
    wanted = sorted(f"user{number}" for number in range(130))
    for name in wanted:
        idp.admin_create_user(
            UserPoolId=pool,
            Username=name,
            MessageAction="SUPPRESS",
            UserAttributes=email(f"{name}@example.org"),
        )
        idp.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName="staff")
    pages = idp.get_paginator("list_users").paginate(UserPoolId=pool)
    assert sorted(user["Username"] for page in pages for user in page["Users"]) == wanted
    pages = idp.get_paginator("list_users_in_group").paginate(UserPoolId=pool, GroupName="staff")
    assert sorted(user["Username"] for page in pages for user in page["Users"]) == wanted

    idp.admin_set_user_password(
        UserPoolId=pool, Username="user7", Password="Correct-Horse-7", Permanent=True
    )
    signed_in = tokens(first_client, "USER7", "Correct-Horse-7")
    me = idp.get_user(AccessToken=signed_in["AccessToken"])
    assert me["Username"] == "user7", me
    created = idp.admin_get_user(UserPoolId=pool, Username="user7")["UserCreateDate"]
    assert created.year >= 2024, created

    refused("UserNotFoundException", idp.admin_get_user, UserPoolId=pool, Username="nobody")
    refused(
        "NotAuthorizedException",
        idp.initiate_auth,
        ClientId=first_client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "nobody", "PASSWORD": "x"},
    )
    refused("UsernameExistsException", idp.admin_create_user, UserPoolId=pool, Username="user7")


def pools_and_clients():
    made = idp.create_user_pool(
        PoolName="session",
        AutoVerifiedAttributes=["email"],
        Schema=[{"Name": "plan", "AttributeDataType": "String", "Mutable": True}],
    )["UserPool"]
    pool = made["Id"]
    assert made["Arn"].endswith(pool), made
    listed = [item["Id"] for item in idp.list_user_pools(MaxResults=60)["UserPools"]]
    assert {pool, first_pool} <= set(listed), listed
    idp.add_custom_attributes(
        UserPoolId=pool, CustomAttributes=[{"Name": "score", "AttributeDataType": "Number"}]
    )
    idp.update_user_pool(
        UserPoolId=pool,
        AutoVerifiedAttributes=["email"],
        Policies={"PasswordPolicy": {"MinimumLength": 10}},
        DeletionProtection="INACTIVE",
    )
    told = idp.describe_user_pool(UserPoolId=pool)["UserPool"]
    assert told["Policies"]["PasswordPolicy"]["MinimumLength"] == 10, told
    names = {item["Name"] for item in told["SchemaAttributes"]}
    assert {"email", "custom:plan", "custom:score"} <= names, names

    flows = [
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_ADMIN_USER_PASSWORD_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
    ]
    client_id = idp.create_user_pool_client(
        UserPoolId=pool, ClientName="session", ExplicitAuthFlows=flows
    )["UserPoolClient"]["ClientId"]
    idp.update_user_pool_client(
        UserPoolId=pool, ClientId=client_id, ClientName="renamed", ExplicitAuthFlows=flows
    )
    told = idp.describe_user_pool_client(UserPoolId=pool, ClientId=client_id)["UserPoolClient"]
    assert told["ClientName"] == "renamed", told
    spare = idp.create_user_pool_client(UserPoolId=pool, ClientName="spare")["UserPoolClient"]
    idp.delete_user_pool_client(UserPoolId=pool, ClientId=spare["ClientId"])
    clients = idp.list_user_pool_clients(UserPoolId=pool)["UserPoolClients"]
    assert [client["ClientId"] for client in clients] == [client_id], clients
    return pool, client_id


def administrators_work(pool, client_id):
    user = {"UserPoolId": pool, "Username": "ann"}
    idp.admin_create_user(
        **user,
        TemporaryPassword="Temporary-1",
        MessageAction="SUPPRESS",
        UserAttributes=[*email("ann@example.org"), {"Name": "custom:plan", "Value": "gold"}],
    )
    challenge = idp.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ann", "PASSWORD": "Temporary-1"},
    )
    assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED", challenge
    answered = idp.admin_respond_to_auth_challenge(
        UserPoolId=pool,
        ClientId=client_id,
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": "ann", "NEW_PASSWORD": "Permanent-1"},
    )
    assert answered["AuthenticationResult"]["AccessToken"], answered

    idp.admin_update_user_attributes(
        **user, UserAttributes=[{"Name": "given_name", "Value": "Ann"}]
    )
    idp.admin_delete_user_attributes(**user, UserAttributeNames=["custom:plan"])
    told = idp.admin_get_user(**user)
    attributes = read(told["UserAttributes"])
    assert attributes["given_name"] == "Ann" and "custom:plan" not in attributes, attributes
    assert told["UserStatus"] == "CONFIRMED", told

    idp.create_group(UserPoolId=pool, GroupName="editors", Precedence=5)
    idp.update_group(UserPoolId=pool, GroupName="editors", Description="all of them")
    group = idp.get_group(UserPoolId=pool, GroupName="editors")["Group"]
    assert (group["Description"], group["Precedence"]) == ("all of them", 5), group
    idp.admin_add_user_to_group(**user, GroupName="editors")
    assert [group["GroupName"] for group in idp.admin_list_groups_for_user(**user)["Groups"]] == [
        "editors"
    ]
    assert [item["GroupName"] for item in idp.list_groups(UserPoolId=pool)["Groups"]] == ["editors"]
    members = idp.list_users_in_group(UserPoolId=pool, GroupName="editors")["Users"]
    assert [member["Username"] for member in members] == ["ann"], members
    idp.admin_remove_user_from_group(**user, GroupName="editors")
    assert idp.admin_list_groups_for_user(**user)["Groups"] == []
    idp.delete_group(UserPoolId=pool, GroupName="editors")

    identity = {
        "ProviderName": "Google",
        "ProviderAttributeName": "Cognito_Subject",
        "ProviderAttributeValue": "1234567890",
    }
    idp.admin_link_provider_for_user(
        UserPoolId=pool,
        DestinationUser={"ProviderName": "Cognito", "ProviderAttributeValue": "ann"},
        SourceUser=identity,
    )
    assert "identities" in read(idp.admin_get_user(**user)["UserAttributes"])
    idp.admin_disable_provider_for_user(UserPoolId=pool, User=identity)
    assert "identities" not in read(idp.admin_get_user(**user)["UserAttributes"])

    idp.admin_disable_user(**user)
    assert idp.admin_get_user(**user)["Enabled"] is False
    refused(
        "NotAuthorizedException",
        idp.initiate_auth,
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ann", "PASSWORD": "Permanent-1"},
    )
    idp.admin_enable_user(**user)
    access = tokens(client_id, "ann", "Permanent-1")["AccessToken"]
    idp.admin_user_global_sign_out(**user)
    refused("NotAuthorizedException", idp.get_user, AccessToken=access)
    idp.admin_reset_user_password(**user)
    assert idp.admin_get_user(**user)["UserStatus"] == "RESET_REQUIRED"
    idp.admin_delete_user(**user)
    refused("UserNotFoundException", idp.admin_get_user, **user)


def a_persons_account(client_id, pool):
    new = {"ClientId": client_id, "Username": "bob"}
    idp.sign_up(**new, Password="Sign-up-pass-1", UserAttributes=email("bob@example.org")[:1])
    sent = idp.resend_confirmation_code(**new)["CodeDeliveryDetails"]
    assert sent["DeliveryMedium"] == "EMAIL", sent
    idp.confirm_sign_up(**new, ConfirmationCode=code_for("bob"))
    idp.sign_up(ClientId=client_id, Username="cleo", Password="Sign-up-pass-1")
    idp.admin_confirm_sign_up(UserPoolId=pool, Username="cleo")

    idp.forgot_password(**new)
    refused(
        "CodeMismatchException",
        idp.confirm_forgot_password,
        **new,
        ConfirmationCode="not a code".replace(" ", "-"),
        Password="Forgotten-pass-1",
    )
    idp.confirm_forgot_password(
        **new, ConfirmationCode=code_for("bob"), Password="Forgotten-pass-1"
    )
    own = tokens(client_id, "bob", "Forgotten-pass-1")
    access = own["AccessToken"]
    idp.change_password(
        AccessToken=access,
        PreviousPassword="Forgotten-pass-1",
        ProposedPassword="Changed-pass-1",
    )
    idp.update_user_attributes(
        AccessToken=access, UserAttributes=[{"Name": "nickname", "Value": "Bobby"}]
    )
    assert read(idp.get_user(AccessToken=access)["UserAttributes"])["nickname"] == "Bobby"
    idp.delete_user_attributes(AccessToken=access, UserAttributeNames=["nickname"])
    assert "nickname" not in read(idp.get_user(AccessToken=access)["UserAttributes"])
    changed = idp.update_user_attributes(
        AccessToken=access, UserAttributes=email("rob@example.org")[:1]
    )
    assert changed["CodeDeliveryDetailsList"][0]["AttributeName"] == "email", changed
    idp.get_user_attribute_verification_code(AccessToken=access, AttributeName="email")
    idp.verify_user_attribute(AccessToken=access, AttributeName="email", Code=code_for("bob"))
    assert read(idp.get_user(AccessToken=access)["UserAttributes"])["email_verified"] == "true"

    renewed = idp.get_tokens_from_refresh_token(
        RefreshToken=own["RefreshToken"], ClientId=client_id
    )
    assert renewed["AuthenticationResult"]["AccessToken"] != access
    idp.revoke_token(Token=own["RefreshToken"], ClientId=client_id)
    refused("NotAuthorizedException", idp.get_user, AccessToken=access)
    idp.global_sign_out(AccessToken=tokens(client_id, "bob", "Changed-pass-1")["AccessToken"])
    idp.delete_user(AccessToken=tokens(client_id, "bob", "Changed-pass-1")["AccessToken"])
    refused("UserNotFoundException", idp.admin_get_user, UserPoolId=pool, Username="bob")

    idp.admin_set_user_password(UserPoolId=pool, Username="cleo", Password="Temporary-2")
    challenge = sign_in(client_id, "cleo", "Temporary-2")
    answered = idp.respond_to_auth_challenge(
        ClientId=client_id,
        ChallengeName=challenge["ChallengeName"],
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": "cleo", "NEW_PASSWORD": "Permanent-2"},
    )
    assert answered["AuthenticationResult"]["IdToken"], answered


def upload(job, header, rows):
    lines = [",".join(header)]
    lines += [",".join(row.get(column, "") for column in header) for row in rows]
    request = urllib.request.Request(
        job["PreSignedUrl"],
        data="\n".join(lines).encode(),
        method="PUT",
        headers={"x-amz-server-side-encryption": "aws:kms"},
    )
    urllib.request.urlopen(request, timeout=60).close()


def new_job(pool):
    return idp.create_user_import_job(
        UserPoolId=pool,
        JobName="session",
        CloudWatchLogsRoleArn="arn:aws:iam::123456789012:role/Import",
    )["UserImportJob"]


def ended(pool, job):
    for _ in range(6000):
        told = idp.describe_user_import_job(UserPoolId=pool, JobId=job["JobId"])["UserImportJob"]
        if told["Status"] not in ("Pending", "InProgress", "Stopping"):
            return told
        time.sleep(0.01)
    raise AssertionError(f"the job does not end: {told}")


def importing(pool):
    header = idp.get_csv_header(UserPoolId=pool)["CSVHeader"]
    assert {"cognito:username", "custom:plan", "email"} <= set(header), header

    def rows(start, count):
        for number in range(start, start + count):
            yield {
                "cognito:username": f"row{number}",
                "cognito:mfa_enabled": "FALSE",
                "email": f"row{number}@example.org",
                "email_verified": "TRUE",
                "phone_number_verified": "FALSE",
            }

    job = new_job(pool)
    upload(job, header, rows(0, 3))
    idp.start_user_import_job(UserPoolId=pool, JobId=job["JobId"])
    done = ended(pool, job)
    assert (done["Status"], done["ImportedUsers"]) == ("Succeeded", 3), done
    # Stopping needs a job at work: if this one was quicker, a longer one.
    count, start = 20_000, 3
    while True:
        job = new_job(pool)
        upload(job, header, rows(start, count))
        idp.start_user_import_job(UserPoolId=pool, JobId=job["JobId"])
        with contextlib.suppress(idp.exceptions.PreconditionNotMetException):
            idp.stop_user_import_job(UserPoolId=pool, JobId=job["JobId"])
            assert ended(pool, job)["Status"] == "Stopped"
            break
        assert count < 500_000, "no job is slow enough to be stopped"
        start, count = start + count, min(count * 3, 500_000)
    jobs = idp.list_user_import_jobs(UserPoolId=pool, MaxResults=10)["UserImportJobs"]
    assert job["JobId"] in [item["JobId"] for item in jobs], jobs


def limits():
    definition = {"LimitClass": "API_CATEGORY", "Attributes": {"Category": "UserCreation"}}
    limit = idp.get_provisioned_limit(LimitDefinition=definition)["Limit"]
    free = limit["FreeLimitValue"]
    idp.update_provisioned_limit(LimitDefinition=definition, RequestedLimitValue=free)
    refused(
        "ServiceQuotaExceededException",
        idp.update_provisioned_limit,
        LimitDefinition=definition,
        RequestedLimitValue=free + 1,
    )


many_users()
pool, client_id = pools_and_clients()
administrators_work(pool, client_id)
a_persons_account(client_id, pool)
importing(pool)
limits()
idp.delete_user_pool(UserPoolId=pool)
refused("ResourceNotFoundException", idp.describe_user_pool, UserPoolId=pool)
if findings:
    sys.exit("\n".join(sorted(set(findings))))
print(json.dumps(sorted(driven)))
