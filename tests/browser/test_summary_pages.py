"""What the firm's staff read of summaries and returns, in a real browser: at a desk, on a telephone, by keyboard."""

from pathlib import Path
from typing import Any

import pytest

from complaints import acts
from complaints.adapters import summary_pages
from complaints.adapters.pdf import PdfUnavailable
from complaints.adapters.returns import data_for, prepare_return, write_return
from complaints.links import cases_name, summary_link
from complaints.reporting.periods import Period
from complaints.reporting.versions import Version
from complaints.settings import settings
from complaints.words import Kind, Stage
from tasks.desk import summaries
from tests.browser.test_complainants_pages import DESK, PHONE, Open, address, check, chromium, keep, visit
from tests.builders import MONDAY, REGIME, a_stored_case, an_act, file_complaint
from tests.deployments.conftest import Installation, firm

__all__ = ["address", "chromium", "firm", "visit"]

pytestmark = pytest.mark.browser


def no_printer(_: str) -> bytes:
    raise PdfUnavailable("a printer that is fast")


MARCH = "2026-03"


@pytest.fixture
def version(address: str, firm: Installation, monkeypatch: pytest.MonkeyPatch) -> Version:
    """The second version of the summary of this month: complaints at several stages, a report, one that came since."""
    monkeypatch.setattr(summary_pages, "to_pdf", no_printer)
    firm.store.make_demo(MONDAY)
    for number in range(3):
        file_complaint(firm.store, number=str(number), channel="telephone")
    a_stored_case(firm.store, Stage.ASSESSED, number="10", kind=Kind.REPORT)
    a_stored_case(firm.store, Stage.CLOSED, number="11")
    summaries().prepare(REGIME, MARCH, firm.store.now(), "li.wei")
    with firm.store.open_case(file_complaint(firm.store, number="12")) as desk:
        desk.case.record(an_act(acts.Acknowledged), desk.now)
    return summaries().prepare(REGIME, MARCH, firm.store.now(), "li.wei")


def path(firm: Installation, name: str) -> str:
    return summary_link("", name, firm.store.master)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("device", [DESK, PHONE], ids=["desk", "telephone"])
def test_no_page_of_a_summary_shuts_anybody_out_or_is_wider_than_its_window(
    visit: Open, firm: Installation, version: Version, language: str, device: dict[str, Any]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="install redress[browser]").Axe()
    names = {
        "summary": f"{version.link_name}.{language}.html",
        "difference": f"{version.link_name}.difference.{language}.html",
        "cases": cases_name(version.link_name, "totals.matters.cases"),
    }
    wrong = {}
    for name, file in names.items():
        page = visit(path(firm, file) + f"?lang={language}", scripts=True, device=device)
        keep(page, f"{name}-{language}-{device['viewport']['width']}")
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        wrong[name] = [*check(axe, page), *([f"wider by {wider}"] if wider else [])]

    assert wrong == {name: [] for name in names}


def test_from_a_number_to_its_cases_and_back(visit: Open, firm: Installation, version: Version) -> None:
    page = visit(path(firm, f"{version.link_name}.zh-CN.html"), device=DESK)
    page.locator("#channel ~ .wide").first.get_by_role("row", name="电话").get_by_role("link").first.click()

    assert page.get_by_role("heading", level=1).inner_text() == "接收渠道 · 电话 · 接收"
    assert page.get_by_role("row").count() == 1 + 3
    page.get_by_role("link", name="返回报告").click()
    assert page.url.endswith("#channel")
    assert page.locator("#channel").is_visible()


@pytest.mark.parametrize("device", [DESK, PHONE], ids=["desk", "telephone"])
def test_a_return_shuts_nobody_out(visit: Open, firm: Installation, version: Version, device: dict[str, Any]) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="install redress[browser]").Axe()
    now, where = firm.store.now(), settings()
    period = Period.parse("2026-Q1")
    data = data_for(REGIME, where.returns_folder)
    made = prepare_return(firm.store, REGIME, "local-bureau", period, now, where.firm, data)
    folder: Path = write_return(made, where.summaries_folder)
    for language in ("zh-CN", "en"):
        page = visit("/complain", scripts=True, device=device)
        page.goto(f"file://{folder}/local-bureau.{language}.html")
        keep(page, f"return-{language}-{device['viewport']['width']}")

        assert check(axe, page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
