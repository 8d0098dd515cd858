"""Sends what other systems are to be told of cases, and puts every dead letter on Prefect's server as an event."""

import httpx
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import State
from prefect.events.schemas.events import Event, Resource
from prefect.exceptions import PrefectHTTPStatusError
from prefect.logging import get_run_logger
from prefect.states import Completed

from complaints.adapters.alerting import PAGE
from complaints.adapters.dispatching import Dead
from flows.runs import prefect_client
from flows.watch_deadlines import is_one_too_many
from tasks.announcements import tell_receivers


@flow(name="send-announcements")
def send_announcements() -> State[None]:
    """Send every receiver what is due for it; what it does not take is tried again for a day."""
    with prefect_client() as client:
        if is_one_too_many(client):
            return Completed(name="Skipped", message="Another run does its work.")
        done = tell_receivers()
        get_run_logger().info("%d delivered, %d failed, %d given up", done.delivered, done.failed, len(done.dead))
        if done.dead:
            report(client, done.dead)
    return Completed()


def report(client: SyncPrefectClient, dead: list[Dead]) -> None:
    """Put an event on Prefect's server for each dead letter; they stay listed by ``redress webhooks`` without it."""
    try:
        for start in range(0, len(dead), PAGE):
            events = [event_of(one).model_dump(mode="json") for one in dead[start : start + PAGE]]
            client.request("POST", "/events", json=events)
    except (PrefectHTTPStatusError, httpx.HTTPError) as error:
        get_run_logger().warning("Prefect was not told of %d dead letters: %s", len(dead), type(error).__name__)


def event_of(one: Dead) -> Event:
    """Return a dead letter as an event; it names the case and the receiver, and no address."""
    return Event(
        event="redress.webhook.dead",
        resource=Resource(
            {"prefect.resource.id": f"redress.case.{one.reference}", "prefect.resource.name": one.reference}
        ),
        payload={"reference": one.reference, "receiver": one.receiver, "id": one.id},
    )
