"""The groups of a population and what they permit.

Permissions are Django's own codenames of `contenttypes` and `auth`, which every shape has.
"""

from dataclasses import dataclass

ORDINARY = ("editors", "Staff Members", "newsletter", "beta-testers", "billing/export")
"""Groups that ordinary users are in."""


@dataclass(frozen=True)
class GroupPlan:
    name: str
    permissions: tuple[str, ...] = ()
    needs_case: bool = False
    """Differs from another group by case alone."""


PLANS = (
    GroupPlan("editors", ("view_group", "change_group")),
    GroupPlan("Staff Members", ("view_permission",)),
    GroupPlan("newsletter"),
    GroupPlan("beta-testers"),
    GroupPlan("billing/export", ("add_group", "delete_group")),
    GroupPlan("Équipe d’été"),
    GroupPlan("管理者"),
    GroupPlan(" padded group "),
    GroupPlan("g" * 150),
    GroupPlan("nobody is in here", ("view_contenttype",)),
    GroupPlan("Editors", needs_case=True),
)
