"""Before."""

from django.urls import path

from app.urls.base import api
from notes.session import Session

urlpatterns = [*api, path("api/session", Session.as_view())]
