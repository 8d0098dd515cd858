"""Prefect's own page as an operator uses it: the case sheet and the form, filled in and sent."""

from typing import Any

import pytest

from complaints.answers import Question
from complaints.settings import settings
from complaints.words import Conclusion, Stage
from tests.browser.conftest import SCREENSHOTS
from tests.flows.running import Running

pytestmark = pytest.mark.browser


def test_the_run_of_a_waiting_case_shows_the_case_sheet_and_the_form_and_takes_the_answer(
    redress: Running, page: Any
) -> None:
    reference = redress.file(
        complainant={"name": "不可见", "contacts": [{"kind": "email", "value": "unseen@example.com"}]},
        product="现金贷",
    )
    redress.until_asked(reference, Question.FINDING)
    address = f"{settings().api_url.removesuffix('/api')}/runs/flow-run/{redress.run(reference).id}"
    page.goto(address)
    page.get_by_text(reference).first.wait_for()
    page.get_by_role("button", name="Resume").first.click()
    page.get_by_text("调查结论").first.wait_for()
    page.wait_for_timeout(500)
    page.screenshot(path=SCREENSHOTS / "form.png")
    shown = page.content()
    assert "现金贷" in shown
    assert "处理决定" in shown  # the clock, on the case sheet
    assert "不可见" not in shown
    assert "unseen@example.com" not in shown

    form = page.get_by_role("dialog")
    form.locator("textarea").first.fill("li.wei")
    form.locator("textarea").last.fill("核对了通话录音,情况属实。")
    choose(page, form, Conclusion.SUBSTANTIATED.both)
    page.screenshot(path=SCREENSHOTS / "form-filled.png")
    form.get_by_role("button", name="Submit").click()
    redress.until(lambda: redress.case(reference).stage is Stage.INVESTIGATED, "the finding stands in the ledger")
    assert redress.case(reference).answered_by[Question.FINDING] == "li.wei"


def choose(page: Any, form: Any, label: str) -> None:
    """Open the first list of the form by the keyboard and choose an entry."""
    select = form.locator("button.p-select-button__control").first
    select.focus()
    select.press("Space")
    page.get_by_text(label).last.click()
