"""Materials, withdrawals, receipts and progress, as the systems outside see them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from complaints import acts
from complaints.answers import Question
from complaints.words import Stage
from tests.builders import EMAIL, advance, an_act, complaint_values, send_letter
from tests.deployments.conftest import Installation
from tests.deployments.door.sending import (
    SECRET,
    URL,
    as_json,
    bearer,
    headers,
    parts,
    problem,
    send,
    send_parts,
    tokens,
)
from tests.evidence_places import JPEG, PDF, PROGRAM

WORDS = json.dumps({"words": "补充三月的银行流水。"}).encode()
EVENT = {"letter": "", "status": "failed", "code": "5.1.1", "detail": "<lin.zhixia@example.cn> unknown"}


@pytest.fixture
def reference(door: TestClient, firm: Installation) -> str:
    """A case that is under investigation, whose acknowledgement was sent."""
    reference: str = send(door, as_json(), delivery="msg_0").json()["reference"]
    with firm.store.open_case(reference) as desk:
        send_letter(desk.case, "acknowledgement", now=desk.now)
        advance(desk.case, Stage.UNDER_INVESTIGATION, now=desk.now)
    return reference


@pytest.fixture
def number(reference: str, firm: Installation) -> str:
    """The number of its letter."""
    return firm.store.read_case(reference).letters["acknowledgement", 1].prepared.number


# --- materials ---------------------------------------------------------------------------------


def test_words_are_added_to_a_case_and_its_run_looks_again(
    door: TestClient, firm: Installation, reference: str, woken: list[str]
) -> None:
    answer = send(door, WORDS, f"{URL}/{reference}/materials")

    assert answer.status_code == 201
    assert answer.json() == {"reference": reference, "number": 1, "evidence": []}
    assert firm.store.read_case(reference).materials[0].words == "补充三月的银行流水。"
    assert woken == [reference]


def test_files_are_kept_as_evidence(door: TestClient, firm: Installation, reference: str) -> None:
    said = {"words": "补充", "evidence": [{"name": "流水.pdf", "source": "本人下载"}]}
    body, content_type = parts(
        "materials", json.dumps(said), ("流水.pdf", PDF, "application/pdf"), ("..\\照片\u202e.jpg", JPEG, "image/jpeg")
    )

    answer = send_parts(door, body, content_type, f"{URL}/{reference}/materials")

    assert answer.json()["evidence"] == [1, 2]
    first, second = (one.added for one in firm.store.read_case(reference).evidence)
    assert (first.name, first.note, first.media_type, first.source) == (
        "流水.pdf",
        "本人下载",
        "application/pdf",
        "door:crm",
    )
    assert (second.name, second.media_type) == ("照片.jpg", "image/jpeg")


def test_the_same_materials_twice_are_one(
    door: TestClient, firm: Installation, reference: str, woken: list[str]
) -> None:
    body, content_type = parts("materials", WORDS, ("a.pdf", PDF, "application/pdf"))

    first, again = (send_parts(door, body, content_type, f"{URL}/{reference}/materials") for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert len(firm.store.read_case(reference).materials) == 1
    assert woken == [reference]


def test_another_file_under_the_same_id_is_refused(door: TestClient, firm: Installation, reference: str) -> None:
    for content in (PDF, PDF + b"\n"):
        body, content_type = parts("materials", WORDS, ("a.pdf", content, "application/pdf"))
        answer = send_parts(door, body, content_type, f"{URL}/{reference}/materials")

    assert answer.status_code == 409
    assert problem(answer)["type"] == "urn:redress:problem:delivery-id-taken"
    assert len(firm.store.read_case(reference).evidence) == 1


def test_a_closed_case_takes_no_materials(door: TestClient, firm: Installation, reference: str) -> None:
    send(door, b"{}", f"{URL}/{reference}/withdrawal", delivery="msg_1")
    before = firm.rows()

    answer = send(door, WORDS, f"{URL}/{reference}/materials", delivery="msg_2")

    assert answer.status_code == 409
    assert problem(answer)["type"] == "urn:redress:problem:case-closed"
    assert firm.rows() == before


def test_more_files_than_a_case_may_hold_are_refused_and_none_is_kept(
    door: TestClient, firm: Installation, reference: str
) -> None:
    firm.set(REDRESS_EVIDENCE_LIMITS='{"max_files_per_case": 1}')
    before = firm.rows()
    two = (("a.pdf", PDF, "application/pdf"), ("b.jpg", JPEG, "image/jpeg"))

    materials = send_parts(door, *parts("materials", WORDS, *two), f"{URL}/{reference}/materials")
    complaint = send_parts(door, *parts("complaint", as_json(number="2"), *two))

    for answer in (materials, complaint):
        assert answer.status_code == 422
        assert problem(answer)["type"] == "urn:redress:problem:file-refused"
    assert firm.rows() == before


@pytest.mark.parametrize(
    ("body", "field"), [(b"{}", "words"), (b'{"words": " "}', "words"), (b'{"word": "a"}', "word")]
)
def test_materials_that_are_none_are_refused(door: TestClient, reference: str, body: bytes, field: str) -> None:
    answer = send(door, body, f"{URL}/{reference}/materials")

    assert answer.status_code == 422
    assert problem(answer)["errors"][0]["field"] == field


# --- complaints with files ---------------------------------------------------------------------


def test_a_complaint_comes_with_its_files_or_not_at_all(door: TestClient, firm: Installation) -> None:
    before = firm.rows()
    bad = parts("complaint", as_json(), ("a.pdf", PDF, "application/pdf"), ("b.pdf", PROGRAM, "application/pdf"))
    good = parts("complaint", as_json(), ("a.pdf", PDF, "application/pdf"))

    refused = send_parts(door, *bad)
    after_refusal = firm.rows()
    taken, again = send_parts(door, *good), send_parts(door, *good)

    assert refused.status_code == 422
    assert problem(refused)["type"] == "urn:redress:problem:file-refused"
    assert problem(refused)["errors"][0]["field"] == "files.2"
    assert after_refusal == before
    assert (taken.status_code, again.status_code) == (201, 200)
    case = firm.store.read_case(taken.json()["reference"])
    assert len(case.evidence) == case.facts.evidence_count == 1


def test_the_same_number_with_another_file_is_other_content(door: TestClient) -> None:
    send_parts(door, *parts("complaint", as_json(), ("a.pdf", PDF, "application/pdf")))

    answer = send_parts(
        door, *parts("complaint", as_json(), ("a.pdf", PDF + b"\n", "application/pdf")), delivery="msg_2"
    )

    assert answer.status_code == 409
    assert problem(answer)["type"] == "urn:redress:problem:number-taken"


def test_a_file_that_is_not_the_one_that_was_described_is_refused(door: TestClient, firm: Installation) -> None:
    said = as_json(evidence=[{"name": "b.pdf"}, {"name": "a.pdf", "sha256": "0" * 64}])

    answer = send_parts(door, *parts("complaint", said, ("a.pdf", PDF, "application/pdf")))

    assert answer.status_code == 422
    assert problem(answer)["errors"][0]["field"] == "evidence.1"
    assert firm.rows()["cases"] == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(lambda body, kind: (body[:-10], kind), "ends with its boundary", id="cut short"),
        pytest.param(lambda body, kind: (b"", kind), "ends with its boundary", id="nothing"),
        pytest.param(lambda body, kind: (body, "multipart/form-data"), "boundary", id="no boundary"),
        pytest.param(
            lambda body, kind: (body, "multipart/form-data; boundary=" + "x" * 71), "boundary", id="a long boundary"
        ),
        pytest.param(lambda body, kind: (body, "multipart/form-data; boundary=x"), "boundary", id="another boundary"),
        pytest.param(
            lambda body, kind: parts("complaint", None, ("a", PDF, "a/b")), "no part of this name", id="only a file"
        ),
        pytest.param(lambda body, kind: parts("other", as_json()), "no file", id="another part"),
        pytest.param(
            lambda body, kind: parts("complaint", as_json().decode().encode("gbk", "replace") + b"\xff"),
            "one JSON object in UTF-8",
            id="not UTF-8",
        ),
    ],
)
def test_parts_that_are_not_right_are_refused(
    door: TestClient, firm: Installation, change: Callable[[bytes, str], tuple[bytes, str]], reason: str
) -> None:
    before = firm.rows()

    answer = send_parts(door, *change(*parts("complaint", as_json())))

    assert answer.status_code == 422
    assert reason in problem(answer)["errors"][0]["reason"]
    assert firm.rows() == before


def test_a_record_that_is_there_twice_is_refused(door: TestClient) -> None:
    body, content_type = parts("complaint", as_json())
    boundary = content_type.partition("boundary=")[2].encode()
    twice = body.removesuffix(b"--" + boundary + b"--\r\n") + body

    answer = send_parts(door, twice, content_type)

    assert answer.status_code == 422
    assert "twice" in problem(answer)["errors"][0]["reason"]


# --- withdrawals -------------------------------------------------------------------------------


def test_a_withdrawal_ends_the_case_and_may_be_sent_twice(
    door: TestClient, firm: Installation, reference: str, woken: list[str]
) -> None:
    body = json.dumps({"channel": "telephone", "words": "不再追究。"}).encode()

    first = send(door, body, f"{URL}/{reference}/withdrawal")
    again = send(door, body, f"{URL}/{reference}/withdrawal")
    another = send(door, b"{}", f"{URL}/{reference}/withdrawal", delivery="msg_2")

    assert [one.status_code for one in (first, again, another)] == [200, 200, 200]
    assert first.json() == again.json() == another.json() == {"reference": reference, "step": "withdrawn"}
    case = firm.store.read_case(reference)
    assert (case.withdrawn, case.stage) == (True, Stage.CLOSED)
    assert woken == [reference]


def test_a_case_that_was_completed_cannot_be_withdrawn(door: TestClient, firm: Installation, reference: str) -> None:
    with firm.store.open_case(reference) as desk:
        advance(desk.case, Stage.CLOSED, now=desk.now)

    answer = send(door, b"{}", f"{URL}/{reference}/withdrawal")

    assert answer.status_code == 409
    assert problem(answer)["type"] == "urn:redress:problem:case-closed"


# --- receipts ----------------------------------------------------------------------------------


def test_a_bounce_leads_to_the_repair_of_the_delivery(
    door: TestClient, firm: Installation, reference: str, number: str, woken: list[str]
) -> None:
    body = json.dumps(EVENT | {"letter": number}).encode()

    first = send(door, body, f"{URL}/{reference}/events")
    again = send(door, body, f"{URL}/{reference}/events")

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json() == {"reference": reference, "status": "failed"}
    assert firm.store.read_case(reference).asks is Question.DELIVERY
    assert woken == [reference]
    assert EMAIL["value"] not in "".join(entry.facts for entry in firm.store.entries(reference))


def test_a_letter_that_is_just_being_sent_is_to_be_reported_again(
    door: TestClient, firm: Installation, reference: str
) -> None:
    with firm.store.open_case(reference) as desk:
        desk.case.record(an_act(acts.LetterPrepared, letter="decision", number="N-2", message_id="<2@x>"), desk.now)

    answer = send(door, json.dumps(EVENT | {"letter": "N-2"}).encode(), f"{URL}/{reference}/events")

    assert answer.status_code == 503
    assert answer.headers["retry-after"].isdigit()
    assert "just being sent" in problem(answer)["detail"]


@pytest.mark.parametrize(
    ("change", "field"),
    [({"letter": "N-9"}, "letter"), ({"letter": None}, ""), ({"status": "eaten"}, "status"), ({"code": "a b"}, "code")],
)
def test_a_receipt_that_fits_no_letter_is_refused(
    door: TestClient, reference: str, number: str, change: dict[str, Any], field: str
) -> None:
    body = json.dumps(EVENT | {"letter": number} | change).encode()

    answer = send(door, body, f"{URL}/{reference}/events")

    assert answer.status_code == 422
    assert problem(answer)["errors"][0]["field"] == field


# --- whose case --------------------------------------------------------------------------------

PATHS = ("materials", "withdrawal", "events")


def ask(door: TestClient, reference: str, path: str, **signing: Any) -> int:
    """Send something to an address of a case; return the status."""
    if not path:
        return door.get(f"{URL}/{reference}", headers=headers(b"", **signing)).status_code
    body = {"materials": WORDS, "withdrawal": b"{}", "events": json.dumps(EVENT | {"letter": "x"}).encode()}[path]
    return send(door, body, f"{URL}/{reference}/{path}", **signing).status_code


@pytest.mark.parametrize("path", ["", *PATHS])
def test_another_senders_case_is_not_there(door: TestClient, firm: Installation, reference: str, path: str) -> None:
    firm.set(REDRESS_WEBHOOK_SECRETS__hotline=SECRET)
    before = firm.rows()

    assert ask(door, reference, path, sender="hotline") == 404
    assert ask(door, "TS260302-7K3M9QX", path, sender="hotline") == 404
    assert firm.rows() == before


def test_a_sender_for_all_sees_every_case(door: TestClient, firm: Installation, reference: str, number: str) -> None:
    firm.set(REDRESS_WEBHOOK_SECRETS__hotline=SECRET, REDRESS_WEBHOOK_SCOPES__hotline="all read materials")
    firm.set(REDRESS_TOKENS=tokens(gateway="events all"))

    assert ask(door, reference, "", sender="hotline") == 200
    assert ask(door, reference, "materials", sender="hotline") == 201
    assert ask(door, reference, "withdrawal", sender="hotline") == 403
    event = door.post(f"{URL}/{reference}/events", json=EVENT | {"letter": number}, headers=bearer())
    assert event.status_code == 200


@pytest.mark.parametrize(
    "reference", ["x", "..%2f..%2fetc%2fpasswd", "..", "%2e%2e", "TS260302-7K3M9QX%00", "TS260302-7k3m9qx", "%F0%9F"]
)
@pytest.mark.parametrize("path", ["", *PATHS])
def test_what_is_no_reference_leads_nowhere(door: TestClient, reference: str, path: str) -> None:
    assert ask(door, reference, path) in (404, 405)


# --- progress ----------------------------------------------------------------------------------


def test_progress_says_where_it_stands_and_what_comes_next(door: TestClient, reference: str) -> None:
    answer = door.get(f"{URL}/{reference}?language=en", headers=headers(b""))

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert (answer.json()["reference"], answer.json()["step"]) == (reference, "investigating")
    assert answer.json()["next"]


def test_progress_tells_nothing_of_what_is_written_inside_the_firm(
    door: TestClient, firm: Installation, reference: str
) -> None:
    with firm.store.open_case(reference) as desk:
        desk.case.record(an_act(acts.MaterialsRequested, reasons="内部记录一"), desk.now, "li.wei")
        desk.case.record(an_act(acts.Found, reasons="内部记录二"), desk.now, "li.wei")
        desk.case.record(an_act(acts.Decided, reasons="内部记录三"), desk.now, "li.wei")

    text = door.get(f"{URL}/{reference}", headers=headers(b"")).text

    said = complaint_values()
    assert not [word for word in ("内部记录", "li.wei", "substantiated", said["narrative"], "128.50") if word in text]


def test_progress_in_a_language_that_nobody_writes_is_refused(door: TestClient, reference: str) -> None:
    answer = door.get(f"{URL}/{reference}?language=fr", headers=headers(b""))

    assert answer.status_code == 422
    assert problem(answer)["errors"][0]["field"] == "language"
