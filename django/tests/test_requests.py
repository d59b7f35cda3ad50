from cutover_django.links import link
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.test import Client, TestCase, override_settings

import django
from tests.pool import Pool


class RequestTest(TestCase):
    def setUp(self):
        self.pool = Pool()
        self.addCleanup(self.pool.close)
        self.ann = get_user_model().objects.create_user("ann")
        link("sub-1", self.ann, "id-map")
        self.configure()

    def configure(self, **more):
        changed = override_settings(COGNITO=self.pool.settings(**more))
        changed.enable()
        self.addCleanup(changed.disable)

    def get(self, path, token=None):
        headers = {} if token is None else {"HTTP_AUTHORIZATION": f"Bearer {token}"}
        return self.client.get(path, **headers)

    def test_the_person_is_the_same_django_row(self):
        for path in ["/me", "/plain"]:
            self.assertEqual(self.get(path, self.pool.token()).json(), {"id": self.ann.pk})

    def test_a_token_goes_before_a_session_in_every_kind_of_view(self):
        bob = get_user_model().objects.create_user("bob")
        self.client.force_login(bob)
        for path in ["/me", "/plain", "/asynchronous"]:
            with self.subTest(path):
                self.assertEqual(self.get(path, self.pool.token()).json(), {"id": self.ann.pk})
        self.assertEqual(self.get("/plain").json(), {"id": bob.pk})
        if django.VERSION >= (5, 0):  # Before, requests have no `auser` of their own.
            self.assertEqual(self.get("/asynchronous").json(), {"id": bob.pk})

    def test_a_token_needs_no_csrf_token_and_a_session_does(self):
        browser = Client(enforce_csrf_checks=True)
        bearer = f"Bearer {self.pool.token()}"
        self.assertEqual(browser.post("/plain", HTTP_AUTHORIZATION=bearer).status_code, 200)
        browser.force_login(self.ann)
        self.assertEqual(browser.post("/plain").status_code, 403)

    def test_errors_are_as_rfc_6750_says(self):
        answer = self.get("/me")
        self.assertEqual(answer.status_code, 401)
        self.assertEqual(answer["WWW-Authenticate"], 'Bearer realm="api"')
        for path in ["/me", "/plain"]:
            answer = self.get(path, self.pool.token(token_use="id"))
            self.assertEqual(answer.status_code, 401)
            self.assertIn('error="invalid_token"', answer["WWW-Authenticate"])
            self.assertEqual(self.get(path, self.pool.token("stranger")).status_code, 403)
        self.assertEqual(self.get("/plain").json(), {"id": None})

    def test_an_outage_signs_nobody_out(self):
        self.pool.away = True
        for path in ["/me", "/plain"]:
            self.assertEqual(self.get(path, self.pool.token()).status_code, 503)

    def test_who_is_inactive_here_is_refused(self):
        get_user_model().objects.update(is_active=False)
        for path in ["/me", "/plain"]:
            self.assertEqual(self.get(path, self.pool.token()).status_code, 401)

    def test_a_sensitive_view_asks_whether_the_token_still_stands(self):
        self.pool.accounts["sub-1"] = {}
        self.assertEqual(self.get("/sensitive", self.pool.token()).status_code, 200)
        del self.pool.accounts["sub-1"]
        self.assertEqual(self.get("/me", self.pool.token()).status_code, 200)
        answer = self.get("/sensitive", self.pool.token())
        self.assertEqual(answer.status_code, 401)
        self.assertIn('error="invalid_token"', answer["WWW-Authenticate"])
        self.pool.away = True
        self.assertEqual(self.get("/sensitive", self.pool.token()).status_code, 503)

    def test_django_stays_the_authority_for_groups_until_told_otherwise(self):
        editors = Group.objects.create(name="Content Editors")
        editors.permissions.add(Permission.objects.get(codename="add_group"))
        self.ann.groups.add(editors)
        self.get("/me", self.pool.token(**{"cognito:groups": ["others"]}))
        self.assertEqual(list(self.ann.groups.all()), [editors])

        self.configure(GROUPS="cognito")
        self.get("/me", self.pool.token())
        self.assertEqual(list(self.ann.groups.all()), [editors], "no claim takes nothing away")
        names = ["Content%20Editors", "100%25", "eu-west-1_test_Google"]
        self.get("/me", self.pool.token(**{"cognito:groups": names}))
        held = set(self.ann.groups.values_list("name", flat=True))
        self.assertEqual(held, {"Content Editors", "100%"})
        ann = get_user_model().objects.get(pk=self.ann.pk)
        self.assertTrue(ann.has_perm("auth.add_group"))
        self.get("/me", self.pool.token(**{"cognito:groups": ["100%25"]}))
        ann = get_user_model().objects.get(pk=self.ann.pk)
        self.assertFalse(ann.has_perm("auth.add_group"))
