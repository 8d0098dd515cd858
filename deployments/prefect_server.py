"""Prefect's server: whole on one machine; at firm size its API several times, and its background services once.

On SQLite, Prefect opens most writing transactions as readers. When anything else is written before such a one
writes, SQLite refuses it at once ("database is locked") and the click on *Resume* is answered with 503; measured
with a dozen cases moving, that happened every few seconds. Here every transaction that Prefect marks as one takes
the write lock when it begins, so that writers queue instead. That and what else is changed in Prefect's server stands
in ``deployments.server_parts``.
"""

import asyncio
import os
import signal
from contextlib import suppress
from importlib.util import find_spec
from typing import Final

import uvicorn
from prefect.cli._server_utils import _run_all_services
from prefect.server.api import server
from prefect.server.database import provide_database_interface
from prefect.server.models.block_registration import run_block_auto_registration
from prefect.settings import get_current_settings
from sqlalchemy import func, select
from starlette.types import ASGIApp

from complaints.errors.settings import SettingError
from complaints.settings import Settings
from deployments.server_parts import lighten, lighten_requests

KEEP_ALIVE_SECONDS: Final = 75
"""How long an idle connection is kept: longer than clients (25 s) and proxies (60 s) keep it."""

_MIGRATION_LOCK: Final = int.from_bytes(b"prefect")


def check_settings(settings: Settings, *, many: bool) -> None:
    """Refuse to start a server process that could not work with these settings.

    Args:
        settings: Those of this process.
        many: Whether it is one of several, which must know of each other.

    Raises:
        SettingError: there is no Redis, or not the package for it, or Prefect's database is not PostgreSQL.
    """
    redis, database = settings.prefect_redis_url, settings.prefect_database_url
    if redis.get_secret_value() and find_spec("prefect_redis") is None:
        raise SettingError("REDRESS_PREFECT_REDIS_URL", "needs the package prefect-redis", "Install redress[firm]")
    if many and not redis.get_secret_value():
        cure = "Set it to redis://… for all of Prefect's processes, or run a single 'redress server'"
        raise SettingError("REDRESS_PREFECT_REDIS_URL", "is not set; several server processes would double all", cure)
    if many and not database.get_secret_value():
        cure = "Set it to postgresql://… for all of Prefect's processes, or run a single 'redress server'"
        raise SettingError("REDRESS_PREFECT_DATABASE_URL", "is not set; SQLite serves one process", cure)


async def migrate_alone() -> None:
    """Bring the schema of Prefect's database and its kinds of blocks up to date, one process at a time.

    Several that start at once on an empty PostgreSQL would each make them, and all but one fail. SQLite serves one.
    Nobody waits within a transaction: Prefect makes indexes concurrently, which waits for every transaction to end.
    """
    database = provide_database_interface()
    engine = await database.engine()
    if engine.dialect.name == "postgresql":
        async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            while not await connection.scalar(select(func.pg_try_advisory_lock(_MIGRATION_LOCK))):
                await asyncio.sleep(0.2)
            await database.create_db()
            async with await database.session() as session:
                await run_block_auto_registration(session=session)
            await connection.execute(select(func.pg_advisory_unlock(_MIGRATION_LOCK)))
    await engine.dispose()


def serve(*, services: bool = True) -> None:
    """Serve Prefect's API and page until told to end.

    Args:
        services: Whether the background services run in this process too; without them several may serve.
    """
    lighten()
    if not services:
        os.environ["PREFECT__SERVER_WEBSERVER_ONLY"] = "1"  # what `prefect server start --no-services` does
    asyncio.run(migrate_alone())
    api = get_current_settings().server.api
    uvicorn.run(
        create,
        factory=True,
        host=api.host,
        port=api.port,
        http="httptools",
        log_level="warning",
        log_config=None,  # logging.yml has set up all
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=5,
    )


def create() -> ASGIApp:
    """Return Prefect's server, which :func:`serve` serves."""
    app = server.create_app()
    lighten_requests(app)
    return app


def run_services() -> None:
    """Run Prefect's background services, without its API, until told to end."""
    # asyncio ends what runs in good order at Ctrl-C; being told to end is the same. A shell that starts it in the
    # background has it ignore Ctrl-C, and asyncio would leave it at that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    asyncio.run(migrate_alone())
    with suppress(KeyboardInterrupt):
        asyncio.run(_run_all_services())


if __name__ == "__main__":
    serve()
