"""The calculator of due times: one request in JSON, one answer, for programs that know nothing of cases.

A day without a time of day (``2026-03-02``) is its first instant, 00:00 in the request's zone: for a limit in days it
is the day of receipt, and a pause that goes on "to" a day lets the clock run again with that day.

After a restart the whole period runs anew: pauses that had ended and extensions that were granted before fall away; a
pause that ends later counts from the restart on. A calendar that knows nothing of a year which the count needs is
refused, not guessed; a year that is only expected is answered and named in ``assumed``.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any, NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from complaints.calculator.requests import AnyRequest, ExtensionRequest, OwnCalendar, Request, WorkingTimeRequest
from complaints.calendars.files import WEEKDAYS, load_calendar
from complaints.calendars.model import Standing, WorkingCalendar
from complaints.deadlines import (
    Counting,
    Due,
    Extension,
    Pause,
    Term,
    Unit,
    due,
    last_day,
    last_moment,
    working_minutes,
)
from complaints.errors.deadlines import CalendarNotPublished, RequestRefused
from complaints.errors.settings import SettingError
from complaints.explanation import explain

FindCalendar = Callable[[str], WorkingCalendar]


def answer(request: Request, find_calendar: FindCalendar = load_calendar) -> dict[str, Any]:
    """Return when a time limit runs out.

    Args:
        request: The limit.
        find_calendar: Returns the calendar of a name.

    Returns:
        ``due`` is the first instant that is too late, in the request's zone; it is null while the clock stands still,
        and ``paused_since`` is given.

    Raises:
        DeadlineError: it cannot be computed from what was given.
    """
    term = term_of(request, find_calendar)
    explained = explain(term) if request.explain else None
    until = explained.due if explained else due(term)
    _check_years(request, term.calendar, until.assumed)
    found = {"id": request.id} | _told(until, term)
    return found | explained.as_json() if explained else found


def _told(until: Due, term: Term) -> dict[str, Any]:
    zone = term.zone
    told: dict[str, Any] = {"due": None, "last_day": None, "last_moment": None}
    if not until.stands:
        told = {
            "due": until.at.astimezone(zone).isoformat(),
            "last_day": until.on.isoformat(),
            "last_moment": last_moment(until.at, zone),
        }
    told |= {"assumed": list(until.assumed), "stands": until.stands}
    if until.stands:
        told["paused_since"] = term.pauses[-1].begins.astimezone(zone).isoformat()
    return told


def term_of(request: Request, find_calendar: FindCalendar = load_calendar) -> Term:
    """Return the time limit that a request describes.

    Args:
        request: The limit.
        find_calendar: Returns the calendar of a name.

    Raises:
        RequestRefused: the zone or the calendar is not known, or an extension lacks what it needs.
    """
    calendar, zone = _calendar_and_zone(request, find_calendar)
    started = _instant(request.start, zone)
    restart = _instant(request.restart, zone) if request.restart else None
    if restart and restart < started:
        _refuse("restart", "lies before the start")
    term = Term(
        value=request.budget,
        unit=request.unit,
        started_at=restart or started,
        zone=zone,
        calendar=calendar,
        counting=Counting(
            request.count_first_day, request.roll, request.cut_off, request.rest_day_start, request.ends_at
        ),
        pauses=_pauses(request, zone, restart) if request.pauses else (),
        extensions=_extensions(request, zone, restart) if request.extensions else (),
    )
    if Unit.WORKING_MINUTES in (term.unit, *(one.unit for one in term.extensions)):
        _check_windows(request)
    return term


def _check_windows(request: AnyRequest) -> None:
    if isinstance(request.calendar, OwnCalendar) and request.calendar.windows is None:
        _refuse("calendar.windows", "is needed to count working minutes, such as ['09:00-12:00', '13:00-17:00']")


def _refuse(field: str, reason: str) -> NoReturn:
    raise RequestRefused("invalid_field", field, reason)


def _calendar_and_zone(request: AnyRequest, find_calendar: FindCalendar) -> tuple[WorkingCalendar, ZoneInfo]:
    named = _found(request.calendar, find_calendar) if isinstance(request.calendar, str) else None
    if request.zone is None:
        if named is None:
            _refuse("zone", "is needed, unless a calendar is named")
        return named, named.zone
    zone = _zone(request.zone)
    if named is not None:
        return named, zone
    return (request.calendar.in_zone(zone) if isinstance(request.calendar, OwnCalendar) else _week(zone)), zone


def _found(name: str, find_calendar: FindCalendar) -> WorkingCalendar:
    try:
        return find_calendar(name)
    except SettingError as wrong:
        raise RequestRefused("unknown_calendar", "calendar", f"{wrong.reason}. {wrong.cure}") from None
    except LookupError:
        raise RequestRefused("unknown_calendar", "calendar", f"there is no calendar '{name}'") from None


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        reason = f"'{name}' is no zone of the IANA database; write it as Asia/Shanghai"
        raise RequestRefused("unknown_zone", "zone", reason) from None


@lru_cache(maxsize=64)
def _week(zone: ZoneInfo) -> WorkingCalendar:
    """Return a calendar for requests without one: it knows no year, so that every question to it is refused."""
    return OwnCalendar(working_weekdays=WEEKDAYS, years=()).in_zone(zone)


def _instant(moment: date, zone: ZoneInfo) -> datetime:
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time(), zone)


def _pauses(request: Request, zone: ZoneInfo, restart: datetime | None) -> tuple[Pause, ...]:
    pauses = [
        Pause(_instant(one.begins, zone), _instant(one.ends, zone) if one.ends else None) for one in request.pauses
    ]
    if restart:
        pauses = [one for one in pauses if one.ends is None or one.ends > restart or one.ends < one.begins]
    return tuple(sorted(pauses, key=lambda one: one.begins.astimezone(UTC)))


def _extensions(request: Request, zone: ZoneInfo, restart: datetime | None) -> tuple[Extension, ...]:
    extensions: list[Extension] = []
    budget, unit = request.budget, request.unit
    for number, one in enumerate(request.extensions):
        field = f"extensions.{number}"
        if restart and _granted_at(one, field, zone) < restart:
            continue
        _check_conditions(one, field)
        value, total = (one.by, False) if one.by is not None else (one.to or 0, True)
        extension = Extension(value, one.unit or request.unit, total)
        if total and extension.unit is unit and 0 < value < budget:
            _refuse(f"{field}.to", f"{value} is shorter than the {budget} that it extends")
        budget, unit = value if total or extension.unit is not unit else budget + value, extension.unit
        extensions.append(extension)
    return tuple(extensions)


def _granted_at(extension: ExtensionRequest, field: str, zone: ZoneInfo) -> datetime:
    granted = extension.granted_at or extension.notice_sent_at
    if granted is None:
        _refuse(f"{field}.granted_at", "is needed beside a restart: what was granted before it falls away")
    return _instant(granted, zone)


def _check_conditions(extension: ExtensionRequest, field: str) -> None:
    if extension.approval_required and not (extension.approved_by or "").strip():
        reason = "has no effect without an approval; say in 'approved_by' who gave it, or leave the extension out"
        raise RequestRefused("extension_without_approval", f"{field}.approved_by", reason)
    if extension.notice_required and extension.notice_sent_at is None:
        reason = "has no effect before its notice; say in 'notice_sent_at' when that was sent, or leave it out"
        raise RequestRefused("extension_without_notice", f"{field}.notice_sent_at", reason)


def _check_years(request: AnyRequest, calendar: WorkingCalendar, assumed: tuple[int, ...]) -> None:
    """Refuse an answer that rests on a year of which the calendar knows nothing."""
    for year in assumed:
        if calendar.standing(year) is not Standing.UNKNOWN:
            continue
        if request.calendar is None:
            _refuse("calendar", "is needed to count working time, to move a last day, and to end at closing")
        if isinstance(request.calendar, OwnCalendar):
            reason = f"{year} is needed and not among them; add it, with its days in 'holidays'"
            raise RequestRefused("calendar_not_published", "calendar.years", reason)
        raise CalendarNotPublished(calendar.name, year)


def working_time(request: WorkingTimeRequest, find_calendar: FindCalendar = load_calendar) -> dict[str, Any]:
    """Return the whole working minutes between two instants; negative where they are reversed.

    Args:
        request: The instants and the calendar.
        find_calendar: Returns the calendar of a name.

    Raises:
        DeadlineError: they cannot be computed from what was given.
    """
    calendar, zone = _calendar_and_zone(request, find_calendar)
    _check_windows(request)
    begins, ends = _instant(request.begins, zone), _instant(request.ends, zone)
    first, last = sorted((begins, ends), key=lambda one: one.astimezone(UTC))
    years = range(first.astimezone(calendar.zone).year, last_day(last, calendar.zone).year + 1)
    assumed = tuple(year for year in years if calendar.standing(year) is not Standing.PUBLISHED)
    _check_years(request, calendar, assumed)
    minutes = working_minutes(calendar, begins, ends)
    return {"id": request.id, "working_minutes": minutes, "assumed": list(assumed)}
