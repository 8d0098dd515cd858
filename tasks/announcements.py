"""Telling other systems of cases."""

import logging

from complaints.adapters.telling import Round, deliver
from complaints.settings import settings
from tasks.desk import store

log = logging.getLogger("redress.webhooks")


def tell_receivers() -> Round:
    """Send every receiver what is due for it; what is not taken is tried again later. Safe to run twice.

    No task of Prefect's: a retry of one would lose what the attempt before it gave up.
    """
    done = deliver(store(), settings().receivers)
    for one in done.dead:
        log.warning("dead letter %d: case %s was not told to receiver '%s'", one.id, one.reference, one.receiver)
    return done
