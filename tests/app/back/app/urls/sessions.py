"""Before."""

from django.urls import path
from notes.session import Session

from app.urls.base import api

urlpatterns = [*api, path("api/session", Session.as_view())]
