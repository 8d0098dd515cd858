"""The complaint form, as a person with a browser meets it."""

import threading
from datetime import date

import pytest
from fastapi.testclient import TestClient

from complaints.adapters.evidence import open_evidence
from complaints.intake import Money
from complaints.words import ContactKind, Kind, PartyType
from deployments.door.limits import MOST_FILES
from tasks.desk import evidence_store
from tests.deployments.conftest import Installation
from tests.deployments.visiting import (
    PICTURE,
    PROGRAM,
    TEXT,
    WHAT_IS_TYPED,
    Form,
    Visitor,
    door,
    errors,
    reference_of,
    told,
    visitor,
    words,
)

__all__ = ["door", "told", "visitor"]


# --- filing ------------------------------------------------------------------------------------


def test_what_is_typed_becomes_a_case(visitor: Visitor, firm: Installation, told: list[str]) -> None:
    page = visitor.complain()

    assert page.status_code == 200
    case = firm.store.read_case(reference_of(page))
    complaint = case.complaint
    assert complaint is not None
    assert (case.facts.sender, case.facts.channel, case.facts.language) == ("web-form", "web", "zh-CN")
    assert (complaint.kind, complaint.complainant.type) == (Kind.COMPLAINT, PartyType.PERSON)
    assert complaint.complainant.name == "林知夏"
    assert [(one.kind, one.value) for one in complaint.complainant.contacts] == [
        (ContactKind.EMAIL, "lin.zhixia@example.cn"),
        (ContactKind.PHONE, "13800000101"),
    ]
    assert (complaint.narrative, complaint.wanted) == ("账户服务费被扣了两次。", "退还多扣的一笔。")
    assert (complaint.happened_on, complaint.amount) == (date(2026, 3, 2), Money(value="128.50"))
    assert told == [case.reference]


def test_reference_and_secret_link_are_shown_and_the_link_opens(visitor: Visitor) -> None:
    page = visitor.complain()
    reference, path = reference_of(page), page.url.path.removesuffix("/sent")

    assert f"http://127.0.0.1:4280{path}" in page.text
    status = visitor.get(path)
    assert status.status_code == 200
    assert reference in words(status)


def test_loading_the_page_after_sending_again_sends_nothing(visitor: Visitor, firm: Installation) -> None:
    page = visitor.complain()
    again = visitor.get(page.url.path)

    assert reference_of(again) == reference_of(page)
    assert firm.rows()["cases"] == 1


def test_only_a_name_a_contact_and_a_story_are_needed(visitor: Visitor, firm: Installation) -> None:
    typed = {"kind": "complaint", "name": "林知夏", "phone": "13800000101", "narrative": "收费不明。"}
    page = visitor.send(visitor.get("/complain"), typed)

    case = firm.store.read_case(reference_of(page))
    assert case.complaint is not None
    assert case.complaint.product is None


def test_who_reports_a_wrong_may_stay_unknown(visitor: Visitor, firm: Installation) -> None:
    typed = {"kind": "report", "narrative": "某支行员工私自收取好处费。"}
    page = visitor.send(visitor.get("/complain"), typed)

    case = firm.store.read_case(reference_of(page))
    assert case.complaint is not None
    assert (case.complaint.complainant.name, case.contacts) == (None, ())
    assert case.is_confidential


@pytest.mark.parametrize("kind", ["complaint", "consultation", "suggestion"])
def test_all_others_say_who_they_are(visitor: Visitor, firm: Installation, kind: str) -> None:
    page = visitor.send(visitor.get("/complain"), {"kind": kind, "narrative": "收费不明。"})

    assert page.status_code == 422
    assert list(errors(page)) == ["name", "email"]
    assert firm.rows()["cases"] == 0


def test_the_letters_are_written_in_the_language_of_the_page(visitor: Visitor, firm: Installation) -> None:
    page = visitor.send(visitor.get("/complain?lang=en"), WHAT_IS_TYPED)

    assert "We have received it" in words(page)
    assert firm.store.read_case(reference_of(page)).facts.language == "en"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("en-GB,en;q=0.9", "en"),
        ("fr,en;q=0.5,zh;q=0.9", "zh-CN"),
        ("fr", "zh-CN"),
        ("", "zh-CN"),
        (";q=x,,*;q=0.1" * 50, "zh-CN"),
    ],
)
def test_a_page_speaks_the_language_that_a_browser_prefers(door: TestClient, accepted: str, language: str) -> None:
    page = Visitor(door, {"Accept-Language": accepted}).get("/complain")

    assert f'<html lang="{language}">' in page.text
    assert page.headers["content-language"] == language


def test_a_language_that_was_chosen_stays(visitor: Visitor) -> None:
    visitor.get("/complain?lang=en")

    assert '<html lang="en">' in visitor.get("/complain").text


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ({"happened_on": "2026/3/2"}, "2026-03-02"),
        ({"happened_on": "2026年3月2日"}, "2026-03-02"),
        ({"happened_on": "２０２６．３．２"}, "2026-03-02"),
        ({"amount": "1,280.5"}, "1280.50"),
        ({"amount": "¥128.5"}, "128.50"),
        ({"amount": "１２８元"}, "128.00"),
    ],
)
def test_dates_and_amounts_are_read_as_people_write_them(
    visitor: Visitor, firm: Installation, typed: dict[str, str], read: str
) -> None:
    complaint = firm.store.read_case(reference_of(visitor.complain(**typed))).complaint

    assert complaint is not None
    assert complaint.amount is not None
    assert read in (str(complaint.happened_on), str(complaint.amount.value))


# --- files -------------------------------------------------------------------------------------


def test_files_become_evidence_of_the_case(visitor: Visitor, firm: Installation) -> None:
    reference = reference_of(visitor.complain([TEXT, PICTURE]))

    case = firm.store.read_case(reference)
    assert [(one.added.name, one.added.media_type) for one in case.evidence] == [
        ("说明.txt", "text/plain"),
        ("账单.png", "image/png"),
    ]
    assert case.facts.evidence_count == 2
    _, content = open_evidence(firm.store, evidence_store(), reference, 1, by="li.wei", purpose="核对")
    assert content == TEXT[1]


def test_a_file_of_a_type_that_is_not_taken_is_named_with_the_reason_and_nothing_typed_is_lost(
    visitor: Visitor, firm: Installation
) -> None:
    page = visitor.complain([TEXT, PROGRAM])

    assert page.status_code == 422
    assert errors(page) == {"files": "附件“账单.jpg”：可执行程序不予接收"}
    assert "请重新选择" in words(page)
    kept = Form(page.text, "/complain").values
    assert {name: kept[name] for name in WHAT_IS_TYPED} == WHAT_IS_TYPED
    assert firm.rows()["cases"] == 0


def test_what_was_corrected_is_taken(visitor: Visitor, firm: Installation) -> None:
    page = visitor.complain([PROGRAM])
    done = visitor.send(page, {}, [PICTURE])

    assert len(firm.store.read_case(reference_of(done)).evidence) == 1


def test_fifty_files_are_too_many(visitor: Visitor, firm: Installation) -> None:
    page = visitor.complain([(f"{number}.txt", b"text", "text/plain") for number in range(50)])

    assert page.status_code == 422
    assert errors(page)["files"] == f"附件太多，一次最多 {MOST_FILES} 个；其余的可在提交后补充"
    assert Form(page.text, "/complain").values["narrative"] == WHAT_IS_TYPED["narrative"]
    assert firm.rows()["cases"] == 0


def test_an_empty_file_is_named(visitor: Visitor) -> None:
    assert errors(visitor.complain([("空.txt", b"", "text/plain")])) == {"files": "附件“空.txt”：文件为空"}


# --- what is wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "field", "reason"),
    [
        ({"narrative": "  "}, "narrative", "请写明发生了什么"),
        ({"narrative": "长" * 40_001}, "narrative", "太长了，请控制在 40000 个字符以内"),
        ({"narrative": "a\x07b"}, "narrative", "控制字符"),
        ({"name": "名" * 201}, "name", "200"),
        ({"name": "a\x00b"}, "name", "控制字符"),
        ({"email": "lin.zhixia"}, "email", "name@example.cn"),
        ({"email": "a@b"}, "email", "name@example.cn"),
        ({"phone": "12"}, "phone", "5 位数字"),
        ({"post": "一二"}, "post", "通讯地址"),
        ({"happened_on": "昨天"}, "happened_on", "2026-03-02"),
        ({"happened_on": "2026-02-30"}, "happened_on", "2026-03-02"),
        ({"happened_on": "2999-01-01"}, "happened_on", "不晚于今天"),
        ({"amount": "很多"}, "amount", "只写数字"),
        ({"amount": "-1"}, "amount", "只写数字"),
        ({"amount": "128,50"}, "amount", "只写数字"),
        ({"amount": "1.234"}, "amount", "只写数字"),
        ({"amount": "9" * 30}, "amount", "只写数字"),
        ({"product": "品" * 501}, "product", "500"),
        ({"kind": "lawsuit"}, "kind", "请选择"),
        ({"party": "dog"}, "party", "请选择"),
    ],
)
def test_a_wrong_field_is_named_with_reason_and_cure_and_nothing_typed_is_lost(
    visitor: Visitor, firm: Installation, typed: dict[str, str], field: str, reason: str
) -> None:
    page = visitor.complain(**typed)

    assert page.status_code == 422
    wrong = errors(page)
    assert list(wrong) == [field]
    assert reason in wrong[field]
    assert wrong[field] in words(page).split("提交投诉、咨询、建议或举报 · ")[-1]
    kept = Form(page.text, "/complain").values
    unchanged = {name: value for name, value in WHAT_IS_TYPED.items() if name not in typed}
    assert {name: kept[name] for name in unchanged} == unchanged
    if field not in ("kind", "party"):
        assert kept[field] == typed[field]
    assert firm.rows()["cases"] == 0


def test_all_that_is_wrong_is_said_at_once_in_the_order_of_the_form(visitor: Visitor) -> None:
    page = visitor.send(visitor.get("/complain"), {"amount": "x", "email": "x", "happened_on": "x"}, [PROGRAM])

    assert list(errors(page)) == ["name", "email", "narrative", "happened_on", "amount", "files"]


def test_reasons_are_in_the_language_of_the_page(visitor: Visitor) -> None:
    page = visitor.send(visitor.get("/complain?lang=en"), WHAT_IS_TYPED | {"phone": "1"})

    assert errors(page) == {"phone": "Enter a telephone number of at least 5 digits"}


# --- the same form twice -----------------------------------------------------------------------


def test_a_form_that_is_sent_twice_is_one_complaint(visitor: Visitor, firm: Installation, told: list[str]) -> None:
    form = visitor.get("/complain")
    first, second = (visitor.send(form, WHAT_IS_TYPED, [PICTURE]) for _ in range(2))

    assert first.url == second.url
    assert firm.rows()["cases"] == 1
    assert told == [reference_of(first)]


def test_two_clicks_at_the_same_moment_are_one_complaint(visitor: Visitor, firm: Installation) -> None:
    form = visitor.get("/complain")
    came: list[str] = []
    clicks = [
        threading.Thread(
            target=lambda: came.append(visitor.send(form, WHAT_IS_TYPED, follow=False).headers["location"])
        )
        for _ in range(4)
    ]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()

    assert len(came) == 4
    assert len(set(came)) == 1
    assert firm.rows()["cases"] == 1


def test_a_form_that_was_changed_after_it_was_sent_says_so_and_keeps_the_words(
    visitor: Visitor, firm: Installation
) -> None:
    form = visitor.get("/complain")
    reference = reference_of(visitor.send(form, WHAT_IS_TYPED))
    page = visitor.send(form, WHAT_IS_TYPED | {"wanted": "另加利息。"})

    assert page.status_code == 409
    assert reference in errors(page)[""]
    assert Form(page.text, "/complain").values["wanted"] == "另加利息。"
    assert firm.rows()["cases"] == 1


def test_a_second_form_is_a_second_complaint(visitor: Visitor, firm: Installation) -> None:
    assert reference_of(visitor.complain()) != reference_of(visitor.complain())
    assert firm.rows()["cases"] == 2


# --- when the firm cannot store ----------------------------------------------------------------


def test_what_could_not_be_stored_is_said_and_can_be_sent_again(
    visitor: Visitor, firm: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = visitor.get("/complain")
    with monkeypatch.context() as away:
        away.setattr("deployments.pages.complaining.attach", _no_room)
        page = visitor.send(form, WHAT_IS_TYPED, [PICTURE])
    assert page.status_code == 503
    assert page.headers["retry-after"] == "60"
    assert "没有保存任何内容" in errors(page)[""]
    assert firm.rows()["cases"] == 0

    done = visitor.send(page, {}, [PICTURE])
    assert done.status_code == 200
    assert firm.rows()["cases"] == 1


def _no_room(*_: object) -> list[int]:
    raise OSError("no space left on device")
