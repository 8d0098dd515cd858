"""The demo's sample: forty entries that the README promises, each of which the procedure takes to where it says."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from complaints import acts
from complaints.answers import Question, parse_answer
from complaints.assessment import assess
from complaints.case import SYSTEM, Case, closure_of
from complaints.errors.case import AnswerRefused
from complaints.intake import Complaint
from complaints.reception import receive
from complaints.regimes.rulebook import load_pack
from complaints.transfers import REPORT_BACK_SENT
from complaints.words import LANGUAGES, Channel, Kind, Outcome, Repair, Stage
from deployments.demo import DAYS, Script, sample
from tests.builders import REGIME, an_act

ENTRIES = sample()
TEXT = json.dumps(ENTRIES, ensure_ascii=False)
TODAY = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
QUESTIONS = {
    Kind.COMPLAINT: {
        Question.FINDING,
        Question.DECISION,
        Question.REMEDY,
        Question.FOLLOW_UP,
        Question.DELIVERY,
        Question.BREACH,
    },
    Kind.CONSULTATION: {Question.REPLY, Question.DELIVERY},
    Kind.SUGGESTION: {Question.DELIVERY},
    Kind.REPORT: {Question.REPORT, Question.DELIVERY},
}

NUMBERS = [entry["complaint"]["number"] for entry in ENTRIES]
CASES = {number: ENTRIES[NUMBERS.index(number)] for number in NUMBERS}
"""The entry that makes each case: the first one of its number."""

each_case = pytest.mark.parametrize("entry", list(CASES.values()), ids=list(CASES))


def opened(entry: Mapping[str, Any]) -> Case:
    """The case of an entry as far as the firm's own steps bring it."""
    case = receive("TS260302-7K3M9QX", load_pack(REGIME), Complaint.model_validate(entry["complaint"]), "crm", TODAY)
    case.record(an_act(acts.Acknowledged), TODAY)
    case.record(assess(case), TODAY)
    return case


def answers(entry: Mapping[str, Any]) -> Iterator[tuple[Question, Mapping[str, Any]]]:
    """Every answer that the operators give, with today's date where it says "today"."""
    for question, planned in entry["play"].items():
        for one in planned if isinstance(planned, list) else [planned]:
            yield Question(question), one


def values(answer: Mapping[str, Any], now: datetime = TODAY) -> dict[str, Any]:
    return {name: now.date() if value == "today" else value for name, value in answer["values"].items()}


def is_refused(question: Question, answer: Mapping[str, Any]) -> bool:
    try:
        parse_answer(question, values(answer))
    except AnswerRefused:
        return True
    return False


# --- what the README promises ------------------------------------------------------------------


def test_there_are_forty_entries_of_which_one_is_a_delivery_repeated() -> None:
    numbers = Counter(NUMBERS)

    assert len(ENTRIES) == 40
    assert len(numbers) == 39
    ((twice, count),) = ((number, count) for number, count in numbers.items() if count > 1)
    first, second = (entry for entry in ENTRIES if entry["complaint"]["number"] == twice)
    assert (count, first["complaint"]) == (2, second["complaint"])
    assert second["play"] == {}


def test_all_kinds_languages_channels_and_decisions_occur() -> None:
    complaints = [Complaint.model_validate(entry["complaint"]) for entry in ENTRIES]
    decided = {
        one["values"]["outcome"] for entry in ENTRIES for question, one in answers(entry) if question == "decision"
    }

    assert {one.kind for one in complaints} == {*Kind, None}
    assert {one.language for one in complaints} == set(LANGUAGES)
    assert {one.channel for one in complaints} == set(Channel)
    assert decided == set(Outcome)


def test_entries_are_in_the_order_of_filing_within_the_forty_days() -> None:
    times = [(entry["day"], entry["time"]) for entry in ENTRIES]

    assert times == sorted(times)
    assert times[0][0] == 0
    assert times[-1][0] < DAYS
    assert not [clock for _, clock in times if not re.fullmatch(r"(0[89]|1\d|2[0-3]):[0-5]\d", clock)]  # from 08:00 on


def test_some_were_forwarded_by_an_authority_and_are_reported_back() -> None:
    forwarded = [case for entry in ENTRIES if (case := opened(entry)).facts.authority]

    assert len(forwarded) == 2
    assert all(case.owes_report and case.contacts_of_authority for case in forwarded)


def test_several_cases_are_left_waiting_and_every_question_is_met() -> None:
    left = Counter(entry["leave"] for entry in ENTRIES if entry["leave"])
    asked = {question for entry in ENTRIES for question, _ in answers(entry)} | set(left)

    assert sum(left.values()) >= 5
    assert asked == set(Question)


# --- each entry --------------------------------------------------------------------------------


@each_case
def test_every_question_played_fits_the_kind_of_the_case(entry: Mapping[str, Any]) -> None:
    kind = opened(entry).kind

    assert kind is not None
    assert {question for question, _ in answers(entry)} <= QUESTIONS[kind]
    assert entry["leave"] is None or Question(entry["leave"]) in QUESTIONS[kind]


@each_case
def test_every_answer_is_valid_or_refused_on_purpose_and_then_given_rightly(entry: Mapping[str, Any]) -> None:
    given = list(answers(entry))
    refused = [is_refused(question, one) for question, one in given]

    assert any(refused) == ("is refused" in entry["note"]), entry["note"]
    for place, (question, _) in enumerate(given):
        if refused[place]:
            assert given[place + 1][0] is question
            assert not refused[place + 1]


@each_case
def test_an_answer_is_given_by_somebody_some_days_after_it_is_asked(entry: Mapping[str, Any]) -> None:
    for _, one in answers(entry):
        assert set(one) == {"after_days", "by", "values"}
        assert re.fullmatch(r"[A-Za-z0-9._-]{2,32}", one["by"])
        assert 0 <= one["after_days"] < DAYS


@each_case
def test_the_play_leads_to_the_end_or_to_where_it_is_left(entry: Mapping[str, Any]) -> None:
    """The procedure of ``flows/handle_complaint.py`` in short, with the core's own rules and no letters."""
    case, now = opened(entry), TODAY
    script = {question: [] for question in Question}
    for question, one in answers(entry):
        script[question].append(one)

    while case.stage.is_open:
        if question := case.asks:
            if not script[question]:
                break
            answer = script[question].pop(0)
            now += timedelta(days=answer["after_days"])
            try:
                case.answer(question, parse_answer(question, values(answer, now)), answer["by"], now)
            except AnswerRefused as wrong:
                refusal = acts.AnswerWasRefused(question=question, field=wrong.field, reason=wrong.reason)
                case.record(refusal, now, answer["by"])
        else:
            case.record(next_step(case, now), now, SYSTEM)

    assert case.asks == entry["leave"]
    assert {question for question, rest in script.items() if rest} <= {Question.DELIVERY}


def next_step(case: Case, now: datetime) -> acts.Act:
    """What the firm does itself where nobody is asked."""
    match case.stage:
        case Stage.ASSESSED if case.kind in (Kind.COMPLAINT, Kind.REPORT):
            return an_act(acts.InvestigationOpened)
        case Stage.ASSESSED | Stage.INVESTIGATED | Stage.DECIDED:
            return an_act(acts.Answered)
        case Stage.ANSWERED if case.decided:
            return acts.PutRight()
        case Stage.ANSWERED | Stage.PUT_RIGHT if case.owes_report:
            return acts.Occurred(event=REPORT_BACK_SENT, occurred_at=now)
        case Stage.PUT_RIGHT:
            return acts.FollowUpOpened()
        case _:
            return acts.Closed(closure=closure_of(case))


@each_case
def test_a_letter_that_cannot_arrive_goes_to_another_address_on_file(entry: Mapping[str, Any]) -> None:
    repairs = [one["values"] for question, one in answers(entry) if question is Question.DELIVERY]
    contacts = opened(entry).contacts

    assert bool(repairs) == any(contact.value.endswith(".invalid") for contact in contacts)
    assert not [one for one in repairs if one["choice"] == Repair.OTHER_CONTACT and one["contact"] > len(contacts)]
    assert not [one for one in repairs if one["choice"] == Repair.BY_POST and "post" not in {c.kind for c in contacts}]


def test_the_operators_answer_each_time_they_are_asked_after_some_days() -> None:
    first, second = {"after_days": 2, "values": 1}, {"after_days": 0, "values": 2}
    script = Script({"finding": [first, second]})

    days = [script.due_answer("finding", day) for day in (3, 4, 5)]
    script.given["finding"] += 1
    again = script.due_answer("finding", 5)
    script.given["finding"] += 1

    assert (days, again) == ([None, None, first], second)
    assert script.due_answer("finding", 6) is None
    assert script.due_answer("decision", 6) is None


# --- nobody real -------------------------------------------------------------------------------


def test_every_address_is_one_that_leads_nowhere() -> None:
    domains = set(re.findall(r"@([\w.-]+)", TEXT))

    assert domains
    assert not [one for one in domains if not re.fullmatch(r"example\.(com|org|net|cn)|[\w.-]+\.invalid", one)]
    assert "://" not in TEXT


def test_every_telephone_number_is_of_a_block_made_up_for_the_sample() -> None:
    contacts = [contact for entry in ENTRIES for contact in opened(entry).contacts if contact.kind == "phone"]

    assert contacts
    assert not [one.value for one in contacts if not re.fullmatch(r"138000001\d\d|010-555001\d\d", one.value)]


def test_every_identity_number_is_one_that_nobody_has() -> None:
    numbers = {entry["complaint"]["complainant"].get("identity_number") for entry in ENTRIES} - {None}

    assert numbers
    assert not [number for number in numbers if "000000" not in number]


def test_no_long_number_stands_in_what_people_say() -> None:
    said = [entry["complaint"].get(field) or "" for entry in ENTRIES for field in ("narrative", "wanted")]
    said += [str(value) for entry in ENTRIES for _, one in answers(entry) for value in one["values"].values()]

    assert not [text for text in said if re.search(r"\d{8,}", text)]
