"""What does not change with the way people sign in."""

from django.urls import path
from notes import views

api = [
    path("api/me", views.Me.as_view()),
    path("api/notes", views.Notes.as_view()),
    path("api/newsroom", views.Newsroom.as_view()),
    path("api/figures", views.Figures.as_view()),
    path("api/account", views.Account.as_view()),
]
