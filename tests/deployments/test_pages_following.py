"""The status page of a case, as its complainant uses it."""

from collections.abc import Callable

import httpx
import pytest

from complaints import acts
from complaints.answers import Question
from complaints.words import Channel, Closure, Kind, Satisfaction, Stage
from tests.builders import advance, an_act
from tests.deployments.conftest import Installation
from tests.deployments.visiting import (
    PICTURE,
    PROGRAM,
    TEXT,
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

FilledIn = Callable[..., tuple[str, httpx.Response]]


@pytest.fixture
def at(visitor: Visitor, firm: Installation) -> FilledIn:
    """File a complaint, lead its case to a stage, and return its reference and its page."""

    def lead(stage: Stage, *further: acts.Act, **typed: str) -> tuple[str, httpx.Response]:
        sent = visitor.complain(**typed)
        reference = reference_of(sent)
        with firm.store.open_case(reference) as desk:
            advance(desk.case, stage, now=desk.now)
            for act in further:
                desk.case.record(act, desk.now)
        return reference, visitor.get(page_path(sent))

    return lead


def has_form(page: httpx.Response, action: str) -> bool:
    return f'{action}"' in page.text


# --- what it shows -----------------------------------------------------------------------------


def test_the_page_says_where_it_stands_what_comes_next_and_when(at: FilledIn) -> None:
    reference, page = at(Stage.UNDER_INVESTIGATION)

    shown = words(page)
    assert reference in shown
    assert "当前状态 正在调查核实" in shown
    assert "接下来 我们正在核实有关情况" in shown
    assert "由谁办理 由我们办理" in shown
    assert "最迟答复 20" in shown


def test_the_page_speaks_english_too(at: FilledIn, visitor: Visitor) -> None:
    _, page = at(Stage.UNDER_INVESTIGATION)

    assert "Where it stands being looked into" in words(visitor.get(f"{page.url.path}?lang=en"))


def test_nothing_from_inside_the_firm_and_nothing_of_the_person_is_shown(at: FilledIn) -> None:
    _, page = at(Stage.DECIDED, name="林知夏")

    for inside in ("已核对扣款记录", "属重复扣收", "li.wei", "林知夏", "lin.zhixia", "账户服务费", "refund", "upheld"):
        assert inside not in page.text


def test_of_a_report_the_page_says_no_more_than_its_letters(at: FilledIn) -> None:
    _, page = at(Stage.UNDER_INVESTIGATION, kind="report", name="", email="", phone="")

    assert "正在核实" in words(page)
    assert "举报" not in page.text
    assert "最迟答复" not in page.text
    assert has_form(page, "/materials")
    assert "/withdrawal" not in page.text


def test_a_letter_that_lies_ready_is_not_shown_as_sent(at: FilledIn, visitor: Visitor) -> None:
    letter = {"letter": "decision", "round": 1}
    kept = an_act(acts.LetterSent, **letter, kept=acts.Kept.NOT_SENT)
    _, page = at(Stage.ANSWERED, an_act(acts.LetterPrepared, **letter), kept)

    assert "处理决定告知书（已写好，待人工发送）" in words(page)
    assert "当前状态 答复已写好，待送达" in words(page)
    assert "已答复" not in words(page)
    english = words(visitor.get(f"{page.url.path}?lang=en"))
    assert "Our decision（written, still to be sent）" in english


# --- materials ---------------------------------------------------------------------------------


def test_words_and_files_are_added(at: FilledIn, visitor: Visitor, firm: Installation, told: list[str]) -> None:
    reference, page = at(Stage.UNDER_INVESTIGATION)
    told.clear()
    done = visitor.send(page, {"words": "补充银行流水。"}, [PICTURE, TEXT], action="/materials")

    assert "已收到您补充的材料" in words(done)
    case = firm.store.read_case(reference)
    (received,) = case.materials
    assert (received.words, received.channel, received.sender) == ("补充银行流水。", Channel.WEB, "web-form")
    assert [one.added.name for one in case.evidence] == ["账单.png", "说明.txt"]
    assert told == [reference]


def test_what_was_asked_for_is_shown_until_it_comes(at: FilledIn, visitor: Visitor) -> None:
    letter = {"letter": "materials_request", "round": 1}
    _, page = at(
        Stage.UNDER_INVESTIGATION,
        an_act(acts.MaterialsRequested, reasons="请补充银行流水。"),
        an_act(acts.LetterPrepared, **letter),
        an_act(acts.LetterSent, **letter),
    )
    assert "等待您补充材料" in words(page)
    assert "请补充银行流水。" in words(page)
    assert "补充材料通知" in words(page)

    done = visitor.send(page, {"words": "在此。"}, action="/materials")
    assert "请补充银行流水。" not in words(done)
    assert "正在调查核实" in words(done)


def test_materials_that_are_sent_twice_are_added_once(at: FilledIn, visitor: Visitor, firm: Installation) -> None:
    reference, page = at(Stage.UNDER_INVESTIGATION)
    for _ in range(2):
        done = visitor.send(page, {"words": "补充银行流水。"}, [PICTURE], action="/materials")

    assert "已收到您补充的材料" in words(done)
    assert len(firm.store.read_case(reference).materials) == 1


def test_a_form_with_other_materials_than_before_is_asked_about_and_then_taken(
    at: FilledIn, visitor: Visitor, firm: Installation
) -> None:
    reference, page = at(Stage.UNDER_INVESTIGATION)
    visitor.send(page, {"words": "其一。"}, action="/materials")
    again = visitor.send(page, {"words": "其二。"}, action="/materials")
    assert again.status_code == 409
    assert Form(again.text, "/materials").values["words"] == "其二。"

    visitor.send(again, {}, action="/materials")
    assert [one.words for one in firm.store.read_case(reference).materials] == ["其一。", "其二。"]


def test_materials_need_words_or_files(at: FilledIn, visitor: Visitor, firm: Installation) -> None:
    reference, page = at(Stage.UNDER_INVESTIGATION)
    again = visitor.send(page, {"words": " "}, action="/materials")

    assert again.status_code == 422
    assert errors(again) == {"words": "请写几句说明，或者选择附件"}
    assert not firm.store.read_case(reference).materials


def test_materials_with_a_file_that_is_not_taken_are_not_taken_at_all_and_the_words_stay(
    at: FilledIn, visitor: Visitor, firm: Installation
) -> None:
    reference, page = at(Stage.UNDER_INVESTIGATION)
    again = visitor.send(page, {"words": "补充银行流水。"}, [TEXT, PROGRAM], action="/materials")

    assert errors(again) == {"files": "附件“账单.jpg”：可执行程序不予接收"}
    assert Form(again.text, "/materials").values["words"] == "补充银行流水。"
    assert not firm.store.read_case(reference).evidence


def test_a_closed_case_takes_no_materials(at: FilledIn, visitor: Visitor, firm: Installation) -> None:
    reference, page = at(Stage.UNDER_INVESTIGATION)
    with firm.store.open_case(reference) as desk:
        desk.case.record(an_act(acts.Closed, closure=Closure.MERGED), desk.now)
    done = visitor.send(page, {"words": "太晚了。"}, action="/materials")

    assert "不再通过本页接收材料" in words(done)
    assert not has_form(done, "/materials")
    assert not firm.store.read_case(reference).materials


# --- withdrawal --------------------------------------------------------------------------------


def test_a_withdrawal_is_asked_about_before_it_ends_the_procedure(
    at: FilledIn, visitor: Visitor, firm: Installation, told: list[str]
) -> None:
    reference, page = at(Stage.UNDER_INVESTIGATION)
    told.clear()
    asked = visitor.get(f"{page.url.path}/withdrawal")
    assert "确定要撤回吗" in words(asked)
    assert "不再就此事答复您" in words(asked)
    assert firm.store.read_case(reference).stage.is_open

    done = visitor.send(asked, {"words": "已经解决。"}, action="/withdrawal")
    assert "已按您的要求撤回" in words(done)
    assert "已撤回" in words(done)
    case = firm.store.read_case(reference)
    assert case.closed is not None
    assert case.closed.closure is Closure.WITHDRAWN
    assert told == [reference]


def test_a_withdrawn_case_takes_no_materials_and_no_withdrawal(at: FilledIn, visitor: Visitor) -> None:
    _, page = at(Stage.UNDER_INVESTIGATION)
    asked = visitor.get(f"{page.url.path}/withdrawal")
    done = visitor.send(asked, {}, action="/withdrawal")
    twice = visitor.send(asked, {}, action="/withdrawal")

    assert "已撤回" in words(twice)
    assert not has_form(done, "/materials")
    assert visitor.get(f"{page.url.path}/withdrawal").url.path == page.url.path


@pytest.mark.parametrize("stage", [Stage.ANSWERED, Stage.PUT_RIGHT])
def test_once_answered_a_case_is_not_withdrawn_any_more(
    at: FilledIn, visitor: Visitor, firm: Installation, stage: Stage
) -> None:
    reference, page = at(Stage.UNDER_INVESTIGATION)
    asked = visitor.get(f"{page.url.path}/withdrawal")
    with firm.store.open_case(reference) as desk:
        advance(desk.case, stage, now=desk.now)
    done = visitor.send(asked, {}, action="/withdrawal")

    assert "撤回" not in words(done).split("联系我们")[0]
    assert firm.store.read_case(reference).stage is stage  # its remedy is still carried out


def test_nobody_withdraws_a_report(at: FilledIn, visitor: Visitor, firm: Installation) -> None:
    reference, page = at(Stage.UNDER_INVESTIGATION, kind="report")
    ticket = Form(page.text, "/materials").values["ticket"]
    visitor.post(f"{page.url.path}/withdrawal", {"ticket": ticket})

    assert visitor.get(f"{page.url.path}/withdrawal").url.path == page.url.path
    assert firm.store.read_case(reference).stage is Stage.UNDER_INVESTIGATION


# --- survey ------------------------------------------------------------------------------------


@pytest.fixture
def asked(at: FilledIn) -> tuple[str, httpx.Response]:
    """A case whose complainant is asked for an opinion."""
    return at(Stage.PUT_RIGHT, an_act(acts.FollowUpOpened))


@pytest.mark.parametrize(
    ("chosen", "lesson"), [("satisfied", ""), ("neutral", "回复可以快一些。"), ("dissatisfied", "电话总是打不通。")]
)
def test_an_opinion_is_recorded_as_the_operators_answer_would_be(
    asked: tuple[str, httpx.Response],
    visitor: Visitor,
    firm: Installation,
    told: list[str],
    chosen: str,
    lesson: str,
) -> None:
    reference, page = asked
    told.clear()
    done = visitor.send(page, {"survey": chosen, "lesson": lesson}, action="/survey")

    assert "谢谢您的评价" in words(done)
    case = firm.store.read_case(reference)
    assert case.followed_up is not None
    assert (case.followed_up.satisfaction, case.followed_up.lesson) == (Satisfaction(chosen), lesson)
    assert case.answered_by[Question.FOLLOW_UP] == "complainant"
    assert told == [reference]


def test_who_is_dissatisfied_is_asked_why_and_keeps_the_choice(
    asked: tuple[str, httpx.Response], visitor: Visitor, firm: Installation
) -> None:
    reference, page = asked
    again = visitor.send(page, {"survey": "dissatisfied"}, action="/survey")

    assert errors(again) == {"lesson": "请写明不满意的原因，便于我们改进"}
    assert Form(again.text, "/survey").values["survey"] == "dissatisfied"
    assert firm.store.read_case(reference).followed_up is None


@pytest.mark.parametrize("chosen", ["", "not_reached", "delighted"])
def test_an_opinion_is_one_of_three(
    asked: tuple[str, httpx.Response], visitor: Visitor, firm: Installation, chosen: str
) -> None:
    reference, page = asked
    again = visitor.send(page, {"survey": chosen}, action="/survey")

    assert errors(again) == {"survey": "请选择满意、基本满意或不满意"}
    assert firm.store.read_case(reference).followed_up is None


def test_the_first_opinion_counts(asked: tuple[str, httpx.Response], visitor: Visitor, firm: Installation) -> None:
    reference, page = asked
    with firm.store.open_case(reference) as desk:
        desk.case.record(an_act(acts.FollowedUp, satisfaction=Satisfaction.NEUTRAL), desk.now, "li.wei")
    late = visitor.send(page, {"survey": "satisfied"}, action="/survey")

    assert "此前已有评价" in words(late)
    case = firm.store.read_case(reference)
    assert case.followed_up is not None
    assert case.followed_up.satisfaction is Satisfaction.NEUTRAL


@pytest.mark.parametrize("stage", [Stage.RECEIVED, Stage.ANSWERED, Stage.PUT_RIGHT])
def test_nobody_is_asked_for_an_opinion_before_the_follow_up(at: FilledIn, visitor: Visitor, stage: Stage) -> None:
    _, page = at(stage)
    ticket = Form(page.text, "/materials").values["ticket"]

    assert not has_form(page, "/survey")
    early = visitor.post(f"{page.url.path}/survey", {"ticket": ticket, "survey": "satisfied"})
    assert early.status_code == 403  # a ticket for another form


@pytest.mark.parametrize("form", ["materials", "survey"])
def test_the_address_of_a_form_leads_back_to_the_page(at: FilledIn, visitor: Visitor, form: str) -> None:
    _, page = at(Stage.RECEIVED)

    assert visitor.get(f"{page.url.path}/{form}").url.path == page.url.path


def test_who_reports_a_wrong_is_never_asked_for_an_opinion(at: FilledIn) -> None:
    _, page = at(Stage.CLOSED, kind=Kind.REPORT)

    assert not has_form(page, "/survey")
