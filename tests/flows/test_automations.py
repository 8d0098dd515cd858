"""The example automation: made once, switched off, left alone, and at work when somebody switches it on."""

import re
import time
from datetime import timedelta

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import BlockDocumentUpdate

from complaints.answers import Question
from deployments.automations import BLOCK, NAME, register_automations
from flows.runs import prefect_client
from tests.flows.running import Running
from tests.http_sink import http_sink


def send_to(client: SyncPrefectClient, url: str) -> None:
    """Enter another address in the block, as an operator does on Prefect's page."""
    block = client.read_block_document_by_name(BLOCK, "custom-webhook")
    body = BlockDocumentUpdate(block_schema_id=block.block_schema_id, data=block.data | {"url": url})
    client.request("PATCH", f"/block_documents/{block.id}", json=body.model_dump(mode="json"))


def test_who_is_on_call_is_told_of_a_missed_limit_once_somebody_wants_it(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    with prefect_client() as client, http_sink() as sink:
        (made,) = client.read_automations_by_name(NAME)  # `redress up` has registered it
        assert not made.enabled
        assert register_automations(client) == []

        send_to(client, f"http://127.0.0.1:{sink.port}/on-call")
        client.resume_automation(made.id)
        assert register_automations(client) == []
        assert [one.enabled for one in client.read_automations_by_name(NAME)] == [True]
        time.sleep(2)  # the server tells its triggers of the change
        redress.store.move_time(redress.store.now() + timedelta(days=17))
        redress.sweep()

        redress.until(lambda: sink.taken, "the robot is told", 30)
        client.pause_automation(made.id)
    ((path, body),) = sink.taken
    assert path == "/on-call"
    assert body["msgtype"] == "text"
    assert re.search(r"Case TS\d{6}-\w{7}: the limit 'decision' has passed", body["text"]["content"])
