"""Cases that an earlier version opened are finished by this one, and nothing is sent twice.

Each database was written by the code of its own version (``make_cases.py``): open cases at every stage where a case
waits, one that was closed, a letter in the outbox, and one that was just being sent when its worker died.
"""

import gzip
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from complaints.adapters.backups.restoring import Backup
from complaints.adapters.backups.taking import take_backup
from complaints.adapters.store import Store
from complaints.adapters.tables import FirmRow
from complaints.adapters.verify import verify
from complaints.answers import Question, parse_answer
from complaints.settings import settings
from complaints.words import Stage
from flows import handle_complaint as procedure
from tasks import deadlines, desk, letters, steps
from tests.builders import MONDAY
from tests.mail_servers import HOST, Mailbox, mail_server
from tests.upgrades.make_cases import ANSWERS, CASES

FOLDER = Path(__file__).parent
SCHEMAS = sorted(file.name.removesuffix(".sql.gz") for file in FOLDER.glob("schema-*.sql.gz"))
HAS_LEFT = "has a letter that was being sent"
PLAY: dict[str, dict[str, Any]] = ANSWERS | {
    "follow-up": {"satisfaction": "satisfied"},
    "reply": {"topic": "fees"},
    "delivery": {"choice": "arrived"},
    "breach": {"cause": "staffing"},
}
"""An answer to every question that the cases ask."""


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    """What arrives at the mail server that letters leave by."""
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        monkeypatch.setenv("REDRESS_SMTP_URL", f"smtp://{HOST}:{port}")
        yield mailbox


@pytest.fixture(params=SCHEMAS)
def left_behind(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mailbox: Mailbox
) -> Iterator[Store]:
    """An installation as an earlier version left it, not yet brought up to date."""
    key = Path(shutil.copy(FOLDER / f"{request.param}.key", tmp_path / "master.key"))
    key.chmod(0o600)
    with closing(sqlite3.connect(tmp_path / "cases.db")) as database:
        database.executescript(gzip.decompress((FOLDER / f"{request.param}.sql.gz").read_bytes()).decode())
    monkeypatch.setenv("REDRESS_HOME", str(tmp_path))
    settings.cache_clear()
    desk.store.cache_clear()
    yield desk.store()
    desk.store().engine.dispose()
    desk.store.cache_clear()
    settings.cache_clear()


@pytest.fixture
def store(left_behind: Store) -> Store:
    """It is upgraded; there it is Monday 2 March 2026, 10:00 in Shanghai."""
    left_behind.migrate()
    with left_behind.write() as session:
        offset = MONDAY + timedelta(hours=1) - datetime.now(UTC)
        session.execute(update(FirmRow).values(offset_seconds=round(offset.total_seconds())))
    return left_behind


@pytest.fixture
def finish(monkeypatch: pytest.MonkeyPatch, store: Store) -> Callable[[str], None]:
    """Leads a case to its end by the flow's own procedure, without Prefect between its steps."""

    def ask(reference: str, question: Question) -> None:
        with store.open_case(reference) as opened:
            opened.case.answer(question, parse_answer(question, PLAY[question]), "li.wei", opened.now)

    def wait(reference: str, clock: str) -> None:
        if not (waiting := store.read_case(reference).clocks[clock]).reached:
            store.move_time(waiting.next_at)
            deadlines.sweep.fn()

    for module in (letters, steps):
        for name, step in list(vars(module).items()):
            if hasattr(step, "fn"):
                monkeypatch.setattr(module, name, step.fn)
                if getattr(procedure, name, None) is step:
                    monkeypatch.setattr(procedure, name, step.fn)
    monkeypatch.setattr(procedure, "ask", ask)
    monkeypatch.setattr(procedure, "until_reached", wait)
    monkeypatch.setattr(procedure, "forget_answers", lambda _: None)
    monkeypatch.setattr(procedure, "sheet_on_page", lambda _: nullcontext())
    return procedure.handle_complaint.fn


def test_each_earlier_schema_has_a_database(store):
    assert SCHEMAS == ["schema-0001", "schema-0002", "schema-0003", "schema-0005"]
    assert store.schema_is_current()


def test_the_ledger_of_an_earlier_version_verifies_after_the_upgrade(store):
    assert verify(store).breaks == []
    assert {row.number for row in store.list_cases()} == set(CASES)


def test_cases_of_an_earlier_version_are_finished_and_nothing_is_sent_twice(store, finish, mailbox):
    cases = {row.number: row.reference for row in store.list_cases()}
    told_before = {reference: told(store, reference) for reference in cases.values()}
    open_before = set(store.open_references())

    for reference in sorted(open_before):
        finish(reference)

    assert store.open_references() == []
    assert verify(store).breaks == []
    assert {store.read_case(one).stage for one in cases.values()} == {Stage.CLOSED}
    sent = Counter(message_ids(mailbox))
    assert set(sent.values()) == {1}
    assert not sent.keys() & {one for before in told_before.values() for one in before}
    assert told(store, cases["was closed"]) == told_before[cases["was closed"]]


def test_a_letter_that_an_earlier_version_was_sending_is_asked_of_a_person(store, finish, mailbox):
    reference = next(row.reference for row in store.list_cases() if row.number == HAS_LEFT)
    (letter,) = store.read_case(reference).letters.values()

    finish(reference)

    assert letter.prepared.message_id not in message_ids(mailbox)
    assert [entry.kind for entry in store.entries(reference)].count("letter_failed") == 1


def test_a_backup_of_an_earlier_version_is_brought_up_to_date_when_it_is_restored(left_behind, tmp_path):
    take_backup(settings(), left_behind, tmp_path / "backups")
    left_behind.engine.dispose()

    restored = Backup(tmp_path / "backups", settings().key_file).restore(settings(), replace=True)

    assert (restored.verified.cases, restored.verified.breaks) == (len(CASES), [])
    assert restored.asked == 2  # of the letter in the outbox, and the one that was being sent
    assert left_behind.schema_is_current()


def told(store: Store, reference: str) -> set[str]:
    """The Message-IDs of the letters of a case that have left."""
    return {one.prepared.message_id for one in store.read_case(reference).letters.values() if one.sent_at}


def message_ids(mailbox: Mailbox) -> list[str]:
    """The Message-IDs of what arrived."""
    return [letter["Message-ID"] for letter in mailbox.letters]
