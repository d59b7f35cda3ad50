"""What became of sign-ins in this process, in numbers."""

from __future__ import annotations

import dataclasses
import threading


@dataclasses.dataclass(frozen=True)
class Counts:
    #: Chosen by `sample` and put into the queue.
    queued: int = 0
    #: Judged by the shadow.
    judged: int = 0
    #: Chosen, and not judged: the queue was full, or the shadow was away or too slow.
    dropped: int = 0


_lock = threading.Lock()
_counts = Counts()
#: Drops of which the shadow has not been told yet.
_untold = 0


def counts() -> Counts:
    """The counts of this process."""
    return _counts


def note(*, queued: int = 0, judged: int = 0, dropped: int = 0) -> None:
    global _counts, _untold
    with _lock:
        _counts = Counts(
            queued=_counts.queued + queued,
            judged=_counts.judged + judged,
            dropped=_counts.dropped + dropped,
        )
        _untold += dropped


def untold() -> int:
    return _untold


def told(dropped: int) -> None:
    global _untold
    with _lock:
        _untold -= dropped


def forget() -> None:
    """A child process counts for itself."""
    global _counts, _untold, _lock
    _lock = threading.Lock()
    _counts, _untold = Counts(), 0
