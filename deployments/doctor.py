"""``redress doctor``: what is wrong with this installation, and the cure of each."""

import os
import platform
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal

import httpx
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from complaints.adapters.evidence_files import EvidenceFiles
from complaints.adapters.mailbox.transport import open_mailbox
from complaints.adapters.store import Store
from complaints.adapters.virus_scanner import VirusScanner
from complaints.calendars.model import Standing
from complaints.deadlines import Roll
from complaints.errors import ComplaintError
from complaints.regimes.model import ClockRule
from complaints.regimes.rulebook import packaged_rulebook
from complaints.settings import Settings

Grade = Literal["ok", "note", "bad"]

WANTED: Final = {"prefect": ((3, 8, 8), (3, 9)), "fastapi": ((0, 139), (0, 150)), "sqlalchemy": ((2, 0, 36), (2, 1))}
"""Least and first unfit version; see pyproject.toml for the reasons."""

SERVER_SETTINGS: Final[tuple[tuple[tuple[str, ...], object, Grade, str], ...]] = (
    # path in the server's settings, wanted, grade, cure
    (
        ("server", "services", "pause_expirations", "enabled"),
        False,
        "bad",
        "set PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_ENABLED=false: with it, every waiting case costs for ever",
    ),
    (("server", "analytics_enabled"), False, "bad", "set PREFECT_SERVER_ANALYTICS_ENABLED=false"),
)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    grade: Grade
    what: str
    found: str
    cure: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Look at versions, the home folder, keys, the case database, mail, the door and Prefect's server."""
    return [
        *_versions(),
        *_home(settings),
        *_cases(settings),
        *_rules(settings),
        *_doors(settings),
        _mailbox(settings),
        *_evidence(settings),
        *_alerts(settings),
        *_receivers(settings),
        *_prefect(settings),
    ]


def _versions() -> list[Finding]:
    python = platform.python_version_tuple()
    fits = (3, 11) <= (int(python[0]), int(python[1])) < (3, 14)
    findings = [_graded(fits, "Python", platform.python_version(), "use Python 3.11, 3.12 or 3.13")]
    for package, (least, unfit) in WANTED.items():
        found = version(package)
        numbers = tuple(int(part) for part in re.findall(r"\d+", found)[:3])
        cure = f"install with -c constraints.txt ({'.'.join(map(str, least))} up to {'.'.join(map(str, unfit))})"
        findings.append(_graded(least <= numbers < unfit, package, found, cure))
    return findings


def _home(settings: Settings) -> list[Finding]:
    if not settings.home.exists():
        return [Finding("note", "home folder", f"{settings.home} is not there yet", "redress up makes it")]
    mode = settings.home.stat().st_mode & 0o777
    private = not mode & 0o077
    return [_graded(private, "home folder", f"{settings.home}, mode {mode:o}", f"chmod 700 {settings.home}")]


def _cases(settings: Settings) -> list[Finding]:
    where = _without_password(settings.cases_url)
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


def _rules(settings: Settings) -> list[Finding]:
    """Look for the regimes and calendars that are set, and whether the months ahead are known."""
    try:
        store = Store(settings.cases_url, settings.key_file, settings.office_calendar)
        is_there = store.engine.dialect.name != "sqlite" or Path(store.engine.url.database or "").exists()
        rules = store.rules() if is_there and store.schema_is_current() else packaged_rulebook()
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


def _without_password(address: str) -> str:
    """Return a database's address without user, password and options, each of which can be a secret."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        return "REDRESS_DATABASE_URL"
    host = (url.host or "").rpartition("@")[2]  # a password with an unescaped @ runs on into the host
    return url._replace(username=None, password=None, host=host or None).set(query={}).render_as_string()


def _doors(settings: Settings) -> list[Finding]:
    mail = Finding("ok", "mail server", "set") if settings.smtp_url else _no_mail(settings)
    senders = ", ".join(sorted(settings.webhook_secrets))
    return [
        mail,
        Finding("ok", "senders at the door", senders)
        if senders
        else Finding("note", "senders at the door", "none", "redress up writes a first one into redress.toml"),
    ]


def _evidence(settings: Settings) -> list[Finding]:
    """Look whether evidence can be written and read, and viruses be found."""
    findings = [_evidence_store(settings)]
    if not settings.virus_scanner_url:
        cure = "set REDRESS_VIRUS_SCANNER_URL to a clamd; until then files are kept unscanned, and the ledger says so"
        return [*findings, Finding("note", "virus scanner", "none", cure)]
    try:
        VirusScanner(settings.virus_scanner_url, timeout_seconds=3).check()
    except ComplaintError as wrong:
        return [*findings, Finding("bad", "virus scanner", "does not answer: files are not taken", str(wrong))]
    return [*findings, Finding("ok", "virus scanner", settings.virus_scanner_url)]


def _mailbox(settings: Settings) -> Finding:
    """Look into the mailbox that complaints come to, without touching what lies there."""
    url = settings.mailbox_url.get_secret_value()
    if not url:
        return Finding("note", "mailbox", "none: no mail is taken in", "set REDRESS_MAILBOX_URL; see docs/mail-door.md")
    try:
        with open_mailbox(url, timeout_seconds=3) as mailbox:
            waiting = len(mailbox.waiting(500))
    except ComplaintError as wrong:
        return Finding("bad", "mailbox", "cannot be read: no mail is taken in", str(wrong))
    return Finding("ok", "mailbox", f"{waiting} mails wait")


def _evidence_store(settings: Settings) -> Finding:
    files, what = EvidenceFiles(settings.evidence_place), "evidence store"
    try:
        folder = files.folder
        if folder is None or folder.exists():
            files.check()
            return Finding("ok", what, str(folder or "elsewhere, as set"))  # a URL may hold a key
    except ComplaintError as wrong:
        return Finding("bad", what, "cannot be used", str(wrong))
    if settings.evidence_url:
        return Finding("bad", what, f"{folder} is not there", "make it, or mount the disk that it is on")
    return Finding("note", what, f"{folder} is not there yet", "the first file makes it")  # looking must not


def _alerts(settings: Settings) -> list[Finding]:
    """Look whether somebody is told of missed limits; an address can hold a key, so none is shown."""
    from complaints.adapters.notify import is_usable

    if not any(settings.alerts.values()):
        cure = "set REDRESS_ALERTS__HANDLER and others; until then limits are told on Prefect's page only"
        return [Finding("note", "alerts", "nobody is told", cure)]
    findings = []
    for role, urls in settings.alerts.items():
        wrong = sum(not is_usable(url) for url in urls)
        name, cure = f"alerts to {role}", "write it as Apprise's documentation says: wecombot://KEY, mailtos://…"
        findings.append(_graded(not wrong, name, f"{len(urls) - wrong} of {len(urls)} addresses usable", cure))
    return findings


def _receivers(settings: Settings) -> list[Finding]:
    """Look at who is told of cases, and at what could not be told; an address can hold a key, so its host is shown."""
    from complaints.adapters.dispatch_listing import Standing, standings

    try:
        store = Store(settings.cases_url, settings.key_file)
        is_there = store.engine.dialect.name != "sqlite" or Path(store.engine.url.database or "").exists()
        found = standings(store) if is_there and store.schema_is_current() else {}
    except Exception:  # the case database was looked at before
        found = {}
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    findings = []
    for name in sorted(settings.receivers.keys() | found.keys()):
        receiver, standing = settings.receivers.get(name), found.get(name, Standing(0, 0, None))
        what, where = f"receiver {name}", receiver.host if receiver else "not in the settings"
        if standing.dead:
            cure = f"redress webhooks list --dead; then redress webhooks replay --all-dead --receiver {name}"
            findings.append(Finding("bad", what, f"{where}: {standing.dead} dead letters", cure))
        elif receiver is None or (standing.since and standing.since < long_ago):
            cure = f"redress webhooks list --receiver {name}" + (f"; redress webhooks test {name}" if receiver else "")
            findings.append(Finding("note", what, f"{where}: {standing.waiting} wait to be told", cure))
        else:
            told = f"{len(receiver.events)} events{', with personal data' if receiver.personal else ''}"
            findings.append(Finding("ok", what, f"{where}, {told}"))
    return findings


def _no_mail(settings: Settings) -> Finding:
    cure = "set REDRESS_SMTP_URL=smtp://user:password@host:587 to send them"
    return Finding("note", "mail server", f"none: letters are written to {settings.letters_folder}, not sent", cure)


def _prefect(settings: Settings) -> list[Finding]:
    findings = []
    if os.environ.get("PREFECT_API_KEY"):
        cure = "unset it: it would win over the server's own password"
        findings.append(Finding("note", "PREFECT_API_KEY", "is set; Redress ignores it", cure))
    where = re.sub(r"//[^/]*@", "//", settings.api_url)  # without user and password
    try:
        answer = httpx.get(f"{settings.api_url}/admin/settings", timeout=3).raise_for_status()
        found: dict[str, Any] = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return [*findings, Finding("note", "Prefect's server", f"{where} does not answer", "redress up")]
    findings.append(Finding("ok", "Prefect's server", where))
    for path, wanted, grade, cure in SERVER_SETTINGS:
        value: Any = found
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        name = "Prefect: " + ".".join(path)
        if value is None:
            findings.append(Finding("note", name, "the server does not tell", cure))
        else:
            findings.append(
                Finding("ok" if value == wanted else grade, name, str(value), "" if value == wanted else cure)
            )
    return findings


def _graded(fits: bool, what: str, found: str, cure: str) -> Finding:
    return Finding("ok", what, found) if fits else Finding("bad", what, found, cure)
