"""What the doctor looks at of the cases: their database, their key, the rules they follow."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from complaints.adapters.store import Store
from complaints.calendars.model import Standing
from complaints.deadlines import Roll
from complaints.errors.base import ComplaintError
from complaints.regimes.model import ClockRule
from complaints.regimes.rulebook import packaged_rulebook
from complaints.settings import Settings
from deployments.doctor.finding import Finding


def opened(settings: Settings) -> Store | None:
    """Return the case database where it is there and up to date; looking must not make it."""
    store = Store(settings.cases_url, settings.key_file, settings.office_calendar)
    is_there = store.engine.dialect.name != "sqlite" or Path(store.engine.url.database or "").exists()
    return store if is_there and store.schema_is_current() else None


def cases(settings: Settings) -> list[Finding]:
    """Look at the case database, its schema and its key."""
    where = without_password(settings.cases_url)
    try:
        store = Store(settings.cases_url, settings.key_file)
        file = store.engine.url.database if store.engine.dialect.name == "sqlite" else None
        if file and not Path(file).exists():  # looking must not make it
            return [Finding("note", "case database", f"{where} is not there yet", "redress up makes it")]
        if not store.schema_is_current():
            return [
                Finding("note", "case database", f"{where}: schema not up to date", "redress up brings it up to date")
            ]
        found = f"key {store.master.fingerprint} in {settings.key_file}"
    except ComplaintError as wrong:
        return [Finding("bad", "case database", where, str(wrong))]
    except Exception as error:
        return [Finding("bad", "case database", f"{where}: {type(error).__name__}", "is it there, and reachable?")]
    keep = "keep a copy apart from the database: without it no complaint can be read"
    return [Finding("ok", "case database", where), Finding("ok", "master key", found, keep)]


def rules(settings: Settings) -> list[Finding]:
    """Look for the regimes and calendars that are set, and whether the months ahead are known."""
    try:
        store = opened(settings)
        rules = store.rules() if store else packaged_rulebook()
        packs = [rules.pack(name) for name in (settings.regime, *settings.further_regimes)]
        names = {rules.for_office(settings.office_calendar).office.name}
        names |= {clock.calendar or pack.calendar for pack in packs for clock in pack.clocks if _needs_days(clock)}
        calendars = [rules.calendar(name) for name in sorted(names)]
    except ComplaintError as wrong:
        return [Finding("bad", "rules", "cannot be used", str(wrong))]
    except Exception as error:  # the case database was looked at before
        return [Finding("note", "rules", f"were not read: {type(error).__name__}", "see: case database")]
    findings = [Finding("ok", "regimes", ", ".join(f"{pack.name} {pack.version}" for pack in packs))]
    ahead = datetime.now(UTC) + timedelta(days=90)
    for calendar in calendars:
        what, known = f"calendar {calendar.name}", calendar.standing(ahead.year) is Standing.PUBLISHED
        if known:
            findings.append(Finding("ok", what, f"version {calendar.version}, {ahead.year} published"))
        else:
            cure = "bring it in as soon as it is published: redress calendar import FILE"
            findings.append(Finding("note", what, f"{ahead.year} is not published: computed on the known rules", cure))
    return findings


def _needs_days(clock: ClockRule) -> bool:
    return clock.unit.is_working or clock.roll is not Roll.NONE


def without_password(address: str) -> str:
    """Return a database's address without user, password and options, each of which can be a secret."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        return "REDRESS_DATABASE_URL"
    host = (url.host or "").rpartition("@")[2]  # a password with an unescaped @ runs on into the host
    return url._replace(username=None, password=None, host=host or None).set(query={}).render_as_string()
