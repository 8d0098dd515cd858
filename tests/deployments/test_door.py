"""The HTTP door, as the systems that send complaints to it see it."""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from prefect.settings import PREFECT_API_URL, temporary_settings

from complaints.adapters.store import Store
from complaints.intake import Complaint
from complaints.settings import settings
from complaints.words import Stage
from deployments import door as door_module
from deployments.door import LARGEST_BODY, app
from tests.builders import EMAIL, complaint_values
from tests.deployments.conftest import Installation

KEY = b"the secret of the CRM, 32 bytes."
SECRET = "whsec_" + base64.b64encode(KEY).decode()
URL = "/v1/complaints"
SAID = ("林知夏", EMAIL["value"], "轻舟消费贷", "账户服务费", "13800000101")
"""What only the complainant may read again."""


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cases whose runs were started; calling a server that is away would cost each test seconds."""
    references: list[str] = []
    monkeypatch.setattr(door_module, "_start", references.append)
    return references


@pytest.fixture
def door(firm: Installation, started: list[str]) -> Iterator[TestClient]:
    """The door of a firm whose CRM has a secret."""
    firm.set(REDRESS_WEBHOOK_SECRETS__crm=SECRET)
    with TestClient(app) as client:
        yield client


def headers(
    body: bytes, *, delivery: str = "msg_1", sender: str = "crm", key: bytes = KEY, seconds: float = 0
) -> dict[str, str]:
    """The headers of a delivery, signed as the Standard Webhooks specification says."""
    at = str(int(time.time() + seconds))
    signature = hmac.digest(key, f"{delivery}.{at}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": delivery,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
        "webhook-sender": sender,
    }


def as_json(**changes: Any) -> bytes:
    """The body of a valid complaint with changes."""
    return json.dumps(complaint_values(**changes)).encode()


def send(door: TestClient, body: bytes, **signing: Any) -> httpx.Response:
    return door.post(URL, content=body, headers=headers(body, **signing))


def problem(answer: httpx.Response) -> Mapping[str, Any]:
    """The problem details of a refusal; they never repeat what the complainant said."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert not [word for word in SAID if word in answer.text]
    content: Mapping[str, Any] = answer.json()
    assert content["status"] == answer.status_code
    return content


# --- taking in ---------------------------------------------------------------------------------


def test_a_signed_complaint_is_stored_and_answered_with_its_reference(door: TestClient, firm: Installation) -> None:
    answer = send(door, as_json())

    assert answer.status_code == 201
    case = firm.store.read_case(answer.json()["reference"])
    assert (case.stage, case.facts.sender, case.facts.number) == (Stage.RECEIVED, "crm", "CRM-0001")
    assert case.complaint == Complaint.model_validate(complaint_values())


def test_a_complaint_is_taken_in_while_prefect_is_away(firm: Installation, caplog: pytest.LogCaptureFixture) -> None:
    firm.set(REDRESS_WEBHOOK_SECRETS__crm=SECRET)
    nobody = temporary_settings(updates={PREFECT_API_URL: settings().api_url})

    with nobody, TestClient(app) as door, caplog.at_level(logging.WARNING, "redress"):
        answer = send(door, as_json())

    assert answer.status_code == 201
    reference = answer.json()["reference"]
    assert Store(firm.store.url, firm.store.key_file).read_case(reference).stage is Stage.RECEIVED
    assert caplog.messages == [f"run of {reference} not started now (ConnectError); reconcile-runs starts it"]


def test_the_run_of_a_new_case_is_started_once(door: TestClient, started: list[str]) -> None:
    reference = send(door, as_json()).json()["reference"]
    send(door, as_json())
    send(door, as_json(narrative=""), delivery="msg_2")

    assert started == [reference]


# --- the same thing twice ----------------------------------------------------------------------


def test_the_same_delivery_twice_is_one_case(door: TestClient, firm: Installation) -> None:
    first, again = send(door, as_json(number=None)), send(door, as_json(number=None))

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert firm.rows()["cases"] == 1


def test_the_same_number_and_content_twice_is_one_case(door: TestClient, firm: Installation) -> None:
    first, again = send(door, as_json()), send(door, as_json(), delivery="msg_2")

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert firm.rows()["cases"] == 1


def test_the_same_number_with_other_content_is_refused(door: TestClient, firm: Installation) -> None:
    reference = send(door, as_json()).json()["reference"]
    before = firm.rows()

    answer = send(door, as_json(narrative="账户服务费被扣了三次。"), delivery="msg_2")

    assert answer.status_code == 409
    assert problem(answer)["title"].startswith(f"number: case {reference} already has this number")
    assert firm.rows() == before


def test_the_same_delivery_id_with_other_content_is_refused_and_not_dropped(
    door: TestClient, firm: Installation, started: list[str]
) -> None:
    other = as_json(number=None, narrative="账户服务费被扣了三次。")
    reference = send(door, as_json(number=None)).json()["reference"]
    before = firm.rows()

    answer = send(door, other)

    assert answer.status_code == 409
    assert problem(answer)["title"].startswith(f"webhook-id: case {reference} was already delivered under this id")
    assert "webhook-id of its own" in problem(answer)["title"]
    assert firm.rows() == before
    assert started == [reference]
    assert send(door, other, delivery="msg_2").status_code == 201


def test_two_senders_may_use_the_same_number_and_delivery_id(door: TestClient, firm: Installation) -> None:
    firm.set(REDRESS_WEBHOOK_SECRETS__hotline=SECRET)

    one, other = send(door, as_json()), send(door, as_json(), sender="hotline")

    assert (one.status_code, other.status_code) == (201, 201)
    assert one.json() != other.json()


@pytest.mark.parametrize(
    ("body", "deliveries"),
    [(as_json(number=None), ["msg_1"] * 8), (as_json(), [f"msg_{number}" for number in range(8)])],
    ids=["the same delivery", "the same number"],
)
def test_the_same_thing_eight_times_at_once_is_one_case(
    door: TestClient, firm: Installation, body: bytes, deliveries: list[str]
) -> None:
    async def all_at_once() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://door") as client:
            posts = (client.post(URL, content=body, headers=headers(body, delivery=one)) for one in deliveries)
            return await asyncio.gather(*posts)

    answers = asyncio.run(all_at_once())

    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["reference"] for answer in answers}) == 1
    assert firm.rows()["cases"] == 1


# --- bad input ---------------------------------------------------------------------------------

ONE_OBJECT = "send one JSON object in UTF-8"
LATER = "2999-01-01T00:00:00Z"


def contact(kind: str, value: str) -> dict[str, Any]:
    return {"complainant": {"name": "林知夏", "contacts": [{"kind": kind, "value": value}]}}


def amount(value: Any) -> bytes:
    return as_json(amount={"value": value})


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        # what is no JSON object
        pytest.param(b"", "", ONE_OBJECT, id="nothing"),
        pytest.param(b"channel=web&narrative=x", "", ONE_OBJECT, id="a web form"),
        pytest.param(as_json()[:-1], "", ONE_OBJECT, id="cut"),
        pytest.param(b"[" + as_json() + b"]", "", ONE_OBJECT, id="an array"),
        pytest.param(b'"text"', "", ONE_OBJECT, id="a text"),
        pytest.param(b"null", "", ONE_OBJECT, id="null"),
        pytest.param(b"Infinity", "", ONE_OBJECT, id="Infinity"),
        pytest.param(b"[" * 100_000, "", ONE_OBJECT, id="100,000 brackets"),
        pytest.param(b'{"a":' * 100_000, "", ONE_OBJECT, id="100,000 objects"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, "", ONE_OBJECT, id="100,000 closed brackets"),
        pytest.param(b'{"amount": ' + b"9" * 5_000 + b"}", "", ONE_OBJECT, id="a number of 5,000 digits"),
        pytest.param(
            json.dumps(complaint_values(), ensure_ascii=False).encode("gbk"), "", ONE_OBJECT, id="another encoding"
        ),
        # fields
        pytest.param(b"{}", "channel", "required", id="an empty object"),
        pytest.param(as_json(colour="red"), "colour", "not permitted", id="an unknown field"),
        pytest.param(as_json(__prefect_kind="json"), "__prefect_kind", "not permitted", id="a key of Prefect's"),
        pytest.param(as_json(**{"\ud800": 1}), "", "unicode", id="a key that is half a letter"),
        pytest.param(as_json(**{"x" * 9_999: 1}), "x" * 100, "not permitted", id="a key without end"),
        pytest.param(
            b'{"channel": "web", "narrative": "a", "narrative": "b"}', "narrative", "twice", id="a field twice"
        ),
        pytest.param(b'{"complainant": {"name": "a", "name": "b"}}', "name", "twice", id="a field twice, further down"),
        pytest.param(b'{"\\ud800": 1, "\\ud800": 2}', "?", "twice", id="half a letter twice"),
        pytest.param(as_json(channel="pigeon"), "channel", "'web', 'app'", id="an unknown channel"),
        # money
        pytest.param(amount("NaN"), "amount.value", "finite", id="money: NaN"),
        pytest.param(amount(float("nan")), "amount.value", "finite", id="money: a bare NaN"),
        pytest.param(amount(float("inf")), "amount.value", "finite", id="money: a bare Infinity"),
        pytest.param(amount("-0.01"), "amount.value", "greater than or equal to 0", id="money: negative"),
        pytest.param(amount("128.505"), "amount.value", "2 decimal places", id="money: three decimals"),
        pytest.param(amount("1e500"), "amount.value", "digits", id="money: huge"),
        pytest.param(amount(10**100), "amount.value", "digits", id="money: huge and whole"),
        pytest.param(amount("128.50元"), "amount.value", "valid decimal", id="money: words"),
        # time
        pytest.param(as_json(received_at="2026-03-02T09:00:00"), "received_at", "timezone", id="a naive time"),
        pytest.param(as_json(received_at=LATER), "received_at", "is in the future", id="a time to come"),
        pytest.param(
            as_json(received_at="0001-01-01T00:00:00+08:00"), "received_at", "is out of range", id="before all time"
        ),
        pytest.param(
            as_json(received_at="9999-12-31T23:59:59-08:00"), "received_at", "is out of range", id="after all time"
        ),
        pytest.param(as_json(happened_on="2026-02-30"), "happened_on", "date", id="no such day"),
        # text
        pytest.param(as_json(narrative="\x00"), "narrative", "control characters", id="NUL"),
        pytest.param(as_json(narrative="\x1b[2J"), "narrative", "control characters", id="an escape sequence"),
        pytest.param(as_json(narrative="\ud83d"), "narrative", "unicode", id="half a letter"),
        pytest.param(as_json(narrative=SAID[0] * 20_000), "narrative", "at most", id="a text without end"),
        pytest.param(as_json(narrative=["x"]), "narrative", "valid string", id="a list for a text"),
        # contacts
        pytest.param(
            as_json(**contact("email", "林知夏.example.cn")), "complainant.contacts.0", "name@example.cn", id="e-mail"
        ),
        pytest.param(as_json(complainant={"contacts": [EMAIL] * 11}), "complainant.contacts", "at most 10", id="many"),
    ],
)
def test_bad_input_is_answered_with_field_and_reason_and_nothing_is_stored(
    door: TestClient, firm: Installation, body: bytes, field: str, reason: str
) -> None:
    before = firm.rows()

    answer = send(door, body)

    assert answer.status_code == 422
    first = problem(answer)["errors"][0]
    assert (first["field"], reason in first["reason"]) == (field, True), first
    assert "Value error" not in first["reason"]
    assert firm.rows() == before


def test_every_wrong_field_is_named(door: TestClient) -> None:
    answer = send(door, as_json(channel="pigeon", narrative="", colour="red"))

    assert [error["field"] for error in problem(answer)["errors"]] == ["channel", "narrative", "colour"]


def test_a_thousand_wrong_fields_are_not_all_named(door: TestClient) -> None:
    answer = send(door, as_json(**{f"field_{n}": n for n in range(1000)}))

    assert len(problem(answer)["errors"]) == 20


def test_a_body_of_two_megabytes_is_refused_before_its_signature_is_looked_at(
    door: TestClient, firm: Installation
) -> None:
    before = firm.rows()

    answer = door.post(URL, content=b" " * 2_000_000)

    assert answer.status_code == 413
    assert str(LARGEST_BODY) in problem(answer)["title"]
    assert firm.rows() == before


def test_a_body_of_the_largest_size_is_read(door: TestClient) -> None:
    body = as_json()

    assert send(door, body + b" " * (LARGEST_BODY - len(body))).status_code == 201


any_text = st.text(st.characters(exclude_categories=()), max_size=30)  # half letters and control characters too
any_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=8,
)


FULL = complaint_values(
    number=None,
    representative={"name": "周", "relation": "律师", "authority": "授权委托书", "contacts": [EMAIL]},
    evidence=[{"name": "a.jpg", "media_type": "image/jpeg", "size": 1, "sha256": "0" * 64, "source": "本人"}],
    respondent="浦东营业部",
    contract="QZ-1",
    cause="general",
    happened_on="2026-02-27",
    place="上海市",
    region="CN-31",
    urgent=True,
    received_at="2026-03-02T09:00:00+08:00",
)
"""A complaint with every field but its number, which would make a changed one a conflict."""


def places(part: Any, *path: Any) -> Iterator[tuple[Any, ...]]:
    """Every place within a JSON value."""
    yield path
    for name, inner in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
        yield from places(inner, *path, name)


def replaced(part: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The JSON value with something else at one place."""
    if not path:
        return value
    copy = part.copy()
    copy[path[0]] = replaced(part[path[0]], path[1:], value)
    return copy


@examples(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(list(places(FULL))), value=any_value)
def test_whatever_stands_anywhere_in_a_complaint_the_door_answers_with_what_became_of_it(
    door: TestClient, path: tuple[Any, ...], value: Any
) -> None:
    content = replaced(FULL, path, value)

    answer = send(door, json.dumps(content).encode(), delivery=f"msg_{time.monotonic_ns()}")

    assert answer.status_code in (201, 422), answer.text


# --- signatures --------------------------------------------------------------------------------

BODY = as_json()
Wrong = Mapping[str, str | bytes | None]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"webhook-id": None}, id="no id"),
        pytest.param({"webhook-timestamp": None}, id="no timestamp"),
        pytest.param({"webhook-signature": None}, id="no signature"),
        pytest.param({"webhook-sender": None}, id="no sender"),
        pytest.param({"webhook-sender": "stranger"}, id="an unknown sender"),
        pytest.param({"webhook-sender": "客户".encode()}, id="a sender that is not ASCII"),
        pytest.param({"webhook-id": "msg_2"}, id="another id"),
        pytest.param({"webhook-id": "信".encode()}, id="an id that is not ASCII"),
        pytest.param({"webhook-id": ""}, id="an empty id"),
        pytest.param(lambda: headers(BODY, delivery="x" * 129), id="an id of 129 characters"),
        pytest.param(lambda: headers(BODY, key=b"another secret"), id="a wrong secret"),
        pytest.param(lambda: headers(BODY + b" "), id="an altered body"),
        pytest.param(lambda: headers(BODY, seconds=-360), id="six minutes old"),
        pytest.param(lambda: headers(BODY, seconds=360), id="six minutes ahead"),
        pytest.param({"webhook-timestamp": "soon"}, id="no time"),
        pytest.param({"webhook-timestamp": "nan"}, id="no number"),
        pytest.param({"webhook-timestamp": "inf"}, id="never"),
        pytest.param({"webhook-timestamp": "9" * 400}, id="after the end of time"),
        pytest.param({"webhook-signature": "v1,%%%"}, id="no base64"),
        pytest.param({"webhook-signature": "v1,AAAAA"}, id="cut base64"),
        pytest.param({"webhook-signature": "v1,签名".encode()}, id="a signature that is not ASCII"),
        pytest.param({"webhook-signature": "v1"}, id="no comma"),
        pytest.param({"webhook-signature": "v1,a,b"}, id="two commas"),
        pytest.param(
            lambda: {"webhook-signature": headers(BODY)["webhook-signature"].replace("v1,", "v2,")}, id="version 2"
        ),
        pytest.param({"webhook-sender": "unset"}, id="a sender without a secret"),
        pytest.param({"webhook-sender": "broken"}, id="a sender whose secret is broken"),
    ],
)
def test_what_is_not_signed_rightly_is_refused_and_nothing_is_stored(
    door: TestClient, firm: Installation, wrong: Wrong | Callable[[], Wrong]
) -> None:
    """What is signed is signed here: a collected test waits for minutes."""
    firm.set(REDRESS_WEBHOOK_SECRETS__unset="whsec_", REDRESS_WEBHOOK_SECRETS__broken="whsec_a")
    before = firm.rows()
    changed = headers(BODY) | (wrong() if callable(wrong) else wrong)
    given = {name: value for name, value in changed.items() if value is not None}

    answer = door.post(URL, content=BODY, headers=given)

    assert answer.status_code == 401
    assert "errors" not in problem(answer)
    assert firm.rows() == before


def test_nobody_can_find_out_which_senders_there_are(door: TestClient) -> None:
    wrong_secret = send(door, BODY, key=b"guessed")
    unknown_sender = send(door, BODY, key=b"guessed", sender="stranger")

    assert wrong_secret.status_code == unknown_sender.status_code == 401
    assert wrong_secret.content == unknown_sender.content


def test_one_of_several_signatures_is_enough(door: TestClient) -> None:
    """While a secret is being changed, a sender signs with the old and the new one."""
    signed = headers(BODY)
    signed["webhook-signature"] = (
        f"{headers(BODY, key=b'the new one')['webhook-signature']} v1a,AAAA " + (signed["webhook-signature"])
    )

    assert door.post(URL, content=BODY, headers=signed).status_code == 201


def test_four_minutes_between_the_clocks_and_an_id_of_128_characters_do_no_harm(door: TestClient) -> None:
    assert send(door, BODY, delivery="x" * 128, seconds=-240).status_code == 201


# --- when it cannot be stored ------------------------------------------------------------------


def without_key(firm: Installation) -> None:
    (firm.home / "master.key").unlink()


def without_database(firm: Installation) -> None:
    firm.set(REDRESS_DATABASE_URL="postgresql://redress@127.0.0.1:1/cases")


def with_an_empty_database(firm: Installation) -> None:
    firm.set(REDRESS_DATABASE_URL=f"sqlite:///{firm.home / 'empty.db'}")


def with_a_corrupt_database(firm: Installation) -> None:
    (firm.home / "corrupt.db").write_bytes(b"no database" * 1000)
    firm.set(REDRESS_DATABASE_URL=f"sqlite:///{firm.home / 'corrupt.db'}")


def without_the_rules(firm: Installation) -> None:
    firm.set(REDRESS_REGIME="mars")


@pytest.mark.parametrize(
    "happens",
    [without_key, without_database, with_an_empty_database, with_a_corrupt_database, without_the_rules],
    ids=lambda one: one.__name__,
)
def test_a_complaint_that_cannot_be_stored_now_is_to_be_sent_again(
    door: TestClient, firm: Installation, happens: Any, caplog: pytest.LogCaptureFixture
) -> None:
    before = firm.rows()
    happens(firm)

    answer = send(door, as_json())

    assert answer.status_code == 503
    assert answer.headers["retry-after"].isdigit()
    assert "nothing was kept" in problem(answer)["title"]
    assert firm.rows() == before
    assert "could not be stored" in caplog.text
    assert not [word for word in SAID if word in caplog.text]


def test_the_same_delivery_is_taken_once_the_database_is_back(door: TestClient, firm: Installation) -> None:
    away = shutil.move(firm.home / "master.key", firm.home / "elsewhere")
    refused = send(door, as_json())
    shutil.move(away, firm.home / "master.key")

    taken = send(door, as_json())

    assert (refused.status_code, taken.status_code) == (503, 201)


# --- the rest of the door ----------------------------------------------------------------------


def test_healthz_says_that_the_door_is_open(door: TestClient) -> None:
    assert door.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize(("method", "path", "status"), [("GET", URL, 405), ("POST", "/v1/complaint", 404)])
def test_a_wrong_address_is_answered_with_problem_details_too(
    door: TestClient, method: str, path: str, status: int
) -> None:
    answer = door.request(method, path)

    assert answer.status_code == problem(answer)["status"] == status


def test_the_description_names_every_field_of_the_record(door: TestClient) -> None:
    description = door.get("/openapi.json").json()

    content = description["paths"][URL]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(content["properties"]) == set(Complaint.model_fields)
    assert set(content["required"]) == {"channel", "narrative"}
    assert content["additionalProperties"] is False


def test_every_reference_within_the_description_leads_somewhere(door: TestClient) -> None:
    description = door.get("/openapi.json").json()

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


def test_the_description_tells_every_answer(door: TestClient) -> None:
    answers = door.get("/openapi.json").json()["paths"][URL]["post"]["responses"]

    assert set(answers) == {"200", "201", "401", "409", "413", "422", "503"}
