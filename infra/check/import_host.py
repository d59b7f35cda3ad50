"""Deploys import-task.yaml into moto and looks at what is there, by boto3; compares what its role may
do with the operations that the program knows; and reads the scripts that the host would write.

usage: import_host.py ENVIRONMENT     (a Python environment with moto)

moto starts no host, so nothing of UserData runs here but `bash -n` over it.
Exit code 0 when everything is as it should be, 1 with a list of what is not.
"""

import ast
import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from typing import Any

import boto3
import yaml
from ports import await_port, free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
REGION = "eu-west-1"
POOL = f"{REGION}_Example1"
# Called by app users, or by `trigger attach`.
NOT_FOR_THE_HOST = {"InitiateAuth", "ForgotPassword", "ConfirmForgotPassword", "UpdateUserPool"}

faults: list[str] = []


def check(holds: bool, what: str) -> None:
    print(f"  {'ok' if holds else 'NOT SO'}: {what}", file=sys.stderr)
    if not holds:
        faults.append(what)


def main() -> int:
    environment = pathlib.Path(sys.argv[1]).resolve()
    port = free_port()
    with tempfile.TemporaryFile() as log:
        moto = subprocess.Popen(
            [environment / "bin/moto_server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=log,
            stderr=log,
        )
        try:
            await_port(port, moto)
            deployed(f"http://127.0.0.1:{port}")
        finally:
            moto.terminate()
            moto.wait()
            if faults or sys.exc_info()[0]:
                log.seek(0)
                print(log.read().decode()[-4000:], file=sys.stderr)
    for fault in faults:
        print(f"not so: {fault}")
    return 1 if faults else 0


def deployed(url: str) -> None:
    def client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    print("infra-check: the import's host, deployed into moto", file=sys.stderr)
    ec2, iam = client("ec2"), client("iam")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    database = ec2.create_security_group(GroupName="database", Description="-", VpcId=vpc)
    image = ec2.register_image(Name="al2023", Architecture="x86_64")["ImageId"]
    client("ssm").put_parameter(Name="/cutover/image", Value=image, Type="String")
    parameters = {
        "UserPoolId": POOL,
        "Bucket": "programs",
        "ProgramSha256": "0" * 64,
        "LegacyUrl": "postgres://replica.internal:5432/app?sslmode=verify-full",
        "LegacySecretArn": f"arn:aws:secretsmanager:{REGION}:123456789012:secret:app-1",
        "ClaimsTableArn": f"arn:aws:dynamodb:{REGION}:123456789012:table/claims",
        "ClaimsKey": "0123456789abcdef0123456789abcdef",
        "ImportRoleArn": "arn:aws:iam::123456789012:role/import",
        "VpcId": vpc,
        "SubnetId": subnet,
        "DatabaseSecurityGroupId": database["GroupId"],
        "ImageId": "/cutover/image",
    }
    stacks = client("cloudformation")
    stacks.create_stack(
        StackName="cutover-import",
        TemplateBody=(ROOT / "infra/import-task.yaml").read_text(),
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    stack = stacks.describe_stacks(StackName="cutover-import")["Stacks"][0]
    check(stack["StackStatus"] == "CREATE_COMPLETE", f"deployed: {stack['StackStatus']}")
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    [volume] = ec2.describe_volumes(VolumeIds=[outputs["VolumeId"]])["Volumes"]
    attached = [attachment["InstanceId"] for attachment in volume["Attachments"]]
    check(attached == [outputs["Host"]], "the ledger's volume is attached to the host")
    groups = ec2.describe_security_groups(
        Filters=[{"Name": "tag:aws:cloudformation:logical-id", "Values": ["SecurityGroup"]}]
    )["SecurityGroups"]
    open_to = [group["IpPermissions"] for group in groups]
    check(open_to == [[]], f"nobody comes in to the host: {open_to}")
    [database_now] = ec2.describe_security_groups(GroupIds=[database["GroupId"]])["SecurityGroups"]
    let_in = [
        pair["GroupId"] for rule in database_now["IpPermissions"] for pair in rule["UserIdGroupPairs"]
    ]
    check(let_in == [groups[0]["GroupId"]], "the database lets in the host and nobody else")
    as_written()

    resources = stacks.describe_stack_resources(StackName="cutover-import")["StackResources"]
    [role] = [r["PhysicalResourceId"] for r in resources if r.get("ResourceType") == "AWS::IAM::Role"]
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    wanted = ["claims", "database", "import-jobs", "log", "pool", "program", "session"]
    check(sorted(names) == wanted, f"the role has these policies: {sorted(names)}")
    managed = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    check(managed == [], "and nothing by managed policies")
    document = iam.get_role_policy(RoleName=role, PolicyName="pool")["PolicyDocument"]
    # moto keeps an inline policy of a template as Python writes it.
    document = ast.literal_eval(document) if isinstance(document, str) else document
    on_pool, on_account = document["Statement"]
    check(on_pool["Resource"].endswith(f":userpool/{POOL}"), "it acts on this pool alone")
    check(on_account["Action"] == "cognito-idp:GetProvisionedLimit", "but for the account's limits")
    allowed = {action.removeprefix("cognito-idp:") for action in on_pool["Action"]}
    needed = operations() - NOT_FOR_THE_HOST - {"GetProvisionedLimit"}
    check(allowed == needed, f"what the program calls and no more: {sorted(allowed ^ needed)}")

    data = ec2.describe_instance_attribute(InstanceId=outputs["Host"], Attribute="userData")
    scripts(base64.b64decode(data["UserData"]["Value"]).decode())


def as_written() -> None:
    """What moto makes nothing of."""

    class Loader(yaml.SafeLoader):
        pass

    def tagged(loader: Any, suffix: str, node: Any) -> Any:
        construct = {
            yaml.ScalarNode: loader.construct_scalar,
            yaml.SequenceNode: loader.construct_sequence,
            yaml.MappingNode: loader.construct_mapping,
        }
        return {suffix: construct[type(node)](node)}

    Loader.add_multi_constructor("!", tagged)
    text = (ROOT / "infra/import-task.yaml").read_text()
    resources = yaml.load(text, Loader)["Resources"]  # noqa: S506 (a safe loader)
    [interface] = resources["Host"]["Properties"]["NetworkInterfaces"]
    check(interface["AssociatePublicIpAddress"] is False, "the host has no public address")
    check(interface["SubnetId"] == {"Ref": "SubnetId"}, "and is in the subnet named")
    options = resources["HostTemplate"]["Properties"]["LaunchTemplateData"]["MetadataOptions"]
    check(options["HttpTokens"] == "required", "its credentials need a token (IMDSv2)")
    volume = resources["Volume"]
    check(volume["Properties"]["Encrypted"] is True, "the ledger's volume is encrypted")
    kept = (volume["DeletionPolicy"], volume["UpdateReplacePolicy"])
    check(kept == ("Snapshot", "Snapshot"), f"and a snapshot of it stays: {kept}")


def operations() -> set[str]:
    """As cognito-user-pool lists them."""
    source = (ROOT / "crates/cognito-user-pool/src/operation.rs").read_text()
    listed = source.split("\noperations! {\n", 1)[1].split("\n}", 1)[0]
    return {line.split()[0] for line in listed.splitlines()}


def scripts(user_data: str) -> None:
    """Whether what the host runs, and what it writes to be run, is a shell script."""
    written = re.findall(r"cat >(/usr/local/bin/[\w-]+) <<'(\w+)'\n(.*?)\n\2\n", user_data, re.DOTALL)
    names = [name.rsplit("/", 1)[1] for name, _, _ in written]
    wanted = ["cutover-fetch", "cutover-here", "cutover-start", "cutover-export"]
    check(names == wanted, f"it writes {names}")
    check("${" not in user_data, "no reference of the template was left")
    for name, text in [("user data", user_data), *((name, text) for name, _, text in written)]:
        read = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True)
        check(read.returncode == 0, f"bash reads {name}: {read.stderr.strip()}")
    here = next(text for name, _, text in written if name.endswith("cutover-here"))
    with tempfile.TemporaryDirectory() as folder:
        check(composed(here, pathlib.Path(folder)), "a password with odd signs is in the URL, quoted")


def composed(here: str, folder: pathlib.Path) -> bool:
    """Runs cutover-here's own text with an `aws` that knows a secret, and a `cutover` that tells."""
    secret = json.dumps({"username": "reader", "password": "p@ss/w:rd %"})
    fakes = {
        "aws": f"case $1 in configure) ;; *) printf %s '{secret}' ;; esac",
        "cutover": 'echo "$CUTOVER_LEGACY_URL"',
        "id": "echo cutover",
    }
    for name, text in fakes.items():
        (folder / name).write_text(f"#!/bin/bash\n{text}\n")
        (folder / name).chmod(0o755)
    (folder / "cutover.env").write_text(
        "CUTOVER_HERE_URL='postgres://db:5432/app?sslmode=verify-full'\n"
        "CUTOVER_HERE_SECRET=arn\nCUTOVER_CLAIMS_TABLE=''\nCUTOVER_CLAIMS_KEY=''\n"
    )
    for real, fake in [
        ("/etc/cutover.env", folder / "cutover.env"),
        ("/usr/local/bin/cutover", folder / "cutover"),
        ("cd /cutover\n", f"cd {folder}\n"),
    ]:
        here = here.replace(str(real), str(fake))
    path = {"PATH": f"{folder}:{os.environ['PATH']}"}
    ran = subprocess.run(
        ["bash", "-s", "status"], input=here, text=True, capture_output=True, env=os.environ | path
    )
    wanted = "postgres://reader:p%40ss%2Fw%3Ard%20%25@db:5432/app?sslmode=verify-full"
    if ran.stdout.strip() != wanted:
        print(ran, file=sys.stderr)
    return ran.stdout.strip() == wanted


if __name__ == "__main__":
    sys.exit(main())
