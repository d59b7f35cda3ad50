"""Serves the example: the local pool with its triggers, the back end, the front end, a mailbox.

Responsible for starting everything, saying where it is, and ending it. `make demo` and the browser
tests call it.
"""

from __future__ import annotations

import argparse
import html
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

MAILBOX = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Mailbox</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5"><link rel="icon" href="data:,">
<style>:root{{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}}
body{{max-width:42rem;margin:0 auto;padding:1.5rem 1rem}}article{{border:1px solid #8886;
border-radius:.75rem;padding:1rem 1.25rem;margin:1rem 0}}b{{font-size:1.6rem;letter-spacing:.1em}}
p{{margin:.25rem 0;overflow-wrap:anywhere}}</style><h1>Mailbox</h1>
<p>What Cognito would have sent, newest first. The page looks again every five seconds.</p>
{}</html>"""


#: What a message is about, in the words of a mail.
SUBJECTS = {
    "forgot-password": "Your code for a new password",
    "sign-up": "Your code to confirm the registration",
    "attribute-verification": "Your code to confirm this address",
    "invitation": "Your temporary password",
    "welcome": "Welcome",
}


def letter(message: dict[str, str | None]) -> str:
    """One message for people to read."""
    shown = {name: html.escape(value or "") for name, value in message.items()}
    subject = SUBJECTS.get(message["reason"] or "", shown["reason"])
    code = f"<p><b>{shown['code']}</b></p>" if shown["code"] else ""
    to = f"To {shown['destination']} ({shown['username']})"
    return f"<article><p>{to}</p><p>{subject}</p>{code}</article>"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def port_or_free(port: int) -> int:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
            return port
        except OSError:
            return free_port()


def await_answer(url: str, process: subprocess.Popen) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise SystemExit(f"{process.args[0]} ended with {process.returncode}")
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{url} did not answer within 30 seconds")


def mailbox(port: int, endpoint: str) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with urllib.request.urlopen(f"{endpoint}/_rehearsal/outbox", timeout=5) as answer:
                messages = json.load(answer)["messages"]
            letters = "".join(map(letter, reversed(messages[-50:])))
            body = MAILBOX.format(letters or "<p>Nothing yet.</p>").encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def has_screen() -> bool:
    """Without one a text browser would take the terminal."""
    return sys.platform == "darwin" or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--programs", type=Path, default=ROOT / "target/debug")
    arguments.add_argument("--ready-file", type=Path, help="write where everything is, as JSON")
    arguments.add_argument("--front-port", type=int, default=0)
    arguments.add_argument("--auth-flow", default="USER_PASSWORD_AUTH")
    arguments.add_argument("--open", action="store_true", help="open the app and the mailbox")
    given = arguments.parse_args()
    parent = os.getppid()

    folder = Path(tempfile.mkdtemp(prefix="cutover-app-"))
    processes: list[subprocess.Popen] = []
    logs = open(folder / "log.txt", "w")  # noqa: SIM115 (closed at the end, after the others)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

    def start(*command: object, **options: object) -> subprocess.Popen:
        # A session of its own: Ctrl-C reaches this program alone, which then ends the others.
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=logs,
            stderr=logs,
            start_new_session=True,
            **options,
        )
        processes.append(process)
        return process

    try:
        shutil.copy(HERE / "cutover.toml", folder)
        manage = [sys.executable, str(HERE / "back/manage.py")]
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "django"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "DATABASE": str(folder / "legacy.sqlite3"),
        }
        ready = folder / "pool.json"
        for command in ["migrate", "make_people"]:
            subprocess.run(
                [*manage, command, "--skip-checks"], env=environment, check=True, stdout=logs
            )
        pool_process = start(
            given.programs / "cutover", "--config", folder / "cutover.toml", "pool", "serve",
            "--quotas", "off", "--settings", HERE / "pool.toml", "--ready-file", ready,
        )  # fmt: skip
        for _ in range(300):
            if ready.exists() or pool_process.poll() is not None:
                break
            time.sleep(0.1)
        if not ready.exists():
            raise SystemExit(f"the pool did not start; see {folder / 'log.txt'}")
        pool = json.loads(ready.read_text())
        environment |= {
            "COGNITO_ISSUER": f"{pool['endpoint']}/{pool['user_pool_id']}",
            "COGNITO_CLIENT_IDS": pool["client_id"],
            "COGNITO_ENDPOINT": pool["endpoint"],
            "COGNITO_AUTH_FLOW": given.auth_flow,
        }
        back_port, mail_port = free_port(), free_port()
        front_port = port_or_free(given.front_port) if given.front_port else free_port()
        back = start(*manage, "runserver", "--noreload", f"127.0.0.1:{back_port}", env=environment)
        vite = HERE / "front/node_modules/vite/bin/vite.js"
        front = start(
            "node", vite, "preview", "--host", "127.0.0.1", "--port", front_port, "--strictPort",
            cwd=HERE / "front", env={**environment, "BACK_END": f"http://127.0.0.1:{back_port}"},
        )  # fmt: skip
        mailbox(mail_port, pool["endpoint"])
        await_answer(f"http://127.0.0.1:{back_port}/api/pool", back)
        await_answer(f"http://127.0.0.1:{front_port}/", front)
        places = {
            **pool,
            "app": f"http://127.0.0.1:{front_port}",
            "back_end": f"http://127.0.0.1:{back_port}",
            "mailbox": f"http://127.0.0.1:{mail_port}",
            "database": str(folder / "legacy.sqlite3"),
            "config": str(folder / "cutover.toml"),
        }
        if given.ready_file:
            temporary = given.ready_file.with_suffix(".new")
            temporary.write_text(json.dumps(places))
            temporary.replace(given.ready_file)
        print(f"\nThe app      {places['app']}\nThe mailbox  {places['mailbox']}\n", flush=True)
        people = subprocess.run(
            [*manage, "make_people", "--show", "--skip-checks"],
            env=environment, check=True, capture_output=True, text=True,
        )  # fmt: skip
        print(people.stdout, flush=True)
        print("Nobody of them is in the pool yet. Stop everything with Ctrl-C.", flush=True)
        if given.open and has_screen():
            for page in (places["mailbox"], places["app"]):
                webbrowser.open(page)
        while all(process.poll() is None for process in processes):
            time.sleep(0.2)
            # Whoever waits for the file and is gone will not end this program.
            if given.ready_file and os.getppid() != parent:
                raise KeyboardInterrupt
        print((folder / "log.txt").read_text()[-2000:], file=sys.stderr)
        raise SystemExit("one of the programs ended; its last words are above")
    except KeyboardInterrupt:
        pass
    finally:
        # A second Ctrl-C must leave nothing behind.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for process in processes:
            if process.poll() is None:
                process.terminate()
        for process in processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        logs.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
