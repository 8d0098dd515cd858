"""The scheduled early warning: what came in far more often than could be expected, or not at all.

It computes everything anew from the case database each time, so that a run may be repeated, or come late: an event's
id follows from the warning, and what Prefect's server has is not put there again.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

import pandas as pd
from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.client.orchestration import SyncPrefectClient
from prefect.events.schemas.events import Event, Resource
from prefect.logging import get_run_logger

from complaints.adapters.early_warning import last_whole_day, look_for_warnings
from complaints.regimes.model import Pack
from complaints.reporting.early_warning.judging import warnings_on
from complaints.reporting.early_warning.kinds import FALSE_ALARMS_A_MONTH, WarningKind, rows_of
from complaints.reporting.early_warning.telling import note, series_name, table
from complaints.settings import settings
from flows.runs import prefect_client
from tasks.desk import store

KEY: Final = "early-warning"
TOLD_DAYS: Final = 5
"""Warnings that could first be known within so many days are told, however long ago they began: a missed run is
made up for, and Prefect's server, which keeps events for a week, still knows of those that were told."""
SHOWN_DAYS: Final = 28


@flow(name="warn-early")
def warn_early(false_alarms: float = FALSE_ALARMS_A_MONTH) -> int:
    """早期预警 · Look for spikes, gaps and new series among what was received up to yesterday, and tell of them once.

    Args:
        false_alarms: 每月可接受的误报次数 · false alarms a month that are wanted at most, over all series.

    Returns:
        How many warnings were told now.
    """
    now = store().now()
    pack = store().rules().in_force(settings().regime, now)
    last = last_whole_day(now, pack)
    judged = look_for_warnings(store(), pack, last - timedelta(days=SHOWN_DAYS - 1), last, now, false_alarms)
    standing = warnings_on(judged.warnings, last - timedelta(days=SHOWN_DAYS - 1), last)
    create_table_artifact(
        key=KEY, table=table(standing), description=note(false_alarms, judged.counts.shape[1], last.isoformat())
    )
    with prefect_client() as client:
        told = tell(client, to_tell(standing, last), pack)
    get_run_logger().info("%d warnings stand, %d were told now", len(standing), told)
    return told


def to_tell(warnings: pd.DataFrame, last: date) -> pd.DataFrame:
    """Return the warnings that could first be known within :data:`TOLD_DAYS` up to ``last``."""
    return warnings[warnings["seen_on"] > last - timedelta(days=TOLD_DAYS)]


def tell(client: SyncPrefectClient, warnings: pd.DataFrame, pack: Pack) -> int:
    """Put an event on Prefect's server for each warning that it has not; return how many."""
    events = [event_of(one, pack) for one in rows_of(warnings)]
    known = known_events(client, [one.id for one in events])
    fresh = [one.model_dump(mode="json") for one in events if one.id not in known]
    if fresh:
        client.request("POST", "/events", json=fresh)
    return len(fresh)


def known_events(client: SyncPrefectClient, ids: list[UUID]) -> set[UUID]:
    """Return which of these events Prefect's server has."""
    known: set[UUID] = set()
    for start in range(0, len(ids), _PAGE):
        page = [str(one) for one in ids[start : start + _PAGE]]
        answer = client.request("POST", "/events/filter", json={"filter": {"id": {"id": page}}, "limit": _PAGE})
        known |= {UUID(one["id"]) for one in answer.json()["events"]}
    return known


_PAGE: Final = 50  # what Prefect's server returns at once


def event_of(warning: Mapping[str, Any], pack: Pack) -> Event:
    """Return a warning as an event, such as ``redress.early-warning.spike``.

    Its id follows from the series, the kind and the first day: however often it is computed, it stays one event.
    """
    kind, dimension, code, begins_on = (warning[name] for name in ("kind", "dimension", "code", "begins_on"))
    series = uuid5(NAMESPACE_URL, f"redress/{store().master.fingerprint}/{pack.name}/{dimension}/{code}")
    name = series_name(dimension, code)
    return Event(
        id=uuid5(series, f"{kind}/{begins_on}"),
        event=f"redress.early-warning.{kind}",
        resource=Resource(
            {
                "prefect.resource.id": f"redress.early-warning.{dimension}.{series.hex[:12]}",
                "prefect.resource.name": name.zh,
            }
        ),
        payload={
            "kind": WarningKind(kind).both,
            "dimension": dimension,
            "series": name.zh,
            **{
                key: _plain(warning[key])
                for key in ("begins_on", "day", "window", "observed", "expected", "probability")
            },
        },
    )


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    return float(f"{value:.3g}") if isinstance(value, float) else value
