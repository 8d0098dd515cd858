"""The door under attack: what is refused or made harmless, on a real server where that matters."""

import gzip
import http.client
import json
import resource
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient

from complaints.letters import render_letter
from complaints.settings import settings
from complaints.sheet import case_sheet
from complaints.words import Stage
from deployments.door.app import api
from deployments.door.guard import Guard
from deployments.door.limits import HTTP, LARGEST_BODY, LARGEST_DELIVERY, MOST_COMING, MOST_FILES
from tests.builders import advance
from tests.deployments.conftest import Installation
from tests.deployments.door.sending import SECRET, URL, as_json, headers, parts, problem, send, send_parts
from tests.ports import free_port

PAUSE_SECONDS = 1.0
MEGABYTE = 1_000_000


@pytest.fixture
def port(firm: Installation, started: list[str], woken: list[str]) -> Iterator[int]:
    """The door on a real server, which waits less long for slow bodies."""
    firm.set(REDRESS_WEBHOOK_SECRETS__crm=SECRET)
    port = free_port()
    guard = Guard(api, pause_seconds=PAUSE_SECONDS, body_seconds=3 * PAUSE_SECONDS)
    server = uvicorn.Server(uvicorn.Config(guard, port=port, http=HTTP, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until = time.monotonic() + 60
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    yield port
    server.should_exit = True
    thread.join()


@contextmanager
def connected(port: int, *lines: str, source: str = "127.0.0.1", **given: str) -> Iterator[socket.socket]:
    """A connection on which the head of a signed delivery was sent."""
    fields = headers(b"") | given
    head = "\r\n".join([f"POST {URL} HTTP/1.1", "host: door", *lines, *(f"{n}: {v}" for n, v in fields.items())])
    with socket.create_connection(("127.0.0.1", port), timeout=60, source_address=(source, 0)) as connection:
        connection.sendall(f"{head}\r\n\r\n".encode())
        yield connection


def answered(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    """The status and the problem that came back."""
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer.status, json.loads(answer.read())


def takes_complaints(port: int) -> bool:
    """Whether an honest sender is served, and soon."""
    body, began = as_json(number=None), time.monotonic()
    signed = headers(body, delivery=f"msg_{time.monotonic_ns()}")
    answer = httpx.post(f"http://127.0.0.1:{port}{URL}", content=body, headers=signed)
    return answer.status_code == 201 and time.monotonic() - began < 5


# --- large -------------------------------------------------------------------------------------


def test_a_decompression_bomb_is_not_unpacked(door: TestClient, firm: Installation) -> None:
    body, before = gzip.compress(bytes(10 * MEGABYTE)), firm.rows()

    for coding in ("gzip", "br", "deflate, gzip", "zstd"):
        answer = door.post(URL, content=body, headers=headers(body) | {"content-encoding": coding})

        assert answer.status_code == 415
        assert "Content-Encoding" in problem(answer)["detail"]
    assert firm.rows() == before


@pytest.mark.parametrize(
    ("media_type", "most"),
    [("application/json", LARGEST_BODY), ("multipart/form-data; boundary=x", LARGEST_DELIVERY)],
)
def test_ten_gigabytes_that_announce_no_size_are_cut_off_early(port: int, media_type: str, most: int) -> None:
    block = b"%x\r\n%b\r\n" % (MEGABYTE, bytes(MEGABYTE))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    sent = 0
    chunked = connected(port, "transfer-encoding: chunked", **{"content-type": media_type})
    with suppress(ConnectionError), chunked as connection:
        while sent < 10_000 * MEGABYTE:
            connection.sendall(block)
            sent += MEGABYTE

    assert most <= sent < most + 40 * MEGABYTE  # what is under way is read, for a short time
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 50_000  # kilobytes
    assert takes_complaints(port)


def test_who_sends_too_much_is_told_so(port: int) -> None:
    block = b"%x\r\n%b\r\n" % (MEGABYTE, bytes(MEGABYTE))
    with connected(port, "transfer-encoding: chunked") as connection:
        connection.sendall(block * 3)

        status, told = answered(connection)

        assert (status, told["type"]) == (413, "urn:redress:problem:too-large")
        with suppress(ConnectionError):  # nobody reads on for ever
            connection.sendall(block * 8)
            assert not connection.recv(1)


def test_ten_gigabytes_that_are_announced_are_refused_before_they_come(port: int) -> None:
    with connected(port, "content-length: 10000000000") as connection:
        assert answered(connection)[0] == 413


def test_a_length_that_lies_is_not_believed(port: int) -> None:
    with connected(port, "content-length: 10") as connection:
        connection.sendall(as_json())

        assert answered(connection)[0] == 401  # of ten bytes, the signature is another


def test_a_million_parts_are_refused_after_a_few(door: TestClient, firm: Installation) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n\r\n'
    body, before = part * 1_000_000, firm.rows()
    assert len(body) > LARGEST_DELIVERY
    body, began = body[: LARGEST_DELIVERY // len(part) * len(part)], time.monotonic()

    answer = send_parts(door, body, "multipart/form-data; boundary=x")

    assert answer.status_code == 413
    assert f"more than {MOST_FILES} files" in problem(answer)["detail"]
    assert time.monotonic() - began < 10
    assert firm.rows() == before


def test_a_million_fields_are_refused_at_the_first(door: TestClient) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 100_000

    assert send_parts(door, body, "multipart/form-data; boundary=x").status_code == 422


def test_a_part_with_headers_without_end_is_refused(door: TestClient) -> None:
    body = b"--x\r\nContent-Disposition: form-data; " + b"a" * MEGABYTE

    assert send_parts(door, body, "multipart/form-data; boundary=x").status_code == 422


def test_a_record_part_that_is_too_large_is_refused(door: TestClient) -> None:
    answer = send_parts(door, *parts("complaint", b" " * (LARGEST_BODY + 1)))

    assert answer.status_code == 413


def test_headers_without_end_are_refused(door: TestClient, port: int) -> None:
    body = as_json()
    large = door.post(URL, content=body, headers=headers(body) | {"x-padding": "x" * 20_000})

    assert large.status_code == 431
    assert problem(large)["type"] == "urn:redress:problem:headers-too-large"
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"POST /v1/complaints HTTP/1.1\r\nx: " + b"x" * 200_000)
        assert connection.recv(12) == b"HTTP/1.1 400"


# --- slow --------------------------------------------------------------------------------------


def test_a_body_that_stops_coming_is_not_waited_for(port: int) -> None:
    with connected(port, "content-length: 100") as connection:
        connection.sendall(b"{")

        assert answered(connection)[0] == 408


def test_a_body_that_drips_is_not_waited_for_either(port: int) -> None:
    with connected(port, "content-length: 100") as connection:
        connection.settimeout(PAUSE_SECONDS / 3)
        for _ in range(200):
            try:
                connection.sendall(b" ")
                received = connection.recv(12)
                break
            except TimeoutError:
                continue

    assert received == b"HTTP/1.1 408"


def test_slow_bodies_keep_nobody_else_out(port: int) -> None:
    """The crowd has an address of its own: of each client only so many bodies are waited for."""
    with ExitStack() as crowd:
        slow = [
            crowd.enter_context(connected(port, "content-length: 100", source="127.0.0.2"))
            for _ in range(MOST_COMING + 10)
        ]
        served = takes_complaints(port)
        statuses = Counter(answered(one)[0] for one in slow)

    assert served
    assert statuses.keys() == {408, 503}
    assert statuses[408] >= MOST_COMING
    assert takes_complaints(port)


def test_a_sender_that_goes_away_in_the_middle_leaves_nothing_behind(port: int, firm: Installation) -> None:
    before = firm.rows()
    with connected(port, "content-length: 1000") as connection:
        connection.sendall(as_json()[:20])

    assert takes_complaints(port)
    assert firm.rows()["cases"] == before["cases"] + 1


# --- strange -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "application/xml", "text/json", "application/jsonx"],
)
def test_a_body_of_another_sort_is_refused(door: TestClient, firm: Installation, content_type: str) -> None:
    before, body = firm.rows(), as_json()

    answer = door.post(URL, content=body, headers=headers(body) | {"content-type": content_type})

    assert answer.status_code == 415
    assert problem(answer)["type"] == "urn:redress:problem:unsupported-type"
    assert firm.rows() == before


@pytest.mark.parametrize("content_type", ["Application/JSON; charset=utf-8", ""])
def test_json_may_say_in_which_encoding_it_is_or_nothing_at_all(door: TestClient, content_type: str) -> None:
    body = as_json()
    given = headers(body) | {"content-type": content_type}

    assert door.post(URL, content=body, headers=given).status_code == 201


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x9b", "\x7f", "\u202e", "\u2066"])
def test_control_characters_in_a_name_are_refused_or_harmless(
    door: TestClient, firm: Installation, character: str
) -> None:
    answer = send(door, as_json(complainant={"name": f"林{character}知夏"}))

    if answer.status_code == 201:
        case = firm.store.read_case(answer.json()["reference"])
        assert character not in case_sheet(case, firm.store.now())
        assert character not in json.dumps(answer.json())
    else:
        assert problem(answer)["errors"][0]["field"] == "complainant.name"


HTML = '<script>alert("x")</script><img src=x onerror=alert(1)>'


def test_html_in_a_narrative_is_kept_as_text_and_comes_out_escaped(door: TestClient, firm: Installation) -> None:
    complainant = {"name": HTML, "contacts": [{"kind": "email", "value": "a@example.cn"}]}
    sent = send(door, as_json(narrative=HTML, wanted=HTML, product=HTML, complainant=complainant))
    reference = sent.json()["reference"]
    with firm.store.open_case(reference) as desk:
        advance(desk.case, Stage.DECIDED, now=desk.now)
        letters = [
            render_letter(desk.case, letter, settings().firm, desk.now) for letter in ("acknowledgement", "decision")
        ]

    case = firm.store.read_case(reference)
    assert case.complaint is not None
    assert case.complaint.narrative == HTML
    shown = [*(letter.html for letter in letters), case_sheet(case, firm.store.now())]
    assert not [page for page in shown if "<script>alert" in page or "<img src=x" in page]
    assert "&lt;script&gt;" in letters[0].html


def test_bad_utf_8_is_refused(door: TestClient, firm: Installation) -> None:
    before = firm.rows()

    for body in (b"\xff\xfe{}", b'{"narrative": "\xc3\x28"}', as_json().decode().encode("utf-16")):
        answer = send(door, body)

        assert answer.status_code == 422
        assert "UTF-8" in problem(answer)["errors"][0]["reason"]
    assert firm.rows() == before
