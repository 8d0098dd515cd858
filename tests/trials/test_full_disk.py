"""The disk of the case database is full while complaints come in: they are refused as a whole, and taken later."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from complaints.adapters.store import Store
from complaints.adapters.verify import verify
from tests.deployments.door.sending import as_json, bearer, parts
from tests.evidence_places import PDF
from tests.trials.doors import Load, a_door

pytestmark = pytest.mark.slow


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("only root can make a small disk")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_loses_nothing_that_was_answered_and_the_door_goes_on_when_there_is_room(
    small_disk, session_key, tmp_path
):
    home = small_disk / "home"
    home.mkdir(mode=0o700)
    store = Store(f"sqlite:///{home / 'cases.db'}", Path(shutil.copy(session_key, home / "master.key")))
    store.migrate()
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(8 * 2**20))

    with a_door(home, tmp_path / "door.log") as address:
        load = Load(address)
        with load.going():
            load.until(201, 20)
            load.until(503, 20, 200)
            assert store.read_case(next(iter(load.accepted.values()))).stage.is_open  # it can be read
            ballast.unlink()
            load.until(201, 20)
        taken_before, refused = len(load.accepted), len(load.refused)
        load.send_refused_again()

    sys.stdout.write(f"{taken_before} taken, {refused} refused and sent again, answers {dict(load.statuses)}\n")
    stored = {row.number: row.reference for row in store.list_cases(limit=100_000)}
    assert load.wrong == []
    assert set(load.statuses) <= {200, 201, 503}
    assert stored == load.accepted
    assert verify(store).breaks == []
    store.engine.dispose()


def test_a_file_that_finds_no_room_while_it_is_read_is_refused_and_taken_later(small_disk, session_key, tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    shutil.copy(session_key, home / "master.key")
    Store(f"sqlite:///{home / 'cases.db'}", home / "master.key").migrate()
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(14 * 2**20))
    body, content_type = parts("complaint", as_json(), ("流水.pdf", PDF + bytes(4 * 2**20), "application/pdf"))
    sent = bearer("file-1") | {"content-type": content_type}

    with a_door(home, tmp_path / "door.log", TMPDIR=str(small_disk)) as address:
        full = httpx.post(f"{address}/v1/complaints", content=body, headers=sent, timeout=60)
        ballast.unlink()
        later = httpx.post(f"{address}/v1/complaints", content=body, headers=sent, timeout=60)

    assert (full.status_code, full.headers["retry-after"]) == (503, "60")
    assert later.status_code == 201
