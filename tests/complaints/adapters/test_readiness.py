import pytest
from sqlalchemy import text

from complaints.adapters.readiness import Lack, lacks
from complaints.adapters.store import Store


def test_a_healthy_installation_lacks_nothing(store, tmp_path):
    assert lacks(store, str(tmp_path / "evidence")) == []


def test_of_evidence_that_is_kept_elsewhere_nothing_is_asked(store):
    assert lacks(store, "s3://nowhere/evidence") == []


def test_a_disk_that_is_nearly_full_takes_nothing(store, tmp_path):
    assert lacks(store, str(tmp_path), least_free_bytes=10**18) == [Lack.DISK]


def test_a_database_of_another_version_is_not_ready(databases, key_file, tmp_path):
    store = Store(databases.migrated(), key_file)
    with store.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))

    assert lacks(store, str(tmp_path)) == [Lack.SCHEMA]
    store.engine.dispose()


@pytest.mark.parametrize("url", ["sqlite:////nowhere/cases.db", "postgresql+psycopg://nobody@127.0.0.1:9/cases"])
def test_a_database_that_is_away_is_named_and_not_made(url, key_file, tmp_path):
    found = lacks(Store(url, key_file), str(tmp_path))

    assert Lack.CASE_DATABASE in found
