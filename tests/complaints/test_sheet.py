import re
from datetime import timedelta

import pytest
from markdown_it import MarkdownIt

from complaints import acts
from complaints.answers import Question
from complaints.case_explanation import explain_case
from complaints.correspondence import record_sent
from complaints.moves import MOVES
from complaints.sheet import case_sheet
from complaints.words import Category, Closure, Conclusion, Kind, Stage
from tests.builders import (
    EARLIER,
    EMAIL,
    MONDAY,
    PHONE,
    POST,
    REFERENCE,
    TRANSFER,
    WAYS,
    a_case,
    a_finding,
    an_act,
    fail_letter,
    prepare_letter,
    utc,
)

NAMED = {
    "complainant": {
        "name": "马可辨",
        "identity_number": "310101199001010011",
        "contacts": [EMAIL, PHONE, POST | {"value": "上海市徐汇区辨认路99号"}],
    },
    "representative": {
        "name": "戴理仁",
        "relation": "女儿",
        "authority": "委托书",
        "contacts": [{"kind": "portal", "value": "12378-0042"}],
    },
    "respondent": "钱某支行",
    "contract": "HT-7788",
    "narrative": "叙述里的话。",
    "wanted": "诉求里的话。",
    "place": "某地",
    "evidence": [{"name": "马可辨的录音.mp3"}, {"name": "流水.pdf"}],
}
SECRETS = (
    *("马可辨", "310101199001010011", EMAIL["value"], PHONE["value"], "辨认路", "戴理仁", "女儿", "12378-0042"),
    *("钱某", "HT-7788", "里的话", "某地", "录音", "流水.pdf", "CRM-0001"),
)

CLOCK = re.compile(
    r"- \*\*(?P<title>[^*]+)\*\*（(?P<state>[^）]+)）：到期 · due (?P<due>[^；]+)；剩余 · left (?P<left>[^；]+)；"
    r"依据 · rule (?P<rule>.+)"
)

ON_THE_WAY = [
    (kind, stage)
    for kind, way in WAYS.items()
    for stage in dict.fromkeys([Stage.RECEIVED, *(MOVES[type(act)][1] for act in way)])
    if stage.is_open
]


def sheet(case, now=MONDAY):
    return case_sheet(case, now)


def row(text, title):
    """The cells of the table row that begins with ``title``."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {title}")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def clock(text, title):
    """The parts of the line of the clock whose name begins with ``title``."""
    lines = filter(None, map(CLOCK.fullmatch, text.splitlines()))
    (found,) = [line for line in lines if line["title"].startswith(title)]
    return found.groupdict()


def shown(text):
    """The sheet as a browser gets it."""
    return MarkdownIt("commonmark").enable("table").render(text)


# --- what it shows, and what never ---------------------------------------------------------------


@pytest.mark.parametrize(("kind", "stage"), ON_THE_WAY)
def test_a_sheet_never_shows_who_complains_or_what_they_wrote(kind, stage):
    text = sheet(a_case(stage, kind=kind, **NAMED))

    assert [secret for secret in SECRETS if secret in text] == []
    assert "None" not in text


def test_a_sheet_never_shows_why_a_case_was_merged():
    case = a_case(Stage.UNDER_INVESTIGATION, **NAMED)
    case.record(acts.Merged(into=EARLIER, reason="马可辨又来问"), MONDAY)

    assert [secret for secret in SECRETS if secret in sheet(case)] == []


def test_a_sheet_never_shows_the_words_of_an_operator_or_a_letter():
    case = a_case(Stage.UNDER_INVESTIGATION, **NAMED)
    case.record(acts.MaterialsRequested(reasons="请马可辨补充流水"), MONDAY)
    case.answer(Question.FINDING, a_finding(reasons="马可辨说得对"), "li.wei", MONDAY)
    prepare_letter(case, recipient=EMAIL["value"])
    fail_letter(case)

    assert [secret for secret in SECRETS if secret in sheet(case)] == []


def test_an_ordinary_case_shows_what_the_operator_needs_to_know():
    case = a_case(Stage.UNDER_INVESTIGATION, region="CN-31", **NAMED)

    assert (
        sheet(case)
        == f"""\
| 案件 · Case | {REFERENCE} |
|---|---|
| 类型 · Kind | 投诉 · complaint |
| 阶段 · Stage | 调查中 · under investigation |
| 业务类别 · Category | 定价收费 · fees and pricing |
| 严重程度 · Severity | 普通 · ordinary |
| 紧急程度 · Urgency | 一般 · general |
| 渠道 · Channel | 网页 · web form |
| 主体类型 · Party | 个人 · person |
| 产品 · Product | 轻舟消费贷 |
| 地区 · Region | CN-31 |
| 金额 · Amount | CNY 128.50 |
| 承办部门 · Department | 消费者权益保护部 · Consumer Protection Department |
| 证据件数 · Evidence | 在卷 0 件，来件列明 2 件 · 0 on file, 2 listed by the sender |

**时限 · Clocks**

- **受理告知 · acknowledgement**（按时完成 · done in time）：到期 · due 2026-03-03 09:00；剩余 · left —；\
依据 · rule 本机构标准 · firm's own standard（L） **待核实 · to verify**
- **处理决定 · decision**（计时中 · running）：到期 · due 2026-03-17 24:00；剩余 · left 15 天 15 小时 · 15 d 15 h；\
依据 · rule 第十八条 · art. 18（H）

**时限如何计算 · How the limits were counted**

- 受理告知 · acknowledgement
    - 2026-03-02 09:00 起算（Asia/Shanghai） · starts 2026-03-02 09:00 (Asia/Shanghai)
    - 连续计 24 小时 · 24 hours on end
    - 到期：2026-03-03 09:00 · due 2026-03-03 09:00
    - 2026-03-02 09:00 redress: 按时完成 · done in time
- 处理决定 · decision
    - 2026-03-02 09:00 起算（Asia/Shanghai） · starts 2026-03-02 09:00 (Asia/Shanghai)
    - 当日不计入，自次日起算 · the day of the start is not counted
    - 计 15 个自然日：第 1 日 2026-03-03，第 15 日 2026-03-17 · \
15 calendar days: day 1 is 2026-03-03, day 15 is 2026-03-17
    - 到期：2026-03-17 24:00 · due 2026-03-17 24:00

查看完整案卷 · Read the full file: `redress show {REFERENCE}`"""
    )


def test_a_sheet_counts_the_files_and_never_names_them():
    case = a_case(Stage.UNDER_INVESTIGATION, **NAMED)
    for act in (acts.EvidenceAdded, acts.EvidenceRefused):
        case.record(an_act(act, name="马可辨的录音.mp3", source="crm"), MONDAY)

    text = sheet(case)

    assert "在卷 1 件，来件列明 2 件，未接收 1 件 · 1 on file, 2 listed by the sender, 1 refused" in text
    assert [secret for secret in SECRETS if secret in text] == []


@pytest.mark.parametrize(("kind", "narrative"), [(Kind.REPORT, "叙述里的话。"), (None, "举报:叙述里的话。")])
def test_a_confidential_case_shows_its_stage_and_its_clocks_only(kind, narrative):
    """One that nobody called a report yet is confidential before it is assessed."""
    case = a_case(kind=kind, **NAMED | {"narrative": narrative, "product": "辨认理财", "region": "CN-31"})
    prepare_letter(case, letter="report_receipt")
    fail_letter(case, letter="report_receipt")

    text = sheet(case)
    titles = {line.split("|")[1].strip() for line in text.splitlines() if line.startswith("|")} - {"---"}
    assert "提交人信息保密" in text
    assert titles == {"案件 · Case", "类型 · Kind", "阶段 · Stage"}
    clocks = [line for line in text.splitlines() if CLOCK.fullmatch(line)]
    assert [CLOCK.fullmatch(line)["title"] for line in clocks] == ["受理告知 · acknowledgement", "处理决定 · decision"]
    assert [line for line in text.splitlines() if line.startswith("- ") and "信函" not in line] == [
        "- 原因 · Reason: 550 mailbox unavailable",
        *clocks,
        "- 受理告知 · acknowledgement",  # how they were counted
        "- 处理决定 · decision",
    ]
    for secret in (*SECRETS, "辨认理财", "CN-31", "128.50", "fees", "web form", "Department"):
        assert secret not in text


def test_what_is_not_known_is_left_out():
    text = sheet(a_case(product=None, region=None, amount=None, kind=None, category=None))

    for title in ("产品", "地区", "金额", "承办部门"):
        assert f"| {title}" not in text
    assert row(text, "类型")[1] == row(text, "业务类别")[1] == row(text, "紧急程度")[1] == "—"


def test_the_finding_corrects_the_first_assessment():
    instead = [an_act(acts.Found, category=Category.COLLECTION, severity="major")]
    text = sheet(a_case(Stage.INVESTIGATED, instead=instead))

    assert row(text, "业务类别")[1] == Category.COLLECTION.both
    assert row(text, "严重程度")[1] == "重大 · major"


# --- clocks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (MONDAY, "15 天 15 小时 · 15 d 15 h"),
        (utc(2026, 3, 16, 16, 0), "1 天 0 小时 · 1 d 0 h"),
        (utc(2026, 3, 17, 15, 59), "0 天 0 小时 · 0 d 0 h"),
        (utc(2026, 3, 17, 17, 0), "超期 0 天 1 小时 · 0 d 1 h late"),
        (utc(2026, 5, 17, 16, 0), "超期 61 天 0 小时 · 61 d 0 h late"),
    ],
)
def test_a_clock_shows_what_is_left_or_how_late_it_is(now, left):
    assert clock(sheet(a_case(), now), "处理决定")["left"] == left


@pytest.mark.parametrize(
    ("seen", "now", "state"),
    [
        ([], MONDAY, "计时中 · running"),
        ([acts.ClockWarned(clock="decision")], utc(2026, 3, 15), "临近到期 · near"),
        ([acts.ClockMissed(clock="decision")], utc(2026, 3, 18), "超期 · missed"),
        ([acts.ClockWarned(clock="decision"), acts.ClockMissed(clock="decision")], utc(2026, 3, 18), "超期 · missed"),
        ([acts.ClockMet(clock="decision", late=False)], utc(2026, 3, 18), "按时完成 · done in time"),
        ([acts.ClockMet(clock="decision", late=True)], utc(2026, 3, 19), "超期完成 · done late"),
    ],
)
def test_a_clock_shows_how_it_stands(seen, now, state):
    case = a_case()
    for act in seen:
        case.record(act, now)

    assert clock(sheet(case, now), "处理决定")["state"] == state


@pytest.mark.parametrize(
    ("after", "reached", "left", "state"),
    [
        (timedelta(days=1), False, "6 天 15 小时 · 6 d 15 h", "计时中 · running"),
        (timedelta(days=9), False, "—", "计时中 · running"),
        (timedelta(days=9), True, "—", "已到期 · reached"),
    ],
)
def test_a_date_that_was_waited_for_is_reached_and_never_late(after, reached, left, state):
    case = a_case(Stage.PUT_RIGHT)
    if reached:
        case.record(acts.ClockReached(clock="follow-up"), MONDAY + after)

    follow_up = clock(sheet(case, MONDAY + after), "回访")
    assert (follow_up["left"], follow_up["state"]) == (left, state)


def test_a_rule_that_is_not_yet_verified_is_marked():
    text = sheet(a_case())

    assert clock(text, "受理告知")["rule"] == "本机构标准 · firm's own standard（L） **待核实 · to verify**"
    assert clock(text, "处理决定")["rule"] == "第十八条 · art. 18（H）"


def test_a_case_without_clocks_says_so():
    case = a_case()
    case.clocks.clear()

    assert "目前没有计时。 · No clock is running." in sheet(case)


# --- what must be repaired ----------------------------------------------------------------------


def test_a_refused_answer_is_shown_with_its_field_and_reason_above_all_else():
    case = a_case(Stage.UNDER_INVESTIGATION)
    case.record(an_act(acts.AnswerWasRefused, field="reasons", reason="contains an e-mail address"), MONDAY)

    head, _, rest = sheet(case).partition("\n| 案件")
    assert "请改正后重新提交" in head
    assert "- 栏目 · Field: `reasons`\n- 原因 · Reason: contains an e-mail address" in head
    assert rest


def test_a_refusal_is_gone_once_a_valid_answer_stands():
    case = a_case(Stage.UNDER_INVESTIGATION)
    case.record(an_act(acts.AnswerWasRefused), MONDAY)
    case.answer(Question.FINDING, a_finding(), "li.wei", MONDAY)

    assert "重新提交" not in sheet(case)


def test_an_undelivered_letter_is_shown_with_the_kinds_of_contacts_by_number():
    case = a_case(Stage.ACKNOWLEDGED, **NAMED)
    prepare_letter(case)
    fail_letter(case, reason="The letter was refused: code 550.")

    text = sheet(case)
    assert "- 信函 · Letter: acknowledgement\n- 原因 · Reason: The letter was refused: code 550." in text
    assert (
        "案卷中的联系方式 · Contacts on file: 1 = 电子邮件 · e-mail; 2 = 电话 · telephone; "
        "3 = 邮寄地址 · postal address; 4 = 监管平台 · regulator's portal\n"
    ) in text


def test_the_numbers_on_the_sheet_are_those_that_the_answer_takes():
    case = a_case(Stage.ACKNOWLEDGED, **NAMED)
    case.record(acts.ContactAdded(contact={"kind": "post", "value": "另一个地址"}), MONDAY)
    prepare_letter(case)
    fail_letter(case)

    listed = sheet(case).partition("Contacts on file: ")[2].partition("\n")[0].split("; ")
    assert listed == [f"{number} = {contact.kind.both}" for number, contact in enumerate(case.contacts, 1)]


def test_contacts_are_not_listed_where_nothing_must_be_repaired():
    case = a_case(Stage.ACKNOWLEDGED, **NAMED)
    prepare_letter(case)

    assert "Contacts on file" not in sheet(case)
    assert "信函" not in sheet(case)


# --- what the sender wrote stays words -----------------------------------------------------------

HOSTILE_PRODUCTS = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "[press here](http://evil.example/login)",
    "![picture](http://evil.example/x.png)",
    "http://evil.example/login www.evil.example",
    "<http://evil.example>",
    "**bold** _italic_ `code` ~~gone~~ # heading",
    "a | b || c",
    "a\\",
    "a\n\n| 阶段 · Stage | 已结案 · closed |\n\n# heading",
    "&lt;b&gt; &#91;x](y)",
    "{{ case }} {% raw %}",
    "轻舟消费贷(线上)·2026版",
]


@pytest.mark.parametrize("product", HOSTILE_PRODUCTS)
def test_a_product_is_shown_word_for_word_whatever_markdown_or_html_it_holds(product):
    harmless, text = sheet(a_case(product="x")), sheet(a_case(product=product))

    escaped = " ".join(product.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    escaped = escaped.replace('"', "&quot;")
    assert " ".join(shown(text).split()) == " ".join(
        shown(harmless).replace("<td>x</td>", f"<td>{escaped}</td>").split()
    )


@pytest.mark.parametrize("link", ["http://", "https://", "www.", "someone@evil"])
def test_a_product_holds_nothing_that_a_page_would_turn_into_a_link(link):
    """Prefect's page makes links of bare addresses too, as GitHub does."""
    assert link not in sheet(a_case(product=f"{link}evil.example"))


def test_every_conclusion_that_declines_leaves_a_sheet_that_renders():
    for conclusion in (one for one in Conclusion if one.declines):
        case = a_case(Stage.INVESTIGATED, instead=[an_act(acts.Found, conclusion=conclusion)])

        page, explained = shown(sheet(case)), explain_case(case)
        assert page.count("<table>") == 1
        assert page.count("<ul>") == 2 + len(case.clocks) > 2  # the clocks, and how each was counted
        assert page.count("<li>") == sum(2 + len(one.steps) + len(one.events) for one in explained)


@pytest.mark.parametrize("product", ["马可辨的信用卡", "卡号6222020200112233445", "write to someone@example.com"])
def test_a_product_that_names_a_person_is_not_shown(product):
    text = sheet(a_case(Stage.UNDER_INVESTIGATION, product=product, **NAMED))

    assert product not in text
    assert "产品" not in text


def test_why_an_answer_was_refused_is_shown_on_no_other_question():
    case = a_case(Stage.UNDER_INVESTIGATION)
    refused = acts.AnswerWasRefused(question=Question.DELIVERY, field="contact", reason="the case has 1 contacts")
    case.record(refused, MONDAY, "li.wei")

    assert "the case has 1 contacts" not in sheet(case)


# --- the same complaint twice -------------------------------------------------------------------


def test_what_looks_like_the_same_complaint_is_shown_with_the_reasons_in_both_languages():
    case = a_case(Stage.ASSESSED, **NAMED)
    case.record(an_act(acts.RepeatsSuggested), MONDAY)

    text = sheet(case)

    assert (
        f"- {EARLIER}（很可能是重复投诉 · likely a repeat）：电话号码相同、合同号或账号相同、表述高度相似 · "
        "same telephone number, same contract or account number, similar wording"
    ) in text.splitlines()
    assert [secret for secret in SECRETS if secret in text] == []
    assert shown(text).count("<ul>") == shown(sheet(a_case(Stage.ASSESSED, **NAMED))).count("<ul>") + 1


def test_a_merger_is_shown_on_both_sheets_and_is_suggested_no_more():
    case, into = a_case(Stage.ASSESSED), a_case(Stage.ASSESSED)
    for one in (case, into):
        one.record(an_act(acts.RepeatsSuggested), MONDAY)
    case.record(an_act(acts.Merged), MONDAY)
    into.record(an_act(acts.Absorbed), MONDAY)

    assert f"**本案已并入 {EARLIER} 一并办理。 · Merged into {EARLIER}, which answers for both.**" in sheet(case)
    assert f"Merged into this case, which answers for them:** {EARLIER}" in sheet(into)
    assert "疑似" not in sheet(case) + sheet(into)


def test_a_merger_that_was_undone_is_on_neither_sheet():
    case, into = a_case(Stage.ASSESSED), a_case(Stage.ASSESSED)
    before = sheet(into)
    for one, act in ((case, acts.Merged), (into, acts.Absorbed), (into, acts.Separated)):
        one.record(an_act(act), MONDAY)
    case.record(an_act(acts.Closed, closure=Closure.MERGED), MONDAY)
    case.record(an_act(acts.MergeUndone), MONDAY)

    assert sheet(into) == before
    assert EARLIER not in sheet(case)


# --- what an authority forwarded ------------------------------------------------------------------


def test_the_authority_its_number_and_its_day_stand_on_the_sheet():
    sheet = case_sheet(a_case(transfer=TRANSFER | {"report_by": "2026-03-12"}), MONDAY)

    assert "| 转办机关 · Forwarded by | nfra-shanghai |" in sheet
    assert f"| 转办编号 · Authority's number | {TRANSFER['number']} |" in sheet
    assert "| 要求反馈日期 · Report asked for by | 2026-03-12 |" in sheet
    assert "向转办机关反馈" in sheet
    assert "转办编号" not in case_sheet(a_case(), MONDAY)


@pytest.mark.parametrize("number", ["林知夏-1", f"转{EMAIL['value']}"])
def test_a_number_that_names_the_complainant_is_not_shown(number):
    sheet = case_sheet(a_case(transfer=TRANSFER | {"number": number}), MONDAY)

    assert "林知夏" not in sheet
    assert EMAIL["value"] not in sheet


def test_a_report_that_came_back_is_repaired_with_the_contacts_of_the_authority():
    case = a_case(Stage.ANSWERED, transfer=TRANSFER, complainant={"name": "林知夏", "contacts": [PHONE, POST]})
    prepare_letter(case, letter="report_back")
    fail_letter(case, letter="report_back")

    assert "Contacts on file: 1 = 电子邮件 · e-mail\n" in case_sheet(case, MONDAY)


def test_letters_that_lie_ready_are_named_with_where_they_lie_and_how_to_record_that_they_went():
    case = a_case(Stage.ACKNOWLEDGED)
    prepare_letter(case)
    number = case.letters["acknowledgement", 1].prepared.number
    assert "redress sent" not in case_sheet(case, MONDAY)

    case.record(an_act(acts.LetterSent, kept=acts.Kept.NOT_SENT), MONDAY)
    assert f"- {number} acknowledgement: 已写好，待人工发送 · written, still to be sent" in case_sheet(case, MONDAY)
    assert f"redress sent {number}" in case_sheet(case, MONDAY)

    record_sent(case, number, "li.wei", MONDAY)
    assert "redress sent" not in case_sheet(case, MONDAY)
