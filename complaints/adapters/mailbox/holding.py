"""How many cases a mail address has opened within a day, so that a flood of mails does not become a flood of cases.

Addresses stand nowhere in clear: cases are found by the sign of their contact. Whoever reports in confidence has none,
and is not counted once the report is known to be one.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from complaints.adapters.repeating import signs_key
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow, SignRow
from complaints.intake import Complaint
from complaints.signs import signs_of
from complaints.words import Channel, Likeness

DAY: Final = timedelta(days=1)


def opened_within_a_day(store: Store, complaint: Complaint, received_at: datetime) -> int:
    """Return how many cases the mail address of a complaint opened in the 24 hours before it came.

    The times are those at which our mail server took the mails: a backlog counts as it came, not as it is read.

    Args:
        store: The case database.
        complaint: As it came by mail.
        received_at: When.
    """
    signs = signs_of(complaint, signs_key(store.master))
    own = [sign for kind, sign in signs if kind is Likeness.EMAIL]
    query = (
        select(func.count(CaseRow.reference.distinct()))
        .join(SignRow, SignRow.reference == CaseRow.reference)
        .where(SignRow.kind == Likeness.EMAIL, SignRow.sign.in_(own), CaseRow.channel == Channel.EMAIL)
        .where(CaseRow.received_at > received_at - DAY, CaseRow.received_at <= received_at)
    )
    with store.read() as session:
        return session.scalar(query) or 0
