"""What processes log while a complaint goes from the door to its end, in both forms of lines."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import httpx
import pytest

from complaints.adapters.beats import living
from complaints.settings import settings
from tests.deployments.door.sending import URL, headers
from tests.flows.running import Running
from tests.flows.test_handle_complaint import MARKED, TRACES

KEY = b"tests only, not a secret!"


@pytest.fixture(params=["text", "json"])
def written(request: pytest.FixtureRequest, redress: Running) -> Iterator[dict[Path, int]]:
    """Worker and door started anew with a form of lines; how long each log was before."""
    folder = redress.supervisor.settings.home / "logs"
    with patch.dict(os.environ, {"REDRESS_LOG_FORMAT": request.param}):
        start_anew(redress)
        before = {log: log.stat().st_size for log in folder.glob("*.log")}
        yield before
    start_anew(redress)


def start_anew(redress: Running) -> None:
    names = {name for _, name in living(redress.store)}
    for child in ("worker", "door"):
        process = redress.supervisor.children[child].process
        assert process
        process.terminate()
        process.wait(30)
    redress.until(lambda: bool({name for _, name in living(redress.store)} - names), "another worker lives")
    redress.until(_is_open, "the door is open")


def _is_open() -> bool:
    try:
        return httpx.get(f"http://{settings().door_host}:{settings().door_port}/readyz", timeout=1).is_success
    except httpx.HTTPError:
        return False


@pytest.mark.slow
def test_from_the_door_to_the_end_no_word_of_a_person_is_logged_in_either_form(
    redress: Running, written: dict[Path, int]
) -> None:
    is_json = os.environ["REDRESS_LOG_FORMAT"] == "json"
    door = f"http://{settings().door_host}:{settings().door_port}"
    body = json.dumps({"channel": "web", "kind": "complaint"} | MARKED | {"number": f"LOGS-{time.time_ns()}"}).encode()
    answer = httpx.post(f"{door}{URL}", content=body, headers=headers(body, key=KEY, delivery=f"m-{time.time_ns()}"))
    assert answer.status_code == 201
    reference = answer.json()["reference"]
    redress.live_on([reference])

    logged = {log: log.read_bytes()[size:].decode() for log, size in written.items()}

    assert not [(log.name, trace) for log, text in logged.items() for trace in TRACES if trace in text]
    worker, doors = (next(text for log, text in logged.items() if log.stem == name) for name in ("worker", "door"))
    assert "/v1/complaints" in doors
    assert reference not in doors
    if is_json:
        lines = [json.loads(line) for line in (worker + doors).splitlines()]
        assert {line.get("case") for line in lines} >= {reference}
    else:
        assert f"case={reference}" in worker
