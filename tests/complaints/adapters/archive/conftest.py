"""An archive of the test's own; PDF, which takes most of the time, only where a test is about it."""

from pathlib import Path

import pytest

from complaints.adapters.archive import drafting
from complaints.adapters.evidence import EvidenceStore
from complaints.adapters.pdf import PdfUnavailable
from complaints.adapters.store import Store
from tests.complaints.adapters.archive.cases import Firm


@pytest.fixture(autouse=True)
def _without_pdf(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be a machine without Pango."""

    def unavailable(_: str) -> bytes:
        raise PdfUnavailable("there is no Pango")

    if "with_pdf" not in request.fixturenames:
        monkeypatch.setattr(drafting, "to_pdf", unavailable)


@pytest.fixture
def with_pdf() -> None:
    """Ask for what this machine has."""


@pytest.fixture
def firm(store: Store, tmp_path: Path) -> Firm:
    """A firm with an empty archive, on SQLite and on PostgreSQL."""
    return Firm(store, EvidenceStore(str(tmp_path / "evidence")), tmp_path / "archive")


@pytest.fixture
def small_firm(sqlite, tmp_path: Path) -> Firm:
    """A firm with an empty archive, on SQLite alone."""
    with sqlite.shared() as store:
        yield Firm(store, EvidenceStore(str(tmp_path / "evidence")), tmp_path / "archive")
