"""What every task works with: the case database, the firm's time, and the ways letters leave."""

from functools import cache

from sqlalchemy.exc import OperationalError

from complaints.adapters.evidence import EvidenceStore
from complaints.adapters.mail import Carrier, FolderCarrier, HandOver, KeptOnFile, SmtpCarrier
from complaints.adapters.store import Store
from complaints.adapters.together import Together
from complaints.adapters.virus_scanner import VirusScanner
from complaints.case import Case
from complaints.errors import RetryableError
from complaints.settings import settings


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


def look(reference: str) -> Case:
    """Return a case as it stands now, to read only."""
    return store().read_case(reference)


def carrier(channel: str) -> Carrier:
    """Return how letters of a channel (``email``, ``hand``, ``file``) leave."""
    if channel == "file":
        return KeptOnFile()
    if channel == "hand":
        return HandOver(settings().letters_folder / "hand-over")
    if settings().smtp_url:
        return SmtpCarrier(settings().smtp_url, settings().firm, settings().mail_timeout_seconds)
    return FolderCarrier(settings().letters_folder / "not-sent", settings().firm)


def is_retryable(task: object, run: object, state: object) -> bool:
    """Tell Prefect that only what may go better later is worth another try."""
    error = getattr(getattr(state, "data", None), "exception", None) or _raised(state)
    return isinstance(error, RetryableError | OperationalError)  # or the database is away for a moment


def _raised(state: object) -> BaseException | None:
    try:
        state.result()  # type: ignore[attr-defined] # Prefect's State; a failed one raises its exception
    except BaseException as error:
        return error
    return None
