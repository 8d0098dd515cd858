import json
from datetime import timedelta

import pytest

from complaints import acts
from complaints.announcements import Event, announced
from complaints.reception import receive
from complaints.regimes.rulebook import load_pack
from complaints.words import Closure, Kind, ReopenReason, Stage
from tests.builders import MONDAY, REFERENCE, REGIME, a_case, a_complaint, advance, an_act, sweep

EARLIER = "TS260227-AAAAAAA"


def told(case, version=0):
    return [(one.event, one.facts["stage"]) for one in announced(case, version)]


def news(case, act, now=MONDAY):
    """What is told of one more act."""
    case.new.clear()
    case.record(act, now, "li.wei")
    return announced(case, 5)


def test_a_complaint_that_comes_in_is_a_case_opened_and_nothing_else():
    (one,) = announced(a_case(), 0)

    assert (one.reference, one.event, one.at) == (REFERENCE, Event.OPENED, MONDAY)
    assert one.facts == {
        "reference": REFERENCE,
        "entry": 1,
        "stage": "received",
        "kind": "complaint",
        "category": "fees",
        "severity": None,
        "urgency": None,
        "channel": "web",
        "regime": "cn-nfra",
        "received_at": "2026-03-02T01:00:00+00:00",
        "acknowledged_at": None,
        "due_at": "2026-03-17T16:00:00+00:00",
        "answered_at": None,
        "closed_at": None,
        "outcome": None,
        "closure": None,
    }


def test_every_stage_of_a_case_is_told_once_in_its_order():
    assert told(a_case(Stage.ARCHIVED)) == [
        (Event.OPENED, "received"),
        (Event.STAGE_CHANGED, "acknowledged"),
        (Event.STAGE_CHANGED, "assessed"),
        (Event.STAGE_CHANGED, "under_investigation"),
        (Event.STAGE_CHANGED, "investigated"),
        (Event.STAGE_CHANGED, "decided"),
        (Event.STAGE_CHANGED, "answered"),
        (Event.ANSWERED, "answered"),
        (Event.STAGE_CHANGED, "put_right"),
        (Event.STAGE_CHANGED, "followed_up"),
        (Event.STAGE_CHANGED, "closed"),
        (Event.CLOSED, "closed"),
        (Event.STAGE_CHANGED, "archived"),
    ]


@pytest.mark.parametrize(
    "act",
    [acts.MaterialsRequested, acts.Viewed, acts.ContactAdded, acts.CircumstancesStated],
    ids=lambda act: act.__name__,
)
def test_an_act_that_leads_nowhere_is_told_to_nobody(act):
    assert news(a_case(Stage.UNDER_INVESTIGATION), an_act(act)) == []


def test_an_entry_says_its_place_in_the_ledger():
    case = a_case(Stage.RECEIVED)
    version = len(case.new)
    case.new.clear()
    case.record(an_act(acts.Acknowledged), MONDAY)

    (one,) = announced(case, version)

    assert one.facts["entry"] == version + 1


def test_a_withdrawal_is_a_case_closed_that_says_why():
    case = a_case(Stage.UNDER_INVESTIGATION)
    case.new.clear()
    case.withdraw("li.wei", MONDAY)

    changed, closed = announced(case, 9)

    assert (changed.event, closed.event) == (Event.STAGE_CHANGED, Event.CLOSED)
    assert (closed.facts["closure"], closed.facts["closed_at"]) == (Closure.WITHDRAWN, "2026-03-02T01:00:00+00:00")


def test_an_answer_says_its_outcome():
    case = a_case(Stage.DECIDED)

    assert [one.facts["outcome"] for one in news(case, an_act(acts.Answered))] == ["upheld", "upheld"]


def test_a_case_that_is_taken_up_again_is_told_with_its_stage():
    case = a_case(Stage.CLOSED)

    changed, reopened = news(case, acts.Reopened(reason=ReopenReason.NEW_FACTS))

    assert (changed.event, reopened.event) == (Event.STAGE_CHANGED, Event.REOPENED)
    assert reopened.facts["stage"] == Stage.UNDER_INVESTIGATION
    assert reopened.facts["closed_at"] is None


def test_a_merge_names_the_case_that_goes_on():
    (merged,) = news(a_case(Stage.UNDER_INVESTIGATION), acts.Merged(into=EARLIER, reason="同一人"))

    assert (merged.event, merged.facts["merged_into"]) == (Event.MERGED, EARLIER)
    assert "同一人" not in json.dumps(merged.facts, ensure_ascii=False)


def test_a_merge_that_is_undone_is_told_with_the_stage_to_which_the_case_returns():
    case = a_case(Stage.UNDER_INVESTIGATION)
    case.record(acts.Merged(into=EARLIER), MONDAY, "li.wei")
    case.end(Closure.MERGED, "li.wei", MONDAY)

    changed, unmerged = news(case, acts.MergeUndone(into=EARLIER))

    assert (changed.event, unmerged.event) == (Event.STAGE_CHANGED, Event.UNMERGED)
    assert (unmerged.facts["stage"], unmerged.facts["closure"]) == (Stage.UNDER_INVESTIGATION, None)


# --- limits -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "events"), [(8, []), (13, [Event.DEADLINE_NEAR]), (16, [Event.DEADLINE_MISSED])])
def test_a_limit_is_told_when_it_is_near_or_missed_but_not_when_half_of_it_has_passed(days, events):
    case = a_case(Stage.UNDER_INVESTIGATION)
    case.new.clear()
    sweep(case, MONDAY + timedelta(days=days))

    assert case.new
    assert [one.event for one in announced(case, 9)] == events


def test_a_limit_is_told_with_its_rule_and_its_due_time():
    case = a_case(Stage.UNDER_INVESTIGATION)
    case.new.clear()
    sweep(case, MONDAY + timedelta(days=13))

    (near,) = announced(case, 9)

    assert near.facts["stage"] == Stage.UNDER_INVESTIGATION
    assert near.facts["clock"] == {
        "name": "decision",
        "regime": "cn-nfra",
        "article": case.clocks["decision"].started.article,
        "due_at": "2026-03-17T16:00:00+00:00",
        "percent": 80,
    }


# --- what is not told ---------------------------------------------------------------------------


def test_imported_history_is_told_to_nobody():
    case = receive(REFERENCE, load_pack(REGIME), a_complaint(), "cfpb", MONDAY, history=True)
    case.record(acts.Closed(closure=Closure.HISTORY), MONDAY)

    assert announced(case, 0) == []


@pytest.mark.parametrize("kind", [Kind.COMPLAINT, Kind.REPORT])
def test_nothing_that_is_told_is_personal(kind):
    case = a_case(
        Stage.ARCHIVED, kind=kind, contract="HT-26-01", complainant={"name": "林知夏", "identity_number": "K-7"}
    )
    content = json.dumps([dict(one.facts) for one in announced(case, 0)], ensure_ascii=False)

    personal = [
        "林知夏",
        "K-7",
        "HT-26-01",
        "CRM-0001",
        "example.cn",
        "账户",
        "退还",
        "已核对",
        "重复",
        "轻舟",
        "li.wei",
    ]
    assert [words for words in personal if words in content] == []


def test_what_is_told_stands_as_json():
    case = a_case()
    advance(case, Stage.CLOSED)

    for one in announced(case, 0):
        assert json.loads(json.dumps(one.facts)) == one.facts
