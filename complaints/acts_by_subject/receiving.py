"""A complaint reaches the firm, and what is said of its record in clear."""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel

from complaints.acts_by_subject.base import Act
from complaints.intake import Complaint, Money
from complaints.words import Category, Cause, Channel, Kind, PartyType


class RecordFacts(BaseModel):
    """What is said of a record in clear, for lists, rules and statistics."""

    channel: Channel
    language: str
    stated_kind: Kind | None = None
    party_type: PartyType
    represented: bool = False
    product: str | None = None
    sub_product: str | None = None
    issue: str | None = None
    category: Category | None = None
    cause: Cause | None = None
    region: str | None = None
    amount: Money | None = None
    urgent: bool = False


def facts_of(complaint: Complaint) -> dict[str, Any]:
    """Return the fields of :class:`RecordFacts` for a record."""
    return {
        "channel": complaint.channel,
        "language": complaint.language,
        "stated_kind": complaint.kind,
        "party_type": complaint.complainant.type,
        "represented": complaint.representative is not None,
        "product": complaint.product,
        "sub_product": complaint.sub_product,
        "issue": complaint.issue,
        "category": complaint.category,
        "cause": complaint.cause,
        "region": complaint.region,
        "amount": complaint.amount,
        "urgent": complaint.urgent,
    }


class Received(Act, RecordFacts):
    """A complaint reached the firm."""

    personal = frozenset({"complaint"})
    complaint: Complaint | None = None  # None once the person has been erased
    regime: str
    regime_version: str
    sender: str
    number: str | None = None
    evidence_count: int = 0
    received_at: datetime
    history: bool = False  # imported after the fact: no clock runs, no letter is sent
    further: tuple[tuple[str, str], ...] = ()  # regimes beside the leading one, with their versions
    circumstances: tuple[str, ...] = ()
    authority: str | None = None  # that forwarded it
    authority_number: str | None = None
    report_by: date | None = None  # the day that the authority named


class RecordCorrected(Act, RecordFacts):
    """The source of a case of history says something else of it now; the whole record, as it is from here on."""

    personal = frozenset({"complaint"})
    complaint: Complaint | None = None
    received_at: datetime
    timely: bool | None = None
    closed_at: datetime | None = None
