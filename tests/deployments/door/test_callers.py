"""Who may call: signatures, tokens, scopes, and how often."""

import base64
import json
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from standardwebhooks.webhooks import Webhook

from complaints.senders import Scope, hash_of, new_token
from deployments.door import admission
from deployments.door.limits import Buckets
from tests.deployments.conftest import Installation
from tests.deployments.door.sending import KEY, SECRET, TOKEN, URL, as_json, bearer, headers, problem, send, tokens

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


def test_what_the_library_of_the_scheme_signs_is_taken(door: TestClient) -> None:
    now, body = datetime.now(UTC), as_json()
    signed = {
        "content-type": "application/json",
        "webhook-sender": "crm",
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("msg_1", now, body.decode()),
    }

    assert door.post(URL, content=body, headers=signed).status_code == 201


def test_a_sender_may_have_several_secrets_while_they_are_changed(door: TestClient, firm: Installation) -> None:
    other = "whsec_" + base64.b64encode(b"the next secret of the CRM, too.").decode()
    firm.set(REDRESS_WEBHOOK_SECRETS__crm=f"{SECRET}, {other}")

    old = send(door, as_json(number="1"), delivery="msg_1")
    new = send(door, as_json(number="2"), delivery="msg_2", key=b"the next secret of the CRM, too.")
    wrong = send(door, as_json(number="3"), delivery="msg_3", key=b"a third one")

    assert (old.status_code, new.status_code, wrong.status_code) == (201, 201, 401)


def test_a_delivery_that_is_repeated_after_its_five_minutes_is_refused(door: TestClient) -> None:
    signed = headers(BODY, seconds=-301)

    assert door.post(URL, content=BODY, headers=signed).status_code == 401


# --- tokens ------------------------------------------------------------------------------------


def test_a_token_serves_as_well_as_a_signature(door: TestClient, firm: Installation) -> None:
    firm.set(REDRESS_TOKENS=tokens(hotline="file"))

    first = door.post(URL, json=json.loads(BODY), headers=bearer())
    again = door.post(URL, json=json.loads(BODY), headers=bearer())
    other = door.post(URL, content=as_json(number="2"), headers=bearer() | {"content-type": "application/json"})

    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert first.json() == again.json()
    assert firm.store.read_case(first.json()["reference"]).facts.sender == "hotline"


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"authorization": f"Bearer {new_token()}"}, id="another token"),
        pytest.param({"authorization": f"Bearer {hash_of(TOKEN)}"}, id="the hash of the token"),
        pytest.param({"authorization": "Bearer "}, id="nothing"),
        pytest.param({"authorization": "Bearer"}, id="no blank"),
        pytest.param({"authorization": f"Basic {TOKEN}"}, id="another scheme"),
        pytest.param({"authorization": "Bearer 客户".encode()}, id="not ASCII"),
    ],
)
def test_what_is_no_token_of_a_sender_opens_nothing(
    door: TestClient, firm: Installation, given: Mapping[str, str | bytes]
) -> None:
    firm.set(REDRESS_TOKENS=tokens(hotline="file"))
    before = firm.rows()

    answer = door.post(URL, json=json.loads(BODY), headers={"idempotency-key": "key_1"} | dict(given))

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert problem(answer)["type"] == "urn:redress:problem:unauthenticated"
    assert firm.rows() == before


@pytest.mark.parametrize("key", [None, "", "x" * 129])
def test_a_delivery_by_token_needs_an_id_of_its_own(door: TestClient, firm: Installation, key: str | None) -> None:
    firm.set(REDRESS_TOKENS=tokens(hotline="file"))

    answer = door.post(URL, json=json.loads(BODY), headers=bearer(key))

    assert answer.status_code == 400
    assert problem(answer)["errors"][0]["field"] == "Idempotency-Key"


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        (Scope.FILE, "POST", URL),
        (Scope.READ, "GET", f"{URL}/TS260302-7K3M9QX"),
        (Scope.MATERIALS, "POST", f"{URL}/TS260302-7K3M9QX/materials"),
        (Scope.WITHDRAW, "POST", f"{URL}/TS260302-7K3M9QX/withdrawal"),
        (Scope.EVENTS, "POST", f"{URL}/TS260302-7K3M9QX/events"),
    ],
)
def test_a_token_allows_nothing_but_its_scopes(
    door: TestClient, firm: Installation, scope: Scope, method: str, path: str
) -> None:
    firm.set(REDRESS_TOKENS=tokens(hotline=" ".join(frozenset(Scope) - {scope})))
    body = None if method == "GET" else {}

    answer = door.request(method, path, json=body, headers=bearer())

    assert answer.status_code == 403
    assert f"'{scope}'" in problem(answer)["detail"]


def test_a_token_may_be_one_of_several(door: TestClient, firm: Installation) -> None:
    other = new_token()
    known = [{"sha256": hash_of(one), "scopes": ["file"]} for one in (other, TOKEN)]
    firm.set(REDRESS_TOKENS=json.dumps({"hotline": known}))

    answers = [door.post(URL, json=json.loads(BODY), headers=bearer("key_1", one)) for one in (other, TOKEN)]

    assert [answer.status_code for answer in answers] == [201, 200]


# --- how often ---------------------------------------------------------------------------------


def test_a_sender_that_comes_too_often_is_told_when_to_come_again(door: TestClient, firm: Installation) -> None:
    firm.set(REDRESS_DOOR_RATE="1", REDRESS_WEBHOOK_SECRETS__hotline=SECRET)

    answers = [send(door, as_json(number=str(number)), delivery=f"msg_{number}") for number in range(4)]
    other = send(door, as_json(), sender="hotline")

    assert [answer.status_code for answer in answers] == [201, 201, 429, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert problem(answers[-1])["type"] == "urn:redress:problem:too-many-requests"
    assert other.status_code == 201


def test_who_guesses_must_wait_and_keeps_no_sender_out(
    door: TestClient, firm: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "GUESSES", Buckets(rate=0.01, burst=3))

    answers = [send(door, BODY, key=b"guessed") for _ in range(5)]
    elsewhere = TestClient(door.app, client=("192.0.2.7", 50_000))

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
    assert answers[-1].headers["retry-after"] == "100"
    assert send(elsewhere, BODY).status_code == 201


def test_no_secret_and_no_token_is_ever_logged(
    door: TestClient, firm: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    firm.set(REDRESS_TOKENS=tokens(hotline="file"))
    with caplog.at_level(logging.DEBUG):
        send(door, BODY)
        door.post(URL, json=json.loads(BODY), headers=bearer())
        door.post(URL, json=json.loads(BODY), headers=bearer(None, "rdt_wrong"))

    assert not [word for word in (SECRET, TOKEN, KEY.decode(), "rdt_wrong") if word in caplog.text]
