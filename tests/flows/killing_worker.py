"""A resident worker that kills itself with -9 right after chosen commits, and is forked anew each time.

The plan is a JSON file: ``{reference: seq}``, kill once the entry ``seq`` of that case has been committed; or
``{reference: "sending"}``, kill once its first letter was marked as being sent, before it is. Each kill happens
once: it leaves a file behind. One run is executed at a time, so that a kill hits the step it is meant for.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session, UOWTransaction

from complaints.adapters.tables import EntryRow, LetterRow

os.environ["REDRESS_WORKER_THREADS"] = "1"

from complaints.settings import settings
from deployments.environment import apply

apply(settings())

from deployments.resident import work  # noqa: E402 - Prefect reads what was just set
from flows import handle_complaint, watch_deadlines  # noqa: E402, F401 - imported once, for all forks


def watch(plan: Path) -> None:
    """Kill this process right after each commit that the plan names."""
    wanted: dict[str, int | str] = json.loads(plan.read_text())

    @event.listens_for(Session, "after_flush")
    def note(session: Session, _: UOWTransaction) -> None:
        written = session.info.setdefault("written", set())
        for row in session.new:
            if isinstance(row, EntryRow):
                written.add((row.reference, row.seq))
        for row in session.dirty:
            if isinstance(row, LetterRow) and row.sending_since:
                written.add((row.reference, "sending"))

    @event.listens_for(Session, "after_commit")
    def kill(session: Session) -> None:
        for reference, point in session.info.pop("written", set()):
            done = plan.with_name(f"killed-{reference}-{point}")
            if wanted.get(reference) == point and not done.exists():
                done.touch()
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
