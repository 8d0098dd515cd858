"""What every task works with: the case database, the firm's time, and the ways letters leave."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.exc import OperationalError

from complaints.adapters.engine import patiently
from complaints.adapters.evidence import EvidenceStore
from complaints.adapters.mail import Carrier, FolderCarrier, HandOver, KeptOnFile, SmtpCarrier
from complaints.adapters.store import OpenCase, Seen, Store
from complaints.adapters.together import Together
from complaints.adapters.virus_scanner import VirusScanner
from complaints.case import Case
from complaints.correspondence import ON_FILE
from complaints.errors.base import RetryableError
from complaints.settings import settings

if TYPE_CHECKING:  # the commands work with this before Prefect's settings are made from those of Redress
    from prefect import Task

    from complaints.adapters.summaries import Summaries

_retried: Final[list[str]] = []
_last: tuple[Store, Seen] | None = None


@cache
def store() -> Store:
    """Return this process's case database."""
    return Store(settings().cases_url, settings().key_file, settings().office_calendar, settings().wants)


@cache
def evidence_store() -> EvidenceStore:
    """Return this process's evidence store."""
    scanner = VirusScanner(settings().virus_scanner_url) if settings().virus_scanner_url else None
    return EvidenceStore(settings().evidence_place, settings().evidence_limits, scanner)


@cache
def together() -> Together:
    """Return what stores the complaints that reach this process at the same moment."""
    return Together(store(), settings().regime, settings().further_regimes)


def summaries() -> "Summaries":
    """Return the firm's regulatory summaries."""
    from complaints.adapters.summaries import Summaries  # with pandas, which a door seldom needs

    where = settings()
    return Summaries(store(), where.summaries_folder, where.firm, where.pages_url, where.returns_folder)


def look(reference: str) -> Case:
    """Return a case as it stands now, to read only; a database that is away for a moment is waited for.

    Flows look between their steps, where nothing else would try again, and so often that replaying the ledger each
    time would be a third of a worker's work: the case that was seen last is kept while it stands as it did.
    """
    global _last
    standing = patiently(lambda: store().standing(reference))
    if (seen := _seen()) is None or seen.standing != standing:
        seen = Seen(standing, patiently(lambda: store().read_case(reference)))
        _last = store(), seen
    return seen.case


@contextmanager
def open_case(reference: str) -> Iterator[OpenCase]:
    """Open a case for a step, as :meth:`Store.open_case` does; the next look need not read again what it saved."""
    global _last
    seen, _last = _seen(), None
    with store().open_case(reference, seen) as desk:
        yield desk
    if desk.standing:
        _last = store(), Seen(desk.standing, desk.case)


def _seen() -> Seen | None:
    last = _last  # once: a door's threads share it
    return last[1] if last and last[0] is store() else None


def carrier(channel: str) -> Carrier:
    """Return how letters of a channel (``email``, ``hand``, ``file``) leave."""
    if channel == ON_FILE:
        return KeptOnFile()
    if channel == "hand":
        return HandOver(settings().letters_folder / "hand-over")
    if settings().smtp_url:
        return SmtpCarrier(settings().smtp_url, settings().firm, settings().mail_timeout_seconds)
    return FolderCarrier(settings().letters_folder / "not-sent", settings().firm)


def is_retryable(task: "Task[..., Any]", run: object, state: object) -> bool:
    """Tell Prefect that only what may go better later is worth another try."""
    error = getattr(getattr(state, "data", None), "exception", None) or _raised(state)
    retryable = isinstance(error, RetryableError | OperationalError)  # or the database is away for a moment
    if retryable:
        _retried.append(task.name)
    return retryable


def forget_retried() -> tuple[str, ...]:
    """Return the steps of this process that failed in a way worth another try, and forget them."""
    names = tuple(_retried)
    _retried.clear()
    return names


def _raised(state: object) -> BaseException | None:
    try:
        state.result()  # type: ignore[attr-defined] # Prefect's State; a failed one raises its exception
    except BaseException as error:
        return error
    return None
