"""Deploys the templates with the real package into MiniStack and looks at what is there, by
boto3; then lets the function there answer one event of each kind. (Every event file goes through
MiniStack and AWS's runtime interface emulator in the tests.)

usage: deployed.py TARGET_DIR WORK_DIR     (WORK_DIR has function.yaml and function.zip)

Exit code 0 when everything is as it should be, 1 with a list of what is not.
"""

import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import boto3
from ports import await_port, free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
REGION = "eu-west-1"
ACCOUNT = "000000000000"  # MiniStack's
STACK = "cutover-trigger"
# A hash that costs nothing, so that refusals are quick.
CHEAP_HASH = "pbkdf2_sha256$1000$salt$A3GIxyJXAsc6XPG5HFXvaMgQ/FIt6AV0KsDMj7VFfDQ="
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

Answer = tuple[str, Any]  # "response" or "error", and the document

faults: list[str] = []


def check(holds: bool, what: str) -> None:
    print(f"  {'ok' if holds else 'NOT SO'}: {what}", file=sys.stderr)
    if not holds:
        faults.append(what)


def main() -> int:
    target, work = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="cutover-infra-") as folder:
        stack = Ministack(target, pathlib.Path(folder))
        try:
            in_ministack(stack, target, work)
        finally:
            stack.stop()
    for fault in faults:
        print(f"not so: {fault}")
    return 1 if faults else 0


def in_ministack(stack: "Ministack", target: pathlib.Path, work: pathlib.Path) -> None:
    print("infra-check: deploying into MiniStack", file=sys.stderr)
    pool = stack.deploy("rehearsal-pool", ROOT / "infra/rehearsal-pool.yaml", {})
    url = f"sqlite://{ROOT}/migrations-fixtures/legacy.sqlite3"
    machine = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
    parameters = {
        "UserPoolId": pool["UserPoolId"],
        "Architecture": machine,
        "LegacyUrl": url,
        "UsualHash": CHEAP_HASH,
        "SharedAttempts": "true",
        "PseudonymKey": "of this check",
        "ClaimsKey": "0123456789abcdef0123456789abcdef",
    }
    # The template, but for where DynamoDB is: for each of the two functions.
    template = work / "function-here.yaml"
    table = "          CUTOVER_CLAIMS_TABLE:"
    here = f"          AWS_ENDPOINT_URL_DYNAMODB: {stack.url}\n{table}"
    template.write_text((work / "function.yaml").read_text().replace(table, here))
    function = stack.deploy(STACK, template, parameters)
    arn, tokens_arn = function["FunctionArn"], function["TokenFunctionArn"]
    claims_table = function["ClaimsTableArn"].rsplit("/", 1)[-1]
    as_it_should_be(stack, pool, arn)
    tokens_as_they_should_be(stack, tokens_arn, function["ClaimsTableArn"])
    kept_for_good(stack, claims_table)
    attached(stack, target, pool, arn)
    print("infra-check: events through the function in MiniStack", file=sys.stderr)
    client = stack.client("lambda")

    def invoke(event: bytes, of: str = arn) -> Answer:
        answer = client.invoke(FunctionName=of, Payload=event)
        kind = "error" if "FunctionError" in answer else "response"
        return kind, json.loads(answer["Payload"].read())

    events(invoke)
    once_per_person(stack, claims_table, invoke, lambda event: invoke(event, tokens_arn))
    config = client.get_function_configuration(FunctionName=STACK)
    table = config["Environment"]["Variables"]["CUTOVER_ATTEMPTS_TABLE"].rsplit("/", 1)[-1]
    counts = stack.client("dynamodb").scan(TableName=table)["Items"]
    numbers = sorted(count["attempts"]["N"] for count in counts)
    # The wrong password, the reset, and the sign-in that would have been a second migration.
    check(numbers == ["3", "3"], f"refusals and resets were counted by login and client: {numbers}")


def as_it_should_be(stack: "Ministack", pool: dict[str, str], arn: str) -> None:
    """What the templates promise of pool, function, permission, role and alarms."""
    described = stack.client("cognito-idp").describe_user_pool(UserPoolId=pool["UserPoolId"])
    tags = described["UserPool"].get("UserPoolTags", {})
    check(tags.get("purpose") == "cutover-rehearsal", "the pool is tagged as a rehearsal")

    functions = stack.client("lambda")
    config = functions.get_function_configuration(FunctionName=STACK)
    check(config["Runtime"] == "provided.al2023", "the function runs on provided.al2023")
    check(config["Timeout"] == 5, "it may take as long as Cognito waits")

    policy = json.loads(functions.get_policy(FunctionName=arn)["Policy"])
    pool_arn = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{pool['UserPoolId']}"
    conditions = json.dumps([s.get("Condition", {}) for s in policy["Statement"]])
    principals = [s["Principal"] for s in policy["Statement"]]
    check(
        principals == [{"Service": "cognito-idp.amazonaws.com"}],
        "Cognito and nobody else may invoke it",
    )
    check(pool_arn in conditions, "and for this pool alone")
    check(f'"{ACCOUNT}"' in conditions, "and this account alone")

    iam = stack.client("iam")
    role = config["Role"].rsplit("/", 1)[-1]
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    check(
        sorted(names) == ["attempts", "claims", "log"],
        f"outside a VPC and without a secret its role may write its log, claim and count: {names}",
    )
    policy = iam.get_role_policy(RoleName=role, PolicyName="attempts")["PolicyDocument"]
    allowed = policy["Statement"][0]
    table = config["Environment"]["Variables"].get("CUTOVER_ATTEMPTS_TABLE")
    check(
        (allowed["Action"], allowed["Resource"]) == ("dynamodb:UpdateItem", table),
        f"counting is one action on the table that the function is told: {allowed}",
    )
    managed = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    check(managed == [], "and nothing by managed policies")
    groups = stack.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{STACK}")
    days = [group.get("retentionInDays") for group in groups["logGroups"]]
    check(days == [30, 30], f"both logs are kept for thirty days: {days}")
    alarms = stack.client("cloudwatch").describe_alarms()["MetricAlarms"]
    # Without the two that need metric math; see run.sh.
    check(len(alarms) == 6, f"six alarms watch both functions: {len(alarms)}")


def tokens_as_they_should_be(stack: "Ministack", arn: str, claims_arn: str) -> None:
    """What the template promises of the function for tokens."""
    config = stack.client("lambda").get_function_configuration(FunctionName=f"{STACK}-tokens")
    variables = set(config["Environment"]["Variables"])
    told = {"CUTOVER_ANSWERS", "CUTOVER_CLAIMS_TABLE", "CUTOVER_CLAIMS_KEY"}
    told |= {"CUTOVER_PSEUDONYM_KEY", "AWS_ENDPOINT_URL_DYNAMODB"}
    check(variables == told, f"it is told of claims, and of no database: {sorted(variables)}")
    iam = stack.client("iam")
    role = config["Role"].rsplit("/", 1)[-1]
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    check(sorted(names) == ["claims", "log"], f"its role may write its log and confirm: {names}")
    policy = iam.get_role_policy(RoleName=role, PolicyName="claims")["PolicyDocument"]
    allowed = policy["Statement"][0]
    check(
        allowed["Action"] == ["dynamodb:GetItem", "dynamodb:UpdateItem"]
        and allowed["Resource"] == claims_arn,
        f"confirming is two actions on the table of claims alone: {allowed}",
    )
    permission = json.loads(stack.client("lambda").get_policy(FunctionName=arn)["Policy"])
    principals = [s["Principal"] for s in permission["Statement"]]
    check(
        principals == [{"Service": "cognito-idp.amazonaws.com"}],
        "Cognito and nobody else may invoke it",
    )


def kept_for_good(stack: "Ministack", table: str) -> None:
    """The table of claims: nothing in it ends, and it can be brought back."""
    client = stack.client("dynamodb")
    described = client.describe_table(TableName=table)["Table"]
    check(described["KeySchema"][0]["AttributeName"] == "claim", "claims are found by `claim`")
    ends = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    check(ends["TimeToLiveStatus"] == "DISABLED", f"no claim ends: {ends}")


def once_per_person(
    stack: "Ministack",
    table: str,
    invoke: Callable[[bytes], Answer],
    invoke_tokens: Callable[[bytes], Answer],
) -> None:
    """A sign-in that ended in tokens is the last migration of that person."""
    sign_in = json.loads((ROOT / "migrations-fixtures/events/authentication.json").read_bytes())
    _, answer = invoke(json.dumps(sign_in).encode())
    attributes = answer["response"]["userAttributes"] | {"sub": "sub-of-this-check"}
    tokens = sign_in | {
        "triggerSource": "TokenGeneration_Authentication",
        "userName": attributes.get("username", sign_in["userName"]),
        "request": {"userAttributes": attributes, "groupConfiguration": {}},
        "response": {},
    }
    kind, _ = invoke_tokens(json.dumps(tokens).encode())
    check(kind == "response", "the function for tokens answers token events")
    kind, refused = invoke_tokens(json.dumps(sign_in).encode())
    said = refused.get("errorType") if kind == "error" else refused
    check(said == "Cutover.NotSetUp", f"and no sign-in: {said}")
    items = stack.client("dynamodb").scan(TableName=table)["Items"]
    subs = [item["sub"]["S"] for item in items if "sub" in item]
    check(subs == ["sub-of-this-check"], f"the claim is the pool user's: {subs}")
    kind, again = invoke(json.dumps(sign_in).encode())
    check((kind, again["response"]) == ("response", {}), "nobody is migrated twice")


def attached(
    stack: "Ministack", target: pathlib.Path, pool: dict[str, str], arn: str
) -> None:
    """`cutover trigger attach` at a pool that is not ours."""
    client = stack.client("cognito-idp")

    def settings() -> dict[str, Any]:
        described = client.describe_user_pool(UserPoolId=pool["UserPoolId"])["UserPool"]
        return {k: v for k, v in described.items() if k != "LastModifiedDate"}

    before = settings()
    command = [target / "debug/cutover", "trigger", "attach", "--function-arn", arn]
    command += ["--trigger", "user-migration,pre-sign-up", "--execute"]
    command += ["--endpoint-url", stack.url, "--region", REGION]
    command += ["--user-pool-id", pool["UserPoolId"]]
    done = subprocess.run(command, env=os.environ | CREDENTIALS, capture_output=True, text=True)
    print(done.stdout + done.stderr, file=sys.stderr)
    check(done.returncode == 0, "cutover trigger attach ends well")
    expected = before | {
        "LambdaConfig": before.get("LambdaConfig", {}) | {"UserMigration": arn, "PreSignUp": arn}
    }
    after = settings()
    changed = {k for k in before | after if expected.get(k) != after.get(k)}
    check(changed == set(), f"it changes the two triggers and nothing else: {changed or ''}")


def events(invoke: Callable[[bytes], Answer]) -> None:
    """One event of each kind of answer."""
    for name, wanted in [
        ("authentication", "CONFIRMED"),
        ("authentication-wrong-password", "refused"),
        ("forgot-password", "RESET_REQUIRED"),
        ("sign-up-held-name", "Cutover.NameHeld"),
        ("unknown-trigger-source", "Cutover.NotSetUp"),
    ]:
        kind, document = invoke((ROOT / f"migrations-fixtures/events/{name}.json").read_bytes())
        if kind == "error":
            said = document["errorType"]
        elif document["response"] == {}:
            said = "refused"
        else:
            said = document["response"]["finalUserStatus"]
        check(said == wanted, f"{name}: {said}")


class Ministack:
    """An AWS account on this machine: Lambda that runs a real bootstrap, and CloudFormation."""

    def __init__(self, target: pathlib.Path, folder: pathlib.Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._sam = target / "python-infra/bin/sam"
        self._folder = folder
        # Loopback alone; MiniStack's default is every address.
        own = {"BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1", "GATEWAY_PORT": str(port)}
        own |= {"MINISTACK_ACCOUNT_ID": ACCOUNT, "MINISTACK_REGION": REGION, "TMPDIR": str(folder)}
        self._log = (folder / "ministack.log").open("wb")
        self._process = subprocess.Popen(
            [target / "python-emulators/bin/ministack"],
            env=os.environ | own,
            cwd=folder,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        await_port(port, self._process)

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def deploy(
        self, name: str, template: pathlib.Path, parameters: dict[str, str]
    ) -> dict[str, str]:
        command = [str(self._sam), "deploy", "--template-file", str(template), "--stack-name", name]
        command += ["--resolve-s3", "--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset"]
        command += ["--region", REGION, "--no-progressbar"]
        if parameters:
            # The hash has dollar signs, but no shell is asked; sam itself splits at blanks.
            command += ["--parameter-overrides"]
            command += [f"ParameterKey={k},ParameterValue={v}" for k, v in parameters.items()]
        environment = os.environ | CREDENTIALS | {"AWS_ENDPOINT_URL": self.url}
        done = subprocess.run(
            command, env=environment, cwd=self._folder, capture_output=True, text=True
        )
        if done.returncode != 0:
            raise SystemExit(f"sam deploy {name}:\n{done.stdout}\n{done.stderr}")
        stacks = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        check(stacks[0]["StackStatus"].endswith("_COMPLETE"), f"stack {name} is deployed")
        return {o["OutputKey"]: o["OutputValue"] for o in stacks[0]["Outputs"]}

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._log.close()


if __name__ == "__main__":
    sys.exit(main())
