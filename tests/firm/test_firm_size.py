"""Firm size, for real: PostgreSQL, Redis, two API servers, services, two workers, a door; one of each is killed.

What stands in for something else: the balancer of ``balancer.py`` for the reverse proxy, one machine for several.
"""

import os
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from sqlalchemy import create_engine, text

from complaints.adapters.verify import verify
from complaints.settings import settings
from flows.runs import prefect_client
from tests.firm.balancer import Balancer
from tests.firm.company import Company

pytestmark = [pytest.mark.firm, pytest.mark.timeout(1200)]

VICTIMS = ("api-1", "worker-1", "door", "services")
BEFORE_EACH = 4
"""Complaints that are sent before each kill; their runs are under way when it comes."""


def test_one_of_each_is_killed_under_load_and_nothing_is_lost_or_done_twice(company: tuple[Company, Balancer]) -> None:
    firm, balancer = company
    taken: dict[str, str] = {}
    connections: list[int] = []

    def send_and_kill() -> None:
        for victim in VICTIMS:
            for number in range(BEFORE_EACH):
                name = f"before-{victim}-{number}"
                taken[name] = firm.send(name)
            firm.kill(victim)
            name = f"without-{victim}"
            sending = threading.Thread(target=lambda name=name: taken.update({name: firm.send(name)}))
            sending.start()
            time.sleep(3)
            connections.append(connected())
            firm.start(victim)
            sending.join()

    began = time.monotonic()
    killing = threading.Thread(target=send_and_kill)
    killing.start()
    finished: set[str] = set()
    while killing.is_alive() or len(finished) < len(VICTIMS) * (BEFORE_EACH + 1):
        assert time.monotonic() - began < 900, firm.stand(set(taken.values()) - finished)
        still_open = set(taken.values()) - finished
        known = set(still_open)
        waiting = firm.work_on(still_open)
        finished |= known - still_open
        if waiting and waiting == len(still_open):
            firm.pass_days(8)
        time.sleep(0.5)
    killing.join()
    seconds = time.monotonic() - began

    assert Counter(firm.killed) == dict.fromkeys(VICTIMS, 1)
    assert len(set(taken.values())) == len(VICTIMS) * (BEFORE_EACH + 1)
    assert firm.alive(set(taken.values())) == []
    assert left_over() == []
    assert firm.store.open_references() == []
    assert verify(firm.store).breaks == []
    letters = [letter for reference in taken.values() for letter in firm.case(reference).letters.values()]
    mails = Counter(line.partition(":")[2].strip() for line in firm.sink.message_ids())
    assert set(mails.values()) == {1}
    assert {letter.prepared.message_id for letter in letters if letter.status == "sent"} <= mails.keys()
    assert all(balancer.passed.values()), balancer.passed
    assert "3 server processes" in healthy()
    memory = firm.memory()
    ended = firm.end_all(30)
    print(  # noqa: T201 - the figures of docs/firm-size.md
        f"\n{len(taken)} complaints to their end in {seconds:.0f} s, {firm.tries} tries at the door, "
        f"killed {firm.killed}; letters {dict(Counter(one.status for one in letters))}, mails {len(mails)}, "
        f"connections to PostgreSQL {max(connections)}, connections by server {list(balancer.passed.values())}, "
        f"MiB {memory}, exit codes {ended}"
    )
    assert None not in ended.values(), ended


def connected() -> int:
    """How many connections the firm's two databases have."""
    names = [settings().cases_url.rpartition("/")[2], settings().prefect_database.get_secret_value().rpartition("/")[2]]
    engine = create_engine(settings().cases_url)
    with engine.connect() as connection:
        query = text("SELECT count(*) FROM pg_stat_activity WHERE datname = ANY(:names)")
        number = int(connection.scalar(query, {"names": names}) or 0)
    engine.dispose()
    return number


def left_over() -> list[str]:
    """The runs of cases that have not ended."""
    states = [one for one in StateType if one not in (StateType.COMPLETED, StateType.CANCELLED)]
    with prefect_client() as client:
        runs = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=states))),
            deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=["handle-complaint"])),
        )
    return [run.name for run in runs]


def healthy() -> str:
    """What ``redress doctor`` says, which must have found nothing bad."""
    doctor = [sys.executable, "-m", "deployments.cli", "doctor"]
    done = subprocess.run(doctor, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "250"})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
