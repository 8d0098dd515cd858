"""What follows an answer."""

import threading
import time

import pytest
from fastapi.testclient import TestClient
from prefect.settings import PREFECT_API_URL, temporary_settings

from complaints.settings import settings
from complaints.words import Stage
from deployments.door import aftermath
from deployments.door.app import app
from tests.deployments.conftest import Installation
from tests.deployments.door.sending import SECRET, as_json, send


def until(reached: threading.Event) -> None:
    assert reached.wait(60)


def test_a_complaint_is_taken_in_while_prefect_is_away(firm: Installation, caplog: pytest.LogCaptureFixture) -> None:
    firm.set(REDRESS_WEBHOOK_SECRETS__crm=SECRET)
    nobody = temporary_settings(updates={PREFECT_API_URL: settings().api_url})

    with nobody, TestClient(app) as door:
        began = time.monotonic()
        answer = send(door, as_json())
        took = time.monotonic() - began

    assert answer.status_code == 201
    assert took < 5
    assert firm.store.read_case(answer.json()["reference"]).stage is Stage.RECEIVED


def test_what_is_asked_for_while_it_is_done_is_done_once_more_for_all() -> None:
    done: list[set[str]] = []
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def do(references: set[str]) -> None:
        done.append(references)
        begun.set()
        until(may_end)
        if len(done) == 2:
            ended.set()

    errand = aftermath.Errand("tests", do, rest_seconds=0.01)
    errand.ask("A")
    until(begun)
    for number in range(100):
        errand.ask(f"B{number}")
        errand.ask("A")
    may_end.set()
    until(ended)

    assert done == [{"A"}, {"A", *(f"B{number}" for number in range(100))}]


def test_an_errand_that_fails_is_done_the_next_time(caplog: pytest.LogCaptureFixture) -> None:
    done: list[set[str]] = []
    ended = threading.Event()

    def do(references: set[str]) -> None:
        done.append(references)
        if len(done) == 1:
            raise ConnectionError("somewhere")
        ended.set()

    errand = aftermath.Errand("tests", do, rest_seconds=0.01)
    errand.ask("A")
    while not done:
        time.sleep(0.001)
    errand.ask("B")
    until(ended)

    assert done == [{"A"}, {"B"}]
    assert "runs were not told now (ConnectionError)" in caplog.text
    assert "somewhere" not in caplog.text
