import html
import re
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from complaints import acts, timekeeping
from complaints.adapters.mail import Post
from complaints.assessment import assess
from complaints.errors.letters import LetterIncomplete
from complaints.letters import (
    CONFIDENTIAL,
    DEPARTMENTS,
    Rendered,
    _TextMaker,
    acknowledgement_letter,
    department_word,
    environment,
    hides_reporter,
    render_letter,
    show_date,
)
from complaints.regimes.model import LetterRule
from complaints.regimes.rulebook import load_pack
from complaints.settings import Firm
from complaints.words import (
    EN,
    LANGUAGES,
    ZH,
    Basis,
    Closure,
    Conclusion,
    Kind,
    Outcome,
    PartyType,
    Remedy,
    ReportResult,
    Stage,
    Topic,
)
from tests.builders import (
    EMAIL,
    MONDAY,
    PHONE,
    POST,
    REFERENCE,
    REGIME,
    SHANGHAI,
    TRANSFER,
    a_case,
    a_case_under,
    a_pack,
    advance,
    an_act,
    utc,
)

FIRM = Firm()
LETTERS = Path(__file__).parents[2] / "templates" / "letters"
BOTH = pytest.mark.parametrize("language", LANGUAGES)


def before(stage, act, /, **changes):
    """A case at ``stage`` on which one more act was recorded."""
    case = a_case(stage, **changes)
    case.record(act, MONDAY)
    return case


@pytest.mark.parametrize(
    ("letter", "confidential"),
    [("report_receipt", True), ("report_outcome", True), ("acknowledgement", False), ("decision", False)],
)
def test_letters_about_a_report_are_confidential(letter, confidential):
    assert hides_reporter(a_case(), letter) is confidential
    assert hides_reporter(a_case(kind=Kind.REPORT), letter)


def a_consultation(topic=Topic.FEES, words=None, **changes):
    return before(Stage.ASSESSED, acts.Replied(topic=topic, words=words), kind=Kind.CONSULTATION, **changes)


def a_materials_request(reasons=None, **changes):
    return before(Stage.UNDER_INVESTIGATION, acts.MaterialsRequested(reasons=reasons), **changes)


def a_decided_case(*, found=None, decided=None, **changes):
    instead = [an_act(acts.Found, **(found or {})), an_act(acts.Decided, **(decided or {}))]
    return a_case(Stage.DECIDED, instead=instead, **changes)


def a_declined_case(conclusion=Conclusion.NOT_OURS, **changes):
    return a_case(Stage.INVESTIGATED, instead=[an_act(acts.Found, conclusion=conclusion)], **changes)


def an_extended_case(reason=None, **changes):
    case = a_case(circumstances=["complex", "special_cause"], **changes)
    for tier in ("complex", "special"):
        timekeeping.extend(case, "decision", tier, "li.wei", MONDAY, reason=reason, approver="sun.lei")
    return case


def a_paused_case(reason=None, **changes):
    case = a_case(**changes)
    timekeeping.pause(case, "decision", "appraisal", "li.wei", MONDAY, reason=reason, proof="JD-2026-18")
    return case


def a_reviewed_case(**changes):
    case = a_case(Stage.ANSWERED, **changes)
    timekeeping.note(case, "review_requested", MONDAY, "li.wei", MONDAY)
    return case


def a_report(stage=Stage.RECEIVED, **changes):
    return a_case(stage, kind=Kind.REPORT, **changes)


def decisions():
    """Every outcome with every remedy that an answer may combine it with, and whether reasons were written."""
    for outcome in Outcome:
        for remedy in Remedy:
            if outcome is Outcome.NOT_UPHELD and remedy.is_money:
                continue
            for reasons in (None, "第一行\n\n  第二行  "):
                decided = {"outcome": outcome, "remedy": remedy, "reasons": reasons, "amount": remedy.is_money * 10}
                yield f"{outcome}, {remedy}{', reasons' if reasons else ''}", decided


A_REFUSAL = an_act(acts.Decided, outcome=Outcome.NOT_UPHELD, remedy=Remedy.NONE, amount=0)
A_DAUGHTER = {"name": "林小满", "relation": "女儿", "authority": "授权委托书"}
DECLINING = [one for one in Conclusion if one.declines]


def forwarded(stage=Stage.ANSWERED, *, language=ZH, **changes):
    """A case that an authority forwarded, which is written to in the language of the test."""
    return a_case(stage, language=language, transfer=TRANSFER | {"language": language}, **changes)


def withdrawn(stage=Stage.UNDER_INVESTIGATION, **changes):
    case = forwarded(stage, **changes)
    case.withdraw("li.wei", MONDAY)
    return case


def merged(**changes):
    case = forwarded(Stage.ASSESSED, **changes)
    case.end(Closure.MERGED, "li.wei", MONDAY)
    return case


def forwarded_and_declined(conclusion, **changes):
    case = forwarded(Stage.INVESTIGATED, instead=[an_act(acts.Found, conclusion=conclusion)], **changes)
    case.record(acts.Answered(), MONDAY)
    return case


def forwarded_consultation(**changes):
    case = forwarded(Stage.ASSESSED, kind=Kind.CONSULTATION, **changes)
    case.record(acts.Replied(topic=Topic.FEES, words=None), MONDAY)
    case.record(acts.Answered(), MONDAY)
    return case


# Every letter, in every state of a case in which it is written: letter, state, how the case came there.
STATES = [
    ("acknowledgement", "received", lambda **c: a_case(**c)),
    ("acknowledgement", "a consultation", lambda **c: a_case(kind=Kind.CONSULTATION, **c)),
    ("acknowledgement", "of unknown kind", lambda **c: a_case(kind=None, **c)),
    ("acknowledgement", "without a product", lambda **c: a_case(product=None, **c)),
    ("acknowledgement", "without a name", lambda **c: a_case(complainant={"contacts": [EMAIL]}, **c)),
    ("acknowledgement", "of a firm", lambda **c: a_case(complainant={"type": PartyType.FIRM, "name": "示例商行"}, **c)),
    ("acknowledgement", "without a clock", lambda **c: without_clocks(a_case(**c))),
    ("acknowledgement", "assessed", lambda **c: a_case(Stage.ASSESSED, **c)),
    ("report_receipt", "received", a_report),
    ("report_receipt", "of unknown kind", lambda **c: a_case(kind=None, **c | {"narrative": "举报:员工受贿。"})),
    ("report_outcome", "examined", lambda **c: a_report(Stage.INVESTIGATED, **c)),
    ("suggestion_thanks", "received", lambda **c: a_case(kind=Kind.SUGGESTION, **c)),
    ("suggestion_thanks", "without a product", lambda **c: a_case(kind=Kind.SUGGESTION, product=None, **c)),
    *[("consultation_answer", topic, lambda t=topic, **c: a_consultation(t, **c)) for topic in Topic],
    *[("consultation_answer", f"{t}, words", lambda t=t, **c: a_consultation(t, "第一行\n第二行", **c)) for t in Topic],
    ("materials_request", "no reasons", a_materials_request),
    ("materials_request", "reasons", lambda **c: a_materials_request("身份证明\n\n银行流水", **c)),
    *[("decision", state, lambda d=decided, **c: a_decided_case(decided=d, **c)) for state, decided in decisions()],
    ("decision", "finding without reasons", lambda **c: a_decided_case(found={"reasons": None}, **c)),
    *[("decision", basis, lambda b=basis, **c: a_decided_case(decided={"basis": b}, **c)) for basis in Basis],
    *[("decline", one, lambda o=one, **c: a_declined_case(o, **c)) for one in Conclusion if one.declines],
    ("follow_up_survey", "put right", lambda **c: a_case(Stage.PUT_RIGHT, **c)),
    ("extension_notice", "no reasons", an_extended_case),
    ("extension_notice", "reasons", lambda **c: an_extended_case("等待\n\n第三方资料", **c)),
    ("pause_notice", "no reasons", a_paused_case),
    ("pause_notice", "reasons", lambda **c: a_paused_case("等待\n\n鉴定结果", **c)),
    ("review_decision", "the decision stands", a_reviewed_case),
    ("report_back", "answered", forwarded),
    ("report_back", "put right", lambda **c: forwarded(Stage.PUT_RIGHT, **c)),
    ("report_back", "not told yet", lambda **c: forwarded(Stage.DECIDED, **c)),
    ("report_back", "without a remedy", lambda **c: forwarded(instead=[A_REFUSAL], **c)),
    ("report_back", "represented", lambda **c: forwarded(representative=A_DAUGHTER, **c)),
    ("report_back", "nobody is named", lambda **c: forwarded(complainant={}, product=None, amount=None, **c)),
    *[("report_back", one, lambda o=one, **c: forwarded_and_declined(o, **c)) for one in DECLINING],
    ("report_back", "withdrawn", withdrawn),
    ("report_back", "withdrawn after the decision", lambda **c: withdrawn(Stage.DECIDED, **c)),
    ("report_back", "merged", merged),
    ("report_back", "settled", lambda **c: forwarded(Stage.ASSESSED, **c)),
    ("report_back", "a consultation", forwarded_consultation),
    ("report_back", "a suggestion", lambda **c: forwarded(kind=Kind.SUGGESTION, **c)),
    ("report_back", "a report", lambda **c: forwarded(kind=Kind.REPORT, **c)),
    ("summary_resolution", "resolved", lambda **c: a_case(Stage.ASSESSED, **c)),
    ("summary_resolution", "with a remedy", lambda **c: a_decided_case(**c)),
]
EVERY = pytest.mark.parametrize(
    ("letter", "build"), [pytest.param(letter, build, id=f"{letter}: {state}") for letter, state, build in STATES]
)
# One state of each letter.
EACH = pytest.mark.parametrize(
    ("letter", "build"),
    [pytest.param(name, build, id=name) for name, build in {s[0]: s[2] for s in reversed(STATES)}.items()],
)


def without_clocks(case):
    case.clocks.clear()
    return case


def render(case, letter, now=MONDAY):
    return render_letter(case, letter, FIRM, now)


def shown(source):
    """What a reader of the HTML sees, without white space and bullets: made in another way than the letter's text."""
    body = re.search(r"<body>(.*)</body>", source, re.DOTALL)[1]
    return packed(html.unescape(re.sub(r"<[^>]*>", "", body)))


def packed(text):
    return re.sub(r"[\s·]", "", text)


def tags(source):
    """The tags of a document, in order."""

    class Tags(HTMLParser):
        found = ()

        def handle_starttag(self, tag, attrs):
            self.found = (*self.found, (tag, tuple(attrs)))

    parser = Tags()
    parser.feed(source)
    parser.close()
    return parser.found


def elements(source):
    return set(re.findall(r'<\w+ [^<>]*data-element="(\w+)"', source))


# --- every letter, in every state, in both languages --------------------------------------------


def test_the_table_names_every_letter_and_every_letter_is_written_in_both_languages():
    folders = [folder for folder in LETTERS.iterdir() if folder.is_dir()]
    written = {folder.name: {file.stem for file in folder.glob("*.html")} for folder in folders}

    assert written == {letter: set(LANGUAGES) for letter, *_ in STATES}


@BOTH
@EVERY
def test_a_letter_renders_whole(letter, build, language):
    rendered = render(build(language=language), letter)

    assert rendered.html.startswith(f'<!DOCTYPE html>\n<html lang="{language}">')
    for leftover in ("None", "{{", "{%", "Undefined"):
        assert leftover not in rendered.html + rendered.text + rendered.subject
    name = FIRM.name_zh if language == ZH else FIRM.name_en
    for always in (REFERENCE, name, FIRM.telephone, FIRM.email):
        assert always in rendered.text


@BOTH
@EVERY
def test_text_and_html_say_the_same(letter, build, language):
    rendered = render(build(language=language), letter)

    assert packed(rendered.text) == shown(rendered.html)


@BOTH
@EVERY
def test_the_text_is_laid_out_for_reading(letter, build, language):
    text = render(build(language=language), letter).text

    assert text.endswith("\n")
    assert not text.startswith("\n")
    assert "\n\n\n" not in text
    assert all(line == line.strip() and "  " not in line for line in text.split("\n"))


def test_the_plain_text_reads_like_a_letter():
    case = a_report(language=EN)

    assert (
        render(case, "report_receipt").text
        == f"""\
Example Consumer Finance Co., Ltd.

About the matter you submitted

Hello,

On 2 March 2026 we received the matter you submitted. Its reference is {REFERENCE}.

It will be looked into carefully. It is handled by designated staff, and your details and what you sent us are \
kept strictly confidential.

If you have anything to add, please use the same way as before and give only the reference. Please keep this letter \
in a safe place.

Yours sincerely,

Example Consumer Finance Co., Ltd.
2 March 2026

Our reference: {REFERENCE}
Telephone: 021-5550 0000
E-mail: complaints@example.com
Address: 1 Example Road, Pudong, Shanghai
"""
    )


def test_lists_and_tables_keep_their_form_in_the_plain_text():
    text = render(a_decided_case(language=EN), "decision").text

    assert "\nYour complaint is\tupheld\nWhat we will do\trefund\nAmount\tCNY 128.50\n" in text
    assert "\n· Mediation: you may apply to" in text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>a <strong>b</strong> c</p>", "a b c\n"),
        ("<p><strong>a</strong> <em>b</em></p>", "a b\n"),
        ("<p>a\n   b\t c</p>", "a b c\n"),
        ("<p>张\u3000三</p>", "张\u3000三\n"),  # HTML keeps an ideographic space, so does the text
        ("<p>a<br>b</p>\n<p>c</p>", "a\nb\n\nc\n"),
        ("<ul>\n<li>a</li>\n<li>b</li>\n</ul>", "· a\n· b\n"),
        ("<head><title>t</title><style>p {}</style></head><p>a &lt;b&gt; &amp;amp;</p>", "a <b> &amp;\n"),
    ],
)
def test_the_text_part_is_made_from_the_html(source, text):
    assert _TextMaker.parse(source).text == text


def test_a_template_that_asks_for_something_unknown_is_an_error():
    with pytest.raises(UndefinedError):
        environment().from_string("{{ case.colour }}").render(case={})


def test_a_letter_is_the_same_after_it_was_stored():
    rendered = render(a_case(), "acknowledgement")

    stored = Rendered.load(rendered.dump())

    assert stored == rendered
    assert stored.sha256 == rendered.sha256
    assert Rendered(rendered.subject, rendered.text + " ", rendered.html).sha256 != rendered.sha256


# --- subjects -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("letter", "build", "zh", "en"),
    [
        ("acknowledgement", a_case, "受理告知书（编号：{}）", "We have received your complaint (reference {})"),
        ("report_receipt", a_report, "关于您提交的事项", "About the matter you submitted"),
        ("report_outcome", a_report, "关于您提交的事项", "About the matter you submitted"),
        ("suggestion_thanks", a_case, "感谢您的建议（编号：{}）", "Thank you for your suggestion (reference {})"),
        ("consultation_answer", a_consultation, "咨询答复（编号：{}）", "Our answer to your question (reference {})"),
        (
            "materials_request",
            a_materials_request,
            "补充材料通知（编号：{}）",
            "We need some more material from you (reference {})",
        ),
        ("decision", a_decided_case, "处理决定告知书（编号：{}）", "Our decision on your complaint (reference {})"),
        (
            "decline",
            a_declined_case,
            "不予受理告知书（编号：{}）",
            "Why we cannot accept your complaint (reference {})",
        ),
        (
            "follow_up_survey",
            a_case,
            "满意度回访（编号：{}）",
            "How did we handle your complaint? (reference {})",
        ),
    ],
)
def test_the_subject_says_what_the_letter_is_and_nothing_of_the_person(letter, build, zh, en):
    assert render(build(language=ZH), letter).subject == zh.format(REFERENCE)
    assert render(build(language=EN), letter).subject == en.format(REFERENCE)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"], ids=repr)
@BOTH
@EACH
def test_a_line_break_in_what_the_complainant_wrote_never_reaches_the_headers(letter, build, language, end):
    attack = f"x{end}Bcc: spy@example.cn{end}{end}<p>"
    case = build(language=language, product=attack, complainant={"name": attack, "contacts": [EMAIL]})

    rendered = render(case, letter)
    message = Post("1", letter, language, "<1@example.com>", EMAIL["value"], True, rendered).message(FIRM)

    assert len(rendered.subject.splitlines()) == 1
    assert "Bcc" not in rendered.subject
    assert set(message.keys()) == set(
        Post("1", letter, language, "<1@example.com>", EMAIL["value"], True, Rendered("s", "t", "h")).message(FIRM)
    )


# --- what other people wrote --------------------------------------------------------------------

HOSTILE = """<script>alert("1")</script> & 'quoted' <section data-element="verified"> {{ case }} {% raw %} &lt;b&gt;"""
NAMED = {"complainant": {"name": HOSTILE, "contacts": [EMAIL]}, "product": HOSTILE}
HARMLESS = {"complainant": {"name": "x", "contacts": [EMAIL]}, "product": "x"}

WRITTEN_BY_OTHERS = [
    ("acknowledgement", lambda words, **c: a_case(**c), 2),  # name and product
    ("suggestion_thanks", lambda words, **c: a_case(kind=Kind.SUGGESTION, **c), 2),
    ("consultation_answer", lambda words, **c: a_consultation(words=words, **c), 3),
    ("materials_request", lambda words, **c: a_materials_request(words, **c), 2),  # name and reasons
    ("decision", lambda words, **c: a_decided_case(found={"reasons": words}, decided={"reasons": words}, **c), 4),
]


@BOTH
@pytest.mark.parametrize(("letter", "build", "times"), WRITTEN_BY_OTHERS)
def test_what_people_wrote_is_words_in_the_html_and_stands_as_written_in_the_text(letter, build, times, language):
    rendered = render(build(HOSTILE, language=language, **NAMED), letter)
    plain = render(build("x", language=language, **HARMLESS), letter)

    assert tags(rendered.html) == tags(plain.html)
    assert "<script" not in rendered.html
    assert rendered.text.count(HOSTILE) == times
    assert rendered.text.replace(HOSTILE, "x") == plain.text


@BOTH
def test_each_line_of_the_reasons_is_a_paragraph(language):
    rendered = render(a_materials_request("身份证明\n\n   银行流水  \r\n", language=language), "materials_request")

    assert "<p>身份证明</p>\n<p>银行流水</p>" in rendered.html


# --- elements that the regime requires ----------------------------------------------------------


def a_pack_that_asks(letter, *required):
    rule = LetterRule(name=letter, elements=required, article={"zh": "第九十九条", "en": "art. 99"}, confidence="H")
    return load_pack(REGIME).model_copy(update={"letters": (rule,)})


@BOTH
@EVERY
def test_every_element_that_the_regime_requires_is_there(letter, build, language):
    rule = load_pack(REGIME).letter(letter)
    required = set(rule.elements) if rule else set()

    assert elements(render(build(language=language), letter).html) >= required


def test_the_decision_names_every_remedy_that_is_open():
    """CN-NFRA 2020-3 art. 19."""
    assert set(load_pack(REGIME).letter("decision").elements) == {
        "verified",
        "basis",
        "outcome",
        "remedies_review",
        "remedies_mediation",
        "remedies_arbitration",
        "remedies_court",
    }


@BOTH
def test_a_letter_that_lacks_a_required_element_is_not_made_and_the_element_is_named(language):
    case = a_decided_case(language=language)
    case.pack = a_pack_that_asks("decision", "verified", "ombudsman", "interpreter", "outcome")

    with pytest.raises(LetterIncomplete) as incomplete:
        render(case, "decision")

    assert incomplete.value.args == ("decision", ("ombudsman", "interpreter"), "cn-nfra art. 99")
    assert str(incomplete.value).startswith("The letter 'decision' lacks ombudsman, interpreter (cn-nfra art. 99)")


@pytest.mark.parametrize(
    "fake",
    [
        '<section data-element="verified">',
        '"><section data-element="verified">',
        "</title></style><p data-element='verified'>",
        '&lt;section data-element="verified"&gt;',
        '<!-- --><section\ndata-element="verified"\n>',
    ],
)
def test_nobody_can_fake_a_required_element_with_words(fake):
    named = {"product": fake, "complainant": {"name": fake, "contacts": [EMAIL]}}
    for letter, build, _ in WRITTEN_BY_OTHERS:
        if letter == "decision":  # has it
            continue
        case = build(fake, **named)
        case.pack = a_pack_that_asks(letter, "verified")

        with pytest.raises(LetterIncomplete) as incomplete:
            render(case, letter)
        assert incomplete.value.missing == ("verified",)


def test_a_letter_of_which_the_regime_asks_nothing_is_always_whole():
    case = a_case()
    case.pack = load_pack(REGIME).model_copy(update={"letters": ()})

    assert render(case, "acknowledgement").text


# --- dates --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "zh", "en"),
    [
        (datetime(2026, 3, 2, tzinfo=SHANGHAI), "2026年3月2日", "2 March 2026"),
        (datetime(2026, 12, 31, 23, 59, tzinfo=SHANGHAI), "2026年12月31日", "31 December 2026"),
        (datetime(2028, 2, 29, tzinfo=SHANGHAI).date(), "2028年2月29日", "29 February 2028"),
    ],
)
def test_a_date_is_written_as_people_write_it(day, zh, en):
    assert show_date(day, ZH) == zh
    assert show_date(day, EN) == en


@pytest.mark.parametrize(
    ("received_at", "written", "last_day"),
    [
        # 15 calendar days after the day of receipt, to its end: the first instant too late is midnight of the next
        (MONDAY, "2 March 2026", "17 March 2026"),
        (utc(2026, 3, 1, 15, 59), "1 March 2026", "16 March 2026"),
        (utc(2026, 3, 1, 16, 0), "2 March 2026", "17 March 2026"),  # midnight in Shanghai
        (utc(2026, 12, 20, 1, 0), "20 December 2026", "4 January 2027"),
    ],
)
def test_the_acknowledgement_names_the_last_day_that_is_in_time(received_at, written, last_day):
    text = render(a_case(now=received_at, language=EN), "acknowledgement", now=received_at).text

    assert f"We received your complaint on {written} and" in text
    assert f"tell you the result by {last_day} at the latest" in text


def test_the_acknowledgement_names_the_last_day_in_chinese_too():
    assert "我们最迟于2026年3月17日告知您办理结果" in render(a_case(language=ZH), "acknowledgement").text


@pytest.mark.parametrize(
    ("received_at", "last_day"),
    [
        (datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI), "3 March 2026"),  # due on the 3rd at 09:00
        (datetime(2026, 3, 2, 0, 0, tzinfo=SHANGHAI), "2 March 2026"),  # due on the 3rd at midnight: too late that day
        (datetime(2026, 3, 2, 0, 1, tzinfo=SHANGHAI), "3 March 2026"),
    ],
)
def test_a_limit_in_hours_ends_on_the_day_of_its_last_moment(received_at, last_day):
    in_a_day = a_pack('[[clocks]]\nname = "decision"\nbudget = 24\nunit = "hours"')
    case = a_case_under(in_a_day, now=received_at, language=EN)

    assert f"by {last_day} at the latest" in render(case, "acknowledgement").text


@given(st.integers(0, 14 * 366 * 24 * 60))
def test_the_day_in_the_letter_is_the_day_of_the_clock(minutes):
    received_at = utc(2021, 1, 1) + timedelta(minutes=minutes)
    case = a_case(now=received_at)
    last_day = received_at.astimezone(SHANGHAI).date() + timedelta(days=15)

    text = render(case, "acknowledgement", now=received_at).text
    assert f"我们最迟于{show_date(last_day, ZH)}告知您办理结果" in text


def test_a_letter_is_dated_on_the_firms_day_in_the_regimes_zone():
    late_in_the_evening = utc(2026, 3, 9, 16, 30)  # the 10th in Shanghai

    assert "\n2026年3月10日\n" in render(a_case(), "acknowledgement", now=late_in_the_evening).text


@pytest.mark.parametrize(
    ("now", "is_promised"),
    [
        (utc(2026, 3, 17, 15, 59), True),  # the last minute of the last day
        (utc(2026, 3, 17, 16, 0), False),
        (utc(2026, 9, 1), False),  # found in a drawer
    ],
)
def test_no_day_is_promised_that_has_passed(now, is_promised):
    text = render(a_case(), "acknowledgement", now=now).text

    assert ("最迟于2026年3月17日" in text) is is_promised
    assert ("有结果后立即告知您" in text) is not is_promised


@BOTH
def test_without_a_clock_no_date_is_promised(language):
    text = render(without_clocks(a_case(language=language)), "acknowledgement").text

    assert ("有结果后立即告知您" if language == ZH else "tell you the result at once") in text


def test_the_time_for_a_review_is_thirty_days():
    assert "within 30 days of receiving the decision" in render(a_decided_case(language=EN), "decision").text
    assert "自收到处理决定之日起30日内" in render(a_decided_case(), "decision").text


# --- amounts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "currency", "zh", "en"),
    [
        ("128.50", "CNY", "人民币128.50元", "CNY 128.50"),
        ("128.5", "CNY", "人民币128.50元", "CNY 128.50"),
        ("1234567.8", "HKD", "港币1,234,567.80元", "HKD 1,234,567.80"),
        ("0.01", "USD", "0.01美元", "USD 0.01"),
        ("7", "THB", "THB 7.00", "THB 7.00"),
        ("99999999999999.99", "CNY", "人民币99,999,999,999,999.99元", "CNY 99,999,999,999,999.99"),
    ],
)
@BOTH
def test_an_amount_is_written_with_its_currency_to_the_cent(amount, currency, zh, en, language):
    case = a_decided_case(decided={"amount": amount, "currency": currency}, language=language)
    written = f"\n金额\t{zh}\n" if language == ZH else f"\nAmount\t{en}\n"

    assert written in render(case, "decision").text


@BOTH
def test_a_remedy_that_pays_nothing_names_no_amount(language):
    case = a_decided_case(decided={"remedy": Remedy.APOLOGY, "amount": 0}, language=language)

    assert not re.search("CNY|人民币", render(case, "decision").text)


@BOTH
def test_without_a_remedy_nothing_is_announced(language):
    decided = {"outcome": Outcome.NOT_UPHELD, "remedy": Remedy.NONE, "amount": 0}
    text = render(a_decided_case(decided=decided, language=language), "decision").text

    assert ("处理措施" if language == ZH else "What we will do") not in text


# --- whom it addresses --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "language", "salutation"),
    [
        ("林知夏", ZH, "尊敬的林知夏："),
        ("Anna Li", EN, "Dear Anna Li,"),
        (None, ZH, "您好："),
        (None, EN, "Hello,"),
    ],
)
def test_a_letter_greets_by_name_where_there_is_one(name, language, salutation):
    case = a_case(language=language, complainant={"name": name, "contacts": [EMAIL]})

    assert f"\n\n{salutation}\n\n" in render(case, "acknowledgement").text


def test_a_letter_after_the_person_was_erased_greets_nobody():
    case = a_case()
    case.received = case.facts.model_copy(update={"complaint": None})

    assert "\n\n您好：\n\n" in render(case, "acknowledgement").text


@pytest.mark.parametrize(
    ("category", "zh", "en"),
    [
        ("fees", "消费者权益保护部", "Consumer Protection Department"),
        ("collection", "贷后管理部", "Collections Department"),
        ("claim", "理赔部", "Claims Department"),
        ("credit_report", "征信管理部", "Credit Records Department"),
        ("payment", "运营管理部", "Operations Department"),
    ],
)
@pytest.mark.parametrize("stage", [Stage.RECEIVED, Stage.ASSESSED])
def test_the_acknowledgement_names_the_department_that_will_handle_it(category, zh, en, stage):
    """It is written before the assessment is recorded, and must not name another department than that."""
    for language, name in ((ZH, zh), (EN, en)):
        case = a_case(category=category, language=language)
        expected = render(case, "acknowledgement").text
        if stage is Stage.ASSESSED:
            advance(case, stage, instead=[assess(case)])

        assert name in expected
        assert render(case, "acknowledgement").text == expected


@pytest.mark.parametrize("department", DEPARTMENTS)
def test_the_department_that_was_recorded_stands_whatever_today_s_lists_suggest(department):
    case = a_case(Stage.ASSESSED, instead=[an_act(acts.Assessed, department=department)])

    assert f"承办部门：{department_word(department, ZH)}。" in render(case, "acknowledgement").text


@pytest.mark.parametrize("department", DEPARTMENTS)
def test_a_department_has_a_name_in_both_languages(department):
    assert department_word(department, ZH) != department_word(department, EN)


# --- which letter acknowledges ------------------------------------------------------------------

REPORTING = "我要举报:客户经理受贿。"


@pytest.mark.parametrize(
    ("kind", "narrative", "letter"),
    [
        (Kind.COMPLAINT, "服务费扣了两次。", "acknowledgement"),
        (Kind.CONSULTATION, "请问如何提前还款?", "acknowledgement"),
        (Kind.SUGGESTION, "希望能增加夜间客服。", "suggestion_thanks"),
        (Kind.REPORT, "服务费扣了两次。", "report_receipt"),
        (Kind.COMPLAINT, REPORTING, "acknowledgement"),  # what the sender stated stands
        (None, "服务费扣了两次。", "acknowledgement"),
        (None, "请问如何提前还款?", "acknowledgement"),
        (None, "提个建议:希望能增加夜间客服。", "suggestion_thanks"),
        (None, REPORTING, "report_receipt"),
        (None, "I suggest a night line.", "suggestion_thanks"),
        (None, "A manager took bribes.", "report_receipt"),
    ],
)
def test_the_kind_decides_which_letter_acknowledges(kind, narrative, letter):
    assert acknowledgement_letter(a_case(kind=kind, narrative=narrative)) == letter


@pytest.mark.parametrize("kind", Kind)
def test_the_letter_is_the_same_before_and_after_the_assessment(kind):
    assert acknowledgement_letter(a_case(kind=kind)) == acknowledgement_letter(a_case(Stage.ASSESSED, kind=kind))


@pytest.mark.parametrize(
    ("kind", "narrative", "zh", "en"),
    [
        (Kind.COMPLAINT, "服务费扣了两次。", "您提出的投诉，", "your complaint on"),
        (Kind.CONSULTATION, "服务费怎么算?", "您提出的咨询，", "your consultation on"),
        (None, "请问服务费怎么算?", "您提出的咨询，", "your consultation on"),
        (None, "服务费扣了两次。", "您提出的投诉，", "your complaint on"),
    ],
)
def test_the_acknowledgement_calls_the_matter_what_it_is(kind, narrative, zh, en):
    for language, words in ((ZH, zh), (EN, en)):
        assert words in render(a_case(kind=kind, narrative=narrative, language=language), "acknowledgement").text


# --- confidential letters -----------------------------------------------------------------------

MARKS = {
    "complainant": {
        "name": "马可辨",
        "identity_number": "310101199001010011",
        "contacts": [EMAIL, PHONE, POST | {"value": "上海市徐汇区辨认路99号"}],
    },
    "representative": {
        "name": "戴理仁",
        "relation": "女儿",
        "authority": "委托书",
        "contacts": [{"kind": "phone", "value": "13900000202"}],
    },
    "contract": "HT-7788",
    "product": "辨认理财",
    "narrative": "举报:辨认的事。",
    "wanted": "辨认之后的事",
}
SECRETS = ("马可辨", "310101199001010011", EMAIL["value"], PHONE["value"], "辨认", "戴理仁", "13900000202", "HT-7788")
GIVEAWAYS = re.compile(r"举报|检举|揭发|信访|受贿|违规|合规部|report|whistle|complian|bribe|corrupt", re.IGNORECASE)


@BOTH
@pytest.mark.parametrize("letter", sorted(CONFIDENTIAL))
@pytest.mark.parametrize(
    "build",
    [a_report, lambda **c: a_report(Stage.INVESTIGATED, **c), lambda **c: a_case(kind=None, **c), a_case],
    ids=["a report", "examined", "of unknown kind", "even of a complaint"],
)
def test_a_confidential_letter_shows_neither_the_person_nor_that_it_is_a_report(build, letter, language):
    rendered = render(build(language=language, **MARKS), letter)

    everything = rendered.subject + rendered.text + rendered.html
    assert [secret for secret in SECRETS if secret in everything] == []
    assert GIVEAWAYS.findall(everything) == []


@BOTH
@pytest.mark.parametrize(
    "letter", ["acknowledgement", "suggestion_thanks", "materials_request", "follow_up_survey", "decline"]
)
@pytest.mark.parametrize("stated", [Kind.REPORT, None], ids=["stated", "of unknown kind"])
def test_no_letter_of_a_whistle_blowing_case_shows_the_person_or_that_it_is_a_report(letter, stated, language):
    """The flow sends a reporter other letters; this is what would happen if it ever did not."""
    rendered = render(a_case(kind=stated, language=language, **MARKS), letter)

    everything = rendered.subject + rendered.text + rendered.html
    assert [secret for secret in SECRETS if secret in everything] == []
    assert re.findall(r"举报|检举|report|whistle", everything, re.IGNORECASE) == []


@pytest.mark.parametrize("result", ReportResult)
def test_the_outcome_of_a_report_is_not_told_by_letter(result):
    told = {
        render(a_report(Stage.INVESTIGATED, instead=[an_act(acts.ReportExamined, result=one)]), "report_outcome").text
        for one in (result, ReportResult.CONFIRMED)
    }

    assert len(told) == 1


def test_a_confidential_letter_is_recognised_by_neither_length_nor_layout_of_a_name():
    """Two reporters' letters differ in nothing but the reference, which is the same here."""
    one = render(a_report(complainant={"name": "马可辨", "contacts": [EMAIL]}), "report_receipt")
    other = render(a_report(complainant={"contacts": [PHONE]}, product=None), "report_receipt")

    assert one == other


def test_a_case_received_later_the_same_day_has_the_same_letter():
    """No letter tells the time of day."""
    assert render(a_case(), "acknowledgement") == render(a_case(now=MONDAY + timedelta(hours=3)), "acknowledgement")
