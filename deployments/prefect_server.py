"""Prefect's server, as ``redress up`` runs it on one machine.

On SQLite, Prefect opens most writing transactions as readers. When anything else is written before such a one
writes, SQLite refuses it at once ("database is locked") and the click on *Resume* is answered with 503; measured
with a dozen cases moving, that happened every few seconds. Here every transaction that Prefect marks as one takes
the write lock when it begins, so that writers queue instead. On PostgreSQL nothing is changed.
"""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import uvicorn
from prefect.server.database import configurations
from prefect.server.database.configurations import AioSqliteConfiguration
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction


@asynccontextmanager
async def begin_immediately(
    self: AioSqliteConfiguration, session: AsyncSession, with_for_update: bool = False
) -> AsyncGenerator[AsyncSessionTransaction, None]:
    """Begin a transaction that may write, with the write lock."""
    token = configurations.SQLITE_BEGIN_MODE.set("IMMEDIATE")
    try:
        async with session.begin() as transaction:
            yield transaction
    finally:
        configurations.SQLITE_BEGIN_MODE.reset(token)


def serve() -> None:
    """Serve Prefect's API and page at the address of ``PREFECT_API_URL`` until told to end."""
    AioSqliteConfiguration.begin_transaction = begin_immediately  # type: ignore[method-assign] # on purpose, see above
    address = urlsplit(os.environ["PREFECT_API_URL"])
    uvicorn.run(
        "prefect.server.api.server:create_app",
        factory=True,
        host=address.hostname or "127.0.0.1",
        port=address.port or 4200,
        log_level="warning",
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    serve()
