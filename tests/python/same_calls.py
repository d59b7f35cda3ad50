"""The same calls for every local Cognito there is, and what each answers.

usage: same_calls.py ENDPOINT REGION

Writes one JSON line a call: {"call": what was asked, "answer": what came}. An answer is
"accepted", with the members worth comparing behind it, or the name of the error, with the HTTP
status where it is not 400. Every scenario has a pool of its own, so that what one emulator gets
wrong in one place shows there alone. Knows neither who answers nor what is right.
"""

import base64
import hashlib
import hmac
import json
import sys
from collections.abc import Callable
from typing import Any

import boto3
import botocore.exceptions
from botocore.config import Config
from pycognito.aws_srp import AWSSRP

FLOWS = [
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
]
GOOD = "Correct-Horse-7"
BETTER = "Battery-Staple-8"
VERIFIED = [
    {"Name": "email", "Value": "ann@example.org"},
    {"Name": "email_verified", "Value": "true"},
]
SCENARIOS: list[Callable[["Calls"], None]] = []


def scenario(function: Callable[["Calls"], None]) -> Callable[["Calls"], None]:
    SCENARIOS.append(function)
    return function


class Calls:
    """One scenario's pool, and the calls on it."""

    def __init__(self, idp: Any) -> None:
        self.idp = idp
        self.pool = ""
        self.client = ""

    def make(self, pool: dict[str, Any] | None = None, client: dict[str, Any] | None = None) -> Any:
        """The pool and its app client; not compared by itself."""
        settings = {"PoolName": "same-calls", **(pool or {})}
        self.pool = self.idp.create_user_pool(**settings)["UserPool"]["Id"]
        return self.add_client(**(client or {}))

    def add_client(self, **settings: Any) -> Any:
        settings = {"ClientName": "same-calls", "ExplicitAuthFlows": FLOWS, **settings}
        made = self.idp.create_user_pool_client(UserPoolId=self.pool, **settings)
        self.client = made["UserPoolClient"]["ClientId"]
        return made["UserPoolClient"]

    def __call__(
        self, what: str, operation: str, show: Callable[[Any], Any] | None = None, **arguments: Any
    ) -> Any:
        """Calls an operation, records the answer under `what`, and gives it back, {} for an error.

        Pool and app client are filled in where the operation takes them.
        """
        members = self.idp.meta.service_model.operation_model(operation).input_shape.members
        for member, own in (("UserPoolId", self.pool), ("ClientId", self.client)):
            if member in members:
                arguments.setdefault(member, own)
        method = botocore.xform_name(operation)
        return self.record(f"{operation}: {what}", lambda: getattr(self.idp, method)(**arguments), show)

    def record(self, what: str, ask: Callable[[], Any], show: Callable[[Any], Any] | None) -> Any:
        try:
            answer = ask()
        except botocore.exceptions.ClientError as error:
            write(what, error_name(error))
            return {}
        except Exception as error:  # an answer that boto3 or pycognito cannot read
            write(what, f"unreadable ({type(error).__name__})")
            return {}
        shown = ""
        if show:
            try:
                shown = f": {text(show(answer))}"
            except (KeyError, IndexError, TypeError, StopIteration, ValueError):
                shown = ": without what was asked for"
        write(what, f"accepted{shown}")
        return answer

    # What scenarios begin with; a failure here shows in the calls that follow.

    def user(self, name: str = "ann", password: str | None = GOOD, **arguments: Any) -> str:
        """A user with a permanent password, or just created; returns the username."""
        arguments = {"MessageAction": "SUPPRESS", **arguments}
        made = self.idp.admin_create_user(UserPoolId=self.pool, Username=name, **arguments)
        if password:
            self.idp.admin_set_user_password(
                UserPoolId=self.pool, Username=name, Password=password, Permanent=True
            )
        return made["User"]["Username"]

    def sign_in(self, what: str, name: str = "ann", password: str = GOOD, **more: Any) -> Any:
        """USER_PASSWORD_AUTH; shows the challenge or that there are three tokens."""
        parameters = {"USERNAME": name, "PASSWORD": password, **more}
        answer = self(
            f"USER_PASSWORD_AUTH, {what}",
            "InitiateAuth",
            outcome_of_sign_in,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters=parameters,
        )
        return answer

    def srp(self, what: str, name: str = "ann", password: str = GOOD) -> Any:
        """USER_SRP_AUTH by pycognito's arithmetic."""
        proof = AWSSRP(
            username=name,
            password=password,
            pool_id=self.pool,
            client_id=self.client,
            client=self.idp,
        )
        return self.record(f"USER_SRP_AUTH by pycognito: {what}", proof.authenticate_user, outcome_of_sign_in)


def write(what: str, answer: str) -> None:
    print(json.dumps({"call": what, "answer": answer}), flush=True)


def error_name(error: botocore.exceptions.ClientError) -> str:
    name = error.response["Error"]["Code"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    # What emulators say for an operation they do not have.
    lacking = {"Unsupported", "UnknownOperationException", "InvalidAction"}
    if name in lacking or (status >= 500 and name.isdigit()):
        return "not there"
    return name if status == 400 else f"{name} ({status})"


def text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple | set):
        return ", ".join(sorted(text(item) for item in value)) or "nothing"
    if isinstance(value, dict):
        return ", ".join(f"{key} {text(item)}".strip() for key, item in sorted(value.items())) or "nothing"
    return str(value)


def outcome_of_sign_in(answer: Any) -> str:
    if "ChallengeName" in answer:
        return str(answer["ChallengeName"])
    return text([name for name in answer["AuthenticationResult"] if name.endswith("Token")])


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def attributes(of: str) -> Callable[[Any], Any]:
    """The attributes in an answer's member, but for sub, which is random."""

    def show(answer: Any) -> Any:
        for part in of.split("."):
            answer = answer[part]
        return {item["Name"]: item["Value"] for item in answer if item["Name"] != "sub"}

    return show


def only(*wanted: str) -> Callable[[Any], Any]:
    """These of a user's attributes, as AdminGetUser shows them."""
    read = attributes("UserAttributes")
    return lambda answer: {name: value for name, value in read(answer).items() if name in wanted}


def member(path: str) -> Callable[[Any], Any]:
    def show(answer: Any) -> Any:
        for part in path.split("."):
            answer = answer[part]
        return answer

    return show


def names(of: str, name: str = "Username") -> Callable[[Any], Any]:
    return lambda answer: [item[name] for item in answer[of]]


def delivery(answer: Any) -> Any:
    details = answer["CodeDeliveryDetails"]
    return {
        "AttributeName": details.get("AttributeName", "absent"),
        "DeliveryMedium": details.get("DeliveryMedium", "absent"),
        "masked": "ann@example.org" not in details["Destination"],
    }


STATUS = member("User.UserStatus")
OWN_STATUS = member("UserStatus")


def attribute(name: str, value: str) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value}]


@scenario
def pools(calls: Calls) -> None:
    calls(
        "the defaults of its password policy",
        "CreateUserPool",
        lambda answer: {
            key: value
            for key, value in answer["UserPool"]["Policies"]["PasswordPolicy"].items()
            if key.startswith("Require") or key in ("MinimumLength", "TemporaryPasswordValidityDays")
        },
        PoolName="defaults",
    )
    calls("the default of MfaConfiguration", "CreateUserPool", member("UserPool.MfaConfiguration"), PoolName="defaults")
    calls(
        "the standard attributes of its schema",
        "CreateUserPool",
        lambda answer: [
            item["Name"] for item in answer["UserPool"]["SchemaAttributes"] if ":" not in item["Name"]
        ],
        PoolName="defaults",
    )
    calls(
        "both AliasAttributes and UsernameAttributes",
        "CreateUserPool",
        PoolName="both",
        AliasAttributes=["email"],
        UsernameAttributes=["email"],
    )
    calls(
        "a custom attribute that is required",
        "CreateUserPool",
        PoolName="required",
        Schema=[{"Name": "plan", "AttributeDataType": "String", "Required": True}],
    )
    calls("a minimum length of 5 for passwords", "CreateUserPool", PoolName="short",
          Policies={"PasswordPolicy": {"MinimumLength": 5}})
    calls("no name", "CreateUserPool", PoolName="")
    calls("an unknown pool", "DescribeUserPool", UserPoolId="eu-west-1_doesNotExist")
    calls("a malformed id", "DescribeUserPool", UserPoolId="nonsense")
    calls.make({"UserPoolTags": {"a": "b"}, "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True}})
    calls("only a new AutoVerifiedAttributes", "UpdateUserPool", AutoVerifiedAttributes=["email"])
    calls(
        "what UpdateUserPool left out is back at its default",
        "DescribeUserPool",
        lambda answer: {
            "AllowAdminCreateUserOnly": answer["UserPool"]["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"],
            "AutoVerifiedAttributes": answer["UserPool"]["AutoVerifiedAttributes"],
        },
    )
    calls("a new custom attribute", "AddCustomAttributes",
          CustomAttributes=[{"Name": "plan", "AttributeDataType": "String"}])
    calls("the same custom attribute again", "AddCustomAttributes",
          CustomAttributes=[{"Name": "plan", "AttributeDataType": "String"}])
    calls(
        "deletion protection",
        "UpdateUserPool",
        DeletionProtection="ACTIVE",
    )
    calls("a protected pool", "DeleteUserPool")


@scenario
def clients(calls: Calls) -> None:
    calls.make()
    calls(
        "its defaults",
        "CreateUserPoolClient",
        lambda answer: {
            key: answer["UserPoolClient"].get(key, "absent")
            for key in ("RefreshTokenValidity", "ExplicitAuthFlows", "EnableTokenRevocation", "AuthSessionValidity")
        },
        ClientName="defaults",
    )
    calls(
        "the default of PreventUserExistenceErrors",
        "CreateUserPoolClient",
        lambda answer: answer["UserPoolClient"].get("PreventUserExistenceErrors", "absent"),
        ClientName="defaults",
    )
    calls("a secret on request", "CreateUserPoolClient", lambda answer: bool(answer["UserPoolClient"]["ClientSecret"]),
          ClientName="secret", GenerateSecret=True)
    calls("old and new names of flows together", "CreateUserPoolClient", ClientName="flows",
          ExplicitAuthFlows=["ADMIN_NO_SRP_AUTH", "ALLOW_USER_SRP_AUTH"])
    calls("an attribute that the schema lacks to write", "CreateUserPoolClient", ClientName="write",
          WriteAttributes=["custom:nothing"])
    calls("an unknown app client", "DescribeUserPoolClient", ClientId="0123456789abcdefghijklmnop")
    calls("an unknown pool", "CreateUserPoolClient", UserPoolId="eu-west-1_doesNotExist", ClientName="x")
    calls("only a new name", "UpdateUserPoolClient", ClientName="renamed")
    calls("what UpdateUserPoolClient left out is back at its default", "DescribeUserPoolClient",
          lambda answer: answer["UserPoolClient"].get("ExplicitAuthFlows", "absent"))
    calls("an app client", "DeleteUserPoolClient")
    calls("an app client that is gone", "DeleteUserPoolClient")


@scenario
def creation(calls: Calls) -> None:
    calls.make({"Schema": [
        {"Name": "plan", "AttributeDataType": "String", "StringAttributeConstraints": {"MinLength": "2", "MaxLength": "5"}},
        {"Name": "score", "AttributeDataType": "Number", "NumberAttributeConstraints": {"MinValue": "1", "MaxValue": "9"}},
        {"Name": "since", "AttributeDataType": "DateTime"},
        {"Name": "gold", "AttributeDataType": "Boolean"},
        {"Name": "legacy_id", "AttributeDataType": "String", "Mutable": False,
         "StringAttributeConstraints": {"MinLength": "0", "MaxLength": "20"}},
    ], "UsernameConfiguration": {"CaseSensitive": False}})

    def create(what: str, name: str, show: Callable[[Any], Any] | None = None, **arguments: Any) -> Any:
        arguments = {"MessageAction": "SUPPRESS", **arguments}
        return calls(what, "AdminCreateUser", show, Username=name, **arguments)

    create("a user", "Ann", STATUS)
    create("the username again", "Ann")
    create("the username in other letter case, in a case-insensitive pool", "aNN")
    calls("the username in other letter case, in a case-insensitive pool", "AdminGetUser", OWN_STATUS, Username="ANN")
    create("a username is kept in lower case in a case-insensitive pool", "Bea", member("User.Username"))
    create("the attributes of a new user", "cleo", attributes("User.Attributes"), UserAttributes=VERIFIED)
    create("a username of 128 characters", "n" * 128)
    create("a username of 129 characters", "n" * 129)
    create("a username with a space", "ann smith")
    create("an empty username", "")
    create("a username of another script", "Ångström-ž", STATUS)
    create("a temporary password that the policy refuses", "weak", TemporaryPassword="short")
    create("a temporary password of 256 characters", "long", TemporaryPassword="aA1-" + "x" * 252)
    create("a temporary password of 257 characters", "longer", TemporaryPassword="aA1-" + "x" * 253)
    create("a custom attribute that the schema lacks", "u1", UserAttributes=attribute("custom:nothing", "x"))
    create("a standard name that does not exist", "u2", UserAttributes=attribute("shoe_size", "x"))
    create("a custom text within its bounds", "u3", UserAttributes=attribute("custom:plan", "gold"))
    create("a custom text above its maximum length", "u4", UserAttributes=attribute("custom:plan", "golden"))
    create("a custom text below its minimum length", "u5", UserAttributes=attribute("custom:plan", "g"))
    create("a custom number within its range", "u6", UserAttributes=attribute("custom:score", "9"))
    create("a custom number above its maximum", "u7", UserAttributes=attribute("custom:score", "10"))
    create("a custom number that is none", "u8", UserAttributes=attribute("custom:score", "nine"))
    create("a custom boolean that is none", "u9", UserAttributes=attribute("custom:gold", "perhaps"))
    create("an e-mail address without a domain", "u11", UserAttributes=attribute("email", "ann"))
    create("a phone number without a country code", "u12", UserAttributes=attribute("phone_number", "0123456"))
    create("a phone number with blanks", "u13", UserAttributes=attribute("phone_number", "+1 555 0100"))
    create("a birthdate that is none", "u14", UserAttributes=attribute("birthdate", "long ago"))
    create("a value of 2049 characters", "u15", UserAttributes=attribute("name", "x" * 2049))
    create("an attribute's name of 33 characters", "u16", UserAttributes=attribute("custom:" + "x" * 26, "x"))
    create("sub among the attributes", "u17", UserAttributes=attribute("sub", "11111111-2222-3333-4444-555555555555"))
    create("an unknown MessageAction", "u18", MessageAction="SHOUT")
    create("RESEND for a user who is not there", "nobody", MessageAction="RESEND")
    calls.user("kim")
    create("RESEND for a user who is CONFIRMED", "kim", MessageAction="RESEND")
    create("an immutable attribute at creation", "lea", UserAttributes=attribute("custom:legacy_id", "7"))
    calls("an immutable attribute later", "AdminUpdateUserAttributes", Username="lea",
          UserAttributes=attribute("custom:legacy_id", "8"))
    create("an unknown pool", "x", UserPoolId="eu-west-1_doesNotExist")


@scenario
def required_attributes(calls: Calls) -> None:
    calls.make({"Schema": [{"Name": "email", "AttributeDataType": "String", "Required": True, "Mutable": True}]})
    calls("without a mutable attribute that the pool requires", "AdminCreateUser", STATUS, Username="ann",
          MessageAction="SUPPRESS", TemporaryPassword=GOOD)
    challenge = calls.sign_in("a user who lacks a required attribute has a temporary password")
    calls(
        "NEW_PASSWORD_REQUIRED names the required attributes that are missing",
        "InitiateAuth",
        lambda answer: json.loads(answer["ChallengeParameters"]["requiredAttributes"]),
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ann", "PASSWORD": GOOD},
    )
    calls(
        "NEW_PASSWORD_REQUIRED without a required attribute",
        "RespondToAuthChallenge",
        outcome_of_sign_in,
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=challenge.get("Session", "x" * 20),
        ChallengeResponses={"USERNAME": "ann", "NEW_PASSWORD": BETTER},
    )
    calls("without a required attribute", "SignUp", Username="bob", Password=GOOD)


@scenario
def updates(calls: Calls) -> None:
    calls.make()
    calls.user(UserAttributes=[*VERIFIED, {"Name": "name", "Value": "Ann"}])
    calls("an unknown user", "AdminUpdateUserAttributes", Username="nobody", UserAttributes=attribute("name", "x"))
    calls("sub", "AdminUpdateUserAttributes", Username="ann", UserAttributes=attribute("sub", "x"))
    calls("a custom attribute that the schema lacks", "AdminUpdateUserAttributes", Username="ann",
          UserAttributes=attribute("custom:nothing", "x"))
    calls("a new e-mail address", "AdminUpdateUserAttributes", Username="ann",
          UserAttributes=attribute("email", "ann@example.net"))
    calls("a changed e-mail address is not verified any more", "AdminGetUser", only("email", "email_verified"), Username="ann")
    calls("an empty value", "AdminUpdateUserAttributes", Username="ann", UserAttributes=attribute("name", ""))
    calls("an empty value has deleted the attribute", "AdminGetUser", only("name"), Username="ann")
    calls("an attribute", "AdminDeleteUserAttributes", Username="ann", UserAttributeNames=["email"])
    calls("an attribute that is not there", "AdminDeleteUserAttributes", Username="ann", UserAttributeNames=["email"])
    calls("sub", "AdminDeleteUserAttributes", Username="ann", UserAttributeNames=["sub"])
    calls("an unknown user", "AdminGetUser", Username="nobody")
    calls(
        "a user by sub",
        "AdminGetUser",
        member("Username"),
        Username=sub_of(calls, "ann"),
    )
    calls("a user", "AdminDisableUser", Username="ann")
    calls("a disabled user", "AdminGetUser", member("Enabled"), Username="ann")
    calls.sign_in("a disabled user")
    calls("a disabled user", "ForgotPassword", Username="ann")
    calls("a user", "AdminEnableUser", Username="ann")
    calls.sign_in("an enabled user")
    calls("an unknown user", "AdminDisableUser", Username="nobody")
    calls("a user", "AdminDeleteUser", Username="ann")
    calls("a user who is gone", "AdminDeleteUser", Username="ann")


def sub_of(calls: Calls, name: str) -> str:
    user = calls.idp.admin_get_user(UserPoolId=calls.pool, Username=name)
    return next((item["Value"] for item in user["UserAttributes"] if item["Name"] == "sub"), "none")


@scenario
def email_as_username(calls: Calls) -> None:
    calls.make({"UsernameAttributes": ["email"], "UsernameConfiguration": {"CaseSensitive": False}})
    made = calls("an e-mail address as username gives a generated username", "AdminCreateUser",
          lambda answer: "@" not in answer["User"]["Username"],
          Username="ann@example.org", MessageAction="SUPPRESS")
    calls("a username that is no e-mail address, where it must be one", "AdminCreateUser", Username="ann",
          MessageAction="SUPPRESS")
    calls("the e-mail address again, where it is the username", "AdminCreateUser", Username="ann@example.org",
          MessageAction="SUPPRESS")
    calls("the e-mail address in other letter case", "AdminCreateUser", Username="Ann@Example.org", MessageAction="SUPPRESS")
    calls("the e-mail address that is the username is an attribute, unverified", "AdminGetUser",
          attributes("UserAttributes"), Username="ann@example.org")
    calls("the generated username is the sub", "AdminGetUser",
          lambda answer: answer["Username"] == next(a["Value"] for a in answer["UserAttributes"] if a["Name"] == "sub"),
          Username=made.get("User", {}).get("Username", "none"))
    calls("the e-mail address, which is the username", "AdminSetUserPassword", Username="ann@example.org", Password=GOOD, Permanent=True)
    calls.sign_in("the e-mail address, which is the username", "ann@example.org")
    calls.sign_in("the e-mail address in other letter case", "ANN@example.org")
    calls.srp("the e-mail address, which is the username", "ann@example.org")


@scenario
def email_as_alias(calls: Calls) -> None:
    calls.make({"AliasAttributes": ["email", "preferred_username"]})
    calls.user(UserAttributes=VERIFIED)
    calls.sign_in("a verified alias", "ann@example.org")
    calls("a verified alias", "AdminGetUser", member("Username"), Username="ann@example.org")
    calls("an alias that somebody else holds", "AdminCreateUser", Username="bob", MessageAction="SUPPRESS", UserAttributes=VERIFIED)
    calls("an alias that somebody else holds, by force", "AdminCreateUser", STATUS, Username="bea", MessageAction="SUPPRESS",
          UserAttributes=VERIFIED, ForceAliasCreation=True)
    calls("an alias moved by force belongs to the new user", "AdminGetUser", member("Username"), Username="ann@example.org")
    calls.user("cleo", UserAttributes=attribute("email", "cleo@example.org"))
    calls.sign_in("an alias that is not verified", "cleo@example.org")
    calls("the address of somebody else, unverified", "AdminCreateUser", STATUS, Username="dora", MessageAction="SUPPRESS",
          UserAttributes=attribute("email", "cleo@example.org"))
    calls("a username that looks like an e-mail address, where e-mail is an alias", "AdminCreateUser",
          Username="eve@example.org", MessageAction="SUPPRESS")


@scenario
def passwords(calls: Calls) -> None:
    calls.make()
    calls.user(password=None, UserAttributes=VERIFIED)
    calls("an unknown user", "AdminSetUserPassword", Username="nobody", Password=GOOD, Permanent=True)
    calls("a temporary one", "AdminSetUserPassword", Username="ann", Password=GOOD)
    calls("after a temporary password", "AdminGetUser", OWN_STATUS, Username="ann")
    challenge = calls.sign_in("a temporary password")
    session = challenge.get("Session", "x" * 20)
    answer = {"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": session}
    calls("a new password", "RespondToAuthChallenge", outcome_of_sign_in,
          ChallengeResponses={"USERNAME": "ann", "NEW_PASSWORD": BETTER}, **answer)
    calls("after the challenge", "AdminGetUser", OWN_STATUS, Username="ann")
    calls("a permanent one", "AdminSetUserPassword", Username="ann", Password=GOOD, Permanent=True)
    calls("after a permanent password", "AdminGetUser", OWN_STATUS, Username="ann")
    tokens = calls.sign_in("a permanent password").get("AuthenticationResult", {})
    access = tokens.get("AccessToken", "none")
    calls("a wrong old password", "ChangePassword", AccessToken=access, PreviousPassword=BETTER, ProposedPassword=BETTER)
    calls("the old password and a new one", "ChangePassword", AccessToken=access, PreviousPassword=GOOD, ProposedPassword=BETTER)
    calls.sign_in("the password before ChangePassword")
    calls.sign_in("the password of ChangePassword", password=BETTER)
    calls("a session once more", "RespondToAuthChallenge", outcome_of_sign_in,
          ChallengeResponses={"USERNAME": "ann", "NEW_PASSWORD": BETTER}, **answer)
    calls("a made-up session", "RespondToAuthChallenge", ChallengeName="NEW_PASSWORD_REQUIRED", Session="x" * 40,
          ChallengeResponses={"USERNAME": "ann", "NEW_PASSWORD": BETTER})


@scenario
def refused_passwords(calls: Calls) -> None:
    calls.make()
    calls.user()
    access = calls.sign_in("before new passwords").get("AuthenticationResult", {}).get("AccessToken", "none")
    calls("a new password that the policy refuses", "ChangePassword", AccessToken=access, PreviousPassword=GOOD,
          ProposedPassword="short")
    calls("one that the policy refuses", "AdminSetUserPassword", Username="ann", Password="short", Permanent=True)
    calls("an empty one", "AdminSetUserPassword", Username="ann", Password="", Permanent=True)
    calls.user("bob", password=None)
    calls.idp.admin_set_user_password(UserPoolId=calls.pool, Username="bob", Password=GOOD, Permanent=False)
    challenge = calls.idp.initiate_auth(ClientId=calls.client, AuthFlow="USER_PASSWORD_AUTH",
                                        AuthParameters={"USERNAME": "bob", "PASSWORD": GOOD})
    calls("a new password that the policy refuses", "RespondToAuthChallenge", ChallengeName="NEW_PASSWORD_REQUIRED",
          Session=challenge["Session"], ChallengeResponses={"USERNAME": "bob", "NEW_PASSWORD": "short"})


@scenario
def recovery(calls: Calls) -> None:
    calls.make({"AutoVerifiedAttributes": ["email"]}, {"PreventUserExistenceErrors": "LEGACY"})
    calls("an unknown user, LEGACY", "ForgotPassword", Username="nobody")
    calls.user("fay", password=None, UserAttributes=[{"Name": "email", "Value": "fay@example.org"},
                                                     {"Name": "email_verified", "Value": "true"}])
    calls("a user in FORCE_CHANGE_PASSWORD", "ForgotPassword", Username="fay")
    calls.user("gus")
    calls("a user without a verified contact, LEGACY", "ForgotPassword", Username="gus")
    calls.user(UserAttributes=VERIFIED)
    calls("a confirmed user: where the code goes", "ForgotPassword", delivery, Username="ann")
    calls.sign_in("a password after ForgotPassword alone")
    calls("a wrong code", "ConfirmForgotPassword", Username="ann", ConfirmationCode="000000x", Password=BETTER)
    calls("an unknown user", "ConfirmForgotPassword", Username="nobody", ConfirmationCode="123456", Password=BETTER)
    calls.user("hal", UserAttributes=[{"Name": "email", "Value": "hal@example.org"},
                                      {"Name": "email_verified", "Value": "true"}])
    calls("a user", "AdminResetUserPassword", Username="hal")
    calls("after AdminResetUserPassword", "AdminGetUser", OWN_STATUS, Username="hal")
    calls.sign_in("a user in RESET_REQUIRED", "hal")
    calls.srp("a user in RESET_REQUIRED", "hal")
    calls("an unknown user", "AdminResetUserPassword", Username="nobody")
    calls("a user in FORCE_CHANGE_PASSWORD", "AdminResetUserPassword", Username="fay")
    calls.add_client(PreventUserExistenceErrors="ENABLED")
    calls("an unknown user, ENABLED: a simulated delivery", "ForgotPassword",
          lambda answer: answer["CodeDeliveryDetails"]["DeliveryMedium"], Username="nobody")
    calls.sign_in("an unknown user, ENABLED", "nobody")
    calls.srp("an unknown user, ENABLED", "nobody")


@scenario
def sign_ins(calls: Calls) -> None:
    calls.make(client={"PreventUserExistenceErrors": "LEGACY"})
    calls.user(UserAttributes=VERIFIED)
    calls.idp.create_group(UserPoolId=calls.pool, GroupName="staff")
    calls.idp.admin_add_user_to_group(UserPoolId=calls.pool, GroupName="staff", Username="ann")
    calls.sign_in("a wrong password", password=BETTER)
    calls.sign_in("an empty password", password="")
    calls.sign_in("an unknown user, LEGACY", "nobody")
    calls.srp("an unknown user, LEGACY", "nobody")
    calls.srp("the right password")
    calls.srp("a wrong password", password=BETTER)
    calls("no parameters", "InitiateAuth", AuthFlow="USER_PASSWORD_AUTH", AuthParameters={})
    calls("an unknown flow", "InitiateAuth", AuthFlow="MAGIC", AuthParameters={})
    calls("ADMIN_USER_PASSWORD_AUTH", "InitiateAuth", AuthFlow="ADMIN_USER_PASSWORD_AUTH",
          AuthParameters={"USERNAME": "ann", "PASSWORD": GOOD})
    calls("an unknown app client", "InitiateAuth", ClientId="0123456789abcdefghijklmnop", AuthFlow="USER_PASSWORD_AUTH",
          AuthParameters={"USERNAME": "ann", "PASSWORD": GOOD})
    calls("ADMIN_USER_PASSWORD_AUTH", "AdminInitiateAuth", outcome_of_sign_in, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
          AuthParameters={"USERNAME": "ann", "PASSWORD": GOOD})
    calls("ADMIN_USER_PASSWORD_AUTH, a wrong password", "AdminInitiateAuth", AuthFlow="ADMIN_USER_PASSWORD_AUTH",
          AuthParameters={"USERNAME": "ann", "PASSWORD": BETTER})
    password = {"AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "ann", "PASSWORD": GOOD}}
    calls("how long tokens live, and their type", "InitiateAuth",
          lambda answer: {key: answer["AuthenticationResult"][key] for key in ("ExpiresIn", "TokenType")}, **password)
    calls("the claims of the ID token", "InitiateAuth",
          lambda answer: sorted(claims(answer["AuthenticationResult"]["IdToken"])), **password)
    calls("the claims of the access token", "InitiateAuth",
          lambda answer: sorted(claims(answer["AuthenticationResult"]["AccessToken"])), **password)
    calls("the values of claims", "InitiateAuth", shown_claims, **password)
    tokens = calls.sign_in("the right password").get("AuthenticationResult", {})
    access, refresh = tokens.get("AccessToken", "none"), tokens.get("RefreshToken", "none")
    calls("a fresh access token", "GetUser", attributes("UserAttributes"), AccessToken=access)
    calls("an ID token", "GetUser", AccessToken=tokens.get("IdToken", "none"))
    calls("a made-up token", "GetUser", AccessToken="none")
    renew = {"AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": refresh}}
    calls("REFRESH_TOKEN_AUTH", "InitiateAuth", outcome_of_sign_in, **renew)
    calls("REFRESH_TOKEN_AUTH, a made-up token", "InitiateAuth", AuthFlow="REFRESH_TOKEN_AUTH",
          AuthParameters={"REFRESH_TOKEN": "none"})
    calls("a refresh token", "GetTokensFromRefreshToken", outcome_of_sign_in, RefreshToken=refresh)
    calls("an access token", "RevokeToken", Token=access)
    calls("a refresh token", "RevokeToken", Token=refresh)
    calls("REFRESH_TOKEN_AUTH, a revoked token", "InitiateAuth", **renew)
    calls("the access token of a revoked refresh token", "GetUser", member("Username"), AccessToken=access)
    tokens = calls.sign_in("after RevokeToken").get("AuthenticationResult", {})
    access, refresh = tokens.get("AccessToken", "none"), tokens.get("RefreshToken", "none")
    calls("an access token", "GlobalSignOut", AccessToken=access)
    calls("after GlobalSignOut", "GetUser", AccessToken=access)
    calls("REFRESH_TOKEN_AUTH after GlobalSignOut", "InitiateAuth", AuthFlow="REFRESH_TOKEN_AUTH",
          AuthParameters={"REFRESH_TOKEN": refresh})
    tokens = calls.sign_in("after GlobalSignOut").get("AuthenticationResult", {})
    calls("a user", "AdminUserGlobalSignOut", Username="ann")
    calls("after AdminUserGlobalSignOut", "GetUser", AccessToken=tokens.get("AccessToken", "none"))
    calls.add_client(ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
    calls.sign_in("the app client allows SRP only")


def shown_claims(answer: Any) -> Any:
    tokens = answer["AuthenticationResult"]
    identity, access = claims(tokens["IdToken"]), claims(tokens["AccessToken"])
    return {
        "token_use": [identity.get("token_use"), access.get("token_use")],
        "cognito:username": identity.get("cognito:username"),
        "cognito:groups": access.get("cognito:groups"),
        "scope": access.get("scope"),
        "email_verified": identity.get("email_verified"),
    }


@scenario
def own_account(calls: Calls) -> None:
    calls.make()
    calls.user(UserAttributes=VERIFIED)
    access = calls.sign_in("before changes to an account").get("AuthenticationResult", {}).get("AccessToken", "none")
    calls("a name", "UpdateUserAttributes", AccessToken=access, UserAttributes=attribute("name", "Ann"))
    calls("email_verified", "UpdateUserAttributes", AccessToken=access, UserAttributes=attribute("email_verified", "true"))
    calls("sub", "UpdateUserAttributes", AccessToken=access, UserAttributes=attribute("sub", "x"))
    calls("after UpdateUserAttributes", "GetUser", only("name", "email_verified"), AccessToken=access)
    calls("a name", "DeleteUserAttributes", AccessToken=access, UserAttributeNames=["name"])
    calls("after DeleteUserAttributes", "GetUser", only("name"), AccessToken=access)
    calls("an own account", "DeleteUser", AccessToken=access)
    calls("after DeleteUser", "AdminGetUser", Username="ann")


@scenario
def secrets(calls: Calls) -> None:
    made = calls.make(client={"GenerateSecret": True})
    calls.user()
    calls.sign_in("without the SECRET_HASH that the app client wants")
    calls.sign_in("a wrong SECRET_HASH", SECRET_HASH="x" * 44)
    digest = hmac.new(made["ClientSecret"].encode(), f"ann{calls.client}".encode(), hashlib.sha256)
    calls.sign_in("the right SECRET_HASH", SECRET_HASH=base64.b64encode(digest.digest()).decode())
    calls("without the SecretHash that the app client wants", "ForgotPassword", Username="ann")
    calls("without the SecretHash that the app client wants", "SignUp", Username="bob", Password=GOOD)


@scenario
def groups(calls: Calls) -> None:
    calls.make()
    calls.user()
    calls("a group", "CreateGroup", lambda answer: answer["Group"]["GroupName"], GroupName="staff", Precedence=3)
    calls("the name again", "CreateGroup", GroupName="staff")
    calls("a name with a space", "CreateGroup", GroupName="content editors")
    calls("a name of 129 characters", "CreateGroup", GroupName="g" * 129)
    calls("a negative precedence", "CreateGroup", GroupName="negative", Precedence=-1)
    calls("an unknown pool", "CreateGroup", UserPoolId="eu-west-1_doesNotExist", GroupName="x")
    calls("a group", "GetGroup", member("Group.Precedence"), GroupName="staff")
    calls("an unknown group", "GetGroup", GroupName="nothing")
    calls("a user", "AdminAddUserToGroup", GroupName="staff", Username="ann")
    calls("a member again", "AdminAddUserToGroup", GroupName="staff", Username="ann")
    calls("an unknown group", "AdminAddUserToGroup", GroupName="nothing", Username="ann")
    calls("an unknown user", "AdminAddUserToGroup", GroupName="staff", Username="nobody")
    calls("a member", "AdminListGroupsForUser", names("Groups", "GroupName"), Username="ann")
    calls("an unknown user", "AdminListGroupsForUser", Username="nobody")
    calls("a group", "ListUsersInGroup", names("Users"), GroupName="staff")
    calls("an unknown group", "ListUsersInGroup", GroupName="nothing")
    calls("a description", "UpdateGroup", member("Group.Description"), GroupName="staff", Description="all of them")
    calls("an unknown group", "UpdateGroup", GroupName="nothing", Description="x")
    calls("a member", "AdminRemoveUserFromGroup", GroupName="staff", Username="ann")
    calls("a user who is no member", "AdminRemoveUserFromGroup", GroupName="staff", Username="ann")
    calls("a group", "DeleteGroup", GroupName="staff")
    calls("a group that is gone", "DeleteGroup", GroupName="staff")
    calls.make()
    for name in ("a", "b", "c"):
        calls.idp.create_group(UserPoolId=calls.pool, GroupName=name)
    page = calls("Limit 2", "ListGroups", lambda answer: len(answer["Groups"]), Limit=2)
    calls("the next page", "ListGroups", lambda answer: len(answer["Groups"]), NextToken=page.get("NextToken", "none"))
    calls("Limit 61", "ListGroups", Limit=61)


@scenario
def listing(calls: Calls) -> None:
    calls.make({"Schema": [{"Name": "plan", "AttributeDataType": "String"}]})
    for number in range(5):
        calls.user(f"user{number}", password=None, UserAttributes=[
            {"Name": "email", "Value": f"user{number}@example.org"}, {"Name": "name", "Value": "Ann"}])
    page = calls("Limit 3", "ListUsers", lambda answer: len(answer["Users"]), Limit=3)
    calls("the next page", "ListUsers", lambda answer: len(answer["Users"]), PaginationToken=page.get("PaginationToken", "none"))
    calls("Limit 61", "ListUsers", Limit=61)
    calls("a made-up PaginationToken", "ListUsers", PaginationToken="nonsense")
    calls("a filter: username =", "ListUsers", names("Users"), Filter='username = "user3"')
    calls("a filter: email ^=", "ListUsers", names("Users"), Filter='email ^= "user4"')
    calls("a filter: name =, and no blanks", "ListUsers", lambda answer: len(answer["Users"]), Filter='name="Ann"')
    calls("a filter: status =", "ListUsers", lambda answer: len(answer["Users"]), Filter='status = "Enabled"')
    calls("a filter: cognito:user_status =", "ListUsers", lambda answer: len(answer["Users"]),
          Filter='cognito:user_status = "FORCE_CHANGE_PASSWORD"')
    calls("a filter on a custom attribute", "ListUsers", names("Users"), Filter='custom:plan = "x"')
    calls("a filter on address, which is not searchable", "ListUsers", names("Users"), Filter='address = "x"')
    calls("a filter that is none", "ListUsers", names("Users"), Filter="nonsense")
    calls("a filter that finds nobody", "ListUsers", names("Users"), Filter='email = "nobody@example.org"')
    calls("AttributesToGet", "ListUsers", lambda answer: [item["Name"] for item in answer["Users"][0]["Attributes"]],
          AttributesToGet=["email"], Filter='username = "user1"')
    calls("an unknown pool", "ListUsers", UserPoolId="eu-west-1_doesNotExist")
    calls("MaxResults 0", "ListUserPools", MaxResults=0)
    calls("MaxResults 61", "ListUserPools", MaxResults=61)


@scenario
def sign_up(calls: Calls) -> None:
    calls.make({"AutoVerifiedAttributes": ["email"]})
    calls("a new user", "SignUp", member("UserConfirmed"), Username="ann", Password=GOOD,
          UserAttributes=attribute("email", "ann@example.org"))
    calls("after SignUp", "AdminGetUser", OWN_STATUS, Username="ann")
    calls.sign_in("a user who is UNCONFIRMED")
    calls("the username again", "SignUp", Username="ann", Password=GOOD)
    calls("a password that the policy refuses", "SignUp", Username="bob", Password="short")
    calls("email_verified among the attributes", "SignUp", Username="bea", Password=GOOD,
          UserAttributes=[*VERIFIED])
    calls("a wrong code", "ConfirmSignUp", Username="ann", ConfirmationCode="000000x")
    calls("an unknown user", "ConfirmSignUp", Username="nobody", ConfirmationCode="123456")
    calls("a user who is UNCONFIRMED: where the code goes", "ResendConfirmationCode", delivery, Username="ann")
    calls("a user who is UNCONFIRMED", "ForgotPassword", Username="ann")
    calls("a user who is UNCONFIRMED", "AdminConfirmSignUp", Username="ann")
    calls("after AdminConfirmSignUp", "AdminGetUser", OWN_STATUS, Username="ann")
    calls("a user who is CONFIRMED", "AdminConfirmSignUp", Username="ann")
    calls("a user who is CONFIRMED", "ResendConfirmationCode", Username="ann")
    calls.sign_in("a user who has signed up")
    calls("an unknown user", "AdminConfirmSignUp", Username="nobody")
    calls.make({"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True}})
    calls("where administrators alone make users", "SignUp", Username="ann", Password=GOOD)


@scenario
def links_and_jobs(calls: Calls) -> None:
    calls.make({"AutoVerifiedAttributes": ["email"]})
    calls.user()
    destination = {"ProviderName": "Cognito", "ProviderAttributeValue": "ann"}
    source = {"ProviderName": "Google", "ProviderAttributeName": "Cognito_Subject", "ProviderAttributeValue": "1234"}
    calls("a Google identity of a user, in a pool without Google", "AdminLinkProviderForUser", DestinationUser=destination, SourceUser=source)
    calls("the header of an import file begins with", "GetCSVHeader", lambda answer: " ".join(answer["CSVHeader"][:3]))
    job = calls("an import job", "CreateUserImportJob", member("UserImportJob.Status"), JobName="job",
                CloudWatchLogsRoleArn="arn:aws:iam::123456789012:role/Import")
    calls("a job without a file", "StartUserImportJob", JobId=job.get("UserImportJob", {}).get("JobId", "import-0123456789"))
    calls("an unknown job", "DescribeUserImportJob", JobId="import-0123456789")
    calls("a category", "GetProvisionedLimit", LimitDefinition={"LimitClass": "API_CATEGORY",
          "Attributes": {"Category": "UserCreation"}})


def main() -> None:
    endpoint, region = sys.argv[1:]
    idp = boto3.client(
        "cognito-idp",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="local",
        aws_secret_access_key="local",
        # Nonsense must reach the service; one attempt, so that its first answer counts.
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}, read_timeout=30),
    )
    for function in SCENARIOS:
        try:
            function(Calls(idp))
        except botocore.exceptions.ClientError as error:
            write(f"{error.operation_name}: what the scenario {function.__name__} begins with", error_name(error))


if __name__ == "__main__":
    main()
