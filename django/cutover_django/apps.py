"""The Django application: registers its system checks."""

from django.apps import AppConfig


class CutoverDjangoConfig(AppConfig):
    name = "cutover_django"
    verbose_name = "Cognito links"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cutover_django import checks  # noqa: F401  (registers them)
