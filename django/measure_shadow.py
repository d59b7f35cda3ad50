"""How much longer `authenticate()` takes with the shadow check: median and 99th percentile, with a
hasher that costs next to nothing, so that nothing hides the difference.

usage: measure_shadow.py ADDRESS [SIGN_INS]     (ADDRESS of a running `cutover shadow serve`)

Rounds of all cases in turn, so that other load falls on all alike. "dead" is an address where
nobody listens, "hanging" a shadow that takes sign-ins and never answers.
"""

import os
import socket
import statistics
import sys
import tempfile
import time

from django.conf import settings
from django.test import override_settings

import django

ROUNDS = 20


def main() -> None:
    address = sys.argv[1]
    sign_ins = int(sys.argv[2]) if len(sys.argv) > 2 else 4000
    folder = tempfile.mkdtemp(prefix="cutover-shadow-")
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": os.path.join(folder, "app.sqlite3"),
            }
        },
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    )
    django.setup()
    from cutover_django.shadow import counts, observer
    from django.contrib import auth
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    auth.get_user_model().objects.create_user("ann", password="Otter-river-1!")
    hanging = os.path.join(folder, "hanging.sock")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(hanging)
    listener.listen()

    plain = auth.authenticate
    observer.install()
    observed = auth.authenticate

    def shadow(where, sample=1):
        return {"address": where, "sample": sample, "timeout_ms": 50}

    cases = {
        "without": (plain, None),
        "sampled out": (observed, shadow(address, 0)),
        "sampled, all": (observed, shadow(address)),
        "sampled, one in ten": (observed, shadow(address, 0.1)),
        "dead": (observed, shadow(os.path.join(folder, "nobody.sock"))),
        "hanging": (observed, shadow(hanging)),
    }
    times = {name: [] for name in cases}
    for _ in range(ROUNDS):
        for name, (authenticate, setting) in cases.items():
            with override_settings(CUTOVER_SHADOW=setting):
                for _ in range(sign_ins // ROUNDS):
                    began = time.perf_counter()
                    user = authenticate(username="ann", password="Otter-river-1!")
                    times[name].append((time.perf_counter() - began) * 1000)
                    if user is None:
                        sys.exit(f"{name}: ann was refused")
    base = statistics.median(times["without"])
    for name, taken in times.items():
        median, p99 = statistics.median(taken), statistics.quantiles(taken, n=100)[98]
        print(f"{name:20} median {median:.3f} ms ({median - base:+.3f}), p99 {p99:.3f} ms")
    print(counts())


main()
