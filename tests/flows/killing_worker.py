"""A resident worker that is killed with -9 right after chosen commits, and is forked anew each time.

The plan is a JSON file: ``{reference: seq}``, kill once the entry ``seq`` of that case has been committed; or
``{reference: "sending"}``, kill once its first letter was marked as being sent, before it is. Each kill happens
once: it leaves a file behind. One run is executed at a time, so that a kill hits the step it is meant for. What
commits is an executor: it ends itself and, with it, the worker and all that belongs to it.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Insert, Table, Update, event
from sqlalchemy.pool import Pool

from complaints.adapters.tables import EntryRow, LetterRow

os.environ["REDRESS_WORKER_RUNS"] = "1"

from complaints.settings import settings
from deployments.environment import apply

apply(settings())

from deployments.resident.process import work  # noqa: E402 - Prefect reads what was just set
from flows import handle_complaint, watch_deadlines  # noqa: E402, F401 - imported once, for all forks


def watch(plan: Path) -> None:
    """Kill the worker right after each commit that the plan names."""
    worker = os.getpid()
    wanted: dict[str, int | str] = json.loads(plan.read_text())
    ledger, letters = EntryRow.__table__, LetterRow.__table__

    @event.listens_for(Engine, "after_execute")
    def note(connection: Connection, statement: Any, many: Any, one: Any, *_: Any) -> None:
        """Note what a statement writes, whether a session or the sweep's bulk insert sends it."""
        table: Table | None = getattr(statement, "table", None)
        written = connection.info.setdefault("written", set())
        for row in many or [one]:
            if isinstance(statement, Insert) and table is ledger:
                written.add((row["reference"], row["seq"]))
            elif isinstance(statement, Update) and table is letters and row.get("sending_since"):
                written.update((name, "sending") for name in wanted)

    @event.listens_for(Engine, "rollback")
    def forget(connection: Connection) -> None:
        connection.info.pop("written", None)

    @event.listens_for(Engine, "commit")  # comes just before the commit; the connection goes back just after it
    def keep(connection: Connection) -> None:
        connection.info["committed"] = connection.info.pop("written", set())

    @event.listens_for(Pool, "checkin")
    def kill(_: Any, record: Any) -> None:
        """Kill once a commit, however many of the points it holds: a sweep writes to many cases at once."""
        committed = record.info.pop("committed", set())
        marks = [plan.with_name(f"killed-{name}-{point}") for name, point in committed if wanted.get(name) == point]
        if fresh := [mark for mark in marks if not mark.exists()]:
            for mark in fresh:
                mark.touch()
            os.kill(worker, signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)


def main(plan: Path) -> None:
    """Fork a worker; when it was killed, fork the next."""
    child = 0

    def stop(*_: Any) -> None:
        if child:
            os.kill(child, signal.SIGTERM)
        sys.exit(0)

    signal.signal(signal.SIGTERM, stop)
    while True:
        child = os.fork()
        if not child:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            watch(plan)
            work()
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
