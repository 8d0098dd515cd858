"""What the door says of itself, and that it answers everything with problem details."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel

from complaints.contributions import DeliveryReceipt, Materials, Withdrawal
from complaints.intake import Complaint
from complaints.progress import Progress
from deployments.door.problems import ALL
from tests.deployments.door.sending import SAID, URL, as_json, problem, send

OPERATIONS = {
    ("post", URL): Complaint,
    ("post", f"{URL}/{{reference}}/materials"): Materials,
    ("post", f"{URL}/{{reference}}/withdrawal"): Withdrawal,
    ("post", f"{URL}/{{reference}}/events"): DeliveryReceipt,
    ("get", f"{URL}/{{reference}}"): None,
}


@pytest.fixture
def description(door: TestClient) -> dict[str, Any]:
    """The door's description."""
    content: dict[str, Any] = door.get("/openapi.json").json()
    return content


def test_healthz_says_that_the_door_is_open(door: TestClient) -> None:
    assert door.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", URL, 405), ("POST", "/v1/complaint", 404), ("DELETE", f"{URL}/x", 405)]
)
def test_a_wrong_address_is_answered_with_problem_details_too(
    door: TestClient, method: str, path: str, status: int
) -> None:
    answer = door.request(method, path)

    assert answer.status_code == problem(answer)["status"] == status


def test_it_describes_every_operation_with_examples_that_fit_its_records(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1")
    described = {(method, path) for path, one in description["paths"].items() for method in one if URL in path}
    assert described == OPERATIONS.keys()
    for (method, path), model in OPERATIONS.items():
        operation = description["paths"][path][method]
        assert operation["security"] == [{"webhook": []}, {"bearer": []}]
        if model:
            example = operation["requestBody"]["content"]["application/json"]["examples"]["example"]["value"]
            assert model.model_validate(example)


def test_the_example_of_progress_is_one(description: dict[str, Any]) -> None:
    answer = description["paths"][f"{URL}/{{reference}}"]["get"]["responses"]["200"]
    example = answer["content"]["application/json"]["examples"]["example"]["value"]

    assert Progress.model_validate(example).model_dump(mode="json", exclude_none=True) == example


def test_the_description_names_every_field_of_the_record(description: dict[str, Any]) -> None:
    content = description["components"]["schemas"]["Complaint"]

    assert set(content["properties"]) == set(Complaint.model_fields)
    assert set(content["required"]) == {"channel", "narrative"}
    assert content["additionalProperties"] is False


def test_every_reference_within_the_description_leads_somewhere(description: dict[str, Any]) -> None:
    def references(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            yield from [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
            yield from references(inner)

    found = set(references(description))
    assert "#/components/schemas/Money" in found
    for reference in found:
        part = description
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]
        assert "enum" in part or "properties" in part


def test_the_description_tells_every_answer(description: dict[str, Any]) -> None:
    filing = description["paths"][URL]["post"]["responses"]
    reading = description["paths"][f"{URL}/{{reference}}"]["get"]["responses"]

    assert set(filing) == {"200", "201", *(str(one.status) for one in ALL)}
    assert {"200", "401", "403", "404", "429", "500", "503"} <= set(reading)
    for status, answer in {**filing, **reading}.items():
        assert ("application/json" if status < "300" else "application/problem+json") in answer["content"]


def test_a_bug_is_answered_with_problem_details_and_tells_nobody_what_was_sent(
    door: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> BaseModel:
        raise RuntimeError(SAID[0])

    monkeypatch.setattr("deployments.door.taking.record_of", broken)
    answer = send(door, as_json())

    assert answer.status_code == 500
    assert problem(answer)["type"] == "urn:redress:problem:internal-error"
    [logged] = [one for one in caplog.records if one.name == "redress.door"]
    assert problem(answer)["instance"] == f"urn:redress:bug:{logged.__dict__['bug']}"  # found again by it
    assert "RuntimeError" in caplog.text
    assert "in broken" in caplog.text
    assert SAID[0] not in caplog.text
