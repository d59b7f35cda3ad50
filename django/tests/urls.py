"""Views of the tests: who is it, once by DRF and once by plain Django."""

from django.http import JsonResponse
from django.urls import path
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from cutover_django.authentication import CognitoAccessTokenAuthentication, NotRevoked


class Me(APIView):
    authentication_classes = [CognitoAccessTokenAuthentication]
    permission_classes = [IsAuthenticated]

    def get(self, request):
        return Response({"id": request.user.pk})


class Sensitive(Me):
    permission_classes = [IsAuthenticated, NotRevoked]


def plain(request):
    user = getattr(request, "user", None)
    return JsonResponse({"id": user.pk if user else None})


urlpatterns = [
    path("me", Me.as_view()),
    path("sensitive", Sensitive.as_view()),
    path("plain", plain),
]
