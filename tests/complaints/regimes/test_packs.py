from datetime import date
from importlib import resources

import pytest

from complaints.acts import ACTS
from complaints.calendars.files import packaged_names
from complaints.contacts.rules import CoolDownRule, FrequencyRule, HoursRule
from complaints.deadlines import Unit
from complaints.regimes.files import check, facts_of, packaged, packaged_files, read_pack
from complaints.regimes.model import (
    ANY_CASE,
    NO_LADDER,
    USUAL_LADDERS,
    Condition,
    Duty,
    LetterRule,
    Nature,
    Pack,
    Role,
)
from complaints.regimes.rulebook import load_pack, packaged_rulebook
from complaints.words import LANGUAGES, Category, Channel, PartyType, Severity

BOOK = packaged_rulebook()
PACKS = [pytest.param(pack, id=f"{pack.name} {pack.version}") for pack in packaged()]
NAMES = {
    "cn-nfra", "cn-pbc", "cn-credit", "cn-pipl", "cn-collections", "uk-disp", "au-rg271", "us-cfpb", "us-reg-e",
    "us-reg-f", "us-reg-x", "us-reg-z", "us-fcra", "eu-base", "hk-hkma", "sg-fa", "in-rbi",
}  # fmt: skip

LEADING = {"cn-nfra", "uk-disp", "au-rg271", "us-cfpb", "eu-base", "hk-hkma", "sg-fa", "in-rbi"}
"""The packs that a firm may handle its complaints by; the others stand beside one of these."""

LATER_LETTERS = {"extension_notice", "pause_notice", "summary_resolution", "review_decision"}

H, C, W, K, M = Unit.HOURS, Unit.CALENDAR_DAYS, Unit.WORKING_DAYS, Unit.WEEKS, Unit.MONTHS

# regime, version, clock, budget, unit, confidence; a "?" marks what no text was read for
FIGURES = [
    ("cn-nfra", "2020-3", "acknowledgement", 24, H, "L?"),
    ("cn-nfra", "2020-3", "decision", 15, C, "H"),
    ("cn-nfra", "2020-3", "follow-up", 7, C, "L"),
    ("cn-nfra", "2020-3", "review-request", 30, C, "H"),
    ("cn-nfra", "2020-3", "review", 30, C, "M?"),
    ("cn-nfra", "2020-3", "regulator-forwarding", 7, W, "L?"),
    ("cn-nfra", "2020-3", "report-back", 15, C, "L?"),
    ("cn-collections", "2025-45251", "report-back", 15, C, "L?"),
    ("cn-pbc", "2020-5", "report-back", 15, C, "M?"),
    ("cn-pbc", "2020-5", "reply", 15, C, "H"),
    ("cn-pbc", "2020-5", "branch-forwarding", 7, W, "M?"),
    ("cn-pbc", "2020-5", "authority-answer", 7, W, "H"),
    ("cn-pbc", "2020-5", "data-leak", 72, H, "H"),
    ("cn-credit", "2013", "objection", 20, C, "H"),
    ("cn-credit", "2013", "regulator-answer", 30, C, "H"),
    ("cn-pipl", "2021", "rights-request", 30, C, "L?"),
    ("uk-disp", "2026-06", "acknowledgement", 5, W, "L?"),
    ("uk-disp", "2026-06", "informal-resolution", 3, W, "H"),
    ("uk-disp", "2026-06", "decision", 8, K, "H"),
    ("uk-disp", "2026-06", "decision-payment", 15, W, "H"),
    ("uk-disp", "2026-06", "ombudsman-referral", 6, M, "H"),
    ("uk-disp", "2026-06", "ombudsman-after-summary", 6, M, "H"),
    ("uk-disp", "2026-06", "ombudsman-six-years", 72, M, "L?"),
    ("uk-disp", "2026-06", "ombudsman-three-years", 36, M, "L?"),
    ("uk-disp", "2026-06", "follow-up", 7, C, "L"),
    ("au-rg271", "2021-10", "acknowledgement", 24, H, "H"),
    ("au-rg271", "2021-10", "decision", 30, C, "H"),
    ("au-rg271", "2021-10", "decision-super", 45, C, "H"),
    ("au-rg271", "2021-10", "decision-death-benefit", 90, C, "M?"),
    ("au-rg271", "2021-10", "decision-credit", 21, C, "H"),
    ("au-rg271", "2021-10", "early-closure", 5, W, "H"),
    ("au-rg271", "2021-10", "afca-referral", 21, C, "H"),
    ("au-rg271", "2021-10", "follow-up", 7, C, "L"),
    ("us-cfpb", "2015-05", "decision", 15, C, "H"),
    ("us-cfpb", "2015-05", "final-response", 60, C, "H"),
    ("us-cfpb", "2015-05", "investigation-priority", 30, C, "M"),
    ("us-cfpb", "2015-05", "publication", 15, C, "M"),
    ("us-cfpb", "2015-05", "follow-up", 7, C, "L"),
    ("us-reg-e", "2026-03", "consumer-notice", 60, C, "H"),
    ("us-reg-e", "2026-03", "written-confirmation", 10, W, "H"),
    ("us-reg-e", "2026-03", "determination", 10, W, "H"),
    ("us-reg-e", "2026-03", "determination-new-account", 20, W, "H"),
    ("us-reg-e", "2026-03", "tell-provisional-credit", 2, W, "H"),
    ("us-reg-e", "2026-03", "report-result", 3, W, "H"),
    ("us-reg-e", "2026-03", "correction", 1, W, "H"),
    ("us-reg-e", "2026-03", "remittance-determination", 90, C, "H"),
    ("us-reg-e", "2026-03", "remittance-report", 3, W, "H"),
    ("us-reg-z", "2026-03", "consumer-notice", 60, C, "H"),
    ("us-reg-z", "2026-03", "acknowledgement", 30, C, "H"),
    ("us-reg-z", "2026-03", "resolution", 90, C, "H"),
    ("us-reg-z", "2026-03", "resolution-cycles", 2, M, "L"),
    ("us-reg-x", "2026-03", "acknowledgement", 5, W, "H"),
    ("us-reg-x", "2026-03", "response", 30, W, "H"),
    ("us-reg-x", "2026-03", "response-payoff", 7, W, "H"),
    ("us-reg-x", "2026-03", "response-foreclosure", 30, W, "H"),
    ("us-reg-x", "2026-03", "documents", 15, W, "H"),
    ("us-reg-x", "2026-03", "early-correction", 5, W, "H"),
    ("us-reg-x", "2026-03", "refusal-notice", 5, W, "H"),
    ("us-reg-x", "2026-03", "no-adverse-reporting", 60, C, "H"),
    ("us-reg-x", "2026-03", "information-acknowledgement", 5, W, "H"),
    ("us-reg-x", "2026-03", "information-owner", 10, W, "H"),
    ("us-reg-x", "2026-03", "information", 30, W, "H"),
    ("us-reg-f", "2026-03", "validation", 30, C, "H"),
    ("us-fcra", "2026", "dispute", 30, C, "L?"),
    ("eu-base", "2018", "decision", 15, W, "L"),
    ("eu-base", "2018", "decision-payment", 15, W, "H"),
    ("eu-base", "2018", "follow-up", 7, C, "L"),
    ("hk-hkma", "2023", "acknowledgement", 7, C, "M"),
    ("hk-hkma", "2023", "decision", 30, C, "M"),
    ("hk-hkma", "2023", "follow-up", 7, C, "L"),
    ("sg-fa", "2021", "acknowledgement", 2, W, "H"),
    ("sg-fa", "2021", "decision", 20, W, "H"),
    ("sg-fa", "2021", "follow-up", 7, C, "L"),
    ("in-rbi", "2021", "decision", 30, C, "M"),
    ("in-rbi", "2021", "internal-ombudsman", 20, C, "L"),
    ("in-rbi", "2021", "internal-ombudsman-bureau", 25, C, "L"),
    ("in-rbi", "2021", "unanswered", 30, C, "H"),
    ("in-rbi", "2021", "ombudsman", 12, M, "H"),
    ("in-rbi", "2021", "credit-information", 30, C, "M"),
    ("in-rbi", "2021", "delay-compensation", 5, W, "M"),
    ("in-rbi", "2021", "follow-up", 7, C, "L"),
    ("in-rbi", "2026", "decision", 30, C, "H"),
    ("in-rbi", "2026", "internal-ombudsman", 20, C, "M"),
    ("in-rbi", "2026", "internal-ombudsman-bureau", 25, C, "M"),
    ("in-rbi", "2026", "unanswered", 30, C, "M"),
    ("in-rbi", "2026", "ombudsman", 12, M, "M"),
    ("in-rbi", "2026", "appeal", 30, C, "H"),
    ("in-rbi", "2026", "credit-information", 30, C, "M"),
    ("in-rbi", "2026", "delay-compensation", 5, W, "M"),
    ("in-rbi", "2026", "follow-up", 7, C, "L"),
]

# regime, clock, tier, how much, in which unit, of the whole, named by the firm, confidence
TIERS = [
    ("cn-nfra", "decision", "complex", 30, None, True, False, "H"),
    ("cn-nfra", "decision", "special", 30, None, False, False, "H"),
    ("cn-pbc", "reply", "complex", 60, None, True, False, "H"),
    ("cn-nfra", "report-back", "agreed", None, None, False, True, "L?"),
    ("cn-pbc", "report-back", "agreed", None, None, False, True, "L?"),
    ("cn-collections", "report-back", "agreed", None, None, False, True, "L?"),
    ("uk-disp", "decision", "delay-letter", None, None, False, True, "H"),
    ("uk-disp", "decision-payment", "holding-response", 35, None, True, False, "H"),
    ("au-rg271", "decision", "delay", None, None, False, True, "H"),
    ("au-rg271", "decision-super", "delay", None, None, False, True, "H"),
    ("au-rg271", "decision-credit", "information-missing", None, None, False, True, "H"),
    ("au-rg271", "decision-credit", "agreement-reached", None, None, False, True, "H"),
    ("au-rg271", "afca-referral", "afca-more-time", 7, None, False, False, "H"),
    ("us-reg-e", "determination", "provisional-credit", 45, C, True, False, "H"),
    ("us-reg-e", "determination", "foreign", 90, C, True, False, "H"),
    ("us-reg-e", "determination", "point-of-sale", 90, C, True, False, "H"),
    ("us-reg-e", "determination-new-account", "new-account", 90, C, True, False, "H"),
    ("us-reg-x", "response", "fifteen-more", 15, None, False, False, "H"),
    ("us-reg-x", "information", "fifteen-more", 15, None, False, False, "H"),
    ("us-fcra", "dispute", "forty-five", 45, None, True, False, "L?"),
    ("eu-base", "decision", "delay", None, None, False, True, "H"),
    ("eu-base", "decision-payment", "holding-reply", 35, None, True, False, "H?"),
    ("hk-hkma", "decision", "interim-reply", 60, None, False, True, "M"),
    ("sg-fa", "decision", "delay-letter", None, None, False, True, "H"),
]

# regime, version, rule, years, from, confidence
KEPT = [
    ("cn-nfra", "2020-3", "case-files", 5, "closed", "L?"),
    ("cn-pbc", "2020-5", "complaint-files", 3, "closed", "H"),
    ("cn-credit", "2013", "credit-complaints", 10, "closed", "L"),
    ("cn-pipl", "2021", "impact-assessments", 3, "impact_assessed", "H"),
    ("cn-collections", "2025-45251", "collection-records", 5, "closed", "M"),
    ("uk-disp", "2026-06", "complaint-records", 3, "received", "H"),
    ("uk-disp", "2026-06", "ucits-records", 5, "received", "H"),
    ("uk-disp", "2026-06", "mifid-records", 5, "received", "M?"),
    ("au-rg271", "2021-10", "complaint-records", 7, "closed", "L?"),
    ("us-reg-e", "2026-03", "evidence", 2, "closed", "M"),
    ("us-reg-z", "2026-03", "evidence", 2, "closed", "M"),
    ("us-reg-x", "2026-03", "after-discharge", 1, "loan_discharged", "H"),
    ("us-reg-x", "2026-03", "after-transfer", 1, "servicing_transferred", "H"),
    ("us-reg-f", "2026-03", "collection-records", 3, "last_collection", "H"),
    ("us-reg-f", "2026-03", "call-recordings", 3, "call_recorded", "H"),
    ("sg-fa", "2021", "complaint-records", 5, "resolved", "H"),
]


def sure(fact):
    return fact.confidence + ("?" if fact.unread else "")


def a_letter_rule(**changes):
    values = {
        "name": "decision",
        "elements": ("outcome",),
        "article": {"zh": "第一条", "en": "art. 1"},
        "confidence": "H",
    }
    return LetterRule.model_validate(values | changes)


# --- all packs -----------------------------------------------------------------------------------


def test_the_packs_of_every_regime_come_along():
    assert {pack.name for pack in packaged()} == NAMES


@pytest.mark.parametrize("file", packaged_files())
def test_a_packaged_pack_is_named_as_its_file_and_fits_together(file):
    text = packaged_files()[file]

    pack = read_pack(text, file)

    assert file.startswith(pack.name)
    assert check(pack, text, calendars=packaged_names()) == []


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_says_in_both_languages_what_it_is_and_that_it_is_no_legal_advice(pack):
    assert pack.title.zh
    assert pack.title.en
    assert pack.note.zh.startswith("事实摘录，不构成法律意见。")
    assert pack.note.en.startswith("Facts, not legal advice.")
    assert pack.tz.key == pack.zone


@pytest.mark.parametrize("pack", PACKS)
def test_every_fact_has_a_title_and_an_article_in_both_languages(pack):
    for place, fact in facts_of(pack):
        assert all(words.strip() for words in (fact.article.zh, fact.article.en)), place
        assert all(words.strip() for words in (fact.title.zh, fact.title.en)), place


@pytest.mark.parametrize("pack", PACKS)
def test_whatever_is_not_a_sure_fact_that_was_read_is_to_be_verified(pack):
    for place, fact in facts_of(pack):
        assert fact.to_verify is (fact.confidence in "ML" or fact.unread), place


@pytest.mark.parametrize("pack", PACKS)
def test_a_sure_fact_names_its_source(pack):
    assert [place for place, fact in facts_of(pack) if not (fact.refs or fact.to_verify)] == []


@pytest.mark.parametrize("pack", PACKS)
def test_a_fact_for_which_no_text_was_read_says_so_in_words(pack):
    unread = [(place, fact) for place, fact in facts_of(pack) if fact.unread]

    assert [place for place, fact in unread if fact.source is None and place[0] != "provisions"] == []


@pytest.mark.parametrize("pack", PACKS)
def test_a_duty_to_answer_ends_with_the_answer_and_with_closing_the_case(pack):
    for rule in pack.clocks:
        if rule.nature is Nature.DUTY and "answered" in rule.ends and rule.starts in ("received", "decided"):
            assert "closed" in rule.ends, rule.name


@pytest.mark.parametrize("pack", PACKS)
def test_a_clock_has_a_name_that_fits_its_column_beside_its_regime(pack):
    assert all(len(f"{pack.name}/{rule.name}") <= 80 for rule in pack.clocks)


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_that_can_lead_has_the_clocks_that_a_case_is_handled_by(pack):
    if pack.name in LEADING:
        assert pack.clock("decision").duty is Duty.ANSWER
        assert pack.clock("follow-up").nature is Nature.WAIT


@pytest.mark.parametrize("pack", PACKS)
def test_every_event_of_a_pack_is_used_by_one_of_its_rules(pack):
    used = {name for rule in pack.clocks for name in (rule.starts, *rule.ends, *rule.restarts)}
    used |= {path.on for path in pack.paths} | {rule.starts for rule in pack.retention}

    assert {event.name for event in pack.events} <= used
    assert not used - {event.name for event in pack.events} - set(ACTS)


@pytest.mark.parametrize("pack", PACKS)
def test_a_letter_that_a_pack_speaks_of_is_known(pack):
    folder = resources.files("templates") / "letters"
    known = {entry.name for entry in folder.iterdir() if not entry.name.startswith("_")} | LATER_LETTERS
    tiers = [one for rule in pack.clocks for one in (*rule.extensions, *rule.pauses)]

    spoken_of = {one.letter for one in (*tiers, *pack.paths) if one.letter} | {rule.about for rule in pack.letters}

    assert spoken_of <= known
    assert all(rule.elements for rule in pack.letters)


@pytest.mark.parametrize("rule", load_pack("cn-nfra").letters, ids=lambda rule: rule.name)
def test_a_letter_of_the_home_market_that_is_not_still_to_come_exists_in_both_languages(rule):
    for language in LANGUAGES:
        there = (resources.files("templates") / "letters" / rule.about / f"{language}.html").is_file()
        assert there or rule.about in LATER_LETTERS


# --- figures -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("regime", "version", "clock", "budget", "unit", "confidence"), FIGURES)
def test_the_limit_of_a_clock_is(regime, version, clock, budget, unit, confidence):
    rule = BOOK.pack(regime, version).clock(clock)

    assert (rule.budget, rule.unit, sure(rule)) == (budget, unit, confidence)


def test_the_table_of_limits_names_every_clock():
    assert [row[:3] for row in FIGURES] == list(dict.fromkeys(row[:3] for row in FIGURES))
    assert {row[:3] for row in FIGURES} == {
        (pack.name, pack.version, rule.name) for pack in packaged() for rule in pack.clocks
    }


@pytest.mark.parametrize(("regime", "clock", "tier", "budget", "unit", "total", "by_date", "confidence"), TIERS)
def test_the_limit_of_a_clock_may_be_lengthened_by(regime, clock, tier, budget, unit, total, by_date, confidence):
    rule = load_pack(regime).clock(clock).extension(tier)

    assert (rule.budget, rule.unit, rule.total, rule.by_date) == (budget, unit, total, by_date)
    assert sure(rule) == confidence


def test_the_table_of_tiers_names_every_tier():
    tiers = {(p.name, rule.name, one.name) for p in packaged() for rule in p.clocks for one in rule.extensions}

    assert {row[:3] for row in TIERS} == tiers


@pytest.mark.parametrize(("regime", "version", "name", "years", "starts", "confidence"), KEPT)
def test_files_are_kept_for(regime, version, name, years, starts, confidence):
    rule = next(one for one in BOOK.pack(regime, version).retention if one.name == name)

    assert (rule.years, rule.starts, sure(rule)) == (years, starts, confidence)


def test_the_table_of_retention_names_every_rule():
    assert {row[:3] for row in KEPT} == {(p.name, p.version, one.name) for p in packaged() for one in p.retention}


# --- CN-NFRA -------------------------------------------------------------------------------------


def test_the_chinese_measure_lengthens_fifteen_days_in_two_tiers():
    complex_case, special = load_pack("cn-nfra").clock("decision").extensions

    assert (complex_case.needs, complex_case.approver, complex_case.letter) == (("complex",), None, None)
    assert (special.after, special.needs) == ("complex", ("special_cause",))
    assert (special.approver, special.letter) == (Role.SENIOR_MANAGEMENT, "extension_notice")


def test_an_outside_appraisal_is_left_out_with_proof_and_the_complainant_is_told():
    pause = load_pack("cn-nfra").clock("decision").pause("appraisal")

    assert (pause.proof, pause.letter, pause.cap_days) == (True, "pause_notice", None)
    assert load_pack("cn-nfra").clock("decision").pause("lunch") is None


def test_new_facts_start_the_period_again():
    assert load_pack("cn-nfra").clock("decision").restarts == ("new_facts",)


def test_a_review_may_be_asked_for_only_of_what_a_branch_decided():
    window, review = load_pack("cn-nfra").clock("review-request"), load_pack("cn-nfra").clock("review")

    assert (window.nature, window.starts, window.when.circumstances) == (Nature.WINDOW, "answered", ("branch_result",))
    assert (review.duty, review.starts, review.ends) == (Duty.REVIEW, "review_requested", ("review_told", "withdrawn"))


def test_the_follow_up_is_a_date_that_is_waited_for():
    rule = load_pack("cn-nfra").clock("follow-up")

    assert rule.wait
    assert (rule.starts, rule.ends) == ("put_right", ("followed_up", "closed"))


def test_the_ladder_is_steeper_for_major_complaints():
    pack = load_pack("cn-nfra")

    ordinary, major = pack.ladder(Severity.ORDINARY), pack.ladder(Severity.MAJOR)

    assert [mark.percent for mark in ordinary.marks] == [mark.percent for mark in major.marks] == [50, 80]
    assert ordinary == pack.ladder(Severity.COMPLEX) == pack.ladder(None)
    assert set(ordinary.missed) < set(major.missed)
    assert ordinary.overdue_at_most < major.overdue_at_most
    assert all(set(low.tell) < set(high.tell) for low, high in zip(ordinary.marks, major.marks, strict=True))


def test_a_pack_that_says_nothing_of_a_ladder_has_the_usual_one_and_one_that_wants_none_has_none():
    pack = load_pack("hk-hkma")

    assert pack.ladders == USUAL_LADDERS == load_pack("cn-nfra").ladders
    assert pack.model_copy(update={"ladders": ()}).ladder(Severity.MAJOR) is NO_LADDER


# --- the others ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("regime", "when"),
    [
        ("cn-nfra", ANY_CASE),
        ("cn-pbc", Condition(channels=(Channel.REGULATOR,))),
        ("cn-credit", Condition(categories=(Category.CREDIT_REPORT,))),
        ("cn-collections", Condition(categories=(Category.COLLECTION,))),
        ("us-cfpb", Condition(channels=(Channel.REGULATOR,))),
        ("us-reg-e", Condition(categories=(Category.PAYMENT,), party_types=(PartyType.PERSON,))),
        ("us-reg-f", Condition(categories=(Category.COLLECTION,))),
        ("us-reg-x", Condition(circumstances=("mortgage_servicing",))),
        ("us-reg-z", Condition(circumstances=("billing_error",))),
    ],
)
def test_beside_another_a_regime_applies_to(regime, when):
    assert load_pack(regime).when == when


def test_the_head_of_complaints_approves_the_central_bank_s_sixty_days():
    tier = load_pack("cn-pbc").clock("reply").extension("complex")

    assert (tier.approver, tier.letter) == (Role.HEAD_OF_COMPLAINTS, "extension_notice")


def test_motor_finance_complaints_stand_still_by_the_window_of_dates():
    (one,) = load_pack("uk-disp").suspensions

    assert (one.begins, one.ends) == (date(2024, 1, 11), date(2026, 5, 31))
    assert (one.received_from, one.received_to) == (date(2023, 11, 17), date(2026, 5, 31))
    assert (one.clocks, one.when.circumstances) == (("decision", "ombudsman-three-years"), ("motor_finance_dca",))


@pytest.mark.parametrize(
    ("regime", "path", "on", "within", "letter"),
    [
        ("uk-disp", "summary-resolution", "resolved", "informal-resolution", "summary_resolution"),
        ("au-rg271", "closed-early", "resolved", "early-closure", None),
        ("us-reg-x", "early-correction", "corrected_and_told", "early-correction", None),
    ],
)
def test_a_duty_is_replaced_by(regime, path, on, within, letter):
    (one,) = load_pack(regime).paths

    assert (one.name, one.on, one.within, one.letter) == (path, on, within, letter)
    assert load_pack(regime).clock(within).nature is Nature.WINDOW
    assert all(load_pack(regime).clock(name).nature is Nature.DUTY for name in one.replaces)


def test_a_written_response_stays_due_in_australia_on_request_and_for_hardship():
    (path,) = load_pack("au-rg271").paths

    assert {"written_response_requested", "hardship"} < set(path.unless)


@pytest.mark.parametrize("stated", [set(), {"payment_service"}])
def test_a_british_complaint_has_one_final_response_whatever_is_stated(stated):
    clocks = load_pack("uk-disp").clocks
    running = [one for one in clocks if one.duty is Duty.ANSWER and holds(one.when, stated)]

    assert len(running) == 1


@pytest.mark.parametrize("credit", [set(), {"default_notice"}])
@pytest.mark.parametrize("super_", [set(), {"superannuation"}, {"superannuation", "death_benefit"}])
def test_an_australian_complaint_has_one_limit_for_its_response_whatever_is_stated(credit, super_):
    clocks = load_pack("au-rg271").clocks
    running = [one for one in clocks if one.duty is Duty.ANSWER and holds(one.when, credit | super_)]

    assert len(running) == 1


def holds(condition, stated):
    return stated.issuperset(condition.circumstances) and stated.isdisjoint(condition.without)


@pytest.mark.parametrize(
    ("regime", "report", "due", "nil", "publish_from"),
    [
        ("uk-disp", "annex-1r", (30, "working_days", ()), True, 500),
        ("uk-disp", "annex-1r-yearly", (30, "working_days", ()), True, 1000),
        ("uk-disp", "consolidated", (None, "calendar_days", ()), True, 500),
        ("au-rg271", "idr-data", (None, "calendar_days", ((8, 31), (2, 31))), True, None),
        ("cn-pbc", "self-assessment", (None, "calendar_days", ((1, 31),)), False, None),
        ("cn-nfra", "local-bureau", (10, "calendar_days", ()), False, None),
        ("sg-fa", "form-chr", (None, "calendar_days", ()), False, None),
    ],
)
def test_a_return_is_due(regime, report, due, nil, publish_from):
    one = next(one for one in load_pack(regime).reports if one.name == report)

    assert (one.due_budget, one.due_unit, tuple((day.month, day.day) for day in one.window)) == due
    assert (one.nil, one.publish_from) == (nil, publish_from)
    assert one.due_budget or one.window or one.due_words


def test_one_british_return_takes_over_from_the_others_in_2027():
    reports = {one.name: one for one in load_pack("uk-disp").reports}

    assert reports.pop("consolidated").periods_from == date(2027, 1, 1)
    assert {one.periods_to for one in reports.values()} == {date(2026, 12, 31)}


def test_collection_in_china_is_held_to_night_hours_and_to_calls_a_day():
    rules = {rule.name: rule for rule in load_pack("cn-collections").contacts}

    assert isinstance(rules["night"], HoursRule)
    assert rules["night"].forbidden.words.en == "from 22:00 or before 08:00"
    assert [(rules[name].maximum, rules[name].days) for name in ("answered-calls", "unanswered-attempts")] == [
        (3, 1),
        (6, 1),
    ]


def test_regulation_f_allows_seven_calls_in_seven_days_and_none_within_seven_of_a_conversation():
    rules = load_pack("us-reg-f").contacts

    (calls,) = (rule for rule in rules if isinstance(rule, FrequencyRule) and rule.maximum == 7)
    (rest,) = (rule for rule in rules if isinstance(rule, CoolDownRule))
    assert (calls.days, rest.days) == (7, 7)


# --- what a pack is asked ------------------------------------------------------------------------


def test_a_letter_of_which_the_regime_asks_nothing_has_no_rule():
    assert load_pack("cn-nfra").letter("suggestion_thanks") is None


def test_a_rule_for_some_cases_goes_before_the_one_for_all():
    pack = load_pack("uk-disp")

    assert pack.letter("extension_notice").name == "extension_notice"
    assert pack.letter("extension_notice", lambda when: holds(when, set())).name == "extension_notice"
    assert pack.letter("extension_notice", lambda when: holds(when, {"payment_service"})).name == "holding-response"


def test_a_rule_for_some_cases_is_not_asked_of_a_case_that_nobody_describes():
    rule = a_letter_rule(when=Condition(circumstances=("payment_service",)))
    pack = load_pack("eu-base").model_copy(update={"letters": (rule,)})

    assert pack.letter("decision") is None


def test_a_pack_knows_its_own_events_only():
    pack = load_pack("cn-nfra")

    assert pack.knows_event("new_facts")
    assert not pack.knows_event("afca_referred")


def test_a_pack_refuses_keys_it_does_not_know():
    with pytest.raises(ValueError, match="retention_years"):
        Pack.model_validate(load_pack("cn-nfra").model_dump() | {"retention_years": 5})
