"""The API. Nothing here knows how people sign in: `request.user` is a Django user, as ever."""

from django.conf import settings
from django.utils.module_loading import import_string
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from notes.models import Note


class InNewsroom(BasePermission):
    def has_permission(self, request, view):
        return request.user.groups.filter(name="News Room").exists()


class SeesFigures(BasePermission):
    def has_permission(self, request, view):
        return request.user.has_perm("notes.see_figures")


class Me(APIView):
    def get(self, request):
        user = request.user
        return Response(
            {
                "id": user.pk,
                "username": user.get_username(),
                "name": user.get_full_name(),
                "groups": sorted(user.groups.values_list("name", flat=True)),
                "permissions": sorted(user.get_all_permissions()),
            }
        )


class Notes(APIView):
    def get(self, request):
        return Response(list(Note.objects.filter(user=request.user).values("id", "text")))

    def post(self, request):
        text = str(request.data.get("text", "")).strip()[:200]
        if not text:
            return Response({"detail": "Write something first."}, status=400)
        note = Note.objects.create(user=request.user, text=text)
        return Response({"id": note.pk, "text": note.text}, status=201)


class Newsroom(APIView):
    permission_classes = [IsAuthenticated, InNewsroom]

    def get(self, request):
        return Response({"headline": "The paper goes to print at six."})


class Figures(APIView):
    permission_classes = [IsAuthenticated, SeesFigures]

    def get(self, request):
        return Response({"notes": Note.objects.count()})


class Account(APIView):
    """Something that somebody signed out everywhere must not do any more."""

    permission_classes = [import_string(name) for name in settings.SENSITIVE_PERMISSIONS]

    def get(self, request):
        return Response({"member_since": request.user.date_joined.date()})
