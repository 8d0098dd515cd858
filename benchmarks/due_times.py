"""How many due times one core computes in a second: ``python -m benchmarks.due_times``.

Starts, budgets and calendars are drawn at random, the same in every run. Processor time is measured, and only that of
the computing itself.
"""

import argparse
import json
import random
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from time import process_time
from typing import Any, Final

from complaints.calculator.lines import answer_line
from complaints.calendars.files import load_calendar, packaged_names
from complaints.calendars.model import WorkingCalendar
from complaints.deadlines import Counting, Pause, Roll, Term, Unit, due

CALENDARS: Final = ("cn-public", "us-federal", "england-and-wales")
LONGEST: Final = {
    Unit.HOURS: 720,
    Unit.CALENDAR_DAYS: 180,
    Unit.WORKING_DAYS: 120,
    Unit.WORKING_MINUTES: 60 * 7 * 60,
    Unit.WEEKS: 26,
    Unit.MONTHS: 6,
}
OWN: Final = {
    "working_weekdays": ["mon", "tue", "wed", "thu", "fri"],
    "holidays": ["2025-10-01", "2025-10-02", "2025-10-03", "2026-01-01"],
    "windows": ["09:00-12:00", "13:00-17:00"],
}
_BATCH: Final = 10_000
_FIRST: Final = datetime(2022, 1, 1, tzinfo=UTC)
_MINUTES: Final = 4 * 365 * 24 * 60  # starts lie within four years


def main() -> None:
    """Print a table: the unit, and due times per second."""
    parser = argparse.ArgumentParser(description="How many due times one core computes in a second.")
    parser.add_argument("--count", type=int, default=1_000_000, help="due times in all [default: 1000000]")
    count = parser.parse_args().count
    calendars = [load_calendar(name) for name in CALENDARS if name in packaged_names()]
    if not calendars:
        sys.exit(f"none of these calendars is there: {', '.join(CALENDARS)}")
    show(f"{count:,} due times over {', '.join(one.name for one in calendars)}")
    drawn, each, seconds = random.Random(2026), max(1, count // len(Unit)), 0.0
    for unit in Unit:
        seconds += timed(unit, each, partial(a_term, drawn, unit, calendars), due)
    show(f"{'all together':28}{each * len(Unit) / seconds:>10,.0f} a second")
    few = max(1, count // 20)
    show(f"and {few:,} each of")
    timed("working days, two pauses", few, lambda: with_pauses(a_term(drawn, Unit.WORKING_DAYS, calendars)), due)
    timed("lines, a named calendar", few, lambda: a_line(drawn, calendars[0].name), answer_line)
    timed("lines, their own calendar", few, lambda: a_line(drawn, OWN), answer_line)


def timed(name: str, count: int, make: Callable[[], Any], compute: Callable[[Any], object]) -> float:
    """Print how many of one sort are computed in a second.

    Returns:
        The processor time for all of them, in seconds.
    """
    seconds = 0.0
    for done in range(0, count, _BATCH):
        batch = [make() for _ in range(min(_BATCH, count - done))]
        begun = process_time()
        for one in batch:
            compute(one)
        seconds += process_time() - begun
    show(f"{name:28}{count / seconds:>10,.0f} a second")
    return seconds


def a_term(drawn: random.Random, unit: Unit, calendars: Sequence[WorkingCalendar]) -> Term:
    """Return a limit, every fourth of them with a roll."""
    calendar = drawn.choice(calendars)
    counting = Counting(roll=drawn.choice([Roll.NONE, Roll.NONE, Roll.NONE, Roll.NEXT]))
    return Term(drawn.randint(1, LONGEST[unit]), unit, a_start(drawn), calendar.zone, calendar, counting)


def a_start(drawn: random.Random) -> datetime:
    """Return an instant, to the minute."""
    return _FIRST + timedelta(minutes=drawn.randrange(_MINUTES))


def with_pauses(term: Term) -> Term:
    """Return a limit with two pauses of three days."""
    begins = [term.started_at + timedelta(days=days) for days in (1, 9)]
    pauses = tuple(Pause(one, one + timedelta(days=3)) for one in begins)
    return Term(term.value, term.unit, term.started_at, term.zone, term.calendar, term.counting, pauses)


def a_line(drawn: random.Random, calendar: object) -> str:
    """Return a request for a limit in working days, as a program sends it."""
    request = {
        "id": drawn.randrange(10**9),
        "calendar": calendar,
        "zone": "Asia/Shanghai",
        "start": a_start(drawn).isoformat(),
        "budget": drawn.randint(1, LONGEST[Unit.WORKING_DAYS]),
        "unit": "working_days",
    }
    return json.dumps(request)


def show(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
