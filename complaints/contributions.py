"""What comes in for a case that is there: materials, a withdrawal, and what became of our letters.

Whatever door it comes through, it is recorded here, within the case's own transaction; ``tasks.contributions`` does
that with the files and the delivery ids that go with it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import Field, model_validator

from complaints import acts
from complaints.case import Case
from complaints.correspondence import Letter
from complaints.errors.case import AnswerRefused
from complaints.errors.intake import ContributionTooLate
from complaints.errors.letters import LetterUnderWay, UnknownLetter
from complaints.intake import Evidence, Instant, Line, Model, Text
from complaints.words import Channel, DeliveryStatus

_SKEW: Final = timedelta(minutes=5)
"""By how much another system's clock may differ from ours."""

Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]


class Materials(Model):
    """Materials for a case as a channel hands them in.

    Example:
        >>> Materials.model_validate({"words": "补充银行流水"}).channel
        <Channel.WEB: 'web'>
    """

    channel: Channel = Channel.WEB
    words: Text | None = Field(default=None, description="what the complainant says about them")
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=50, description="what the files are")


class Withdrawal(Model):
    """A complainant's wish that the procedure end."""

    channel: Channel = Channel.WEB
    words: Text | None = Field(default=None, description="what the complainant says about it")


class DeliveryReceipt(Model):
    """What a gateway or the mail system says of a letter of ours, named by its number or its Message-ID."""

    letter: Line | None = Field(default=None, description="the letter's number, as it stands on the letter")
    message_id: Line | None = Field(default=None, description="the Message-ID of the mail that it went out in")
    status: DeliveryStatus
    occurred_at: Instant | None = Field(default=None, description="when; now if left out")
    recipient: Line | None = Field(default=None, description="the address that it speaks of, where it names one")
    code: Code | None = Field(default=None, description="the gateway's or the mail system's code: 5.1.1")
    detail: Text | None = Field(default=None, description="its words; kept sealed, as they often name the person")

    @model_validator(mode="after")
    def _names_a_letter(self) -> "DeliveryReceipt":
        if not self.letter and not self.message_id:
            raise ValueError("name the letter, by 'letter' or by 'message_id'")
        return self


def receive_materials(
    case: Case,
    *,
    channel: Channel,
    words: str | None,
    evidence: Sequence[int],
    sender: str,
    by: str,
    now: datetime,
    delivery: str | None = None,
) -> acts.MaterialsReceived:
    """Record that materials came in; what waits for them goes on.

    Args:
        case: The case, open for change.
        channel: Where they came in.
        words: What was said; kept sealed.
        evidence: The numbers of the files, which were added before in the same transaction.
        sender: The system or door that they came through.
        by: Who handed them in.
        now: The firm's time.
        delivery: A mark of the delivery, by which the answer to the same one again is found.

    Raises:
        ContributionTooLate: the case is closed.
    """
    refuse_if_closed(case)
    act = acts.MaterialsReceived(
        number=len(case.materials) + 1,
        channel=channel,
        sender=sender,
        words=(words or "").strip() or None,
        evidence=tuple(evidence),
        delivery=delivery,
    )
    case.record(act, now, by)
    return act


def refuse_if_closed(case: Case) -> None:
    """Refuse materials for a case whose way has ended: what they tell would be read by nobody.

    Raises:
        ContributionTooLate: it is closed.
    """
    if not case.stage.is_open:
        raise ContributionTooLate(case.reference, case.stage)


def withdraw(case: Case, by: str, now: datetime, *, channel: Channel | None = None, words: str | None = None) -> bool:
    """End the procedure because the complainant withdrew. Safe to do twice.

    Returns:
        Whether it ended now; False: it had been withdrawn before.

    Raises:
        StageError: the case is closed for another reason.
    """
    if case.withdrawn and not case.stage.is_open:
        return False
    case.withdraw(by, now, channel=channel, words=words)
    return True


def report_delivery(case: Case, receipt: DeliveryReceipt, sender: str, now: datetime) -> bool:
    """Record what became of a letter after it had left.

    A letter that did not arrive is asked about, as one that could not be sent is. One that arrived after all counts
    as sent, as long as nobody has sent it another way. What speaks of an earlier try is recorded and changes nothing.
    Safe to do twice: the same report again is not recorded again.

    Args:
        case: The case, open for change.
        receipt: What is reported.
        sender: The system that reports it.
        now: The firm's time.

    Returns:
        Whether it was new.

    Raises:
        UnknownLetter: the case has no such letter.
        LetterUnderWay: it is just being sent; the same report is taken a moment later.
        AnswerRefused: it lies in the future.
    """
    letter = _letter_of(case, receipt)
    if letter is None:
        raise UnknownLetter(case.reference)
    if letter.status == "prepared" and letter.tries == 1 and case.stage.is_open:
        raise LetterUnderWay(case.reference, letter.prepared.number)
    at = receipt.occurred_at or now
    if at > now + _SKEW:
        raise AnswerRefused("occurred_at", "is in the future; report what has happened")
    which = {"letter": letter.prepared.letter, "round": letter.prepared.round}
    report = acts.DeliveryReported(
        **which, status=receipt.status, occurred_at=at, sender=sender, code=receipt.code, detail=receipt.detail
    )
    if letter.reported and _is_same(letter.reported, report, receipt):
        return False
    case.record(report, now, sender)
    if _is_about_an_earlier_try(letter, receipt):
        return True
    if receipt.status is DeliveryStatus.FAILED and letter.status in ("sent", "uncertain"):
        reason = f"{sender} reported that it was not delivered" + (f" ({receipt.code})" if receipt.code else "")
        case.record(acts.LetterFailed(**which, reason=reason, refused=_is_for_good(receipt)), now, sender)
    elif receipt.status is DeliveryStatus.DELIVERED and (letter.needs_repair or letter.kept):
        case.record(acts.LetterSent(**which, channel=letter.channel, receipt=f"delivered, says {sender}"), now, sender)
    return True


def _letter_of(case: Case, receipt: DeliveryReceipt) -> Letter | None:
    for letter in case.letters.values():
        if receipt.letter in (None, letter.prepared.number) and receipt.message_id in (
            None,
            letter.prepared.message_id,
            letter.prepared.message_id.strip("<>"),
        ):
            return letter
    return None


def _is_same(known: acts.DeliveryReported, report: acts.DeliveryReported, receipt: DeliveryReceipt) -> bool:
    """Whether a report was recorded before; without a time of its own, the newest one with the same status is it."""
    told = (report.status, report.code, report.sender)
    if (known.status, known.code, known.sender) != told:
        return False
    return receipt.occurred_at is None or receipt.occurred_at == known.occurred_at


def _is_about_an_earlier_try(letter: Letter, receipt: DeliveryReceipt) -> bool:
    """Whether a report speaks of an address, or of a time, before the letter left as it stands now."""
    if letter.tries == 1:
        return False
    if receipt.recipient and letter.recipient and receipt.recipient.casefold() != letter.recipient.casefold():
        return True
    return bool(receipt.occurred_at and letter.settled_at and receipt.occurred_at < letter.settled_at - _SKEW)


def _is_for_good(receipt: DeliveryReceipt) -> bool:
    """Whether the address takes no letters: a permanent failure (class 5 of RFC 3463)."""
    return bool(receipt.code and receipt.code.startswith("5."))
