"""Correcting what is recorded of a matter that was over when it was taken in: its source says something else now."""

from datetime import datetime

from complaints import acts
from complaints.case import Case
from complaints.errors.case import AnswerRefused
from complaints.errors.sealing import KeyDestroyed
from complaints.intake import Complaint
from complaints.words import Stage


def correct(
    case: Case,
    complaint: Complaint,
    now: datetime,
    by: str,
    timely: bool | None = None,
    closed_at: datetime | None = None,
) -> None:
    """Record what the source of a case of history says of it now; what it said before stands in the ledger.

    Args:
        case: The case.
        complaint: The whole record as it is now.
        now: The firm's time.
        by: The source.
        timely: Whether it was answered in time.
        closed_at: When it was closed.

    Raises:
        AnswerRefused: it is no history, is archived, or was received in the future.
        KeyDestroyed: the person was erased: nothing of them is taken in again.
    """
    if not case.facts.history:
        raise AnswerRefused("history", "only what was over when it was taken in is corrected by its source")
    if case.stage is Stage.ARCHIVED:
        raise AnswerRefused("stage", "the case is archived; its file is not changed any more")
    if case.complaint is None:
        raise KeyDestroyed(case.reference)
    received_at = complaint.received_at or case.facts.received_at
    if received_at > now:
        raise AnswerRefused("received_at", "is in the future")
    act = acts.RecordCorrected(
        complaint=complaint,
        **acts.facts_of(complaint),
        received_at=received_at,
        timely=timely,
        closed_at=closed_at,
    )
    case.record(act, now, by)
