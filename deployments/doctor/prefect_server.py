"""What the doctor looks at of Prefect's running server: what it tells of its own settings."""

import os
import re
from collections.abc import Callable
from datetime import timedelta
from importlib.metadata import version
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import httpx
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import func, select

from complaints.adapters.tables import CaseRow
from complaints.settings import LOOPBACK, Settings
from deployments.doctor.cases import opened
from deployments.doctor.finding import Finding, Grade, graded
from deployments.environment import RUNS_KEPT_DAYS

MARGIN: Final = timedelta(days=30)
"""How much longer than the longest case a run must be kept: who looks a month later finds it still."""


class Wanted(NamedTuple):
    """A setting of the server, and how it must be.

    Attributes:
        path: Where it is in what the server tells.
        fits: Whether a value is fine.
        otherwise: How bad any other is.
        cure: What to do then.
    """

    path: tuple[str, ...]
    fits: Callable[[Any], bool]
    otherwise: Grade
    cure: str

    @property
    def name(self) -> str:
        """What it is called in a finding."""
        return "Prefect: " + ".".join(self.path)


_OFF: Final = (False).__eq__
_ON: Final = (True).__eq__
_UNTOLD: Final = object()

ALWAYS: Final = (
    Wanted(
        ("server", "services", "pause_expirations", "enabled"),
        _OFF,
        "bad",
        "set PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_ENABLED=false: with it, every waiting case costs for ever",
    ),
    Wanted(("server", "analytics_enabled"), _OFF, "bad", "set PREFECT_SERVER_ANALYTICS_ENABLED=false"),
)
"""What no server of Redress may do."""

OF_OTHERS: Final = (
    Wanted(
        ("server", "api", "cors_allowed_origins"),
        lambda value: value != "*",
        "bad",
        "start it by redress server, with REDRESS_PREFECT_PAGE_URL: any page an operator has open could press Resume",
    ),
    Wanted(("server", "api", "csrf_protection_enabled"), _ON, "bad", "set REDRESS_PREFECT_PAGE_URL for the server"),
    Wanted(("server", "api", "auth_string"), bool, "bad", "set REDRESS_PREFECT_AUTH=user:password for the server"),
)
"""What must be so where others than this machine's own programs reach the server."""

OF_MANY: Final = tuple(
    Wanted(
        tuple(place.split(".")),
        lambda value: "memory" not in str(value),
        "bad",
        "set REDRESS_PREFECT_REDIS_URL for every process: in memory, each does all of it once more",
    )
    for place in (
        "server.events.messaging_broker",
        "server.events.messaging_cache",
        "server.events.causal_ordering",
        "server.concurrency.lease_storage",
        "server.worker_channel.cleanup_queue_storage",
        "server.docket.url",
    )
)
"""What must be so where several of Prefect's server processes work together."""

KEPT: Final = ("server", "services", "db_vacuum", "retention_period")
"""How long the server keeps a run that has ended."""


def asked(settings: Settings, processes: int) -> list[Finding]:
    """Look at what Prefect's server tells of itself.

    Args:
        settings: Those of this process.
        processes: How many server processes work together, as far as is known.
    """
    findings = []
    if os.environ.get("PREFECT_API_KEY"):
        cure = "unset it: it would win over the server's own password"
        findings.append(Finding("note", "PREFECT_API_KEY", "is set; Redress ignores it", cure))
    where = re.sub(r"//[^/]*@", "//", settings.api_url)  # without user and password
    name, _, password = settings.prefect_auth.get_secret_value().partition(":")
    auth = httpx.BasicAuth(name, password) if name else None
    try:
        answer = httpx.get(f"{settings.api_url}/admin/settings", timeout=3, auth=auth)
        if answer.status_code == httpx.codes.UNAUTHORIZED and settings.prefect_api_url:
            return [*findings, _not_let_in(where)]
        found: Any = answer.raise_for_status().json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return [*findings, Finding("note", "Prefect's server", f"{where} does not answer", "redress up")]
    wanted = [*ALWAYS, *_reachable(settings, found), *(OF_MANY if processes > 1 else ()), _kept(settings)]
    findings += [Finding("ok", "Prefect's server", where), *_age(settings, auth)]
    return [*findings, *(_judged(one, found) for one in wanted)]


def _age(settings: Settings, auth: httpx.BasicAuth | None) -> list[Finding]:
    """Look whether the server is older than what asks it; it answers older clients, not newer ones."""
    try:
        answer = httpx.get(f"{settings.api_url}/admin/version", timeout=3, auth=auth).raise_for_status()
        theirs, ours = str(answer.json()), version("prefect")
    except (httpx.HTTPError, ValueError):
        return []
    cure = "upgrade Prefect's servers before doors and workers"
    return [graded(_numbers(theirs) >= _numbers(ours), "Prefect's version", f"{theirs}, here {ours}", cure)]


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _not_let_in(where: str) -> Finding:
    return Finding("bad", "Prefect's server", f"{where} refuses this password", "set REDRESS_PREFECT_AUTH as it has it")


def _judged(wanted: Wanted, found: Any) -> Finding:
    value = _told(found, wanted.path)
    if value is _UNTOLD:
        return Finding("note", wanted.name, "the server does not tell", wanted.cure)
    if wanted.fits(value):
        return Finding("ok", wanted.name, _shown(value))
    return Finding(wanted.otherwise, wanted.name, _shown(value), wanted.cure)


def _told(found: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        found = found.get(part, _UNTOLD) if isinstance(found, dict) else _UNTOLD
    return found


def _shown(value: Any) -> str:
    """Return a value as it can be printed: an address may hold a password."""
    return re.sub(r"//[^/\s]*@", "//", str(value))


def _reachable(settings: Settings, found: Any) -> tuple[Wanted, ...]:
    """What must be so where others than this machine's own programs reach the server."""
    ways = (_told(found, ("server", "api", "host")), urlsplit(settings.api_url).hostname)
    exposed = settings.prefect_is_exposed or any(way not in (*LOOPBACK, _UNTOLD) for way in ways)
    return OF_OTHERS if exposed else (OF_OTHERS[0]._replace(otherwise="note"),)


def _kept(settings: Settings) -> Wanted:
    """A run must be kept until its case is closed: without it a case that a person stopped would start again."""
    longest = _longest_case(settings)

    def fits(value: Any) -> bool:
        try:
            return TypeAdapter(timedelta).validate_python(value) >= longest + MARGIN
        except ValidationError:
            return False

    days = max(RUNS_KEPT_DAYS, (longest + MARGIN).days + 1)
    cure = (
        f"a case has lasted {longest.days} days; set PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD={days * 86400}"
    )
    return Wanted(KEPT, fits, "bad", cure)


def _longest_case(settings: Settings) -> timedelta:
    """Return how long the oldest open case has lasted; nothing where the database cannot be asked."""
    try:
        store = opened(settings)
        if store is None:
            return timedelta(0)
        with store.read() as session:
            oldest = session.scalar(select(func.min(CaseRow.received_at)).where(CaseRow.closed_at.is_(None)))
            return max(store.now(session) - oldest, timedelta(0)) if oldest else timedelta(0)
    except Exception:  # the case database was looked at before
        return timedelta(0)
