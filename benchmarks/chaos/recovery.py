"""How long the runs of a worker stood still that was killed or stopped: until the next step of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Engine, select, text

from complaints.adapters.store import Store
from complaints.adapters.tables import WorkerRow
from flows.prefect_parts import IN_HANDS

_HELD: Final = text(
    """
    SELECT state.flow_run_id FROM flow_run_state AS state
    JOIN flow_run ON flow_run.id = state.flow_run_id
    JOIN deployment ON deployment.id = flow_run.deployment_id
    WHERE state.message = :holder AND state.timestamp <= :at AND deployment.name = 'handle-complaint'
      AND NOT EXISTS (
        SELECT 1 FROM flow_run_state AS later
        WHERE later.flow_run_id = state.flow_run_id
          AND later.timestamp > state.timestamp AND later.timestamp <= :at
      )
    """
)
_NEXT: Final = (
    text("SELECT min(start_time) FROM task_run WHERE flow_run_id = :run AND start_time > :at"),
    text(
        """
        SELECT min(timestamp) FROM flow_run_state
        WHERE flow_run_id = :run AND timestamp > :at AND type IN ('PAUSED', 'COMPLETED')
        """
    ),
)


@dataclass(frozen=True)
class Loss:
    """A worker that was struck.

    Attributes:
        worker: Its identifier.
        at: When.
    """

    worker: str
    at: datetime


def identifier_of(store: Store, pid: int) -> str | None:
    """Return the identifier of the worker that is a process of this machine; None where it has not begun yet."""
    with store.read() as session:
        mine = select(WorkerRow.identifier).where(WorkerRow.name.like(f"resident-%-{pid}"))
        return session.scalars(mine.order_by(WorkerRow.started_at.desc())).first()


def taken_for_dead(store: Store) -> int:
    """Return how many workers' runs were taken over by others."""
    with store.read() as session:
        return len(session.scalars(select(WorkerRow.identifier).where(WorkerRow.heir.is_not(None))).all())


def recoveries(prefect: Engine, losses: Sequence[Loss]) -> Iterator[float]:
    """Yield, for each run that a struck worker had in its hands, the seconds until that run's next step."""
    with prefect.connect() as connection:
        for loss in losses:
            at = loss.at if prefect.dialect.name == "postgresql" else loss.at.replace(tzinfo=None)
            held = connection.execute(_HELD, {"holder": IN_HANDS + loss.worker, "at": at}).scalars().all()
            for run in held:
                steps = [connection.execute(one, {"run": run, "at": at}).scalar() for one in _NEXT]
                if moments := [_instant(one) for one in steps if one is not None]:
                    yield (min(moments) - loss.at).total_seconds()


def _instant(value: Any) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
