"""A Lambda function for tests: answers each event as TRIGGER_ANSWERS says, by userName.

Speaks the Lambda Runtime API with nothing but the standard library. An answer is one of
{"response": {…}} (put into the event), {"error": [type, message]}, {"raw": text},
{"exit": code}, {"hang": true}, {"hang_once": path, …} (the first process hangs, later ones
answer), or nothing for the event as it came. Events are appended to TRIGGER_EVENTS, one a line.
"""

import http.client
import json
import os
import sys
import time

ANSWERS = json.loads(os.environ.get("TRIGGER_ANSWERS", "{}"))
EVENTS = os.environ.get("TRIGGER_EVENTS")
BASE = "/2018-06-01/runtime"
connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])


def call(method, path, body=None, headers=None):
    connection.request(method, BASE + path, body=body, headers=headers or {})
    response = connection.getresponse()
    return response, response.read()


def hang():
    while True:
        time.sleep(60)


if ANSWERS.get("init_error"):
    error_type, message = ANSWERS["init_error"]
    call("POST", "/init/error", json.dumps({"errorType": error_type, "errorMessage": message}))
    sys.exit(1)

while True:
    response, body = call("GET", "/invocation/next")
    request_id = response.headers["Lambda-Runtime-Aws-Request-Id"]
    event = json.loads(body)
    if EVENTS:
        with open(EVENTS, "a", encoding="utf-8") as log:
            log.write(json.dumps(event) + "\n")
    print("event", event["triggerSource"], flush=True)
    answer = ANSWERS.get(event["triggerSource"], {}).get(event["userName"])
    if answer is None:
        answer = ANSWERS.get(event["userName"], {})
    marker = answer.get("hang_once")
    if marker and not os.path.exists(marker):
        open(marker, "w").close()
        hang()
    if "exit" in answer:
        sys.stdout.flush()
        os._exit(answer["exit"])
    if answer.get("hang"):
        hang()
    if "error" in answer:
        error_type, message = answer["error"]
        payload = json.dumps({"errorType": error_type, "errorMessage": message})
        call("POST", f"/invocation/{request_id}/error", payload)
    elif "raw" in answer:
        call("POST", f"/invocation/{request_id}/response", answer["raw"])
    else:
        event["response"].update(answer.get("response", {}))
        call("POST", f"/invocation/{request_id}/response", json.dumps(event))
