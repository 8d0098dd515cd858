"""Whether a case went the way that the procedure of its kind prescribes, told from its ledger alone.

The procedure is written down here once more, as what must come and in which order, and shares nothing with the moves
that a case allows: what an older version allowed, what was imported, and what somebody wrote into the database by
hand is measured by the same rules. Of an entry only its name, its time and its clear facts are read.

Sources: CN-NFRA 2020-3 (acknowledged, decided and told, withdrawn) and the firm's own procedure (assessed,
investigated, put right, followed up); see ``flows/handle_complaint.py``, which follows it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from complaints.words import Closure, Conclusion, Kind, Remedy, Worded


class Deviation(Worded):
    """In what a case did not go the prescribed way."""

    NOT_ACKNOWLEDGED = "not_acknowledged", "未告知受理", "never acknowledged"
    NOT_ASSESSED = "not_assessed", "未评估分类", "never assessed"
    NOT_INVESTIGATED = "not_investigated", "未启动调查", "no investigation opened"
    NOT_FOUND = "not_found", "无调查结论", "no finding"
    NOT_EXAMINED = "not_examined", "举报未核查", "report never looked into"
    NOT_DECIDED = "not_decided", "无处理决定", "no decision"
    NOT_REPLIED = "not_replied", "咨询无答复内容", "no reply settled"
    NOT_ANSWERED = "not_answered", "未告知结果", "outcome never told"
    NOT_PUT_RIGHT = "not_put_right", "未完成补救", "not put right"
    NOT_FOLLOWED_UP = "not_followed_up", "未回访", "not followed up"
    OUT_OF_ORDER = "out_of_order", "步骤次序颠倒", "steps out of order"
    DONE_TWICE = "done_twice", "同一步骤重复记录", "the same step twice"
    AFTER_CLOSING = "after_closing", "结案后仍有办理", "handled after it was closed"
    REMEDY_NOT_PROVEN = "remedy_not_proven", "补救无凭证", "remedy without proof"
    LETTER_NOT_SETTLED = (
        "letter_not_settled",
        "结案时信函未送达也未放弃",
        "closed with a letter neither sent nor given up",
    )
    EXTENDED_TOO_LATE = "extended_too_late", "时限届满后才批准延期", "extended after the limit had passed"
    BREACH_NOT_EXPLAINED = "breach_not_explained", "超期未说明原因", "missed limit without a cause"
    NOT_WITHDRAWN = "not_withdrawn", "以撤回结案但无撤回记录", "closed as withdrawn without a withdrawal"
    NOT_MERGED = "not_merged", "以并案结案但无并案记录", "closed as merged without a merger"
    OTHER_CLOSURE = "other_closure", "结案方式与事项类型不符", "closed in the way of another kind"
    NOT_CLOSED = "not_closed", "无结案记录", "no closing on record"


CONFORMING: Final = "conforming"
HISTORY: Final = "history"
"""Cases of imported history: their procedure was another system's, and is not looked at."""


@dataclass(frozen=True, slots=True)
class Step:
    """An entry of a ledger.

    Attributes:
        kind: Name of the act.
        at: When it was recorded.
        facts: What it says in clear; of most entries nobody asks.
    """

    kind: str
    at: datetime
    facts: Mapping[str, Any]


Way = tuple[tuple[str, Deviation], ...]
"""Acts that must come, in this order, and what it is called where one does not."""

_RECEPTION: Final[Way] = (
    ("acknowledged", Deviation.NOT_ACKNOWLEDGED),
    ("assessed", Deviation.NOT_ASSESSED),
)
_INVESTIGATION: Final[Way] = (*_RECEPTION, ("investigation_opened", Deviation.NOT_INVESTIGATED))
_ANSWER: Final[Way] = (("answered", Deviation.NOT_ANSWERED),)

WAYS: Final[Mapping[Kind, Way]] = {
    Kind.CONSULTATION: (*_RECEPTION, ("replied", Deviation.NOT_REPLIED), *_ANSWER),
    Kind.SUGGESTION: (*_RECEPTION, *_ANSWER),
    Kind.REPORT: (*_INVESTIGATION, ("report_examined", Deviation.NOT_EXAMINED), *_ANSWER),
    Kind.COMPLAINT: (
        *_INVESTIGATION,
        ("found", Deviation.NOT_FOUND),
        ("decided", Deviation.NOT_DECIDED),
        *_ANSWER,
        ("put_right", Deviation.NOT_PUT_RIGHT),
        ("followed_up", Deviation.NOT_FOLLOWED_UP),
    ),
}
DECLINED: Final[Way] = (*_INVESTIGATION, ("found", Deviation.NOT_FOUND), *_ANSWER)
"""A complaint that is not accepted: found out, and told why."""

CLOSURES: Final[Mapping[Kind, Closure]] = {
    Kind.CONSULTATION: Closure.ANSWERED_AT_ONCE,
    Kind.SUGGESTION: Closure.RECORDED,
    Kind.REPORT: Closure.COMPLETED,
    Kind.COMPLAINT: Closure.COMPLETED,
}
"""How a case is closed that has gone its whole way; besides, any may be withdrawn or merged, a complaint declined."""

_CUT_SHORT: Final = {
    Closure.WITHDRAWN: ("withdrawn", Deviation.NOT_WITHDRAWN),
    Closure.MERGED: ("merged", Deviation.NOT_MERGED),
}
"""Closures at any stage, and the act that each needs."""

_STANDS: Final = frozenset({"acknowledged", "assessed", "investigation_opened"})
"""What need not be done again in a case that is taken up again."""

_HANDLING: Final = frozenset(act for way in (*WAYS.values(), DECLINED) for act, _ in way)
_LETTERS: Final = {"letter_prepared": False, "letter_failed": False, "letter_repaired": False} | {
    "letter_sent": True,
    "letter_given_up": True,
}
"""Whether a letter is settled after an act."""

READ: Final = _HANDLING.union(
    _LETTERS,
    {"received", "closed", "reopened", "merged", "merge_undone", "withdrawn", "handling_ended", "extension_granted"},
    {"breach_explained"},
    (f"clock_{what}" for what in ("started", "missed", "met", "ended", "paused", "resumed", "extended")),
    {"clock_restarted", "clock_recomputed"},
)
"""The acts that are looked at."""


def deviations(ledger: Sequence[Step]) -> frozenset[Deviation] | None:
    """Return in what a closed case did not go the prescribed way; None: it is history, and not looked at.

    Args:
        ledger: The entries of the case in order, at least those of :data:`READ`.
    """
    if any(one.kind == "received" and one.facts.get("history") for one in ledger):
        return None
    rounds = _rounds(ledger)
    found = {deviation for number, steps in enumerate(rounds) for deviation in _of_round(steps, number)}
    return frozenset(found.union(_late_extensions(ledger)))


def _rounds(ledger: Sequence[Step]) -> list[list[Step]]:
    """Return what was done until each time that the case was taken up again; an undone merger never was."""
    rounds: list[list[Step]] = [[]]
    for one in ledger:
        if one.kind == "reopened":
            rounds.append([])
        elif one.kind == "merge_undone":
            rounds[-1] = [step for step in rounds[-1] if step.kind not in ("closed", "merged", "handling_ended")]
        else:
            rounds[-1].append(one)
    kind = next((one for steps in rounds for one in reversed(steps) if one.kind == "assessed"), None)
    received = [one for one in rounds[0] if one.kind == "received"]
    for number in range(1, len(rounds)):
        rounds[number] = [*received, *([kind] if kind else []), *rounds[number]]
    return rounds


def _of_round(steps: list[Step], number: int) -> Iterator[Deviation]:
    kind, closed = _kind(steps), next((one for one in steps if one.kind == "closed"), None)
    if closed is None:
        yield Deviation.NOT_CLOSED
    closure = Closure(closed.facts["closure"]) if closed else None
    declined = kind is Kind.COMPLAINT and any(one.kind == "found" and _declines(one) for one in steps)
    way = DECLINED if declined else WAYS[kind]
    if number:
        steps, way = (
            [one for one in steps if one.kind not in _STANDS],
            tuple(one for one in way if one[0] not in _STANDS),
        )
    yield from _order(steps, way, is_whole=closure is not None and closure not in _CUT_SHORT)
    if closure:
        yield from _closing(steps, kind, closure, declined)


def _order(steps: list[Step], way: Way, *, is_whole: bool) -> Iterator[Deviation]:
    """Yield what is missing of a way, or came in another order; a way that was cut short is looked at up to there."""
    kinds = [one.kind for one in steps]
    came = [index for index, (act, _) in enumerate(way) if act in kinds]
    demanded = len(way) if is_whole else max(came, default=-1) + 1
    yield from (deviation for act, deviation in way[:demanded] if act not in kinds)
    places = [kinds.index(way[index][0]) for index in came]
    if places != sorted(places):
        yield Deviation.OUT_OF_ORDER
    if any(kinds.count(way[index][0]) > 1 for index in came):
        yield Deviation.DONE_TWICE


def _closing(steps: list[Step], kind: Kind, closure: Closure, declined: bool) -> Iterator[Deviation]:
    """Yield what is wrong with how a round was closed."""
    kinds = [one.kind for one in steps]
    if _HANDLING.intersection(kinds[kinds.index("closed") + 1 :]) or kinds.count("closed") > 1:
        yield Deviation.AFTER_CLOSING
    until = steps[: kinds.index("closed")]
    if closure in _CUT_SHORT:
        act, deviation = _CUT_SHORT[closure]
        if act not in kinds:
            yield deviation
        if _breach_not_explained(until):  # whoever withdraws does not undo that a limit was missed
            yield Deviation.BREACH_NOT_EXPLAINED
        return
    if closure is not (Closure.DECLINED if declined else CLOSURES[kind]):
        yield Deviation.OTHER_CLOSURE
    yield from (deviation for deviation, is_so in _UNSETTLED.items() if is_so(until))


def _remedy_not_proven(steps: list[Step]) -> bool:
    decided = next((one for one in reversed(steps) if one.kind == "decided"), None)
    needs = decided is not None and Remedy(decided.facts["remedy"]).needs_doing
    return needs and any(one.kind == "put_right" and not one.facts.get("voucher") for one in steps)


def _letter_not_settled(steps: list[Step]) -> bool:
    letters = {(one.facts["letter"], one.facts["round"]): _LETTERS[one.kind] for one in steps if one.kind in _LETTERS}
    return not all(letters.values())


def _breach_not_explained(steps: list[Step]) -> bool:
    open_breaches: set[str] = set()
    for one in steps:
        if one.kind == "clock_missed" or (one.kind == "clock_met" and one.facts.get("late")):
            open_breaches.add(_clock(one))
        elif open_breaches and one.kind in ("clock_met", "breach_explained", "clock_started", "clock_ended"):
            open_breaches.discard(_clock(one))
    return bool(open_breaches)


_UNSETTLED: Final[Mapping[Deviation, Callable[[list[Step]], bool]]] = {
    Deviation.REMEDY_NOT_PROVEN: _remedy_not_proven,
    Deviation.LETTER_NOT_SETTLED: _letter_not_settled,
    Deviation.BREACH_NOT_EXPLAINED: _breach_not_explained,
}
"""What must be settled when a case that has gone its way is closed."""


def _late_extensions(ledger: Sequence[Step]) -> Iterator[Deviation]:
    """Yield that a clock was extended after its limit; while it stands still, it has none."""
    if not any(one.kind in _EXTENDING for one in ledger):
        return
    due: dict[str, datetime | None] = {}
    for one in ledger:
        if one.kind in _EXTENDING and (limit := due.get(_clock(one))) and one.at >= limit:
            yield Deviation.EXTENDED_TOO_LATE
        if one.kind == "clock_paused":
            due[_clock(one)] = None
        elif one.kind.startswith("clock_") and (until := (one.facts.get("until") or one.facts).get("due_at")):
            due[_clock(one)] = datetime.fromisoformat(until)


_EXTENDING: Final = ("extension_granted", "clock_extended")


def _clock(step: Step) -> str:
    return str(step.facts.get("clock", ""))


def _kind(steps: Sequence[Step]) -> Kind:
    """Return the kind as it was assessed last, or stated by the sender; a complaint, where nobody said."""
    assessed = [one.facts.get("kind") for one in steps if one.kind == "assessed"]
    stated = [one.facts.get("stated_kind") for one in steps if one.kind == "received"]
    return Kind(next((kind for kind in (*reversed(assessed), *stated) if kind), Kind.COMPLAINT))


def _declines(found: Step) -> bool:
    return Conclusion(found.facts["conclusion"]).declines
