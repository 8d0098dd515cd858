"""Whether two cases are of one person, judged by their records in clear: only those may be merged."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from complaints.signs import folded_name, marks_of
from complaints.words import Likeness

if TYPE_CHECKING:
    from complaints.case import Case

_Marks = Mapping[Likeness, frozenset[str]]

_REACHED = (Likeness.PHONE, Likeness.EMAIL)
_WITH_A_NAME = (*_REACHED, Likeness.ADDRESS, Likeness.ACCOUNT)
"""What makes the same name the same person; not the same agency, which writes for many of that name."""


def why_not_one_person(case: "Case", other: "Case") -> str | None:
    """Say why two cases must be taken for those of two people, or return None where they are one's.

    Complaints of several people stay apart, however much they are alike: a family shares a telephone, and an agency
    sends the same letter for many. A representative who complains in their own name for the other counts as one with
    them. A number that differs by one slip of the pen is the same.
    """
    if case.complaint is None or other.complaint is None:
        return "the person of one was erased, so that nobody can tell whether they are the same"
    mine, theirs = (marks_of(one.complaint, one.added_contacts) for one in (case, other) if one.complaint)
    if _represents(case, other, mine, theirs) or _represents(other, case, theirs, mine):
        return None
    if _differ(Likeness.IDENTITY, mine, theirs):
        return "the complainants' identity numbers differ; several people's complaints stay apart"
    if _share(Likeness.IDENTITY, mine, theirs):
        return None
    if _differ(Likeness.NAME, mine, theirs):
        return (
            "the complainants' names differ, and neither represents the other; complaints of several people stay apart"
        )
    if _share(Likeness.NAME, mine, theirs):
        reached = any(_share(kind, mine, theirs) for kind in _WITH_A_NAME) or _is_slip(mine, theirs)
    else:  # of one no name is known
        reached = any(_share(kind, mine, theirs) for kind in _REACHED)
    if reached:
        return None
    return "nothing shows that they are one person's; record a contact that both have first (redress contact)"


def _share(kind: Likeness, mine: _Marks, theirs: _Marks) -> bool:
    return not mine.get(kind, frozenset()).isdisjoint(theirs.get(kind, ()))


def _differ(kind: Likeness, mine: _Marks, theirs: _Marks) -> bool:
    return bool(mine.get(kind) and theirs.get(kind)) and not _share(kind, mine, theirs)


def _represents(agent: "Case", person: "Case", own: _Marks, others: _Marks) -> bool:
    """Whether the complainant of one case is the representative in the other, by name and by something more."""
    if agent.complaint is None or person.complaint is None or person.complaint.representative is None:
        return False
    name = folded_name(agent.complaint.complainant.name or "")
    reach = frozenset[str]().union(*(own.get(kind, frozenset()) for kind in _REACHED))
    known = _share(Likeness.ACCOUNT, own, others) or not reach.isdisjoint(others.get(Likeness.AGENT, ()))
    return known and name != "" and name == folded_name(person.complaint.representative.name)


def _is_slip(mine: _Marks, theirs: _Marks) -> bool:
    """Whether two telephone numbers differ by one digit, or by two neighbours that changed places."""
    numbers = ((one, two) for one in mine.get(Likeness.PHONE, ()) for two in theirs.get(Likeness.PHONE, ()))
    return any(len(one) == len(two) >= 10 and _slipped(one, two) for one, two in numbers)


def _slipped(one: str, other: str) -> bool:
    at = [place for place, (mine, theirs) in enumerate(zip(one, other, strict=True)) if mine != theirs]
    match at:
        case [_]:
            return True
        case [first, second]:
            return second == first + 1 and (one[first], one[second]) == (other[second], other[first])
    return False
