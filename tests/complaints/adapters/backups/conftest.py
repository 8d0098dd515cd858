"""Two firms' worth of places: one that is backed up, and one that is restored to with nothing but the master key."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from complaints.adapters.backups.restoring import Backup, Restored
from complaints.adapters.backups.taking import Taken, take_backup
from complaints.adapters.evidence import EvidenceStore, add_evidence
from complaints.adapters.store import Store
from complaints.settings import Settings
from tests.builders import file_complaint
from tests.conftest import NO_POSTGRES, POSTGRES_URL, Databases


@dataclass
class Firm:
    """An installation."""

    settings: Settings
    store: Store

    def evidence(self, reference: str, content: bytes) -> None:
        """Add a file to a case."""
        with self.store.open_case(reference) as desk:
            add_evidence(desk, self.evidence_store, content, name="a", source="crm", by="crm")

    @property
    def evidence_store(self) -> EvidenceStore:
        return EvidenceStore(self.settings.evidence_place)

    def file(self, **changes: Any) -> str:
        return file_complaint(self.store, **changes)

    def backup(self, place: Path, **more: Any) -> Taken:
        return take_backup(self.settings, self.store, place, **more)

    def restore(self, place: Path, *, replace: bool = False) -> Restored:
        self.store.engine.dispose()  # it was stopped
        return Backup(place, self.settings.key_file).restore(self.settings, replace=replace)

    def write(self, path: str, content: bytes) -> None:
        """Write a file of the home folder."""
        file = self.settings.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


@pytest.fixture(autouse=True)
def postgres_tools(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded PostgreSQL brings along the tools of its own version."""
    if "postgresql" in request.node.name and POSTGRES_URL not in os.environ:
        pgserver = pytest.importorskip("pgserver", reason=NO_POSTGRES, exc_type=ImportError)
        tools = Path(pgserver.__file__).parent / "pginstall" / "bin"
        monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def new_firm(databases: Databases, session_key: Path, tmp_path: Path) -> Iterator[Callable[..., Firm]]:
    """Sets an installation up in a home folder of its own."""
    firms: list[Firm] = []

    def make(name: str, url: str) -> Firm:
        home = tmp_path / name
        home.mkdir(mode=0o700)
        key = Path(shutil.copy(session_key, home / "master.key"))
        firms.append(Firm(Settings(home=home, database_url=url), Store(url, key)))
        return firms[-1]

    yield make
    for firm in firms:
        firm.store.engine.dispose()


@pytest.fixture
def firm(new_firm: Callable[..., Firm], databases: Databases) -> Firm:
    """A firm that has just set up its Redress."""
    return new_firm("firm", databases.migrated())


@pytest.fixture
def new_machine(new_firm: Callable[..., Firm], databases: Databases) -> Firm:
    """Another machine, with a copy of the master key and an empty database."""
    return new_firm("new-machine", databases.empty())


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder of backups."""
    return tmp_path / "backups"
