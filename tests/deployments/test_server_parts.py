"""What Redress changes in Prefect's server: each fails here, by name, when an upgrade changes what it leans on."""

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from docket import Docket, Worker
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from prefect.server.api import server, workers
from prefect.server.database import orm_models
from prefect.server.database.configurations import ENGINES, AioSqliteConfiguration
from prefect.server.models import flow_runs
from prefect.utilities.schema_tools import validation
from sqlalchemy import Connection, Enum, event, make_url, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.schema import CreateTable
from starlette.middleware import Middleware

from deployments import server_parts
from deployments.server_parts import PARTS, DefaultContentType, lighten
from tests.conftest import PostgresServer

PREFECT_S_OWN = {name: vars(owner)[name] for owner, name, _ in PARTS}
SCHEMA = {"type": "object", "properties": {"reasons": {"type": "string"}}}


@pytest.fixture
def lightened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prefect's server as it is changed, for one test."""
    for owner, name, _ in PARTS:
        monkeypatch.setattr(owner, name, vars(owner)[name])
    lighten()


@asynccontextmanager
async def a_database(folder: Path) -> AsyncIterator[tuple[AioSqliteConfiguration, AsyncEngine]]:
    """Yield Prefect's own way to a new SQLite database with a table of names."""
    way = AioSqliteConfiguration(connection_url=f"sqlite+aiosqlite:///{folder / 'prefect.db'}")
    engine = await way.engine()
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE IF NOT EXISTS names (name TEXT PRIMARY KEY)"))
    try:
        yield way, engine
    finally:
        for key in [key for key, known in ENGINES.items() if known is engine]:
            del ENGINES[key]
        await engine.dispose()


async def thread_of(session: AsyncSession, statement: str) -> int:
    """Return the thread in which SQLite executes a statement, which must evaluate ``here()``."""
    seen: list[int] = []
    raw = await (await session.connection()).get_raw_connection()
    assert raw.driver_connection is not None
    await raw.driver_connection.create_function("here", 0, lambda: seen.append(threading.get_ident()))
    await session.execute(text(statement))
    return seen[0]


@pytest.mark.parametrize(("package", "known"), [("prefect", "3.8.8"), ("sqlalchemy", "2.0."), ("aiosqlite", "0.22.")])
def test_the_parts_were_looked_at_for_these_versions(package: str, known: str) -> None:
    assert version(package).startswith(known), "read deployments/server_parts.py beside it, then change this"


@pytest.mark.parametrize(("owner", "name"), [(owner, name) for owner, name, _ in PARTS])
def test_what_is_replaced_is_there(owner: Any, name: str) -> None:
    assert name in vars(owner)


def test_the_driver_still_wakes_its_thread_four_times_for_a_statement() -> None:
    """Where this fails, SQLAlchemy may have found a cheaper way, and ours may be needless."""
    assert inspect.getsource(PREFECT_S_OWN["execute"]).count("self.await_(") == 5  # with or without parameters


def test_a_transaction_s_statement_needs_no_thread_but_for_deleting(lightened: None, tmp_path: Path) -> None:
    async def threads() -> tuple[int, int, int]:
        async with a_database(tmp_path) as (way, engine):
            async with AsyncSession(engine) as session:
                reading = await thread_of(session, "SELECT here()")
            async with AsyncSession(engine) as session, way.begin_transaction(session):
                within = await thread_of(session, "INSERT INTO names SELECT 'Lin' WHERE here() IS NULL")
                return reading, within, await thread_of(session, "DELETE FROM names WHERE here() IS NULL")

    reading, within, deleting = asyncio.run(threads())

    assert within == threading.get_ident()
    assert threading.get_ident() not in (reading, deleting)


@pytest.mark.parametrize("ours", [False, True])
def test_statements_answer_as_with_the_driver_s_own_cursor(
    ours: bool, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if ours:
        request.getfixturevalue("lightened")

    async def answers() -> list[Any]:
        async with a_database(tmp_path) as (way, engine), AsyncSession(engine) as session:
            async with way.begin_transaction(session):
                insert = text("INSERT INTO names VALUES (:name)")
                one: Any = await session.execute(insert, {"name": "Lin"})
                await session.execute(insert, [{"name": "Wu"}, {"name": "Xu"}])
                with pytest.raises(IntegrityError):
                    await session.execute(insert, {"name": "Lin"})
                changed: Any = await session.execute(text("UPDATE names SET name = name || '!' WHERE name > 'M'"))
            found = await session.execute(text("SELECT name, length(name) FROM names ORDER BY name"))
            return [one.lastrowid, one.rowcount, changed.rowcount, list(found.keys()), found.all()]

    assert asyncio.run(answers()) == [1, 1, 2, ["name", "length(name)"], [("Lin", 3), ("Wu!", 3), ("Xu!", 3)]]


def test_a_transaction_that_fails_leaves_nothing(lightened: None, tmp_path: Path) -> None:
    async def left() -> Any:
        async with a_database(tmp_path) as (way, engine):
            with suppress(ZeroDivisionError):
                async with AsyncSession(engine) as session, way.begin_transaction(session):
                    await session.execute(text("INSERT INTO names VALUES ('Lin')"))
                    raise ZeroDivisionError
            async with AsyncSession(engine) as session:
                return await session.scalar(text("SELECT count(*) FROM names"))

    assert asyncio.run(left()) == 0


def test_those_who_write_take_turns_in_the_order_in_which_they_came(lightened: None, tmp_path: Path) -> None:
    async def order() -> list[int]:
        done: list[int] = []
        async with a_database(tmp_path) as (way, engine):

            async def write(number: int) -> None:
                async with AsyncSession(engine) as session, way.begin_transaction(session):
                    await session.execute(text("INSERT INTO names VALUES (:name)"), {"name": str(number)})
                    await asyncio.sleep(0)
                    done.append(number)

            await asyncio.gather(*(write(number) for number in range(12)))
        return done

    assert asyncio.run(order()) == list(range(12))


def test_a_turn_that_never_comes_leaves_it_to_sqlite(
    lightened: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_parts, "TURN_SECONDS", 0.05)

    async def both() -> Any:
        async with (
            a_database(tmp_path) as (way, engine),
            server_parts._turn(),  # whoever has it keeps it
            AsyncSession(engine) as session,
            way.begin_transaction(session),
        ):
            return await session.scalar(text("SELECT count(*) FROM names"))

    assert asyncio.run(both()) == 0


def test_more_connections_than_prefect_keeps_are_kept(lightened: None, tmp_path: Path) -> None:
    async def opened() -> int:
        connects: list[Any] = []
        async with a_database(tmp_path) as (_, engine):
            event.listen(engine.sync_engine, "connect", lambda *one: connects.append(one))
            for _ in range(2):
                at_once = [AsyncSession(engine) for _ in range(12)]
                for session in at_once:
                    await session.execute(text("SELECT 1"))
                for session in at_once:
                    await session.close()
        return len(connects)

    assert asyncio.run(opened()) == 11  # one was open before


def test_a_run_is_read_with_its_state_queue_and_pool_in_one_statement(lightened: None, tmp_path: Path) -> None:
    async def read() -> tuple[list[str], tuple[str, str, str]]:
        async with a_database(tmp_path) as (_, engine):
            async with engine.begin() as connection:
                await connection.run_sync(create_tables)
            run = await a_run(engine)
            statements: list[str] = []
            read_flow_run: Any = flow_runs.read_flow_run
            event.listen(engine.sync_engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
            async with AsyncSession(engine) as session:
                found = await read_flow_run(session=session, flow_run_id=run, for_update=True)
                assert found is not None
                assert found.state is not None
                assert found.work_queue is not None
                return statements, (found.state.name, found.work_queue.name, found.work_queue.work_pool.name)

    statements, names = asyncio.run(read())

    assert names == ("Running", "urgent", "redress")
    assert len(statements) == 1


def create_tables(connection: Connection) -> None:
    """Create Prefect's tables, without the indexes: some need an extension."""
    tables = orm_models.Base.metadata.sorted_tables
    for column in (column for table in tables for column in table.columns):
        if isinstance(column.type, Enum):
            column.type.create(connection, checkfirst=True)
    for table in tables:
        connection.execute(CreateTable(table))


async def a_run(engine: AsyncEngine) -> Any:
    """Store a run with a state, in a queue of a pool."""
    async with AsyncSession(engine) as session, session.begin():
        pool = orm_models.WorkPool(name="redress", type="redress", base_job_template={})
        flow = orm_models.Flow(name="handle-complaint")
        session.add_all([pool, flow])
        await session.flush()
        queue = orm_models.WorkQueue(name="urgent", work_pool_id=pool.id, priority=1)
        session.add(queue)
        await session.flush()
        run = orm_models.FlowRun(id=uuid4(), flow_id=flow.id, work_queue_id=queue.id, name="BX1")
        session.add(run)
        await session.flush()
        run.set_state(orm_models.FlowRunState(flow_run_id=run.id, type="RUNNING", name="Running"))
        return run.id


@pytest.mark.parametrize("for_update", [True, False], ids=["to set its state", "to resume it"])
def test_whoever_waited_for_a_run_on_postgresql_reads_the_state_that_was_set_meanwhile(
    lightened: None, postgresql: PostgresServer, for_update: bool
) -> None:
    """Else two workers would be given it: what is joined to a locked row is read before the lock is waited for."""

    async def take_twice() -> list[str]:
        engine = create_async_engine(make_url(postgresql.empty()).set(drivername="postgresql+asyncpg"))
        try:
            async with engine.begin() as connection:
                await connection.run_sync(create_tables)
            run = await a_run(engine)
            async with AsyncSession(engine) as first, first.begin():
                before = await state_of(first, run)
                second = asyncio.create_task(in_a_session(engine, run))
                await until_one_waits_for_a_lock(engine)
                taken = orm_models.FlowRunState(flow_run_id=run, type="CANCELLED", name="Cancelled")
                (await first.get_one(orm_models.FlowRun, run)).set_state(taken)
            return [before, await second]
        finally:
            await engine.dispose()

    async def in_a_session(engine: AsyncEngine, run: UUID) -> str:
        async with AsyncSession(engine) as session, session.begin():
            return await state_of(session, run)

    async def state_of(session: AsyncSession, run: UUID) -> str:
        found = await server_parts.read_flow_run(session, run, for_update=for_update)
        return found.state.name if found and found.state else "none"

    async def until_one_waits_for_a_lock(engine: AsyncEngine) -> None:
        waiting = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'transactionid'"
        )
        async with engine.connect() as connection, asyncio.timeout(20):
            while not await connection.scalar(waiting):
                await connection.rollback()
                await asyncio.sleep(0.02)

    assert asyncio.run(take_twice()) == ["Running", "Cancelled"]


def test_a_schema_is_refused_each_time_that_it_is_none(lightened: None) -> None:
    for _ in range(2):
        validation.is_valid_schema(SCHEMA)
        with pytest.raises(ValueError, match="Invalid schema"):
            validation.is_valid_schema({"type": "nothing"})


def test_a_form_is_checked_each_time_by_a_schema_that_was_checked_once(
    lightened: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[Any] = []

    def note(cls: Any, schema: Any, **given: Any) -> None:
        checked.append(schema)

    monkeypatch.setattr(server_parts, "_CHECK_SCHEMA", note)
    monkeypatch.setattr(server_parts, "_checked", set())
    for _ in range(2):
        validation.validate({"reasons": "x"}, SCHEMA, raise_on_error=True)
        with pytest.raises(validation.ValidationError):
            validation.validate({"reasons": 1}, SCHEMA, raise_on_error=True)

    assert len(checked) == 1


def test_that_the_same_queues_are_polled_is_noted_once_in_a_while(
    lightened: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[list[str]] = []
    monkeypatch.setattr(server_parts, "MARK_SECONDS", 3600.0)
    monkeypatch.setattr(server_parts, "_marked", {})

    async def note(work_queue_ids: list[str]) -> None:
        noted.append(work_queue_ids)

    async def poll(docket: Docket, worker: Worker, queues: list[str], key: str) -> None:
        await docket.add(note, key=key)(work_queue_ids=queues)
        await worker.run_until_finished()

    async def polls() -> None:
        async with Docket(name=uuid4().hex, url="memory://") as docket, Worker(docket) as worker:
            for queues in (["a"], ["a"], ["a", "b"], ["a"]):
                await poll(docket, worker, queues, "mark_work_queues_ready:work_pool:1")
            monkeypatch.setattr(server_parts, "MARK_SECONDS", 0.0)  # they have passed
            await poll(docket, worker, ["a"], "mark_work_queues_ready:work_pool:1")
            for _ in range(2):
                await poll(docket, worker, ["c"], "something else")

    asyncio.run(polls())

    assert noted == [["a"], ["a", "b"], ["a"], ["c"], ["c"]]


def test_prefect_still_notes_each_poll_under_these_names() -> None:
    source = inspect.getsource(workers.get_scheduled_flow_runs)
    assert all(f'key=f"{mark}' in source for mark in server_parts._MARKS)


def test_what_a_request_depends_on_is_called_without_a_thread_where_it_is_prefect_s(lightened: None) -> None:
    async def threads() -> tuple[int, int]:
        prefect_s = threading.get_ident
        ours = lambda: threading.get_ident()  # noqa: E731 # a function of this module
        named = type("Named", (), {"__module__": "prefect.server.api", "__call__": lambda self: prefect_s()})()
        return await server_parts.call_directly(named), await server_parts.call_directly(ours)

    of_prefect, other = asyncio.run(threads())

    assert of_prefect == threading.get_ident() != other


def test_a_body_without_a_content_type_is_json() -> None:
    app = FastAPI(middleware=[Middleware(DefaultContentType)])

    @app.post("/")
    async def types(request: Request) -> list[str]:
        return request.headers.getlist("content-type")

    with TestClient(app) as client:
        assert client.post("/", content=b"{}").json() == ["application/json"]
        assert client.post("/", content=b"x", headers={"content-type": "text/plain"}).json() == ["text/plain"]
        assert client.post("/").json() == []


def test_the_one_layer_that_is_replaced_is_there() -> None:
    api = server.create_api_app(ignore_cache=True)
    assert [server_parts._is_default(one) for one in api.user_middleware].count(True) == 1
