import base64
import threading
import time

from cutover_django.access_token import verified_claims
from cutover_django.configuration import configuration
from cutover_django.errors import CognitoUnavailable, TokenRefused
from cutover_django.key_set import COOL_DOWN, FIRST_COOL_DOWN, LONGEST_AGE, KeySet
from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase, override_settings

from tests.pool import Pool, private_key


def alg_none(body):
    """The claims of a good token, its algorithm "none", no signature."""
    head = base64.urlsafe_b64encode(b'{"alg":"none","kid":"first"}').rstrip(b"=").decode()
    return f"{head}.{body}."


class AccessTokenTest(SimpleTestCase):
    def setUp(self):
        self.pool = Pool()
        self.addCleanup(self.pool.close)
        changed = override_settings(COGNITO=self.pool.settings())
        changed.enable()
        self.addCleanup(changed.disable)

    def verify(self, token):
        return verified_claims(token, configuration())

    def test_an_access_token_of_ours_passes(self):
        self.assertEqual(self.verify(self.pool.token())["sub"], "sub-1")

    def test_tokens_that_are_not_ours_are_refused(self):
        now = int(time.time())
        good = self.pool.token()
        head, body, signature = good.split(".")
        bad = {
            "an ID token": self.pool.token(token_use="id"),
            "another app client": self.pool.token(client_id="theirs"),
            "another issuer": self.pool.token(iss=self.pool.issuer + "x"),
            "expired": self.pool.token(iat=now - 900, exp=now - 600),
            "of the future": self.pool.token(iat=now + 600, exp=now + 900),
            "another key under our kid": self.pool.token(key=private_key("second")),
            "an unknown kid": self.pool.token(kid="unknown"),
            "RS512": self.pool.token(algorithm="RS512"),
            "HMAC with any secret": self.pool.token(key="s" * 64, algorithm="HS256"),
            "alg none": alg_none(body),
            "a changed body": f"{head}.{body[:-2]}AA.{signature}",
            "no expiry": self.pool.token(without=["exp"]),
            "no client": self.pool.token(without=["client_id"]),
            "no use": self.pool.token(without=["token_use"]),
            "nobody": self.pool.token(sub=""),
            "no sub": self.pool.token(without=["sub"]),
            "several clients": self.pool.token(client_id=["ours"]),
            "no token": "x",
            "very long": "x" * 100_000,
        }
        for name, token in bad.items():
            with self.subTest(name), self.assertRaises(TokenRefused):
                self.verify(token)

    def test_whoever_sends_an_id_token_is_told_so(self):
        token = self.pool.token(token_use="id", aud="ours", without=["client_id"])
        with self.assertRaisesMessage(TokenRefused, "not an ID token"):
            self.verify(token)

    def test_the_clocks_may_differ_by_the_leeway(self):
        now = int(time.time())
        self.verify(self.pool.token(iat=now + 20))
        self.verify(self.pool.token(iat=now - 900, exp=now - 20))

    def test_unknown_keys_do_not_make_a_request_each(self):
        self.verify(self.pool.token())
        for number in range(20):
            with self.assertRaises(TokenRefused):
                self.verify(self.pool.token(kid=f"made-up-{number}"))
        self.assertEqual(self.pool.fetches, 1)

    def keys(self):
        self.now = 1000.0
        return KeySet(self.pool.issuer + "/.well-known/jwks.json", 60, clock=lambda: self.now)

    def test_a_new_key_is_found_after_the_cool_down(self):
        keys = self.keys()
        self.assertIsNotNone(keys.key("first"))
        self.pool.keys["second"] = private_key("second")
        self.assertIsNone(keys.key("second"))
        self.now += COOL_DOWN
        self.assertIsNotNone(keys.key("second"))

    def test_known_keys_outlive_an_outage_and_unknown_ones_are_no_refusal_meanwhile(self):
        keys = self.keys()
        self.assertIsNotNone(keys.key("first"))
        self.pool.away = True
        self.pool.keys["second"] = private_key("second")
        self.now += COOL_DOWN
        for _ in range(3):
            with self.assertRaises(CognitoUnavailable):
                keys.key("second")
        self.assertIsNotNone(keys.key("first"))
        self.assertEqual(self.pool.fetches, 2)
        self.pool.away = False
        self.now += COOL_DOWN
        self.assertIsNotNone(keys.key("second"))

    def test_a_key_that_the_pool_retired_is_forgotten_within_a_day(self):
        keys = self.keys()
        self.assertIsNotNone(keys.key("first"))
        self.pool.keys = {"second": private_key("second")}
        self.assertIsNotNone(keys.key("first"))
        self.now += LONGEST_AGE
        self.pool.away = True
        self.assertIsNotNone(keys.key("first"), "an outage retires nothing")
        self.pool.away = False
        self.now += COOL_DOWN
        self.assertIsNone(keys.key("first"))
        self.assertIsNotNone(keys.key("second"))

    def test_without_any_keys_it_is_an_outage_and_the_first_second_after_it_lets_people_in(self):
        keys = self.keys()
        self.pool.away = True
        with self.assertRaises(CognitoUnavailable):
            keys.key("first")
        with self.assertRaises(CognitoUnavailable):
            self.verify(self.pool.token())
        self.pool.away = False
        self.now += FIRST_COOL_DOWN
        self.assertIsNotNone(keys.key("first"))

    def test_one_request_asks_for_many_that_wait(self):
        keys = self.keys()
        gate = threading.Barrier(8)
        found = []

        def ask():
            gate.wait()
            found.append(keys.key("first"))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertNotIn(None, found)
        self.assertEqual((len(found), self.pool.fetches), (8, 1))

    def test_client_ids_are_a_list_so_that_no_part_of_one_passes(self):
        changed = override_settings(COGNITO=self.pool.settings(CLIENT_IDS="ours and theirs"))
        with changed, self.assertRaises(ImproperlyConfigured):
            self.verify(self.pool.token())
