"""Returns at the door, under the links that stand on Prefect's page."""

import base64
import hashlib
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from complaints.adapters.returns import data_for, prepare_return, write_return
from complaints.links import return_link, summary_link
from complaints.reporting.periods import Period
from complaints.reporting.returns.places import linked_name
from complaints.settings import settings
from tests.deployments.conftest import Installation
from tests.deployments.visiting import door, told

__all__ = ["door", "told"]


@pytest.fixture
def folder(firm: Installation) -> Path:
    """A nil return."""
    data, period = data_for("uk-disp", Path("nowhere")), Period.parse("2025-H2")
    made = prepare_return(firm.store, "uk-disp", "annex-1r", period, firm.store.now(), settings().firm, data)
    return write_return(made, settings().summaries_folder)


def link(firm: Installation, folder: Path, file: str) -> str:
    return return_link("", linked_name(folder, file), firm.store.master)


def test_the_link_opens_the_page_in_its_own_style_and_lets_it_do_nothing_else(
    door: TestClient, firm: Installation, folder: Path
) -> None:
    shown = door.get(link(firm, folder, "annex-1r.zh-CN.html"))

    (style,) = re.findall(r"<style>(.*?)</style>", shown.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert shown.status_code == 200
    assert "零报告" in shown.text
    assert f"style-src 'sha256-{digest}'" in shown.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("file", "kind"),
    [("details.csv", "text/csv; charset=utf-8"), ("annex-1r.xlsx", "spreadsheetml"), ("manifest.json", "json")],
)
def test_other_files_are_downloaded_as_they_are(
    door: TestClient, firm: Installation, folder: Path, file: str, kind: str
) -> None:
    shown = door.get(link(firm, folder, file))

    assert (shown.status_code, shown.content) == (200, (folder / file).read_bytes())
    assert kind in shown.headers["content-type"]
    assert shown.headers["content-disposition"].startswith("attachment")


def test_a_wrong_link_or_one_of_a_summary_opens_nothing(door: TestClient, firm: Installation, folder: Path) -> None:
    good = link(firm, folder, "details.csv")
    name = linked_name(folder, "details.csv")
    of_a_summary = summary_link("", name, firm.store.master).replace("/summaries/", "/returns/")

    for wrong in (
        good[:-1],
        f"/returns/{name}/{'a' * 26}",
        of_a_summary,
        link(firm, folder, "master.key"),
        "/returns/x/y",
    ):
        assert door.get(wrong).status_code == 404
