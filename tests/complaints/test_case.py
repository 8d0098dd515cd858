import json
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints import acts
from complaints.acts import ACTS, Recorded
from complaints.answers import Question
from complaints.case import SYSTEM, Case, closure_of
from complaints.correspondence import delivery_channel
from complaints.errors.case import AnswerRefused, NotAsked, StageError
from complaints.intake import Contact
from complaints.moves import CLOSED_FROM, MOVES
from complaints.reception import receive
from complaints.regimes.rulebook import load_pack
from complaints.words import Closure, Conclusion, Kind, Stage
from tests.builders import (
    AN_ANSWER,
    EMAIL,
    MONDAY,
    PHONE,
    POST,
    REFERENCE,
    REGIME,
    a_case,
    a_complaint,
    a_decision,
    a_finding,
    a_received,
    a_remedy_done,
    a_repair,
    a_reply,
    advance,
    an_act,
    fail_letter,
    prepare_letter,
    through_json,
    utc,
)

BESIDE = [acts.Withdrawn, acts.AnswerWasRefused, acts.ClockWarned, acts.ClockMissed]
MERGERS = [acts.RepeatsSuggested, acts.Merged, acts.MergeUndone, acts.Absorbed, acts.Separated]
STAGES = list(Stage)
OPEN_STAGES = [stage for stage in Stage if stage.is_open]
LATER = MONDAY + timedelta(hours=1)

# One column a stage, in the order of `Stage`; the stage that a move leads to is on the right.
WHAT_IS_ALLOWED = """
                       rec ack ass inv fou dec ans put fol end clo arc
acknowledged            x   .   .   .   .   .   .   .   .   .   .   .   acknowledged
assessed                .   x   .   .   .   .   .   .   .   .   .   .   assessed
replied                 .   .   x   .   .   .   .   .   .   .   .   .   assessed
investigation_opened    .   .   x   .   .   .   .   .   .   .   .   .   under_investigation
materials_requested     .   .   .   x   .   .   .   .   .   .   .   .   under_investigation
found                   .   .   .   x   .   .   .   .   .   .   .   .   investigated
report_examined         .   .   .   x   .   .   .   .   .   .   .   .   investigated
decided                 .   .   .   .   x   .   .   .   .   .   .   .   decided
answered                .   .   x   .   x   x   .   .   .   .   .   .   answered
put_right               .   .   .   .   .   .   x   .   .   .   .   .   put_right
follow_up_opened        .   .   .   .   .   .   .   x   .   .   .   .   put_right
followed_up             .   .   .   .   .   .   .   x   .   .   .   .   followed_up
handling_ended          x   x   x   x   x   x   x   x   x   .   .   .   ended
reopened                .   .   .   .   .   .   .   .   .   .   x   .   under_investigation
archived                .   .   .   .   .   .   .   .   .   .   x   .   archived
unarchived              .   .   .   .   .   .   .   .   .   .   .   x   closed
"""

WHAT_CLOSES = """
                       rec ack ass inv fou dec ans put fol end clo arc
completed               .   .   .   .   .   .   x   .   x   .   .   .
answered_at_once        .   .   .   .   .   .   x   .   .   .   .   .
recorded                .   .   .   .   .   .   x   .   .   .   .   .
declined                .   .   .   .   .   .   x   .   .   .   .   .
withdrawn               x   x   x   x   x   x   x   x   x   x   .   .
merged                  x   x   x   x   x   x   x   x   x   x   .   .
history                 x   .   .   .   .   .   .   .   .   .   .   .
"""


def rows(table):
    return [line.split() for line in table.strip().splitlines()[1:]]


MATRIX = [
    pytest.param(ACTS[name], stage, cell == "x", Stage(cells[-1]), id=f"{name} at {stage}")
    for name, *cells in rows(WHAT_IS_ALLOWED)
    for stage, cell in zip(STAGES, cells, strict=False)
]
CLOSING_MATRIX = [
    pytest.param(Closure(name), stage, cell == "x", id=f"{name} at {stage}")
    for name, *cells in rows(WHAT_CLOSES)
    for stage, cell in zip(STAGES, cells, strict=True)
]


@pytest.mark.parametrize(("act", "stage", "allowed", "leads_to"), MATRIX)
def test_a_move_is_made_from_the_stages_in_the_table_and_refused_from_all_others(act, stage, allowed, leads_to):
    case = a_case(stage)
    before = list(case.new)

    if allowed:
        case.record(an_act(act), LATER)
        assert case.stage is leads_to
    else:
        with pytest.raises(StageError) as refused:
            case.record(an_act(act), LATER)
        assert refused.value.args == (REFERENCE, stage, act.kind_name())
        assert case == a_case(stage)
        assert case.new == before


@pytest.mark.parametrize(("closure", "stage", "allowed"), CLOSING_MATRIX)
def test_a_case_is_closed_for_a_reason_that_fits_its_stage(closure, stage, allowed):
    case = a_case(stage)

    if allowed:
        case.record(acts.Closed(closure=closure), LATER)
        assert (case.stage, case.closed.closure, case.closed_at) == (
            Stage.CLOSED,
            closure,
            None if closure is Closure.HISTORY else LATER,
        )
    else:
        with pytest.raises(StageError):
            case.record(acts.Closed(closure=closure), LATER)
        assert case == a_case(stage)


def test_the_two_tables_name_every_move_and_every_closure():
    assert {ACTS[name] for name, *_ in rows(WHAT_IS_ALLOWED)} | {acts.Closed} == set(MOVES)
    assert {name for name, *_ in rows(WHAT_CLOSES)} == set(CLOSED_FROM) == set(Closure)


def test_only_what_the_first_version_archived_is_archived_again():
    case = a_case(Stage.ARCHIVED, instead=[an_act(acts.Archived, format=1)])
    assert not case.is_packed

    case.record(an_act(acts.Archived), LATER)

    assert (case.stage, case.is_packed) == (Stage.ARCHIVED, True)
    case.record(acts.Unarchived(), LATER)
    assert (case.stage, case.is_packed, case.archived) == (Stage.CLOSED, False, None)


# --- the ways through ---------------------------------------------------------------------------


def test_a_complaint_is_found_decided_put_right_and_followed_up():
    case = a_case(Stage.ASSESSED)
    seen = []

    def note():
        seen.append((case.stage, case.asks))

    case.record(an_act(acts.InvestigationOpened), LATER)
    note()
    case.answer(Question.FINDING, a_finding(), "li.wei", LATER)
    note()
    case.answer(Question.DECISION, a_decision(), "wang.fang", LATER)
    note()
    case.record(acts.Answered(), LATER)
    note()
    case.answer(Question.REMEDY, a_remedy_done(), "zhao.min", LATER)
    note()
    case.record(acts.FollowUpOpened(), LATER)
    note()
    case.answer(Question.FOLLOW_UP, AN_ANSWER[Question.FOLLOW_UP](), "chen.jie", LATER)
    note()
    case.record(acts.Closed(closure=closure_of(case)), LATER)
    note()

    assert seen == [
        (Stage.UNDER_INVESTIGATION, Question.FINDING),
        (Stage.INVESTIGATED, Question.DECISION),
        (Stage.DECIDED, None),
        (Stage.ANSWERED, Question.REMEDY),
        (Stage.PUT_RIGHT, None),
        (Stage.PUT_RIGHT, Question.FOLLOW_UP),
        (Stage.FOLLOWED_UP, None),
        (Stage.CLOSED, None),
    ]
    assert case.closed.closure is Closure.COMPLETED
    assert case.answered_by == {
        Question.FINDING: "li.wei",
        Question.DECISION: "wang.fang",
        Question.REMEDY: "zhao.min",
        Question.FOLLOW_UP: "chen.jie",
    }


def test_a_consultation_asks_for_a_reply_and_is_answered_at_once():
    case = a_case(Stage.ASSESSED, kind=Kind.CONSULTATION)
    assert case.asks is Question.REPLY

    case.answer(Question.REPLY, a_reply(), "li.wei", LATER)
    assert (case.stage, case.asks) == (Stage.ASSESSED, None)

    case.record(acts.Answered(), LATER)
    case.record(acts.Closed(closure=closure_of(case)), LATER)
    assert case.closed.closure is Closure.ANSWERED_AT_ONCE


def test_a_suggestion_asks_nobody_anything():
    case = a_case(kind=Kind.SUGGESTION)

    for stage in (Stage.ACKNOWLEDGED, Stage.ASSESSED, Stage.ANSWERED):
        advance(case, stage)
        assert case.asks is None

    case.record(acts.Closed(closure=closure_of(case)), LATER)
    assert case.closed.closure is Closure.RECORDED


def test_a_whistle_blowing_report_is_examined_and_closed_without_a_decision_or_a_remedy():
    case = a_case(Stage.UNDER_INVESTIGATION, kind=Kind.REPORT)
    assert case.asks is Question.REPORT

    case.answer(Question.REPORT, AN_ANSWER[Question.REPORT](), "compliance.1", LATER)
    assert (case.stage, case.asks) == (Stage.INVESTIGATED, None)

    case.record(acts.Answered(), LATER)
    assert case.asks is None
    case.record(acts.Closed(closure=closure_of(case)), LATER)
    assert case.closed.closure is Closure.COMPLETED


@pytest.mark.parametrize("conclusion", [Conclusion.NOT_ENTITLED, Conclusion.NOT_OURS])
def test_a_complaint_that_is_declined_is_answered_without_a_decision(conclusion):
    case = a_case(Stage.UNDER_INVESTIGATION)

    case.answer(Question.FINDING, a_finding(conclusion=conclusion), "li.wei", LATER)
    assert (case.stage, case.asks) == (Stage.INVESTIGATED, None)

    case.record(acts.Answered(), LATER)
    case.record(acts.Closed(closure=closure_of(case)), LATER)
    assert case.closed.closure is Closure.DECLINED


def test_what_the_system_does_is_signed_by_the_system():
    case = a_case(Stage.ANSWERED)

    assert {one.by for one in case.new if isinstance(one.act, acts.ClockStarted | acts.ClockMet)} == {SYSTEM}


# --- withdrawal ---------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [stage for stage in OPEN_STAGES if stage is not Stage.ENDED])
def test_a_complainant_may_withdraw_at_any_stage_and_the_case_is_closed_the_same_moment(stage):
    case = a_case(stage)

    case.withdraw("li.wei", LATER)

    assert (case.stage, case.withdrawn, case.closed.closure, case.closed_at) == (
        Stage.CLOSED,
        True,
        Closure.WITHDRAWN,
        LATER,
    )
    assert all(clock.is_over for clock in case.clocks.values())
    owed = {name for name, clock in a_case(stage).clocks.items() if clock.nature == "duty" and not clock.is_over}
    assert all(case.clocks[name].met_at is None for name in owed)  # nothing of it was done, nothing is to be done


@pytest.mark.parametrize("stage", [Stage.ENDED, Stage.CLOSED, Stage.ARCHIVED])
def test_a_closed_case_cannot_be_withdrawn(stage):
    case = a_case(stage)

    with pytest.raises(StageError):
        case.withdraw("li.wei", LATER)

    assert not case.withdrawn


def test_an_answer_after_the_withdrawal_is_not_asked_for():
    case = a_case(Stage.UNDER_INVESTIGATION)
    case.withdraw("li.wei", LATER)

    with pytest.raises(NotAsked):
        case.answer(Question.FINDING, a_finding(), "wang.fang", LATER)


# --- clocks -------------------------------------------------------------------------------------


def test_receipt_starts_the_clocks_of_the_acknowledgement_and_of_the_decision():
    assert set(a_case().clocks) == {"acknowledgement", "decision"}


def test_the_clocks_count_from_the_receipt_and_not_from_the_filing():
    three_days_ago = MONDAY - timedelta(days=3)

    case = a_case(received_at=three_days_ago)

    assert case.clocks["decision"].started.started_at == three_days_ago
    assert case.new[0].at == MONDAY


def test_the_wait_for_the_follow_up_starts_when_the_matter_was_put_right():
    case = a_case(Stage.ANSWERED)
    assert "follow-up" not in case.clocks

    advance(case, Stage.PUT_RIGHT, now=LATER)

    assert case.clocks["follow-up"].started.started_at == LATER


@pytest.mark.parametrize(
    ("after", "late"),
    [
        (timedelta(0), False),
        (timedelta(days=15), False),  # the last day is in time until it ends
        (timedelta(days=15, hours=14, minutes=59, seconds=59), False),
        (timedelta(days=15, hours=15), True),  # 00:00 of the sixteenth day
    ],
)
def test_a_duty_that_is_done_when_the_clock_has_run_out_is_late(after, late):
    case = a_case(Stage.DECIDED)

    case.record(acts.Answered(), MONDAY + after)

    clock = case.clocks["decision"]
    assert (clock.late, clock.met_at) == (late, MONDAY + after)


def test_a_wait_is_never_late():
    case = a_case(Stage.PUT_RIGHT)

    case.record(an_act(acts.FollowedUp), MONDAY + timedelta(days=90))

    assert case.clocks["follow-up"].late is False


def test_a_clock_does_not_start_again_when_its_act_is_repeated():
    rule = load_pack(REGIME).clock("decision").model_copy(update={"starts": "materials_requested"})
    pack = load_pack(REGIME).model_copy(update={"clocks": (rule,)})
    case = receive(REFERENCE, pack, a_complaint(), "crm", MONDAY)
    advance(case, Stage.UNDER_INVESTIGATION)

    case.record(an_act(acts.MaterialsRequested), MONDAY)
    case.record(an_act(acts.MaterialsRequested), LATER)

    assert case.clocks["decision"].started.started_at == MONDAY


def test_a_clock_is_met_once():
    case = a_case(Stage.ARCHIVED)

    met = [one.act.clock for one in case.new if isinstance(one.act, acts.ClockMet)]

    assert sorted(met) == ["acknowledgement", "decision", "follow-up"]


def test_the_sweep_looks_at_a_clock_for_its_marks_then_for_its_end_then_when_it_reminds_then_never_again():
    case = a_case()
    half, most = (mark.at for mark in case.clocks["decision"].started.until.marks)
    again = MONDAY + timedelta(days=20)
    seen = [case.clocks["decision"].next_at]

    for act in (
        an_act(acts.ClockWarned, percent=50),
        an_act(acts.ClockWarned, percent=80),
        an_act(acts.ClockMissed, remind_at=again),
        an_act(acts.ClockReminded, remind_at=None),
    ):
        case.record(act, LATER)
        seen.append(case.clocks["decision"].next_at)

    assert seen == [half, most, case.clocks["decision"].due_at, again, None]


def test_the_sweep_looks_at_a_wait_once():
    case = a_case(Stage.PUT_RIGHT)
    assert case.clocks["follow-up"].next_at == case.clocks["follow-up"].started.due_at

    case.record(acts.ClockReached(clock="follow-up"), LATER)

    assert case.clocks["follow-up"].next_at is None


def test_the_sweep_does_not_look_at_a_clock_whose_duty_was_done():
    assert a_case(Stage.CLOSED).clocks["decision"].next_at is None


def test_imported_history_runs_no_clock():
    case = receive(REFERENCE, load_pack(REGIME), a_complaint(), "import", MONDAY, history=True)
    case.record(acts.Closed(closure=Closure.HISTORY), MONDAY)

    assert case.clocks == {}
    assert case.closed_at is None


# --- what it is ---------------------------------------------------------------------------------


def test_a_complaint_from_the_future_is_refused():
    with pytest.raises(AnswerRefused) as refused:
        a_case(received_at=MONDAY + timedelta(seconds=1))

    assert refused.value.field == "received_at"


def test_before_the_assessment_the_kind_is_what_the_sender_said():
    assert a_case(kind=Kind.SUGGESTION).kind is Kind.SUGGESTION


def test_the_assessed_kind_overrides_what_the_sender_said():
    case = a_case(Stage.ACKNOWLEDGED, kind=Kind.SUGGESTION)

    case.record(an_act(acts.Assessed, kind=Kind.REPORT), LATER)

    assert case.kind is Kind.REPORT
    assert case.is_confidential


def test_contacts_are_the_complainants_then_the_representatives():
    representative = {"name": "周律师", "relation": "律师", "authority": "授权委托书", "contacts": [POST]}

    case = a_case(complainant={"contacts": [PHONE]}, representative=representative)

    assert [contact.value for contact in case.contacts] == [PHONE["value"], POST["value"]]


@pytest.mark.parametrize(
    ("contacts", "best", "channel"),
    [
        ([PHONE, POST, EMAIL], EMAIL, "email"),
        ([PHONE, POST], PHONE, "hand"),
        ([POST, PHONE], POST, "hand"),
        ([{"kind": "portal", "value": "12378"}], {"kind": "portal", "value": "12378"}, "hand"),
        ([], None, "file"),
    ],
)
def test_letters_go_by_email_where_there_is_one_else_to_the_first_contact(contacts, best, channel):
    case = a_case(complainant={"contacts": contacts})

    assert case.best_contact == (Contact.model_validate(best) if best else None)
    assert delivery_channel(case.best_contact) == channel


def test_an_erased_person_has_no_contacts():
    case = Case(REFERENCE, load_pack(REGIME))
    case.record(an_act(acts.Received).model_copy(update={"complaint": None}), MONDAY)

    assert (case.complaint, case.contacts, case.best_contact) == (None, (), None)


# --- replay -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(Kind))
def test_replaying_the_acts_gives_the_same_case(kind):
    case = a_case(kind=kind)
    prepare_letter(case)
    fail_letter(case)
    case.answer(Question.DELIVERY, a_repair(), "li.wei", LATER)
    advance(case, Stage.ARCHIVED)

    again = Case.replay(REFERENCE, load_pack(REGIME), case.new)

    assert again == case
    assert again.new == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*MOVES, *MERGERS, *BESIDE]),
            st.sampled_from(Closure),
            st.integers(0, 40),
        ),
        max_size=25,
    )
)
def test_whatever_happens_to_a_case_its_ledger_tells_it(happenings):
    case, now = a_case(), MONDAY

    for act, closure, days in happenings:
        now += timedelta(days=days)
        changes = {"closure": closure} if act is acts.Closed else {}
        try:
            case.record(an_act(act, **changes), now, "li.wei")
        except StageError:
            continue
        assert case.stage.is_open or case.asks is None

    stored = [Recorded(through_json(one.act), one.at, one.by) for one in case.new]
    assert Case.replay(REFERENCE, load_pack(REGIME), stored) == case


@pytest.mark.parametrize("act", list(ACTS.values()), ids=list(ACTS))
def test_an_act_is_the_same_when_it_comes_back_from_the_ledger(act):
    assert through_json(an_act(act)) == an_act(act)


# What the ledger holds of clocks that began before there were calendars, ladders and several regimes.
OLD_START = """{"article": "art. 18", "budget": 15, "clock": "decision", "confidence": "H", "unit": "calendar_days",
"due_at": "2026-03-17T16:00:00Z", "started_at": "2026-03-02T01:00:00Z", "wait": false,
"warn_at": "2026-03-14T13:00:00Z"}"""
OLD_WARNING, OLD_BREACH = acts.ClockWarned(clock="decision"), acts.ClockMissed(clock="decision")


@pytest.mark.parametrize(
    ("entries", "next_at"),
    [
        ([], utc(2026, 3, 14, 13, 0)),
        ([OLD_WARNING], utc(2026, 3, 17, 16, 0)),
        ([OLD_WARNING, OLD_BREACH], None),
        ([acts.ClockMet(clock="decision", late=False)], None),
    ],
    ids=["begun", "warned", "missed", "met"],
)
def test_a_clock_of_an_old_ledger_goes_on_as_it_was_begun(entries, next_at):
    begun = [a_received(), acts.ClockStarted.model_validate_json(OLD_START), *entries]

    case = Case.replay(REFERENCE, load_pack(REGIME), [Recorded(one, MONDAY, SYSTEM) for one in begun])

    clock = case.clocks["decision"]
    assert (clock.nature, clock.due_at, clock.next_at) == ("duty", utc(2026, 3, 17, 16, 0), next_at)
    assert case.answer_clock is clock


def test_a_wait_of_an_old_ledger_is_still_a_wait():
    values = json.loads(OLD_START) | {"clock": "follow-up", "wait": True, "warn_at": None}

    case = a_case(Stage.ANSWERED)
    case.record(acts.ClockStarted.model_validate(values), LATER)

    assert isinstance(case.watch("follow-up", utc(2026, 3, 17, 16, 0)), acts.ClockReached)


def test_an_old_entry_with_a_field_that_is_gone_can_still_be_read():
    assert acts.ClockWarned.model_validate({"clock": "decision", "colour": "amber"}).clock == "decision"


def test_money_keeps_its_cents_through_the_ledger():
    assert through_json(an_act(acts.Decided, amount=Decimal("0.10"))).amount == Decimal("0.10")
