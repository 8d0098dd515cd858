"""The letters of a case: how each of them fares, and how it travels."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from complaints import acts
from complaints.errors.case import AnswerRefused
from complaints.errors.letters import UnknownLetter
from complaints.intake import Contact
from complaints.transfers import REPORT_BACK, name_of_authority
from complaints.words import ContactKind

if TYPE_CHECKING:
    from complaints.case import Case

BY_HAND: Final = "hand"
"""How a letter travels that a clerk sends, reads out or puts into a portal."""

ON_FILE: Final = "file"
"""How a letter "travels" that nobody knows where to send."""


@dataclass(frozen=True)
class Letter:
    """A letter of one case, as far as the ledger tells.

    Attributes:
        sent_at: When it left; None as long as it lies where ``kept`` says.
        kept: Where it lies although the run has done its part.
        written_at: When it was rendered.
        settled_at: When the run had done its part, as it stands now: it was sent, or laid ready.
        tries: Ways that it was sent, or is to be sent.
        reported: The newest report on its delivery.
    """

    prepared: acts.LetterPrepared
    channel: str
    recipient: str | None
    status: str = "prepared"  # prepared, sent, failed, uncertain, given_up
    reason: str = ""
    sent_at: datetime | None = None
    tries: int = 1
    reported: acts.DeliveryReported | None = field(default=None, repr=False)
    kept: acts.Kept | None = None
    written_at: datetime | None = None
    settled_at: datetime | None = None

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to do for it."""
        return self.status in ("sent", "given_up")

    @property
    def has_left(self) -> bool:
        """Whether it is on its way to whom it is for, or there."""
        return self.status == "sent" and self.kept is None

    @property
    def needs_repair(self) -> bool:
        """Whether a person must say how it goes on."""
        return self.status in ("failed", "uncertain")

    def applied(self, act: "OnALetter", at: datetime) -> "Letter":
        """Return the letter after an act."""
        match act:
            case acts.LetterSent():
                sent = replace(self, status="sent", reason="", channel=act.channel, kept=act.kept, settled_at=at)
                return replace(sent, sent_at=None if act.kept else at)
            case acts.LetterFailed():
                status = "uncertain" if act.uncertain else "failed"
                return replace(self, status=status, reason=act.reason, kept=None)
            case acts.DeliveryReported():
                return replace(self, reported=act)
            case acts.LetterRepaired():
                again = replace(self, status="prepared", reason="", kept=None, tries=self.tries + 1)
                return replace(again, channel=act.channel, recipient=act.recipient)
            case acts.LetterGivenUp():
                return replace(self, status="given_up", reason=str(act.reason))


OnALetter = acts.LetterSent | acts.LetterFailed | acts.DeliveryReported | acts.LetterRepaired | acts.LetterGivenUp
"""What happens to a letter after it was prepared."""


def delivery_of(case: "Case", letter: str) -> tuple[str, str | None]:
    """Return how a letter travels and to which address; without one, a clerk finds out the authority's."""
    contact = best_of(case.contacts_for(letter), case.refused_by)
    if contact is None and letter == REPORT_BACK:
        return BY_HAND, authority_by_name(case)
    return delivery_channel(contact), contact.value if contact else None


def best_of(contacts: Iterable[Contact], refused_by: frozenset[str]) -> Contact | None:
    """Return where letters go: e-mail where there is one, else the first contact; what refused a letter comes last."""

    def rank(one: Contact) -> tuple[bool, bool]:
        return one.value in refused_by, one.kind is not ContactKind.EMAIL

    return min(contacts, key=rank, default=None)


def delivery_channel(contact: Contact | None) -> str:
    """Return how a letter travels: ``email``; ``hand`` for a clerk's list (post, telephone, portal); or ``file``."""
    if contact is None:
        return ON_FILE
    return "email" if contact.kind is ContactKind.EMAIL else BY_HAND


def authority_by_name(case: "Case") -> str:
    """Return what stands on an envelope to the authority as long as no address is known."""
    return name_of_authority(case.facts.authority or "", case.language_of(REPORT_BACK))


def waiting_letters(case: "Case") -> list[Letter]:
    """Return the letters that are written and lie somewhere until a person sends them."""
    return [one for one in case.letters.values() if one.status == "sent" and one.kept is not None]


def record_sent(case: "Case", number: str, by: str, now: datetime) -> None:
    """Record that a person sent, handed over or read out a letter that lay ready for it.

    Args:
        case: The case, open for change.
        number: The letter's number, such as ``TS260302-7K3M9QX-3``.
        by: Who says so.
        now: The firm's time.

    Raises:
        UnknownLetter: the case has no such letter.
        AnswerRefused: it does not lie ready: it has left already, or its run still deals with it.
    """
    letter = next((one for one in case.letters.values() if one.prepared.number == number), None)
    if letter is None:
        raise UnknownLetter(case.reference)
    if letter not in waiting_letters(case):
        why = "has left already" if letter.has_left else f"is not laid ready to be sent by hand (it is {letter.status})"
        raise AnswerRefused("number", f"{number} {why}; nothing was recorded")
    which = {"letter": letter.prepared.letter, "round": letter.prepared.round}
    channel = BY_HAND if letter.channel == ON_FILE else letter.channel  # a way was found after all
    case.record(acts.LetterSent(**which, channel=channel, receipt=f"sent by hand, says {by}"), now, by)
