"""The hasher of the weeks before a hash import."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class BridgePBKDF2PasswordHasher(PBKDF2PasswordHasher):
    """PBKDF2-SHA256 at 600,000 iterations, the most that Cognito imports.

    Newer Django writes more, and such hashes cannot be imported. First in PASSWORD_HASHERS, this
    writes new passwords so, and those of people who sign in again. Remove it after the import.
    Source: guide page cognito-user-pools-using-import-tool.
    """

    iterations = 600_000
