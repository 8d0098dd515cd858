from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints import acts, timekeeping
from complaints.case_explanation import explain_case
from complaints.errors.case import AnswerRefused, MergeRefused, NotMerged, StageError
from complaints.letters import render_letter
from complaints.merging import merge, unmerge
from complaints.moves import OPEN
from complaints.reception import receive
from complaints.regimes.rulebook import load_pack
from complaints.settings import Firm
from complaints.words import Closure, Kind, Stage
from tests.builders import (
    EARLIER,
    EMAIL,
    MONDAY,
    PHONE,
    REFERENCE,
    REGIME,
    a_complaint,
    a_finding,
    a_pack,
    advance,
    an_act,
    prepare_letter,
    replayed,
    send_letter,
    sweep,
)

ID, OTHER_ID = "310101198001011237", "310101197902022349"
MERGEABLE = sorted(OPEN - {Stage.ENDED}, key=list(Stage).index)
DAUGHTER = {"name": "林晓", "relation": "女儿", "authority": "授权委托书", "contacts": [PHONE]}


def day(number):
    return MONDAY + timedelta(days=number)


def a_case_of(reference, received_on=0, stage=Stage.ACKNOWLEDGED, pack=None, kind=Kind.COMPLAINT, **changes):
    now = day(received_on)
    pack = pack or load_pack(REGIME)
    case = receive(reference, pack, a_complaint(kind=kind, **({"number": reference} | changes)), "crm", now)
    advance(case, stage, now=now)
    return case


def earlier(stage=Stage.UNDER_INVESTIGATION, **changes):
    return a_case_of(EARLIER, 0, stage, **changes)


def later(stage=Stage.UNDER_INVESTIGATION, on=3, **changes):
    return a_case_of(REFERENCE, on, stage, **changes)


def person(name="林知夏", *contacts, **more):
    return {"name": name, "contacts": contacts or [EMAIL], **more}


def said(case, act):
    return [one.act for one in case.new if isinstance(one.act, act)]


def running(case):
    return {name: clock.due_at for name, clock in case.clocks.items() if clock.next_at}


# --- merging ------------------------------------------------------------------------------------


def test_the_later_case_is_closed_as_merged_and_the_earlier_answers_for_it():
    case, into = later(), earlier()

    assert merge(case, into, "c.zhao", day(4), reason="同一笔扣费。")

    assert (case.stage, case.closed.closure, case.merged.into) == (Stage.CLOSED, Closure.MERGED, EARLIER)
    assert case.asks is None
    assert running(case) == {}
    assert (into.stage, list(into.absorbed)) == (Stage.UNDER_INVESTIGATION, [REFERENCE])
    assert said(case, acts.Merged) == [acts.Merged(into=EARLIER, reason="同一笔扣费。")]


def test_the_reason_of_a_merger_is_kept_sealed():
    assert "reason" in acts.Merged.personal


def test_the_period_counts_from_the_earlier_receipt():
    case, into = later(), earlier()
    before = into.clocks["decision"].due_at

    merge(case, into, "c.zhao", day(4))

    assert into.clocks["decision"].due_at == before < day(3) + timedelta(days=15)


def test_merging_twice_changes_nothing():
    case, into = later(), earlier()
    merge(case, into, "c.zhao", day(4))
    entries = len(case.new), len(into.new)

    assert not merge(case, into, "li.wei", day(5))
    assert (len(case.new), len(into.new)) == entries


@pytest.mark.parametrize("stage", MERGEABLE)
def test_a_case_can_be_merged_at_any_open_stage(stage):
    case, into = later(stage), earlier()

    merge(case, into, "c.zhao", day(4))

    assert case.stage is Stage.CLOSED


def test_new_facts_let_the_period_run_again_from_the_receipt_of_the_later_complaint():
    case, into = later(on=6), earlier()

    merge(case, into, "c.zhao", day(7), new_facts=True)

    clock = into.clocks["decision"]
    assert clock.started_at == day(6)
    assert clock.due_at == later(on=6).clocks["decision"].due_at


def test_new_facts_are_refused_where_the_regime_knows_none():
    pack = load_pack("uk-disp")
    case, into = later(pack=pack), earlier(pack=pack)

    with pytest.raises(AnswerRefused, match="new_facts"):
        merge(case, into, "c.zhao", day(4), new_facts=True)


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("zh-CN", f"编号：{EARLIER}（{REFERENCE}已并案，一并答复）"),
        ("en", f"reference: {EARLIER} (which also deals with {REFERENCE})"),
    ],
)
def test_the_letters_of_the_earlier_case_name_the_complaints_that_they_answer_too(language, line):
    case, into = later(language=language), earlier(Stage.DECIDED, language=language)
    assert REFERENCE not in render_letter(into, "decision", Firm(), day(4)).text

    merge(case, into, "c.zhao", day(4))

    assert line in render_letter(into, "decision", Firm(), day(4)).text


# --- what stays apart ---------------------------------------------------------------------------

APART = [
    pytest.param(lambda: later(), lambda: later(), "it is the same case", id="itself"),
    pytest.param(lambda: a_case_of(REFERENCE, -1), earlier, f"redress merge {EARLIER} {REFERENCE}", id="the earlier"),
    pytest.param(lambda: later(Stage.CLOSED), earlier, "it is closed already", id="a closed one"),
    pytest.param(later, lambda: earlier(Stage.CLOSED), "that one is closed", id="into a closed one"),
    pytest.param(later, lambda: earlier(Stage.ANSWERED), "needs an answer of its own", id="into an answered one"),
    pytest.param(lambda: later(kind="report"), earlier, "a report is kept apart", id="a report"),
    pytest.param(later, lambda: earlier(kind="report"), "a report is kept apart", id="into a report"),
    pytest.param(later, lambda: earlier(Stage.ASSESSED, kind="consultation"), "go different ways", id="another kind"),
    pytest.param(
        later, lambda: earlier(Stage.ACKNOWLEDGED, pack=load_pack("uk-disp")), "different regimes", id="another regime"
    ),
    pytest.param(lambda: later(on=20), earlier, "after the limit 'decision'", id="received after the period"),
    pytest.param(
        lambda: later(complainant=person("赵一鸣", PHONE)),
        lambda: earlier(complainant=person("林知夏", PHONE)),
        "names differ",
        id="a family's telephone",
    ),
    pytest.param(
        lambda: later(complainant=person(identity_number=OTHER_ID)),
        lambda: earlier(complainant=person(identity_number=ID)),
        "identity numbers differ",
        id="two people of one name",
    ),
    pytest.param(
        lambda: later(complainant=person("林知夏", PHONE)),
        lambda: earlier(complainant=person("林知夏", EMAIL)),
        "record a contact that both have",
        id="nothing but the name",
    ),
    pytest.param(
        lambda: later(complainant={"contacts": [PHONE]}, contract="QZ-0001"),
        lambda: earlier(complainant=person("林知夏", EMAIL), contract="QZ-0001"),
        "record a contact that both have",
        id="nobody knows who wrote",
    ),
]


@pytest.mark.parametrize(("case", "into", "reason"), APART)
def test_cases_that_must_stay_apart_are_refused_with_the_reason_and_nothing_is_recorded(case, into, reason):
    case, into = case(), into()
    entries = len(case.new), len(into.new)

    with pytest.raises(MergeRefused) as refused:
        merge(case, into, "c.zhao", day(21))

    assert reason in str(refused.value)
    assert (len(case.new), len(into.new)) == entries
    for personal in ("林知夏", "赵一鸣", EMAIL["value"], PHONE["value"], ID):
        assert personal not in str(refused.value)


def test_nobody_is_merged_into_a_case_where_nobody_could_be_told():
    case = later(contract="QZ-0001")
    into = earlier(complainant={"name": "林知夏"}, contract="QZ-0001")

    with pytest.raises(MergeRefused, match=f"redress contact {EARLIER}"):
        merge(case, into, "c.zhao", day(4))


def test_a_limit_that_the_earlier_case_has_none_of_is_not_lost():
    pack = a_pack(
        """
        [[clocks]]
        name = "special"
        title = { zh = "特别时限", en = "special limit" }
        budget = 2
        unit = "calendar_days"
        starts = "received"
        ends = ["closed"]
        when = { circumstances = ["complex"] }
        article = { zh = "第一条", en = "art. 1" }
        confidence = "H"
        """
    )
    case, into = later(pack=pack, circumstances=["complex"]), earlier(pack=pack)

    with pytest.raises(MergeRefused, match="its limit 'special' would be lost"):
        merge(case, into, "c.zhao", day(4))


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        pytest.param(person(), person(), id="name and e-mail"),
        pytest.param(person("林知夏", PHONE), {"contacts": [PHONE]}, id="a telephone, once without a name"),
        pytest.param(
            person("林知夏", PHONE),
            person("林知夏", {"kind": "phone", "value": "138 0000 0110"}),
            id="two figures that changed places",
        ),
        pytest.param(
            person("林知夏", PHONE), person("林知夏", {"kind": "phone", "value": "13800000191"}), id="one wrong figure"
        ),
        pytest.param(
            person("林志夏", PHONE, identity_number=ID), person(identity_number="310101800101123"), id="identity number"
        ),
    ],
)
def test_one_person_is_known_again(mine, theirs):
    assert merge(later(complainant=mine), earlier(complainant=theirs), "c.zhao", day(4))


@pytest.mark.parametrize(
    ("contact", "contract"), [(PHONE, None), (EMAIL, "QZ-0001")], ids=["by her telephone", "by the account"]
)
def test_a_representative_who_wrote_in_her_own_name_counts_as_one_with_the_person(contact, contract):
    into = earlier(representative=DAUGHTER, contract="QZ-0001")
    case = later(complainant=person("林晓", contact, identity_number=OTHER_ID), contract=contract)

    assert merge(case, into, "c.zhao", day(4))


def test_whoever_has_but_the_name_of_a_representative_is_another_person():
    into = earlier(representative=DAUGHTER)
    case = later(complainant=person("林晓", {"kind": "phone", "value": "13700000303"}))

    with pytest.raises(MergeRefused, match="neither represents the other"):
        merge(case, into, "c.zhao", day(4))


def test_two_people_of_one_name_whom_one_agency_represents_stay_apart():
    agency = DAUGHTER | {"name": "某某咨询", "relation": "代理"}
    case, into = (
        build(complainant={"name": "王伟"}, representative=agency, product=None) for build in (later, earlier)
    )

    with pytest.raises(MergeRefused, match="record a contact that both have"):
        merge(case, into, "c.zhao", day(4))


def test_a_contact_that_became_known_later_shows_that_they_are_one():
    case, into = later(complainant=person("林知夏", PHONE)), earlier(complainant=person("林知夏", EMAIL))
    into.record(an_act(acts.ContactAdded, contact=PHONE), day(3), "li.wei")

    assert merge(case, into, "c.zhao", day(4))


def test_chains_and_circles_are_refused():
    first, second, third = earlier(), later(on=3), a_case_of("TS260306-AAAAAAA", 4)
    merge(second, first, "c.zhao", day(5))

    for case, into, reason in (
        (third, second, f"merge into {EARLIER}"),
        (first, third, f"it answers for {REFERENCE} itself"),
        (second, third, f"redress unmerge {REFERENCE}"),
        (first, second, f"it answers for {REFERENCE} itself"),
    ):
        with pytest.raises(MergeRefused, match=reason):
            merge(case, into, "c.zhao", day(6))


def test_a_merged_case_is_not_taken_up_again_by_any_other_way():
    case, into = later(), earlier()
    merge(case, into, "c.zhao", day(4))

    with pytest.raises(StageError):
        case.record(an_act(acts.Reopened), day(5), "li.wei")


# --- undoing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", MERGEABLE)
def test_a_case_that_was_merged_by_mistake_stands_where_it_stood(stage):
    case, never = later(stage), later(stage)
    merge(case, into := earlier(), "c.zhao", day(4))

    unmerge(case, into, "c.zhao", day(6))

    assert (case.stage, case.asks, case.closed, case.closed_at) == (stage, never.asks, None, None)
    assert running(case) == running(never)
    assert (case.merged, into.absorbed) == (None, {})
    assert replayed(case) == case
    assert replayed(into) == into


def test_time_that_passed_while_it_was_merged_counts():
    case, never = later(), later()
    merge(case, into := earlier(), "c.zhao", day(4))
    unmerge(case, into, "c.zhao", day(30))

    assert [type(act) for act in sweep(case, day(30))] == [type(act) for act in sweep(never, day(30))]
    assert case.clocks["decision"].missed


def test_a_clock_that_stood_still_stands_still_again():
    case = later()
    timekeeping.pause(case, "decision", "appraisal", "h.chen", day(4), proof="JD-17")
    merge(case, into := earlier(), "c.zhao", day(5))

    unmerge(case, into, "c.zhao", day(8))
    timekeeping.resume(case, "decision", "h.chen", day(9))

    assert case.clocks["decision"].due_at == later().clocks["decision"].due_at + timedelta(days=5)


def test_a_case_is_answered_as_usual_after_its_merger_was_undone():
    case = later()
    merge(case, into := earlier(), "c.zhao", day(4))
    unmerge(case, into, "c.zhao", day(5))

    case.answer(case.asks, a_finding(), "li.wei", day(5))
    advance(case, Stage.CLOSED, now=day(6))

    assert case.closed.closure is Closure.COMPLETED
    assert case.clocks["decision"].late is False


def test_what_came_in_while_it_was_merged_stays():
    case = later()
    merge(case, into := earlier(), "c.zhao", day(4))
    case.record(an_act(acts.ContactAdded, contact=PHONE), day(5), "li.wei")

    unmerge(case, into, "c.zhao", day(6))

    assert [one.value for one in case.contacts] == [EMAIL["value"], PHONE["value"]]


def test_a_letter_that_waited_to_be_sent_waits_again():
    case = later()
    prepare_letter(case, letter="materials_request", now=day(3))
    merge(case, into := earlier(), "c.zhao", day(4))
    unmerge(case, into, "c.zhao", day(5))

    assert case.letters["materials_request", 1].status == "prepared"
    assert case.sends("materials_request")


def test_the_explanation_of_a_clock_says_that_a_merger_was_undone():
    case = later()
    merge(case, into := earlier(), "c.zhao", day(4))
    unmerge(case, into, "c.zhao", day(5))

    (told,) = [one for one in explain_case(case) if one.name == "decision"]
    assert [event.what.zh for event in told.events] == ["撤销并案，时限视为从未停止"]
    assert told.state.en == "running"


def test_the_period_that_new_facts_had_lengthened_runs_from_its_own_start_again():
    case, into = later(on=6), earlier()
    merge(case, into, "c.zhao", day(7), new_facts=True)

    unmerge(case, into, "c.zhao", day(8))

    assert running(into) == running(earlier())
    assert into.clocks["decision"].started_at == MONDAY
    assert replayed(into) == into


def test_new_facts_of_another_day_keep_the_period_that_they_gave():
    case, into = later(on=6), earlier()
    merge(case, into, "c.zhao", day(7), new_facts=True)
    timekeeping.note(into, "new_facts", day(9), "li.wei", day(9))

    unmerge(case, into, "c.zhao", day(10))

    assert into.clocks["decision"].started_at == day(9)


def test_the_earlier_case_may_have_been_closed_meanwhile():
    case, into = later(), earlier()
    merge(case, into, "c.zhao", day(4))
    advance(into, Stage.CLOSED, now=day(5))

    unmerge(case, into, "c.zhao", day(6))

    assert (case.stage, into.stage) == (Stage.UNDER_INVESTIGATION, Stage.CLOSED)


def test_the_authority_that_forwarded_a_merged_matter_is_still_told():
    forwarded = {"channel": "regulator", "transfer": {"authority": "nfra-shanghai", "number": "沪金监转2026-12"}}
    case, never = later(**forwarded), later(**forwarded)
    merge(case, into := earlier(), "c.zhao", day(4))

    assert (case.stage, case.ended.closure, case.owes_report) == (Stage.ENDED, Closure.MERGED, True)
    assert list(running(case)) == ["report-back"]

    unmerge(case, into, "c.zhao", day(5))
    assert (case.stage, case.ended, running(case)) == (Stage.UNDER_INVESTIGATION, None, running(never))
    assert replayed(case) == case


def test_what_an_authority_was_told_meanwhile_stays_told():
    case = later(channel="regulator", transfer={"authority": "nfra-shanghai", "number": "沪金监转2026-12"})
    merge(case, into := earlier(), "c.zhao", day(4))
    send_letter(case, "report_back", now=day(4))
    case.record(acts.Closed(closure=Closure.MERGED), day(4))

    unmerge(case, into, "c.zhao", day(5))

    assert case.clocks["report-back"].met_at == day(4)
    assert case.clocks["decision"].next_at


def test_there_is_nothing_to_undo_where_nothing_was_merged():
    with pytest.raises(NotMerged):
        unmerge(later(), earlier(), "c.zhao", day(4))


def test_an_archived_case_stays_merged():
    case, into = later(), earlier()
    merge(case, into, "c.zhao", day(4))
    case.record(an_act(acts.Archived), day(40))

    with pytest.raises(StageError):
        unmerge(case, into, "c.zhao", day(41))


@given(
    st.sampled_from(MERGEABLE),
    st.sampled_from(MERGEABLE[:6]),
    st.lists(st.booleans(), min_size=1, max_size=3),
    st.booleans(),
)
def test_merged_and_undone_any_number_of_times_it_is_as_if_nothing_had_been(stage, stage_of_other, turns, new_facts):
    case, into = later(stage), earlier(stage_of_other)
    now = day(4)
    for again in turns:
        merge(case, into, "c.zhao", now, new_facts=new_facts and again)
        now += timedelta(days=1)
        unmerge(case, into, "c.zhao", now)

    assert running(case) == running(later(stage))
    assert running(into) == running(earlier(stage_of_other))
    assert (case.stage, into.stage) == (stage, stage_of_other)
    assert (replayed(case), replayed(into)) == (case, into)
