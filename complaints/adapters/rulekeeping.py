"""Bringing in calendars and packs: what would move is shown first, then the cases that it touches are recomputed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import Select, select

from complaints import acts
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow, ClockRow
from complaints.calendars.files import read_calendar
from complaints.calendars.model import Standing, WorkingCalendar
from complaints.case import Case
from complaints.clocks import Clock
from complaints.errors.settings import RuleFileInvalid
from complaints.moves import OPEN
from complaints.regimes.files import check, read_pack
from complaints.regimes.model import Pack
from complaints.regimes.rulebook import Rulebook, packaged_rulebook
from complaints.timekeeping import moves
from complaints.words import Title


@dataclass(frozen=True)
class Moved:
    """A due time that a change moves; None: the clock was not there before, or is not any more."""

    reference: str
    clock: str
    was: datetime | None
    becomes: datetime | None
    why: Title


@dataclass(frozen=True)
class Change:
    """A file of rules that is to be brought in.

    Attributes:
        kind: ``calendar`` or ``pack``.
        rules: The rulebook with it.
        touched: Finds the cases that it may touch.
        apply: Records on a case what follows from it on a day.
        days: Days whose nature it changes.
        valid_from: When it comes into force, where that is a pack.
    """

    kind: str
    name: str
    version: str
    text: str
    rules: Rulebook
    touched: Select[tuple[str]]
    apply: Callable[[Case, datetime, date], None]
    days: dict[date, Title]
    valid_from: date | None = None


def calendar_change(store: Store, text: str, where: str) -> Change:
    """Read a calendar file and find what it changes.

    Raises:
        RuleFileInvalid: the file is wrong.
        SettingError: it extends a calendar that is not there.
    """
    file = read_calendar(text, where)
    with store.read() as session:
        before, known = store.rules(session), store.rule_files(session)
    after = store.rules_of([*known, ("calendar", file.name, text)])
    changed = {
        name: days for name, one in after.calendars.items() if (days := changed_days(before.calendars.get(name), one))
    }
    days = {day: why for one in changed.values() for day, why in one.items()}
    first = datetime.combine(min(days, default=date.max), time(), tzinfo=after.calendar(file.name).zone)
    query = (
        select(ClockRow.reference)
        .where(ClockRow.running, ClockRow.calendar.in_(changed), ClockRow.due_at >= first)
        .distinct()
        .order_by(ClockRow.reference)
    )
    cause = f"calendar {file.name} {file.version}"

    def apply(case: Case, now: datetime, on: date) -> None:
        for move in list(moves(case, cause, now)):
            case.record(acts.ClockRecomputed(clock=move.clock, cause=cause, until=move.until), now)

    return Change("calendar", file.name, file.version, text, after, query, apply, days)


def changed_days(before: WorkingCalendar | None, after: WorkingCalendar) -> dict[date, Title]:
    """Return the days that one calendar takes for work and the other for rest, and years that became known."""
    if before is None:
        return {}
    days = {*before.off, *before.work, *after.off, *after.work}
    changed = {
        day: after.off.get(day) or after.work.get(day) or before.off.get(day) or before.work[day]
        for day in days
        if before.is_working(day) != after.is_working(day)
    }
    for year in {*before.years, *after.years}:
        if before.standing(year) is not after.standing(year) and after.standing(year) is Standing.PUBLISHED:
            known = Title(zh=f"{year}年安排已公布", en=f"the {year} arrangement was published")
            changed.setdefault(date(year, 1, 1), known)
    return changed


def pack_change(store: Store, text: str, where: str) -> Change:
    """Read a pack and find the open cases that it applies to: by its date of receipt, or by its transition rule.

    Raises:
        RuleFileInvalid: the file is wrong, or its parts do not fit together.
    """
    pack = read_pack(text, where)
    with store.read() as session:
        before, known = store.rules(session), store.rule_files(session)
    base = packaged_rulebook().pack(pack.extends) if pack.extends else None  # what read_pack laid it over
    for finding in check(pack, text, base, before.calendars):
        raise RuleFileInvalid(where, finding.line, finding.field, finding.reason)
    after = store.rules_of([*known, ("pack", pack.name, text)])
    query = select(CaseRow.reference).where(CaseRow.stage.in_(OPEN)).order_by(CaseRow.received_at)

    def apply(case: Case, now: datetime, on: date) -> None:
        adopt(case, pack, after, now, on)

    return Change("pack", pack.name, pack.version, text, after, query, apply, {}, pack.valid_from)


def adopt(case: Case, pack: Pack, rules: Rulebook, now: datetime, on: date) -> None:
    """Let a case go on under a version of one of its regimes, where that applies to it.

    Args:
        case: An open case.
        pack: The version.
        rules: The rulebook with it.
        now: The firm's time.
        on: The day: a version reaches cases received before it only from its first day on, and by its transition.
    """
    current = next((one for one in case.all_packs if one.name == pack.name), None)
    if current is None or current == pack:
        return
    received_on = case.facts.received_at.astimezone(pack.tz).date()
    in_force = rules.in_force(pack.name, case.facts.received_at).version == pack.version
    by_receipt = in_force and received_on >= pack.valid_from
    if not by_receipt and not (pack.transition.open_cases and on >= pack.valid_from):
        return
    cause = f"regime {pack.name} {pack.version}"
    if current.version != pack.version:
        case.record(acts.RegimeAdopted(regime=pack.name, version=pack.version), now)
    for move in list(moves(case, cause, now)):
        case.record(acts.ClockRecomputed(clock=move.clock, cause=cause, until=move.until), now)


def preview(store: Store, change: Change, progress: Callable[[int], None] = lambda done: None) -> Iterator[Moved]:
    """Yield every due time that a change would move; nothing is changed.

    Args:
        store: The case database.
        change: What is to be brought in.
        progress: Is told how many cases were looked at.
    """
    now = store.now()
    for number, reference in enumerate(_references(store, change), 1):
        case = store.read_case(reference, change.rules)
        before = dict(case.clocks)
        today = now.astimezone(case.pack.tz).date()
        change.apply(case, now, max(today, change.valid_from or today))
        yield from _compared(case, before, change)
        progress(number)


def bring_in(store: Store, change: Change, by: str, progress: Callable[[int], None] = lambda done: None) -> list[Moved]:
    """Add a calendar or a pack and recompute the cases that it touches. Safe to run twice.

    Args:
        store: The case database.
        change: What is to be brought in.
        by: Who does it.
        progress: Is told how many cases were looked at.

    Returns:
        What moved.

    Raises:
        SettingError: the same version is there with another content.
    """
    with store.write() as session:
        store.add_rule(session, change.kind, change.name, change.version, change.text, by)
    moved: list[Moved] = []
    looked_at: set[str] = set()
    while fresh := [one for one in _references(store, change) if one not in looked_at]:  # and those filed meanwhile
        for reference in fresh:
            with store.open_case(reference) as desk:
                before = dict(desk.case.clocks)
                change.apply(desk.case, desk.now, desk.now.astimezone(desk.case.pack.tz).date())
                moved += _compared(desk.case, before, change)
            looked_at.add(reference)
            progress(len(looked_at))
    return moved


def coming_into_force(store: Store, within: timedelta = timedelta(days=7)) -> list[Change]:
    """Return the packs that reach open cases by their transition and came into force of late.

    Args:
        store: The case database.
        within: How far back to look.
    """
    with store.read() as session:
        files = [(name, text) for kind, name, text in store.rule_files(session) if kind == "pack"]
        now = store.now(session)
    found = []
    for name, text in files:
        pack = read_pack(text, name)
        today = now.astimezone(pack.tz).date()
        if pack.transition.open_cases and today - within <= pack.valid_from <= today:
            found.append(pack_change(store, text, name))
    return found


def _references(store: Store, change: Change) -> Sequence[str]:
    with store.read() as session:
        return session.scalars(change.touched).all()


def _compared(case: Case, before: Mapping[str, Clock], change: Change) -> Iterator[Moved]:
    for name in {**before, **case.clocks}:
        old, new = before.get(name), case.clocks.get(name)
        was = old.due_at if old else None
        becomes = new.due_at if new and new.ended is None else None
        if was != becomes and old is not new:
            yield Moved(case.reference, name, was, becomes, _why(case, name, change, was, becomes))


def _why(case: Case, name: str, change: Change, was: datetime | None, becomes: datetime | None) -> Title:
    clock, until = case.clocks[name], max(one for one in (was, becomes) if one)
    span = clock.started_at.date(), until.date()
    days = sorted(day for day in change.days if span[0] <= day <= span[1])
    if not days:
        return Title(zh=f"{change.name} {change.version}", en=f"{change.name} {change.version}")
    zh = "、".join(f"{day} {change.days[day].zh}" for day in days[:3])
    en = ", ".join(f"{day} {change.days[day].en}" for day in days[:3])
    return Title(zh=zh + ("等" if len(days) > 3 else ""), en=en + (" …" if len(days) > 3 else ""))
