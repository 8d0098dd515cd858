"""The letters of a case: how each of them fares, and how it travels."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from complaints import acts
from complaints.intake import Contact
from complaints.transfers import REPORT_BACK, name_of_authority
from complaints.words import ContactKind

if TYPE_CHECKING:
    from complaints.case import Case

BY_HAND: Final = "hand"
"""How a letter travels that a clerk sends, reads out or puts into a portal."""


@dataclass(frozen=True)
class Letter:
    """A letter of one case, as far as the ledger tells."""

    prepared: acts.LetterPrepared
    channel: str
    recipient: str | None
    status: str = "prepared"  # prepared, sent, failed, uncertain, given_up
    reason: str = ""
    sent_at: datetime | None = None
    tries: int = 1  # ways that it was sent, or is to be sent
    reported: acts.DeliveryReported | None = field(default=None, repr=False)  # the newest report

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to do for it."""
        return self.status in ("sent", "given_up")

    @property
    def needs_repair(self) -> bool:
        """Whether a person must say how it goes on."""
        return self.status in ("failed", "uncertain")

    def applied(self, act: "OnALetter", at: datetime) -> "Letter":
        """Return the letter after an act."""
        match act:
            case acts.LetterSent():
                return replace(self, status="sent", reason="", sent_at=at)
            case acts.LetterFailed():
                return replace(self, status="uncertain" if act.uncertain else "failed", reason=act.reason)
            case acts.DeliveryReported():
                return replace(self, reported=act)
            case acts.LetterRepaired():
                again = replace(self, status="prepared", reason="", tries=self.tries + 1)
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
        return "file"
    return "email" if contact.kind is ContactKind.EMAIL else BY_HAND


def authority_by_name(case: "Case") -> str:
    """Return what stands on an envelope to the authority as long as no address is known."""
    return name_of_authority(case.facts.authority or "", case.language_of(REPORT_BACK))
