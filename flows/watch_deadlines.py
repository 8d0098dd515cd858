"""The scheduled sweep over all clocks: warns, records breaches, tells Prefect and people, wakes what waited for a date.

What the sweep records is written together with the alerts that tell of it. Whatever comes after may fail at any
place, and is done by the next sweep.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from uuid import NAMESPACE_URL, uuid5

import httpx
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterStartTime,
    FlowRunFilterState,
    FlowRunFilterStateName,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.context import FlowRunContext
from prefect.events.schemas.events import Event, RelatedResource, Resource
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.logging import get_run_logger
from prefect.states import Completed
from sqlalchemy.exc import OperationalError

from complaints.adapters.alerting import (
    Announcement,
    Arrival,
    arrivals,
    claim_announcements,
    mark_announced,
    mark_shown,
    showings,
)
from complaints.errors.base import RetryableError
from flows.deadline_board import board_address, links_to_runs, show_board
from flows.runs import find_runs, prefect_client, wake
from tasks.deadlines import sweep, tell_people
from tasks.desk import store

TAGS: Final[Mapping[str, str]] = {"late": "due:late", "soon": "due:soon"}
"""The tags by which operators filter runs; a run has the one of its case's worst limit, or none."""

MOST_TAGGED: Final = 500
"""Runs whose tags one sweep changes; each is a request of its own, and the next sweep goes on."""

PATIENCE: Final = timedelta(minutes=10)
"""After so long a sweep that is still said to run is taken to be lost, or to need help."""

_PASSING: Final = (PrefectHTTPStatusError, ObjectNotFound, httpx.HTTPError, RetryableError, OperationalError)


@flow(name="watch-deadlines")
def watch_deadlines() -> State[None]:
    """Find what is near or past due, record it once, and tell of it."""
    with prefect_client() as client:
        if is_one_too_many(client):
            return Completed(name="Skipped", message="Another sweep does its work.")
        struck = sweep()
        done, failed = {}, []
        for name, part in PARTS.items():
            try:
                done[name] = part(client)
            except _PASSING as error:
                get_run_logger().warning("'%s' is put off until the next sweep: %s", name, type(error).__name__)
            except Exception as error:  # a bug in one part must be seen, but keep no other from its work
                failed.append(error)
    get_run_logger().info("Swept: %d clocks struck, %s", len(struck), done)
    if failed:
        raise failed[0]
    return Completed()


def is_one_too_many(client: SyncPrefectClient) -> bool:
    """Whether this run came by its schedule and another one does its work, or has done it.

    Two sweeps do no harm to each other, but after an outage they must not pile up. A concurrency limit of Prefect's
    would not drop those that are late, and a slot of it that is never given back (the worker gone with its machine,
    the lease with the server's memory) would stop every sweep to come. What somebody starts by hand always sweeps.
    """
    context = FlowRunContext.get()
    if context is None or context.flow_run is None or not context.flow_run.auto_scheduled:
        return False
    others = client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[context.flow_run.deployment_id])),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(name=FlowRunFilterStateName(any_=["Running", "Completed"])),
            start_time=FlowRunFilterStartTime(after_=datetime.now(UTC) - PATIENCE),
        ),
    )
    this = next((one for one in others if one.id == context.flow_run.id), context.flow_run)
    return any(makes_needless(one, this) for one in others)


def makes_needless(other: FlowRun, run: FlowRun) -> bool:
    """Whether a sweep leaves nothing to do for a scheduled one: it is at work before, or began after that was due."""
    due, began, others_began = run.expected_start_time, run.start_time, other.start_time
    if other.id == run.id or other.state is None or due is None or began is None or others_began is None:
        return False
    if other.state.is_completed():
        return others_began >= due
    return (others_began, other.id) < (began, run.id)


# --- events -------------------------------------------------------------------------------------


def announce(client: SyncPrefectClient) -> int:
    """Put an event on Prefect's server for everything that the sweep recorded, once; return how many."""
    told = 0
    while batch := claim_announcements(store()):
        runs = find_runs(client, {one.reference for one in batch})
        events = [event_of(one, runs.get(one.reference)) for one in batch]
        client.request("POST", "/events", json=[one.model_dump(mode="json") for one in events])
        mark_announced(store(), [one.id for one in batch])
        told += len(batch)
    return told


def event_of(one: Announcement, run: FlowRun | None) -> Event:
    """Return an alert as an event, such as ``redress.clock.missed``.

    Its id follows from the alert: put on the server a second time, after a crash, it stays one event.
    """
    made_from = f"redress/{store().master.fingerprint}/{one.id}/{one.reference}/{one.clock}/{one.what}/{one.percent}"
    name = {"prefect.resource.name": one.reference}
    related = {"prefect.resource.id": f"prefect.flow-run.{run.id}", "prefect.resource.role": "flow-run"} if run else {}
    return Event(
        id=uuid5(NAMESPACE_URL, made_from),
        event=f"redress.{one.what.replace('_', '.', 1)}",
        resource=Resource({"prefect.resource.id": f"redress.case.{one.reference}"} | name),
        related=[RelatedResource(related | name)] if related else [],
        payload={
            "reference": one.reference,
            "clock": one.clock,
            "percent": one.percent,
            "due_at": one.due_at.isoformat(),
        },
    )


# --- people -------------------------------------------------------------------------------------


def tell(client: SyncPrefectClient) -> int:
    """Send people their messages, with links to the runs; return how many were sent."""
    return tell_people(lambda references: links_to_runs(find_runs(client, references)), board_address())


# --- runs ---------------------------------------------------------------------------------------


def wake_sleepers(client: SyncPrefectClient) -> int:
    """Let runs go on whose date has come; return how many were woken.

    A run that is at work may be about to fall asleep for the same date. So each is looked at again by every sweep,
    until it is seen not to wait for it any more.
    """
    woken, after = 0, 0
    while page := arrivals(store(), after):
        after = page[-1].id
        runs = find_runs(client, {one.reference for one in page})
        for one in page:
            run = runs.get(one.reference)
            if run and waits_for(one, run) and _attempted(one.reference, partial(wake, client, run)):
                woken += 1
        mark_announced(store(), [one.id for one in page if knows_of(one, runs.get(one.reference))])
    return woken


def waits_for(one: Arrival, run: FlowRun) -> bool:
    """Whether a run is suspended until a date that has come."""
    key = (run.state.state_details.pause_key if run.state else None) or ""
    return run.state is not None and run.state.type is StateType.PAUSED and key.startswith(f"until-{one.clock}-")


def knows_of(one: Arrival, run: FlowRun | None) -> bool:
    """Whether a run cannot sleep through a date that has come: it waits for something else, or starts afresh."""
    if run is None or run.state is None or run.state.is_final():
        return True
    return run.state.type is StateType.PAUSED and not waits_for(one, run)


def show_standings(client: SyncPrefectClient) -> int:
    """Make the tags of runs say how the limits of their cases stand; return how many runs were changed."""
    changed, after = 0, ""
    while changed < MOST_TAGGED and (page := showings(store(), after)):
        after = page[-1].reference
        runs = find_runs(client, {one.reference for one in page})
        shown = []
        for one in page:
            run = runs.get(one.reference)
            if run is None and one.worst:
                continue  # it gets a run soon, which must be tagged then
            if run is None or _attempted(one.reference, partial(tag, client, run, one.worst)):
                shown.append(one)
                changed += run is not None
        mark_shown(store(), shown)
    return changed


def tag(client: SyncPrefectClient, run: FlowRun, worst: str) -> bool:
    """Give a run the tag of a standing, and none other of these."""
    tags = sorted({*run.tags}.difference(TAGS.values()).union({TAGS[worst]} if worst else ()))
    if tags != sorted(run.tags):
        client.update_flow_run(run.id, tags=tags)
    return True


def _attempted(reference: str, act: Callable[[], bool]) -> bool:
    """Do something to one run; that it cannot be done now must not keep all others from it."""
    try:
        return act()
    except (PrefectHTTPStatusError, ObjectNotFound) as error:
        get_run_logger().warning("The run of %s was not changed: %s", reference, type(error).__name__)
        return False


PARTS: Final[Mapping[str, Callable[[SyncPrefectClient], int]]] = {
    "events": announce,
    "messages": tell,
    "woken": wake_sleepers,
    "tagged": show_standings,
    "board": show_board,
}
