"""AWS services (moto's) for as long as standard input is open.

Prints the endpoint as a JSON string, then answers each line it reads: `[service, operation,
arguments]`, as boto3 names them, with what boto3 returns.
"""

import functools
import json
import sys
import threading
from collections.abc import Callable
from typing import Any

import boto3
from moto.dynamodb.models import DynamoDBBackend
from moto.server import ThreadedMotoServer


def one_at_a_time(method: Callable[..., Any]) -> Callable[..., Any]:
    lock = threading.Lock()

    @functools.wraps(method)
    def locked(*arguments: Any, **named: Any) -> Any:
        with lock:
            return method(*arguments, **named)

    return locked


# DynamoDB checks a condition and writes in one step; moto does so in two, on a thread for each request.
DynamoDBBackend.update_item = one_at_a_time(DynamoDBBackend.update_item)

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
endpoint = f"http://{host}:{port}"
keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
print(json.dumps(endpoint), flush=True)
for line in sys.stdin:
    service, operation, arguments = json.loads(line)
    client = boto3.client(service, region_name="eu-west-1", endpoint_url=endpoint, **keys)
    answer = getattr(client, operation)(**arguments)
    print(json.dumps(answer, default=str), flush=True)
server.stop()
