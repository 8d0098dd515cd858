"""Emptying the mailbox: each message is taken in, then moved, and none stands in the way of others.

A message is moved only after the transaction that stores it. Where a worker dies in between, the next one knows the
mail by its identity and only moves it.
"""

import logging
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from complaints.adapters.mailbox.limits import LARGEST_HEADER, LARGEST_MAIL
from complaints.adapters.mailbox.transport import Folder, Mailbox, Waiting, open_mailbox
from complaints.errors.base import RetryableError
from complaints.errors.incoming_mail import MailboxUnavailable
from complaints.settings import settings
from tasks.incoming_mail import Outcome, Taken, take_in

MOST: Final = 500
"""Messages that one run looks at."""
LONGEST_RUN: Final = 45.0
"""Seconds after which no further message is begun; the next run starts every minute."""
_PASSING: Final = (RetryableError, OperationalError, InterfaceError, PoolTimeout, OSError)
"""What may go better later."""

log = logging.getLogger("redress.mail")

_postponed: set[Waiting] = set()  # of this process; it only decides who comes first


@dataclass
class Report:
    """What one run did: counts and references, nothing of what the mails say.

    Attributes:
        touched: The cases that were added to; their runs have to look again.
        postponed: Kinds of errors for which messages stay in the mailbox.
    """

    counts: Counter[str] = field(default_factory=Counter)
    opened: list[str] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)
    postponed: list[str] = field(default_factory=list)

    def add(self, taken: Taken) -> None:
        """Count a message."""
        self.counts[taken.outcome] += 1
        if taken.folder in (Folder.UNREADABLE, Folder.HELD):
            self.counts["to_be_looked_at"] += 1
        (self.opened if taken.outcome is Outcome.OPENED else self.touched).extend(taken.references)


@task(name="take in waiting mail", cache_policy=NO_CACHE)
def take_in_waiting() -> Report:
    """Take in what lies in the mailbox. Safe to run twice, and side by side.

    Raises:
        SettingError: the mailbox's address is wrong.
        MailboxRefused: the server does not let us in.
        MailboxUnavailable: it does not answer.
    """
    report = Report()
    until = time.monotonic() + LONGEST_RUN
    with open_mailbox(settings().mailbox_url.get_secret_value(), settings().mail_timeout_seconds) as mailbox:
        for message in _in_turn(mailbox.waiting(MOST)):
            if time.monotonic() > until:
                break
            try:
                report.add(take_in_message(mailbox, message))
            except MailboxUnavailable:  # the connection is gone, and what was done stands
                report.postponed.append(MailboxUnavailable.__name__)
                break
            except _PASSING as error:
                report.postponed.append(type(error).__name__)
                _postponed.add(message)
    return report


def _in_turn(waiting: Sequence[Waiting]) -> list[Waiting]:
    """Put last what could not be stored the last time, so that no mail ever stands in the way of others."""
    _postponed.intersection_update(waiting)
    return sorted(waiting, key=_postponed.__contains__)


def take_in_message(mailbox: Mailbox, message: Waiting) -> Taken:
    """Take in one message, then move it. Safe to run twice.

    Raises:
        RetryableError, OperationalError, OSError: it cannot be stored now; it stays where it is.
    """
    most = LARGEST_MAIL if message.size <= LARGEST_MAIL else LARGEST_HEADER
    fetched = mailbox.fetch(message, most)
    if fetched is None:
        return Taken(Outcome.GONE, Folder.DONE)
    try:
        taken = take_in(fetched, is_whole=message.size <= LARGEST_MAIL, is_flagged=message.is_flagged)
    except _PASSING:
        raise
    except Exception as error:  # a bug must not stop the door; the mail is kept for a person to see
        place = traceback.extract_tb(error.__traceback__)[-1]
        log.error("a mail was not understood: %s at %s:%s", type(error).__name__, place.name, place.lineno)
        taken = Taken(Outcome.UNREADABLE, Folder.UNREADABLE)
    mailbox.move(message, taken.folder)
    return taken
