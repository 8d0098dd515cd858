"""The door of a firm whose CRM has a secret."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from deployments.door import admission, aftermath
from deployments.door.app import app
from deployments.door.limits import Buckets
from tests.deployments.conftest import Installation
from tests.deployments.door.sending import SECRET


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cases whose runs were started; calling a server that is away would cost each test seconds."""
    references: list[str] = []
    monkeypatch.setattr(aftermath, "filed", references.append)
    return references


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cases whose runs were woken."""
    references: list[str] = []
    monkeypatch.setattr(aftermath, "changed", references.append)
    return references


@pytest.fixture(autouse=True)
def _no_guesses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has guessed before: all tests come from one address."""
    monkeypatch.setattr(admission, "GUESSES", Buckets(rate=1, burst=10_000))


@pytest.fixture
def door(firm: Installation, started: list[str], woken: list[str]) -> Iterator[TestClient]:
    """The door."""
    firm.set(REDRESS_WEBHOOK_SECRETS__crm=SECRET)
    with TestClient(app) as client:
        yield client
