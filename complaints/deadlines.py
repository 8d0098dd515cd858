"""When a clock runs out, and why: pure arithmetic on instants and budgets."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from complaints.regimes.model import ClockRule, Unit


@dataclass(frozen=True)
class Step:
    """One line of the explanation of a due time."""

    zh: str
    en: str


@dataclass(frozen=True)
class Due:
    """When a clock runs out.

    Attributes:
        at: The first instant that is too late, in UTC.
        on: The last day in the regime's zone on which the duty can be done in time.
        steps: How it was computed, rule by rule.
    """

    at: datetime
    on: date
    steps: tuple[Step, ...]


def due(rule: ClockRule, started_at: datetime, zone: ZoneInfo) -> Due:
    """Return when ``rule`` runs out for a start, with the reasons.

    Args:
        rule: Budget and unit; the first day is not counted (Civil Code art. 201).
        started_at: When the clock started; timezone-aware.
        zone: The regime's zone, in which days begin and end.

    Raises:
        ValueError: ``started_at`` has no time zone.
    """
    if started_at.tzinfo is None:
        raise ValueError("started_at has no time zone; give its UTC offset")
    local = started_at.astimezone(zone)
    stamp = f"{local:%Y-%m-%d %H:%M}"
    begun = Step(f"{stamp} 起算({zone.key})", f"starts {stamp} ({zone.key})")
    if rule.unit is Unit.HOURS:
        at = started_at.astimezone(UTC) + timedelta(hours=rule.budget)
        end = at.astimezone(zone)
        counted = Step(
            f"连续计 {rule.budget} 小时,至 {end:%Y-%m-%d %H:%M}",
            f"{rule.budget} hours on end, until {end:%Y-%m-%d %H:%M}",
        )
        last_in_time = (at - timedelta(microseconds=1)).astimezone(zone)
        return Due(at, last_in_time.date(), (begun, counted))
    last = local.date() + timedelta(days=rule.budget)
    midnight = datetime.combine(last + timedelta(days=1), time(), tzinfo=zone)
    counted = Step(
        f"次日为第 1 日,按自然日计 {rule.budget} 日,至 {last} 日终",
        f"the next day is day 1; {rule.budget} calendar days, until the end of {last}",
    )
    return Due(midnight.astimezone(UTC), last, (begun, counted))


def last_moment(due_at: datetime, zone: ZoneInfo) -> str:
    """Return the last moment that is in time, as people write it: a limit that ends with a day shows as 24:00."""
    local = due_at.astimezone(zone)
    if local.time() == time():
        return f"{local.date() - timedelta(days=1)} 24:00"
    return f"{local:%Y-%m-%d %H:%M}"


def last_day(due_at: datetime, zone: ZoneInfo) -> date:
    """Return the last day on which a duty is in time."""
    local = due_at.astimezone(zone)
    return local.date() - timedelta(days=1) if local.time() == time() else local.date()


def warn_at(rule: ClockRule, due_at: datetime) -> datetime | None:
    """Return when a warning is due, or None for a clock that gives none."""
    return due_at - timedelta(hours=rule.warn_before_hours) if rule.warn_before_hours else None
