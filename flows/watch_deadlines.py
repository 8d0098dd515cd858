"""The scheduled sweep over all clocks: warns, records breaches, wakes what waited for a date."""

from prefect import flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.events import emit_event
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.logging import get_run_logger

from flows.runs import find_runs, prefect_client, wake
from tasks.deadlines import Struck, sleepers, sweep

TAGS = {"clock_warned": "due:soon", "clock_missed": "due:late"}


@flow(name="watch-deadlines")
def watch_deadlines() -> None:
    """Find what is near or past due, record it once, and tell the operators."""
    struck = sweep()
    waiting = sleepers()
    with prefect_client() as client:
        runs = find_runs(client, {one.reference for one in struck} | set(waiting))
        for one in struck:
            try:
                announce(client, one, runs.get(one.reference))
            except (PrefectHTTPStatusError, ObjectNotFound) as error:  # the others are told all the same
                get_run_logger().warning("Case %s was not tagged: %s", one.reference, type(error).__name__)
        woken = sum(wake(client, runs[reference]) for reference in waiting if reference in runs)
    get_run_logger().info("Swept: %d clocks struck, %d runs woken", len(struck), woken)


def announce(client: SyncPrefectClient, struck: Struck, run: FlowRun | None) -> None:
    """Emit an event for a clock that struck, and tag the case's run so that operators can filter by it."""
    tag = TAGS.get(struck.what)
    if tag is None:
        return
    emit_event(
        event=f"redress.{struck.what.replace('_', '.')}",
        resource={"prefect.resource.id": f"redress.case.{struck.reference}", "prefect.resource.name": struck.reference},
        payload={"reference": struck.reference, "clock": struck.clock},
    )
    if run is not None:
        client.update_flow_run(run.id, tags=sorted({*run.tags, tag} - ({"due:soon"} if tag == "due:late" else set())))
