"""A machine whose clock is five minutes off: what it refuses, and what it may do too early or too late."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from complaints.adapters.store import Store
from complaints.adapters.verify import verify
from tests.builders import file_complaint
from tests.deployments.door.sending import as_json, bearer, headers
from tests.trials.doors import NOWHERE, a_door

pytestmark = pytest.mark.slow

FAST, SLOW = 300, -300
"""Seconds that a clock is ahead of the true time."""


@pytest.fixture
def home(session_key: Path, tmp_path: Path) -> Path:
    """An installation on a machine whose clock is right."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    shutil.copy(session_key, home / "master.key")
    return home


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{home / 'cases.db'}", home / "master.key")
    store.migrate()
    yield store
    store.engine.dispose()


def with_clock(seconds: int) -> tuple[str, ...]:
    """The beginning of a command whose process has a clock that is so far ahead."""
    faketime = shutil.which("faketime")
    if faketime is None:
        pytest.skip("libfaketime is not installed (Debian: faketime)")
    return (faketime, "-f", f"{seconds:+d}s")


@pytest.mark.parametrize("clock", [FAST, SLOW])
def test_a_door_whose_clock_is_off_takes_tokens_and_refuses_signatures_beyond_five_minutes(
    home, store, tmp_path, clock
):
    body, edge = as_json(number="signed"), 30  # seconds: a busy machine takes some to answer
    with a_door(home, tmp_path / "door.log", prefix=with_clock(clock)) as address:

        def send(content: bytes, given: dict[str, str]) -> httpx.Response:
            json_type = {"content-type": "application/json"}
            return httpx.post(f"{address}/v1/complaints", content=content, headers=given | json_type, timeout=60)

        beyond = send(body, headers(body, seconds=-edge if clock > 0 else edge))
        within = send(body, headers(body, seconds=edge if clock > 0 else -edge))
        token = send(as_json(number="token"), bearer("token-1"))

    assert (beyond.status_code, within.status_code, token.status_code) == (401, 201, 201)
    true_time = datetime.now(UTC)
    filed = {row.number: row.received_at for row in store.list_cases()}
    assert all(abs(at - true_time - timedelta(seconds=clock)) < timedelta(seconds=90) for at in filed.values())
    assert verify(store).breaks == []


@pytest.mark.parametrize("clock", [FAST, SLOW])
def test_a_sweep_whose_clock_is_off_strikes_a_limit_so_much_too_early_or_too_late_and_once(home, store, clock):
    reference = file_complaint(store)
    clocks = store.read_case(reference).clocks.values()
    next_at = min(one.next_at for one in clocks if one.next_at)
    before, seconds = len(store.entries(reference)), (next_at - datetime.now(UTC)).total_seconds()

    struck = [sweep(home, seconds + clock + apart) for apart in (-120, 120)]  # true time: just before, just after
    late = sweep(home, seconds + clock + 400)

    assert (struck, late) == (([1, 0], 0) if clock > 0 else ([0, 0], 1))
    assert len(store.entries(reference)) == before + 1
    assert verify(store).breaks == []


def sweep(home: Path, seconds: float) -> int:
    """Sweep in a process whose clock is so far ahead; return what was struck."""
    command = [*with_clock(round(seconds)), sys.executable, "-c", _SWEEP]
    given = {"REDRESS_HOME": str(home), "REDRESS_PREFECT_API_URL": NOWHERE}
    done = subprocess.run(command, env=os.environ | given, capture_output=True, text=True, check=True)
    return int(done.stdout)


_SWEEP = """
from complaints.adapters.store import Store
from complaints.adapters.sweeping import sweep
from complaints.settings import settings
print(len(sweep(Store(settings().cases_url, settings().key_file))))
"""
