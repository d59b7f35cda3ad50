"""The function in other people's hands: in MiniStack's Lambda, under AWS's runtime interface emulator,
and asked by cognito-local, which invokes it in MiniStack.

usage: strangers.py PROGRAM FOLDER     (the function's variables come by the environment)

Prints `null` when all are up; then answers each JSON line it reads with a JSON line, until standard
input ends:

  {"event": EVENT}                  {"MiniStack": [KIND, DOCUMENT], "AWS's emulator": [KIND, DOCUMENT]}
  {"sign_in": [LOGIN, PASSWORD]}    what cognito-local's InitiateAuth returns, or {"refused": CODE}
  {"user": NAME}                    the attributes of cognito-local's user
  {"delete": "function"}            null, and there is no function in MiniStack any more

KIND is "response" or "error".
"""

import contextlib
import http.client
import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "eu-west-1"
NAME = "trigger"
TIMEOUT_S = 30  # a busy machine; Cognito's five seconds are the function's own matter


def main() -> None:
    target = pathlib.Path(__file__).resolve().parents[2] / "target"
    program, folder = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    variables = {k: v for k, v in os.environ.items() if k.startswith("CUTOVER_")}
    bootstrap = folder / "bootstrap"
    # Without what debuggers need, which is most of a program not optimised.
    subprocess.run(["strip", "-o", bootstrap, program], check=True)
    with contextlib.ExitStack() as started:
        ministack = started.enter_context(ministack_at_work(target, folder))
        emulator = started.enter_context(emulator_at_work(target, bootstrap, variables))
        cognito = started.enter_context(cognito_local_at_work(target, folder, ministack))
        functions = client("lambda", ministack)
        functions.create_function(
            FunctionName=NAME,
            Runtime="provided.al2023",
            Handler="bootstrap",
            Role="arn:aws:iam::000000000000:role/trigger",
            Timeout=TIMEOUT_S,
            Code={"ZipFile": zipped(bootstrap)},
            Environment={"Variables": variables},
        )
        pool = cognito.create_user_pool(PoolName="strangers", AliasAttributes=["email"])
        pool_id = pool["UserPool"]["Id"]
        app = cognito.create_user_pool_client(UserPoolId=pool_id, ClientName="strangers")
        client_id = app["UserPoolClient"]["ClientId"]

        def answer(asked: dict[str, Any]) -> Any:
            match asked:
                case {"event": event}:
                    body = json.dumps(event).encode()
                    return {
                        "MiniStack": invoke(functions, body),
                        "AWS's emulator": post(emulator, body),
                    }
                case {"sign_in": [login, password]}:
                    parameters = {"USERNAME": login, "PASSWORD": password}
                    try:
                        return cognito.initiate_auth(
                            AuthFlow="USER_PASSWORD_AUTH",
                            ClientId=client_id,
                            AuthParameters=parameters,
                        )
                    except ClientError as error:
                        return {"refused": error.response["Error"]["Code"]}
                case {"user": name}:
                    user = cognito.admin_get_user(UserPoolId=pool_id, Username=name)
                    return {a["Name"]: a["Value"] for a in user["UserAttributes"]}
                case {"delete": "function"}:
                    functions.delete_function(FunctionName=NAME)
                    return None
            raise ValueError(asked)

        print("null", flush=True)
        for line in sys.stdin:
            print(json.dumps(answer(json.loads(line)), default=str), flush=True)


def invoke(functions: Any, event: bytes) -> tuple[str, Any]:
    answer = functions.invoke(FunctionName=NAME, Payload=event)
    kind = "error" if "FunctionError" in answer else "response"
    return kind, json.loads(answer["Payload"].read())


def post(port: int, event: bytes) -> tuple[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/2015-03-31/functions/function/invocations", event)
    document = json.loads(connection.getresponse().read())
    # It answers errors like responses, but for what is in them.
    return ("error" if "errorType" in document else "response"), document


def zipped(bootstrap: pathlib.Path) -> bytes:
    path = bootstrap.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        package.write(bootstrap, "bootstrap")
    return path.read_bytes()


def client(service: str, url: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(read_timeout=120, retries={"total_max_attempts": 1}),
    )


@contextlib.contextmanager
def ministack_at_work(target: pathlib.Path, folder: pathlib.Path) -> Iterator[str]:
    port = free_port()
    # Loopback alone; its default is every address.
    own = {"BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1", "GATEWAY_PORT": str(port)}
    own |= {"IOT_MTLS_ENABLED": "0", "MINISTACK_REGION": REGION, "TMPDIR": str(folder)}
    own |= {"HOME": str(folder)}
    with at_work([target / "python-emulators/bin/ministack"], own, folder, port):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def emulator_at_work(
    target: pathlib.Path, bootstrap: pathlib.Path, variables: dict[str, str]
) -> Iterator[int]:
    port = free_port()
    own = {
        "AWS_LAMBDA_FUNCTION_NAME": NAME,
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(TIMEOUT_S),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "LAMBDA_TASK_ROOT": str(bootstrap.parent),
    }
    command = [target / "lambda-rie/aws-lambda-rie"]
    command += ["--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
    command += ["--runtime-api-address", f"127.0.0.1:{free_port()}", bootstrap, "handler"]
    with at_work(command, own | variables, bootstrap.parent, port):
        yield port


@contextlib.contextmanager
def cognito_local_at_work(
    target: pathlib.Path, folder: pathlib.Path, ministack: str
) -> Iterator[Any]:
    port = free_port()
    keys = {"accessKeyId": "local", "secretAccessKey": "local"}
    config = {
        "LambdaClient": {"endpoint": ministack, "region": REGION, "credentials": keys},
        "TriggerFunctions": {"UserMigration": NAME},
        # Its own default is a pool with e-mail as username.
        "UserPoolDefaults": {"UsernameAttributes": []},
    }
    (folder / ".cognito").mkdir()
    (folder / ".cognito/config.json").write_text(json.dumps(config))
    start = target / "node-emulators/node_modules/cognito-local/lib/bin/start.js"
    own = {"HOME": str(folder), "HOST": "127.0.0.1", "PORT": str(port)}
    with at_work(["node", start], own, folder, port):
        yield client("cognito-idp", f"http://127.0.0.1:{port}")


@contextlib.contextmanager
def at_work(
    command: list[Any], variables: dict[str, str], folder: pathlib.Path, port: int
) -> Iterator[None]:
    """A process that listens on a port, and is gone afterwards."""
    process = subprocess.Popen(
        command,
        env={"PATH": os.environ["PATH"]} | variables,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            if process.poll() is not None:
                raise SystemExit(f"{command[0]} ended with {process.returncode}")
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


main()
