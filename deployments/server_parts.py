"""What Redress changes in Prefect's server, in one place: how it works, not what it answers.

Prefect's server is one process of Python, and nothing in an installation can be faster than it. The parts here leave
out work that nobody sees, together more than a third of its CPU time (docs/benchmarks.md); one adds a condition, so
that two workers are never given one run (docs/decisions/0010). They lean on parts
that Prefect, FastAPI and SQLAlchemy do not promise to keep; ``tests/deployments/test_server_parts.py`` holds them to
each, and fails when an upgrade changes one.
"""

import asyncio
import gc
import json
import math
import sqlite3
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID
from weakref import WeakKeyDictionary

from docket import Docket
from fastapi import FastAPI
from fastapi.dependencies import utils as dependencies
from prefect.server.database import configurations, orm_models
from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.server.models import flow_runs
from prefect.server.schemas.responses import OrchestrationResult, SetStateStatus, StateRejectDetails
from prefect.server.schemas.states import State
from prefect.utilities.schema_tools import validation
from sqlalchemy import bindparam, select
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection, AsyncAdapt_aiosqlite_cursor
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction
from sqlalchemy.orm import joinedload
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from flows.transitions import transition_from

CONNECTIONS: Final = 20
"""Connections to SQLite that are kept. Prefect keeps five, and opens and closes one for whatever else comes at once."""

TURN_SECONDS: Final = 60.0
"""How long one who writes waits for a turn; then SQLite itself decides, as it did before there were turns."""

MARK_SECONDS: Final = 5.0
"""How often it is noted that a queue is polled. Prefect notes it at each poll, in two transactions; it shows a queue
as not ready after 60 seconds without a note."""

_MARKS: Final = ("mark_work_queues_ready:", "mark_deployments_ready:")
_KEPT_SCHEMAS: Final = 500  # known to be schemas
_NAMED: Final = 5  # the version of a UUID that is made of a name

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


# --- SQLite ---------------------------------------------------------------------------------------


@asynccontextmanager
async def begin_immediately(
    self: AioSqliteConfiguration, session: AsyncSession, with_for_update: bool = False
) -> AsyncGenerator[AsyncSessionTransaction, None]:
    """Begin a transaction that may write, with the write lock.

    Only this one: Prefect opens further sessions within some of its transactions, and those would wait for a lock
    that is held until they are done. Who writes takes turns, for SQLite lets those who wait try again after up to a
    tenth of a second, in no order.
    """
    async with _turn(), session.begin() as transaction:
        token = configurations.SQLITE_BEGIN_MODE.set("IMMEDIATE")
        try:
            await session.connection()  # begins here
        finally:
            configurations.SQLITE_BEGIN_MODE.reset(token)
        yield transaction


@asynccontextmanager
async def _turn() -> AsyncGenerator[None, None]:
    lock = _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    try:
        await asyncio.wait_for(lock.acquire(), TURN_SECONDS)
    except TimeoutError:
        yield
        return
    try:
        yield
    finally:
        lock.release()


def execute_at_once(self: AsyncAdapt_aiosqlite_cursor, operation: Any, parameters: Any = None) -> None:
    """Execute a statement, in one step instead of four that each wake the connection's thread and wait for it.

    Within a transaction it needs no thread at all: the lock is held, so it waits for nobody. What deletes may take
    long, and stays in the thread, as does what reads outside of a transaction, such as a page's list of runs.
    """
    connection = self._connection
    try:
        raw: sqlite3.Connection = connection._conn
        if raw.in_transaction and not operation.startswith("DELETE"):
            self.await_(_nothing())
            done = _execute(raw, operation, parameters)
        else:
            done = self.await_(connection._execute(_execute, raw, operation, parameters))
    except Exception as error:
        self._adapt_connection._handle_exception(error)
    self.description, rows, self.lastrowid, self.rowcount = done
    if self.description:
        self.lastrowid = self.rowcount = -1
        self._rows = deque(rows)


def _execute(raw: sqlite3.Connection, operation: str, parameters: Any) -> tuple[Any, list[Any], Any, int]:
    cursor = raw.execute(operation) if parameters is None else raw.execute(operation, parameters)
    try:
        return cursor.description, cursor.fetchall() if cursor.description else [], cursor.lastrowid, cursor.rowcount
    finally:
        cursor.close()


async def _nothing() -> None:
    """Wait for nothing: SQLAlchemy insists that something is waited for."""


_ROLLBACK: Final = AsyncAdapt_aiosqlite_connection.rollback
_COMMIT: Final = AsyncAdapt_aiosqlite_connection.commit


def _where_begun(
    end: Callable[[AsyncAdapt_aiosqlite_connection], None],
) -> Callable[[AsyncAdapt_aiosqlite_connection], None]:
    """Return what ends a transaction where one has begun; most reading has none."""

    def ended(self: AsyncAdapt_aiosqlite_connection) -> None:
        raw = self._connection._connection
        if raw is None or raw.in_transaction:
            end(self)
        else:
            self.await_(_nothing())

    return ended


_CREATE_ENGINE: Final = vars(configurations)["create_async_engine"]


def keep_connections(url: Any, **given: Any) -> Any:
    """Return an engine whose connections are kept: opening one costs as much as a request."""
    if str(url).startswith("sqlite") and "poolclass" not in given:
        given = {"pool_size": CONNECTIONS, "max_overflow": CONNECTIONS} | given
    return _CREATE_ENGINE(url, **given)


# --- reading, checking, noting --------------------------------------------------------------------

_LOCK_RUN: Final = (
    select(orm_models.FlowRun.state_id).where(orm_models.FlowRun.id == bindparam("run")).with_for_update()
)
_RUN: Final = (
    select(orm_models.FlowRun)
    .where(orm_models.FlowRun.id == bindparam("run"))
    .options(
        joinedload(orm_models.FlowRun._state),
        joinedload(orm_models.FlowRun.work_queue).joinedload(orm_models.WorkQueue.work_pool),
    )
)


async def read_flow_run(
    session: AsyncSession, flow_run_id: UUID, for_update: bool = False
) -> orm_models.FlowRun | None:
    """Read a run with its state, its queue and its pool: one statement instead of four.

    On PostgreSQL the lock is taken by a statement before: whoever waits for a lock reads the locked row as it is then,
    but what is joined to it as it was before, and two workers would both be given a run. It is taken in every
    transaction: *Resume* first only looks, and goes by what it saw once it has the lock.
    """
    if (for_update or session.in_transaction()) and session.get_bind().dialect.name == "postgresql":
        await session.execute(_LOCK_RUN, {"run": flow_run_id})
    run: orm_models.FlowRun | None = (await session.execute(_RUN, {"run": flow_run_id})).scalar()
    return run


_SET_STATE: Final = flow_runs.set_flow_run_state


async def set_flow_run_state(
    session: AsyncSession, flow_run_id: UUID, state: State, **given: Any
) -> OrchestrationResult:
    """Set a run's state; where the transition is named after the state that it leaves, only from that one.

    Prefect knows no such condition: see ``flows.transitions``.
    """
    transition = state.state_details.transition_id
    if transition and transition.version == _NAMED:
        run = (await session.execute(_LOCK_RUN, {"run": flow_run_id})).first()
        if run and transition != transition_from(run.state_id):
            reason = "This run is no longer in the state in which it was read."
            return OrchestrationResult(
                state=None, status=SetStateStatus.REJECT, details=StateRejectDetails(reason=reason)
            )
    result: OrchestrationResult = await _SET_STATE(session=session, flow_run_id=flow_run_id, state=state, **given)
    return result


_CHECK_SCHEMA: Final = validation._VALIDATOR.check_schema.__func__
_checked: set[str] = set()


def check_schema_once(cls: Any, /, schema: Any, **given: Any) -> None:
    """Check that a schema is one, unless it was found to be one before: that is dearer than checking a form by it.

    Raises:
        jsonschema.SchemaError: it is none.
    """
    key = json.dumps(schema, sort_keys=True, default=repr)
    if key not in _checked:
        _CHECK_SCHEMA(cls, schema, **given)
        if len(_checked) >= _KEPT_SCHEMAS:
            _checked.clear()
        _checked.add(key)


_ADD: Final = Docket.add
_marked: dict[tuple[str, str], float] = {}


def add_seldom(self: Docket, function: Any, when: Any = None, key: str | None = None) -> Callable[..., Any]:
    """Hand something to Prefect's background worker; that the same queues are polled, once every few seconds."""
    if not key or not key.startswith(_MARKS):
        return _ADD(self, function, when, key)

    async def mark(**queues: Any) -> None:
        now, which = time.monotonic(), (key, str(queues))
        if now - _marked.get(which, -math.inf) >= MARK_SECONDS:
            _marked[which] = now
            await _ADD(self, function, when, key)(**queues)

    return mark


# --- requests -------------------------------------------------------------------------------------

_IN_THREADPOOL: Final = vars(dependencies)["run_in_threadpool"]


async def call_directly(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call what a request depends on; Prefect's own such functions only look something up, and need no thread."""
    if getattr(function, "__module__", "").startswith("prefect.server."):
        return function(*args, **kwargs)
    return await _IN_THREADPOOL(function, *args, **kwargs)


class DefaultContentType:
    """Takes a body without a content type to be JSON, as Prefect's own layer does, at a tenth of its cost."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http" and scope["method"] in ("POST", "PUT", "PATCH"):
            given = dict(scope["headers"])
            if b"content-type" not in given and int(given.get(b"content-length", b"0")) > 0:
                scope = {**scope, "headers": [*scope["headers"], (b"content-type", b"application/json")]}
        await self.app(scope, receive, send)


def lighten_requests(app: FastAPI) -> None:
    """Replace the layer around Prefect's API that costs the most, and set what was imported apart from collection."""
    api: FastAPI = app.api_app  # type: ignore[attr-defined]
    api.user_middleware = [Middleware(DefaultContentType) if _is_default(one) else one for one in api.user_middleware]
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)  # a request makes thousands of objects that are gone with it


def _is_default(layer: Middleware) -> bool:
    dispatch = layer.kwargs.get("dispatch")
    kind: Any = layer.cls
    return kind is BaseHTTPMiddleware and getattr(dispatch, "__name__", "") == "default_content_type"


# --- all of it ------------------------------------------------------------------------------------

PARTS: Final[tuple[tuple[Any, str, Any], ...]] = (
    (AioSqliteConfiguration, "begin_transaction", begin_immediately),
    (configurations, "create_async_engine", keep_connections),
    (AsyncAdapt_aiosqlite_cursor, "execute", execute_at_once),
    (AsyncAdapt_aiosqlite_connection, "rollback", _where_begun(_ROLLBACK)),
    (AsyncAdapt_aiosqlite_connection, "commit", _where_begun(_COMMIT)),
    (flow_runs, "read_flow_run", read_flow_run),
    (flow_runs, "set_flow_run_state", set_flow_run_state),
    (validation._VALIDATOR, "check_schema", classmethod(check_schema_once)),
    (Docket, "add", add_seldom),
    (dependencies, "run_in_threadpool", call_directly),
)
"""What is replaced: whose it is, its name, and what stands in its place."""


def lighten() -> None:
    """Change Prefect's server in this process, before it is started; a second time changes nothing more."""
    for owner, name, ours in PARTS:
        setattr(owner, name, ours)
