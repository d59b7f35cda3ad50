"""AWS services (moto's) for as long as standard input is open.

Prints the endpoint as a JSON string, then answers each line it reads: `[service, operation,
arguments]`, as boto3 names them, with what boto3 returns.
"""

import json
import sys

import boto3
from moto.server import ThreadedMotoServer

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
