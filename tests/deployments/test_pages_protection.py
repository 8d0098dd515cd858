"""What programs and other people's pages cannot do at the complainants' pages."""

import logging
import re
import time
from html.parser import HTMLParser

import httpx
import pytest
from fastapi.testclient import TestClient
from starlette.requests import Request

from complaints.words import Stage
from deployments.door.limits import LARGEST_DELIVERY, Buckets
from deployments.pages import complaining, protection, router
from deployments.pages.protection import client_of, give_ticket, read_ticket
from tests.builders import advance
from tests.deployments.conftest import Installation
from tests.deployments.visiting import (
    PICTURE,
    WHAT_IS_TYPED,
    Form,
    Visitor,
    door,
    errors,
    page_path,
    reference_of,
    told,
    visitor,
    words,
)

__all__ = ["door", "told", "visitor"]

KEY = bytes(32)
ATTACK = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}{% raw %}</textarea>"


# --- what is typed stays text ------------------------------------------------------------------


class Tags(HTMLParser):
    """The tags and event handlers of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.handlers: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.handlers |= {name for name, value in attrs if name.startswith("on") or "javascript:" in (value or "")}


def harmless(page: httpx.Response) -> bool:
    found = Tags(page.text)
    return not found.tags & {"script", "img", "iframe", "object", "svg", "style"} and not found.handlers


@pytest.mark.parametrize("field", [*WHAT_IS_TYPED, "post", "contract", "more", "ticket"])
def test_what_is_typed_into_any_field_is_shown_as_text(visitor: Visitor, field: str) -> None:
    form = visitor.get("/complain")
    page = visitor.send(form, WHAT_IS_TYPED | {"phone": "x"} | {field: ATTACK})

    assert page.status_code in (400, 403, 422)
    assert harmless(page)
    if field in Form(page.text, "/complain").values and field not in ("kind", "party", "more", "ticket"):
        assert Form(page.text, "/complain").values[field] == ATTACK


def test_the_name_of_a_file_is_shown_as_text(visitor: Visitor) -> None:
    page = visitor.complain([("<img src=x onerror=alert(1)>.txt", b"", "text/plain")])

    assert "onerror=alert(1)" in errors(page)["files"]
    assert harmless(page)


def test_what_is_added_to_a_case_is_shown_as_text(visitor: Visitor, firm: Installation) -> None:
    sent = visitor.complain(narrative=ATTACK, product=ATTACK)
    status = visitor.get(page_path(sent))
    again = visitor.send(status, {"words": ATTACK}, [("a.txt", b"", "")], action="/materials")

    assert harmless(sent)
    assert harmless(status)
    assert harmless(again)
    assert Form(again.text, "/materials").values["words"] == ATTACK
    done = visitor.get(f"{page_path(sent)}?done=<script>&lang=<script>")
    assert harmless(done)
    assert "script" not in done.text


# --- headers -----------------------------------------------------------------------------------


def test_every_page_forbids_scripts_frames_caches_referrers_and_robots(visitor: Visitor) -> None:
    sent = visitor.complain()
    pages = [
        visitor.get("/complain"),
        visitor.send(visitor.get("/complain"), {}),
        sent,
        visitor.get(page_path(sent)),
        visitor.get("/c/TS260302-7K3M9QX/aaaaaaaaaaaaaaaaaaaaaaaaaa"),
        visitor.client.get(f"{page_path(sent)}/survey", follow_redirects=False),
    ]
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self'" in policy
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-robots-tag"] == "noindex, nofollow"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["x-frame-options"] == "DENY"


def test_no_page_asks_anything_of_another_site(visitor: Visitor) -> None:
    sent = visitor.complain()
    for page in (visitor.get("/complain"), sent, visitor.get(page_path(sent))):
        assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', page.text)
        assert "@import" not in page.text
    assert "url(" not in visitor.get("/pages.css").text


def test_the_firms_own_style_follows_ours(visitor: Visitor, firm: Installation) -> None:
    (firm.home / "pages.css").write_text(":root { --brand: #8c1414; }")
    sheet = visitor.get("/pages.css")

    assert sheet.headers["content-type"].startswith("text/css")
    assert sheet.text.endswith(":root { --brand: #8c1414; }")


# --- another site's form, and forms that are old -----------------------------------------------


def test_the_cookie_goes_with_no_form_of_another_site(visitor: Visitor, firm: Installation) -> None:
    assert "samesite=lax" in visitor.get("/complain").headers["set-cookie"].lower()
    assert "httponly" in visitor.client.get("/complain", cookies=None).headers.get("set-cookie", "httponly").lower()


def test_behind_https_the_cookie_is_secure_and_addresses_have_the_path_of_the_public_url(
    visitor: Visitor, firm: Installation
) -> None:
    firm.set(REDRESS_PUBLIC_URL="https://www.example.cn/tousu/")
    page = visitor.get("/complain")

    cookie = page.headers["set-cookie"]
    assert "Secure" in cookie
    assert "Path=/tousu/" in cookie
    assert 'action="/tousu/complain"' in page.text
    assert 'href="/tousu/pages.css"' in page.text


@pytest.mark.parametrize("ticket", ["", "x", "a" * 32 + ".1.x", "密", "a" * 32 + "." + "9" * 400 + ".x"])
def test_a_form_without_its_ticket_is_shown_again_and_nothing_is_stored(
    visitor: Visitor, firm: Installation, ticket: str
) -> None:
    page = visitor.send(visitor.get("/complain"), WHAT_IS_TYPED | {"ticket": ticket})

    assert page.status_code == 403
    assert "没有保存任何内容" in errors(page)[""]
    assert Form(page.text, "/complain").values["narrative"] == WHAT_IS_TYPED["narrative"]
    assert firm.rows()["cases"] == 0
    assert visitor.send(page, {}).status_code == 200  # sent once more, it is taken


def test_a_ticket_is_no_use_to_another_browser(visitor: Visitor, door: TestClient, firm: Installation) -> None:
    mine = visitor.get("/complain")
    door.cookies.clear()
    visitor.get("/complain")  # another browser, with a cookie of its own

    assert visitor.send(mine, WHAT_IS_TYPED).status_code == 403
    door.cookies.clear()
    assert visitor.send(mine, WHAT_IS_TYPED).status_code == 403
    assert firm.rows()["cases"] == 0


def test_a_ticket_is_for_one_form_of_one_case(visitor: Visitor, firm: Installation) -> None:
    first, second = (visitor.get(page_path(visitor.complain())) for _ in range(2))
    ticket = Form(first.text, "/materials").values["ticket"]

    page = visitor.send(second, {"words": "x", "ticket": ticket}, action="/materials")
    assert page.status_code == 403
    assert visitor.post(f"{second.url.path}/withdrawal", {"ticket": ticket}).status_code == 403
    assert firm.store.read_case(reference_of(second)).stage is Stage.RECEIVED


def test_a_ticket_ends_after_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    text = give_ticket(KEY, "browser", "complain")
    assert read_ticket(KEY, "browser", "complain", text)

    now = time.time()
    monkeypatch.setattr(protection.time, "time", lambda: now + protection.LIFETIME_SECONDS + 60)
    assert read_ticket(KEY, "browser", "complain", text) is None
    monkeypatch.setattr(protection.time, "time", lambda: now - 60)
    assert read_ticket(KEY, "browser", "complain", text) is None


def test_a_ticket_cannot_be_made_younger() -> None:
    id, at, signature = give_ticket(KEY, "browser", "complain").split(".")

    assert read_ticket(KEY, "browser", "complain", f"{id}.{int(at) - 1}.{signature}") is None
    assert read_ticket(KEY, "browser", "complain", f"{id[:-1]}0.{at}.{signature}x") is None
    assert read_ticket(bytes([1] * 32), "browser", "complain", f"{id}.{at}.{signature}") is None


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PUT"])
def test_only_a_form_changes_anything(visitor: Visitor, firm: Installation, method: str) -> None:
    page = visitor.get(page_path(visitor.complain()))
    for path in ("", "/withdrawal", "/materials", "/survey", "/sent"):
        visitor.client.request(method, page.url.path + path)

    assert firm.store.read_case(reference_of(page)).stage is Stage.RECEIVED


# --- programs ----------------------------------------------------------------------------------


def test_who_fills_in_what_nobody_sees_is_told_so_and_how_to_reach_the_firm(
    visitor: Visitor, firm: Installation
) -> None:
    page = visitor.send(visitor.get("/complain"), WHAT_IS_TYPED | {"more": "http://example.com"})

    assert page.status_code == 400
    told = errors(page)[""]
    assert "没有保存任何内容" in told
    assert "021-5550 0000" in told
    assert "complaints@example.com" in told
    assert firm.rows()["cases"] == 0
    assert visitor.send(page, {}).status_code == 200  # a person who sends it again is heard


def test_who_is_faster_than_a_person_is_told_so_and_heard_when_trying_again(
    visitor: Visitor, firm: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(complaining, "SOONEST_SECONDS", 3)
    page = visitor.send(visitor.get("/complain"), WHAT_IS_TYPED)
    assert page.status_code == 400
    assert "请稍等几秒" in errors(page)[""]
    assert firm.rows()["cases"] == 0

    now = time.time()
    monkeypatch.setattr(complaining.time, "time", lambda: now + 4)
    assert visitor.send(page, {}).status_code == 200


def test_nobody_sends_too_many_forms(visitor: Visitor, firm: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router, "SENDINGS", Buckets(rate=1 / 600, burst=2))
    for _ in range(2):
        assert visitor.complain().status_code == 200
    page = visitor.complain()

    assert page.status_code == 429
    assert 0 < int(page.headers["retry-after"]) <= 600
    assert "10分钟后" in errors(page)[""]
    assert Form(page.text, "/complain").values["narrative"] == WHAT_IS_TYPED["narrative"]
    assert firm.rows()["cases"] == 2


# --- bodies ------------------------------------------------------------------------------------


def test_a_body_that_is_too_large_is_refused_and_nothing_typed_is_lost(visitor: Visitor, firm: Installation) -> None:
    large = ("大.bin", bytes(LARGEST_DELIVERY + 1), "application/octet-stream")
    page = visitor.complain([large])

    assert page.status_code == 413
    assert "64 MB" in errors(page)["files"]
    assert Form(page.text, "/complain").values["narrative"] == WHAT_IS_TYPED["narrative"]
    assert firm.rows()["cases"] == 0


def test_a_body_that_ends_too_early_is_not_taken_for_the_whole(visitor: Visitor, firm: Installation) -> None:
    form = visitor.get("/complain")
    values = Form(form.text, "/complain").values | WHAT_IS_TYPED
    parts = [(name, (None, value)) for name, value in values.items()]
    whole = visitor.client.build_request("POST", "/complain", files=[*parts, ("files", PICTURE)]).read()
    boundary = whole.partition(b"\r\n")[0].removeprefix(b"--").decode()
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    for cut in (len(whole) - 10, len(whole) - len(PICTURE[1]), len(whole) // 2):
        page = visitor.client.post("/complain", content=whole[:cut], headers=kind)
        assert page.status_code == 400
        assert "不完整" in words(page)
    assert firm.rows()["cases"] == 0
    assert visitor.client.post("/complain", content=whole, headers=kind).status_code == 200


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("application/x-www-form-urlencoded", b"narrative=x"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"garbage"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\nx\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n' * 1000),
        ("multipart/form-data; boundary=x", b"--x\r\nX-A: b\r\n" + b"X-B: c\r\n" * 100_000),
        ("", b""),
    ],
)
def test_what_is_no_form_of_ours_is_answered_with_a_page(visitor: Visitor, kind: str, body: bytes) -> None:
    page = visitor.client.post("/complain", content=body, headers={"Content-Type": kind} if kind else {})

    assert page.status_code == 400
    assert "无法读取" in words(page)


def test_a_field_that_is_far_too_long_is_not_read(visitor: Visitor) -> None:
    assert visitor.complain(narrative="长" * 400_000).status_code == 400


# --- references and links ----------------------------------------------------------------------


def test_a_wrong_token_and_an_unknown_reference_are_answered_alike(visitor: Visitor) -> None:
    path = page_path(visitor.complain())
    _, _, reference, token = path.split("/")
    wrong = "b" * len(token)
    for end in ("", "/sent", "/withdrawal", "/survey"):
        unknown, known = (visitor.get(f"/c/{one}/{wrong}{end}") for one in ("TS260302-7K3M9QX", reference))
        assert unknown.status_code == known.status_code == 404
        assert unknown.content == known.content
        assert sorted(unknown.headers) == sorted(known.headers)
    for form in ("materials", "withdrawal", "survey"):
        unknown, known = (
            visitor.post(f"/c/{one}/{wrong}/{form}", {"words": "x"}) for one in ("TS260302-7K3M9QX", reference)
        )
        assert unknown.status_code == known.status_code == 404
        assert unknown.content == known.content


def test_who_tries_many_links_must_wait_whatever_they_try(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    right = page_path(visitor.complain())
    monkeypatch.setattr(router, "WRONG_LINKS", Buckets(rate=1 / 600, burst=3))
    for _ in range(3):
        assert visitor.get(right).status_code == 200
        assert visitor.get(right[:-1] + "1").status_code == 404

    for path in (right, right[:-1] + "1", "/c/TS260302-7K3M9QX/x"):
        page = visitor.get(path)
        assert page.status_code == 429
        assert int(page.headers["retry-after"]) > 0
        assert "错误链接的次数过多" in words(page)
    assert visitor.post(f"{right}/withdrawal", {}).status_code == 429


@pytest.mark.parametrize(
    "path", ["/c/x/y", "/c/%00/%00", "/c/../../etc/passwd", "/c/TS260302-7K3M9QX/%E5%AF%86", "/c/'/x"]
)
def test_strange_links_lead_nowhere(visitor: Visitor, path: str) -> None:
    assert visitor.get(path).status_code == 404


def test_a_link_opens_its_own_case_only(visitor: Visitor) -> None:
    first, second = (page_path(visitor.complain()) for _ in range(2))
    token = first.rpartition("/")[2]

    assert visitor.get(second.rpartition("/")[0] + "/" + token).status_code == 404


# --- what is written down ----------------------------------------------------------------------


def test_nothing_of_the_person_or_the_link_is_logged(
    visitor: Visitor, firm: Installation, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with caplog.at_level(logging.DEBUG, "redress"):
        sent = visitor.complain()
        with firm.store.open_case(reference_of(sent)) as desk:
            advance(desk.case, Stage.UNDER_INVESTIGATION, now=desk.now)
        visitor.send(visitor.get(page_path(sent)), {"words": "林知夏"}, action="/materials")
        monkeypatch.setattr("deployments.pages.complaining.store", _away)
        visitor.complain()
        monkeypatch.setattr("deployments.pages.following.store", _away)
        visitor.get(page_path(sent))
    logged = caplog.text

    for personal in ("林知夏", "lin.zhixia", "13800000101", "账户服务费", page_path(sent).rpartition("/")[2]):
        assert personal not in logged


def _away() -> None:
    raise OSError("林知夏")


# --- who asks ----------------------------------------------------------------------------------


def a_request(peer: str, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", one.encode()) for one in forwarded]
    return Request({"type": "http", "client": (peer, 1234), "headers": headers})


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.7", (), "203.0.113.7"),
        ("203.0.113.7", ("198.51.100.1",), "203.0.113.7"),  # no proxy of ours: anybody can write this
        ("10.0.0.2", ("198.51.100.1",), "198.51.100.1"),
        ("10.0.0.2", ("192.0.2.66, 198.51.100.1",), "198.51.100.1"),  # the first was written by whoever asked
        ("10.0.0.2", ("192.0.2.66", "198.51.100.1"), "198.51.100.1"),
        ("10.0.0.2", ("198.51.100.1, 10.0.0.3",), "198.51.100.1"),
        ("10.0.0.2", ("garbage",), "10.0.0.2"),
        ("10.0.0.2", ("198.51.100.1, garbage",), "10.0.0.2"),
        ("10.0.0.2", (), "10.0.0.2"),
        ("::ffff:203.0.113.7", (), "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", (), "2001:db8:1:2::/64"),
        ("10.0.0.2", ("2001:db8:1:2:ffff::1",), "2001:db8:1:2::/64"),
    ],
)
def test_who_asks_is_told_by_the_connection_and_by_proxies_of_the_firm_only(
    peer: str, forwarded: tuple[str, ...], client: str, firm: Installation
) -> None:
    firm.set(REDRESS_TRUSTED_PROXIES='["10.0.0.0/8"]')
    from complaints.settings import settings

    assert client_of(a_request(peer, *forwarded), settings().trusted_proxies) == client
