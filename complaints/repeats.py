"""Which complaints look like the same one again, and why. People decide whether they are.

Never by wording alone: many people send the same template letter, and theirs are different complaints. Something must
tell of the same person, or of the same account.
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from complaints.acts import Repeat
from complaints.signs import Sign, common_wording, folded
from complaints.words import Likeness, RepeatGrade

MOST: Final = 10
"""Suggestions for one case; who has more to look at looks at none."""

_NEAR: Final = timedelta(days=30)
_ALIKE: Final = 0.45  # of the pieces of two texts, from which on their wording counts as similar

_REACHED: Final = frozenset({Likeness.PHONE, Likeness.EMAIL})
_WITH_A_NAME: Final = _REACHED | {Likeness.ADDRESS, Likeness.ACCOUNT}
"""What makes the same name the same person; not the same agency, which writes for many of that name."""


@dataclass(frozen=True)
class Traces:
    """What a complaint can be compared by; holds no personal data.

    Attributes:
        reference: Its case.
        received_at: When it was received.
        signs: Its signs, under the firm's key.
        product: As the sender wrote it.
        amount: What it is about, with its currency.
    """

    reference: str
    received_at: datetime
    signs: frozenset[Sign]
    product: str | None = None
    amount: tuple[Decimal, str] | None = None

    def values(self, kind: Likeness) -> frozenset[str]:
        """Return the signs of one sort."""
        return frozenset(value for one, value in self.signs if one is kind)


def suggest(mine: Traces, others: Iterable[Traces]) -> tuple[Repeat, ...]:
    """Return the cases that look like the same complaint, the likeliest first.

    Args:
        mine: The complaint that was filed.
        others: Complaints that share a sign with it.
    """
    found = [one for other in others if other.reference != mine.reference and (one := compared(mine, other))]
    found.sort(key=lambda one: (one.grade is not RepeatGrade.LIKELY, -len(one.reasons), one.reference))
    return tuple(found[:MOST])


def compared(mine: Traces, other: Traces) -> Repeat | None:
    """Return what speaks for two complaints being the same, or None where too little does."""
    alike = _likenesses(mine, other)
    grade = _grade(alike, same_person=_is_same_person(alike, mine, other))
    if grade is None:
        return None
    return Repeat(reference=other.reference, grade=grade, reasons=tuple(one for one in Likeness if one in alike))


def _likenesses(mine: Traces, other: Traces) -> frozenset[Likeness]:
    alike = {kind for kind, _ in mine.signs & other.signs}
    facts = {
        Likeness.PRODUCT: bool(mine.product and other.product and folded(mine.product) == folded(other.product)),
        Likeness.AMOUNT: bool(mine.amount and mine.amount[0] and mine.amount == other.amount),
        Likeness.TIME: abs(mine.received_at - other.received_at) <= _NEAR,
        Likeness.WORDING: _is_wording_alike(mine, other),
        Likeness.OTHER_NAME: _differ(Likeness.NAME, mine, other),
    }
    return frozenset(alike | {kind for kind, holds in facts.items() if holds})


def _is_wording_alike(mine: Traces, other: Traces) -> bool:
    texts = mine.values(Likeness.WORDING), other.values(Likeness.WORDING)
    return any(common_wording(one, two) >= _ALIKE for one in texts[0] for two in texts[1])


def _differ(kind: Likeness, mine: Traces, other: Traces) -> bool:
    one, two = mine.values(kind), other.values(kind)
    return bool(one and two) and one.isdisjoint(two)


def _is_same_person(alike: Set[Likeness], mine: Traces, other: Traces) -> bool:
    """Whether the complainants seem to be one: a family shares a telephone, and many people a name."""
    if _differ(Likeness.IDENTITY, mine, other):
        return False
    if Likeness.IDENTITY in alike:
        return True
    if Likeness.NAME in alike:
        return bool(alike & _WITH_A_NAME)
    return bool(alike & _REACHED) and Likeness.OTHER_NAME not in alike


def _grade(alike: Set[Likeness], *, same_person: bool) -> RepeatGrade | None:
    particulars = alike & {Likeness.DAY, Likeness.AMOUNT}
    about = alike & {Likeness.ACCOUNT, Likeness.PRODUCT}
    if same_person:
        if Likeness.WORDING in alike or (about and particulars):
            return RepeatGrade.LIKELY
        near = about and (Likeness.TIME in alike or Likeness.ACCOUNT in alike)
        return RepeatGrade.POSSIBLE if near or Likeness.DAY in alike else None
    if Likeness.ACCOUNT in alike:  # of a relative, or of somebody who did not say their name
        more = particulars | (alike & (_REACHED | {Likeness.WORDING}))
        return RepeatGrade.POSSIBLE if more else None
    named_alike = {Likeness.NAME, Likeness.WORDING} <= alike  # a number was written down wrongly
    return RepeatGrade.POSSIBLE if named_alike and (about or particulars) else None
