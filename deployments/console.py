"""What the commands share: where they print, who uses them, the case database, and waking a case's run."""

import sys
from enum import StrEnum
from functools import cache
from typing import Annotated

import typer
from alembic.util import CommandError
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from sqlalchemy.exc import ArgumentError

from complaints.adapters.store import Store
from complaints.answers import Staff
from complaints.calendars.files import load_calendar
from complaints.calendars.model import WorkingCalendar
from complaints.errors.case import AnswerRefused
from complaints.errors.settings import SettingError
from complaints.settings import settings
from complaints.words import EN, ZH

out = Console(width=None if sys.stdout.isatty() else 160, emoji=False)  # ":key:" in a narrative is no picture


class Tongue(StrEnum):
    """The languages that letters and explanations are written in."""

    CHINESE = ZH
    ENGLISH = EN


Reference = Annotated[str, typer.Argument(metavar="REF", help="the case's reference, such as TS260302-7K3M9QX")]
By = Annotated[str, typer.Option("--by", help="your staff number; it stands in the ledger")]
Language = Annotated[Tongue, typer.Option("--lang", help="the language: zh-CN or en")]


@cache
def cases() -> Store:
    """Return the case database, brought up to date."""
    settings().home.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        store = Store(settings().cases_url, settings().key_file, settings().office_calendar, settings().wants)
    except (ArgumentError, ValueError, ImportError):  # not repeated: it may hold a password
        cure = "Write postgresql://user:password@host/name or sqlite:///file; PostgreSQL needs redress[postgres]"
        raise SettingError("REDRESS_DATABASE_URL", "no database can be reached by this address", cure) from None
    try:
        store.migrate()
    except CommandError:  # its schema is none that this version knows
        cure = "Use the version of Redress that worked with it last"
        raise SettingError("case database", "was brought up to date by a newer Redress", cure) from None
    return store


def find_calendar(name: str) -> WorkingCalendar:
    """Return a calendar: the firm's, where it has a case database, else one that Redress brings along.

    Raises:
        SettingError: there is none.
    """
    where = settings()
    if not where.database_url and not (where.home / "cases.db").exists():
        return load_calendar(name)  # to calculate, nothing needs to be set up
    return cases().rules().calendar(name)


def refusal(wrong: ValidationError) -> AnswerRefused:
    """Return the first field that is wrong, with the reason."""
    first = wrong.errors(include_input=False, include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    return AnswerRefused(field or "complaint", first["msg"].removeprefix("Value error, "))


def pairs(texts: list[str]) -> dict[str, str]:
    """Read FIELD=VALUE pairs.

    Raises:
        AnswerRefused: one is none, or is there twice.
    """
    given: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise AnswerRefused(text, "write it as FIELD=VALUE")
        if name in given:
            raise AnswerRefused(name, "is there twice; give it once")
        given[name] = value
    return given


def staff(by: str) -> str:
    """Return a staff number.

    Raises:
        AnswerRefused: it is missing, or none.
    """
    if not by:
        raise AnswerRefused("--by", "say who you are, by your staff number")
    try:
        return TypeAdapter(Staff).validate_python(by)
    except ValidationError:
        raise AnswerRefused(
            "--by", "a staff number has 2 to 32 letters, digits, dots, hyphens or underscores"
        ) from None


def start_run_of(reference: str) -> bool:
    """Start a case's run if Prefect answers; return whether it did."""
    if not prefect_answers():
        return False
    from flows.runs import prefect_client, start_run

    try:
        with prefect_client() as client:
            start_run(client, reference)
    except Exception:  # the case is stored: whatever is wrong with Prefect, its run is started later
        return False
    return True


def wake(reference: str, *, ended: bool = False) -> None:
    """Let the case's run go on if Prefect answers; otherwise it is woken by reconcile-runs.

    Args:
        reference: The case.
        ended: Its run had ended with it, and the case was taken up again.
    """
    if not prefect_answers():
        out.print("Prefect does not answer; the run goes on as soon as Prefect is there ('redress up').")
        return
    from flows.runs import take_up_case, wake_case

    try:
        (take_up_case if ended else wake_case)(reference)
    except Exception:  # what was done stands in the ledger
        out.print("Prefect refused; the run goes on within minutes.")


def prefect_answers() -> bool:
    """Whether Prefect's server is there."""
    import httpx

    from deployments.environment import apply

    apply(settings())
    try:
        return httpx.get(f"{settings().api_url}/health", timeout=2).is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
