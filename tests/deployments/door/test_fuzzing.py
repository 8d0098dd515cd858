"""Inputs made from the door's own description, right ones and wrong ones, against the real door and a real store.

A short form runs with all tests; ``make fuzz`` tries thousands, other ones each time, and prints how many.
"""

import itertools
import sys
from collections import Counter
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from complaints import acts
from complaints.adapters.verify import verify
from complaints.words import Stage
from tests.builders import a_letter, advance, an_act, prepare_letter
from tests.deployments.conftest import Installation
from tests.deployments.door.sending import URL, as_json, bearer, send, tokens

OPERATIONS = (
    ("POST", URL),
    ("POST", f"{URL}/{{reference}}/materials"),
    ("POST", f"{URL}/{{reference}}/withdrawal"),
    ("POST", f"{URL}/{{reference}}/events"),
    ("GET", f"{URL}/{{reference}}"),
)
TRIED = (examples.default or examples()).max_examples // 3
"""Inputs of each sort at each operation."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def prepared(door: TestClient, firm: Installation) -> list[str]:
    """Two cases with a letter, one of them closed, and a token for everything."""
    firm.set(REDRESS_TOKENS=tokens(crm="file read materials withdraw events all"), REDRESS_DOOR_RATE="1000000")
    references: list[str] = []
    for stage in (Stage.UNDER_INVESTIGATION, Stage.CLOSED):
        references.append(send(door, as_json(number=stage), delivery=f"prepared-{stage}").json()["reference"])
        with firm.store.open_case(references[-1]) as desk:
            letter = a_letter()
            prepare_letter(desk.case, now=desk.now, number=f"{references[-1]}-1", sha256=letter.sha256)
            desk.keep_letter("acknowledgement", 1, letter)
            desk.case.record(an_act(acts.LetterSent), desk.now)
            advance(desk.case, stage, now=desk.now)
    return references


@pytest.mark.slow
@pytest.mark.parametrize("mode", GenerationMode, ids=lambda one: one.value)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_whatever_is_sent_is_answered_as_described_and_nothing_is_half_stored(
    door: TestClient, firm: Installation, method: str, path: str, mode: GenerationMode
) -> None:
    references = prepared(door, firm)
    described = schemathesis.openapi.from_asgi("/openapi.json", door.app)
    keys, answers = itertools.count(), Counter[int]()

    @examples(max_examples=TRIED, suppress_health_check=list(HealthCheck))
    @given(
        case=described[path][method].as_strategy(generation_mode=mode),
        reference=st.sampled_from([*references, None]),
        is_known=st.sampled_from([True] * 9 + [False]),
    )
    def try_one(case: Case, reference: str | None, is_known: bool) -> None:
        if reference and case.path_parameters:
            case.path_parameters["reference"] = reference
        if reference and path.endswith("/events") and isinstance(case.body, dict):
            case.body["letter"] = f"{reference}-1"
        if is_known:
            case.headers.update(_headers(f"key_{next(keys)}"))
        answer = case.call()
        answers[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    try_one()

    tried, found = f"{answers.total()} {mode.value} inputs", dict(sorted(answers.items()))
    sys.stdout.write(f"\n{method} {path}: {tried} tried, answered {found}\n")
    assert answers.total() > 0
    assert not verify(firm.store).breaks
    assert firm.rows()["cases"] == firm.rows()["case_keys"]


def _headers(key: str) -> dict[str, Any]:
    given = bearer(key)
    return {"Authorization": given["authorization"], "Idempotency-Key": given["idempotency-key"]}
