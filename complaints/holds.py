"""Legal holds: as long as one stands, nothing of a case may be erased, whatever the retention rules say.

A hold is placed for a lawsuit, an inquiry or an audit, on a case at any stage. Several may stand at once; each is
lifted by itself, with the number of a document of its own.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from complaints import acts
from complaints.acts import Act
from complaints.errors.base import ComplaintError
from complaints.errors.case import AnswerRefused
from complaints.errors.sealing import KeyDestroyed

if TYPE_CHECKING:
    from complaints.case import Case

_DOCUMENT: Final = 64
_ORDERED_BY: Final = 80
"""How many characters each may have."""


@dataclass(frozen=True)
class Hold:
    """A hold on a case.

    Attributes:
        placed: The act that placed it.
        at: When.
        by: Staff number of who recorded it.
        lifted: The act that lifted it, or None.
        lifted_at: When.
    """

    placed: acts.HoldPlaced
    at: datetime
    by: str
    lifted: acts.HoldLifted | None = None
    lifted_at: datetime | None = None

    @property
    def number(self) -> int:
        """Its number on the case, from 1."""
        return self.placed.hold


class UnknownHold(ComplaintError):
    """A hold was named that does not stand."""

    def __init__(self, reference: str, number: int, standing: tuple[int, ...]) -> None:
        super().__init__(reference, number, standing)
        self.reference, self.number, self.standing = reference, number, standing

    def __str__(self) -> str:
        known = f"standing are: {', '.join(map(str, self.standing))}" if self.standing else "none stands"
        return f"Case {self.reference} has no hold {self.number} that could be lifted; {known}."


def place(case: "Case", ordered_by: str, document: str, by: str, now: datetime, *, reason: str | None = None) -> Hold:
    """Place a hold. Safe to run twice: the same order under the same number is one hold.

    Args:
        case: A case at any stage.
        ordered_by: Who ordered it: a court, an authority, a department; no private person.
        document: The number of the order.
        by: Who records it.
        now: The firm's time.
        reason: In words; kept sealed.

    Returns:
        The hold that stands.

    Raises:
        AnswerRefused: who ordered it, or the document, is missing.
        KeyDestroyed: the person was erased; there is nothing left to hold.
    """
    ordered_by, document = _filled("ordered_by", ordered_by, _ORDERED_BY), _filled("document", document, _DOCUMENT)
    for one in case.standing_holds:
        if (one.placed.ordered_by, one.placed.document) == (ordered_by, document):
            return one
    number = len(case.holds) + 1
    case.record(acts.HoldPlaced(hold=number, ordered_by=ordered_by, document=document, reason=reason), now, by)
    return case.holds[-1]


def lift(
    case: "Case", number: int, ordered_by: str, document: str, by: str, now: datetime, *, reason: str | None = None
) -> None:
    """Lift one hold; the others stand.

    Args:
        case: The case.
        number: Which hold.
        ordered_by: Who ordered that it be lifted.
        document: The number of that order.
        by: Who records it.
        now: The firm's time.
        reason: In words; kept sealed.

    Raises:
        UnknownHold: no such hold stands.
        AnswerRefused: who ordered it, or the document, is missing.
    """
    ordered_by, document = _filled("ordered_by", ordered_by, _ORDERED_BY), _filled("document", document, _DOCUMENT)
    standing = tuple(one.number for one in case.standing_holds)
    if number not in standing:
        raise UnknownHold(case.reference, number, standing)
    case.record(acts.HoldLifted(hold=number, ordered_by=ordered_by, document=document, reason=reason), now, by)


def refuse_erased(case: "Case", act: Act) -> None:
    """Refuse whatever would be recorded after the person was erased, and an erasure against a hold.

    Raises:
        KeyDestroyed: the person was erased.
        HoldStands: the act would erase the person, and a hold stands.
    """
    if case.erased:
        raise KeyDestroyed(case.reference)
    if isinstance(act, acts.Erased) and (standing := case.standing_holds):
        raise HoldStands(case.reference, standing[0].number, standing[0].placed.document)


class HoldStands(ComplaintError):
    """Something was to be erased that a legal hold keeps."""

    def __init__(self, reference: str, number: int, document: str) -> None:
        super().__init__(reference, number, document)
        self.reference, self.number, self.document = reference, number, document

    def __str__(self) -> str:
        return (
            f"Case {self.reference} is not erased: hold {self.number} ({self.document}) stands. "
            f"When its reason is gone: redress hold lift {self.reference} {self.number}"
        )


def _filled(field: str, text: str, most: int) -> str:
    if not re.fullmatch(rf"[^\x00-\x1f]{{2,{most}}}", text := text.strip()):
        raise AnswerRefused(field, f"has 2 to {most} characters on one line; give what stands on the order")
    return text
