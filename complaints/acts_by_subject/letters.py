"""Letters: prepared, sent, what became of them, how an undelivered one goes on."""

from datetime import datetime

from complaints.acts_by_subject.base import Act
from complaints.words import DeliveryStatus, GiveUpReason, Repair, Worded


class Kept(Worded):
    """Where a letter lies that is written and has not left by itself; a person must act, or nobody can."""

    NOT_SENT = "not_sent", "已写好，待人工发送", "written, still to be sent"
    HAND_OVER = "hand_over", "已写好，由工作人员寄送或转达", "written; our staff post it, hand it over or read it out"
    ON_FILE = "on_file", "已写好，因无联系方式存于案卷", "written and kept on file: no contact is known"


class LetterPrepared(Act):
    """A letter was rendered, stored and put into the outbox."""

    personal = frozenset({"recipient"})
    letter: str
    round: int
    number: str
    language: str
    message_id: str
    sha256: str
    channel: str
    recipient: str | None = None


class LetterSent(Act):
    """A letter went its way: the mail server accepted it, or it was laid ready where ``kept`` says.

    For the case's clocks both count alike: from there on it is no longer the run that delivers it.
    """

    letter: str
    round: int
    channel: str
    receipt: str
    kept: Kept | None = None  # entries of versions that did not tell have none


class LetterFailed(Act):
    """A letter could not be delivered, or nobody knows whether it was; a person decides."""

    letter: str
    round: int
    reason: str
    uncertain: bool = False
    refused: bool = False  # for good: this address takes no letters


class DeliveryReported(Act):
    """A gateway or the mail system told what became of a letter after it had left."""

    personal = frozenset({"detail"})
    letter: str
    round: int
    status: DeliveryStatus
    occurred_at: datetime
    sender: str
    code: str | None = None  # such as 5.1.1 (RFC 3463)
    detail: str | None = None


class LetterRepaired(Act):
    """A person said how an undelivered letter goes on."""

    personal = frozenset({"recipient"})
    letter: str
    round: int
    choice: Repair
    channel: str
    recipient: str | None = None


class LetterGivenUp(Act):
    """A letter will not be delivered, for a reason that a person gave."""

    letter: str
    round: int
    reason: GiveUpReason
