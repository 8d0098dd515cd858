"""Taking in what comes for a case that is there, in one transaction with its files and its delivery id.

No Prefect tasks: doors call these between two requests, where no flow runs. A caller opens the case, and lets its run
look at it again once that is saved::

    with store().open_case(reference) as desk:
        receive_materials(desk, words, files, sender="mail", channel=Channel.EMAIL, by="complainant", delivery=...)
    wake_case(reference)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from complaints import acts, contributions
from complaints.adapters.delivering import Delivery, keep_delivery, was_taken
from complaints.adapters.evidence import Examined, add_evidence
from complaints.adapters.store import OpenCase
from complaints.contributions import DeliveryReceipt
from complaints.errors.case import AnswerRefused
from complaints.words import Channel
from tasks.desk import evidence_store


@dataclass(frozen=True)
class Upload:
    """A file that comes with something.

    Attributes:
        name: What the sender calls it.
        content: All of it, a file to be read from where it stands, or what was found when it was examined.
        source: The door or system that it came through.
        note: How it was lawfully obtained.
        media_type: What the sender says it is.
    """

    name: str | None
    content: bytes | BinaryIO | Examined
    source: str
    note: str = ""
    media_type: str | None = None


def attach(desk: OpenCase, files: Iterable[Upload], by: str) -> list[int]:
    """Keep files as evidence of a case; return the numbers of those that could be taken.

    Raises:
        AnswerRefused, StageError, KeyDestroyed, RetryableError: as :func:`add_evidence` does.
    """
    acts_of = [
        add_evidence(
            desk,
            evidence_store(),
            one.content,
            name=one.name,
            source=one.source,
            by=by,
            note=one.note,
            media_type_stated=one.media_type,
        )
        for one in files
    ]
    return [act.number for act in acts_of if isinstance(act, acts.EvidenceAdded)]


def receive_materials(
    desk: OpenCase,
    words: str | None,
    files: Sequence[Upload],
    sender: str,
    channel: Channel,
    by: str,
    delivery: Delivery | None = None,
) -> acts.MaterialsReceived:
    """Take materials in, once: the same delivery again returns what was recorded the first time.

    Args:
        desk: The case, opened.
        words: What was said.
        files: What came with it.
        sender: The system or door that they came through.
        channel: Where they came in.
        by: Who handed them in; it stands in the ledger, so no name of a complainant.
        delivery: By which the same one again is known.

    Raises:
        ContributionTooLate: the case is closed.
        AnswerRefused: there are neither words nor files.
        DeliveryIdTaken: the delivery's id stands for something else.
    """
    case = desk.case
    if delivery and was_taken(desk.session, delivery, case.reference):
        return next(one for one in case.materials if one.delivery == delivery.mark)
    contributions.refuse_if_closed(case)  # before any file is kept
    if not files and not (words or "").strip():
        raise AnswerRefused("words", "there are neither words nor files; send one of them")
    taken = contributions.receive_materials(
        case,
        channel=channel,
        words=words,
        evidence=attach(desk, files, by),
        sender=sender,
        by=by,
        now=desk.now,
        delivery=delivery.mark if delivery else None,
    )
    if delivery:
        keep_delivery(desk.session, delivery, case.reference)
    return taken


def withdraw(
    desk: OpenCase,
    by: str,
    channel: Channel | None = None,
    words: str | None = None,
    delivery: Delivery | None = None,
) -> bool:
    """End the procedure because the complainant withdrew; return whether it ended now.

    Raises:
        StageError: the case is closed for another reason.
        DeliveryIdTaken: the delivery's id stands for something else.
    """
    if delivery and was_taken(desk.session, delivery, desk.case.reference):
        return False
    ended = contributions.withdraw(desk.case, by, desk.now, channel=channel, words=words)
    if delivery:
        keep_delivery(desk.session, delivery, desk.case.reference)
    return ended


def report_delivery(desk: OpenCase, receipt: DeliveryReceipt, sender: str, delivery: Delivery | None = None) -> bool:
    """Record what became of a letter after it had left; return whether that was new.

    Raises:
        UnknownLetter: the case has no such letter.
        LetterUnderWay: it is just being sent; report it again.
        AnswerRefused: it lies in the future.
        DeliveryIdTaken: the delivery's id stands for something else.
    """
    if delivery and was_taken(desk.session, delivery, desk.case.reference):
        return False
    is_new = contributions.report_delivery(desk.case, receipt, sender, desk.now)
    if delivery:
        keep_delivery(desk.session, delivery, desk.case.reference)
    return is_new
