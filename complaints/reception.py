"""Opening a case for a complaint that was just handed in."""

from collections.abc import Sequence
from datetime import datetime

from complaints import acts
from complaints.case import Case
from complaints.errors.case import AnswerRefused
from complaints.intake import Complaint
from complaints.regimes.model import Pack
from complaints.regimes.rulebook import Rulebook, packaged_rulebook


def receive(
    reference: str,
    pack: Pack,
    complaint: Complaint,
    sender: str,
    now: datetime,
    *,
    history: bool = False,
    rules: Rulebook | None = None,
    further: Sequence[Pack] = (),
) -> Case:
    """Open a case for a complaint that has just been handed in.

    Args:
        reference: A fresh reference.
        pack: The leading regime.
        complaint: The validated record.
        sender: Which system or staff member handed it in.
        now: The firm's time.
        history: It was handled long ago: no clock runs.
        rules: Packs and calendars.
        further: Regimes that apply beside the leading one, whenever their condition holds.

    Raises:
        AnswerRefused: ``received_at`` lies in the future; a circumstance or event is known to no regime.
    """
    received_at = complaint.received_at or now
    if received_at > now:
        raise AnswerRefused("received_at", "is in the future; leave it out for now")
    _refuse_unknown([pack, *further], complaint)
    case, transfer = Case(reference, pack, rules or packaged_rulebook()), complaint.transfer
    act = acts.Received(
        complaint=complaint,
        regime=pack.name,
        regime_version=pack.version,
        further=tuple((one.name, one.version) for one in further),
        circumstances=complaint.circumstances,
        sender=sender,
        number=complaint.number,
        **acts.facts_of(complaint),
        evidence_count=len(complaint.evidence),
        received_at=received_at,
        history=history,
        authority=transfer.authority if transfer else None,
        authority_number=transfer.number if transfer else None,
        report_by=transfer.report_by if transfer else None,
    )
    case.record(act, now, sender)
    for event, occurred_at in sorted(complaint.events.items(), key=lambda item: item[1]):
        case.record(acts.Occurred(event=event, occurred_at=occurred_at), now, sender)
    return case


def _refuse_unknown(packs: Sequence[Pack], complaint: Complaint) -> None:
    circumstances = {one.name for pack in packs for one in pack.circumstances}
    events = {one.name for pack in packs for one in pack.events}
    for field_name, given, known in (
        ("circumstances", complaint.circumstances, circumstances),
        ("events", complaint.events, events),
    ):
        if unknown := set(given) - known:
            reason = f"no regime of this case knows '{min(unknown)}'; known are: {', '.join(sorted(known)) or 'none'}"
            raise AnswerRefused(field_name, reason)
