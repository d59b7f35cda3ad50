"""The shadow check: real sign-ins judged by Cutover beside Django, before the switch.

An application of its own (`"cutover_django.shadow"` in INSTALLED_APPS), since nothing else of
cutover_django is needed before the switch. Off unless CUTOVER_SHADOW is set.
"""

from cutover_django.shadow.tally import Counts, counts

__all__ = ["Counts", "counts"]
