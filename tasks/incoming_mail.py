"""What comes of one mail: a new case, materials for one that is open, or the news that a letter came back.

All that comes of it is stored in one transaction. No Prefect task: the mailbox's own calls this for each message.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import ValidationError
from sqlalchemy.orm import Session

from complaints import acts, contributions
from complaints.adapters.delivering import Delivery, keep_delivery, was_taken
from complaints.adapters.evidence import Examined, add_evidence
from complaints.adapters.mailbox.bounces import Return, returned
from complaints.adapters.mailbox.holding import opened_within_a_day
from complaints.adapters.mailbox.message import IncomingMail, read_header_of, read_mail
from complaints.adapters.mailbox.routing import (
    answered_cases,
    complaint_of,
    letter_returned,
    may_write,
    named_cases,
    thread_mark,
    words_of,
)
from complaints.adapters.mailbox.sorting import Sort, sort_of
from complaints.adapters.mailbox.transport import Fetched, Folder
from complaints.adapters.store import OpenCase
from complaints.adapters.tables import DeliveryRow
from complaints.contributions import DeliveryReceipt
from complaints.errors.case import UnknownCase
from complaints.errors.intake import ContributionTooLate, DeliveryIdTaken
from complaints.errors.sealing import KeyDestroyed, SealBroken
from complaints.media_types import MESSAGE
from complaints.settings import settings
from complaints.words import Channel, Stage
from tasks.contributions import report_delivery
from tasks.desk import evidence_store, store

SENDER: Final = "mail"
"""The sender of what comes by mail; its delivery ids are the identities of mails."""
THREADS: Final = "mail:thread"
"""Under which the Message-IDs of mails that were taken in lead to their cases."""

_MOST_RETURNED: Final = 5
"""Letters of which one returned mail may speak."""


class Outcome(StrEnum):
    """What became of a message."""

    OPENED = "opened"
    ADDED = "added"
    KNOWN = "known"
    AUTO = "auto"
    LIST = "list"
    BOUNCE = "bounce"
    UNREADABLE = "unreadable"
    HELD = "held"
    GONE = "gone"


@dataclass(frozen=True)
class Taken:
    """What became of a message, and which cases have to look again."""

    outcome: Outcome
    folder: Folder
    references: tuple[str, ...] = ()


def take_in(fetched: Fetched, *, is_whole: bool = True, is_flagged: bool = False) -> Taken:
    """Store what comes of a mail.

    Args:
        fetched: The mail, or its beginning where it is too large.
        is_whole: Whether it is all of it.
        is_flagged: Whether a person wants it to open a case, however many its sender has opened.
    """
    mail = read_mail(fetched.content) if is_whole else read_header_of(fetched.content)
    sort = sort_of(mail, settings().firm.email.partition("@")[2])
    now = store().now()
    received_at = min(fetched.received_at or mail.received_at(now) or now, now)
    match sort:
        case Sort.BOUNCE:
            return _take_return(mail, received_at)
        case Sort.AUTO | Sort.LIST:
            return Taken(Outcome(sort), sort.folder)
    if mail.sender is None:
        return Taken(Outcome.UNREADABLE, Folder.UNREADABLE)
    return _Taking(mail, received_at, is_whole, is_flagged).take()


class _Taking:
    """A mail that somebody wrote, on its way to its case."""

    def __init__(self, mail: IncomingMail, received_at: datetime, is_whole: bool, is_flagged: bool) -> None:
        self.mail, self.received_at, self.is_whole, self.is_flagged = mail, received_at, is_whole, is_flagged
        self.delivery = Delivery(SENDER, mail.identity, mail.identity)
        self.folder = Folder.DONE if mail.parsed is not None else Folder.UNREADABLE
        self.names: Sequence[str] = ()

    def take(self) -> Taken:
        with store().read() as session:
            if session.get(DeliveryRow, (SENDER, self.mail.identity)):
                return Taken(Outcome.KNOWN, self.folder)
            threaded = _threads(session, self.mail)
        own, self.names = self._cases(threaded)
        self.files = self._examined()
        try:
            for reference in own:
                if taken := self._add_to(reference):
                    return taken
            if self._is_one_too_many():
                return Taken(Outcome.HELD, Folder.HELD)
            return self._open(follows=next(iter(own), None))
        except DeliveryIdTaken:  # another worker took it in at this moment
            return Taken(Outcome.KNOWN, self.folder)
        except ValidationError:
            return Taken(Outcome.UNREADABLE, Folder.UNREADABLE)

    def _is_one_too_many(self) -> bool:
        """Whether its sender has opened so many cases within a day that a person is to look first."""
        complaint = complaint_of(self.mail, self.received_at)
        return not self.is_flagged and (
            opened_within_a_day(store(), complaint, self.received_at) >= settings().mail_cases_a_day
        )

    def _cases(self, threaded: Iterable[str]) -> tuple[list[str], list[str]]:
        """Return the cases that the mail may write into, the likeliest first, and others that it names."""
        own, others = [], []
        named = named_cases(self.mail)
        for reference in dict.fromkeys((*named, *answered_cases(self.mail), *threaded)):
            try:
                case = store().read_case(reference)
            except (UnknownCase, SealBroken):
                continue
            if reference in threaded or may_write(case, self.mail):
                own.append(case.merged.into if case.merged else reference)
            elif reference in named:
                others.append(reference)
        return list(dict.fromkeys(own)), others

    def _examined(self) -> list[tuple[bool, str, Examined]]:
        """Look at every file before a case is opened, the mail itself first: the scanner may take its time."""
        examine = evidence_store().examine
        raw = [(True, "mail.eml", examine(self.mail.content, MESSAGE))] if self.is_whole else []
        return raw + [(False, one.name, examine(one.content, one.media_type)) for one in self.mail.attachments]

    def _add_to(self, reference: str) -> Taken | None:
        """Add the mail to an open case as materials; None where it has been closed."""
        try:
            with store().open_case(reference) as desk:
                if was_taken(desk.session, self.delivery, reference):
                    return Taken(Outcome.KNOWN, self.folder)
                contributions.refuse_if_closed(desk.case)
                contributions.receive_materials(
                    desk.case,
                    channel=Channel.EMAIL,
                    words=words_of(self.mail),
                    evidence=self._keep(desk),
                    sender=SENDER,
                    by=SENDER,
                    now=desk.now,
                    delivery=self.delivery.mark,
                )
                keep_delivery(desk.session, self.delivery, reference)
        except ContributionTooLate:
            return None
        return Taken(Outcome.ADDED, self.folder, (reference,))

    def _open(self, follows: str | None) -> Taken:
        def keep(desk: OpenCase) -> None:
            self._keep(desk, follows)

        filed = store().file(
            complaint_of(self.mail, self.received_at),
            SENDER,
            settings().regime,
            delivery_id=self.delivery.id,
            further=settings().further_regimes,
            attach=keep,
        )
        return Taken(Outcome.OPENED if filed.is_new else Outcome.KNOWN, self.folder, (filed.reference,))

    def _keep(self, desk: OpenCase, follows: str | None = None) -> tuple[int, ...]:
        """Keep the mail and what is attached to it; return their numbers as evidence."""
        kept: dict[int, bool] = {}
        for is_raw, name, examined in self.files:
            added = add_evidence(desk, evidence_store(), examined, name=name, source=SENDER, by=SENDER)
            if isinstance(added, acts.EvidenceAdded):
                kept.setdefault(added.number, is_raw)
        raw = next((number for number, is_raw in kept.items() if is_raw), None)
        if raw is None:
            self.folder = Folder.UNREADABLE  # the mailbox has the only whole copy
        _keep_thread(desk.session, self.mail, desk.case.reference)
        taken = acts.MailTaken(evidence=raw, follows=follows, names=tuple(self.names), notes=self.mail.notes)
        desk.case.record(taken, desk.now, SENDER)
        return tuple(kept)


def _threads(session: Session, mail: IncomingMail) -> list[str]:
    """Return the cases to which earlier mails of the thread were taken, the nearest first."""
    marks = [thread_mark(one) for one in mail.answers]
    found = [session.get(DeliveryRow, (THREADS, mark)) for mark in marks]
    return list(dict.fromkeys(row.reference for row in found if row))


def _keep_thread(session: Session, mail: IncomingMail, reference: str) -> None:
    """Remember the Message-ID of a mail; the first mail that has it keeps it."""
    mark = thread_mark(mail.message_id)
    if mail.message_id and session.get(DeliveryRow, (THREADS, mark)) is None:
        session.add(DeliveryRow(sender=THREADS, delivery_id=mark, reference=reference))
        session.flush()


def _take_return(mail: IncomingMail, received_at: datetime) -> Taken:
    """Record what a returned mail says of letters of ours."""
    touched = []
    for number, report in enumerate(returned(mail)[:_MOST_RETURNED]):
        for reference in report.references[:_MOST_RETURNED]:
            delivery = Delivery(SENDER, f"{mail.identity}/{number}/{reference}", mail.identity)
            if _report(reference, report, mail, received_at, delivery):
                touched.append(reference)
    return Taken(Outcome.BOUNCE, Folder.BOUNCES, tuple(dict.fromkeys(touched)))


def _report(reference: str, report: Return, mail: IncomingMail, received_at: datetime, delivery: Delivery) -> bool:
    """Record what became of a letter of one case; return whether that was new."""
    examined = evidence_store().examine(mail.content, MESSAGE)
    try:
        with store().open_case(reference) as desk:
            letter = letter_returned(desk.case, report)
            if letter is None or desk.case.stage is Stage.ARCHIVED:
                return False
            # Who shows only an address may be anybody: a person is asked, but the address stays in use.
            is_proved = letter.prepared.message_id in report.message_ids
            receipt = DeliveryReceipt(
                letter=letter.prepared.number,
                status=report.status,
                occurred_at=received_at,
                recipient=report.recipients[0] if len(report.recipients) == 1 else None,
                code=report.code if is_proved else None,
                detail=words_of(mail)[:2000],
            )
            if not report_delivery(desk, receipt, SENDER, delivery):
                return False
            add_evidence(desk, evidence_store(), examined, name="returned.eml", source=SENDER, by=SENDER)
    except (UnknownCase, KeyDestroyed):  # of an erased case nothing is recorded any more
        return False
    return True
