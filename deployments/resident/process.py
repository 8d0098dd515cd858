"""The process of a worker: it starts the nursery, takes runs, answers for its health, and ends in order."""

import logging
import os
import signal
import socket
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import anyio
import anyio.abc

from complaints.adapters.readiness import lacks
from complaints.errors.base import ComplaintError
from complaints.settings import settings
from deployments.metrics import worker as metrics
from deployments.metrics.serving import serve_health
from deployments.resident.executors import forked
from deployments.resident.worker import ResidentWorker
from flows.runs import POOL
from tasks.desk import store

log = logging.getLogger("redress.worker")


def work() -> None:
    """Run a worker in this process until SIGTERM or SIGINT; running steps are finished first."""
    anyio.run(_work, forked())


async def _work(nursery: socket.socket) -> None:
    name = f"resident-{socket.gethostname()}-{os.getpid()}"
    worker = ResidentWorker(work_pool_name=POOL, name=name, nursery=nursery)
    async with anyio.create_task_group() as group:
        group.start_soon(partial(_stop_on_signal, worker, group.cancel_scope))
        try:
            with _health():
                await worker.start(printer=log.info)
        except ComplaintError as wrong:
            log.error("%s", wrong)
            os._exit(2)
        except Exception:  # what it still executes is taken over by others; lingering would keep it from them
            log.exception("this worker cannot go on; it begins afresh")
            os._exit(1)
        group.cancel_scope.cancel()


def _health() -> AbstractContextManager[object]:
    """Return what answers for this process's health, where a port is set for it."""
    if not (port := settings().worker_health_port):
        return nullcontext()
    ready = partial(lacks, store(), settings().evidence_place)
    return serve_health(settings().worker_health_host, port, ready, metrics.REGISTRY)


async def _stop_on_signal(worker: ResidentWorker, scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            await worker.stop()
            scope.cancel()
            return
