"""After: where people sign in, for the front end. Anybody may know."""

from django.conf import settings
from rest_framework.response import Response
from rest_framework.views import APIView


class Pool(APIView):
    authentication_classes = []
    permission_classes = []

    def get(self, request):
        return Response(settings.POOL_FOR_BROWSERS)
