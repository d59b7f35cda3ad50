"""Real Django's hash of the password on standard input, with a `+` in its base64.

At a thousand rounds: two of five digests have one.
"""

import sys

from django.conf import settings

settings.configure()

from django.contrib.auth.hashers import PBKDF2PasswordHasher  # noqa: E402

password = sys.stdin.read()
for number in range(1000):
    encoded = PBKDF2PasswordHasher().encode(password, f"salt{number}", iterations=1000)
    if "+" in encoded:
        print(encoded)
        break
