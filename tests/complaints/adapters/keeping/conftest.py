"""A firm whose cases were closed long ago."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from complaints.adapters.evidence_files import EvidenceFiles
from complaints.adapters.keeping.erasing import Order
from complaints.adapters.keeping.outside import Outside
from complaints.adapters.keeping.remnants import Places
from complaints.adapters.store import Store
from complaints.words import ErasureGround, Stage
from tests.builders import a_stored_case, file_complaint, utc
from tests.conftest import Databases, SqliteFiles

THEN: datetime = utc(2020, 3, 2, 1)
"""When the cases were closed; the rule of cn-nfra keeps them for five years."""

OVER: datetime = utc(2025, 3, 2, 16)
"""When the last of these days ended in Shanghai."""

EXPIRED = Order(ErasureGround.EXPIRED, "li.wei", "wang.fang")


def three_old_cases(store: Store) -> None:
    """Two closed cases and an open one."""
    store.make_demo(THEN)
    a_stored_case(store, Stage.CLOSED, letter=True, number="OLD-1", delivery_id="msg-OLD-1")
    a_stored_case(store, Stage.CLOSED, number="OLD-2")
    file_complaint(store, number="OPEN-1")


@pytest.fixture
def store(databases: Databases, session_key: Path) -> Iterator[Store]:
    """A database of either kind with three old cases; on SQLite a file of its own, for its bytes are looked at."""
    if isinstance(databases, SqliteFiles):
        store = Store(databases.prepared(three_old_cases), session_key)
        yield store
        store.engine.dispose()
    else:
        with databases.shared(three_old_cases) as store:
            yield store


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    return Outside(str(tmp_path / "anchors"))


@pytest.fixture
def places(tmp_path: Path, outside: Outside) -> Places:
    return Places(EvidenceFiles(str(tmp_path / "evidence")), tmp_path / "letters", tmp_path / "archive", outside)


def reference_of(store: Store, number: str) -> str:
    return store.find_cases(number)[0].reference
