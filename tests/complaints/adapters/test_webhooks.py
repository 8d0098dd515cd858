import asyncio
import logging
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from socket import create_server

import pytest

from complaints.adapters import webhooks
from complaints.adapters.webhooks import Outcome, client_for, message, post
from tests.builders import MONDAY
from tests.crm import NEXT_SECRET, SECRET, a_crm, status

PING = message("msg_1", "redress.ping", MONDAY, {"words": "你好"})


@pytest.fixture
def crm():
    with a_crm() as crm:
        yield crm


@pytest.fixture
def hasty(monkeypatch):
    """Little patience."""
    monkeypatch.setattr(webhooks, "PATIENCE_SECONDS", 1.0)


def sent(receiver, content=PING):
    async def send():
        async with client_for(receiver) as client:
            return await post(client, receiver, content)

    return asyncio.run(send())


def test_a_message_is_taken_and_its_signature_found_right_by_the_library(crm):
    assert sent(crm.receiver()) == Outcome()

    (told,) = crm.told
    content = {"type": "redress.ping", "timestamp": "2026-03-02T01:00:00+00:00", "data": {"words": "你好"}}
    assert told.verified() == content
    assert (told.id, told.headers["content-type"]) == ("msg_1", "application/json")


def test_a_message_is_signed_by_every_secret_so_that_a_receiver_can_go_over_to_the_next(crm):
    sent(crm.receiver(secret=[NEXT_SECRET, SECRET]))

    (told,) = crm.told
    assert told.verified(NEXT_SECRET) == told.verified(SECRET)
    assert len(told.headers["webhook-signature"].split()) == 2


def test_the_time_of_the_signature_is_the_real_one_whatever_the_firm_s_time(crm):
    sent(crm.receiver())

    assert abs(float(crm.told[0].headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 60


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (200, Outcome()),
        (202, Outcome()),
        (400, Outcome("HTTP 400")),
        (404, Outcome("HTTP 404")),
        (410, Outcome("HTTP 410", is_final=True)),
        (429, Outcome("HTTP 429", is_away=True)),
        (500, Outcome("HTTP 500")),
        (503, Outcome("HTTP 503", is_away=True)),
    ],
)
def test_a_status_says_what_came_of_it(crm, code, outcome):
    crm.usual = status(code)

    assert sent(crm.receiver()) == outcome


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(crm, code):
    with a_crm() as other:
        crm.usual = status(code, location=other.url)

        assert sent(crm.receiver()).failure == f"HTTP {code}, redirects are not followed"
        assert other.told == []


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("120", 120),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("99999999999", 86_400),
        ("-5", 0),
        ("soon", 0),
        ("²", 0),
    ],
)
def test_a_receiver_can_ask_to_be_left_alone_for_a_day_at_most(crm, asked, seconds):
    crm.usual = status(503, retry_after=asked.encode().decode("latin-1"))

    assert sent(crm.receiver()).wait.total_seconds() == pytest.approx(seconds, abs=5)


def test_a_receiver_can_name_the_hour_from_which_on_it_is_there(crm):
    crm.usual = status(503, retry_after=format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True))

    assert sent(crm.receiver()).wait.total_seconds() == pytest.approx(3600, abs=30)


def test_who_does_not_answer_is_not_waited_for(crm, hasty):
    crm.usual = crm.stalls

    assert sent(crm.receiver()) == Outcome("no answer in time", is_away=True)


def test_who_sends_headers_without_end_is_not_waited_for(crm, hasty):
    crm.usual = crm.drips

    assert sent(crm.receiver()) == Outcome("no answer in time", is_away=True)


@pytest.mark.parametrize("body", ["never_ends", "trickles"])
def test_a_body_without_end_takes_nothing_back_of_a_message_that_was_taken(crm, monkeypatch, body):
    monkeypatch.setattr(webhooks, "_FOR_THE_BODY_SECONDS", 0.1)
    crm.usual = getattr(crm, body)

    assert sent(crm.receiver()) == Outcome()


def test_a_body_is_read_no_further_than_a_short_one_reaches(crm, monkeypatch):
    monkeypatch.setattr(webhooks, "_FOR_THE_BODY_SECONDS", 10)
    crm.usual = crm.never_ends

    assert sent(crm.receiver()) == Outcome()
    assert crm.written < 20_000_000  # what lies between the two in buffers


def test_who_is_not_there_is_away():
    with closing(create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    with a_crm() as crm:
        receiver = crm.receiver(url=f"http://127.0.0.1:{port}/hook?key=k-123")

    assert sent(receiver) == Outcome("ConnectError", is_away=True)


def test_what_speaks_no_http_is_away():
    def babble(handler, told):
        handler.wfile.write(b"SSH-2.0-what\r\n")
        handler.close_connection = True

    with a_crm() as crm:
        crm.usual = babble

        assert sent(crm.receiver()) == Outcome("RemoteProtocolError", is_away=True)


def test_no_address_enters_a_log(crm, caplog):
    with caplog.at_level(logging.INFO):
        sent(crm.receiver(url=f"{crm.url}?key=k-123"))

    assert crm.told[0].path == "/hook?key=k-123"
    assert "k-123" not in caplog.text


def test_a_proxy_of_the_environment_gets_nothing_that_stays_on_this_machine(crm, monkeypatch):
    with a_crm() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)

        assert sent(crm.receiver()) == Outcome()
        assert proxy.told == []
