"""Contact rules of debt collection, at the edges of every rule. Most Reg F cases are those of its official comments."""

import json
import pickle
from datetime import UTC, date, datetime, timedelta
from math import prod
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from complaints.contacts.attempts import ContactAttempt
from complaints.contacts.base import Violation
from complaints.contacts.checking import check, read_rules
from complaints.contacts.log import COLUMNS, ContactLogInvalid, read_log
from complaints.contacts.rules import ContactRules
from complaints.contacts.words import COUNTED, ContactOutcome, ContactPurpose, Effect, PartyRole
from complaints.errors.settings import RuleFileInvalid
from complaints.regimes.rulebook import load_pack

CN, US = "cn-collections", "us-reg-f"
SHANGHAI, NEW_YORK, LOS_ANGELES, DENVER = "Asia/Shanghai", "America/New_York", "America/Los_Angeles", "America/Denver"


def rules(name):
    return load_pack(name).contacts


def a_contact(at="2026-03-02T10:00", zone=SHANGHAI, **changes):
    """A call to the debtor at a local time of ``zone``, not answered unless said otherwise."""
    moment = datetime.fromisoformat(at)
    values = {
        "id": "c1",
        "at": (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).isoformat(),
        "by": "firm",
        "debt": "loan-1",
        "person": "p1",
        "number": "n1",
        "zones": zone,
        "medium": "call",
        "outcome": "unanswered",
    }
    return ContactAttempt.model_validate(values | changes)


def calls(*moments, **changes):
    """Calls at several local times, named c1, c2, …"""
    return [a_contact(at, id=f"c{number}", **changes) for number, at in enumerate(moments, 1)]


def us_calls(*moments, **changes):
    return calls(*moments, zone=changes.pop("zone", NEW_YORK), **changes)


def found(name, log, rule):
    """The ids of the contacts that the rule ``rule`` of a pack finds wrong."""
    return [one.record for one in check(rules(name), log) if one.rule == rule]


def every(name, log):
    return {(one.rule, one.record) for one in check(rules(name), log)}


# --- hours -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "forbidden"),
    [
        ("2026-03-02T07:59:59", True),
        ("2026-03-02T07:59:59.999999", True),
        ("2026-03-02T08:00:00", False),  # until 8:00 of the next day
        ("2026-03-02T21:00:00", False),
        ("2026-03-02T21:59:59.999999", False),
        ("2026-03-02T22:00:00", True),  # from 22:00
        ("2026-03-02T23:59:59", True),
        ("2026-03-03T00:00:00", True),  # across midnight
        ("2026-03-03T03:00:00", True),
    ],
)
def test_in_china_nobody_is_contacted_from_22_to_8(at, forbidden):
    assert found(CN, [a_contact(at)], "night") == (["c1"] if forbidden else [])


@pytest.mark.parametrize(
    ("at", "forbidden"),
    [
        ("2026-03-02T07:59:59", True),  # "before 8:00 a.m."
        ("2026-03-02T08:00:00", False),
        ("2026-03-02T21:00:00", False),  # "after 9:00 p.m."
        ("2026-03-02T21:00:00.000001", True),
        ("2026-03-02T21:00:01", True),
        ("2026-03-02T22:00:00", True),
        ("2026-03-03T00:00:00", True),
    ],
)
def test_reg_f_hours_allow_their_own_bounds(at, forbidden):
    assert found(US, [a_contact(at, zone=NEW_YORK)], "inconvenient-hours") == (["c1"] if forbidden else [])


@pytest.mark.parametrize(
    ("at", "forbidden"),
    [
        # New York: clocks go from 02:00 to 03:00 on 8 March 2026, and from 02:00 back to 01:00 on 1 November 2026
        ("2026-03-07T12:30:00+00:00", True),  # 07:30 EST
        ("2026-03-08T12:30:00+00:00", False),  # 08:30 EDT
        ("2026-03-08T11:59:59+00:00", True),  # 07:59:59 EDT
        ("2026-10-31T12:30:00+00:00", False),  # 08:30 EDT
        ("2026-11-01T12:30:00+00:00", True),  # 07:30 EST
        ("2026-11-01T05:30:00+00:00", True),  # 01:30, the first time
        ("2026-11-01T06:30:00+00:00", True),  # 01:30, the second time
        ("2026-11-02T02:00:00+00:00", False),  # 21:00 EST
    ],
)
def test_hours_follow_the_local_clock_through_summer_time(at, forbidden):
    assert found(US, [a_contact(at, zone=NEW_YORK)], "inconvenient-hours") == (["c1"] if forbidden else [])


@pytest.mark.parametrize(
    ("at", "zones", "forbidden"),
    [
        # comment 6(b)(1)(i)-2.i: 11:00 to 21:00 Eastern time
        ("2026-03-02T10:59:59", f"{NEW_YORK};{LOS_ANGELES}", True),
        ("2026-03-02T11:00:00", f"{NEW_YORK};{LOS_ANGELES}", False),
        ("2026-03-02T21:00:00", f"{NEW_YORK};{LOS_ANGELES}", False),
        ("2026-03-02T21:00:01", f"{LOS_ANGELES};{NEW_YORK}", True),
        # comment 6(b)(1)(i)-2.ii: 10:00 to 21:00 Eastern time
        ("2026-03-02T09:59:59", f"{NEW_YORK};{DENVER}", True),
        ("2026-03-02T10:00:00", f"{NEW_YORK};{DENVER}", False),
        # one place only
        ("2026-03-02T09:59:59", NEW_YORK, False),
    ],
)
def test_with_conflicting_places_the_time_must_be_convenient_in_all(at, zones, forbidden):
    log = [a_contact(at, zone=NEW_YORK, zones=zones)]

    assert found(US, log, "inconvenient-hours") == (["c1"] if forbidden else [])


def test_the_local_time_that_was_wrong_is_told():
    (violation,) = check(rules(US), [a_contact("2026-03-02T09:00", zone=NEW_YORK, zones=f"{NEW_YORK};{LOS_ANGELES}")])

    assert violation.local.isoformat() == "2026-03-02T06:00:00-08:00"


@pytest.mark.parametrize(
    ("changes", "forbidden"),
    [
        ({"medium": "visit"}, True),
        ({"medium": "message", "outcome": "delivered"}, True),
        ({"medium": "ai_call"}, True),
        ({"medium": "letter", "outcome": "delivered"}, False),  # reaches nobody at an hour
        ({"outcome": "not_connected"}, True),  # attempts are forbidden, too
        ({"role": "guarantor"}, True),
        ({"role": "attorney"}, False),
        ({"direction": "in", "outcome": "answered"}, False),  # the person called
        ({"consent_at": "2026-03-01T10:00:00+08:00"}, False),
        ({"consent_at": "2026-03-02T23:00:00+08:00"}, True),  # given in this call: not prior
        ({"consent_at": "2026-03-01T10:00:00+08:00", "consent_until": "2026-03-02T23:00:00+08:00"}, False),
        ({"consent_at": "2026-03-01T10:00:00+08:00", "consent_until": "2026-03-02T22:59:59+08:00"}, True),
    ],
)
def test_the_night_is_forbidden_for_every_way_of_collecting_unless_agreed(changes, forbidden):
    assert found(CN, [a_contact("2026-03-02T23:00", **changes)], "night") == (["c1"] if forbidden else [])


@pytest.mark.parametrize(
    ("forbidden", "reason"),
    [
        ({"before": "08:00"}, "either from"),
        ({"from": "22:00", "after": "22:00", "before": "08:00"}, "either from"),
        ({"from": "22:00"}, "either before"),
        ({"from": "22:00", "before": "22:00"}, "ends when it begins"),
        ({"from": "22:00+08:00", "before": "08:00"}, "no offset"),
    ],
)
def test_forbidden_hours_need_two_bounds_that_differ(forbidden, reason):
    with pytest.raises(ValidationError, match=reason):
        a_rule("hours", forbidden=forbidden)


def a_rule(kind, **values):
    """One rule of one's own."""
    basis = {
        "kind": kind,
        "name": "own",
        "title": {"zh": "本机构标准", "en": "own"},
        "roles": list(PartyRole),
        "article": {"zh": "本机构标准", "en": "firm's own standard"},
        "confidence": "L",
    }
    return ContactRules.model_validate({"contacts": [basis | values]}).contacts


@pytest.mark.parametrize(
    ("forbidden", "at", "is_wrong"),
    [
        ({"from": "12:00", "until": "14:00"}, "2026-03-02T14:00", True),
        ({"from": "12:00", "before": "14:00"}, "2026-03-02T14:00", False),
        ({"after": "12:00", "before": "14:00"}, "2026-03-02T12:00", False),
        ({"from": "12:00", "before": "14:00"}, "2026-03-02T12:00", True),
        ({"from": "12:00", "before": "14:00"}, "2026-03-02T23:00", False),
        ({"from": "00:00", "before": "08:00"}, "2026-03-02T00:00", True),
        ({"from": "22:00", "before": "00:00"}, "2026-03-02T00:00", False),
        ({"from": "22:00", "before": "00:00"}, "2026-03-02T23:59", True),
    ],
)
def test_each_bound_of_the_hours_says_whether_it_belongs(forbidden, at, is_wrong):
    assert bool(check(a_rule("hours", forbidden=forbidden), [a_contact(at)])) is is_wrong


# --- frequency ---------------------------------------------------------------------------------


def test_in_china_the_fourth_answered_call_of_a_day_is_one_too_many():
    log = calls("2026-03-02T09:00", "2026-03-02T11:00", "2026-03-02T13:00", "2026-03-02T15:00", outcome="answered")

    assert found(CN, log[:3], "answered-calls") == []
    (violation,) = check(rules(CN), log)
    assert (violation.record, violation.count, violation.limit) == ("c4", 4, 3)
    assert violation.records == ("c1", "c2", "c3", "c4")


def test_the_firm_and_its_agencies_count_together():
    moments = ("2026-03-02T09:00", "2026-03-02T11:00", "2026-03-02T13:00", "2026-03-02T15:00")
    log = [
        a_contact(at, id=f"c{number}", by=by, medium=medium, outcome="answered")
        for number, (at, by, medium) in enumerate(
            zip(moments, ("firm", "agency A", "agency B", "agency A"), ("call", "ai_call", "call", "call"), strict=True)
        )
    ]

    assert found(CN, log, "answered-calls") == ["c3"]


def test_under_reg_f_each_debt_collector_counts_for_itself():
    log = [a_contact(f"2026-03-02T{9 + n:02}:00", zone=NEW_YORK, id=f"c{n}", by=f"agency {n % 2}") for n in range(10)]

    assert found(US, log, "seven-calls-in-seven-days") == []


@pytest.mark.parametrize(
    "changes",
    [{"outcome": "unanswered"}, {"direction": "in"}, {"medium": "visit"}, {"medium": "message"}, {"role": "guarantor"}],
)
def test_only_answered_calls_that_were_begun_with_the_debtor_count(changes):
    values = {"outcome": "answered"} | changes
    log = calls(*(f"2026-03-02T{hour:02}:00" for hour in range(9, 15)), **values)

    assert found(CN, log, "answered-calls") == []


def test_a_day_is_the_debtor_s_own():
    # 4 March 00:30 in Shanghai is 3 March 16:30 UTC: agreed calls late at night belong to the next day
    agreed = {"outcome": "answered", "consent_at": "2026-03-01T09:00:00+08:00"}
    log = calls("2026-03-03T21:00", "2026-03-03T22:00", "2026-03-03T23:59:59", "2026-03-04T00:00", **agreed)
    assert found(CN, log, "answered-calls") == []

    one_day = calls("2026-03-03T00:00", "2026-03-03T22:00", "2026-03-03T23:00", "2026-03-03T23:59:59", **agreed)
    assert found(CN, one_day, "answered-calls") == ["c4"]


def test_a_day_of_twenty_five_hours_is_one_day():
    rule = a_rule("frequency", maximum=1, days=1, per=["person"])
    log = us_calls("2026-11-01T00:00:00-04:00", "2026-11-01T23:59:59-05:00", "2026-11-02T00:00:00-05:00")

    assert [one.record for one in check(rule, log)] == ["c2"]


@pytest.mark.parametrize(("at", "count"), [("2026-03-08T23:59:59", 2), ("2026-03-09T00:00:00", 1)])
def test_a_day_of_twenty_three_hours_is_one_day(at, count):
    rule = a_rule("frequency", maximum=0, days=1, per=["person"])
    log = us_calls("2026-03-08T00:00", at)

    assert check(rule, log)[-1].count == count


def test_with_conflicting_places_days_are_counted_in_each():
    rule = a_rule("frequency", maximum=1, days=1, per=["person"])
    # 2 March 23:00 and 3 March 01:00 in New York, but both 2 March in Los Angeles
    log = us_calls("2026-03-02T23:00", "2026-03-03T01:00", zones=f"{NEW_YORK};{LOS_ANGELES}")

    assert [one.record for one in check(rule, log)] == ["c2"]
    assert check(rule, us_calls("2026-03-02T23:00", "2026-03-03T01:00")) == []


@pytest.mark.parametrize("outcome", ["unanswered", "not_connected", "voicemail"])
def test_the_seventh_unanswered_attempt_at_a_number_departs_from_the_guide(outcome):
    log = calls(*(f"2026-03-02T{hour:02}:00" for hour in range(9, 16)), outcome=outcome)

    assert found(CN, log[:6], "unanswered-attempts") == []
    (violation,) = check(rules(CN), log)
    assert (violation.record, violation.count, violation.effect) == ("c7", 7, Effect.ADVICE)


def test_unanswered_attempts_count_by_number_and_not_when_agreed():
    moments = [f"2026-03-02T{hour:02}:00" for hour in range(9, 16)]
    two_numbers = [a_contact(at, id=f"c{n}", number=f"n{n % 2}") for n, at in enumerate(moments)]
    two_debts = [a_contact(at, id=f"c{n}", debt=f"loan-{n % 2}") for n, at in enumerate(moments)]

    assert found(CN, two_numbers, "unanswered-attempts") == []
    assert found(CN, two_debts, "unanswered-attempts") == ["c6"]
    assert found(CN, calls(*moments, consent_at="2026-03-01T09:00:00+08:00"), "unanswered-attempts") == []


def test_a_rule_does_not_judge_contacts_before_it_was_made_public():
    last_day = calls(*(f"2026-01-29T{hour:02}:00" for hour in range(9, 16)))
    first_day = calls(*(f"2026-01-30T{hour:02}:00" for hour in range(9, 16)))

    assert found(CN, last_day, "unanswered-attempts") == []
    assert found(CN, first_day, "unanswered-attempts") == ["c7"]


def test_the_eighth_call_in_seven_days_is_presumed_a_violation():
    # comment 14(b)(2)(ii)-1.i: Wednesday 1 April to Tuesday 7 April, eight calls
    log = us_calls(
        "2026-04-01T09:00",
        *(f"2026-04-{day:02}T{hour:02}:00" for day in (2, 3, 6) for hour in (9, 15)),
        "2026-04-07T09:00",
    )

    assert found(US, log[:7], "seven-calls-in-seven-days") == []
    (violation,) = check(rules(US), log)
    assert (violation.record, violation.count, violation.limit) == ("c8", 8, 7)
    assert violation.effect is Effect.PRESUMPTION
    assert len(violation.records) == 8


def test_seven_calls_from_wednesday_to_tuesday_and_another_on_wednesday_are_in_order():
    # comment 14(b)(2)(i)-1.i
    log = us_calls(*(f"2026-04-{day:02}T09:00" for day in range(1, 8)), "2026-04-08T08:00")

    assert every(US, log) == set()


def test_a_window_of_days_is_rolling():
    # seven calls on 7 April: whichever seven days hold it, one more is too many, and on 14 April it is gone
    seven = [f"2026-04-07T{hour:02}:00" for hour in range(9, 16)]

    assert found(US, us_calls(*seven, "2026-04-13T20:59"), "seven-calls-in-seven-days") == ["c8"]
    assert found(US, us_calls(*seven, "2026-04-14T08:00"), "seven-calls-in-seven-days") == []
    assert found(US, us_calls("2026-04-01T08:00", *seven), "seven-calls-in-seven-days") == ["c8"]
    assert found(US, us_calls("2026-03-31T20:00", *seven), "seven-calls-in-seven-days") == []


def test_every_further_call_is_found_with_the_eight_that_prove_it():
    log = us_calls(*(f"2026-04-01T{hour:02}:00" for hour in range(9, 20)))

    assert [(one.record, one.count, one.records[0]) for one in check(rules(US), log)] == [
        ("c8", 8, "c1"),
        ("c9", 9, "c2"),
        ("c10", 10, "c3"),
        ("c11", 11, "c4"),
    ]


def test_calls_count_per_debt_and_per_person():
    moments = [f"2026-04-01T{hour:02}:{minute}" for hour in range(9, 20) for minute in ("00", "30")][:21]
    # comment 14(b)(4)-2.i: 21 unanswered calls, seven for each of three debts
    three_debts = [a_contact(at, zone=NEW_YORK, id=f"c{n}", debt=f"d{n % 3}") for n, at in enumerate(moments)]
    three_people = [a_contact(at, zone=NEW_YORK, id=f"c{n}", person=f"p{n % 3}") for n, at in enumerate(moments)]

    assert every(US, three_debts) == set()
    assert every(US, three_people) == set()
    assert len(every(US, us_calls(*moments))) == 14


def test_student_loans_of_one_account_are_one_debt():
    # comment 14(b)(4)-2.vii
    log = [
        a_contact(f"2026-04-01T{9 + n:02}:00", zone=NEW_YORK, id=f"c{n}", debt=f"loan-{n % 3}", debt_group="account-1")
        for n in range(8)
    ]

    assert found(US, log, "seven-calls-in-seven-days") == ["c7"]


def test_a_call_about_two_debts_counts_for_each():
    # comment 14(b)(4)-1.i
    about_one = us_calls(*(f"2026-04-01T{hour:02}:00" for hour in range(9, 16)), debt="d1")
    about_both = a_contact("2026-04-02T09:00", zone=NEW_YORK, id="c8", debt="d1;d2")

    (violation,) = check(rules(US), [*about_one, about_both])
    assert (violation.record, violation.count) == ("c8", 8)
    assert every(US, [*about_one, a_contact("2026-04-02T09:00", zone=NEW_YORK, id="c8", debt="d2")]) == set()


def test_of_several_debts_the_one_with_the_most_calls_is_told():
    seven = us_calls(*(f"2026-04-01T{hour:02}:00" for hour in range(9, 16)), debt="d2")
    eight = [a_contact(f"2026-04-02T{9 + n:02}:00", zone=NEW_YORK, id=f"d{n}", debt="d1") for n in range(8)]
    for debts in ("d1;d2", "d2;d1"):
        both = a_contact("2026-04-03T09:00", zone=NEW_YORK, id="both", debt=debts)

        assert [(one.record, one.count) for one in check(rules(US), [*eight, *seven, both])] == [("d7", 8), ("both", 9)]


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({"outcome": "unanswered"}, True),  # it rang
        ({"outcome": "voicemail"}, True),
        ({"outcome": "not_connected"}, False),  # (b)(3)(ii): a busy signal, not in service
        ({"medium": "voicemail_drop", "outcome": "delivered"}, True),  # comment 14(b)(1)-1
        ({"medium": "message", "outcome": "delivered"}, False),
        ({"medium": "email", "outcome": "delivered"}, False),
        ({"role": "unrelated", "purpose": "location"}, True),  # "a particular person"
        ({"role": "attorney", "outcome": "answered"}, False),  # (b)(3)(iii)
        ({"role": "credit_bureau", "outcome": "answered"}, False),
        ({"role": "creditor", "outcome": "answered"}, False),
        ({"direction": "in"}, False),
        ({"consent_at": "2026-03-31T09:00:00-04:00"}, False),  # (b)(3)(i)
        ({"consent_at": "2026-03-31T09:00:00-04:00", "consent_until": "2026-04-01T09:00:00-04:00"}, True),
        ({"consent_at": "2026-03-26T23:59:59-04:00"}, False),  # day 7 of the consent
        ({"consent_at": "2026-03-26T00:00:00-04:00"}, False),
        ({"consent_at": "2026-03-25T23:59:59-04:00"}, True),  # day 8
    ],
)
def test_which_calls_reg_f_counts(changes, counts):
    log = us_calls(*(f"2026-04-01T{hour:02}:00" for hour in range(10, 18)), **changes)

    assert found(US, log, "seven-calls-in-seven-days") == (["c8"] if counts else [])


def test_consent_lasts_seven_days_of_which_the_day_it_came_is_the_first():
    # comment 14(b)(3)(i)-3.iii: consent on Thursday 4 June, eight calls from Monday to Wednesday, and from 11 June on
    consent = {"consent_at": "2026-06-04T12:00:00-04:00"}
    earlier = us_calls("2026-06-01T09:00", "2026-06-02T09:00", "2026-06-03T09:00")
    agreed = [
        a_contact(f"2026-06-{day:02}T{hour:02}:00", zone=NEW_YORK, id=f"a{day}-{hour}", **consent)
        for day, hours in ((8, (9, 12, 15)), (9, (9, 12, 15)), (10, (9, 20)))
        for hour in hours
    ]
    after = [a_contact(f"2026-06-11T{9 + n:02}:00", zone=NEW_YORK, id=f"b{n}", **consent) for n in range(8)]

    assert every(US, [*earlier, *agreed]) == set()
    assert found(US, [*earlier, *agreed, *after], "seven-calls-in-seven-days") == ["b7"]


@pytest.mark.parametrize(("zones", "is_lifted"), [(NEW_YORK, True), (f"{NEW_YORK};{LOS_ANGELES}", False)])
def test_with_conflicting_places_a_consent_must_hold_in_each(zones, is_lifted):
    rule = a_rule("frequency", maximum=0, per=["person"], consent={"days": 7})
    # received on 1 April in New York, when it was 31 March in Los Angeles
    log = us_calls("2026-04-07T12:00", zones=zones, consent_at="2026-04-01T01:00:00-04:00")

    assert (check(rule, log) == []) is is_lifted


def test_location_information_is_asked_for_once():
    first = a_contact(zone=NEW_YORK, role="unrelated", purpose="location", outcome="answered")
    later = "2027-03-02T10:00"

    def again(**changes):
        values = {"role": "unrelated", "purpose": "location", "outcome": "answered", "id": "c2"}
        return [first, a_contact(later, zone=NEW_YORK, **values | changes)]

    assert found(US, [first], "location-once") == []
    assert found(US, again(), "location-once") == ["c2"]
    assert found(US, again(medium="email", outcome="delivered"), "location-once") == ["c2"]
    assert found(US, again(outcome="unanswered"), "location-once") == []  # nobody was communicated with
    assert found(US, again(person="p2"), "location-once") == []
    assert found(US, again(consent_at="2026-03-02T10:05:00-05:00"), "location-once") == []  # requested by the person
    assert found(US, again(purpose="location_correction"), "location-once") == []


# --- cool-down ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conversation", "at", "day"),
    [
        # comment 14(b)(2)(ii)-1.ii: a conversation on Friday 14 August, no call before Friday 21 August
        ("2026-08-14T10:00", "2026-08-14T10:01", 1),
        ("2026-08-14T10:00", "2026-08-15T08:00", 2),
        ("2026-08-14T10:00", "2026-08-20T20:59", 7),
        ("2026-08-14T20:59", "2026-08-20T08:00", 7),
        ("2026-08-14T20:59", "2026-08-21T08:00", None),
        ("2026-08-14T00:00", "2026-08-20T08:00", 7),
        # over the days on which the clocks change
        ("2026-03-02T09:00", "2026-03-08T20:00", 7),
        ("2026-03-02T09:00", "2026-03-09T08:00", None),
        ("2026-10-26T20:59", "2026-11-01T08:00", 7),
        ("2026-10-26T09:00", "2026-11-02T08:00", None),
        # the conversation itself, and a call that comes before it
        ("2026-08-14T10:00", "2026-08-14T09:59", None),
        ("2026-08-14T10:00", "2026-08-14T10:00", None),
    ],
)
def test_the_day_of_a_conversation_is_the_first_of_seven_without_calls(conversation, at, day):
    log = [a_contact(conversation, zone=NEW_YORK, outcome="answered"), a_contact(at, zone=NEW_YORK, id="c2")]

    violations = [one for one in check(rules(US), log) if one.rule == "seven-days-after-a-conversation"]
    assert [(one.record, one.count, one.records) for one in violations] == ([("c2", day, ("c1", "c2"))] if day else [])


@pytest.mark.parametrize(("at", "is_wrong"), [("2026-08-19T20:00", True), ("2026-08-20T08:00", False)])
def test_a_conversation_that_the_consumer_began_counts_too(at, is_wrong):
    # comment 14(b)(2)(i)-1.ii: Thursday 13 August, then not before Thursday 20 August
    log = [
        a_contact("2026-08-13T10:00", zone=NEW_YORK, outcome="answered", direction="in"),
        a_contact(at, zone=NEW_YORK, id="c2"),
    ]

    assert found(US, log, "seven-days-after-a-conversation") == (["c2"] if is_wrong else [])


@pytest.mark.parametrize(
    ("changes", "is_wrong"),
    [
        ({}, True),
        ({"debt": "loan-2"}, False),
        ({"person": "p2"}, False),
        ({"by": "agency"}, False),
        ({"medium": "message", "outcome": "delivered"}, False),
        ({"outcome": "not_connected"}, False),
        ({"direction": "in", "outcome": "answered"}, False),
        ({"debt": "loan-2;loan-1"}, True),
        ({"medium": "voicemail_drop", "outcome": "delivered"}, True),
    ],
)
def test_the_cool_down_is_for_calls_to_the_person_about_the_debt(changes, is_wrong):
    log = [
        a_contact("2026-08-14T10:00", zone=NEW_YORK, outcome="answered"),
        a_contact("2026-08-17T10:00", zone=NEW_YORK, id="c2", **changes),
    ]

    assert found(US, log, "seven-days-after-a-conversation") == (["c2"] if is_wrong else [])


def test_with_conflicting_places_the_cool_down_must_be_over_in_each():
    # a conversation on 14 August in New York, when it was 13 August in Los Angeles
    log = us_calls("2026-08-14T01:00", "2026-08-20T12:00", zones=f"{LOS_ANGELES};{NEW_YORK}")
    log[0] = a_contact("2026-08-14T01:00", zone=NEW_YORK, direction="in", outcome="answered")

    (violation,) = check(rules(US), log)
    assert (violation.record, violation.count) == ("c2", 7)
    assert check(rules(US), [log[0], a_contact("2026-08-20T12:00", zone=LOS_ANGELES, id="c2")]) == []


def test_a_visit_is_no_telephone_conversation():
    log = us_calls("2026-08-14T10:00", "2026-08-17T10:00")
    log[0] = a_contact("2026-08-14T10:00", zone=NEW_YORK, medium="visit", outcome="answered")

    assert every(US, log) == set()


def test_of_the_conversations_on_several_debts_the_last_is_named():
    for debts in ("d1;d2", "d2;d1"):
        log = [
            a_contact("2026-08-14T10:00", zone=NEW_YORK, id="first", outcome="answered", debt="d1"),
            a_contact("2026-08-15T10:00", zone=NEW_YORK, id="second", outcome="answered", debt="d2"),
            a_contact("2026-08-17T10:00", zone=NEW_YORK, id="both", debt=debts),
        ]

        assert [one.records for one in check(rules(US), log)] == [("second", "both")]


def test_a_conversation_about_one_student_loan_rests_all_of_the_account():
    values = {"zone": NEW_YORK, "debt_group": "account-1"}
    log = [
        a_contact("2026-08-14T10:00", outcome="answered", debt="loan-1", **values),
        a_contact("2026-08-17T10:00", id="c2", debt="loan-2", **values),
    ]

    assert found(US, log, "seven-days-after-a-conversation") == ["c2"]


@pytest.mark.parametrize("given_at", ["2026-04-03T10:05:00-04:00", "2026-04-03T10:00:00-04:00"])
def test_call_back_on_monday_is_consent_until_the_next_conversation(given_at):
    # comment 14(b)(3)(i)-3.i and ii: Friday 3 April, Monday 6 April, Wednesday 8 April
    consent = {"consent_at": given_at}  # the instant of that call, where nobody noted a later one
    friday = a_contact("2026-04-03T10:00", zone=NEW_YORK, id="friday", outcome="answered")
    monday = a_contact("2026-04-06T10:00", zone=NEW_YORK, id="monday", outcome="answered", **consent)
    wednesday = a_contact("2026-04-08T10:00", zone=NEW_YORK, id="wednesday", **consent)

    assert every(US, [friday, monday]) == set()
    assert every(US, [friday, monday, wednesday]) == {("seven-days-after-a-conversation", "wednesday")}


def test_the_later_of_two_conversations_is_named():
    log = us_calls("2026-08-14T10:00", "2026-08-15T10:00", "2026-08-17T10:00", outcome="answered")

    violations = check(rules(US), log)
    assert [(one.records, one.count) for one in violations] == [(("c1", "c2"), 2), (("c2", "c3"), 3)]


# --- third persons and requests to stop --------------------------------------------------------

THIRD = {"role": "unrelated", "purpose": "location", "debtor_unreachable": True}


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, set()),
        ({"debtor_unreachable": False}, {"third-person-only-if-unreachable"}),
        ({"debtor_unreachable": False, "role": "related"}, {"third-person-only-if-unreachable"}),
        ({"debtor_unreachable": False, "role": "guarantor"}, set()),
        ({"purpose": "relay"}, set()),
        ({"purpose": "collection"}, {"no-collecting-from-unrelated"}),
        ({"purpose": "collection", "role": "related"}, set()),
        ({"purpose": "collection", "consent_at": "2026-03-01T09:00:00+08:00"}, set()),  # offers to pay
        ({"disclosed": True}, {"no-disclosure"}),
        ({"disclosed": True, "role": "related"}, {"no-disclosure"}),
        ({"disclosed": True, "direction": "in", "outcome": "answered"}, {"no-disclosure"}),
        ({"debtor_unreachable": False, "direction": "in"}, set()),
        ({"disclosed": True, "role": "debtor"}, set()),
    ],
)
def test_third_persons_in_china(changes, wrong):
    assert {rule for rule, _ in every(CN, [a_contact(**THIRD | changes)])} == wrong


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, set()),
        ({"purpose": "collection", "outcome": "answered"}, {"third-person-only-for-location"}),
        ({"purpose": "collection", "outcome": "unanswered"}, set()),  # not a communication
        ({"purpose": "relay", "outcome": "answered"}, {"third-person-only-for-location"}),
        ({"purpose": "collection", "outcome": "answered", "consent_at": "2026-03-01T09:00:00-05:00"}, set()),
        ({"purpose": "collection", "outcome": "answered", "role": "related"}, set()),  # a consumer, 1006.6(a)
        ({"outcome": "answered", "disclosed": True}, {"debt-not-stated"}),
    ],
)
def test_third_persons_under_reg_f(changes, wrong):
    assert {rule for rule, _ in every(US, [a_contact(zone=NEW_YORK, **THIRD | changes)])} == wrong


@pytest.mark.parametrize(
    ("later", "is_wrong"),
    [
        ({}, True),
        ({"medium": "message", "outcome": "delivered"}, True),  # any medium
        ({"number": "n2"}, True),
        ({"by": "agency"}, True),
        ({"person": "p2"}, False),
        ({"at": "2026-03-02T09:59"}, False),  # before
        ({"consent_at": "2026-03-03T09:00:00+08:00"}, True),
    ],
)
@pytest.mark.parametrize("stops", ["all", "call"])
def test_a_third_person_who_refuses_is_not_contacted_again(stops, later, is_wrong):
    refusal = a_contact("2026-03-02T10:00", outcome="answered", stops=stops, **THIRD)
    again = a_contact(**{"at": "2026-03-05T10:00", "id": "c2"} | THIRD | later)

    assert found(CN, [refusal, again], "third-person-refused") == (["c2"] if is_wrong else [])


@pytest.mark.parametrize(
    ("request_", "later", "is_wrong"),
    [
        ({"stops": "call"}, {}, True),  # comment 14(h)(1)-3.i: "stop calling"
        ({"stops": "call"}, {"outcome": "not_connected"}, True),  # an attempt
        ({"stops": "call"}, {"medium": "email", "outcome": "delivered"}, False),
        ({"stops": "email;message"}, {}, False),
        ({"stops": "email;message"}, {"medium": "email", "outcome": "delivered"}, True),
        ({"stops": "all"}, {"medium": "letter", "outcome": "delivered"}, True),
        ({"stops": "call", "direction": "in", "medium": "email"}, {}, True),  # asked for in the person's own e-mail
        ({"stops": "call"}, {"debt": "loan-2"}, True),  # "any debt"
        ({"stops": "call"}, {"person": "p2"}, False),
        ({"stops": "call"}, {"by": "agency"}, False),
        # comment 14(h)(1)-2: one of two telephone numbers
        ({"stops": "call", "stops_at": "n1"}, {}, True),
        ({"stops": "call", "stops_at": "n1"}, {"number": "n2"}, False),
        # 14(h)(2)
        ({"stops": "message"}, {"medium": "message", "purpose": "opt_out_confirmation"}, False),
        ({"stops": "call"}, {"purpose": "response"}, False),
        ({"stops": "letter"}, {"medium": "letter", "purpose": "required_by_law"}, False),
        # the request is taken back, or came after the consent
        ({"stops": "call"}, {"consent_at": "2026-03-10T09:00:00-04:00"}, False),
        ({"stops": "call"}, {"consent_at": "2026-03-01T09:00:00-05:00"}, True),
    ],
)
def test_a_medium_that_the_person_asked_not_to_be_used_is_stopped(request_, later, is_wrong):
    asked = a_contact(zone=NEW_YORK, **{"outcome": "answered"} | request_)
    again = a_contact("2026-03-20T10:00", zone=NEW_YORK, id="c2", **later)

    assert found(US, [asked, again], "medium-stopped") == (["c2"] if is_wrong else [])


def test_the_last_of_several_requests_must_be_taken_back():
    log = [
        a_contact("2026-03-02T10:00", zone=NEW_YORK, id="first", direction="in", stops="all"),
        a_contact("2026-03-06T10:00", zone=NEW_YORK, id="second", direction="in", stops="call", stops_at="n1"),
        a_contact("2026-03-20T10:00", zone=NEW_YORK, id="call", consent_at="2026-03-04T10:00:00-05:00"),
    ]

    (violation,) = check(rules(US), log)
    assert violation.records == ("second", "call")
    assert check(rules(US), [log[0], log[2]]) == []


# --- what is told ------------------------------------------------------------------------------


def test_a_violation_repeats_nobody_s_name_number_or_debt():
    secret = {"person": "林知夏", "number": "13900001111", "debt": "HT-20260302", "by": "某催收公司"}
    third = {"role": "unrelated", "disclosed": True, "stops": "all"}
    moments = [f"2026-03-02T{hour:02}:00" for hour in range(24)]
    log = [
        *calls(*moments, **secret, outcome="answered"),
        *(a_contact(at, id=f"t{n}", **secret, **third) for n, at in enumerate(moments)),
    ]

    for name in (CN, US):
        violations = check(rules(name), log)
        told = "".join(one.model_dump_json() for one in violations)
        assert violations
        assert not [word for word in (*secret.values(), "Shanghai") if word in told]


def test_a_violation_says_what_is_wrong_in_both_languages_with_its_rule():
    (violation,) = check(rules(CN), [a_contact("2026-03-02T22:00", id="A-7")])

    assert (violation.rule, violation.effect, violation.record) == ("night", Effect.VIOLATION, "A-7")
    assert (
        violation.sentence.zh
        == "联系记录 A-7 发生在对方当地时间 2026-03-02 22:00:00，属于禁止联系的时段（22:00起至08:00之前）"
    )
    assert violation.sentence.en == (
        "Contact A-7 was made at 2026-03-02 22:00:00 local time, in the forbidden hours (from 22:00 or before 08:00)"
    )
    assert violation.article.zh.startswith("GB/T 45251-2025")
    assert (violation.confidence, violation.to_verify) == ("H", False)


@pytest.mark.parametrize(("confidence", "to_verify"), [("H", False), ("M", True), ("L", True)])
def test_a_violation_of_an_unsure_rule_says_that_it_is_to_be_verified(confidence, to_verify):
    rule = a_rule("frequency", maximum=0, days=1, per=["person"], confidence=confidence)

    (violation,) = check(rule, [a_contact()])
    assert (violation.confidence, violation.to_verify) == (confidence, to_verify)


def test_violations_stand_in_the_order_of_time():
    log = [a_contact("2026-03-02T23:00", id="a"), a_contact("2026-03-02T22:30", id="b")]

    assert [one.record for one in check(rules(CN), log)] == ["b", "a"]


# --- properties, and a checker that is simple and slow -----------------------------------------

START = datetime(2026, 3, 5, tzinfo=UTC)  # the clocks of New York and Los Angeles change on 8 March
HALF_HOURS = [START + timedelta(minutes=30 * half_hours) for half_hours in range(14 * 48)]

CHOICES = {  # few people and debts, so that there is much to find
    "at": HALF_HOURS,
    "by": ["firm", "firm", "agency"],
    "debts": [("d1",), ("d1",), ("d2",), ("d1", "d2")],
    "debt_group": [None, None, None, "account"],
    "person": ["p1", "p1", "p2"],
    "role": ["debtor", "debtor", "debtor", "related", "unrelated", "attorney"],
    "number": ["n1", "n1", "n2"],
    "zones": [(SHANGHAI,), (NEW_YORK,), (NEW_YORK, LOS_ANGELES), ("Pacific/Auckland", "Pacific/Honolulu")],
    "medium": ["call", "call", "call", "ai_call", "message"],
    "direction": ["out", "out", "out", "in"],
    "outcome": ["answered", "answered", "unanswered", "unanswered", "not_connected", "delivered"],
    "purpose": ["collection", "collection", "location", "response"],
    "consent_at": [None, *HALF_HOURS[::48]],
    "consent_lasts": [None, timedelta(days=2)],
    "debtor_unreachable": [True, False],
    "disclosed": [False, False, True],
    "stops": [(), (), (), (), ("call",), ("message", "call")],
}


def chosen(number, id_):
    """The contact that a number stands for: one draw each is many times as fast as one for every field."""
    values = {}
    for name, choices in CHOICES.items():
        number, place = divmod(number, len(choices))
        values[name] = choices[place]
    lasts = values.pop("consent_lasts")
    if values["consent_at"] and lasts:
        values["consent_until"] = values["consent_at"] + lasts
    return ContactAttempt(id=id_, **values)


NUMBERS = st.integers(0, prod(map(len, CHOICES.values())) - 1)


def logs(most=24):
    return st.lists(NUMBERS, max_size=most).map(lambda all_: [chosen(one, f"c{n}") for n, one in enumerate(all_)])


def all_rules():
    """Every packaged rule, the frequencies also with limits that few contacts reach, and one of one's own."""
    packaged = [*rules(CN), *rules(US)]
    tight = [
        rule.model_copy(update={"name": f"tight-{rule.name}", "maximum": rule.maximum // 4})
        for rule in packaged
        if rule.kind == "frequency"
    ]
    own = a_rule("frequency", maximum=2, days=3, per=["number", "organisation"], roles=["debtor", "related"])
    return [*packaged, *tight, *own]


@given(logs(), NUMBERS.map(lambda number: chosen(number, "new")))
def test_a_further_contact_never_removes_a_violation(log, further):
    before = {(one.rule, one.record) for one in check(all_rules(), log)}
    after = {(one.rule, one.record) for one in check(all_rules(), [*log, further])}

    assert before <= after


@given(logs().flatmap(lambda log: st.tuples(st.just(log), st.permutations(log))))
def test_the_order_of_the_log_does_not_matter(both):
    log, shuffled = both

    assert check(all_rules(), log) == check(all_rules(), shuffled)


@given(logs())
def test_the_result_equals_that_of_a_simple_and_slow_checker(log):
    fast = {(one.rule, one.record): one.count for one in check(all_rules(), log)}

    assert fast == {
        (rule.name, one.id): count
        for rule in all_rules()
        for one in log
        if (count := SLOW[rule.kind](rule, one, log)) is not False
    }


def covered(rule, one):
    both_ways = getattr(rule, "demand", "") == "secrecy"
    return (
        (both_ways or one.direction == "out")
        and one.medium in rule.media
        and one.role in rule.roles
        and one.purpose in rule.purposes
        and one.purpose not in rule.except_purposes
        and one.outcome in COUNTED[rule.counting]
        and (rule.valid_from is None or day(one.at, one.zones[0]) >= rule.valid_from)
    )


def day(at, zone) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def accounts(one):
    return {one.debt_group + "*"} if one.debt_group else set(one.debts)


def same_group(rule, one, other, debt):
    same = {"person": one.person == other.person, "number": one.number == other.number}
    same |= {"organisation": one.by == other.by, "debt": debt in accounts(other)}
    return all(same[per] for per in rule.per)


def lifted(rule, one, since=None):
    consent, given_at = rule.consent, one.consent_at
    return (
        consent is not None
        and given_at is not None
        and given_at < one.at
        and (one.consent_until is None or one.at <= one.consent_until)
        and (
            consent.days is None
            or all((day(one.at, zone) - day(given_at, zone)).days < consent.days for zone in one.zones)
        )
        and (since is None or given_at >= since)
    )


def talks_before(rule, one, log, debt):
    return [
        other
        for other in log
        if other.outcome == "answered"
        and other.medium in rule.media
        and other.at < one.at
        and same_group(rule, one, other, debt)
    ]


def counts(rule, one, log, debt):
    expiring = rule.consent is not None and rule.consent.until_conversation
    last = max((other.at for other in talks_before(rule, one, log, debt)), default=None) if expiring else None
    return covered(rule, one) and not lifted(rule, one, last)


def slow_hours(rule, one, log):
    begins, ends = {"night": ("22:00:00", "07:59:59.999999")}.get(rule.name, ("21:00:00.000001", "07:59:59.999999"))
    times = [one.at.astimezone(ZoneInfo(zone)).time().isoformat() for zone in one.zones]
    wrong = any(at >= begins or at <= ends for at in times)
    return None if wrong and covered(rule, one) and not lifted(rule, one) else False


def slow_frequency(rule, one, log):
    worst = 0
    for debt in accounts(one):
        if not counts(rule, one, log, debt):
            continue
        for zone in one.zones:
            near = [
                other
                for other in log
                if (other.at, other.id) <= (one.at, one.id)
                and same_group(rule, one, other, debt)
                and counts(rule, other, log, debt if "debt" in rule.per else next(iter(accounts(other))))
                and (rule.days is None or (day(one.at, zone) - day(other.at, zone)).days < rule.days)
            ]
            worst = max(worst, len(near))
    return worst if worst > rule.maximum else False


def slow_cool_down(rule, one, log):
    days = [
        (day(one.at, zone) - day(talk.at, zone)).days + 1
        for debt in accounts(one)
        if counts(rule, one, log, debt)
        for talk in talks_before(rule, one, log, debt)
        for zone in one.zones
    ]
    return min(days) if days and min(days) <= rule.days else False


def slow_third_person(rule, one, log):
    met = {"unreachable": one.debtor_unreachable, "purpose": one.purpose in rule.allowed, "secrecy": not one.disclosed}
    return None if not met[rule.demand] and covered(rule, one) and not lifted(rule, one) else False


def slow_stop(rule, one, log):
    asked = [
        other.at
        for other in log
        if (one.medium in other.stops or (rule.any_medium and other.stops))
        and other.at < one.at
        and same_group(rule, one, other, None)
    ]
    return None if asked and covered(rule, one) and not lifted(rule, one, max(asked)) else False


SLOW = {
    "hours": slow_hours,
    "frequency": slow_frequency,
    "cool_down": slow_cool_down,
    "third_person": slow_third_person,
    "stop": slow_stop,
}


def test_a_long_log_about_one_debt_is_checked_without_comparing_all_with_all():
    values = {"by": "firm", "debts": ("d1",), "person": "p1", "number": "n1", "zones": (NEW_YORK,), "medium": "call"}
    log = [
        ContactAttempt(
            id=f"c{number}",
            at=START + timedelta(minutes=10 * number),
            outcome=("answered", "unanswered")[number % 2],
            **values,
        )
        for number in range(1200)
    ]

    violations = check(all_rules(), log)

    assert max(len(one.records) for one in violations) == 8
    assert violations[-1].record == "c1199"


# --- rule sets as files ------------------------------------------------------------------------


@pytest.mark.parametrize("name", [CN, US])
def test_a_packaged_rule_is_whole(name):
    assert rules(name)
    for rule in rules(name):
        texts = (rule.title, rule.article, rule.source)
        assert all(text.zh and text.en for text in texts), rule.name


def test_only_the_call_frequencies_of_reg_f_are_presumptions():
    presumed = {rule.name for rule in rules(US) if rule.effect is Effect.PRESUMPTION}

    assert presumed == {"seven-calls-in-seven-days", "seven-days-after-a-conversation"}
    assert {rule.name for rule in rules(CN) if rule.effect is not Effect.VIOLATION} == {"unanswered-attempts"}


OWN = """
[[contacts]]
kind = "frequency"
name = "own"
title = { zh = "本机构标准", en = "own" }
maximum = 1
days = 1
per = ["person"]
roles = ["debtor"]
article = { zh = "本机构标准", en = "firm's own standard" }
confidence = "L"
"""


def test_a_rule_set_is_read_from_a_file_of_its_own():
    assert [rule.name for rule in read_rules(OWN, "own.toml").contacts] == ["own"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (OWN.replace("days = 1", "days = 0"), ("own.toml, line ", "days")),
        (OWN.replace('"frequency"', '"often"'), ("own.toml, line ", "kind")),
        (OWN.replace("maximum", "maximal"), ("own.toml, line ", "maximum")),
        (OWN.replace('per = ["person"]', "per = []"), ("own.toml, line ", "per")),
        (OWN + OWN, ("'own' is there twice",)),
        (OWN + "[[\nx = 1", ("own.toml, line ",)),
        ("[[contact]]", ("contacts",)),
        (OWN + 'consent = { until_conversation = true }\nforbidden = "x"', ("forbidden",)),
    ],
)
def test_a_rule_set_that_is_wrong_is_refused_with_its_place(text, words):
    with pytest.raises(RuleFileInvalid) as refused:
        read_rules(text, "own.toml")

    assert not [word for word in words if word not in str(refused.value)], refused.value


@pytest.mark.parametrize(
    ("kind", "values", "reason"),
    [
        ("third_person", {"demand": "purpose"}, "allowed"),
        ("third_person", {"demand": "secrecy", "allowed": ["location"]}, "allowed"),
        ("stop", {"per": ["person"], "consent": {"until_conversation": True}}, "until_conversation"),
        ("frequency", {"per": ["person"], "maximum": 1, "roles": []}, "roles"),
        ("frequency", {"per": ["person"], "maximum": -1}, "maximum"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(kind, values, reason):
    with pytest.raises(ValidationError, match=reason):
        a_rule(kind, **values)


# --- logs as files -----------------------------------------------------------------------------

CELLS = {
    "id": "A-1",
    "at": "2026-03-02T22:00:00+08:00",
    "by": "firm",
    "debt": "loan-1;loan-2",
    "person": "p1",
    "number": "n1",
    "zones": "America/New_York;America/Los_Angeles",
    "medium": "call",
    "outcome": "answered",
    "stops": "all",
    "disclosed": "no",
    "consent_at": "",
}


def a_csv(tmp_path, *rows, header=None, name="log.csv"):
    lines = [header or ",".join(CELLS), *(",".join((CELLS | row).values()) for row in rows)]
    file = tmp_path / name
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def a_jsonl(tmp_path, *objects):
    file = tmp_path / "log.jsonl"
    lines = [one if isinstance(one, str) else json.dumps(one) for one in objects]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_a_log_is_read_from_csv(tmp_path):
    (one,) = read_log(a_csv(tmp_path, {}))

    assert (one.id, one.at) == ("A-1", datetime(2026, 3, 2, 14, 0, tzinfo=UTC))
    assert one.debts == ("loan-1", "loan-2")
    assert one.zones == (NEW_YORK, LOS_ANGELES)
    assert (len(one.stops), one.disclosed, one.consent_at) == (8, False, None)
    assert (one.role, one.purpose) == (PartyRole.DEBTOR, ContactPurpose.COLLECTION)


def test_a_log_is_read_from_json_lines(tmp_path):
    values = CELLS | {"debt": ["loan-1", 2], "zones": [NEW_YORK], "stops": ["call"], "disclosed": True}
    (one, other) = read_log(
        a_jsonl(tmp_path, values | {"consent_at": None}, "", values | {"id": 7, "consent_at": None})
    )

    assert (one.debts, one.zones, one.disclosed) == (("loan-1", "2"), (NEW_YORK,), True)
    assert other.id == "7"


def test_contacts_without_an_id_are_called_by_their_row_in_the_table(tmp_path):
    file = a_csv(tmp_path, {"id": ""}, {"id": ""})
    file.write_text(file.read_text().replace("\n", "\n\n", 1))  # an empty row counts, as a spreadsheet shows it

    assert [one.id for one in read_log(file)] == ["row-3", "row-4"]


def test_a_log_from_a_spreadsheet_may_begin_with_a_byte_order_mark(tmp_path):
    file = a_csv(tmp_path, {})
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))

    assert [one.id for one in read_log(file)] == ["A-1"]


def test_a_log_without_contacts_is_in_order(tmp_path):
    assert read_log(a_csv(tmp_path)) == ()


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"at": "2026-03-02T22:00:00"}, "at", "has no time zone; write it with its UTC offset"),
        ({"at": "2026-03-02"}, "at", "has no time zone"),
        ({"at": "1772460000"}, "at", "is no instant"),
        ({"at": "yesterday"}, "at", "is no instant; write it with its UTC offset"),
        ({"at": "0001-01-01T00:00:00+08:00"}, "at", "lies outside the years 1970 to 2199"),
        ({"at": ""}, "at", "is missing; fill it in"),
        ({"zones": "Peking"}, "zones", "names no zone of the IANA database; write it as Asia/Shanghai"),
        ({"zones": f"{NEW_YORK};../etc"}, "zones", "names no zone"),
        ({"zones": ";"}, "zones", "is empty"),
        ({"outcome": "spoke"}, "outcome", "is unknown; write one of: 'answered', 'unanswered'"),
        ({"medium": "fax"}, "medium", "is unknown; write one of: 'call'"),
        ({"stops": "call;fax"}, "stops", "is unknown; write one of: 'call'"),
        ({"disclosed": "perhaps"}, "disclosed", "is neither yes nor no"),
        ({"id": "A 1"}, "id", "has characters that an id may not have"),
        ({"person": "x" * 201}, "person", "is longer than 200 characters"),
        ({"consent_at": "soon"}, "consent_at", "is no instant"),
    ],
)
def test_a_wrong_cell_is_named_with_its_row_column_reason_and_cure(tmp_path, cells, column, reason):
    with pytest.raises(ContactLogInvalid) as refused:
        read_log(a_csv(tmp_path, {}, {"id": "A-2"} | cells))

    assert str(refused.value).startswith(f"log.csv, row 3, {column}: {reason}")


@pytest.mark.parametrize("column", [name for name in CELLS if name != "disclosed"])
def test_an_error_never_repeats_a_cell(tmp_path, column):
    with pytest.raises(ContactLogInvalid) as refused:
        read_log(a_csv(tmp_path, {column: "林知夏 13900001111" + "x" * 200}))

    assert "林知夏" not in str(refused.value)
    assert "1390000" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "row 1: lacks the columns at, by, debt, person, number, zones, medium, outcome"),
        ("林知夏,13900001111\n", "row 1: lacks the columns at"),
        (",".join([*CELLS, "林知夏"]) + "\n", "row 1, column 13: is unknown; remove it"),
        (",".join([*CELLS, "at"]) + "\n", "row 1, at: is there twice"),
        (",".join(CELLS) + "\n" + ",".join([*CELLS.values(), "more"]) + "\n", "row 2: has more cells"),
        ("[]", "row 1: is no JSON object; write one object on each line"),
        ('{"at": ', "row 1: is no JSON object"),
        ("{}\n", "row 1, at: is missing"),
        ('\n{"林知夏": 1}\n', "row 2: has an unknown field; the fields are: id, at"),
        ('{"at": 1772460000}', "row 1, at: is no instant"),
        (",".join(CELLS) + '\n"' + "x" * 200_000 + '"\n', "row 2: cannot be read as CSV"),
    ],
)
def test_a_file_that_is_no_log_is_refused_without_repeating_it(tmp_path, text, words):
    file = tmp_path / "log.csv"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(ContactLogInvalid) as refused:
        read_log(file)
    assert words in str(refused.value)
    assert "林知夏" not in str(refused.value)


def test_a_log_in_another_encoding_is_refused(tmp_path):
    file = tmp_path / "log.csv"
    file.write_bytes("林知夏".encode("gb18030"))

    with pytest.raises(ContactLogInvalid, match="save it as UTF-8"):
        read_log(file)


def test_an_id_stands_in_a_log_once(tmp_path):
    with pytest.raises(ContactLogInvalid, match=r"log\.csv, row 3, id: stands in an earlier row"):
        read_log(a_csv(tmp_path, {}, {}))


def test_the_error_of_a_log_survives_pickling():
    error = ContactLogInvalid("log.csv", 3, "at", "has no time zone")

    assert str(pickle.loads(pickle.dumps(error))) == "log.csv, row 3, at: has no time zone"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"consent_until": "2026-03-01T09:00:00+08:00"}, "without consent_at"),
        ({"consent_at": "2026-03-02T09:00:00+08:00", "consent_until": "2026-03-01T09:00:00+08:00"}, "lies before"),
        ({"stops_at": "n1"}, "stops_at without stops"),
    ],
)
def test_a_contact_that_contradicts_itself_is_refused(changes, reason):
    with pytest.raises(ValidationError, match=reason):
        a_contact(**changes)


def test_the_columns_of_a_log_are_known_by_name():
    assert [name for name, needed in COLUMNS.items() if needed] == [
        "at", "by", "debt", "person", "number", "zones", "medium", "outcome",
    ]  # fmt: skip
    assert set(CELLS) <= set(COLUMNS)


def test_every_word_is_there_in_both_languages():
    assert all(one.zh and one.en for one in (*ContactOutcome, *ContactPurpose, *Effect))
    assert set(Violation.model_fields) >= {"rule", "effect", "record", "local", "count", "limit", "article", "sentence"}
