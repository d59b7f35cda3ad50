"""A Secrets Manager (moto's) with one secret, for as long as standard input is open.

Prints endpoint and ARN as one JSON line, then puts each line it reads as the secret's new value and
answers with an empty line.
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
client = boto3.client("secretsmanager", region_name="eu-west-1", endpoint_url=endpoint, **keys)
arn = client.create_secret(Name="legacy", SecretString="{}")["ARN"]
print(json.dumps({"endpoint": endpoint, "arn": arn}), flush=True)
for line in sys.stdin:
    client.put_secret_value(SecretId=arn, SecretString=line.strip())
    print(flush=True)
server.stop()
