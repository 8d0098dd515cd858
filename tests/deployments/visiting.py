"""A visitor of the complainants' pages: what a browser without JavaScript does, and nothing more."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from deployments.door import aftermath
from deployments.door.app import app
from deployments.door.limits import Buckets
from deployments.pages import complaining, router
from tests.deployments.conftest import Installation

TEXT = ("说明.txt", "账户服务费被扣了两次。".encode(), "text/plain")
PICTURE = (
    "账单.png",
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154"
        "789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
    ),
    "image/png",
)
PROGRAM = ("账单.jpg", b"MZ" + bytes(200), "image/jpeg")

WHAT_IS_TYPED = {
    "kind": "complaint",
    "party": "person",
    "name": "林知夏",
    "email": "lin.zhixia@example.cn",
    "phone": "13800000101",
    "product": "轻舟消费贷",
    "narrative": "账户服务费被扣了两次。",
    "wanted": "退还多扣的一笔。",
    "happened_on": "2026-03-02",
    "amount": "128.50",
}

File = tuple[str, bytes, str]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cases of whose change Prefect, which is away, would have been told."""
    told: list[str] = []
    monkeypatch.setattr(aftermath, "filed", told.append)
    monkeypatch.setattr(aftermath, "changed", told.append)
    return told


@pytest.fixture
def door(firm: Installation, told: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """The door of a firm, at which nobody has been before and people type within no time."""
    monkeypatch.setattr(complaining, "SOONEST_SECONDS", 0)
    monkeypatch.setattr(router, "SENDINGS", Buckets(rate=1, burst=1000))
    monkeypatch.setattr(router, "WRONG_LINKS", Buckets(rate=1, burst=1000))
    with TestClient(app) as client:
        yield client


@pytest.fixture
def visitor(door: TestClient) -> "Visitor":
    """Somebody who reads Chinese."""
    return Visitor(door)


class Form(HTMLParser):
    """The fields of a page's form, as a browser would send them back."""

    def __init__(self, page: str, action: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.action = ""
        self._end, self._inside, self._area = action, False, ""
        self.feed(page)
        assert self.action, f"the page has no form for {action}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._inside = (given.get("action") or "").endswith(self._end)
            self.action = (given.get("action") or "") if self._inside else self.action
        name = given.get("name") or ""
        if not self._inside or not name:
            return
        if tag == "textarea":
            self._area, self.values[name] = name, ""
        elif tag == "input" and given.get("type") != "file" and ("checked" in given or given.get("type") != "radio"):
            self.values[name] = given.get("value") or ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.values[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area:
            self.values[self._area] = self.values[self._area].removeprefix("\n")  # as HTML reads it
            self._area = ""
        if tag == "form":
            self._inside = False


@dataclass
class Visitor:
    """Somebody with a browser."""

    client: httpx.Client
    headers: dict[str, str] = field(default_factory=lambda: {"Accept-Language": "zh-CN,zh;q=0.9"})

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(path, headers=self.headers | headers)

    def send(
        self,
        page: httpx.Response,
        typed: Mapping[str, str],
        files: Iterable[File] = (),
        *,
        action: str = "/complain",
        follow: bool = True,
    ) -> httpx.Response:
        """Fill in the form of a page, and send it."""
        form = Form(page.text, action)
        return self.post(form.action, form.values | dict(typed), files, follow=follow)

    def post(
        self, path: str, values: Mapping[str, Any], files: Iterable[File] = (), *, follow: bool = True
    ) -> httpx.Response:
        """Send what a form sends; the files come last, and where none is chosen a nameless one."""
        chosen = list(files) or [("", b"", "application/octet-stream")]
        parts = [(name, (None, str(value))) for name, value in values.items()]
        return self.client.post(
            path, files=[*parts, *(("files", one) for one in chosen)], headers=self.headers, follow_redirects=follow
        )

    def complain(self, files: Iterable[File] = (), **typed: str) -> httpx.Response:
        """File a complaint, from the empty form to the page with the reference."""
        return self.send(self.get("/complain"), WHAT_IS_TYPED | typed, files)


def page_path(page: httpx.Response) -> str:
    """The path of a case's page, from any of its pages."""
    return re.sub(r"/(sent|withdrawal|materials|survey)$", "", page.url.path)


def reference_of(page: httpx.Response) -> str:
    """The reference that a page shows."""
    found = re.search(r"TS\d{6}-[2-9A-Z]{7}", page.text)
    assert found, page.text
    return found[0]


def words(page: httpx.Response) -> str:
    """What a page says, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def errors(page: httpx.Response) -> dict[str, str]:
    """What the summary of a page says is wrong: the id that each line leads to, and its words."""
    summary = re.search(r'<div class="error-summary".*?</div>', page.text, re.DOTALL)
    assert summary, words(page)
    lines = re.findall(r'<li>(?:<a href="#(\w+)">)?([^<]*)', summary[0])
    return {target: unescape(text) for target, text in lines}
