"""The case database, whatever cases are in it: its schema and key, the firm's time, the rules that the firm adds."""

import sqlite3
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from subprocess import PIPE

import pytest
from sqlalchemy import func, select

from complaints import acts
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow, FirmRow
from complaints.adapters.verify import verify
from complaints.errors.sealing import MasterKeyMissing, MasterKeyWrong
from complaints.errors.settings import SettingError
from complaints.sealing import MasterKey
from complaints.words import Stage
from tests.builders import (
    MONDAY,
    SHANGHAI,
    a_complaint,
    a_letter,
    a_stored_case,
    file_complaint,
)


def count(store, table):
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(table))


# --- the database and its key -------------------------------------------------------------------


def test_migrating_again_changes_nothing(store):
    reference = a_stored_case(store)

    store.migrate()

    assert store.schema_is_current()
    assert store.read_case(reference).stage is Stage.RECEIVED


def test_a_database_without_tables_is_not_current(databases, key_file):
    store = Store(databases.empty(), key_file)

    assert not store.schema_is_current()

    store.migrate()
    assert store.schema_is_current()


def test_a_new_database_makes_its_master_key(databases, tmp_path):
    key_file = tmp_path / "deep" / "inside" / "master.key"

    store = Store(databases.empty(), key_file)
    store.migrate()

    assert store.master.key == MasterKey.load(key_file).key
    assert store.read_case(a_stored_case(store)).complaint == a_complaint()


SET_UP = """
import pathlib, sys
from complaints.adapters.store import Store
store = Store(sys.argv[1], pathlib.Path(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
store.migrate()
"""


@pytest.mark.slow
def test_processes_that_set_a_new_database_up_at_the_same_moment_do_not_disturb_each_other(databases, tmp_path):
    store = Store(databases.empty(), tmp_path / "master.key")
    command = [sys.executable, "-c", SET_UP, store.url, str(store.key_file)]
    processes = [subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True) for _ in range(3)]
    for process in processes:
        process.stdout.readline()

    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()

    for process in processes:
        _, said = process.communicate()
        assert process.returncode == 0, said
    assert store.schema_is_current()
    assert count(store, FirmRow) == 1
    assert store.master.key == MasterKey.load(store.key_file).key


def test_a_lost_master_key_is_said_to_be_lost_and_never_made_anew(store, key_file):
    reference = a_stored_case(store)
    key_file.unlink()
    later = Store(store.url, key_file)

    for attempt in (later.migrate, lambda: later.read_case(reference), lambda: file_complaint(later, number=None)):
        with pytest.raises(MasterKeyMissing, match="Restore it from the backup"):
            attempt()

    assert not key_file.exists()
    assert count(store, CaseRow) == 1


def test_the_master_key_of_another_database_is_refused(store, tmp_path):
    reference = a_stored_case(store)
    other = MasterKey.create(tmp_path / "other.key")
    later = Store(store.url, tmp_path / "other.key")

    with pytest.raises(MasterKeyWrong) as wrong:
        later.read_case(reference)

    assert other.fingerprint in wrong.value.reason
    assert store.master.fingerprint in wrong.value.reason


def test_a_database_that_was_never_set_up_says_what_to_do(databases, key_file):
    store = Store(databases.migrated(), key_file)
    with store.write() as session:
        session.delete(session.get_one(FirmRow, 1))

    with pytest.raises(SettingError, match="has not been set up"):
        file_complaint(store)


def test_a_database_of_another_make_is_refused(tmp_path):
    with pytest.raises(SettingError, match="'mysql' is not supported"):
        Store("mysql://localhost/redress", tmp_path / "master.key")


def test_a_sqlite_file_survives_being_closed_and_opened_again(tmp_path):
    url = f"sqlite:///{tmp_path / 'home' / 'cases.db'}"
    store = Store(url, tmp_path / "home" / "master.key")
    store.migrate()
    reference = a_stored_case(store, Stage.DECIDED, letter=True)
    before = store.read_case(reference)
    store.engine.dispose()

    again = Store(url, tmp_path / "home" / "master.key")
    again.migrate()

    assert again.read_case(reference) == before
    assert again.read_letter(reference, "acknowledgement", 1) == a_letter()
    with again.open_case(reference) as desk:
        desk.case.record(acts.Answered(), desk.now)
    assert again.read_case(reference).stage is Stage.ANSWERED


def test_a_new_sqlite_file_that_another_process_is_writing_to_is_waited_for(tmp_path, key_file):
    """SQLite itself does not wait when the journal mode of a file is changed for the first time."""
    file = tmp_path / "cases.db"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE already_there (x)")
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.2, other.execute, ["COMMIT"]).start()

    store = Store(f"sqlite:///{file}", key_file)
    store.migrate()

    assert store.schema_is_current()
    other.close()


def test_sqlite_writes_through_to_the_disk_and_keeps_its_references(sqlite, key_file):
    with Store(sqlite.migrated(), key_file).engine.connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }

    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


# --- the firm's time ----------------------------------------------------------------------------


def test_the_firms_time_is_the_real_time(store):
    before, now, after = datetime.now(UTC), store.now(), datetime.now(UTC)
    assert before <= now <= after


def test_only_a_demo_can_be_moved_through_time(store):
    with pytest.raises(SettingError, match="is not a demo"):
        store.move_time(datetime.now(UTC) + timedelta(days=1))

    before, now, after = datetime.now(UTC), store.now(), datetime.now(UTC)
    assert before <= now <= after


@pytest.mark.parametrize("starts_at", [MONDAY, datetime(2040, 3, 2, 9, 0, tzinfo=SHANGHAI)], ids=["past", "future"])
def test_a_moved_demo_has_reached_the_moment_it_was_moved_to(store, starts_at):
    began = time.monotonic()
    store.make_demo(starts_at)
    assert starts_at <= store.now() < starts_at + timedelta(seconds=2 + time.monotonic() - began)

    for days in range(1, 6):
        due_at, began = starts_at + timedelta(days=days), time.monotonic()

        store.move_time(due_at)

        # So that what is due then is due now.
        assert due_at <= store.now() < due_at + timedelta(seconds=2 + time.monotonic() - began)


def test_time_never_runs_backwards(store):
    store.make_demo(MONDAY)
    store.move_time(MONDAY + timedelta(days=10))

    with pytest.raises(SettingError, match="cannot run backwards"):
        store.move_time(MONDAY + timedelta(days=9))

    assert store.now() >= MONDAY + timedelta(days=10)


def test_making_a_demo_twice_does_not_start_it_again(store):
    store.make_demo(MONDAY)
    store.move_time(MONDAY + timedelta(days=10))

    store.make_demo(MONDAY)

    assert store.now() >= MONDAY + timedelta(days=10)


def test_a_database_with_real_cases_never_becomes_a_demo(store):
    a_stored_case(store)

    with pytest.raises(SettingError, match="holds real cases"):
        store.make_demo(MONDAY)

    with store.read() as session:
        assert not session.get_one(FirmRow, 1).is_demo


def test_what_happens_in_a_demo_is_dated_with_the_demos_time(store):
    store.make_demo(MONDAY)

    reference = a_stored_case(store)

    assert reference.startswith("TS260302-")
    assert store.entries(reference)[0].at.date() == MONDAY.date()


# --- the firm's rules -----------------------------------------------------------------------------

OVERLAY = """
name = "firm"
version = "1"
extends = "cn-nfra"
valid_from = 2020-03-01

[[clocks]]
name = "decision"
budget = 10
"""


def add_pack(store, content=OVERLAY, version="1"):
    with store.write() as session:
        store.add_rule(session, "pack", "firm", version, content, "li.wei")


def test_a_pack_that_the_firm_adds_is_known_to_every_process_from_the_next_transaction_on(store):
    other = Store(store.url, store.key_file)
    file_complaint(other)  # it has read its rules already

    add_pack(store)

    reference = other.file(a_complaint(number=None), "crm", "firm").reference
    assert store.read_case(reference).clocks["decision"].started.budget == 10
    assert verify(store).breaks == []


def test_a_pack_that_is_added_twice_is_there_once_and_another_content_needs_another_version(store):
    add_pack(store)
    add_pack(store)

    with pytest.raises(SettingError, match="version 1 is there with another content"):
        add_pack(store, OVERLAY + "\n")

    add_pack(store, OVERLAY.replace('"1"', '"2"').replace("budget = 10", "budget = 12"), version="2")
    assert [pack.version for pack in store.rules().packs["firm"]] == ["1", "2"]
