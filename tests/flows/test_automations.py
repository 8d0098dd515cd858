"""The automations for operators: made once, switched off, left alone, and at work when somebody switches them on."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import BlockDocumentUpdate
from prefect.events.schemas.automations import AutomationCore
from prefect.events.schemas.events import Event, Resource
from prefect.server.database import orm_models
from prefect.server.events.schemas.automations import EventTrigger
from prefect.server.models.events import work_pool_status_event
from prefect.server.schemas.statuses import WorkPoolStatus
from prefect.states import Failed

from complaints.answers import Question
from deployments.automations import (
    BLOCK,
    BROKEN,
    MAIL,
    MISSED,
    NO_WORKER,
    NOTICES,
    OUTBOX,
    WORKER_GONE,
    Notice,
    automation,
    register_automations,
)
from flows.runs import POOL, prefect_client
from tests.flows.running import Running
from tests.http_sink import Sink, http_sink


def send_to(client: SyncPrefectClient, url: str) -> None:
    """Enter another address in the block, as an operator does on Prefect's page."""
    block = client.read_block_document_by_name(BLOCK, "custom-webhook")
    body = BlockDocumentUpdate(block_schema_id=block.block_schema_id, data=block.data | {"url": url})
    client.request("PATCH", f"/block_documents/{block.id}", json=body.model_dump(mode="json"))


PROBE = Notice("a probe of the tests", frozenset({"tests.probe"}), {"prefect.resource.id": "tests.probe"}, "", "probe")


@contextmanager
def switched_on(redress: Running, client: SyncPrefectClient, *notices: Notice) -> Iterator[Sink]:
    """Switch automations on, as an operator does, with a robot that listens; off again afterwards."""
    made = [client.read_automations_by_name(notice.name)[0] for notice in notices]
    with http_sink() as sink:
        send_to(client, f"http://127.0.0.1:{sink.port}/on-call")
        for one in made:
            client.resume_automation(one.id)
        until_triggers_know(redress, client, sink)
        try:
            yield sink
        finally:
            for one in made:
                client.pause_automation(one.id)


def until_triggers_know(redress: Running, client: SyncPrefectClient, sink: Sink) -> None:
    """Wait until the server's triggers know of every change: it tells them of one after the other, the probe last."""
    block = client.read_block_document_by_name(BLOCK, "custom-webhook").id
    probe = client.create_automation(automation(PROBE, block).model_copy(update={"enabled": True}))

    def is_heard() -> bool:
        put(client, an_event("tests.probe", "tests.probe"))
        return bool(sink.taken)

    redress.until(is_heard, "the server's triggers know of the changes")
    client.delete_automation(probe)
    sink.taken.clear()  # within ten minutes no other is sent


def told(sink: Sink) -> list[str]:
    """Return what the robot was told, sorted."""
    return sorted(body["text"]["content"] for _, body in sink.taken)


def test_all_are_there_and_switched_off_and_left_alone(redress: Running) -> None:
    with prefect_client() as client:
        made = [client.read_automations_by_name(notice.name)[0] for notice in NOTICES]
        assert not any(one.enabled for one in made)

        client.resume_automation(made[0].id)

        assert not any(change.is_news or change.kept for change in register_automations(client))
        assert client.read_automations_by_name(NOTICES[0].name)[0].enabled
        client.pause_automation(made[0].id)


def test_one_that_was_changed_by_hand_is_said_to_be(redress: Running) -> None:
    with prefect_client() as client:
        there = client.read_automations_by_name(OUTBOX.name)[0]
        mine = there.model_copy(update={"trigger": there.trigger.model_copy(update={"within": timedelta(hours=1)})})
        client.update_automation(
            there.id, AutomationCore.model_validate(mine.model_dump(exclude={"id", "owner_resource"}))
        )

        (change,) = (one for one in register_automations(client) if one.kept)

        assert (change.name, [one.field for one in change.kept]) == (OUTBOX.name, ["trigger"])
        client.delete_automation(there.id)
        assert [one.name for one in register_automations(client) if one.created] == [OUTBOX.name]


def test_who_is_on_call_is_told_of_a_missed_limit_once_somebody_wants_it(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    with prefect_client() as client, switched_on(redress, client, MISSED) as sink:
        redress.store.move_time(redress.store.now() + timedelta(days=17))
        redress.sweep()

        redress.until(lambda: sink.taken, "the robot is told")
    ((path, body),) = sink.taken
    assert path == "/on-call"
    assert body["msgtype"] == "text"
    assert re.search(r"Case TS\d{6}-\w{7}: the limit 'decision' has passed", body["text"]["content"])


def test_who_is_on_call_is_told_of_failed_runs_dead_workers_a_growing_outbox_and_mail_for_a_person(
    redress: Running,
) -> None:
    with prefect_client() as client, switched_on(redress, client, BROKEN, WORKER_GONE, OUTBOX, MAIL) as sink:
        deployment = client.read_deployment_by_name("apply-rules/apply-rules")
        run = client.create_flow_run_from_deployment(deployment.id, name="a run that fails", state=None)
        client.set_flow_run_state(run.id, Failed(), force=True)
        events = [
            an_event("redress.worker.gone", "redress.worker.resident-east-7", name="resident-east-7"),
            an_event("redress.outbox.growing", "redress.outbox", number=12, minutes=34),
            an_event("redress.mail.to_be_looked_at", "redress.mailbox", count=3),
        ]
        put(client, *events)

        redress.until(lambda: len(sink.taken) == 4, "the robot is told four times")
    outbox, gone, failed, mail = told(sink)
    assert "3 mails were not taken in" in mail
    assert "12 things wait to be sent, the oldest for 34 minutes." in outbox
    assert "Worker resident-east-7 is gone" in gone
    assert "Run 'a run that fails' of apply-rules ended Failed" in failed


def put(client: SyncPrefectClient, *events: Event) -> None:
    """Put events on Prefect's server."""
    client.request("POST", "/events", json=[one.model_dump(mode="json") for one in events])


def an_event(event: str, about: str, name: str = "", **payload: Any) -> Event:
    """Return an event as Redress puts it on Prefect's server."""
    resource = Resource({"prefect.resource.id": about, "prefect.resource.name": name or about})
    return Event(event=event, resource=resource, payload=payload)


@pytest.mark.parametrize(
    ("pool", "status", "tells"),
    [
        (POOL, WorkPoolStatus.NOT_READY, True),
        ("another", WorkPoolStatus.NOT_READY, False),
        (POOL, WorkPoolStatus.READY, False),
    ],
)
def test_a_pool_without_workers_is_told_of_where_it_is_ours(pool: str, status: WorkPoolStatus, tells: bool) -> None:
    gone = orm_models.WorkPool(id=uuid4(), name=pool, type="redress", status=status)
    event = asyncio.run(work_pool_status_event(uuid4(), datetime.now(UTC), None, gone))
    trigger = EventTrigger.model_validate(automation(NO_WORKER, UUID(int=0)).trigger.model_dump())

    assert trigger.covers(event.receive()) is tells
