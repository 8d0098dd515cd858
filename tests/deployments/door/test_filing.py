"""Filing at the HTTP door, as the systems that send complaints see it."""

import asyncio
import json
import shutil
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from complaints.adapters.keeping.erasing import erase
from complaints.adapters.keeping.outside import Outside
from complaints.intake import Complaint
from complaints.words import Stage
from deployments.door.app import app
from deployments.door.limits import LARGEST_BODY
from tests.builders import EMAIL, a_stored_case, complaint_values
from tests.complaints.adapters.keeping.conftest import EXPIRED, OVER, THEN
from tests.deployments.conftest import Installation
from tests.deployments.door.sending import SAID, SECRET, URL, as_json, headers, problem, send

# --- taking in ---------------------------------------------------------------------------------


def test_a_signed_complaint_is_stored_and_answered_with_its_reference(door: TestClient, firm: Installation) -> None:
    answer = send(door, as_json())

    assert answer.status_code == 201
    case = firm.store.read_case(answer.json()["reference"])
    assert (case.stage, case.facts.sender, case.facts.number) == (Stage.RECEIVED, "crm", "CRM-0001")
    assert case.complaint == Complaint.model_validate(complaint_values())


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
    assert problem(answer)["title"] == "A case has this number already."
    assert problem(answer)["detail"].startswith(f"number: case {reference} already has this number")
    assert firm.rows() == before


def test_the_number_of_a_case_whose_person_was_erased_is_refused_with_a_title_that_is_true_of_it_too(
    door: TestClient, firm: Installation
) -> None:
    firm.store.make_demo(THEN)
    old = a_stored_case(firm.store, Stage.CLOSED)
    firm.store.move_time(OVER)
    erase(firm.store, Outside(str(firm.home / "anchors")), [old], EXPIRED)
    number = str(firm.store.read_case(old).facts.number)

    answer = send(door, as_json(number=number))

    assert answer.status_code == 409
    assert problem(answer)["title"] == "A case has this number already."


def test_the_same_delivery_id_with_other_content_is_refused_and_not_dropped(
    door: TestClient, firm: Installation, started: list[str]
) -> None:
    other = as_json(number=None, narrative="账户服务费被扣了三次。")
    reference = send(door, as_json(number=None)).json()["reference"]
    before = firm.rows()

    answer = send(door, other)

    assert answer.status_code == 409
    assert problem(answer)["detail"].startswith(f"delivery id: case {reference} was already delivered under this id")
    assert "webhook-id of its own" in problem(answer)["detail"]
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
        pytest.param(as_json(__prefect_kind="json"), "__prefect_kind", "are not taken", id="a key of Prefect's"),
        pytest.param(
            as_json(complainant={"contacts": [{"__prefect_x": 1}]}), "__prefect_x", "are not taken", id="deep down"
        ),
        pytest.param(b'{"wanted":' + b"[" * 12 + b"]" * 12 + b"}", "", "12 levels", id="brackets 13 levels deep"),
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

    answer = send(door, b" " * 2_000_000, key=b"guessed")

    assert answer.status_code == 413
    assert str(LARGEST_BODY) in problem(answer)["detail"]
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
    assert "Nothing was kept" in problem(answer)["detail"]
    assert firm.rows() == before
    assert "could not be stored" in caplog.text
    assert not [word for word in SAID if word in caplog.text]


def test_the_same_delivery_is_taken_once_the_database_is_back(door: TestClient, firm: Installation) -> None:
    away = shutil.move(firm.home / "master.key", firm.home / "elsewhere")
    refused = send(door, as_json())
    shutil.move(away, firm.home / "master.key")

    taken = send(door, as_json())

    assert (refused.status_code, taken.status_code) == (503, 201)
