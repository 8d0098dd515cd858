"""Many suspended runs in Prefect's own PostgreSQL database, made in SQL after the pattern of a real one.

Each copy has an id of its own, all states of the pattern and its form with the case sheet; names, keys and whatever
holds the pattern's id or reference are the copy's own, and all its times lie further back. Left out is what Prefect
does not need for a run that waits: the runs of its tasks, its logs and its events.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Engine, text

_COLUMNS: Final = text(
    """
    SELECT column_name, data_type FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = :table AND is_generated = 'NEVER' ORDER BY ordinal_position
    """
)
_KINDS: Final = {
    "json": "replace(replace({column}::text, :run, copies.run::text), :reference, copies.reference)::json",
    "jsonb": "replace(replace({column}::text, :run, copies.run::text), :reference, copies.reference)::jsonb",
    "text": "replace({column}, :reference, copies.reference)",
    "character varying": "replace({column}, :reference, copies.reference)",
    "timestamp with time zone": "{column} - copies.age",
}
"""How a column of a kind is copied; others as they are."""

_TABLES: Final = {
    "flow_run": {"id": "copies.run", "state_id": "NULL"},  # which is not there yet
    "flow_run_state": {"id": "md5(one.id::text || copies.run::text)::uuid", "flow_run_id": "copies.run"},
    "flow_run_input": {"id": "gen_random_uuid()", "flow_run_id": "copies.run"},
}
"""What tells a copy's row from the pattern's."""


def copy_run(engine: Engine, run: UUID, reference: str, references: Sequence[str], days: float) -> None:
    """Copy a suspended run for other cases.

    Args:
        engine: Prefect's database.
        run: The pattern.
        reference: Its case.
        references: The cases of the copies.
        days: Within so many days before the pattern the copies come to lie, at random.
    """
    given = {"run": str(run), "reference": reference}
    with engine.begin() as connection:
        connection.execute(text("CREATE TEMPORARY TABLE copies (reference text, run uuid, age interval)"))
        connection.execute(
            text(
                "INSERT INTO copies SELECT one, gen_random_uuid(), random() * :days * interval '1 day' "
                "FROM unnest(CAST(:references AS text[])) AS one"
            ),
            {"references": list(references), "days": days},
        )
        for table, own in _TABLES.items():
            connection.execute(text(_statement(connection, table, own)), given)
        connection.execute(
            text(
                """
                UPDATE flow_run SET state_id = md5(one.state_id::text || copies.run::text)::uuid
                FROM copies, flow_run AS one WHERE flow_run.id = copies.run AND one.id = CAST(:run AS uuid)
                """
            ),
            {"run": str(run)},
        )
        connection.execute(text("DROP TABLE copies"))


def _statement(connection: Connection, table: str, own: dict[str, str]) -> str:
    """Return the statement that copies the pattern's rows of a table."""
    columns = connection.execute(_COLUMNS, {"table": table}).all()
    names = ", ".join(f'"{name}"' for name, _ in columns)
    values = ", ".join(
        own.get(name) or _KINDS.get(kind, "{column}").format(column=f'one."{name}"') for name, kind in columns
    )
    key = "id" if table == "flow_run" else "flow_run_id"
    pattern = f"one.{key} = CAST(:run AS uuid)"
    return f"INSERT INTO {table} ({names}) SELECT {values} FROM copies, {table} AS one WHERE {pattern}"
