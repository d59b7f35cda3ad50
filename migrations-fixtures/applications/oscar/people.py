"""A shop: django-oscar with django-guardian and django-allauth on Django's own user model."""

import os

import django
from django.conf import settings

TABLES = [
    "auth_user",
    "auth_group",
    "auth_user_groups",
    "auth_permission",
    "auth_group_permissions",
    "auth_user_user_permissions",
    "django_content_type",
    "django_migrations",
    "account_emailaddress",
    "socialaccount_socialaccount",
    "guardian_userobjectpermission",
    "guardian_groupobjectpermission",
    "partner_partner",
    "partner_partner_users",
]
PASSWORD = "Otter-river-1!"


def setup() -> None:
    from oscar.defaults import OSCAR_DYNAMIC_CLASS_LOADER  # noqa: F401

    settings.configure(
        SECRET_KEY="fixture",
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": os.environ["FIXTURE_DATABASE"],
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        USE_TZ=True,
        SITE_ID=1,
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.sites",
            "django.contrib.messages",
            "django.contrib.flatpages",
            "guardian",
            "allauth",
            "allauth.account",
            "allauth.socialaccount",
            *OSCAR_APPS,
        ],
        AUTHENTICATION_BACKENDS=[
            "django.contrib.auth.backends.ModelBackend",
            "oscar.apps.customer.auth_backends.EmailBackend",
            "guardian.backends.ObjectPermissionBackend",
        ],
        MIDDLEWARE=["allauth.account.middleware.AccountMiddleware"],
        HAYSTACK_CONNECTIONS={"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
        ROOT_URLCONF="people",
        TEMPLATES=[],
        **oscar_defaults(),
    )
    django.setup()


OSCAR_APPS = [
    "oscar.config.Shop",
    "oscar.apps.analytics.apps.AnalyticsConfig",
    "oscar.apps.checkout.apps.CheckoutConfig",
    "oscar.apps.address.apps.AddressConfig",
    "oscar.apps.shipping.apps.ShippingConfig",
    "oscar.apps.catalogue.apps.CatalogueConfig",
    "oscar.apps.catalogue.reviews.apps.CatalogueReviewsConfig",
    "oscar.apps.communication.apps.CommunicationConfig",
    "oscar.apps.partner.apps.PartnerConfig",
    "oscar.apps.basket.apps.BasketConfig",
    "oscar.apps.payment.apps.PaymentConfig",
    "oscar.apps.offer.apps.OfferConfig",
    "oscar.apps.order.apps.OrderConfig",
    "oscar.apps.customer.apps.CustomerConfig",
    "oscar.apps.search.apps.SearchConfig",
    "oscar.apps.voucher.apps.VoucherConfig",
    "oscar.apps.wishlists.apps.WishlistsConfig",
    "oscar.apps.dashboard.apps.DashboardConfig",
    "oscar.apps.dashboard.reports.apps.ReportsDashboardConfig",
    "oscar.apps.dashboard.users.apps.UsersDashboardConfig",
    "oscar.apps.dashboard.orders.apps.OrdersDashboardConfig",
    "oscar.apps.dashboard.catalogue.apps.CatalogueDashboardConfig",
    "oscar.apps.dashboard.offers.apps.OffersDashboardConfig",
    "oscar.apps.dashboard.partners.apps.PartnersDashboardConfig",
    "oscar.apps.dashboard.pages.apps.PagesDashboardConfig",
    "oscar.apps.dashboard.ranges.apps.RangesDashboardConfig",
    "oscar.apps.dashboard.reviews.apps.ReviewsDashboardConfig",
    "oscar.apps.dashboard.vouchers.apps.VouchersDashboardConfig",
    "oscar.apps.dashboard.communications.apps.CommunicationsDashboardConfig",
    "oscar.apps.dashboard.shipping.apps.ShippingDashboardConfig",
    "widget_tweaks",
    "haystack",
    "treebeard",
    "sorl.thumbnail",
    "django_tables2",
]
urlpatterns: list = []


def oscar_defaults() -> dict:
    from oscar import defaults

    return {key: value for key, value in vars(defaults).items() if key.startswith("OSCAR_")}


def make() -> list:
    from allauth.account.models import EmailAddress
    from django.contrib.auth.models import Group, User
    from oscar.apps.customer.utils import normalise_email  # noqa: F401
    from oscar.core.compat import get_user_model

    assert get_user_model() is User
    editors = Group.objects.create(name="Shop Editors")
    ada = User.objects.create_user("ada", "ada@example.com", PASSWORD)
    ada.groups.add(editors)
    EmailAddress.objects.create(user=ada, email=ada.email, verified=True, primary=True)
    bob = User.objects.create_user("bob", "bob@example.com", PASSWORD)
    EmailAddress.objects.create(user=bob, email=bob.email, verified=False, primary=True)
    gone = User.objects.create_user("gone", "gone@example.com", PASSWORD, is_active=False)
    social = User.objects.create_user("social", "social@example.com")
    EmailAddress.objects.create(user=social, email=social.email, verified=True, primary=True)
    assert not gone.is_active
    return [
        {"login": "ada", "password": PASSWORD, "groups": ["Shop Editors"]},
        {"login": "bob", "password": PASSWORD, "groups": []},
        {"login": "bob", "password": PASSWORD + "x", "groups": []},
        {"login": "gone", "password": PASSWORD, "groups": []},
        {"login": "social", "password": PASSWORD, "groups": []},
        {"login": "AnonymousUser", "password": PASSWORD, "groups": [], "excluded": True},
    ]


def signs_in(login: str, password: str):
    from django.contrib.auth import authenticate

    user = authenticate(None, username=login, password=password)
    return user and user.pk
