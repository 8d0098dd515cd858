"""Which rules the clocks of a case follow."""

from datetime import datetime
from typing import TYPE_CHECKING

from complaints import acts
from complaints.clocks import Clock
from complaints.deadlines import EndsAt, Roll, Unit
from complaints.errors.clocks import UnknownClock
from complaints.regimes.model import ClockRule, Condition, Duty, Ladder, Nature, Pack
from complaints.words import Title

if TYPE_CHECKING:
    from complaints.case import Case


def key_of(case: "Case", pack: Pack, name: str) -> str:
    """Return the name of a clock within a case; those of a further regime carry the regime's name."""
    return name if pack.name == case.pack.name else f"{pack.name}/{name}"


def rule_of(case: "Case", clock: str) -> tuple[ClockRule, Pack]:
    """Return the rule of a clock, and its regime: of one that ran, in the version that it ran under.

    Raises:
        UnknownClock: no regime of the case has it.
    """
    return rule_behind(case, clock, case.clocks.get(clock))


def rule_behind(case: "Case", name: str, clock: Clock | None) -> tuple[ClockRule, Pack]:
    """Return the rule that a clock follows, or followed when it ran, and its regime.

    Raises:
        UnknownClock: no regime of the case has it, and none ran.
    """
    regime, slash, short = name.partition("/")
    if not slash:
        regime, short = case.pack.name, name
    versions = [pack for pack in case.all_packs if pack.name == regime]
    if clock and versions and clock.version not in ("", versions[0].version):
        known = case.rules.packs.get(regime, ())
        versions = [*(pack for pack in known if pack.version == clock.version), *versions]
    for pack in versions:
        for rule in pack.clocks:
            if rule.name == short:
                return rule, pack
    if clock and versions:
        return _as_recorded(short, clock), versions[-1]
    raise UnknownClock(case.reference, name, tuple(case.clocks))


def _as_recorded(name: str, clock: Clock) -> ClockRule:
    """Return what the ledger says of a rule that a later encoding of its regime does not have any more."""
    started = clock.started
    return ClockRule(
        name=name,
        title=Title(zh=name, en=name),
        nature=clock.nature,
        budget=started.budget,
        unit=Unit(started.unit),
        starts=acts.Received.kind_name(),
        ends=(),
        article=Title(zh=started.article, en=started.article),
        confidence=started.confidence,
    )


def binds(case: "Case", rule: ClockRule, pack: Pack) -> bool:
    """Whether a rule applies to a case as it is known now; of a further regime, whether that does too."""
    return applies(case, rule.when) and (pack.name == case.pack.name or applies(case, pack.when))


def applies(case: "Case", condition: Condition) -> bool:
    """Whether a condition holds for a case as it is known now."""
    facts, stated = case.facts, case.circumstances
    one_of = (
        (condition.channels, facts.channel),
        (condition.categories, case.category),
        (condition.kinds, case.kind),
        (condition.party_types, facts.party_type),
        (condition.severities, case.severity),
    )
    return (
        all(not allowed or value in allowed for allowed, value in one_of)
        and stated.issuperset(condition.circumstances)
        and stated.isdisjoint(condition.without)
        and (facts.authority is not None or not condition.transferred)
    )


def with_named_date(case: "Case", rule: ClockRule, pack: Pack, started_at: datetime) -> ClockRule:
    """Return a rule as it is for a case: where the authority's own date leads, with the days up to that.

    They are counted from the day of the start, which is day 1, so that a date that had come by then is that day.
    """
    named = case.facts.report_by if rule.named_date else None
    if named is None:
        return rule
    days = (named - started_at.astimezone(pack.tz).date()).days + 1
    plain = {"first_day": True, "roll": Roll.NONE, "cut_off": None, "ends_at": EndsAt.MIDNIGHT}
    return rule.model_copy(update={"budget": max(days, 1), "unit": Unit.CALENDAR_DAYS, **plain})


def ladder_of(case: "Case", rule: ClockRule, pack: Pack) -> Ladder | None:
    """Return who is told of a clock, and when; nobody is told of a wait or a window."""
    return pack.ladder(case.severity) if rule.nature is Nature.DUTY else None


def leading(case: "Case", duty: Duty) -> Clock | None:
    """Return the clock of a duty that leads: the strictest of all regimes that has not fallen away."""
    found = [
        clock
        for name, clock in case.clocks.items()
        if clock.ended is None and clock.nature is Nature.DUTY and rule_of(case, name)[0].duty is duty
    ]
    return min(found, key=lambda clock: (clock.is_over, clock.due_at), default=None)
