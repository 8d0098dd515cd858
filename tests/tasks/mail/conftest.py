"""What the tests of the mail door share: mailboxes, and databases of either kind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from complaints.adapters.store import Store
from tasks import desk
from tests.conftest import Databases
from tests.dovecot import Imap, imap_server
from tests.tasks.mail.looking import use_mailbox


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Of either kind: much here happens at the same time, or in one transaction."""
    databases: Databases = request.getfixturevalue(request.param)
    yield databases
    databases.drop_copies()


@pytest.fixture(autouse=True)
def fresh_evidence(store: Store) -> Iterator[None]:
    """Evidence is kept in the test's own home folder."""
    desk.evidence_store.cache_clear()
    yield
    desk.evidence_store.cache_clear()


@pytest.fixture
def maildir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Maildir that is set as the mailbox."""
    folder = tmp_path / "Maildir"
    for part in ("tmp", "new", "cur"):
        (folder / part).mkdir(parents=True)
    use_mailbox(monkeypatch, f"maildir://{folder}")
    return folder


@pytest.fixture
def imap_mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Imap]:
    """A real IMAP server whose mailbox is set."""
    with imap_server() as server:
        use_mailbox(monkeypatch, server.url)
        yield server
