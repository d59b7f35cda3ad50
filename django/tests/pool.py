"""A pool's keys and GetUser on a local port, made with cryptography and PyJWT alone."""

import functools
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cutover_django import key_set


@functools.cache
def private_key(name="first"):
    """Making one takes a moment: each is made once."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Pool:
    """Serves until closed. `fetches` counts key documents; `accounts` answers GetUser by sub."""

    def __init__(self):
        self.keys = {"first": private_key()}
        self.accounts = {}
        self.fetches = 0
        self.away = False
        pool = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                pool.fetches += 1
                self.reply(503 if pool.away else 200, {"keys": pool.public_keys()})

            def do_POST(self):
                length = int(self.headers["Content-Length"])
                token = json.loads(self.rfile.read(length))["AccessToken"]
                sub = jwt.decode(token, options={"verify_signature": False})["sub"]
                if pool.away:
                    self.reply(400, {"__type": "TooManyRequestsException"})
                elif sub not in pool.accounts:
                    self.reply(400, {"__type": "NotAuthorizedException"})
                else:
                    held = {"sub": sub, **pool.accounts[sub]}
                    listed = [{"Name": name, "Value": value} for name, value in held.items()]
                    self.reply(200, {"Username": "x", "UserAttributes": listed})

            def reply(self, status, body):
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *arguments):
                pass

        ThreadingHTTPServer.request_queue_size = 32
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=[0.01], daemon=True).start()
        self.issuer = f"http://127.0.0.1:{self.server.server_port}/eu-west-1_test"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        key_set._key_sets.clear()

    def public_keys(self):
        return [
            {
                **json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())),
                "kid": kid,
                "use": "sig",
                "alg": "RS256",
            }
            for kid, key in self.keys.items()
        ]

    def settings(self, **more):
        # Patient: a busy machine is no outage.
        return {"ISSUER": self.issuer, "CLIENT_IDS": ["ours"], "TIMEOUT": 60, **more}

    def token(self, sub="sub-1", kid="first", key=None, algorithm="RS256", without=(), **claims):
        now = int(time.time())
        body = {
            "sub": sub,
            "iss": self.issuer,
            "token_use": "access",
            "client_id": "ours",
            "iat": now,
            "exp": now + 300,
            **claims,
        }
        for name in without:
            del body[name]
        signer = key or self.keys.get(kid) or next(iter(self.keys.values()))
        return jwt.encode(body, signer, algorithm=algorithm, headers={"kid": kid})
