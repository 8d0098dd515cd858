"""A backup has its copy of the database to itself, and a restore leaves nothing half done."""

import pytest
from sqlalchemy import text

from complaints.adapters.backups.snapshots import snapshot
from complaints.adapters.store import Store
from complaints.errors.backups import BackupBroken, BackupRefused
from complaints.errors.settings import SettingError
from tests.conftest import rows_of


def test_a_second_backup_is_refused_while_the_first_is_taken_and_the_first_stays_whole(firm, new_machine, place):
    if firm.store.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL lends its snapshots to any number")
    firm.file()
    with snapshot(firm.store) as held:
        with pytest.raises(BackupRefused, match="another backup"), snapshot(firm.store):
            pass
        assert b"".join(held.dump()).startswith(b"SQLite format 3")
    firm.backup(place)  # the lock went with its holder
    assert new_machine.restore(place).verified.cases == 1


def test_a_backup_that_lost_a_file_replaces_nothing(firm, place):
    """What cannot be read is found before anything steps aside."""
    firm.file(number="1")
    firm.write("letters/2026/one.eml", b"From: firm")
    firm.backup(place)
    firm.file(number="2")
    before = rows_of(firm.store)
    for kept in (place / "files").rglob("*"):
        if kept.is_file():
            kept.unlink()

    with pytest.raises(BackupBroken, match="missing"):
        firm.restore(place, replace=True)

    assert rows_of(firm.store) == before
    assert not list(firm.settings.home.glob("*replaced*"))


def test_after_a_restore_that_was_broken_off_nobody_begins_with_an_empty_database(new_firm, databases, place):
    firm = new_firm("firm", databases.migrated())
    if firm.store.engine.dialect.name != "postgresql":
        pytest.skip("on SQLite one rename puts the restored file in place")
    firm.file()
    with firm.store.engine.begin() as connection:
        schema = connection.scalar(text("SELECT current_schema()"))
        connection.execute(text(f'ALTER SCHEMA "{schema}" RENAME TO aside_replaced_20260101_000000'))
        connection.execute(text(f'CREATE SCHEMA "{schema}"'))
    try:
        with pytest.raises(SettingError, match="aside_replaced_20260101_000000"):
            Store(firm.store.url, firm.store.key_file).migrate()
    finally:
        with firm.store.engine.begin() as connection:
            connection.execute(text(f'DROP SCHEMA "{schema}" CASCADE'))
            connection.execute(text(f'ALTER SCHEMA aside_replaced_20260101_000000 RENAME TO "{schema}"'))
    firm.store.migrate()
    assert len(firm.store.list_cases()) == 1
