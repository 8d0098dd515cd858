"""What was taken in gets its run, whatever becomes of the door or of Prefect."""

import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook

from complaints.adapters.starting import owed_since
from complaints.adapters.tables import CaseRow
from complaints.settings import settings
from flows.runs import prefect_client, start_owed
from tests.flows.running import Running

pytestmark = pytest.mark.slow


def deliver(number: str, **complaint: Any) -> httpx.Response:
    """Send one complaint to the door, signed."""
    body = json.dumps({"channel": "app", "narrative": "重复扣款", "kind": "complaint", "number": number} | complaint)
    sender, secret = next(iter(settings().webhook_secrets.items()))
    now = datetime.now(UTC)
    key = secret[0] if isinstance(secret, (list, tuple)) else secret
    headers = {
        "webhook-sender": sender,
        "webhook-id": f"msg-{number}",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(key.get_secret_value()).sign(f"msg-{number}", now, body),
        "content-type": "application/json",
    }
    url = f"http://{settings().door_host}:{settings().door_port}/v1/complaints"
    return httpx.post(url, content=body.encode(), headers=headers, timeout=20)


def runs_of(references: set[str]) -> Counter[str]:
    """Count the runs of each case."""
    with prefect_client() as client:
        runs = client.read_flow_runs(limit=200)
        page = 200
        while more := client.read_flow_runs(limit=200, offset=page):
            runs, page = runs + more, page + 200
    return Counter(run.name for run in runs if run.name in references)


@contextmanager
def prefect_away(redress: Running) -> Iterator[None]:
    """Let Prefect's server answer nothing, as when its machine hangs."""
    server = redress.supervisor.children["server"].process
    assert server is not None
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def test_complaints_are_taken_in_while_prefect_is_away_and_get_one_run_each_when_it_is_back(redress: Running) -> None:
    began = time.monotonic()
    with prefect_away(redress), ThreadPoolExecutor(8) as senders:
        answers = list(senders.map(lambda number: deliver(f"away-{number}"), range(60)))
        took = time.monotonic() - began
        owed, _ = owed_since(redress.store)
    references = {answer.json()["reference"] for answer in answers}

    assert {answer.status_code for answer in answers} == {201}
    assert len(references) == 60
    assert owed == 60
    assert took < 60  # nobody waited for Prefect
    redress.deploy_and_wait("reconcile-runs")
    redress.until_rest(*references)
    assert runs_of(references) == dict.fromkeys(references, 1)
    assert owed_since(redress.store) == (0, None)


def test_several_processes_that_start_what_is_owed_make_one_run_a_case(redress: Running) -> None:
    with prefect_away(redress):
        references = {deliver(f"twice-{number}").json()["reference"] for number in range(10)}

    threads = [threading.Thread(target=start_owed) for _ in range(3)]
    for thread in threads:
        thread.start()
    redress.deploy_and_wait("reconcile-runs")
    for thread in threads:
        thread.join()

    redress.until_rest(*references)
    assert runs_of(references) == dict.fromkeys(references, 1)


def test_an_urgent_complaint_waits_in_the_queue_that_goes_first(redress: Running) -> None:
    reference = deliver("urgent-1", urgent=True).json()["reference"]
    redress.until_rest(reference)

    with prefect_client() as client:
        queue = client.read_work_queue_by_name("urgent", work_pool_name="redress")
        assert redress.run(reference).work_queue_name == "urgent"
        others = client.read_work_queues(work_pool_name="redress")
    assert all(queue.priority < other.priority for other in others if other.id != queue.id)


def test_what_the_door_answered_is_there_once_however_often_it_is_killed_under_load(redress: Running) -> None:
    taken: dict[str, str] = {}
    over = threading.Event()

    def keep_sending(sender: int) -> int:
        tries = number = 0
        while not over.is_set():
            name, tries = f"killed-{sender}-{number}", tries + 1
            try:
                answer = deliver(name)
            except httpx.HTTPError:
                over.wait(0.2)  # the door is down: the same delivery again, as every sender does
                continue
            if answer.status_code in (200, 201):
                taken[name] = answer.json()["reference"]
                number += 1
                over.wait(0.25)  # a server with hundreds of runs before it would hold up the tests that follow
        return tries

    with ThreadPoolExecutor(4) as senders:
        sending = [senders.submit(keep_sending, one) for one in range(4)]
        try:
            for _ in range(4):
                time.sleep(1.5)
                door = redress.supervisor.children["door"]
                killed, door.restarts = door.process, 0  # the supervisor would wait longer from time to time
                assert killed is not None
                killed.kill()
                redress.until(lambda door=door, killed=killed: door.process is not killed, "the door is back")
                redress.until(door_answers, "the door answers")
            redress.until(lambda: len(taken) > 20, "enough was taken")
        finally:
            over.set()
        tries = sum(one.result() for one in sending)

    assert tries > len(taken)
    with redress.store.read() as session:
        numbers = list(
            session.execute(select(CaseRow.number, CaseRow.reference).where(CaseRow.number.like("killed-%")))
        )
    assert Counter(number for number, _ in numbers).most_common(1)[0][1] == 1
    assert taken.items() <= {row.number: row.reference for row in numbers}.items()
    redress.deploy_and_wait("reconcile-runs")
    references = {reference for _, reference in numbers}
    assert runs_of(references) == dict.fromkeys(references, 1)


def door_answers() -> bool:
    """Whether the door is open."""
    try:
        return httpx.get(f"http://{settings().door_host}:{settings().door_port}/healthz", timeout=1).is_success
    except httpx.HTTPError:
        return False
