import contextlib
import json
import os
import socket
import tempfile
import threading
from unittest import mock

from cutover_django.shadow import counts, messenger, observer, tally
from cutover_django.shadow.checks import check_shadow
from cutover_django.shadow.configuration import configuration
from django.contrib import auth
from django.contrib.auth import forms, get_user_model
from django.core.exceptions import PermissionDenied
from django.test import RequestFactory, TestCase, override_settings

PASSWORD = "Otter-river-1!"


class Shadow:
    """What `cutover shadow serve` is on the wire; `heard` are the messages."""

    def __init__(self, answers=True):
        self.folder = tempfile.TemporaryDirectory()
        self.address = os.path.join(self.folder.name, "shadow.sock")
        self.heard = []
        self.answers = answers
        self.hold = threading.Event()
        self.hold.set()
        self.connections = []
        self.listen()

    def listen(self):
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.address)
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(self.address)
        self.server.listen()
        threading.Thread(target=self.accept, args=[self.server], daemon=True).start()

    def accept(self, server):
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self.converse, args=[connection], daemon=True).start()

    def converse(self, connection):
        with contextlib.suppress(OSError), connection.makefile("rwb") as lines:
            for line in lines:
                self.heard.append(json.loads(line))
                self.hold.wait()
                lines.write(b'{"verdict":"agrees","ms":1.0}\n' if self.answers else b"no\n")
                lines.flush()

    def die(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def settings(self, **more):
        # Patient: a busy machine is no dead shadow.
        return {"address": self.address, "sample": 1, "timeout_ms": 20_000, **more}


class Denies:
    def authenticate(self, request, username=None, password=None):
        if username == "barred":
            raise PermissionDenied


class Breaks:
    def authenticate(self, request, username=None, password=None):
        raise ValueError("a backend's own defect")


class ShadowTest(TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # As an application in INSTALLED_APPS does it; the other tests run without.
        originals = {
            (module, name): getattr(module, name)
            for module in (auth, forms)
            for name in ("authenticate", "aauthenticate")
            if hasattr(module, name)
        }
        observer.install()
        for (module, name), original in originals.items():
            cls.addClassCleanup(setattr, module, name, original)

    def setUp(self):
        tally.forget()
        self.shadow = Shadow()
        self.addCleanup(self.shadow.die)
        self.ann = get_user_model().objects.create_user("ann", password=PASSWORD)

    def configured(self, **more):
        return override_settings(CUTOVER_SHADOW=self.shadow.settings(**more))

    def settle(self):
        messenger.messenger(configuration()).wait()

    def sign_in(self, username="ann", password=PASSWORD):
        return auth.authenticate(RequestFactory().post("/"), username=username, password=password)

    def test_django_decides_and_the_shadow_hears_what_it_was(self):
        with self.configured():
            user = self.sign_in()
            self.assertEqual(user, self.ann)
            self.assertEqual(user.backend, "django.contrib.auth.backends.ModelBackend")
            self.assertIsNone(self.sign_in(password="wrong"))
            self.settle()
        first, second = self.shadow.heard
        self.assertEqual(
            first,
            {
                "login": "ann",
                "password": PASSWORD,
                "django": "in",
                "backend": "django.contrib.auth.backends.ModelBackend",
                "dropped": 0,
            },
        )
        self.assertEqual((second["django"], second["backend"]), ("refused", None))
        self.assertEqual((counts().queued, counts().judged, counts().dropped), (2, 2, 0))

    def test_forms_that_imported_the_function_before_are_observed_too(self):
        with self.configured():
            form = forms.AuthenticationForm(None, {"username": "ann", "password": PASSWORD})
            self.assertTrue(form.is_valid())
            self.settle()
        self.assertEqual([heard["django"] for heard in self.shadow.heard], ["in"])

    def test_inactive_people_and_backends_that_deny_are_refusals(self):
        get_user_model().objects.update(is_active=False)
        backends = [f"{__name__}.Denies", "django.contrib.auth.backends.ModelBackend"]
        with self.configured(), override_settings(AUTHENTICATION_BACKENDS=backends):
            self.assertIsNone(self.sign_in())
            self.assertIsNone(self.sign_in("barred"))
            self.settle()
        self.assertEqual([heard["django"] for heard in self.shadow.heard], ["refused"] * 2)

    def test_a_backend_that_breaks_breaks_as_before_and_is_no_sign_in(self):
        with self.configured(), override_settings(AUTHENTICATION_BACKENDS=[f"{__name__}.Breaks"]):
            with self.assertRaisesMessage(ValueError, "own defect"):
                self.sign_in()
            self.settle()
        self.assertEqual(self.shadow.heard, [])

    def test_off_without_the_setting_and_sampled_out_at_nought(self):
        self.assertEqual(self.sign_in(), self.ann)
        with self.configured(sample=0):
            self.assertEqual(self.sign_in(), self.ann)
        self.assertEqual(counts().queued, 0)
        with self.configured(sample=0.5), mock.patch("random.random", side_effect=[0.4, 0.6]):
            self.sign_in()
            self.sign_in()
            self.settle()
        self.assertEqual(len(self.shadow.heard), 1)

    def test_credentials_without_login_or_password_are_not_handed_over(self):
        with self.configured():
            auth.authenticate(None, token="abc")
            auth.authenticate(None, username="ann", password=None)
            self.settle()
        self.assertEqual(self.shadow.heard, [])

    def test_a_dead_shadow_is_nobodys_failed_sign_in_and_one_that_is_back_hears_again(self):
        with self.configured(), mock.patch.object(messenger, "PAUSE_SECONDS", 0.0):
            self.sign_in()
            self.settle()
            self.shadow.die()
            for _ in range(3):
                self.assertEqual(self.sign_in(), self.ann)
                self.assertIsNone(self.sign_in(password="wrong"))
            self.settle()
            self.assertEqual(counts().dropped, 6)
            self.shadow.listen()
            self.assertEqual(self.sign_in(), self.ann)
            self.settle()
            self.assertEqual(self.shadow.heard[-1]["dropped"], 6)
            self.sign_in()
            self.settle()
            self.assertEqual(self.shadow.heard[-1]["dropped"], 0, "told once")

    def test_a_full_queue_drops_and_nobody_waits(self):
        self.shadow.hold.clear()
        with self.configured(queue=2):
            for _ in range(10):
                self.assertEqual(self.sign_in(), self.ann)
            self.assertGreaterEqual(counts().dropped, 7)
            self.shadow.hold.set()
            self.settle()
        self.assertEqual(counts().judged + counts().dropped, 10)

    def test_an_answer_that_is_none_is_nobodys_failed_sign_in(self):
        self.shadow.answers = False
        with self.configured():
            self.assertEqual(self.sign_in(), self.ann)
            self.settle()
        self.assertEqual((counts().judged, counts().dropped), (0, 1))

    def test_no_password_is_shown_or_logged(self):
        shown = repr(messenger.SignIn("ann", PASSWORD, True, None))
        self.assertNotIn(PASSWORD, shown)
        self.assertNotIn("ann", shown)
        self.shadow.answers = False
        with self.configured(), self.assertNoLogsAtAll():
            self.sign_in()
            self.settle()

    @contextlib.contextmanager
    def assertNoLogsAtAll(self):
        with mock.patch("logging.Logger.handle") as handled:
            yield
        self.assertEqual(handled.call_args_list, [])

    def test_a_wrong_setting_is_an_error_of_check_and_never_of_a_sign_in(self):
        wrong = [
            "shadow.sock",
            {},
            {"address": "10.0.0.5:8765"},
            {"address": "localhost:8765"},
            {"address": "127.0.0.1"},
            {"address": self.shadow.address, "sample": 2},
            {"address": self.shadow.address, "sample": True},
            {"address": self.shadow.address, "timeout": 50},
        ]
        for setting in wrong:
            with self.subTest(setting), override_settings(CUTOVER_SHADOW=setting):
                found = check_shadow()
                if setting:
                    self.assertEqual([error.id for error in found], ["cutover_shadow.E001"])
                self.assertEqual(self.sign_in(), self.ann)
        with override_settings(CUTOVER_SHADOW={"address": "127.0.0.1:8765"}):
            self.assertEqual([found.id for found in check_shadow()], ["cutover_shadow.W001"])
        with self.configured():
            self.assertEqual(check_shadow(), [])

    def test_a_child_process_counts_for_itself_and_has_a_thread_of_its_own(self):
        with self.configured():
            self.sign_in()
            self.settle()
            before = messenger.messenger(configuration())
            messenger._in_child()
            self.assertEqual(counts().queued, 0)
            self.assertIsNot(messenger.messenger(configuration()), before)


class AsyncShadowTest(TestCase):
    async def test_asynchronous_sign_ins_are_observed_too(self):
        if not hasattr(auth, "aauthenticate"):
            self.skipTest("this Django has no aauthenticate")
        original = (auth.authenticate, auth.aauthenticate)
        imported = forms.authenticate
        observer.install()
        shadow = Shadow()
        try:
            await get_user_model().objects.acreate_user("ann", password=PASSWORD)
            with override_settings(CUTOVER_SHADOW=shadow.settings()):
                user = await auth.aauthenticate(username="ann", password=PASSWORD)
                self.assertEqual(user.get_username(), "ann")
                messenger.messenger(configuration()).wait()
            self.assertEqual([heard["django"] for heard in shadow.heard], ["in"])
        finally:
            auth.authenticate, auth.aauthenticate = original
            forms.authenticate = imported
            shadow.die()
