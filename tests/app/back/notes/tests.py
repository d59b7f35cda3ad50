"""The app as it was: everything by Django's sessions. The browser tests live it as it is after."""

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client, TestCase, override_settings


# Hashing as in production would take most of the time.
@override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
class SessionsTest(TestCase):
    @classmethod
    def setUpTestData(cls):
        call_command("make_people")

    def setUp(self):
        self.browser = Client(enforce_csrf_checks=True)
        self.browser.get("/api/session")

    def send(self, method, path, body=None):
        return getattr(self.browser, method)(
            path,
            body,
            content_type="application/json",
            headers={"X-CSRFToken": self.browser.cookies["csrftoken"].value},
        )

    def sign_in(self, username, password):
        return self.send("post", "/api/session", {"username": username, "password": password})

    def test_people_sign_in_see_their_rows_and_sign_out(self):
        self.assertEqual(self.browser.get("/api/notes").status_code, 403)
        self.assertEqual(self.sign_in("ines", "wrong").status_code, 400)
        self.assertEqual(self.sign_in("ines", "Amber-Lantern-63").status_code, 200)
        notes = self.browser.get("/api/notes").json()
        self.assertEqual([note["text"] for note in notes], ["Ines's note from before the move"])
        self.assertEqual(self.send("post", "/api/notes", {"text": "new"}).status_code, 201)
        me = self.browser.get("/api/me").json()
        self.assertEqual(me["id"], get_user_model().objects.get(username="ines").pk)
        self.assertEqual(self.browser.get("/api/account").status_code, 200)
        self.assertEqual(self.send("delete", "/api/session").status_code, 200)
        self.assertEqual(self.browser.get("/api/notes").status_code, 403)

    def test_pages_open_by_group_and_by_permission(self):
        for name, password, newsroom, figures in [
            ("vera", "Copper-Kettle-41", 200, 403),
            ("otto", "Willow-Harbour-52", 403, 200),
        ]:
            self.sign_in(name, password)
            self.assertEqual(self.browser.get("/api/newsroom").status_code, newsroom)
            self.assertEqual(self.browser.get("/api/figures").status_code, figures)

    def test_another_site_signs_nobody_in(self):
        body = {"username": "ines", "password": "Amber-Lantern-63"}
        answer = self.browser.post("/api/session", body, content_type="application/json")
        self.assertEqual(answer.status_code, 403)
