import asyncio
import json

import httpx
import pytest

from benchmarks.asked import PATH, show_asked
from benchmarks.counting import Counting, event_of, state_of, template

RUN = "0194b2f2-6c1e-7c3a-9d47-3f0e8a4f4b11"


async def an_application(scope, receive, send):
    if scope["type"] == "websocket":
        while (await receive())["type"] != "websocket.disconnect":
            await send({"type": "websocket.send", "text": "{}"})
        return
    await receive()
    await send({"type": "http.response.start", "status": 201, "headers": []})
    await send({"type": "http.response.body", "body": b"answered"})


@pytest.fixture
def counting():
    return Counting(an_application)


def counts(counting):
    return dict(counting.counts)


def ask(counting, *requests):
    async def send():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(counting), base_url="http://server") as client:
            return [await client.request(method, path, json=body) for method, path, body in requests]

    return asyncio.run(send())


@pytest.mark.parametrize(
    ("path", "route"),
    [
        (f"/api/flow_runs/{RUN}", "/api/flow_runs/{id}"),
        (f"/api/flow_runs/{RUN}/input/suspended-finding-1-1-schema", "/api/flow_runs/{id}/input/{key}"),
        (f"/api/flow_runs/{RUN}/input/filter", "/api/flow_runs/{id}/input/filter"),
        ("/api/work_pools/redress/get_scheduled_flow_runs", "/api/work_pools/{name}/get_scheduled_flow_runs"),
        ("/api/deployments/name/handle-complaint/handle-complaint", "/api/deployments/name/{name}"),
        ("/api/flow_runs/filter", "/api/flow_runs/filter"),
        ("/", "/"),
    ],
)
def test_paths_that_differ_in_what_they_name_are_one_route(path, route):
    assert template(path) == route


def test_requests_are_passed_on_and_counted_by_route_and_by_the_state_that_is_asked_for(counting):
    state = {"state": {"type": "PAUSED", "name": "Suspended"}}

    answers = ask(
        counting,
        ("GET", f"/api/flow_runs/{RUN}", None),
        ("GET", "/api/flow_runs/1194b2f2-6c1e-7c3a-9d47-3f0e8a4f4b11", None),
        ("POST", f"/api/flow_runs/{RUN}/set_state", state),
    )

    assert [(one.status_code, one.text) for one in answers] == [(201, "answered")] * 3
    assert counts(counting) == {
        "GET /api/flow_runs/{id}": 2,
        "POST /api/flow_runs/{id}/set_state Suspended": 1,
    }


def test_what_comes_over_a_websocket_is_counted_by_event(counting):
    messages = iter(
        [
            {"type": "websocket.receive", "text": json.dumps({"event": "prefect.task-run.Completed"})},
            {"type": "websocket.disconnect"},
        ]
    )

    async def receive():
        return next(messages)

    async def send(message):
        assert message["type"] == "websocket.send"

    asyncio.run(counting({"type": "websocket", "path": "/api/events/in"}, receive, send))

    assert counts(counting) == {"WS in  /api/events/in prefect.task-run.Completed": 1, "WS out /api/events/in": 1}


def test_the_counts_are_asked_for_over_http_and_told_for_each_unit(counting, capsys):
    before = ask(counting, ("GET", PATH, None))[0].json()
    after = ask(counting, *[("GET", "/api/health", None)] * 4, ("GET", PATH, None))[-1].json()

    show_asked(before, after, 2, "complaint")

    printed = capsys.readouterr().out
    assert "2.0 requests a complaint" in printed
    assert "2.00  GET /api/health" in printed


def test_what_is_no_state_and_no_event_is_counted_without_a_name():
    assert [state_of(body) for body in (b"{", b"[]", b"{}", b'{"state": null}')] == [""] * 4
    assert [event_of(content) for content in ("ping", b"[]", "{}")] == [""] * 3
