import re
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from complaints.adapters import migrations
from complaints.adapters.store import Store
from complaints.adapters.tables import Base

FOLDER = Path(migrations.__file__).parent
FILES = sorted(file.name for file in (FOLDER / "versions").glob("[0-9]*.py"))


def test_the_migrated_schema_is_that_of_the_models(store):
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, Base.metadata) == []


def test_the_migrated_columns_may_be_empty_where_the_models_say_so(store):
    with store.engine.connect() as connection:
        migrated = {
            (table, column["name"]): column["nullable"]
            for table in Base.metadata.tables
            for column in inspect(connection).get_columns(table)
        }

    assert migrated == {
        (table.name, column.name): column.nullable
        for table in Base.metadata.tables.values()
        for column in table.columns
    }


def test_the_migrated_keys_are_those_of_the_models(store):
    with store.engine.connect() as connection:
        inspector = inspect(connection)
        for table in Base.metadata.tables.values():
            assert inspector.get_pk_constraint(table.name)["constrained_columns"] == [
                column.name for column in table.primary_key.columns
            ]


def test_migrations_are_numbered_in_order():
    assert [file[:4] for file in FILES] == [f"{number:04}" for number in range(1, len(FILES) + 1)]


@pytest.mark.parametrize("file", FILES)
def test_a_migration_is_named_for_what_it_does(file):
    assert re.fullmatch(r"\d{4}(_[a-z0-9]+)+\.py", file)


def test_each_migration_follows_the_one_numbered_before():
    script = ScriptDirectory(str(FOLDER))
    chain = [revision.revision for revision in script.walk_revisions()][::-1]

    assert chain == [file[:4] for file in FILES]
    assert script.get_current_head() == FILES[-1][:4]


def test_an_old_database_is_brought_up_to_date_step_by_step(databases, key_file):
    store = Store(databases.empty(), key_file)

    store.migrate()

    with store.engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == FILES[-1][:4]
