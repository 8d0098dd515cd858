"""The rows of the page about the rules: each rule in words."""

from calendar import month_name
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from complaints.contacts.rules import ContactRule, CoolDownRule, FrequencyRule, HoursRule, StopRule, ThirdPersonRule
from complaints.deadlines import EndsAt, RestDayStart, Roll, Unit
from complaints.regimes.facts import Fact
from complaints.regimes.model import (
    ClockRule,
    Condition,
    ExtensionRule,
    Ladder,
    LetterRule,
    MonthDay,
    Nature,
    Pack,
    Path,
    PauseRule,
    Provision,
    ReportRule,
    RetentionRule,
    Role,
    Suspension,
)
from complaints.words import Worded

Row = Sequence[str]


def _stand(fact: Fact) -> Row:
    """Return where a fact stands and how sure that is."""
    sure = fact.confidence + (", not read" if fact.unread else "")
    article = fact.article.zh if fact.article.zh == fact.article.en else f"{fact.article.zh}<br>{fact.article.en}"
    return article, " ".join(fact.refs), f"{sure}, **to verify**" if fact.to_verify else sure


# --- its rows ------------------------------------------------------------------------------------


def clock(rule: ClockRule) -> Row:
    """Return the row of a clock."""
    what = f"{rule.nature.en}: {rule.duty.en}" if rule.nature is Nature.DUTY else rule.nature.en
    course = f"`{rule.starts}` → {_codes(rule.ends) or 'nothing'}"
    if rule.restarts:
        course += f"; runs again on {_codes(rule.restarts)}"
    limit, days = amount(rule.budget, rule.unit), _days(rule)
    limit += "; or by the day that the authority named" if rule.named_date else ""
    return f"`{rule.name}`", rule.title.both, what, limit, days, course, when(rule.when), *_stand(rule)


def amount(value: int, unit: Unit) -> str:
    """Return a budget in words, such as ``15 working days``."""
    word = unit.value.replace("_", " ")
    return f"{value} {word.removesuffix('s') if value == 1 else word}"


def _days(rule: ClockRule) -> str:
    """Return how a clock counts, in words."""
    counting, parts = rule.counting, []
    if rule.unit.ends_with_a_day:
        parts.append("the day of the start is day 1" if counting.first_day else "the day of the start is not counted")
        if rule.unit is Unit.WORKING_DAYS and counting.rest_day_start is RestDayStart.NEXT_IS_DAY_0:
            parts.append("a start on a day of rest counts as the next working day")
        if counting.cut_off:
            parts.append(f"after {counting.cut_off:%H:%M} it counts as the next day")
        parts += _ROLLED[counting.roll] if rule.unit is not Unit.WORKING_DAYS else []
        if counting.ends_at is EndsAt.CLOSING:
            parts.append("ends at closing time")
    else:
        parts.append("by the minute")
    return "; ".join([*parts, f"calendar `{rule.calendar}`"] if rule.calendar else parts)


_ROLLED: Final = {
    Roll.NONE: ["the last day is not moved"],
    Roll.NEXT: ["a last day of rest moves on to the next working day"],
    Roll.PREVIOUS: ["a last day of rest moves back to the last working day"],
}


def when(condition: Condition) -> str:
    """Return a condition in words; nothing where it always holds."""
    lists: tuple[tuple[str, Sequence[Worded]], ...] = (
        ("channel", condition.channels),
        ("category", condition.categories),
        ("kind", condition.kinds),
        ("complainant", condition.party_types),
        ("severity", condition.severities),
    )
    parts = [f"{what}: {' or '.join(one.both for one in values)}" for what, values in lists if values]
    parts += [f"stated: {_codes(condition.circumstances)}"] if condition.circumstances else []
    parts += [f"not stated: {_codes(condition.without)}"] if condition.without else []
    parts += ["forwarded by an authority · 转办"] if condition.transferred else []
    return "; ".join(parts)


def extensions(pack: Pack) -> Iterator[Row]:
    """Yield the rows of the tiers of every clock."""
    for rule in pack.clocks:
        for tier in rule.extensions:
            needs = [f"tier `{tier.after}` before"] if tier.after else []
            needs += [f"stated: {_codes(tier.needs)}"] if tier.needs else []
            approver = tier.approver.both if tier.approver else ""
            name, notice = f"`{rule.name}`", _code(tier.letter)
            yield (
                name,
                f"`{tier.name}`",
                tier.title.both,
                _by(tier, rule),
                "; ".join(needs),
                approver,
                notice,
                *_stand(tier),
            )


def _by(tier: ExtensionRule, rule: ClockRule) -> str:
    unit = tier.unit or rule.unit
    if tier.by_date:
        most = f", at most {tier.budget} days from the start" if tier.budget else ""
        return f"a date that the firm names{most}"
    said = amount(tier.budget or 0, unit)
    return f"{said} in all" if tier.total else f"{said} more"


def pauses(pack: Pack) -> Iterator[Row]:
    """Yield the rows of the pauses of every clock."""
    for rule in pack.clocks:
        for pause in rule.pauses:
            yield (
                f"`{rule.name}`",
                f"`{pause.name}`",
                pause.title.both,
                _needs(pause),
                _code(pause.letter),
                *_stand(pause),
            )


def _needs(pause: PauseRule) -> str:
    parts = [f"approved by {pause.approver.both}"] if pause.approver else []
    parts += ["the number of a document"] if pause.proof else []
    parts += [f"at most {pause.cap_days} calendar days"] if pause.cap_days else []
    parts += [f"until {_codes(pause.ends)}"] if pause.ends else []
    return "; ".join(parts)


def suspension(one: Suspension) -> Row:
    """Return the row of a suspension."""
    received = f"{one.received_from or '…'} to {one.received_to or '…'}"
    days, clocks = f"{one.begins} to {one.ends}", _codes(one.clocks) or "all"
    return f"`{one.name}`", one.title.both, days, received, clocks, when(one.when), *_stand(one)


def path(one: Path) -> Row:
    """Return the row of a path."""
    course = f"`{one.on}`", f"`{one.within}`", _codes(one.replaces), _code(one.letter) or "none", _codes(one.unless)
    return f"`{one.name}`", one.title.both, *course, *_stand(one)


def letter(one: LetterRule) -> Row:
    """Return the row of a letter."""
    title = one.title.both if one.title else ""
    return f"`{one.about}`", title, _codes(one.elements), when(one.when), *_stand(one)


def kept(one: RetentionRule) -> Row:
    """Return the row of a retention rule."""
    starts = f"`{one.starts}`" if one.waits else f"`{one.starts}`, if it happens"
    return f"`{one.name}`", one.title.both, f"{one.years} years", starts, when(one.when), *_stand(one)


def provision(one: Provision) -> Row:
    """Return the row of a provision."""
    return f"`{one.name}`", one.title.both, f"{one.rule.zh}<br>{one.rule.en}", *_stand(one)


def report(one: ReportRule) -> Row:
    """Return the row of a report."""
    nil, published = "yes" if one.nil else "", f"{one.publish_from} complaints" if one.publish_from else ""
    counts = one.dedupe.both if one.dedupe else ""
    level = one.level.replace("_", " ")
    return f"`{one.name}`", one.title.both, _period(one), _due(one), level, nil, published, counts, *_stand(one)


def _period(one: ReportRule) -> str:
    since = f", periods from {one.periods_from}" if one.periods_from else ""
    until = f", periods to {one.periods_to}" if one.periods_to else ""
    return one.period.replace("_", "-") + since + until


def _due(one: ReportRule) -> str:
    if one.due_budget:
        return f"{amount(one.due_budget, one.due_unit)} after the period"
    if one.window:
        return f"by {', '.join(map(_day_of_the_year, one.window))}"
    return one.due_words.both if one.due_words else ""


def _day_of_the_year(day: MonthDay) -> str:
    month = month_name[day.month]
    return f"the end of {month}" if day.day == _LAST else f"{day.day} {month}"


_LAST: Final = 31


def contact(rule: ContactRule) -> Row:
    """Return the row of a contact rule."""
    protected = ", ".join(role.en for role in rule.roles)
    since = f"; from {rule.valid_from}" if rule.valid_from else ""
    return f"`{rule.name}`", rule.title.both, _conduct(rule) + since, rule.effect.both, protected, *_stand(rule)


def _conduct(rule: ContactRule) -> str:
    match rule:
        case HoursRule():
            return f"not {rule.forbidden.words.en}, local time of the person"
        case FrequencyRule():
            span = {None: "ever", 1: "a day"}.get(rule.days, f"in {rule.days} days on end")
            return f"{rule.counting.en}: at most {rule.maximum} {span}, per {rule.counted_by.en}"
        case CoolDownRule():
            return f"none within {rule.days} days after a conversation, per {rule.counted_by.en}"
        case ThirdPersonRule():
            allowed = f": {'; '.join(one.en for one in rule.allowed)}" if rule.allowed else ""
            return f"third persons: {rule.demand}{allowed}"
        case StopRule():
            return f"stop when asked, per {rule.counted_by.en}"


def ladder(ladder: Ladder) -> str:
    """Return a ladder in words, as an entry of a list."""
    whom = ", ".join(one.both for one in ladder.severities) or "all others · 其他"
    marks = "; ".join(f"at {mark.percent} %: {_roles(mark.tell)}" for mark in ladder.marks)
    overdue = f"; on each working day after, {ladder.overdue_at_most} times at most: {_roles(ladder.overdue)}"
    return f"- {whom}: {marks}; missed: {_roles(ladder.missed)}{overdue if ladder.overdue else ''}"


def _roles(roles: Iterable[Role]) -> str:
    return ", ".join(role.en for role in roles)


def _code(name: str | None) -> str:
    return f"`{name}`" if name else ""


def _codes(names: Iterable[str]) -> str:
    return ", ".join(map(_code, names))
