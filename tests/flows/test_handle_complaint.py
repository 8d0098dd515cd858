"""The way of each kind of matter, on a real server with a real worker."""

import json
from pathlib import Path
from typing import Any

from prefect.client.schemas.objects import StateType

from complaints import acts
from complaints.answers import Question, parse_answer
from complaints.words import Closure, Stage
from flows.runs import prefect_client, wake_case
from tests.flows.running import PLAY, Running, ledger_story

MARK = "郑标记"
MARK_MAIL = "marker.person@example.com"
MARK_PHONE = "13800009527"
MARK_WORDS = "紫色的河马在柜台前跳舞"
MARKED: dict[str, Any] = {
    "number": "N-777-MARKER",
    "complainant": {
        "name": MARK,
        "identity_number": "310101199001019527",
        "contacts": [{"kind": "email", "value": MARK_MAIL}, {"kind": "phone", "value": MARK_PHONE}],
    },
    "contract": "HT-MARKER-0042",
    "narrative": MARK_WORDS,
    "wanted": "MARKERWANTED",
    "place": "MARKERPLACE",
    "respondent": "MARKERRESPONDENT",
    "representative": {"name": "MARKERREP", "relation": "律师", "authority": "MARKERAUTH", "contacts": []},
    "evidence": [{"name": "MARKERFILE.pdf"}],
}
TRACES = (
    MARK,
    MARK_MAIL,
    "marker.person",
    MARK_PHONE,
    MARK_WORDS,
    "HT-MARKER-0042",
    "MARKERWANTED",
    "MARKERPLACE",
    "MARKERRESPONDENT",
    "MARKERREP",
    "MARKERAUTH",
    "MARKERFILE",
    "310101199001019527",
)


def person(address: str = "someone@example.com") -> dict[str, Any]:
    return {"name": "林一", "contacts": [{"kind": "email", "value": address}]}


def has_completed(redress: Running, reference: str) -> bool:
    state = redress.run(reference).state
    return state is not None and state.type is StateType.COMPLETED


def kinds(redress: Running, reference: str) -> list[str]:
    return [kind for kind, _, _ in ledger_story(redress.store, reference)]


def test_a_complaint_is_acknowledged_investigated_decided_answered_put_right_followed_up_and_closed(
    redress: Running,
) -> None:
    reference = redress.file(complainant=person())
    redress.answer(reference, Question.FINDING)
    redress.answer(
        reference, Question.DECISION, outcome="upheld", remedy="refund", amount="120.50", reasons="多收费用。"
    )
    redress.answer(reference, Question.REMEDY)
    redress.live_on([reference])
    case = redress.case(reference)
    assert case.closed is not None
    assert case.closed.closure is Closure.COMPLETED
    assert [letter for letter, _ in case.letters] == ["acknowledgement", "decision", "follow_up_survey"]
    assert {letter.status for letter in case.letters.values()} == {"sent"}
    sent = [envelope for envelope in redress.sink.taken if reference.encode() in (envelope.content or b"")]
    assert len(sent) == 3


def forwarded(number: str) -> dict[str, Any]:
    """What an authority forwarded that takes its report by e-mail."""
    return {
        "channel": "regulator",
        "complainant": person(f"{number}@example.com"),
        "transfer": {
            "authority": "nfra-shanghai",
            "number": number,
            "contact": {"kind": "email", "value": f"{number}@nfra.example.cn"},
        },
    }


def test_an_authority_is_told_of_what_it_forwarded_once_the_complainant_was_and_before_the_follow_up(
    redress: Running,
) -> None:
    reference = redress.file(**forwarded("zb-1"))
    redress.answer(reference, Question.FINDING)
    redress.answer(reference, Question.DECISION)
    redress.live_on([reference])
    case = redress.case(reference)
    assert case.closed is not None
    assert case.closed.closure is Closure.COMPLETED
    assert [letter for letter, _ in case.letters] == ["acknowledgement", "decision", "report_back", "follow_up_survey"]
    assert case.clocks["report-back"].late is False
    sent = [one for one in redress.sink.taken if reference.encode() in (one.content or b"")]
    to_authority, to_complainant = ["zb-1@nfra.example.cn"], ["zb-1@example.com"]
    assert [one.rcpt_tos for one in sent] == [to_complainant, to_complainant, to_authority, to_complainant]


def test_a_report_does_not_wait_for_the_remedy_once_its_limit_comes_near(redress: Running) -> None:
    reference = redress.file(**forwarded("zb-2"))
    redress.answer(reference, Question.FINDING)
    redress.answer(
        reference, Question.DECISION, outcome="upheld", remedy="refund", amount="120.50", reasons="多收费用。"
    )
    redress.until_asked(reference, Question.REMEDY)
    assert redress.case(reference).owes_report
    redress.pass_days(9)
    redress.deploy_and_wait("reconcile-runs")
    redress.until(lambda: not redress.case(reference).owes_report, "the authority was told")
    redress.until_asked(reference, Question.REMEDY)
    assert "正在落实" in redress.store.read_letter(reference, "report_back", 1).text


def test_a_withdrawn_case_is_closed_once_the_authority_was_told(redress: Running) -> None:
    reference = redress.file(**forwarded("zb-3"))
    redress.until_asked(reference, Question.FINDING)
    with redress.store.open_case(reference) as desk:
        desk.case.withdraw("li.wei", desk.now)
    assert wake_case(reference)
    redress.until(lambda: has_completed(redress, reference), "the run ended")
    case = redress.case(reference)
    assert case.closed is not None
    assert case.closed.closure is Closure.WITHDRAWN
    assert [letter for letter, _ in case.letters] == ["acknowledgement", "report_back"]


def test_a_consultation_is_answered_and_closed_after_one_step(redress: Running) -> None:
    reference = redress.file(kind="consultation", complainant=person(), narrative="请问提前还款收费吗")
    redress.answer(reference, Question.REPLY, topic="early_repayment", words="请携带合同。")
    redress.until(lambda: not redress.case(reference).stage.is_open, "it is closed")
    case = redress.case(reference)
    assert case.closed is not None
    assert case.closed.closure is Closure.ANSWERED_AT_ONCE
    assert [letter for letter, _ in case.letters] == ["acknowledgement", "consultation_answer"]


def test_a_suggestion_is_thanked_for_recorded_and_closed_without_anybody_being_asked(redress: Running) -> None:
    reference = redress.file(kind="suggestion", complainant=person(), narrative="建议增加夜间热线")
    redress.until(lambda: not redress.case(reference).stage.is_open, "it is closed")
    case = redress.case(reference)
    assert case.closed is not None
    assert case.closed.closure is Closure.RECORDED
    assert [letter for letter, _ in case.letters] == ["suggestion_thanks"]


def test_a_whistle_blower_is_shown_in_no_letter_and_in_no_form(redress: Running) -> None:
    address = "hidden.reporter@example.com"
    who = {"name": "匿名甲", "contacts": [{"kind": "email", "value": address}]}
    reference = redress.file(kind="report", complainant=who, narrative="举报某员工受贿")
    redress.until_asked(reference, Question.REPORT)
    with prefect_client() as client:
        shown = client.read_flow_run_input(redress.run(reference).id, "suspended-report-1-1-description")
    assert "匿名甲" not in shown
    assert address not in shown
    redress.answer(reference, Question.REPORT)
    redress.until(lambda: not redress.case(reference).stage.is_open, "it is closed")
    letters = [envelope for envelope in redress.sink.taken if address in envelope.rcpt_tos]
    assert len(letters) == 2
    for envelope in letters:
        assert address.encode() not in (envelope.content or b"")
    for letter, round in redress.case(reference).letters:
        rendered = redress.store.read_letter(reference, letter, round)
        assert "匿名甲" not in rendered.text + rendered.html + rendered.subject
        assert "举报" not in rendered.text + rendered.html + rendered.subject


def test_who_is_not_entitled_is_declined_with_a_letter(redress: Running) -> None:
    reference = redress.file(complainant=person())
    redress.answer(reference, Question.FINDING, conclusion="not_entitled", reasons="未提供授权文件。")
    redress.until(lambda: not redress.case(reference).stage.is_open, "it is closed")
    case = redress.case(reference)
    assert case.closed is not None
    assert case.closed.closure is Closure.DECLINED
    assert ("decline", 1) in case.letters


def test_materials_are_requested_and_the_finding_is_asked_for_again(redress: Running) -> None:
    reference = redress.file(complainant=person())
    redress.answer(reference, Question.FINDING, conclusion="need_materials", reasons="请补充还款凭证。")
    redress.until_asked(reference, Question.FINDING)
    case = redress.case(reference)
    assert case.round_of(Question.FINDING) == 2
    assert case.letters["materials_request", 1].status == "sent"


def test_a_wrong_answer_is_asked_again_with_the_reason_shown(redress: Running) -> None:
    reference = redress.file(complainant=person())
    redress.answer(reference, Question.FINDING)
    redress.answer(
        reference, Question.DECISION, outcome="upheld", remedy="compensation", amount="0", reasons="应赔偿。"
    )
    redress.until(lambda: redress.case(reference).rounds[Question.DECISION] == 1, "the answer was refused")
    redress.until_asked(reference, Question.DECISION)
    with prefect_client() as client:
        shown = client.read_flow_run_input(redress.run(reference).id, "suspended-decision-2-1-description")
    assert "needs an amount above zero" in shown
    redress.answer(reference, Question.DECISION)
    redress.until(lambda: redress.case(reference).stage is Stage.PUT_RIGHT, "the right answer was taken")


def test_words_that_name_the_complainant_are_refused_and_do_not_stay_in_prefect(redress: Running) -> None:
    reference = redress.file(complainant={"name": "欧阳标记词", "contacts": []})
    redress.answer(reference, Question.FINDING, conclusion="substantiated", reasons="欧阳标记词的投诉属实")
    redress.until(lambda: redress.case(reference).rounds[Question.FINDING] == 1, "the answer was refused")
    redress.until_asked(reference, Question.FINDING)
    assert not list(traces_in_prefect(("欧阳标记词",)))


def test_an_answer_of_a_wrong_type_is_refused_by_the_page_and_the_form_stays(redress: Running) -> None:
    reference = redress.file(complainant=person())
    redress.until_asked(reference, Question.FINDING)
    refused = redress.resume(reference, {"conclusion": "什么都不是", "reasons": "已核对。", "answered_by": "li.wei"})
    assert refused is not None
    assert "is not one of" in refused
    redress.until_asked(reference, Question.FINDING)


def test_what_already_stands_in_the_ledger_is_not_asked_for(redress: Running) -> None:
    reference = redress.file(complainant=person())
    redress.until_asked(reference, Question.FINDING)
    for question in (Question.FINDING, Question.DECISION):
        with redress.store.open_case(reference) as desk:
            desk.case.answer(question, parse_answer(question, PLAY[question]), "zhang.min", desk.now)
    assert wake_case(reference)
    redress.until(lambda: redress.case(reference).stage is Stage.PUT_RIGHT, "it went on by itself")
    assert redress.case(reference).answered_by[Question.DECISION] == "zhang.min"


def test_a_run_woken_without_an_answer_asks_again(redress: Running) -> None:
    reference = redress.file(complainant=person())
    redress.until_asked(reference, Question.FINDING)
    before = kinds(redress, reference)
    for _ in range(2):
        assert wake_case(reference)
        redress.until_rest(reference)
    redress.until_asked(reference, Question.FINDING)
    assert kinds(redress, reference) == before
    redress.answer(reference, Question.FINDING)
    redress.until_asked(reference, Question.DECISION)


def test_resuming_before_the_follow_up_date_does_not_bring_it_forward(redress: Running) -> None:
    reference = redress.file(complainant=person())
    redress.answer(reference, Question.FINDING)
    redress.answer(reference, Question.DECISION)
    redress.until(lambda: redress.case(reference).stage is Stage.PUT_RIGHT, "it waits for the date")
    redress.until_rest(reference)
    assert wake_case(reference)
    redress.until_rest(reference)
    assert redress.case(reference).stage is Stage.PUT_RIGHT
    assert not redress.case(reference).follow_up_opened


def test_an_undeliverable_letter_waits_for_an_operator_and_goes_by_another_contact(redress: Running) -> None:
    redress.sink.refuses.add("gone@example.com")
    contacts = [{"kind": "email", "value": "gone@example.com"}, {"kind": "email", "value": "spare@example.com"}]
    reference = redress.file(complainant={"name": "林二", "contacts": contacts})
    redress.answer(reference, Question.DELIVERY, choice="other_contact", contact=2)
    redress.until_asked(reference, Question.FINDING)
    assert redress.case(reference).letters["acknowledgement", 1].recipient == "spare@example.com"
    assert [one.rcpt_tos for one in redress.sink.taken if reference.encode() in (one.content or b"")] == [
        ["spare@example.com"]
    ]


def test_when_the_mail_server_stays_away_a_person_is_asked_and_may_send_again(redress: Running) -> None:
    redress.sink.is_away_for.add("patient@example.com")
    reference = redress.file(complainant=person("patient@example.com"))
    redress.until_asked(reference, Question.DELIVERY)
    redress.sink.is_away_for.clear()
    redress.answer(reference, Question.DELIVERY, choice="resend")
    redress.until_asked(reference, Question.FINDING)
    assert redress.case(reference).letters["acknowledgement", 1].status == "sent"


def test_a_withdrawn_case_ends_wherever_it_waits(redress: Running) -> None:
    reference = redress.file(complainant=person())
    redress.until_asked(reference, Question.FINDING)
    with redress.store.open_case(reference) as desk:
        desk.case.withdraw("li.wei", desk.now)
    assert wake_case(reference)
    redress.until(lambda: has_completed(redress, reference), "the run ended")
    assert kinds(redress, reference).count("closed") == 1


def test_running_a_finished_case_again_changes_nothing(redress: Running) -> None:
    reference = redress.file(kind="suggestion", complainant=person())
    redress.until(lambda: not redress.case(reference).stage.is_open, "it is closed")
    before, taken = kinds(redress, reference), len(redress.sink.taken)
    redress.deploy_and_wait("handle-complaint", reference=reference)
    assert kinds(redress, reference) == before
    assert len(redress.sink.taken) == taken


def test_no_personal_data_is_in_any_text_of_prefects_database_or_in_any_log(redress: Running) -> None:
    """Marker names, numbers and words go in at the door's side, through all kinds, to the end."""
    references = [
        redress.file(**MARKED | {"kind": kind, "number": f"{MARKED['number']}-{kind}"})
        for kind in ("complaint", "consultation", "suggestion", "report", None)
    ]
    redress.live_on(references)
    assert redress.case(references[0]).complaint is not None
    assert not list(traces_in_prefect(TRACES))
    logs = (Path(redress.supervisor.settings.home) / "logs").glob("*.log")
    assert not [(log.name, trace) for log in logs for trace in TRACES if trace in log.read_text(encoding="utf-8")]


def traces_in_prefect(traces: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """Search every column of every table of Prefect's database, also for the escaped forms that JSON gives."""
    import sqlite3

    from complaints.settings import settings

    escaped = {trace: json.dumps(trace).strip('"') for trace in traces}
    found = []
    with sqlite3.connect(settings().home / "prefect" / "prefect.db") as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert len(tables) > 20
        for table in tables:
            cursor = database.execute(f'SELECT * FROM "{table}"')
            columns = [column[0] for column in cursor.description]
            for row in cursor:
                for column, value in zip(columns, row, strict=True):
                    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                    found += [(table, column, one) for one in traces if one in text or escaped[one] in text]
    return found


def test_the_search_for_traces_finds_what_is_there(redress: Running) -> None:
    reference = redress.file(kind="suggestion", complainant=person())
    redress.until(lambda: not redress.case(reference).stage.is_open, "it is closed")
    assert traces_in_prefect((reference,))


def test_every_act_in_the_ledger_of_a_run_is_known(redress: Running) -> None:
    reference = redress.file(kind="suggestion", complainant=person())
    redress.until(lambda: not redress.case(reference).stage.is_open, "it is closed")
    assert set(kinds(redress, reference)) <= set(acts.ACTS)
