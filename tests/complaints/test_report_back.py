"""What the report to an authority says, case by case."""

from datetime import timedelta

import pytest

from complaints import acts, timekeeping
from complaints.correspondence import record_sent
from complaints.errors.letters import LetterIncomplete
from complaints.letters import render_letter
from complaints.regimes.rulebook import load_pack
from complaints.report_back import How, how_dealt_with
from complaints.settings import Firm
from complaints.transfers import REPORT_BACK
from complaints.words import EN, ZH, Closure, Conclusion, GiveUpReason, Kind, Stage
from tests.builders import (
    EMAIL,
    MONDAY,
    PHONE,
    REFERENCE,
    TRANSFER,
    a_case,
    a_case_under,
    advance,
    an_act,
    fail_letter,
    prepare_letter,
)

NAME, IDENTITY, CONTRACT = "林知夏", "310101199001011234", "QZ-2025-0417"
PERSONAL = {
    "complainant": {"name": NAME, "identity_number": IDENTITY, "contacts": [EMAIL, PHONE]},
    "contract": CONTRACT,
    "respondent": "浦东营业部王经理",
    "place": "上海市浦东新区某路",
}
LATER = MONDAY + timedelta(days=3)


def forwarded(stage=Stage.ANSWERED, *, kind=Kind.COMPLAINT, instead=(), **changes):
    transfer = TRANSFER | changes.pop("transfer", {})
    return a_case(stage, kind=kind, instead=instead, **PERSONAL | {"transfer": transfer} | changes)


def text_of(case, now=LATER):
    return render_letter(case, REPORT_BACK, Firm(), now).text


def told(case, letter="decision", channel="email", kept=None):
    """Let the complainant be told by a letter."""
    prepare_letter(case, letter=letter, channel=channel, now=MONDAY)
    case.record(an_act(acts.LetterSent, letter=letter, channel=channel, kept=kept), MONDAY)


def test_it_names_both_references_the_days_the_decision_the_redress_and_that_the_complainant_was_told():
    case = forwarded(Stage.DECIDED, transfer={"report_by": "2026-03-12"})
    told(case)
    case.record(acts.Answered(), MONDAY)

    rendered = render_letter(case, REPORT_BACK, Firm(), LATER)

    for line in (
        "国家金融监督管理总局上海监管局：",
        f"转办编号\t{TRANSFER['number']}",
        "转办日期\t2026年2月27日",
        "要求反馈日期\t2026年3月12日",
        "我方收到日期\t2026年3月2日",
        f"我方编号\t{REFERENCE}",
        f"投诉人\t{NAME}",
        "调查结论：投诉事实成立。",
        "已核对扣款记录。",
        "处理决定\t投诉成立",
        "处理依据\t合同约定",
        "涉及金额\t人民币128.50元",
        "补救措施\t退还费用，人民币128.50元（正在落实）",
        "属重复扣收。",
        "处理结果已于2026年3月2日以电子邮件方式告知投诉人。",
        "答复期限截至2026年3月17日，没有延长；我方在期限内答复。",
        "特此报告。",
    ):
        assert f"\n{line}\n" in rendered.text
    assert rendered.subject == f"投诉办理情况报告（转办编号：{TRANSFER['number']}；我方编号：{REFERENCE}）"


def test_it_speaks_to_the_authority_and_holds_no_more_of_the_person_than_the_name():
    rendered = render_letter(forwarded(), REPORT_BACK, Firm(), LATER, link="https://complaints.example.cn/c/secret")

    everything = rendered.subject + rendered.text + rendered.html
    assert "尊敬的" not in everything
    assert "您" not in everything
    assert NAME not in rendered.subject
    for kept in (IDENTITY, CONTRACT, EMAIL["value"], PHONE["value"], "王经理", "某路", "secret"):
        assert kept not in everything


def test_what_a_sender_wrote_is_no_markup():
    case = forwarded(transfer={"number": "<b>1</b>", "authority": "<script>"}, product="<i>x</i>")

    html = render_letter(case, REPORT_BACK, Firm(), LATER).html

    assert not [one for one in ("<b>1", "<script>", "<i>x") if one in html]


def test_a_remedy_that_was_carried_out_is_reported_with_its_day():
    assert "（已于2026年3月3日落实）" in text_of(forwarded(Stage.PUT_RIGHT))


def test_an_answer_that_came_late_or_was_extended_is_called_so():
    late = forwarded(Stage.DECIDED)
    late.record(acts.Answered(), MONDAY + timedelta(days=20))
    longer = forwarded(Stage.DECIDED, circumstances=["complex"])
    timekeeping.extend(longer, "decision", "complex", "li.wei", MONDAY)
    longer.record(acts.Answered(), MONDAY + timedelta(days=20))

    assert "没有延长；答复时已超过期限，我方将查明原因、加以改进。" in text_of(late)
    assert "截至2026年4月1日（已依规定延长）；我方在期限内答复。" in text_of(longer)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (GiveUpReason.NOT_REACHABLE, "处理结果未能告知：投诉人无法联系。告知书存于案卷。"),
        (GiveUpReason.REFUSED, "处理结果未能告知：投诉人拒收。告知书存于案卷。"),
        (GiveUpReason.TOLD_OTHERWISE, "处理结果已于2026年3月2日告知投诉人。"),
    ],
)
def test_it_says_where_the_complainant_could_not_be_told(reason, said):
    case = forwarded(Stage.DECIDED)
    prepare_letter(case, letter="decision")
    fail_letter(case, letter="decision")
    case.record(acts.LetterGivenUp(letter="decision", round=1, reason=reason), MONDAY)
    case.record(acts.Answered(), MONDAY)

    assert f"\n{said}\n" in text_of(case)


def test_it_says_that_nobody_could_be_told_where_no_contact_is_known():
    case = forwarded(Stage.DECIDED)
    told(case, channel="file")
    case.record(acts.Answered(), MONDAY)

    assert "来件未留联系方式" in text_of(case)


def test_a_letter_that_a_clerk_hands_over_is_told_as_such():
    case = forwarded(Stage.DECIDED)
    told(case, channel="hand")
    case.record(acts.Answered(), MONDAY)

    assert "以书面或电话方式告知投诉人。" in text_of(case)


@pytest.mark.parametrize("kept", [acts.Kept.NOT_SENT, acts.Kept.HAND_OVER])
def test_it_does_not_say_of_a_letter_that_lies_ready_that_the_complainant_was_told(kept):
    case = forwarded(Stage.DECIDED)
    told(case, channel="hand", kept=kept)
    case.record(acts.Answered(), MONDAY)

    assert "告知书已于2026年3月2日写好，正由工作人员送达投诉人。" in text_of(case)
    assert "方式告知投诉人" not in text_of(case)


@pytest.mark.parametrize(("channel", "kept"), [("hand", acts.Kept.HAND_OVER), ("file", acts.Kept.ON_FILE)])
def test_once_somebody_has_sent_it_the_complainant_was_told_on_that_day(channel, kept):
    case = forwarded(Stage.DECIDED)
    told(case, channel=channel, kept=kept)
    case.record(acts.Answered(), MONDAY)
    record_sent(case, case.letters["decision", 1].prepared.number, "li.wei", MONDAY + timedelta(days=9))

    assert "处理结果已于2026年3月11日以书面或电话方式告知投诉人。" in text_of(case, MONDAY + timedelta(days=10))


def test_a_letter_that_stays_on_file_for_want_of_a_contact_is_told_as_such():
    case = forwarded(Stage.DECIDED)
    told(case, channel="file", kept=acts.Kept.ON_FILE)
    case.record(acts.Answered(), MONDAY)

    assert "来件未留联系方式" in text_of(case)


# --- every way in which it was dealt with ---------------------------------------------------------


def declined(conclusion):
    case = forwarded(Stage.INVESTIGATED, instead=[an_act(acts.Found, conclusion=conclusion)])
    case.record(acts.Answered(), MONDAY)
    return case


def withdrawn(stage=Stage.UNDER_INVESTIGATION):
    case = forwarded(stage)
    case.withdraw("li.wei", MONDAY)
    return case


def merged():
    case = forwarded(Stage.ASSESSED)
    case.record(acts.Merged(into="TS260301-ABCDEFG"), MONDAY)
    case.end(Closure.MERGED, "li.wei", MONDAY)
    return case


def replied():
    case = forwarded(Stage.ASSESSED, kind=Kind.CONSULTATION)
    case.record(acts.Replied(topic="fees"), MONDAY)
    case.record(acts.Answered(), MONDAY)
    return case


@pytest.mark.parametrize(
    ("build", "how", "said"),
    [
        (lambda: declined(Conclusion.NOT_ENTITLED), How.DECLINED, "依规定不予受理，并已告知其应当补充的材料。"),
        (lambda: declined(Conclusion.NOT_OURS), How.DECLINED, "依规定不予受理，并已告知其可以采取的其他途径。"),
        (withdrawn, How.WITHDRAWN, "投诉人已主动撤回投诉，办理程序自2026年3月2日起终止。"),
        (lambda: withdrawn(Stage.ANSWERED), How.WITHDRAWN, "此前已作出的处理决定为：投诉成立。"),
        (merged, How.MERGED, "并入此前收到的同一投诉（我方编号：TS260301-ABCDEFG）办理"),
        (replied, How.REPLIED, "来件系咨询，内容为：费用与利率。"),
        (lambda: forwarded(kind=Kind.SUGGESTION), How.RECORDED, "我方已将建议登记在案"),
        (lambda: forwarded(kind=Kind.REPORT), How.EXAMINED, "经核查：举报属实。"),
        (lambda: forwarded(Stage.ASSESSED), How.SETTLED, "投诉人已接受我方的处理"),
        (forwarded, How.DECIDED, "补救措施"),
    ],
)
def test_every_way_is_reported(build, how, said):
    case = build()

    assert how_dealt_with(case) is how
    assert said in text_of(case)


def test_a_whistle_blower_is_not_named_to_the_authority_either():
    everything = render_letter(forwarded(kind=Kind.REPORT), REPORT_BACK, Firm(), LATER)

    for kept in (NAME, "轻舟消费贷", "合规部", "128.50"):
        assert kept not in everything.subject + everything.html + everything.text


# --- what regimes ask of it -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "said"), [(ZH, "经回访，投诉人表示：满意。"), (EN, "the complainant was: satisfied.")]
)
def test_the_central_bank_s_branch_is_told_of_the_satisfaction_too(language, said):
    changes = {"channel": "regulator", "transfer": TRANSFER | {"authority": "pbc", "language": language}}
    case = a_case_under(load_pack("cn-nfra"), load_pack("cn-pbc"), **PERSONAL | changes)
    advance(case, Stage.ANSWERED)
    before = text_of(case)
    advance(case, Stage.FOLLOWED_UP)

    assert ("尚未回访" if language == ZH else "has not been asked yet") in before
    assert said in text_of(case)


def test_a_report_without_what_a_regime_asks_for_is_not_sent():
    case = forwarded()
    rule = case.pack.letter(REPORT_BACK)
    stricter = rule.model_copy(update={"elements": (*rule.elements, "root_cause")})
    letters = tuple(stricter if one is rule else one for one in case.pack.letters)
    case.pack = case.pack.model_copy(update={"letters": letters})

    with pytest.raises(LetterIncomplete) as missing:
        text_of(case)

    assert missing.value.missing == ("root_cause",)
