from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints import acts, holds, timekeeping
from complaints.regimes.model import RetentionRule
from complaints.regimes.rulebook import load_pack
from complaints.retention import StillKept, retention_of
from complaints.words import Closure, ReopenReason, Stage
from tests.builders import MONDAY, a_case_under, a_regime, advance, utc

FACT = {"title": {"zh": "规则", "en": "rule"}, "article": {"zh": "第一条", "en": "art. 1"}, "confidence": "H"}
CLOSED = MONDAY + timedelta(days=10)
COURT = ("上海金融法院", "（2026）沪74民初1号")


def a_rule(years, starts="closed", **changes):
    values = {"name": f"{starts}-{years}", "starts": starts, "years": years} | changes
    return RetentionRule.model_validate(FACT | values)


def a_closed_case(**changes):
    case = a_case_under(a_regime(), **changes)
    advance(case, Stage.CLOSED, now=CLOSED)
    return case


def kept(case, *rules):
    return retention_of(case, [(case.pack, rule) for rule in rules])


@pytest.mark.parametrize(
    ("rules", "until", "winner"),
    [
        ([a_rule(3)], date(2029, 3, 12), "closed-3"),
        ([a_rule(3), a_rule(5)], date(2031, 3, 12), "closed-5"),
        ([a_rule(5, "received"), a_rule(3)], date(2031, 3, 2), "received-5"),
        ([a_rule(3, "received"), a_rule(3)], date(2029, 3, 12), "closed-3"),  # the same length, later start
        ([a_rule(3, "review_told"), a_rule(9)], None, "review_told-3"),  # has not happened: nobody knows its end
        ([a_rule(9, "review_told", waits=False), a_rule(3)], date(2029, 3, 12), "closed-3"),
        ([a_rule(9, when={"circumstances": ["complex"]}), a_rule(3)], date(2029, 3, 12), "closed-3"),
        ([a_rule(9, when={"channels": ["web"]}), a_rule(3)], date(2035, 3, 12), "closed-9"),
    ],
)
def test_of_several_retention_rules_the_longest_that_applies_wins(rules, until, winner):
    leading = kept(a_closed_case(), *rules).leading

    assert (leading.until, leading.rule.name) == (until, winner)


def test_a_rule_that_counts_from_an_event_ends_once_it_has_happened():
    case, later = a_closed_case(), MONDAY + timedelta(days=100)
    rules = a_rule(3), a_rule(3, "review_told")
    assert kept(case, *rules).ends_at is None

    timekeeping.note(case, "review_told", later, "li.wei", later)

    assert kept(case, *rules).leading.until == date(2029, 6, 10)


@pytest.mark.parametrize("is_taken_up_again", [False, True])
def test_no_end_is_in_sight_while_somebody_still_works_on_it(is_taken_up_again):
    case = a_closed_case() if is_taken_up_again else a_case_under(a_regime())
    if is_taken_up_again:
        case.record(acts.Reopened(reason=ReopenReason.MISTAKE), MONDAY + timedelta(days=20))

    known = kept(case, a_rule(3, "received"))

    assert known.ends_at is None
    with pytest.raises(StillKept, match="it is open"):
        known.refuse(utc(2099, 1, 1))


def test_a_file_is_kept_to_the_end_of_february_where_it_began_on_a_leap_day():
    case = a_case_under(a_regime(), now=utc(2028, 2, 29, 4))
    case.record(acts.Closed(closure=Closure.WITHDRAWN), utc(2028, 2, 29, 4))

    assert kept(case, a_rule(5)).leading.until == date(2033, 2, 28)
    assert kept(case, a_rule(4)).leading.until == date(2032, 2, 29)


@pytest.mark.parametrize(
    ("regime", "began_on", "ends_at"),
    [
        # closed at 00:30 on 1 March in Shanghai, which is still 28 February in London
        ("cn-nfra", date(2026, 3, 1), datetime(2029, 3, 1, 16, tzinfo=UTC)),
        ("uk-disp", date(2026, 2, 28), datetime(2029, 3, 1, 0, tzinfo=UTC)),
    ],
)
def test_each_rule_counts_days_in_the_zone_of_its_regime(regime, began_on, ends_at):
    case = a_closed_case()
    case.closed_at = utc(2026, 2, 28, 16, 30)

    known = retention_of(case, [(load_pack(regime), a_rule(3))])

    assert (known.leading.began_on, known.ends_at) == (began_on, ends_at)


def test_without_rules_nothing_says_how_long_and_only_a_request_ends_it():
    known = retention_of(a_closed_case())

    assert (known.leading, known.ends_at) == (None, None)
    with pytest.raises(StillKept, match="no retention rule"):
        known.refuse(utc(2099, 1, 1))
    known.refuse(utc(2099, 1, 1), asked=True)


def test_the_last_day_counts_whole():
    known = kept(a_closed_case(), a_rule(3))

    with pytest.raises(StillKept, match=r"art\. 1, rule 'closed-3' keeps it until 2029-03-12"):
        known.refuse(utc(2029, 3, 12, 15, 59))  # 23:59 in Shanghai
    known.refuse(utc(2029, 3, 12, 16))


def test_a_rule_that_waits_is_named_with_what_it_waits_for_even_to_who_asks():
    known = kept(a_closed_case(), a_rule(3), a_rule(3, "review_told"))

    with pytest.raises(StillKept, match="until 'the review was told' has happened"):
        known.refuse(utc(2099, 1, 1), asked=True)


def test_every_rule_is_explained_with_its_article_and_how_sure_it_is():
    case = a_closed_case()
    holds.place(case, *COURT, "li.wei", CLOSED)
    known = kept(case, a_rule(3), a_rule(5, confidence="M"), a_rule(2, "review_told"))

    zh, en = known.lines("zh-CN"), known.lines("en")

    assert zh[0] == "法律保全期间不得删除"
    assert "上海金融法院 （2026）沪74民初1号" in zh[1]
    assert zh[2].endswith("【最长，以此为准】：自“核查已告知”起2年，尚未登记，须保存")
    assert zh[3].endswith("第一条 规则：自2026-03-12（办结）起5年，保存至2031-03-12；待核实（M）")
    assert en[4].endswith("art. 1 rule: 3 years from 2026-03-12 (closed), kept until 2029-03-12")
    assert [one["rule"] for one in known.as_json()["rules"]] == ["review_told-2", "closed-5", "closed-3"]


RULES = st.builds(
    a_rule,
    st.integers(1, 30),
    st.sampled_from(["closed", "received", "review_told"]),
    waits=st.booleans(),
)


@given(st.lists(RULES, max_size=5), RULES)
def test_adding_a_rule_never_shortens_how_long_a_file_is_kept(rules, another):
    case, never = a_closed_case(), datetime.max.replace(tzinfo=UTC)

    def end(known):
        return never if known.leading and known.ends_at is None else known.ends_at or datetime.min.replace(tzinfo=UTC)

    assert end(kept(case, *rules, another)) >= end(kept(case, *rules))


@given(st.lists(RULES, max_size=3), st.booleans(), st.integers(1, 4), st.data())
def test_a_hold_always_wins_and_only_the_last_one_to_be_lifted_gives_the_file_free(rules, asked, number, data):
    case, far = a_closed_case(), utc(2999, 1, 1)
    document = map("NO-{}".format, count())
    for _ in range(number):
        holds.place(case, "合规部", next(document), "li.wei", CLOSED)
    for left in range(number, 0, -1):
        with pytest.raises(holds.HoldStands):
            kept(case, *rules).refuse(far, asked=asked)
        one = data.draw(st.sampled_from([hold.number for hold in case.standing_holds]))
        holds.lift(case, one, "合规部", next(document), "li.wei", CLOSED)
        assert len(case.standing_holds) == left - 1


def test_a_chinese_reader_sees_no_internal_names():
    lines = "\n".join(kept(a_closed_case(), a_rule(3)).lines("zh-CN"))

    assert "（办结）起3年" in lines
    assert "closed" not in lines
