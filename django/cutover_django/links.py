"""From a `sub` to a Django row, and how a link comes to be.

Responsible for every way a link is made. It must not know HTTP. Nothing here looks at an e-mail
address or a name: either can be somebody else's. Two first requests at the same time make one link:
the database's unique columns decide, and the loser reads what the winner wrote.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import IntegrityError, transaction
from django.utils.module_loading import import_string

from cutover_django import pool_account
from cutover_django.configuration import Configuration
from cutover_django.errors import NotLinked
from cutover_django.models import CognitoLink


class LinkConflict(Exception):
    """The `sub` is another row's, or the row another `sub`'s. Somebody has to look."""


def user_of(claims: dict[str, Any], token: str, config: Configuration) -> Any:
    """The row of a verified token's person."""
    sub = claims["sub"]
    link = CognitoLink.objects.select_related("user").filter(sub=sub).first()
    if link is not None:
        return link.user
    if not config.legacy_id_attribute and not config.create_users:
        raise NotLinked("This account is not linked to a person here yet.")
    account = pool_account.attributes(token, config)
    if account.get("sub") != sub:
        raise NotLinked("This account is not linked to a person here.")
    if config.legacy_id_attribute:
        legacy_id = account.get(config.legacy_id_attribute)
        if legacy_id:
            return _link_proven(sub, legacy_id)
    if config.create_users:
        return _create_native(sub, account, config)
    raise NotLinked("This account is not linked to a person here yet.")


def link(sub: str, user: Any, origin: Any) -> bool:
    """Links, if neither is linked yet; says whether that was new. `origin` is a
    `CognitoLink.Origin`.

    Raises `LinkConflict` where either is linked otherwise: a link is never changed.
    """
    try:
        with transaction.atomic():
            CognitoLink.objects.create(sub=sub, user=user, origin=origin)
        return True
    except IntegrityError:
        there = CognitoLink.objects.filter(sub=sub).first()
        if there is None or there.user_id != user.pk:
            raise LinkConflict("A link of this account or person is there already.") from None
        return False


def _link_proven(sub: str, legacy_id: str) -> Any:
    users = get_user_model()._default_manager
    try:
        user = users.filter(pk=legacy_id).first()
    except (ValueError, TypeError, ValidationError):
        user = None
    if user is None:
        raise NotLinked("The person this account was made from is not here.")
    try:
        link(sub, user, CognitoLink.Origin.PROVEN_CLAIM)
    except LinkConflict:
        raise NotLinked("The person this account was made from has another account.") from None
    return user


def _create_native(sub: str, account: dict[str, str], config: Configuration) -> Any:
    user = _new_row(sub, account, config)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            CognitoLink.objects.create(sub=sub, user=user, origin=CognitoLink.Origin.NATIVE)
            return user
    except IntegrityError:
        there = CognitoLink.objects.select_related("user").filter(sub=sub).first()
        if there is None:
            raise NotLinked("No person could be made for this account.") from None
        return there.user


def _new_row(sub: str, account: dict[str, str], config: Configuration) -> Any:
    """A row that is not saved yet. By default it is named by the `sub`: a name or address would
    have to be proven first."""
    model = get_user_model()
    if isinstance(config.create_users, str):
        user = import_string(config.create_users)(account)
        # A row that is there already is somebody: found by an address, it could be anybody's.
        if not isinstance(user, model) or not user._state.adding:
            raise ImproperlyConfigured(
                f"{config.create_users} must return a new {model.__name__} that is not saved yet."
            )
    else:
        user = model(**{model.USERNAME_FIELD: sub})
    user.set_unusable_password()
    return user
