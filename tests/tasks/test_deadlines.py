from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from complaints.adapters.alerting import KEPT, arrivals, claim_announcements, claim_digests, mark_announced
from complaints.adapters.tables import AlertRow
from complaints.answers import Question
from complaints.reception import receive
from complaints.regimes.rulebook import load_pack
from complaints.settings import settings
from complaints.words import Kind, Stage
from tasks import deadlines, steps
from tasks.deadlines import Struck, sweep, tell_people
from tests.builders import MONDAY, REGIME, a_complaint, a_finding, a_stored_case, advance, file_complaint
from tests.conftest import Databases
from tests.http_sink import http_sink

ACKNOWLEDGEMENT = MONDAY + timedelta(hours=24)
ACKNOWLEDGEMENT_NEAR = ACKNOWLEDGEMENT - timedelta(hours=4)
DECISION = MONDAY.replace(hour=0) + timedelta(days=16)  # the end of the 15th day
HALF_OF_IT = DECISION - (DECISION - MONDAY) / 2
DECISION_NEAR = DECISION - (DECISION - MONDAY) / 5
OPENING = DECISION.replace(hour=9)
MONTHS_LATER = MONDAY + timedelta(days=120)


@pytest.fixture
def databases(request: pytest.FixtureRequest) -> Databases:
    """SQLite, and PostgreSQL where a test asks for both."""
    return request.getfixturevalue(getattr(request, "param", "sqlite"))


BOTH_DATABASES = pytest.mark.parametrize("databases", ["sqlite", "postgresql"], indirect=True)


def struck(store, reference):
    """What the ledger says about clocks, but for their beginning."""
    entries = [entry for entry in store.entries(reference) if entry.kind.startswith("clock_")]
    return [entry.kind for entry in entries if entry.kind not in ("clock_started", "clock_met")]


def an_acknowledged_case(store, **changes):
    """A case of which only the decision's clock runs."""
    return a_stored_case(store, Stage.ACKNOWLEDGED, **{"number": None} | changes)


# --- what is due --------------------------------------------------------------------------------


def test_before_anything_is_near_nothing_is_recorded(store):
    reference = an_acknowledged_case(store)
    store.move_time(HALF_OF_IT - timedelta(minutes=1))

    assert sweep.fn() == []
    assert struck(store, reference) == []


@pytest.mark.parametrize(
    ("to", "what"),
    [
        (HALF_OF_IT, "clock_warned"),
        (DECISION_NEAR, "clock_warned"),
        (DECISION - timedelta(minutes=1), "clock_warned"),
        (DECISION, "clock_missed"),
    ],
)
def test_a_clock_warns_when_it_is_near_and_is_missed_from_its_due_instant_on(store, to, what):
    reference = an_acknowledged_case(store)
    store.move_time(to)

    assert sweep.fn() == [Struck(reference, "decision", what)]
    assert struck(store, reference) == [what]


def test_a_clock_is_told_of_at_each_step_of_its_ladder_once(store):
    reference = an_acknowledged_case(store)

    for days in range(120):
        store.move_time(MONDAY + timedelta(days=days, hours=1))
        sweep.fn()

    assert struck(store, reference) == ["clock_warned", "clock_warned", "clock_missed", *["clock_reminded"] * 10]
    assert store.read_case(reference).clocks["decision"].next_at is None


def test_a_sweep_done_twice_records_once(store):
    reference = an_acknowledged_case(store)
    store.move_time(DECISION_NEAR)
    assert len(sweep.fn()) == 1
    before = store.entries(reference)

    assert sweep.fn() == []
    assert store.entries(reference) == before


def test_after_months_without_a_sweep_each_clock_is_missed_once_and_not_warned_of_any_more(store):
    reference = file_complaint(store)
    store.move_time(MONTHS_LATER)

    found = sweep.fn()

    assert set(found) == {
        Struck(reference, "acknowledgement", "clock_missed"),
        Struck(reference, "decision", "clock_missed"),
    }
    assert struck(store, reference) == ["clock_missed", "clock_missed"]
    assert sweep.fn() == []


@pytest.mark.parametrize("stage", [Stage.ANSWERED, Stage.CLOSED, Stage.ARCHIVED])
def test_a_duty_that_was_done_strikes_no_more(store, stage):
    reference = a_stored_case(store, stage)
    before = store.entries(reference)
    store.move_time(MONTHS_LATER)

    assert sweep.fn() == []
    assert store.entries(reference) == before


def test_the_withdrawn_are_left_in_peace(store):
    reference = an_acknowledged_case(store)
    with store.open_case(reference) as open_case:
        open_case.case.withdraw("li.wei", open_case.now)
    store.move_time(MONTHS_LATER)

    assert sweep.fn() == []


def test_what_was_late_is_recorded_as_done_late(store):
    reference = file_complaint(store)
    store.move_time(ACKNOWLEDGEMENT + timedelta(hours=1))
    sweep.fn()

    steps.acknowledge.fn(reference)

    clock = store.read_case(reference).clocks["acknowledgement"]
    assert (clock.missed, clock.late) == (True, True)


def test_the_acknowledgement_has_a_clock_of_its_own(store):
    reference = file_complaint(store, received_at=MONDAY)  # to the second: filing takes a moment

    for to, what in ((ACKNOWLEDGEMENT_NEAR, "clock_warned"), (ACKNOWLEDGEMENT, "clock_missed")):
        store.move_time(to)
        assert sweep.fn() == [Struck(reference, "acknowledgement", what)]


# --- side by side -------------------------------------------------------------------------------


@BOTH_DATABASES
def test_a_sweep_beside_an_operator_loses_neither_s_entry(store):
    reference = a_stored_case(store, Stage.UNDER_INVESTIGATION)
    store.move_time(DECISION)

    def answer():
        steps.record_answer.fn(reference, Question.FINDING, a_finding().model_dump(mode="json"), "li.wei")

    with ThreadPoolExecutor(2) as pool:
        for one in [pool.submit(sweep.fn), pool.submit(answer)]:
            one.result(30)
    sweep.fn()  # it may have passed by the case that the operator had open

    assert struck(store, reference) == ["clock_missed"]
    assert store.read_case(reference).stage is Stage.INVESTIGATED


# --- dates that are waited for ------------------------------------------------------------------


def test_the_date_of_the_follow_up_is_reached_once_without_a_warning(store):
    reference = a_stored_case(store, Stage.PUT_RIGHT)
    follow_up = store.read_case(reference).clocks["follow-up"].started.due_at

    store.move_time(follow_up - timedelta(minutes=1))
    assert sweep.fn() == []
    store.move_time(follow_up)
    assert sweep.fn() == [Struck(reference, "follow-up", "clock_reached")]
    assert sweep.fn() == []
    assert struck(store, reference) == ["clock_reached"]


def test_a_case_that_ended_meanwhile_waits_for_no_date(store):
    reference = a_stored_case(store, Stage.PUT_RIGHT)
    with store.open_case(reference) as open_case:
        open_case.case.withdraw("li.wei", open_case.now)
    store.move_time(MONTHS_LATER)

    assert sweep.fn() == []
    assert arrivals(store) == []


@pytest.mark.parametrize("kind", [Kind.CONSULTATION, Kind.SUGGESTION, Kind.REPORT])
def test_other_matters_are_not_followed_up(store, kind):
    a_stored_case(store, Stage.ANSWERED, kind=kind)
    store.move_time(MONTHS_LATER)

    assert sweep.fn() == []
    assert arrivals(store) == []


# --- telling people -----------------------------------------------------------------------------


@pytest.fixture
def sink():
    with http_sink() as sink:
        yield sink


@pytest.fixture
def told_by(monkeypatch, sink):
    """Sets by which URLs a role is told; without any, by a path of the sink that is named after it."""

    def use(*roles, **urls):
        for role in roles:
            urls[role] = sink.url(role)
        for role, url in urls.items():
            monkeypatch.setenv(f"REDRESS_ALERTS__{role.upper()}", url)
        settings.cache_clear()

    return use


def missed_at_night(store, number=1):
    """Cases whose limit ran out at midnight; it is the next morning."""
    references = [an_acknowledged_case(store) for _ in range(number)]
    store.move_time(DECISION)
    sweep.fn()
    store.move_time(OPENING)
    return references


def test_each_role_gets_one_message_however_many_limits(store, sink, told_by):
    told_by("supervisor", "compliance")
    references = missed_at_night(store, 3)

    assert tell_people() == 2

    assert [path for path, _ in sink.taken] == ["/supervisor", "/compliance"]
    ((title, text),) = sink.messages("supervisor")
    assert title == "投诉时限提醒（主管）：已超期 3 项"
    assert all(reference in text for reference in references)


def test_nobody_is_told_twice(store, sink, told_by):
    told_by("supervisor", "compliance")
    missed_at_night(store)
    tell_people()

    assert tell_people() == 0
    assert len(sink.taken) == 2


def test_nobody_is_told_at_night(store, sink, told_by):
    told_by("supervisor", "compliance")
    an_acknowledged_case(store)
    store.move_time(DECISION)
    sweep.fn()

    assert tell_people() == 0
    assert sink.taken == []


def test_a_message_links_to_the_runs_and_is_in_the_firm_s_language(store, sink, told_by, monkeypatch):
    monkeypatch.setenv("REDRESS_ALERT_LANGUAGE", "en")
    told_by("supervisor")
    (reference,) = missed_at_night(store)

    tell_people(lambda references: {one: f"https://prefect.example/{one}" for one in references}, "https://board")

    ((title, text),) = sink.messages("supervisor")
    assert title == "Complaint deadlines (supervisor): late 1"
    assert f"https://prefect.example/{reference}" in text
    assert text.endswith("deadline board: https://board")


def test_what_no_service_takes_is_sent_by_the_next_sweep_and_to_nobody_else_again(store, sink, told_by, caplog):
    told_by("supervisor", "compliance")
    sink.refuses.add("supervisor")
    missed_at_night(store)

    assert tell_people() == 1
    assert ("supervisor", 1) in [record.args for record in caplog.records]
    sink.refuses.clear()
    assert tell_people() == 1

    assert [path for path, _ in sink.taken] == ["/compliance", "/supervisor"]


def test_a_role_without_a_url_leaves_nothing_behind(store, sink, told_by):
    told_by("compliance")
    missed_at_night(store)
    tell_people()

    told_by("supervisor")  # later
    assert tell_people() == 0
    assert [path for path, _ in sink.taken] == ["/compliance"]


def test_several_urls_of_a_role_get_the_same_message(store, sink, told_by):
    told_by(compliance=f"{sink.url('first')} {sink.url('second')}")
    missed_at_night(store)

    tell_people()

    assert sink.messages("first") == sink.messages("second") != []


def test_a_bug_in_telling_leaves_the_alerts_for_the_next_sweep(store, sink, told_by, monkeypatch):
    told_by("supervisor", "compliance")
    missed_at_night(store)
    with monkeypatch.context() as broken:
        broken.setattr(deadlines, "message", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            tell_people()

    assert tell_people() == 2


def test_what_everybody_was_told_long_ago_is_forgotten(store, told_by):
    told_by("handler")
    an_acknowledged_case(store)
    store.move_time(OPENING)
    sweep.fn()
    mark_announced(store, [one.id for one in claim_announcements(store)])
    tell_people()

    store.move_time(OPENING + KEPT + timedelta(minutes=5))
    tell_people()

    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(AlertRow)) == 0


# --- after an outage ----------------------------------------------------------------------------


def test_after_a_week_s_outage_each_clock_says_one_thing_and_each_role_gets_one_message(store, sink, told_by):
    roles = ["handler", "supervisor", "compliance"]
    told_by(*roles)
    with store.write() as session:
        for number in range(300):
            received_at = MONDAY - timedelta(days=number % 12)
            complaint = a_complaint(number=None, received_at=received_at)
            reference = f"TS260302-{number:07}"
            case = receive(reference, load_pack(REGIME), complaint, "crm", MONDAY, rules=store.rules(session))
            advance(case, Stage.ACKNOWLEDGED)
            store.add(session, case)
    store.move_time(MONDAY + timedelta(days=7))  # Monday: past one mark, two, the limit, or the limit and a reminder

    found = sweep.fn()
    assert tell_people() == len(roles)

    assert len(found) == len({(one.reference, one.clock) for one in found}) > 200
    assert {one.what for one in found} == {"clock_warned", "clock_missed"}
    assert sorted(path for path, _ in sink.taken) == ["/compliance", "/handler", "/supervisor"]
    for _, body in sink.taken:
        assert body["message"].count("TS2603") <= 10
    assert sweep.fn() == []
    assert tell_people() == 0
    assert claim_digests(store).digests == []
