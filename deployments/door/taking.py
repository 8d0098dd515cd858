"""Taking things in at the door: from a record and its files to the case database."""

import logging
import re
from asyncio import wrap_future
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from complaints.adapters.delivering import Delivery, content_of
from complaints.adapters.filing import Filed
from complaints.adapters.store import OpenCase
from complaints.case import Case
from complaints.contributions import DeliveryReceipt, Materials, Withdrawal
from complaints.errors.base import ComplaintError
from complaints.errors.case import AnswerRefused, CaseConflict, StageError, UnknownCase
from complaints.errors.evidence import EvidenceNotTaken
from complaints.errors.intake import ContributionTooLate, DeliveryIdTaken, NumberTaken, TransferTaken
from complaints.errors.letters import LetterUnderWay, UnknownLetter
from complaints.errors.sealing import KeyDestroyed
from complaints.evidence import Refusal, safe_name
from complaints.intake import Complaint, Evidence
from complaints.progress import Progress, progress
from complaints.senders import Scope
from complaints.settings import settings
from deployments.door import aftermath
from deployments.door.callers import Caller
from deployments.door.contents import record_of
from deployments.door.parts import Part
from deployments.door.problems import (
    CASE_CLOSED,
    FILE_REFUSED,
    ID_TAKEN,
    NUMBER_TAKEN,
    UNAVAILABLE,
    UNKNOWN_CASE,
    Problem,
    Refused,
    invalid,
)
from deployments.metrics.door import complaint_taken
from tasks import contributions
from tasks.contributions import Upload
from tasks.desk import evidence_store, store, together

_RETRY_SECONDS: Final = 5
REFERENCE: Final = re.compile(r"TS\d{6}-[2-9A-HJ-NP-TV-Z]{7}")
_TRIES: Final = 3  # of what somebody else changed at the same moment

Result = TypeVar("Result")
log = logging.getLogger("redress.door")


async def file_record(caller: Caller, body: bytes) -> Filed:
    """Store a complaint that came alone as a new case, once."""
    with _refusals():
        filed = await wrap_future(together().file(lambda: record_of(body, Complaint), caller.name, caller.delivery))
    if filed.is_new:
        complaint_taken(caller.name)
        aftermath.filed(filed.reference)
    return filed


def file_complaint(caller: Caller, complaint: Complaint, parts: Sequence[Part]) -> Filed:
    """Store a complaint and what came with it as a new case, once. Runs in a thread."""
    with _refusals():
        uploads, evidence = _examined(parts, complaint.evidence, caller)
        if uploads:
            complaint = complaint.model_copy(update={"evidence": evidence})
        filed = store().file(
            complaint,
            caller.name,
            settings().regime,
            caller.delivery,
            settings().further_regimes,
            attach=lambda desk: _keep(desk, uploads, caller),
        )
    if filed.is_new:
        complaint_taken(caller.name)
        aftermath.filed(filed.reference)
    return filed


def add_materials(
    caller: Caller, reference: str, materials: Materials, parts: Sequence[Part]
) -> tuple[int, tuple[int, ...], bool]:
    """Take materials in; return their number, those of their files, and whether they came for the first time."""
    with _refusals():
        uploads, evidence = _examined(parts, materials.evidence, caller)
        kept = materials.model_copy(update={"evidence": evidence})
        delivery = _delivery(caller, "materials", kept)

        def take(desk: OpenCase) -> tuple[int, tuple[int, ...], bool]:
            before = len(desk.case.materials)
            act = contributions.receive_materials(
                desk, kept.words, uploads, caller.name, kept.channel, caller.name, delivery
            )
            _refuse_if_one_is_missing(act.evidence, uploads)
            return act.number, act.evidence, len(desk.case.materials) > before

        return _change(caller, reference, take)


def withdraw(caller: Caller, reference: str, withdrawal: Withdrawal) -> None:
    """End the procedure because the complainant withdrew."""
    delivery = _delivery(caller, "withdrawal", withdrawal)
    with _refusals():
        _change(
            caller,
            reference,
            lambda desk: contributions.withdraw(desk, caller.name, withdrawal.channel, withdrawal.words, delivery),
        )


def report_delivery(caller: Caller, reference: str, receipt: DeliveryReceipt) -> None:
    """Record what became of a letter."""
    delivery = _delivery(caller, "events", receipt)
    with _refusals():
        _change(caller, reference, lambda desk: contributions.report_delivery(desk, receipt, caller.name, delivery))


def show_progress(caller: Caller, reference: str, language: str | None) -> Progress:
    """Return what the complainant may know of a case."""
    with _refusals():
        _refuse_impossible(reference)
        case = store().read_case(reference)
        _refuse_stranger(caller, case)
        return progress(case, store().now(), language or case.facts.language)


def _keep(desk: OpenCase, uploads: Sequence[Upload], caller: Caller) -> None:
    _refuse_if_one_is_missing(contributions.attach(desk, uploads, caller.name), uploads)


def _refuse_if_one_is_missing(kept: Sequence[int], uploads: Sequence[Upload]) -> None:
    """Refuse all where one file could not be kept: the sender is told, and nothing is half stored."""
    if len(kept) != len(uploads):
        raise invalid("files", Refusal.TOO_MANY.en, FILE_REFUSED)


# --- cases ---------------------------------------------------------------------------------------


def _change(caller: Caller, reference: str, change: Callable[[OpenCase], Result]) -> Result:
    """Change a case in one transaction, and let its run look at it again."""
    _refuse_impossible(reference)
    for tries_left in reversed(range(_TRIES)):
        try:
            with store().open_case(reference) as desk:
                _refuse_stranger(caller, desk.case)
                result = change(desk)
                is_new = bool(desk.case.new)
        except CaseConflict:
            if not tries_left:
                raise
        else:
            break
    if is_new:
        aftermath.changed(reference)
    return result


def _refuse_impossible(reference: str) -> None:
    if REFERENCE.fullmatch(reference) is None:
        raise UnknownCase(reference)


def _refuse_stranger(caller: Caller, case: Case) -> None:
    """Refuse a case of another sender as if there were none, so that nobody learns which there are."""
    if case.facts.sender != caller.name and Scope.ALL not in caller.scopes:
        raise UnknownCase(case.reference)


def _delivery(caller: Caller, what: str, record: Any) -> Delivery:
    return Delivery(caller.name, caller.delivery, content_of(what, record.model_dump(mode="json")))


# --- files ---------------------------------------------------------------------------------------


def _examined(
    parts: Sequence[Part], said: Sequence[Evidence], caller: Caller
) -> tuple[list[Upload], tuple[Evidence, ...]]:
    """Look at files before a case is opened; what cannot be taken is refused at once.

    Returns:
        The files, and what the sender says of the evidence with the hashes of the files: other files are another
        delivery.
    """
    rest, found, uploads = list(said), list[Evidence](), list[Upload]()
    for number, part in enumerate(parts, 1):
        name = safe_name(part.name) or f"{number}"
        try:
            file = evidence_store().check(part.content, part.media_type)
        except EvidenceNotTaken as refused:
            raise invalid(f"files.{number}", refused.reason, FILE_REFUSED) from None
        known = next((one for one in rest if safe_name(one.name) == name), None)
        if known is None:
            known = Evidence(name=name)
        else:
            rest.remove(known)
        if known.sha256 not in (None, file.sha256) or known.size not in (None, file.size):
            raise invalid(f"evidence.{said.index(known)}", "the file that came is another one: size or hash differ")
        found.append(known.model_copy(update={"sha256": file.sha256, "size": file.size}))
        uploads.append(Upload(name, file, source=f"door:{caller.name}", note=known.source or ""))
    return uploads, (*rest, *found)


# --- refusals ------------------------------------------------------------------------------------


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what the core refuses into problem details; what it cannot do now is to be sent again."""
    try:
        yield
    except UnknownCase:
        raise Refused(UNKNOWN_CASE, "No case of this sender has this reference.") from None
    except (AnswerRefused, UnknownLetter) as wrong:
        field = wrong.field if isinstance(wrong, AnswerRefused) else "letter"
        raise invalid(field, str(wrong).removeprefix(f"{field}: ")) from None
    except LetterUnderWay as early:
        raise _later(str(early)) from None
    except (ComplaintError, SQLAlchemyError, OSError) as error:
        if isinstance(error, TransferTaken):  # perhaps another sender's case, of which this one learns nothing
            raise Refused(NUMBER_TAKEN, _TRANSFER_TAKEN) from None
        if problem := _CONFLICTS.get(type(error)):
            raise Refused(problem, str(error)) from None
        log.error("something could not be stored (%s); 'redress doctor' says why", type(error).__name__)
        raise _later("Nothing was kept. Send it again, under the same id, after the seconds of Retry-After.") from None


def _later(detail: str) -> Refused:
    return Refused(UNAVAILABLE, detail, headers={"Retry-After": str(_RETRY_SECONDS)})


_TRANSFER_TAKEN: Final = (
    "transfer.number: a case has this number of the authority already, and what was sent cannot be taken for the same; "
    "correct the number, or ask the firm, which finds the case by it"
)

_CONFLICTS: Final[dict[type[Exception], Problem]] = {
    NumberTaken: NUMBER_TAKEN,
    DeliveryIdTaken: ID_TAKEN,
    ContributionTooLate: CASE_CLOSED,
    StageError: CASE_CLOSED,
    KeyDestroyed: CASE_CLOSED,
}
