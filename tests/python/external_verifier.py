"""Plays whatever checks passwords that Django does not store: as a program, one question on stdin and
the answer on stdout; or, with `serve`, as the endpoint at which AWS invokes a
function, until stdin ends.

The right password is "Quay-ledger-9!". The login "broken" ends in an error, "slow" never answers.
"""

import http.server
import json
import sys
import threading
import time

RIGHT = "Quay-ledger-9!"
PATH = "/2015-03-31/functions/check-ldap/invocations"


def answer(question: dict[str, str]) -> str:
    if question["login"] == "slow":
        time.sleep(30)
    if question["login"] == "broken":
        raise SystemExit(f"cannot say of {question['password']}")
    known = {"login", "username", "email", "legacy_id", "password"}
    if set(question) != known:
        raise SystemExit(f"not the documented question: {set(question)}")
    return json.dumps({"verdict": "match" if question["password"] == RIGHT else "mismatch"})


class Endpoint(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signed = "/lambda/aws4_request" in self.headers.get("Authorization", "")
        if self.path != PATH or not signed:
            self.send_error(404)
            return
        try:
            text, error = answer(json.loads(body)), None
        except SystemExit as failure:
            text, error = json.dumps({"errorMessage": str(failure)}), "Unhandled"
        self.send_response(200)
        if error:
            self.send_header("X-Amz-Function-Error", error)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


if sys.argv[1:] == ["serve"]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    print(json.dumps(f"http://127.0.0.1:{server.server_port}"), flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
else:
    print(answer(json.load(sys.stdin)))
