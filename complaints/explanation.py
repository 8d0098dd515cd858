"""Why a time limit runs out when it does: every day that was counted, every day that was not, rule by rule."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

from complaints.calendars.model import WEEKEND, Standing, WorkingCalendar
from complaints.deadlines import (
    DAY,
    Due,
    EndsAt,
    Leg,
    Pause,
    RestDayStart,
    Roll,
    Stretch,
    Term,
    Unit,
    budgets_of,
    due,
    gaps_of,
    in_force,
    is_after,
    last_day,
    last_moment,
    parts_of,
    rolled,
    start_day,
)
from complaints.words import Title

PAUSED: Final = Title(zh="中止计时", en="the clock stood still")
CLOSED: Final = Title(zh="营业时间外", en="outside working hours")
_MINUTE: Final = 60_000_000  # microseconds

UNITS: Final[dict[Unit, Title]] = {
    Unit.HOURS: Title(zh="小时", en="hours"),
    Unit.CALENDAR_DAYS: Title(zh="个自然日", en="calendar days"),
    Unit.WORKING_DAYS: Title(zh="个工作日", en="working days"),
    Unit.WORKING_MINUTES: Title(zh="分钟工作时间", en="working minutes"),
    Unit.WEEKS: Title(zh="周", en="weeks"),
    Unit.MONTHS: Title(zh="个月", en="months"),
}


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the count.

    Attributes:
        on: The day.
        number: The how-manieth it is; None where it was left out.
        minutes: Minutes counted on it; only for limits in hours and working minutes, of these in the calendar's zone.
        why: Why it was left out.
        moved_to: Whether it is the day to which the last one was moved; such a day counts no further.
    """

    on: date
    number: int | None
    minutes: int | None = None
    why: Title | None = None
    moved_to: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """A due time with its reasons: the sentences for people, the days for programs."""

    due: Due
    steps: tuple[Title, ...]
    days: tuple[Day, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        days = [
            {"on": str(one.on)}
            | ({"counted": one.number} if one.number is not None else {})
            | ({"minutes": one.minutes} if one.minutes is not None else {})
            | ({"left_out": one.why.model_dump()} if one.why else {})
            | ({"moved_to": True} if one.moved_to else {})
            for one in self.days
        ]
        return {"steps": [step.model_dump() for step in self.steps], "days": days}


def explain(term: Term) -> Explanation:
    """Return when a time limit runs out, with every reason.

    It counts day by day, where :func:`~complaints.deadlines.due` jumps: the two must agree.

    Args:
        term: Budget, start, calendar and what changed since.

    Raises:
        DeadlineError: see :func:`~complaints.deadlines.due`.
    """
    until = due(term)
    counted = in_force(term)
    steps, days = [*_beginning(term), *_extended(term)], list[Day]()
    parts = parts_of(counted)
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        walked = walk(counted, part)
        steps += _counted(part, walked, term.calendar)
        days += walked
        if isinstance(part, Leg) and not isinstance(following, Leg):
            on = rolled(counted, part)
            steps += _rolled(counted, part.last, on)
            days += _moved(counted, part.last, on)
    steps += _paused(term, days, until)
    steps += _assumed(term, until)
    steps.append(_ending(term, until))
    return Explanation(until, tuple(steps), tuple(days))


def walk(term: Term, part: Leg | Stretch) -> list[Day]:
    """Count a stretch day by day up to its last day."""
    if isinstance(part, Stretch):
        return _walk_minutes(term, part)
    gaps, number, days = gaps_of(term), 0, []
    day = part.day_0
    while day < part.last:
        day += DAY
        if _lies_in(day, gaps):
            days.append(Day(day, None, why=PAUSED))
        elif part.unit.is_working and (why := term.calendar.why_off(day)):
            days.append(Day(day, None, why=why))
        else:
            number += 1
            days.append(Day(day, number))
    return days


def _lies_in(day: date, gaps: Sequence[tuple[date, date]]) -> bool:
    place = bisect_right(gaps, day, key=lambda gap: gap[0])  # in order, and none within another
    return place > 0 and day < gaps[place - 1][1]


def _walk_minutes(term: Term, part: Stretch) -> list[Day]:
    """Return the minutes counted on each day, which add up to the budget, and the days without any."""
    zone = term.calendar.zone if part.unit.is_working else term.zone
    pauses = [(one.begins.astimezone(UTC), one.ends.astimezone(UTC)) for one in term.pauses if one.ends]
    days: list[Day] = []
    number = counted = 0
    begins, day, last = part.begins, part.begins.astimezone(zone).date(), last_day(part.ends, zone)
    while day <= last:
        ends = min(datetime.combine(day + DAY, time(), zone).astimezone(UTC), part.ends)
        whole = _between(term, part.unit, begins, ends)
        within = [(max(begins, first), min(ends, end)) for first, end in pauses if first < ends and begins < end]
        if passed := whole - sum(_between(term, part.unit, *one) for one in within):
            number += 1
            minutes = (counted + passed) // _MINUTE - counted // _MINUTE
            days.append(Day(day, number, minutes))
        elif begins < ends:
            off = term.calendar.why_off(day) if part.unit.is_working else None
            days.append(Day(day, None, why=off or (PAUSED if whole else CLOSED)))
        begins, day, counted = max(begins, ends), day + DAY, counted + passed
    return days


def _between(term: Term, unit: Unit, begins: datetime, ends: datetime) -> int:
    """Return the time of a unit between two instants, in microseconds; none where they are reversed."""
    if begins >= ends:
        return 0
    if unit.is_working:
        return term.calendar.worked(ends) - term.calendar.worked(begins)
    return (ends - begins) // timedelta(microseconds=1)


def _moved(term: Term, last: date, on: date) -> list[Day]:
    """Return the days over which a last day was moved on, and the one to which it was moved."""
    if on == last:
        return []
    gaps, days = gaps_of(term), []
    while (last := last + DAY) < on:
        days.append(Day(last, None, why=PAUSED if _lies_in(last, gaps) else term.calendar.why_off(last)))
    return [*days, Day(on, None, moved_to=True)]


def _beginning(term: Term) -> Iterable[Title]:
    local, counting, unit = term.started_at.astimezone(term.zone), term.counting, budgets_of(term)[0][1]
    stamp = f"{local:%Y-%m-%d %H:%M}"
    yield Title(zh=f"{stamp} 起算（{term.zone.key}）", en=f"starts {stamp} ({term.zone.key})")
    if not unit.ends_with_a_day:
        return
    start, received = start_day(term), local.date()
    if counting.cut_off and is_after(local, counting.cut_off):
        received += DAY
        limit = f"{counting.cut_off:%H:%M}"
        yield Title(zh=f"晚于 {limit}，视为次日收到", en=f"later than {limit}: counts as received on the next day")
    if unit is Unit.WORKING_DAYS and counting.rest_day_start is RestDayStart.NEXT_IS_DAY_0 and start != received:
        yield Title(
            zh=f"收到日非工作日，视为 {start} 收到", en=f"the day of the start is no working day: counts as {start}"
        )
    if counting.first_day:
        yield Title(zh="当日计入，为第 1 日", en="the day of the start counts as day 1")
    else:
        yield Title(zh="当日不计入，自次日起算", en="the day of the start is not counted")


def _amount(value: int, unit: Unit) -> Title:
    en = UNITS[unit].en
    return Title(zh=f"{value} {UNITS[unit].zh}", en=f"{value} {en.removesuffix('s') if value == 1 else en}")


def _extended(term: Term) -> Iterable[Title]:
    for one in term.extensions:
        amount = _amount(one.value, one.unit)
        if one.total:
            yield Title(zh=f"延期至共 {amount.zh}", en=f"extended to {amount.en} in all")
        else:
            yield Title(zh=f"延期 {amount.zh}", en=f"extended by {amount.en}")


def _counted(part: Leg | Stretch, days: Sequence[Day], calendar: WorkingCalendar) -> Iterable[Title]:
    amount = _amount(part.value, part.unit)
    zh, en = f"计 {amount.zh}", amount.en
    if part.unit is Unit.HOURS:
        yield Title(zh=f"连续{zh}", en=f"{en} on end")
        return
    counted = [one for one in days if one.number is not None]
    if counted:
        first, last = counted[0].on, counted[-1].on
        zh += f"：第 1 日 {first}，第 {len(counted)} 日 {last}"
        en += f": day 1 is {first}, day {len(counted)} is {last}"
    yield Title(zh=zh, en=en)
    if part.unit.is_working:
        yield from _made_up(counted, calendar)
    yield from _left_out(days)


def _made_up(counted: Sequence[Day], calendar: WorkingCalendar) -> Iterable[Title]:
    """Name the make-up working days that were counted: weekends on which people work for a holiday's sake."""
    by_holiday: dict[Title, list[date]] = {}
    for one in counted:
        if (name := calendar.work.get(one.on)) is not None:
            by_holiday.setdefault(name, []).append(one.on)
    for name, which in by_holiday.items():
        number = f"{len(which)} make-up working {'day' if len(which) == 1 else 'days'}"
        yield Title(
            zh=f"其中调休上班 {len(which)} 日（{name.zh}）：{ranges(which, '至', '、')}",
            en=f"of these {number} ({name.en}): {ranges(which, ' to ', ', ')}",
        )


def _left_out(days: Sequence[Day]) -> Iterable[Title]:
    """Name every day that was left out, under its reason, days in a row as one range."""
    by_reason: dict[Title, list[date]] = {}
    for one in days:
        if one.why and one.why not in (PAUSED, CLOSED):
            by_reason.setdefault(one.why, []).append(one.on)
    reasons = sorted(by_reason.items(), key=lambda item: (item[0] == WEEKEND, item[1][0]))
    for why, which in reasons:
        zh, en = ranges(which, "至", "、"), ranges(which, " to ", ", ")
        yield Title(
            zh=f"不计 {len(which)} 日（{why.zh}）：{zh}",
            en=f"{len(which)} {'day' if len(which) == 1 else 'days'} left out ({why.en}): {en}",
        )


def ranges(days: Sequence[date], to: str, between: str) -> str:
    """Return days as people list them, those in a row as one range: ``2026-10-01 to 2026-10-08, 2026-10-10``."""
    found: list[str] = []
    for _, group in groupby(enumerate(days), key=lambda pair: pair[1].toordinal() - pair[0]):
        row = [day for _, day in group]
        found.append(f"{row[0]}" if len(row) == 1 else f"{row[0]}{to}{row[-1]}")
    return between.join(found)


def _paused(term: Term, days: Sequence[Day], until: Due) -> Iterable[Title]:
    for pause in term.pauses:
        begins = _stamp(pause.begins, term.zone)
        if pause.begins >= until.at:
            yield Title(
                zh=f"{begins} 起的中止在到期之后，不影响期限", en=f"the pause from {begins} begins when it has run out"
            )
        elif pause.ends is None:
            yield Title(zh=f"自 {begins} 起中止计时，尚未恢复", en=f"stands still since {begins}")
        else:
            ends, what = _stamp(pause.ends, term.zone), _days_of(term, pause, days)
            zh, en = (f"，{what} 日不计入", f": {what} {'day' if what == 1 else 'days'} left out") if what else ("", "")
            yield Title(zh=f"中止 {begins} 至 {ends}{zh}", en=f"stood still from {begins} to {ends}{en}")


def _days_of(term: Term, pause: Pause, days: Sequence[Day]) -> int:
    """Return how many days a pause left out."""
    gaps = gaps_of(replace(term, pauses=(pause,)))
    return sum(one.why == PAUSED and _lies_in(one.on, gaps) for one in days)


def _rolled(term: Term, last: date, on: date) -> Iterable[Title]:
    if last == on:
        return
    why = term.calendar.why_off(last) or WEEKEND
    forward = term.counting.roll is Roll.NEXT
    yield Title(
        zh=f"第末日 {last} 为{why.zh}，{'顺延至' if forward else '提前至'} {on}",
        en=f"the last day {last} is no working day ({why.en}): {'moved on' if forward else 'moved back'} to {on}",
    )


def _assumed(term: Term, until: Due) -> Iterable[Title]:
    for year in until.assumed:
        if term.calendar.standing(year) is Standing.UNKNOWN:
            yield Title(
                zh=f"日历没有 {year} 年的数据，仅按每周作息推算",
                en=f"computed from the week alone: the calendar has no data for {year}",
            )
        else:
            yield Title(
                zh=f"{year} 年放假安排尚未公布，暂按已知规则推算",
                en=f"computed without the {year} arrangement, which is not published yet",
            )


def _ending(term: Term, until: Due) -> Title:
    moment = last_moment(until.at, term.zone)
    if until.stands:
        return Title(
            zh=f"计时中止期间不到期（若即刻恢复，到期 {moment}）",
            en=f"not due while it stands still (resumed at once: {moment})",
        )
    in_days = budgets_of(term)[-1][1].ends_with_a_day
    closing = in_days and term.counting.ends_at is EndsAt.CLOSING and not moment.endswith("24:00")
    zh, en = ("（营业结束时）", " (at closing)") if closing else ("", "")
    return Title(zh=f"到期：{moment}{zh}", en=f"due {moment}{en}")


def _stamp(instant: datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M}"
