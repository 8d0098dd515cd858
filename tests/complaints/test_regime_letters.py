"""Every letter that a regime asks for, in both languages, with everything that the regime requires of it."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from complaints import acts, timekeeping
from complaints.deadlines import last_day
from complaints.errors.letters import LetterIncomplete
from complaints.letters import render_letter, show_date
from complaints.reception import receive
from complaints.regimes.model import ClockRule, LetterRule, PauseRule
from complaints.regimes.rulebook import packaged_rulebook
from complaints.settings import Firm
from complaints.words import EN, LANGUAGES, ZH, Basis, Category, Conclusion, Kind, Outcome, Remedy, Stage, Title, Topic
from tests.builders import EMAIL, MONDAY, REFERENCE, TRANSFER, a_complaint, advance, an_act
from tests.complaints.test_letters import elements, packed, shown

FIRM = Firm()
RULES = packaged_rulebook()
PACKS = [pack for versions in RULES.packs.values() for pack in versions]
LETTERS = Path(__file__).parents[2] / "templates" / "letters"
NAME = "马可辨"
REASON = "需要等待清算机构提供入账记录。\n\n  预计还要两周。"
WHY = ["需要等待清算机构提供入账记录。", "预计还要两周。"]
LATER = MONDAY + timedelta(days=3)
BOTH = pytest.mark.parametrize("language", LANGUAGES)


def pack(name):
    return RULES.pack(name)


def a_case(lead, *further, stage=Stage.RECEIVED, language=ZH, instead=(), rules=RULES, **changes):
    """A case under a leading regime and others, come as far as ``stage``."""
    complaint = a_complaint(language=language, **{"complainant": {"name": NAME, "contacts": [EMAIL]}} | changes)
    case = receive(REFERENCE, lead, complaint, "crm", MONDAY, rules=rules, further=further)
    advance(case, stage, instead=instead)
    return case


def render(case, letter, round=1, now=LATER):
    return render_letter(case, letter, FIRM, now, round)


def required(case, letter, of=None):
    rule = (of or case.pack).letter(letter, lambda when: timekeeping.applies(case, when))
    return set(rule.elements) if rule else set()


def paused(case, clock="decision", name="appraisal", **changes):
    timekeeping.pause(case, clock, name, "li.wei", LATER, **{"reason": REASON, "proof": "JD-2026-18"} | changes)
    return case


def extended(case, clock, *tiers, promised_on=None):
    for tier in tiers:
        wanted = {"reason": REASON, "approver": "zhao.min", "promised_on": promised_on}
        timekeeping.extend(case, clock, tier, "li.wei", LATER, **wanted)
    return case


def with_pause(regime, rule):
    """The regime, whose clock for the answer knows another pause."""
    clocks = [one.model_copy(update={"pauses": (rule,)}) if one.name == "decision" else one for one in regime.clocks]
    return regime.model_copy(update={"clocks": tuple(clocks)})


# --- every letter, every regime, both languages --------------------------------------------------


def a_decline(lead, **changes):
    not_ours = [an_act(acts.Found, conclusion=Conclusion.NOT_OURS)]
    return a_case(lead, stage=Stage.INVESTIGATED, instead=not_ours, **changes)


def a_resolution(lead, **changes):
    case = a_case(lead, **changes)
    timekeeping.note(case, "resolved", LATER, "li.wei", LATER)
    return case


def a_review(lead, **changes):
    case = a_case(lead, stage=Stage.ANSWERED, **changes)
    timekeeping.note(case, "review_requested", LATER, "li.wei", LATER)
    return case


def transferred(language=ZH, **changes):
    """What an authority forwarded that is written to in the language of the test."""
    return changes | {"language": language, "transfer": TRANSFER | {"language": language}}


BUILT = {
    "acknowledgement": a_case,
    "decision": lambda lead, **changes: a_case(lead, stage=Stage.DECIDED, **changes),
    "decline": a_decline,
    "summary_resolution": a_resolution,
    "review_decision": a_review,
    "report_back": lambda lead, **changes: a_case(lead, stage=Stage.ANSWERED, **transferred(**changes)),
}
"""How a case comes to the moment at which a letter is written; notices have tests of their own."""

NOTICES = frozenset(
    one.letter for regime in PACKS for rule in regime.clocks for one in (*rule.extensions, *rule.pauses) if one.letter
)
REQUIRED = [
    pytest.param(regime, rule, id=f"{regime.name} {regime.version}: {rule.name}")
    for regime in PACKS
    for rule in regime.letters
    if rule.about not in NOTICES
]
TIERS = [
    pytest.param(regime, rule, tier, id=f"{regime.name}: {rule.name}, {tier.name}")
    for regime in PACKS
    for rule in regime.clocks
    for tier in rule.extensions
    if tier.letter
]


def test_every_letter_that_a_regime_requires_or_sends_is_written_and_tested_here():
    asked = {rule.about for regime in PACKS for rule in regime.letters}
    asked |= {path.letter for regime in PACKS for path in regime.paths if path.letter}

    assert asked - NOTICES == set(BUILT)
    assert {"extension_notice", "pause_notice"} == NOTICES
    for letter in asked | NOTICES:
        assert {file.stem for file in (LETTERS / letter).glob("*.html")} == set(LANGUAGES)


def test_every_part_belongs_to_a_regime_and_is_written_in_both_languages():
    for folder in (folder for letter in LETTERS.iterdir() if letter.is_dir() for folder in letter.iterdir()):
        if folder.is_dir():
            assert folder.name in RULES.packs
            assert {file.name for file in folder.iterdir()} == {f"{language}.html" for language in LANGUAGES}


@BOTH
@pytest.mark.parametrize(("regime", "rule"), REQUIRED)
def test_a_letter_has_every_element_that_its_regime_requires(regime, rule, language):
    case = BUILT[rule.about](regime, language=language, circumstances=rule.when.circumstances)

    rendered = render(case, rule.about)

    assert elements(rendered.html) >= set(rule.elements) == required(case, rule.about)
    assert_reads_well(rendered)


def a_tier(regime, rule, tier, **changes):
    """A case whose clock was extended by a tier, and by those that come before it."""
    tiers = [tier]
    while tiers[0].after:
        tiers.insert(0, rule.extension(tiers[0].after))
    stated = {*rule.when.circumstances, *(name for one in tiers for name in one.needs)}
    case = a_case(regime, circumstances=sorted(stated), **changes)
    promised = last_day(case.clocks[rule.name].due_at, regime.tz) + timedelta(days=20)
    return extended(case, rule.name, *(one.name for one in tiers), promised_on=promised if tier.by_date else None)


@BOTH
@pytest.mark.parametrize(("regime", "rule", "tier"), TIERS)
def test_an_extension_notice_names_the_limit_the_tier_the_article_the_reason_and_the_new_day(
    regime, rule, tier, language
):
    case = a_tier(regime, rule, tier, language=language)

    rendered = render(case, "extension_notice")

    assert elements(rendered.html) >= required(case, "extension_notice") | {"due"}
    for told in (rule.title, tier.title, tier.article, regime.title):
        assert told.word(language).lower() in rendered.text.lower()
    for line in WHY:
        assert f"\n{line}\n" in rendered.text
    for act in (acts.LetterPrepared, acts.LetterSent):  # from then on it counts
        case.record(an_act(act, letter="extension_notice", round=1), LATER)
    counts_until = last_day(case.clocks[rule.name].due_at, regime.tz)
    assert rendered.text.count(show_date(counts_until, language)) >= 2
    assert_reads_well(rendered)


@BOTH
def test_a_pause_notice_says_what_stands_still_why_and_that_the_time_is_not_counted(language):
    case = paused(a_case(pack("cn-nfra"), language=language))

    rendered = render(case, "pause_notice")

    assert elements(rendered.html) >= {"appraisal", "left_out", "reason"}
    rule = case.pack.clock("decision")
    for told in (rule.title, rule.pauses[0].title, rule.pauses[0].article, case.pack.title):
        assert told.word(language).lower() in rendered.text.lower()
    assert show_date(date(2026, 3, 5), language) in rendered.text
    assert ("不计入上述期限" if language == ZH else "not counted towards that time limit") in rendered.text
    assert ("向我们查询" if language == ZH else "ask us at any time for the new last day") in rendered.text
    assert ("自行恢复" if language == ZH else "by itself") not in rendered.text
    for line in WHY:
        assert f"\n{line}\n" in rendered.text
    assert_reads_well(rendered)


def assert_reads_well(rendered):
    everything = rendered.subject + rendered.html + rendered.text
    for leftover in ("None", "{{", "{%", "{#", "Undefined"):
        assert leftover not in everything
    assert packed(rendered.text) == shown(rendered.html)
    assert "\n\n\n" not in rendered.text
    assert rendered.subject.count(REFERENCE) == 1
    assert len(rendered.subject.splitlines()) == 1
    assert NAME not in rendered.subject
    assert len(re.findall(NAME, rendered.text)) == 1
    assert re.search(rf"\n(尊敬的{NAME}：|Dear {NAME},|.+上海监管局：|To: Shanghai Bureau .+)\n", rendered.text)
    headings = re.findall(r"<h2>([一二三四五六七八九]、|\d\.)", rendered.html)
    assert len(headings) == len(set(headings))
    if 'lang="zh-CN"' in rendered.html:
        text = rendered.text.replace("赔偿（补偿）", "")
        assert re.findall(r"[\u4e00-\u9fff][,:;()?!]|[,:;(?!][\u4e00-\u9fff]", text) == [], "half-width punctuation"


# --- the other letters of regimes that lead ------------------------------------------------------

LEADING = [
    "uk-disp",
    "au-rg271",
    "eu-base",
    "hk-hkma",
    "sg-fa",
    "in-rbi",
    "us-cfpb",
    "us-reg-e",
    "us-reg-x",
    "us-reg-z",
]
OF_CHINA = re.compile(
    r"核查|银行业|人民法院|公安|12378|征信业|人民银行|Banking and Insurance|people’s court|People’s Bank"
)


def letters_of(regime, language):
    """Every letter that any case can get, under a regime."""
    yield "acknowledgement", a_case(regime, language=language)
    for kind, letter in ((Kind.SUGGESTION, "suggestion_thanks"), (Kind.REPORT, "report_receipt")):
        yield letter, a_case(regime, kind=kind, language=language)
    for topic in Topic:
        case = a_case(regime, kind=Kind.CONSULTATION, stage=Stage.ASSESSED, language=language)
        case.record(acts.Replied(topic=topic), LATER)
        yield "consultation_answer", case
    case = a_case(regime, stage=Stage.UNDER_INVESTIGATION, language=language)
    case.record(acts.MaterialsRequested(reasons="回单"), LATER)
    yield "materials_request", case
    for remedy, outcome in ((Remedy.REFUND, Outcome.UPHELD), (Remedy.NONE, Outcome.NOT_UPHELD)):
        decided = an_act(acts.Decided, outcome=outcome, remedy=remedy, amount=remedy.is_money * 10, basis=Basis.RECORDS)
        yield "decision", a_case(regime, stage=Stage.DECIDED, language=language, instead=[decided])
    for conclusion in (one for one in Conclusion if one.declines):
        found = [an_act(acts.Found, conclusion=conclusion)]
        yield "decline", a_case(regime, stage=Stage.INVESTIGATED, language=language, instead=found)
    yield "follow_up_survey", a_case(regime, stage=Stage.PUT_RIGHT, language=language)


@BOTH
@pytest.mark.parametrize("regime", LEADING)
def test_no_letter_of_another_country_speaks_of_chinese_law(regime, language):
    for letter, case in letters_of(pack(regime), language):
        text = render(case, letter).text
        assert OF_CHINA.findall(text) == [], letter


@BOTH
def test_letters_under_the_chinese_measure_say_so(language):
    said = [render(case, letter).text for letter, case in letters_of(pack("cn-nfra"), language)]

    assert sum(bool(OF_CHINA.search(text)) for text in said) >= 6


@BOTH
@pytest.mark.parametrize("regime", LEADING)
def test_a_decision_always_says_what_can_be_done_about_it_or_whom_to_ask(regime, language):
    case = a_case(pack(regime), stage=Stage.DECIDED, language=language)

    rendered = render(case, "decision")

    assert ("\n四、" if language == ZH else "\n4. ") in rendered.text
    assert elements(rendered.html) >= {"verified", "basis", "outcome"}
    assert_reads_well(rendered)


@pytest.mark.parametrize(
    ("regime", "named"),
    [
        (
            "uk-disp",
            ["Financial Ombudsman Service", "within six months", "We do not waive", "leaflet", "final response"],
        ),
        ("au-rg271", ["AFCA", "1800 931 678"]),
        ("eu-base", ["alternative dispute resolution", "competent authority", "court"]),
        ("hk-hkma", ["FDRC"]),
        ("sg-fa", ["FIDReC"]),
        ("in-rbi", ["RBI Ombudsman", "within one year"]),
        ("us-cfpb", ["Steps taken", "Communications", "Follow-up", "Copies", "portal"]),
        ("us-reg-e", ["copies of the documents", "Regulation E"]),
        ("us-reg-x", ["copies of the documents", "telephone 021-5550 0000", "15 business days"]),
        ("us-reg-z", ["supervisory authority"]),
        ("cn-nfra", ["within 30 days", "mediation body", "arbitration clause", "people’s court"]),
    ],
)
def test_a_decision_names_the_ways_of_its_regime(regime, named):
    text = render(a_case(pack(regime), stage=Stage.DECIDED, language=EN), "decision").text

    assert [one for one in named if one not in text] == []


@BOTH
def test_provisional_credit_that_is_taken_back_is_told_beforehand(language):
    lost = an_act(acts.Decided, outcome=Outcome.NOT_UPHELD, remedy=Remedy.NONE, amount=0)
    said = "临时入账" if language == ZH else "credited to you provisionally"
    for stated, decided, expected in (((), lost, 0), (("provisional_credit_given",), lost, 1)):
        case = a_case(pack("us-reg-e"), stage=Stage.DECIDED, language=language, circumstances=stated, instead=[decided])
        assert render(case, "decision").text.count(said) == expected


@BOTH
@pytest.mark.parametrize("stated", [(), ("payment_service",)])
def test_the_acknowledgement_in_the_united_kingdom_names_the_limit_that_applies(stated, language):
    text = render(a_case(pack("uk-disp"), language=language, circumstances=stated), "acknowledgement").text

    eight_weeks, days = ("八周", "15个工作日") if language == ZH else ("eight weeks", "15 business days")
    assert (days in text) is bool(stated)
    assert (eight_weeks in text) is not bool(stated)


@BOTH
def test_only_the_eight_week_letter_sends_to_the_ombudsman_at_once(language):
    disp = pack("uk-disp")
    now = "现在就可以" if language == ZH else "Service now"
    told = {
        clock: render(a_tier(disp, disp.clock(clock), disp.clock(clock).extensions[0], language=language), letter)
        for clock in ("decision", "decision-payment")
        for letter in ["extension_notice"]
    }

    assert now in told["decision"].text
    assert now not in told["decision-payment"].text
    assert "financial-ombudsman.org.uk" in told["decision-payment"].text


@BOTH
def test_a_summary_resolution_outside_the_united_kingdom_names_no_ombudsman(language):
    base = pack("uk-disp")
    other = base.model_copy(update={"name": "elsewhere", "letters": ()})

    rendered = render(a_resolution(other, language=language), "summary_resolution")

    assert elements(rendered.html) == {"complaint_made", "considered_resolved"}
    assert "mbudsman" not in rendered.text
    assert "申诉专员" not in rendered.text
    assert ("仲裁、诉讼" if language == ZH else "go to court") in rendered.text


@BOTH
def test_a_summary_resolution_says_what_was_agreed(language):
    case = a_resolution(pack("uk-disp"), language=language)
    amount = "人民币128.50元" if language == ZH else "CNY 128.50"
    assert amount not in render(case, "summary_resolution").text

    advance(case, Stage.DECIDED)

    assert f"\t{amount}\n" in render(case, "summary_resolution").text


# --- a review ------------------------------------------------------------------------------------


def test_a_review_that_changes_nothing_says_that_the_decision_stands():
    text = render(a_review(pack("cn-nfra")), "review_decision").text

    assert "我们于2026年3月5日收到您的书面核查申请" in text
    assert "于2026年3月2日将处理决定告知您，没有超过规定的时限。" in text
    assert "维持原处理决定" in text
    assert "人民法院" in text


def test_a_review_that_changes_the_decision_announces_a_new_one():
    case = a_review(pack("cn-nfra"))
    case.record(an_act(acts.Closed), LATER)
    case.record(acts.Reopened(reason="review"), LATER + timedelta(days=9))

    text = render(case, "review_decision").text
    assert "新的处理决定将另行书面告知您" in text
    assert "维持" not in text


def test_a_review_owns_up_to_a_limit_that_was_missed():
    late = MONDAY + timedelta(days=40)
    case = a_case(pack("cn-nfra"), stage=Stage.DECIDED, language=EN)
    case.watch("decision", late)
    case.record(acts.Answered(), late)
    timekeeping.note(case, "review_requested", late, "li.wei", late)

    assert "The time limit was not kept." in render(case, "review_decision", now=late).text


# --- several regimes on a case -------------------------------------------------------------------


@BOTH
def test_a_decision_has_what_every_regime_of_the_case_requires(language):
    lead, further = pack("us-cfpb"), (pack("us-reg-e"), pack("us-reg-x"))
    assessed = an_act(acts.Assessed, category=Category.PAYMENT)
    stated = ["mortgage_servicing"]
    case = a_case(lead, *further, stage=Stage.DECIDED, language=language, instead=[assessed], circumstances=stated)
    assert [one.name for one in case.packs] == ["us-cfpb", "us-reg-e", "us-reg-x"]

    rendered = render(case, "decision")

    for one in case.packs:
        assert elements(rendered.html) >= required(case, "decision", one) > set()
    assert re.findall(r"<h2>(?:\d\. |([一二三四五六七])、)", rendered.html)[3:] == (
        ["四", "五", "六"] if language == ZH else [""] * 3
    )
    assert_reads_well(rendered)


def asking(regime, letter, *required, when=None):
    rule = LetterRule(
        name=letter, elements=required, article={"zh": "第九十九条", "en": "art. 99"}, confidence="H", **when or {}
    )
    return regime.model_copy(update={"letters": (rule,), "when": regime.when.model_validate({})})


def test_a_letter_is_refused_for_what_any_regime_of_the_case_requires():
    further = asking(pack("cn-pbc"), "decision", "outcome", "interpreter", "ombudsman")
    more = asking(pack("cn-credit"), "decision", "interpreter")
    case = a_case(pack("cn-nfra"), stage=Stage.DECIDED)
    case.further = (further, more)

    with pytest.raises(LetterIncomplete) as incomplete:
        render(case, "decision")

    assert incomplete.value.args == (
        "decision",
        ("interpreter", "ombudsman"),
        "cn-pbc art. 99; cn-credit art. 99",
    )


def test_a_rule_that_does_not_concern_the_case_asks_for_nothing():
    only_major = {"when": {"severities": ["major"]}}
    case = a_case(pack("cn-nfra"), stage=Stage.DECIDED)
    case.further = (asking(pack("cn-pbc"), "decision", "interpreter", when=only_major),)

    assert render(case, "decision").text


@BOTH
def test_an_overlay_gets_the_part_of_the_regime_it_is_laid_over(language):
    national = pack("eu-base").model_copy(update={"name": "eu-example", "extends": "eu-base"})
    firm = national.model_copy(update={"name": "our-own", "extends": "eu-example"})
    rules = RULES.with_packs([national, firm])

    for lead in (national, firm):
        case = a_case(lead, stage=Stage.DECIDED, language=language, rules=rules)
        assert "next_options" in elements(render(case, "decision").html)


@BOTH
def test_a_part_is_not_said_twice(language):
    over = pack("eu-base").model_copy(update={"name": "eu-example", "extends": "eu-base"})
    case = a_case(pack("eu-base"), stage=Stage.DECIDED, language=language)
    case.further = (over,)

    assert render(case, "decision").html.count('data-element="next_options"') == 1


# --- notices of a further regime, and a second one -----------------------------------------------


def forwarded(**changes):
    """A complaint that the regulator forwarded, under both Chinese measures."""
    return a_case(pack("cn-nfra"), pack("cn-pbc"), **{"channel": "regulator"} | changes)


@BOTH
def test_a_notice_of_a_further_regime_s_clock_follows_that_regime(language):
    case = extended(forwarded(language=language), "cn-pbc/reply", "complex")

    rendered = render(case, "extension_notice")

    rule, regime = pack("cn-pbc").clock("reply"), pack("cn-pbc")
    for told in (rule.title, rule.extensions[0].title, rule.article, regime.title):
        assert told.word(language).lower() in rendered.text.lower()
    assert show_date(date(2026, 5, 1), language) in rendered.text  # 60 days from 2 March
    assert case.pack.title.word(language) not in rendered.text
    assert elements(rendered.html) >= {"reason", "due"}
    assert_reads_well(rendered)


def test_what_the_leading_regime_asks_of_a_notice_is_not_asked_of_another_regime_s():
    case = extended(forwarded(), "cn-pbc/reply", "complex")
    case.pack = asking(case.pack, "extension_notice", "ombudsman")

    assert render(case, "extension_notice").text


def test_a_notice_without_the_reason_that_its_regime_asks_for_is_refused():
    case = forwarded()
    timekeeping.extend(case, "cn-pbc/reply", "complex", "li.wei", LATER, reason="", approver="zhao.min")

    with pytest.raises(LetterIncomplete) as incomplete:
        render(case, "extension_notice")
    assert incomplete.value.args == ("extension_notice", ("reason",), "cn-pbc art. 43")


@BOTH
def test_a_longer_limit_of_one_regime_does_not_move_the_stricter_one_of_another(language):
    case = extended(forwarded(language=language), "cn-pbc/reply", "complex")

    text = render(case, "extension_notice").text

    day = show_date(date(2026, 3, 17), language)
    assert (f"我们仍最迟于{day}答复您" if language == ZH else f"still answer you by {day} at the latest") in text
    assert text.count(show_date(date(2026, 5, 1), language)) == 1  # in the table, and promised nowhere


@BOTH
def test_a_stricter_limit_that_has_passed_is_not_promised(language):
    case = extended(forwarded(language=language), "cn-pbc/reply", "complex")

    text = render(case, "extension_notice", now=MONDAY + timedelta(days=20)).text
    assert show_date(date(2026, 3, 17), language) not in text


@BOTH
def test_the_second_notice_tells_of_the_second_extension(language):
    case = extended(forwarded(language=language, circumstances=["complex", "special_cause"]), "cn-pbc/reply", "complex")
    extended(case, "decision", "complex", "special")
    assert case.notices == (("extension_notice", 1), ("extension_notice", 2))

    first, second = (render(case, "extension_notice", round).text for round in (1, 2))

    assert pack("cn-pbc").title.word(language) in first
    assert pack("cn-nfra").title.word(language) in second
    assert pack("cn-pbc").title.word(language) not in second
    # 30 days in all, and 30 more
    assert show_date(date(2026, 5, 1), language) in second
    special = pack("cn-nfra").clock("decision").extension("special")
    assert special.title.word(language).lower() in second.lower()


@BOTH
def test_a_notice_of_a_further_regime_s_pause_names_that_limit_and_the_ones_that_run_on(language):
    further = pack("cn-pbc")
    pause = pack("cn-nfra").clock("decision").pauses[0]
    clocks = [one.model_copy(update={"pauses": (pause,)}) if one.name == "reply" else one for one in further.clocks]
    further = further.model_copy(update={"clocks": tuple(clocks)})
    rules = RULES.with_packs([further])
    case = a_case(pack("cn-nfra"), further, rules=rules, language=language, channel="regulator")

    rendered = render(paused(case, "cn-pbc/reply"), "pause_notice")

    assert further.clock("reply").title.word(language).lower() in rendered.text.lower()
    day = show_date(date(2026, 3, 17), language)
    assert (f"我们仍最迟于{day}答复您" if language == ZH else f"still answer you by {day}") in rendered.text


@BOTH
def test_a_pause_that_is_capped_says_when_the_clock_goes_on_by_itself(language):
    known = pack("cn-nfra").clock("decision").pauses[0]
    capped = PauseRule.model_validate(known.model_dump() | {"cap_days": 30})

    case = paused(a_case(with_pause(pack("cn-nfra"), capped), language=language))

    text = render(case, "pause_notice").text
    day = show_date(date(2026, 4, 4), language)  # thirty days from the 5th of March
    assert (f"最迟自{day}起自行恢复计算" if language == ZH else f"runs on by itself from {day}") in text


@BOTH
def test_a_notice_without_a_reason_leaves_that_section_out(language):
    rendered = render(paused(a_case(pack("cn-nfra"), language=language), reason=None), "pause_notice")

    assert "reason" not in elements(rendered.html)
    assert_reads_well(rendered)


@pytest.mark.parametrize("letter", sorted(NOTICES))
def test_a_notice_that_has_nothing_to_tell_is_not_made(letter):
    """The period began anew before the notice went out: what it was to say is no longer so."""
    case = a_case(pack("cn-nfra"), circumstances=["complex", "special_cause"])
    extended(case, "decision", "complex", "special")
    paused(case)
    assert render(case, letter).text

    timekeeping.resume(case, "decision", "li.wei", LATER)
    timekeeping.note(case, "new_facts", LATER, "li.wei", LATER)

    with pytest.raises(LetterIncomplete, match=f"The letter '{letter}' lacks notice .* has a pause or extension"):
        render(case, letter)


@BOTH
def test_a_notice_to_a_reporter_shows_neither_the_person_nor_what_the_limit_is_for(language):
    revealing = Title(zh="举报核实", en="looking into a report")
    lead = pack("cn-nfra")
    clocks = [one.model_copy(update={"title": revealing}) if one.name == "decision" else one for one in lead.clocks]
    lead = lead.model_copy(update={"clocks": tuple(clocks)})

    rendered = render(paused(a_case(lead, kind=Kind.REPORT, language=language)), "pause_notice")

    everything = rendered.subject + rendered.html
    assert NAME not in everything
    assert "轻舟消费贷" not in everything
    assert re.findall(r"举报|report", everything, re.IGNORECASE) == []


def test_a_hostile_reason_is_words():
    hostile = '<script>alert(1)</script><p data-element="due">{{ case }}'
    rendered = render(paused(a_case(pack("cn-nfra")), reason=hostile), "pause_notice")

    assert "<script" not in rendered.html
    assert "due" not in elements(rendered.html)
    assert f"\n{hostile}\n" in rendered.text


def test_every_clock_that_sends_a_notice_was_looked_at():
    assert all(isinstance(param.values[1], ClockRule) for param in TIERS)
    assert len(TIERS) >= 10
