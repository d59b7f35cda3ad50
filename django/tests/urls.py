"""Views of the tests: who is it, once by DRF and once by plain Django."""

from cutover_django.authentication import CognitoAccessTokenAuthentication, NotRevoked
from django.http import JsonResponse
from django.urls import path
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView


class Me(APIView):
    authentication_classes = [CognitoAccessTokenAuthentication]
    permission_classes = [IsAuthenticated]

    def get(self, request):
        return Response({"id": request.user.pk})


class Sensitive(Me):
    permission_classes = [IsAuthenticated, NotRevoked]


def plain(request):
    return JsonResponse({"id": request.user.pk})


async def asynchronous(request):
    user = await request.auser()
    return JsonResponse({"id": user.pk})


urlpatterns = [
    path("me", Me.as_view()),
    path("sensitive", Sensitive.as_view()),
    path("plain", plain),
    path("asynchronous", asynchronous),
]
