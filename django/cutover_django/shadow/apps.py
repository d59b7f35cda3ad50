"""The Django application: puts the observer around `authenticate()`, and registers its check."""

from django.apps import AppConfig


class ShadowConfig(AppConfig):
    name = "cutover_django.shadow"
    label = "cutover_shadow"
    verbose_name = "Cutover's shadow check"

    def ready(self) -> None:
        from cutover_django.shadow import checks, observer  # noqa: F401  (registers the checks)

        observer.install()
