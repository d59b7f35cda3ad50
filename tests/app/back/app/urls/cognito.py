"""After: nobody signs in here any more. The front end is told where."""

from django.urls import path
from notes.pool import Pool

from app.urls.base import api

urlpatterns = [*api, path("api/pool", Pool.as_view())]
