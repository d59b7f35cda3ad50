"""The four legacy apps: which user model, which sign-in, which tables.

Pure data, read by the settings and by whoever writes or checks a population.
"""

from dataclasses import dataclass

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
EMAIL_BACKEND = "legacy_app.backends.EmailBackend"
ALLAUTH_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One legacy app."""

    name: str
    user_model: str
    apps: tuple[str, ...]
    """Apps beside contenttypes, auth and sessions."""
    backends: tuple[str, ...]
    login: tuple[str, ...]
    """What a person may type, in the order of `login` in the shape's cutover.toml."""
    user_fields: tuple[str, ...]
    """The fields of a population's person that this user model has."""
    unique_email: bool = False
    uuid_keys: bool = False
    has_addresses: bool = False
    """Whether allauth's e-mail addresses and django-otp's devices are there."""

    @property
    def has_username(self) -> bool:
        return "username" in self.user_fields


_EVERYWHERE = (
    "email",
    "password",
    "is_active",
    "first_name",
    "last_name",
    "last_login",
    "date_joined",
    "is_staff",
    "is_superuser",
)

STOCK = Shape(
    name="stock",
    user_model="auth.User",
    apps=(),
    backends=(MODEL_BACKEND,),
    login=("username",),
    user_fields=("username", *_EVERYWHERE),
)

EMAIL_LOGIN = Shape(
    name="email-login",
    user_model="people.Person",
    apps=("legacy_app.people",),
    backends=(MODEL_BACKEND, EMAIL_BACKEND),
    login=("email",),
    user_fields=(*_EVERYWHERE, "phone_number"),
    unique_email=True,
)

UUID = Shape(
    name="uuid",
    user_model="accounts.User",
    apps=("legacy_app.accounts",),
    backends=(MODEL_BACKEND, EMAIL_BACKEND),
    login=("username", "email"),
    user_fields=("username", *_EVERYWHERE, "email_confirmed"),
    uuid_keys=True,
)

ALLAUTH = Shape(
    name="allauth",
    user_model="auth.User",
    apps=("allauth", "allauth.account", "django_otp", "django_otp.plugins.otp_totp"),
    backends=(MODEL_BACKEND, ALLAUTH_BACKEND),
    login=("username", "email"),
    user_fields=("username", *_EVERYWHERE),
    has_addresses=True,
)

SHAPES = {shape.name: shape for shape in (STOCK, EMAIL_LOGIN, UUID, ALLAUTH)}
