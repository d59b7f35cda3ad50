import os
import sys
import tempfile
import types
from io import StringIO
from unittest import mock

from cutover_django.checks import check_configuration, check_issuer, check_legacy_id
from cutover_django.models import CognitoLink
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password, make_password
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import TestCase, override_settings
from django.test.utils import CaptureQueriesContext

from tests.pool import Pool


def run(*arguments, **options):
    out = StringIO()
    call_command(*arguments, stdout=out, **{"stderr": StringIO(), **options})
    return out.getvalue()


class CommandTest(TestCase):
    def setUp(self):
        users = get_user_model().objects
        self.ann, self.bob = users.create_user("ann", password="a"), users.create_user("bob")

    def import_map(self, *lines, **options):
        with tempfile.NamedTemporaryFile("w", suffix=".csv", delete=False) as file:
            file.write("legacy_id,username,sub\n" + "".join(line + "\n" for line in lines))
        self.addCleanup(os.unlink, file.name)
        return run("import_id_map", file.name, **options)

    def test_the_id_map_links_once_and_never_again(self):
        line = f"{self.ann.pk},ann,s1"
        self.assertIn("1 linked, 0", self.import_map(line))
        self.assertIn("0 linked, 1", self.import_map(line))
        for other in [
            f"{self.ann.pk},ann,s2",
            f"{self.bob.pk},bob,s1",
            "999,x,s3",
            f"{self.bob.pk},b,",
        ]:
            with self.subTest(other), self.assertRaises(CommandError):
                self.import_map(other)
        held = CognitoLink.objects.get()
        self.assertEqual((held.sub, held.user_id, held.origin), ("s1", self.ann.pk, "id-map"))

    def test_one_bad_line_does_not_keep_the_others_out(self):
        with self.assertRaises(CommandError):
            self.import_map("999,x,s9", f"{self.bob.pk},bob,s2")
        self.assertEqual(CognitoLink.objects.get().user_id, self.bob.pk)

    def test_a_long_map_takes_few_questions_and_says_which_lines_conflict(self):
        model = get_user_model()
        people = model.objects.bulk_create(model(username=f"u{n}") for n in range(900))
        lines = [f"{user.pk},{user.username},sub-{user.pk}" for user in people]
        with CaptureQueriesContext(connection) as asked:
            self.assertIn("900 linked, 0", self.import_map(*lines))
        self.assertLess(len(asked), 30)
        self.assertEqual(CognitoLink.objects.count(), 900)
        errors = StringIO()
        with self.assertRaises(CommandError):
            self.import_map(lines[0], f"{people[1].pk},u1,sub-{people[0].pk}", stderr=errors)
        self.assertIn("line 3: user", errors.getvalue())

    def test_somebody_who_signs_in_during_the_import_is_linked_once(self):
        def after_a_sign_in():
            CognitoLink.objects.get_or_create(sub="s1", user=self.ann, origin="proven-claim")
            return transaction.atomic()

        there = "cutover_django.management.commands.import_id_map.transaction"
        with mock.patch(there, types.SimpleNamespace(atomic=after_a_sign_in)):
            said = self.import_map(f"{self.ann.pk},ann,s1", f"{self.bob.pk},bob,s2")
        self.assertIn("1 linked, 1 were linked already, 0", said)

    def test_a_decision_links_one_account_and_changes_no_link(self):
        self.assertIn("linked", run("link_account", "s1", str(self.ann.pk)))
        self.assertIn("already", run("link_account", "s1", str(self.ann.pk)))
        for arguments in [
            ("s1", str(self.bob.pk)),
            ("s2", str(self.ann.pk)),
            ("s3", "999"),
            ("s3", "x"),
        ]:
            with self.subTest(arguments), self.assertRaises(CommandError):
                run("link_account", *arguments)
        held = CognitoLink.objects.get()
        self.assertEqual((held.sub, held.user_id, held.origin), ("s1", self.ann.pk, "decision"))

    def test_passwords_are_retired_for_people_who_moved_and_on_request_alone(self):
        get_user_model().objects.create_user("carl", password="c")
        boss = get_user_model().objects.create_user("boss", password="b", is_staff=True)
        for number, user in enumerate([self.ann, boss]):
            CognitoLink.objects.create(sub=str(number), user=user, origin="id-map")
        self.assertIn("1 passwords would", run("retire_passwords"))
        self.ann.refresh_from_db()
        self.assertTrue(self.ann.has_usable_password())
        run("retire_passwords", execute=True)
        usable = {
            user.username: user.has_usable_password() for user in get_user_model().objects.all()
        }
        self.assertEqual(usable, {"ann": False, "bob": False, "carl": True, "boss": True})

    def test_links_are_counted(self):
        CognitoLink.objects.create(sub="s", user=self.ann, origin="id-map")
        get_user_model().objects.filter(pk=self.ann.pk).update(is_active=False)
        shown = run("check_links")
        self.assertIn("1 linked by id-map", shown)
        self.assertIn("1 active users have no", shown)
        self.assertIn("1 linked users are inactive", shown)

    @override_settings(PASSWORD_HASHERS=["cutover_django.hashers.BridgePBKDF2PasswordHasher"])
    def test_new_passwords_are_hashed_so_that_cognito_imports_them(self):
        encoded = make_password("p")
        self.assertTrue(encoded.startswith("pbkdf2_sha256$600000$"), encoded[:24])
        self.assertTrue(check_password("p", encoded))

    def test_the_bridge_rewrites_hashes_of_people_who_sign_in_with_djangos_own_below_it(self):
        stock = "django.contrib.auth.hashers.PBKDF2PasswordHasher"
        with override_settings(PASSWORD_HASHERS=[stock]):
            self.ann.set_password("a")
            self.ann.save()
        with override_settings(
            PASSWORD_HASHERS=["cutover_django.hashers.BridgePBKDF2PasswordHasher", stock]
        ):
            self.assertTrue(self.ann.check_password("a"))
        self.ann.refresh_from_db()
        self.assertTrue(self.ann.password.startswith("pbkdf2_sha256$600000$"))

    def test_the_migrations_are_those_of_the_models(self):
        run("makemigrations", "cutover_django", check=True, dry_run=True)


class CheckTest(TestCase):
    def ids(self, check, **cognito):
        with override_settings(COGNITO=cognito):
            return [message.id for message in check()]

    def test_settings_are_checked(self):
        good = {
            "ISSUER": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a",
            "CLIENT_IDS": ["a"],
        }
        self.assertEqual(self.ids(check_configuration, **good), [])
        for change, expected in [
            ({"ISSUER": "http://example.org/x"}, "cutover_django.E002"),
            ({"CLIENT_IDS": []}, "cutover_django.E003"),
            ({"ISSUER": good["ISSUER"] + "/"}, "cutover_django.E002"),
            ({"CLIENT_IDS": "abc"}, "cutover_django.E001"),
            ({"LEEWAY": 3600}, "cutover_django.W001"),
            ({"GROUPS": "both"}, "cutover_django.E004"),
            ({"CLIENT_ID": "a"}, "cutover_django.E001"),
        ]:
            with self.subTest(change):
                self.assertEqual(self.ids(check_configuration, **{**good, **change}), [expected])

    def test_the_issuer_is_asked(self):
        pool = Pool()
        self.addCleanup(pool.close)
        self.assertEqual(self.ids(check_issuer, **pool.settings()), [])
        from cutover_django import key_set

        key_set._key_sets.clear()
        pool.away = True
        self.assertEqual(self.ids(check_issuer, **pool.settings()), ["cutover_django.E005"])

    def test_a_client_that_may_write_the_proof_is_an_error(self):
        settings = {
            "ISSUER": "http://localhost/eu-west-1_a",
            "CLIENT_IDS": ["a"],
            "LEGACY_ID_ATTRIBUTE": "custom:legacy_id",
        }
        for attributes, expected in [
            ({}, ["cutover_django.E006"]),
            ({"WriteAttributes": ["email", "custom:legacy_id"]}, ["cutover_django.E006"]),
            ({"WriteAttributes": ["email"]}, []),
            (
                {"WriteAttributes": ["email"], "ReadAttributes": ["email"]},
                ["cutover_django.E007"],
            ),
            (
                {"WriteAttributes": ["email"], "ReadAttributes": ["custom:legacy_id", "email"]},
                [],
            ),
        ]:
            idp = mock.Mock()
            page = {"UserPoolClients": [{"ClientId": "a"}]}
            idp.get_paginator.return_value.paginate.return_value = [page]
            idp.describe_user_pool_client.return_value = {
                "UserPoolClient": {"ClientId": "a", **attributes}
            }
            boto3 = types.SimpleNamespace(client=lambda *a, **k: idp)
            with self.subTest(attributes), mock.patch.dict(sys.modules, boto3=boto3):
                self.assertEqual(self.ids(check_legacy_id, **settings), expected)
        with mock.patch.dict(sys.modules, boto3=None):
            self.assertEqual(self.ids(check_legacy_id, **settings), ["cutover_django.W002"])
