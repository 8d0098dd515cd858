"""What observing costs: ``python -m benchmarks.observing``.

First what the door's outermost layer adds to a request: an application that answers at once is asked with and
without it, in turn; its log goes to a file. Then one scrape of the figures of a database with 1,000,000 cases on
PostgreSQL, once with one in twenty open, and once with all open.

The server is the one that REDRESS_TEST_POSTGRES_URL names, in databases of the benchmark's own, else an embedded one.
"""

import argparse
import asyncio
import logging
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import text
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from benchmarks.deadlines import make_others, make_real_cases, settle
from benchmarks.postgres import a_database, a_server, a_store, say, seconds
from complaints.adapters.figures import count, count_endings
from complaints.adapters.store import Store
from deployments.door.observed import Observed
from deployments.logs.lines import JsonLines, TextLines
from deployments.metrics.collector import CaseFigures
from deployments.metrics.registry import new_registry

REQUESTS: Final = 20_000
ROUNDS: Final = 7

ENDED: Final = (
    "UPDATE cases SET stage = 'archived', asks = NULL WHERE right(reference, 2)::int >= 5 AND reference !~ 'R'",
    "UPDATE clocks SET running = false, next_at = NULL WHERE right(reference, 2)::int >= 5 AND reference !~ 'R'",
    "INSERT INTO announcements (reference, event, at, facts) SELECT reference, 'case.closed', now(), '{}' FROM cases",
    """
    INSERT INTO dispatches (announcement, receiver, reference, attempt, next_at, delivered_at)
    SELECT id, 'crm', reference, 1, CASE WHEN id % 5000 = 1 THEN now() END, CASE WHEN id % 5000 > 1 THEN now() END
    FROM announcements
    """,
)
"""Nineteen of twenty cases have ended, and a receiver was told of each but for a few that wait or are dead."""


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=1_000_000, help="cases in the database [default: 1000000]")
    given = parser.parse_args()
    show_layer()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="redress-bench-")))
        url = stack.enter_context(a_database(stack.enter_context(a_server())))
        make_real_cases(url, home, due=10)
        store = a_store(url, home)
        say(f"{given.cases:,} cases made in {seconds(lambda: make_others(store.engine, given.cases - 100)):.0f} s")
        settle(store.engine)
        show_scrape("all open", store)
        with store.write() as session:
            for statement in ENDED:
                session.execute(text(statement))
        settle(store.engine)
        show_scrape("one in twenty open", store)
        store.engine.dispose()


# --- the layer ----------------------------------------------------------------------------------


async def at_once(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer 200 with nothing."""
    scope["route"] = _Route
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


class _Route:
    path = "/v1/complaints/{reference}"


def show_layer() -> None:
    """Print what the layer adds to a request, by the sort of its log's lines."""
    log = logging.getLogger("redress.access")
    log.setLevel(logging.INFO)
    log.propagate = False
    alone = [asked(at_once) for _ in range(ROUNDS)]
    for name, formatter in (("text", TextLines()), ("json", JsonLines())):
        with tempfile.TemporaryDirectory(prefix="redress-bench-") as folder:
            handler = logging.FileHandler(Path(folder) / "door.log")
            handler.setFormatter(formatter)
            log.addHandler(handler)
            observed = [asked(Observed(at_once)) for _ in range(ROUNDS)]
            log.removeHandler(handler)
            handler.close()
        added = statistics.median(observed) - statistics.median(alone)
        say(f"the layer, with lines of {name}: {added * 1e6:.0f} µs a request")


def asked(app: ASGIApp) -> float:
    """Return the seconds that a request takes."""

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        pass

    async def ask() -> float:
        began = perf_counter()
        for _ in range(REQUESTS):
            scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": []}
            await app(scope, receive, send)
        return (perf_counter() - began) / REQUESTS

    return asyncio.run(ask())


# --- a scrape -----------------------------------------------------------------------------------


def show_scrape(what: str, store: Store) -> None:
    """Print what counting takes, and a scrape that counts and one that does not."""
    counting = [seconds(lambda: count(store)) for _ in range(ROUNDS)]
    endings = [seconds(lambda: count_endings(store)) for _ in range(ROUNDS)]
    registry = a_registry(store)
    first, second = (seconds(lambda: generate_latest(registry)) for _ in range(2))
    say(f"{what}: what is open {in_ms(counting)}, what has ended {in_ms(endings)}")
    say(f"{what}: the first scrape {first * 1000:.0f} ms, one within fifteen seconds of it {second * 1000:.1f} ms")


def a_registry(store: Store) -> CollectorRegistry:
    """Return a registry that tells the figures of a database."""
    registry = new_registry()
    registry.register(CaseFigures(lambda: store))
    return registry


def in_ms(times: list[float]) -> str:
    """Return median and longest of some times."""
    return f"{statistics.median(times) * 1000:.0f} ms (longest {max(times) * 1000:.0f})"


if __name__ == "__main__":
    main()
