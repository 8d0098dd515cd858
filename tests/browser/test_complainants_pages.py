"""The complainants' pages in a real browser: on a telephone, without JavaScript, and as assistive technology sees them.

The door is the real one, under uvicorn; Prefect is away, and nobody who complains notices.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn

from complaints import acts
from complaints.settings import settings
from complaints.words import Closure, Satisfaction, Stage
from deployments.door import aftermath
from deployments.door.app import app
from deployments.pages import complaining
from tests.browser.conftest import SCREENSHOTS, started_chromium
from tests.builders import advance, an_act
from tests.deployments.conftest import Installation, firm
from tests.deployments.visiting import PICTURE, PROGRAM
from tests.ports import free_port

__all__ = ["firm"]

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
DESK = {"viewport": {"width": 1280, "height": 900}}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser."""
    with started_chromium() as browser:
        yield browser


@pytest.fixture
def address(firm: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where the door of a firm is."""
    monkeypatch.setattr(aftermath, "filed", lambda _: None)
    monkeypatch.setattr(aftermath, "changed", lambda _: None)
    port = free_port()
    firm.set(REDRESS_DOOR_PORT=str(port))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield settings().pages_url
    server.should_exit = True
    thread.join()


Open = Callable[..., Any]


@pytest.fixture
def visit(chromium: Any, address: str) -> Iterator[Open]:
    """Opens a page of the firm in a fresh browser: a Chinese telephone without JavaScript, if nothing else is said."""
    contexts = []

    def opened(path: str, *, locale: str = "zh-CN", scripts: bool = False, device: dict[str, Any] = PHONE) -> Any:
        contexts.append(chromium.new_context(locale=locale, java_script_enabled=scripts, **device))
        page = contexts[-1].new_page()
        page.goto(address + path)
        return page

    yield opened
    for one in contexts:
        one.close()


def keep(page: Any, name: str) -> None:
    """Keep a screenshot of the whole page."""
    page.screenshot(path=SCREENSHOTS / f"pages-{name}.png", full_page=True)


def type_a_complaint(page: Any) -> None:
    page.get_by_label("姓名或单位名称").fill("林知夏")
    page.get_by_label("电话", exact=True).fill("13800000101")
    page.get_by_label("发生了什么").fill("3月2日账户服务费被扣了两次，客服说查不到。\n请核实。")
    page.get_by_label("您的要求").fill("退还多扣的一笔。")
    page.get_by_label("产品或服务").fill("轻舟消费贷")
    page.get_by_label("发生日期").fill("2026-03-02")
    page.get_by_label("涉及金额").fill("128.50")
    page.wait_for_timeout(1000 * complaining.SOONEST_SECONDS)


def as_file(file: tuple[str, bytes, str]) -> dict[str, Any]:
    name, content, media_type = file
    return {"name": name, "mimeType": media_type, "buffer": content}


def press(page: Any, button: str) -> None:
    page.get_by_role("button", name=button).click()
    page.wait_for_load_state()


def file_one(visit: Open, **options: Any) -> Any:
    """File a complaint and open the page of its progress."""
    page = visit("/complain", **options)
    type_a_complaint(page)
    press(page, "提交")
    page.get_by_role("link", name="查看办理进度").click()
    return page


def lead(firm: Installation, page: Any, stage: Stage, *further: acts.Act) -> str:
    """Lead the case of a page to a stage, and load the page again; return the reference."""
    found = re.search(r"TS\d{6}-[2-9A-Z]{7}", page.url)
    assert found
    with firm.store.open_case(found[0]) as desk:
        advance(desk.case, stage, now=desk.now)
        for act in further:
            desk.case.record(act, desk.now)
    page.reload()
    return found[0]


# --- the whole way, on a telephone without JavaScript ------------------------------------------


def test_a_complaint_with_a_file_is_filed_followed_added_to_and_withdrawn(visit: Open, firm: Installation) -> None:
    page = visit("/complain")
    keep(page, "form")
    type_a_complaint(page)
    page.get_by_label("附件").set_input_files([as_file(PICTURE)])
    press(page, "提交")
    assert page.get_by_role("heading", level=1).inner_text() == "已收到"
    reference = page.locator(".reference").inner_text()
    link = page.locator(".link").inner_text()
    keep(page, "sent")
    assert len(firm.store.read_case(reference).evidence) == 1

    page = visit(link.removeprefix(settings().pages_url))  # another day, another browser
    assert reference in page.locator("main").inner_text()
    lead(firm, page, Stage.UNDER_INVESTIGATION, an_act(acts.LetterPrepared), an_act(acts.LetterSent))
    keep(page, "status")
    page.get_by_label("说明").fill("补充银行流水。")
    page.get_by_label("附件").set_input_files([as_file(("流水.txt", "扣款两笔".encode(), "text/plain"))])
    press(page, "提交材料")
    assert page.get_by_role("status").inner_text() == "已收到您补充的材料，谢谢。"
    assert len(firm.store.read_case(reference).evidence) == 2

    page.get_by_role("link", name="我要撤回").click()
    keep(page, "withdrawal")
    page.get_by_label("撤回的原因").fill("已经解决。")
    press(page, "确定撤回")
    keep(page, "withdrawn")
    assert "已按您的要求撤回" in page.get_by_role("status").inner_text()
    closed = firm.store.read_case(reference).closed
    assert closed is not None
    assert closed.closure is Closure.WITHDRAWN


def test_what_is_wrong_is_summed_up_and_the_summary_leads_to_each_field(visit: Open, firm: Installation) -> None:
    page = visit("/complain")
    page.get_by_label("发生了什么").fill("收费不明。")
    page.get_by_label("电子邮箱", exact=True).fill("林知夏")
    page.get_by_label("涉及金额").fill("很多")
    page.get_by_label("附件").set_input_files([as_file(PROGRAM)])
    page.wait_for_timeout(1000 * complaining.SOONEST_SECONDS)
    press(page, "提交")
    keep(page, "errors")

    assert page.title().startswith("有误")
    summary = page.get_by_role("alert")
    assert summary.get_by_role("link").count() == 4
    assert page.evaluate("document.activeElement.id") == "errors"  # read out first, and the keyboard starts there
    summary.get_by_role("link", name="金额不对").click()
    page.keyboard.press("Tab")
    assert page.get_by_label("发生了什么").input_value() == "收费不明。"
    assert firm.rows()["cases"] == 0


def test_materials_that_are_asked_for_come_first_to_the_eye(visit: Open, firm: Installation) -> None:
    page = file_one(visit)
    letter = {"letter": "materials_request", "round": 1}
    wanted = "1. 3月2日扣款的短信截图\n2. 与客服的聊天记录"
    lead(
        firm,
        page,
        Stage.UNDER_INVESTIGATION,
        an_act(acts.MaterialsRequested, reasons=wanted),
        an_act(acts.LetterPrepared, **letter),
        an_act(acts.LetterSent, **letter),
    )
    keep(page, "materials-wanted")

    assert page.get_by_role("region", name="请您补充的材料").inner_text().endswith(wanted)


def test_an_opinion_is_given(visit: Open, firm: Installation) -> None:
    page = file_one(visit)
    reference = lead(firm, page, Stage.PUT_RIGHT, an_act(acts.FollowUpOpened))
    keep(page, "survey")
    page.get_by_label("不满意", exact=True).check()
    press(page, "提交评价")
    assert "请写明不满意的原因" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("不满意", exact=True).is_checked()
    page.get_by_label("哪些地方我们可以做得更好").fill("电话总是打不通。")
    press(page, "提交评价")
    keep(page, "opinion-given")

    followed_up = firm.store.read_case(reference).followed_up
    assert followed_up is not None
    assert (followed_up.satisfaction, followed_up.lesson) == (Satisfaction.DISSATISFIED, "电话总是打不通。")


def test_english_is_one_step_away_and_stays(visit: Open) -> None:
    page = visit("/complain", device=DESK)
    page.get_by_role("link", name="English").click()
    keep(page, "form-en")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.get_by_label("What happened").is_visible()
    page.goto(page.url.partition("?")[0])
    assert page.locator("html").get_attribute("lang") == "en"


def test_a_wrong_link_says_what_to_do(visit: Open) -> None:
    page = visit("/c/TS260302-7K3M9QX/aaaaaaaaaaaaaaaaaaaaaaaaaa")
    keep(page, "nothing-here")

    assert "请核对函件中的链接" in page.locator("main").inner_text()


# --- for everybody -----------------------------------------------------------------------------


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
@pytest.mark.parametrize("device", [PHONE, DESK], ids=["telephone", "desk"])
def test_no_page_shuts_anybody_out(
    visit: Open, firm: Installation, locale: str, device: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="install redress[browser]").Axe()
    monkeypatch.setattr(complaining, "SOONEST_SECONDS", 0)
    page = visit("/complain", locale=locale, scripts=True, device=device)
    looked_at = [check(axe, page)]
    page.locator("button").click()  # with nothing filled in: every error is there
    page.wait_for_load_state()
    assert page.get_by_role("alert").is_visible()
    looked_at.append(check(axe, page))
    page.locator("#name").fill("林知夏")
    page.locator("#email").fill("lin.zhixia@example.cn")
    page.locator("#narrative").fill("收费不明。")
    page.locator("button").click()
    page.wait_for_load_state()
    looked_at.append(check(axe, page))
    page.goto(page.url.removesuffix("/sent"))
    lead(firm, page, Stage.PUT_RIGHT, an_act(acts.FollowUpOpened))
    looked_at.append(check(axe, page))
    page.locator("form[action$=survey] button").click()
    page.wait_for_load_state()
    looked_at.append(check(axe, page))
    page.goto(page.url.removesuffix("/survey") + "x")
    looked_at.append(check(axe, page))

    assert looked_at == [[]] * 6


def test_no_page_is_wider_than_a_small_telephone(visit: Open, firm: Installation) -> None:
    small = {"viewport": {"width": 320, "height": 568}, "is_mobile": True}
    page = file_one(visit, device=small)
    for _ in range(2):
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.goto(f"{settings().pages_url}/complain")


def test_the_keyboard_goes_through_the_form_in_the_order_in_which_it_is_read(visit: Open) -> None:
    page = visit("/complain", device=DESK)
    order = []
    for _ in range(20):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.id || document.activeElement.className"))

    fields = "kind party name email phone post narrative wanted product contract happened_on amount files"
    assert order[0] == "skip"
    assert [one for one in dict.fromkeys(order) if one in fields.split()] == fields.split()
    assert "more" not in order  # what only programs fill in


def check(axe: Any, page: Any) -> list[str]:
    """What axe-core finds wrong with a page, and what it cannot know: images of text, loose headings, lost contrast."""
    found = axe.run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    )
    wrong = [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found.response["violations"]]
    levels = [int(one.evaluate("e => e.tagName[1]")) for one in page.locator("h1,h2,h3").all()]
    if levels.count(1) != 1:
        wrong.append(f"headings: {levels}")
    return wrong
