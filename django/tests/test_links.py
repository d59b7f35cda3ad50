import threading

from cutover_django.configuration import configuration
from cutover_django.deactivation import deactivate
from cutover_django.errors import NotLinked
from cutover_django.links import LinkConflict, link, user_of
from cutover_django.models import CognitoLink
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.models import ProtectedError
from django.test import TestCase, TransactionTestCase, override_settings

from tests.pool import Pool

LEGACY = "custom:legacy_id"


def by_address(attributes):
    """What a project must not do, and what it may."""
    model = get_user_model()
    known = model.objects.filter(email=attributes["email"]).first()
    return known or model(username=attributes["email"], email=attributes["email"])


class PoolCase:
    def setUp(self):
        self.pool = Pool()
        self.addCleanup(self.pool.close)
        self.ann = get_user_model().objects.create_user("ann", "ann@example.org")

    def user_of(self, sub, **settings):
        with override_settings(COGNITO=self.pool.settings(**settings)):
            return user_of({"sub": sub}, self.pool.token(sub), configuration())


class LinkTest(PoolCase, TestCase):
    def test_a_proven_claim_finds_the_same_row_and_stays(self):
        self.pool.accounts["s1"] = {LEGACY: str(self.ann.pk)}
        self.assertEqual(self.user_of("s1", LEGACY_ID_ATTRIBUTE=LEGACY), self.ann)
        del self.pool.accounts["s1"]
        self.assertEqual(self.user_of("s1"), self.ann)
        self.assertEqual(CognitoLink.objects.get().origin, "proven-claim")

    def test_the_attribute_is_nothing_until_it_is_named_as_proof(self):
        self.pool.accounts["s1"] = {LEGACY: str(self.ann.pk)}
        with self.assertRaises(NotLinked):
            self.user_of("s1")

    def test_the_same_name_or_address_links_nobody(self):
        self.pool.accounts["s1"] = {
            "email": "ann@example.org",
            "email_verified": "true",
            "preferred_username": "ann",
        }
        with self.assertRaises(NotLinked):
            self.user_of("s1", LEGACY_ID_ATTRIBUTE=LEGACY)
        native = self.user_of("s1", LEGACY_ID_ATTRIBUTE=LEGACY, CREATE_USERS=True)
        self.assertNotEqual(native, self.ann)
        self.assertFalse(native.has_usable_password())

    def test_a_project_makes_its_own_rows_and_never_takes_one_that_is_there(self):
        self.pool.accounts["s1"] = {"email": "ann@example.org"}
        named = {"LEGACY_ID_ATTRIBUTE": LEGACY, "CREATE_USERS": "tests.test_links.by_address"}
        with self.assertRaises(ImproperlyConfigured):
            self.user_of("s1", **named)
        self.assertEqual(CognitoLink.objects.count(), 0)
        self.pool.accounts["s1"] = {"email": "new@example.org"}
        made = self.user_of("s1", **named)
        self.assertEqual(made.email, "new@example.org")
        self.assertFalse(made.has_usable_password())
        self.assertEqual(self.user_of("s1", **named), made)

    def test_a_second_account_of_a_linked_person_is_refused_and_changes_nothing(self):
        link("s1", self.ann, "id-map")
        self.pool.accounts["s2"] = {LEGACY: str(self.ann.pk)}
        with self.assertRaises(NotLinked):
            self.user_of("s2", LEGACY_ID_ATTRIBUTE=LEGACY, CREATE_USERS=True)
        bob = get_user_model().objects.create_user("bob")
        for sub, user in [("s2", self.ann), ("s1", bob)]:
            with self.assertRaises(LinkConflict):
                link(sub, user, "decision")
        held = CognitoLink.objects.get()
        self.assertEqual((held.sub, held.user), ("s1", self.ann))

    def test_a_legacy_id_that_is_no_key_links_nobody(self):
        for value in ["x", "999999", "1 OR 1=1", "-1"]:
            self.pool.accounts["s1"] = {LEGACY: value}
            with self.subTest(value), self.assertRaises(NotLinked):
                self.user_of("s1", LEGACY_ID_ATTRIBUTE=LEGACY, CREATE_USERS=True)
        self.assertEqual(CognitoLink.objects.count(), 0)

    def test_a_linked_person_is_deactivated_and_cannot_be_deleted(self):
        link("s1", self.ann, "id-map")
        with self.assertRaises(ProtectedError):
            self.ann.delete()
        deactivate(self.ann)
        self.ann.refresh_from_db()
        self.assertFalse(self.ann.is_active)


class FirstRequestsTest(PoolCase, TransactionTestCase):
    def test_first_requests_at_the_same_time_make_one_person(self):
        self.pool.accounts["new"] = {}
        self.pool.accounts["old"] = {LEGACY: str(self.ann.pk)}
        for sub in ["new", "old"]:
            found, errors = [], []
            gate = threading.Barrier(6)

            def first_request():
                try:
                    gate.wait()
                    found.append(user_of({"sub": sub}, self.pool.token(sub), configuration()).pk)
                except Exception as error:
                    errors.append(error)
                finally:
                    connection.close()

            settings = self.pool.settings(LEGACY_ID_ATTRIBUTE=LEGACY, CREATE_USERS=True)
            with override_settings(COGNITO=settings):
                threads = [threading.Thread(target=first_request) for _ in range(6)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            self.assertEqual(errors, [])
            self.assertEqual(len(set(found)), 1)
            self.assertEqual(CognitoLink.objects.filter(sub=sub).count(), 1)
        self.assertEqual(get_user_model().objects.count(), 2)
