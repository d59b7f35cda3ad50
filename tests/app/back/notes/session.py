"""Before: signing in and out with Django. Nothing takes its place; the front end asks Cognito."""

from django.contrib.auth import authenticate, login, logout
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect, ensure_csrf_cookie
from rest_framework.response import Response
from rest_framework.views import APIView


@method_decorator([csrf_protect, ensure_csrf_cookie], name="dispatch")
class Session(APIView):
    permission_classes = []

    def get(self, request):
        return Response({"signed_in": request.user.is_authenticated})

    def post(self, request):
        user = authenticate(
            request,
            username=str(request.data.get("username", "")),
            password=str(request.data.get("password", "")),
        )
        if user is None:
            return Response({"detail": "Name or password is wrong."}, status=400)
        login(request, user)
        return Response({"signed_in": True})

    def delete(self, request):
        logout(request)
        return Response({"signed_in": False})
