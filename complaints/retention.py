"""How long the file of a case is kept: every rule that asks for it, the longest leads, and a hold beats them all."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from complaints import acts
from complaints.case import Case
from complaints.clock_rules import applies
from complaints.deadlines import add_months
from complaints.errors.base import ComplaintError
from complaints.holds import Hold, HoldStands
from complaints.regimes.model import Pack, RetentionRule
from complaints.words import ZH, Title

_CLOSED = acts.Closed.kind_name()

_ACTS = {
    _CLOSED: Title(zh="办结", en="closed"),
    acts.Received.kind_name(): Title(zh="收到", en="received"),
}
"""Acts of the ledger from which packs count years; whatever else they count from is an event of theirs."""


@dataclass(frozen=True)
class Kept:
    """What one rule asks of a file.

    Attributes:
        rule: The rule.
        pack: Its regime; days are counted in its zone.
        began_on: The day on which its years began to count; None: what they count from has not happened.
        until: The last day on which the file must be there; None as long as the years do not count.
    """

    rule: RetentionRule
    pack: Pack
    began_on: date | None
    until: date | None

    @property
    def ends_at(self) -> datetime | None:
        """The first moment at which this rule does not ask for the file any more, UTC."""
        if self.until is None:
            return None
        return datetime.combine(self.until + timedelta(days=1), time(), self.pack.tz).astimezone(UTC)

    @property
    def start(self) -> Title:
        """What the years count from, in words."""
        named = {one.name: one.title for one in self.pack.events} | _ACTS
        return named.get(self.rule.starts) or Title(zh=self.rule.starts, en=self.rule.starts)

    def line(self, language: str, *, leads: bool) -> str:
        """Return it as a line of text."""
        rule, start, zh = self.rule, self.start.word(language), language == ZH
        head = f"{self.pack.title.word(language)} {rule.article.word(language)} {rule.title.word(language)}"
        if self.until is None:
            course = (
                f"自“{start}”起{rule.years}年，尚未登记，须保存"
                if zh
                else (f"{rule.years} years from '{start}', which is not recorded: the file is kept")
            )
        else:
            course = (
                f"自{self.began_on}（{start}）起{rule.years}年，保存至{self.until}"
                if zh
                else f"{rule.years} years from {self.began_on} ({start}), kept until {self.until}"
            )
        doubt = ""
        if rule.to_verify:
            doubt = f"；待核实（{rule.confidence}）" if zh else f"; to verify ({rule.confidence})"
        lead = ("【最长，以此为准】" if zh else " [longest: leads]") if leads else ""
        return f"{head}{lead}{'：' if zh else ': '}{course}{doubt}"

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        rule = self.rule
        return {
            "regime": self.pack.name,
            "version": self.pack.version,
            "rule": rule.name,
            "title": rule.title.model_dump(),
            "article": rule.article.model_dump(),
            "confidence": rule.confidence,
            "to_verify": rule.to_verify,
            "starts": rule.starts,
            "years": rule.years,
            "began_on": str(self.began_on) if self.began_on else None,
            "until": str(self.until) if self.until else None,
        }


@dataclass(frozen=True)
class Retention:
    """How long a file is kept, with the reasons.

    Attributes:
        reference: The case.
        is_open: Whether the case is open; then no rule ends.
        kept: What every rule asks that applies, those that end last first.
        holds: The holds that stand.
    """

    reference: str
    is_open: bool
    kept: tuple[Kept, ...]
    holds: tuple[Hold, ...]

    @property
    def leading(self) -> Kept | None:
        """The rule that keeps the file longest; one whose years do not count yet keeps it longer than any other."""
        return next(iter(self.kept), None)

    @property
    def ends_at(self) -> datetime | None:
        """The first moment at which no rule asks for the file any more, UTC; None while no end is in sight.

        Holds are not looked at: they come and go.
        """
        return self.leading.ends_at if self.leading and not self.is_open else None

    def refuse(self, now: datetime, *, asked: bool = False) -> None:
        """Refuse to erase the person as long as something stands against it.

        Args:
            now: The firm's time.
            asked: Whether somebody asked for it; then a case that no rule keeps may be erased, too.

        Raises:
            HoldStands: a legal hold does.
            StillKept: the case is open, or a rule asks for the file.
        """
        for hold in self.holds:
            raise HoldStands(self.reference, hold.number, hold.placed.document)
        if self.is_open:
            raise StillKept(self.reference, "it is open", "Close it first")
        if self.leading is None:
            if not asked:
                cure = "Add one to the pack, or erase it on a request: redress erase"
                raise StillKept(self.reference, "no retention rule of its regimes says for how long", cure)
            return
        rule, ends_at = self.leading.rule, self.ends_at
        named = f"{self.leading.pack.name} {rule.article.en}, rule '{rule.name}'"
        if ends_at is None:
            cure = f"When it has: redress note {self.reference} {rule.starts} --at …"
            raise StillKept(self.reference, f"{named} keeps it until '{self.leading.start.en}' has happened", cure)
        if now < ends_at:
            cure = "Until then store and protect it, and do nothing else with it (PIPL art. 47)"
            raise StillKept(self.reference, f"{named} keeps it until {self.leading.until}", cure)

    def lines(self, language: str) -> list[str]:
        """Return it as plain text: the result, then rule by rule."""
        zh = language == ZH
        found = [self._result.word(language)]
        for hold in self.holds:
            placed = hold.placed
            found.append(
                f"  ! 法律保全{hold.number}：{placed.ordered_by} {placed.document}，{hold.at:%Y-%m-%d}"
                if zh
                else f"  ! hold {hold.number}: {placed.ordered_by} {placed.document}, {hold.at:%Y-%m-%d}"
            )
        found += [f"  - {one.line(language, leads=one is self.leading)}" for one in self.kept]
        return found

    @property
    def _result(self) -> Title:
        if self.holds:
            return Title(zh="法律保全期间不得删除", en="held: nothing may be erased")
        if self.is_open:
            return Title(zh="尚未办结，须保存", en="open: the file is kept")
        if self.leading is None:
            return Title(zh="所适用规则未规定保存期限，须保存", en="no rule says for how long: the file is kept")
        if self.leading.until is None:
            return Title(zh="起算事件尚未登记，须保存", en="what a rule counts from is not recorded: the file is kept")
        return Title(zh=f"保存至{self.leading.until}", en=f"kept until {self.leading.until}")

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        holds = [
            {"hold": one.number, "ordered_by": one.placed.ordered_by, "document": one.placed.document}
            for one in self.holds
        ]
        ends_at = self.ends_at
        return {
            "reference": self.reference,
            "result": self._result.model_dump(),
            "open": self.is_open,
            "retain_until": ends_at.isoformat() if ends_at else None,
            "holds": holds,
            "rules": [one.as_json() for one in self.kept],
        }


def retention_of(case: Case, rules: Iterable[tuple[Pack, RetentionRule]] | None = None) -> Retention:
    """Return how long the file of a case is kept: the longest rule that applies wins.

    Args:
        case: The case.
        rules: Rules with their regimes; those of all regimes that it falls under where they are left out.
    """
    if rules is None:
        rules = ((pack, rule) for pack in case.packs for rule in pack.retention)
    kept = sorted(_kept(case, rules), key=_end, reverse=True)
    return Retention(case.reference, case.stage.is_open, tuple(kept), case.standing_holds)


def _kept(case: Case, rules: Iterable[tuple[Pack, RetentionRule]]) -> Iterator[Kept]:
    for pack, rule in rules:
        if not applies(case, rule.when):
            continue
        began = case.happened.get(rule.starts)
        if rule.starts == _CLOSED:
            began = case.closed_at or began  # of an imported case, when it really was
        if began:
            day = began.astimezone(pack.tz).date()
            yield Kept(rule, pack, day, add_months(day, 12 * rule.years))
        elif rule.waits:
            yield Kept(rule, pack, None, None)


def _end(kept: Kept) -> datetime:
    return kept.ends_at or datetime.max.replace(tzinfo=UTC)


class StillKept(ComplaintError):
    """A person was to be erased whose file must be there."""

    def __init__(self, reference: str, reason: str, cure: str) -> None:
        super().__init__(reference, reason, cure)
        self.reference, self.reason, self.cure = reference, reason, cure

    def __str__(self) -> str:
        return f"Case {self.reference} is not erased: {self.reason}. {self.cure}."
