"""Monthly summaries at the door, under the links that stand on Prefect's page."""

import base64
import hashlib
import re
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from complaints.links import summary_link
from complaints.regimes.rulebook import load_pack
from complaints.reporting.monthly import write_summary
from complaints.settings import settings
from deployments.door.limits import Buckets
from deployments.pages import router
from tests.deployments.conftest import Installation
from tests.deployments.visiting import door, told

__all__ = ["door", "told"]


@pytest.fixture
def month(firm: Installation) -> str:
    """A month of which there is a summary."""
    now = firm.store.now()
    pack = load_pack(settings().regime)
    write_summary(firm.store, now.year, now.month, settings().summaries_folder, settings().firm, pack, now)
    return f"{now.year}-{now.month:02}"


def link(firm: Installation, name: str) -> str:
    return summary_link("", name, firm.store.master)


def test_the_link_opens_the_summary_in_its_own_style_and_lets_it_do_nothing_else(
    door: TestClient, firm: Installation, month: str
) -> None:
    shown = door.get(link(firm, f"{month}.zh-CN.html"))

    assert shown.status_code == 200
    assert '<html lang="zh-CN">' in shown.text
    (style,) = re.findall(r"<style>(.*?)</style>", shown.text, re.DOTALL)
    hashed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert shown.headers["Content-Security-Policy"].startswith(f"default-src 'none'; style-src 'sha256-{hashed}';")
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.headers["Cache-Control"] == "no-store"


def test_the_figures_come_as_a_file_to_be_kept(door: TestClient, firm: Installation, month: str) -> None:
    kept = door.get(link(firm, f"{month}.csv"))

    assert kept.headers["Content-Type"].startswith("text/csv")
    assert kept.headers["Content-Disposition"] == f'attachment; filename="summary-{month}.csv"'


def test_a_wrong_link_and_a_month_without_a_summary_are_answered_in_the_same_way(
    door: TestClient, firm: Installation, month: str
) -> None:
    right = link(firm, f"{month}.en.html")

    wrong = door.get(right[:-1] + ("a" if right[-1] != "a" else "b"))
    nothing = door.get(link(firm, "2001-01.en.html"))

    assert wrong.status_code == nothing.status_code == 404
    assert wrong.text == nothing.text


@pytest.mark.parametrize(
    "name", ["../../redress.toml", "..%2f..%2fmaster.key", "2026-01.en.html/../../x", "2026-01.py"]
)
def test_no_other_file_is_reached_even_with_a_right_token(door: TestClient, firm: Installation, name: str) -> None:
    token = summary_link("", name, firm.store.master).rpartition("/")[2]

    assert door.get(f"/summaries/{quote(name, safe='')}/{token}").status_code == 404


def test_who_tries_many_wrong_links_must_wait(
    door: TestClient, firm: Installation, month: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "WRONG_LINKS", Buckets(rate=0.001, burst=3))
    for _ in range(3):
        door.get(f"/summaries/{month}.en.html/{'a' * 26}")

    assert door.get(link(firm, f"{month}.en.html")).status_code == 429
