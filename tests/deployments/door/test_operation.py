"""What those ask who run the door."""

import threading
import time

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from starlette.requests import Request

from deployments.door import operation
from deployments.door.app import app
from deployments.door.operation import is_of_this_machine
from tests.deployments.conftest import Installation
from tests.deployments.door.sending import TOKEN, URL, as_json, problem, send, tokens


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy with other tests is waited for."""
    monkeypatch.setattr(operation, "PATIENCE_SECONDS", 30.0)


@pytest.fixture
def prometheus(door: TestClient) -> TestClient:
    """A program of the door's own machine."""
    return TestClient(app, client=("127.0.0.1", 50000))


# --- ready --------------------------------------------------------------------------------------


def test_a_door_that_can_take_complaints_says_so(door: TestClient) -> None:
    answer = door.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


def test_without_its_database_it_lives_but_is_not_ready_and_says_no_more_than_that(
    door: TestClient, firm: Installation
) -> None:
    firm.set(REDRESS_DATABASE_URL="postgresql://redress:pass-word@127.0.0.1:9/cases")

    answer = door.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "lacks": ["case-database"]}
    assert answer.headers["retry-after"] == "5"
    assert door.get("/healthz").status_code == 200


def test_with_the_schema_of_another_version_it_is_not_ready(door: TestClient, firm: Installation) -> None:
    with firm.store.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))

    assert door.get("/readyz").json()["lacks"] == ["schema"]


def test_it_is_looked_at_once_in_a_while_however_many_ask(door: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    monkeypatch.setattr(operation, "FRESH_SECONDS", 60.0)
    monkeypatch.setattr(operation, "lacks", lambda *_: looks.append(1) or [])

    for _ in range(20):
        door.get("/readyz")

    assert len(looks) == 1


def test_a_database_that_does_not_answer_in_time_is_not_waited_for(
    door: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operation, "PATIENCE_SECONDS", 0.1)
    may_answer = threading.Event()
    monkeypatch.setattr(operation, "lacks", lambda *_: may_answer.wait(60) and [])
    began = time.monotonic()

    assert door.get("/readyz").json()["lacks"] == ["case-database"]
    assert time.monotonic() - began < 30
    may_answer.set()


# --- metrics --------------------------------------------------------------------------------------


def test_metrics_are_shown_to_no_stranger(door: TestClient) -> None:
    assert problem(door.get("/metrics"))["type"] == "urn:redress:problem:unauthenticated"


def test_metrics_are_shown_to_a_token_with_their_scope(door: TestClient, firm: Installation) -> None:
    firm.set(REDRESS_TOKENS=tokens(prometheus="metrics"))

    answer = door.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})

    assert answer.status_code == 200
    assert "redress_cases_open" in answer.text


def test_a_sender_that_may_do_everything_with_its_cases_may_not_read_metrics(
    door: TestClient, firm: Installation
) -> None:
    firm.set(REDRESS_TOKENS=tokens(crm="file read materials withdraw events all"))

    assert door.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 403


def test_metrics_are_shown_to_a_program_of_the_same_machine(prometheus: TestClient) -> None:
    assert prometheus.get("/metrics").status_code == 200


@pytest.mark.parametrize(
    ("peer", "header", "public_url", "proxies", "is_local"),
    [
        ("127.0.0.1", None, "", "[]", True),
        ("::1", None, "", "[]", True),
        ("127.0.0.1", None, "http://127.0.0.1:4280", "[]", True),
        ("192.0.2.7", None, "", "[]", False),
        ("testclient", None, "", "[]", False),
        ("127.0.0.1", "x-forwarded-for", "", "[]", False),
        ("127.0.0.1", "forwarded", "", "[]", False),
        ("127.0.0.1", "via", "", "[]", False),
        ("127.0.0.1", None, "https://complaints.example.com", "[]", False),  # a proxy need not say for whom it asks
        ("127.0.0.1", None, "", '["127.0.0.0/8"]', False),
    ],
)
def test_a_program_of_this_machine_is_none_that_asks_for_somebody_else(
    firm: Installation, peer: str, header: str | None, public_url: str, proxies: str, is_local: bool
) -> None:
    firm.set(REDRESS_PUBLIC_URL=public_url, REDRESS_TRUSTED_PROXIES=proxies)
    headers = [(header.encode(), b"192.0.2.7")] if header else []

    assert is_of_this_machine(Request({"type": "http", "client": (peer, 1), "headers": headers})) is is_local


def test_no_label_holds_a_reference_a_token_or_a_word_of_a_sender(prometheus: TestClient) -> None:
    reference = send(prometheus, as_json()).json()["reference"]
    for path in (
        f"{URL}/{reference}",
        f"/c/{reference}/secret-link",
        f"/c/{reference}/secret-link/sent?token=secret-query",
        "/secret-address",
    ):
        prometheus.get(path)
    prometheus.request("SECRET", "/complain")

    shown = prometheus.get("/metrics").text

    assert 'route="/c/{reference}/{token}",status="404"' in shown
    assert reference not in shown
    assert "secret" not in shown.lower()


def test_what_is_taken_and_what_is_refused_is_counted(prometheus: TestClient) -> None:
    def counted(line: str) -> float:
        found = [one for one in prometheus.get("/metrics").text.splitlines() if one.startswith(line)]
        return float(found[0].rpartition(" ")[2]) if found else 0

    taken, refused = 'redress_complaints_taken_total{sender="crm"}', 'redress_door_refusals_total{problem="invalid"}'
    before = counted(taken), counted(refused)

    send(prometheus, as_json())
    send(prometheus, as_json())  # the same delivery again is no new case
    send(prometheus, b"{}", delivery="msg_2")

    assert (counted(taken), counted(refused)) == (before[0] + 1, before[1] + 1)
