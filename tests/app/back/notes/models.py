"""Data that hangs on `user_id`, as in every Django app."""

from django.conf import settings
from django.db import models


class Note(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    text = models.CharField(max_length=200)

    class Meta:
        permissions = [("see_figures", "Can see the figures")]
        ordering = ["pk"]
