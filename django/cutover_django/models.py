"""Which Django row a Cognito `sub` is."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class CognitoLink(models.Model):
    """One person: their `sub` in the pool and their row here.

    Both are unique and no code here changes a link that is there. The row is protected: deleting
    somebody who can still sign in would make a stranger of them. Deactivate instead
    (`cutover_django.deactivation`).
    """

    class Origin(models.TextChoices):
        ID_MAP = "id-map", "cutover's id map"
        PROVEN_CLAIM = "proven-claim", "the pool's legacy id attribute"
        NATIVE = "native", "registered with Cognito"
        DECISION = "decision", "decided by a person"

    sub = models.CharField(max_length=64, unique=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="cognito_link"
    )
    origin = models.CharField(max_length=16, choices=Origin.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "cutover_django_cognitolink"

    def __str__(self) -> str:
        return f"{self.sub} is user {self.user_id}"
