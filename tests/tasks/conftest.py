"""What the tests of tasks share: the tasks at work on a database of the test's own, whose time can be moved."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from complaints.adapters.store import Store
from complaints.settings import settings
from tasks import desk
from tests.builders import MONDAY
from tests.conftest import Databases, SqliteFiles
from tests.mail_servers import HOST, Mailbox, mail_server


@pytest.fixture
def databases(sqlite: SqliteFiles) -> Databases:
    """SQLite is enough where nothing happens at the same time."""
    return sqlite


@pytest.fixture(autouse=True)
def store(store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Store]:
    """The case database that the tasks work with: a demo in which it is Monday 2 March 2026, 09:00 in Shanghai.

    The home folder is the test's own, and no mail server is set.
    """
    store.make_demo(MONDAY)
    monkeypatch.setenv("REDRESS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("REDRESS_SMTP_URL", raising=False)
    monkeypatch.setattr(desk, "Store", lambda *_: store)
    settings.cache_clear()
    desk.store.cache_clear()
    yield store
    desk.store.cache_clear()
    settings.cache_clear()


@pytest.fixture
def use_mail_server(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets which mail server letters leave by, and how many seconds it is given to answer."""

    def use(port: int, seconds: float = 60) -> None:
        monkeypatch.setenv("REDRESS_SMTP_URL", f"smtp://{HOST}:{port}")
        monkeypatch.setenv("REDRESS_MAIL_TIMEOUT_SECONDS", str(seconds))
        settings.cache_clear()

    return use


@pytest.fixture
def mailbox(use_mail_server: Callable[..., None]) -> Iterator[Mailbox]:
    """What arrives at the mail server that letters leave by."""
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        use_mail_server(port)
        yield mailbox
