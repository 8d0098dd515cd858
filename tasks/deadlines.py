"""Watching deadlines: the sweep over all clocks, and the messages to people that follow from it."""

import logging
from collections.abc import Callable, Iterable, Mapping

from prefect import task
from prefect.cache_policies import NO_CACHE

from complaints.adapters.alerting import claim_digests, mark_told, prune, release
from complaints.adapters.notify import notify
from complaints.adapters.sweeping import Struck
from complaints.adapters.sweeping import sweep as sweep_clocks
from complaints.alerts import message
from complaints.regimes.model import Role
from complaints.settings import settings
from tasks.desk import is_retryable, store

log = logging.getLogger("redress.alerts")

Links = Callable[[Iterable[str]], Mapping[str, str]]
"""Returns where the runs of cases are shown, by reference."""


@task(name="sweep", retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=is_retryable, cache_policy=NO_CACHE)
def sweep() -> list[Struck]:
    """Record every warning, breach and reached date that is due. Safe to run twice and side by side."""
    return sweep_clocks(store())


def tell_people(links: Links = lambda _: {}, board: str = "") -> int:
    """Send one message to each role that there is something to tell; return how many were sent.

    What no service takes is tried again by the next sweep, together with what has come up by then. What was told long
    ago is forgotten.

    Args:
        links: Where runs are shown.
        board: Where all urgent limits are shown.
    """
    claim = claim_digests(store())
    reached = {digest.role: digest for digest in claim.digests if settings().alerts.get(digest.role)}
    mark_told(store(), claim, [role for role in Role if role not in reached])
    told = 0
    try:
        shown = links({limit.reference for digest in reached.values() for _, limit in digest.lines})
        for role, digest in reached.items():
            words = message(digest, settings().alert_language, claim.since, shown, board)
            if notify(settings().alerts[role], words):
                mark_told(store(), claim, [role])
                told += 1
            else:
                log.warning("%s could not be told of %d limits", role, sum(digest.counts.values()))
    finally:
        release(store(), claim)
    prune(store())
    return told
