"""A Lambda Runtime API for one function process, and the process. What measure.py drives."""

import http.server
import json
import os
import pathlib
import queue
import subprocess
import threading
import time
from typing import Any


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One segment for each answer: otherwise delayed acknowledgements add 40 ms.
    wbufsize = 65536
    server: "Server"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.server.polled.set()
        event = self.server.events.get()
        if event is None:
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "request")
        deadline = int((time.time() + self.server.timeout_s) * 1000)
        self.send_header("Lambda-Runtime-Deadline-Ms", str(deadline))
        arn = "arn:aws:lambda:eu-west-1:123456789012:function:trigger"
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", arn)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(event)))
        self.end_headers()
        self.wfile.write(event)
        self.wfile.flush()

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.answers.put((time.perf_counter(), self.path.rsplit("/", 1)[-1], body))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.wfile.flush()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, timeout_s: float) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.timeout_s = timeout_s
        self.events: queue.Queue[bytes | None] = queue.Queue()
        self.answers: queue.Queue[tuple[float, str, bytes]] = queue.Queue()
        self.polled = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A function that is killed resets its connection; nothing to tell."""


class Function:
    """A function process, from its start on; `cgroup` is a folder whose CPU quota holds for it."""

    def __init__(
        self,
        command: list[str],
        variables: dict[str, str],
        cgroup: pathlib.Path | None = None,
        timeout_s: float = 5,
    ) -> None:
        self._server = Server(timeout_s)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        environment = {
            "PATH": os.environ["PATH"],
            "NODE_PATH": os.environ.get("NODE_PATH", ""),
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": "trigger",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        }

        def join() -> None:
            if cgroup:
                (cgroup / "cgroup.procs").write_text("0")

        begun = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            env=environment | variables,
            preexec_fn=join if cgroup else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.lines: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        if not self._server.polled.wait(60):
            raise SystemExit(f"{command} does not ask for events")
        self.start_ms = (time.perf_counter() - begun) * 1000

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.lines.put(line)

    def resident_mb(self) -> float:
        status = pathlib.Path(f"/proc/{self._process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024

    def invoke(self, event: dict[str, Any]) -> tuple[float, dict[str, Any]]:
        """Milliseconds until the answer, and the answer."""
        body = json.dumps(event).encode()
        begun = time.perf_counter()
        self._server.events.put(body)
        ended, _, answer = self._server.answers.get(timeout=300)
        return (ended - begun) * 1000, json.loads(answer)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._server.events.put(None)
        self._server.shutdown()
        self._server.server_close()
