"""Every open case has one live run, whatever became of it on Prefect's side."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName
from prefect.client.schemas.objects import FlowRun
from prefect.states import Cancelled, Cancelling, Crashed, Failed
from prefect.states import Running as AtWork

from complaints.adapters.starting import owed_since
from complaints.answers import Question, parse_answer
from complaints.intake import Complaint
from complaints.settings import settings
from flows.forms import fill_form
from flows.reconcile_runs import AGAIN, DAY, GONE, LONGEST, MANY, OWED, TOLD, is_due, look, tell_if_growing
from flows.reconciling import trouble
from flows.reconciling.findings import KEPT, KEY, Findings, Found, show
from flows.reconciling.memory import Look, Pass, keep, read_look, read_pass
from flows.reconciling.trouble import look_at_held, look_at_late
from flows.reconciling.whole import close
from flows.runs import DEPLOYMENT, prefect_client, read_runs, revive, wake, wake_case
from tests.flows.running import PLAY, Running


def looked() -> dict[str, int]:
    """Look at what may be wrong, as the flow does every two minutes; return what was found."""
    findings = Findings()
    with prefect_client() as client:
        look(client, findings)
    return findings.counts


def runs_of(reference: str) -> list[FlowRun]:
    """Return all runs of a case."""
    with prefect_client() as client:
        return list(read_runs(client, FlowRunFilter(name=FlowRunFilterName(any_=[reference]))))


def start_by_hand(redress: Running, reference: str) -> FlowRun:
    """Start a run of a case as somebody does on Prefect's page, and wait until it rests."""
    with prefect_client() as client:
        deployment = client.read_deployment_by_name(DEPLOYMENT)
        run = client.create_flow_run_from_deployment(deployment.id, parameters={"reference": reference})
        redress.until(lambda: (state := client.read_flow_run(run.id).state) and state.is_paused(), "it waits")
        return client.read_flow_run(run.id)


def test_a_case_without_a_run_gets_one(redress: Running) -> None:
    complaint = Complaint.model_validate({"channel": "post", "narrative": "信函投诉", "kind": "complaint"})
    reference = redress.store.file(complaint, "tests", settings().regime).reference
    redress.deploy_and_wait("reconcile-runs")
    redress.until_asked(reference, Question.FINDING)


def test_cases_whose_runs_were_lost_with_prefects_database_wait_again_without_being_executed(redress: Running) -> None:
    """And their forms are answered like any other."""
    contacts = [{"kind": "email", "value": "lost@example.com"}]
    asked, dated = (redress.file(complainant={"name": "林失", "contacts": contacts}) for _ in range(2))
    for reference in (asked, dated):
        redress.answer(reference, Question.FINDING)
        redress.until_asked(reference, Question.DECISION)
    redress.answer(dated, Question.DECISION)
    redress.until(lambda: "follow-up" in redress.case(dated).clocks, "the follow-up is planned")
    redress.until_rest(dated)
    letters = len(redress.sink.taken)
    with prefect_client() as client:
        for reference in (asked, dated):
            client.delete_flow_run(redress.run(reference).id)
    redress.deploy_and_wait("reconcile-runs")

    redress.until_asked(asked, Question.DECISION)
    assert [redress.run(reference).run_count for reference in (asked, dated)] == [0, 0]
    assert len(redress.sink.taken) == letters
    redress.live_on([asked, dated])
    sent = Counter(line for line in redress.sink.message_ids() if asked in line or dated in line)
    assert (len(sent), set(sent.values())) == (6, {1})


def test_what_is_wrong_is_found_without_going_over_all_cases(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    with redress.store.open_case(reference) as desk:  # and whoever answered died before waking the run
        desk.case.answer(Question.FINDING, parse_answer(Question.FINDING, PLAY[Question.FINDING]), "li.wei", desk.now)
    assert looked()["woken"] >= 1
    redress.until_asked(reference, Question.DECISION)


def test_a_crashed_run_is_revived_but_not_at_once(redress: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    crashed, failed = redress.file(), redress.file()
    redress.until_rest(crashed, failed)
    with prefect_client() as client:
        client.set_flow_run_state(redress.run(crashed).id, Crashed(message="by the test"), force=True)
        client.set_flow_run_state(redress.run(failed).id, Failed(message="by the test"), force=True)
    assert "revived" not in looked()
    monkeypatch.setattr(trouble, "PATIENCE", timedelta(0))
    assert looked()["revived"] == 2
    for reference in (crashed, failed):
        redress.until_asked(reference, Question.FINDING)


def test_a_run_that_failed_after_its_case_was_closed_comes_to_a_good_end(
    redress: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    with redress.store.open_case(reference) as desk:
        desk.case.withdraw("li.wei", desk.now)
    with prefect_client() as client:
        client.set_flow_run_state(redress.run(reference).id, Failed(message="by the test"), force=True)
    monkeypatch.setattr(trouble, "PATIENCE", timedelta(0))
    looked()
    redress.until(lambda: (state := redress.run(reference).state) and state.is_completed(), "the run has ended")


def test_a_case_whose_run_was_cancelled_is_told_of_and_goes_on_after_a_while(
    redress: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    with prefect_client() as client:
        client.set_flow_run_state(redress.run(reference).id, Cancelled(message="by the test"))
        findings = Findings()
        look(client, findings)
    assert findings.counts["cancelled"] == 1
    assert reference in findings.note()
    assert "redress withdraw" in findings.note()
    monkeypatch.setattr(trouble, "STILL_CANCELLED", timedelta(0))
    with prefect_client() as client:
        assert not trouble.settle_ended(client, redress.run(reference), True, findings)
    redress.until_asked(reference, Question.FINDING)


def test_a_case_whose_run_was_cancelled_goes_on_when_it_is_worked_on(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    with prefect_client() as client:
        client.set_flow_run_state(redress.run(reference).id, Cancelled(message="by the test"))
    with redress.store.open_case(reference) as desk:
        desk.case.answer(Question.FINDING, parse_answer(Question.FINDING, PLAY[Question.FINDING]), "li.wei", desk.now)
    assert wake_case(reference)
    redress.until_asked(reference, Question.DECISION)


def test_a_run_that_somebody_started_for_a_case_without_one_is_kept(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    with prefect_client() as client:
        client.delete_flow_run(redress.run(reference).id)
    own = start_by_hand(redress, reference)
    with prefect_client() as client:
        client.update_flow_run(own.id, name="brave-otter")  # and renamed
    redress.deploy_and_wait("reconcile-runs")
    assert [(run.id, run.name) for run in runs_of(reference)] == [(own.id, reference)]
    redress.answer(reference, Question.FINDING)
    redress.until_asked(reference, Question.DECISION)


def test_of_two_runs_of_a_case_the_one_that_waits_longer_stays(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    first = redress.run(reference)
    second = start_by_hand(redress, reference)
    assert redress.run(reference).id == first.id
    before = redress.case(reference).stage
    redress.deploy_and_wait("reconcile-runs")
    states = {run.id: run.state for run in runs_of(reference)}
    assert [states[first.id].is_paused(), states[second.id].is_cancelled()] == [True, True]
    assert redress.case(reference).stage is before
    redress.answer(reference, Question.FINDING)
    redress.until_asked(reference, Question.DECISION)


def test_a_surplus_run_that_is_answered_while_it_is_cancelled_goes_on_with_the_answer(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    surplus = start_by_hand(redress, reference)
    answer = json.dumps(fill_form(Question.FINDING, PLAY[Question.FINDING], "li.wei"))
    with prefect_client() as client:
        client.create_flow_run_input(surplus.id, "suspended-finding-1-1-response", answer)  # at the last moment
        assert not close(client, surplus)
    redress.until(lambda: Question.FINDING in redress.case(reference).answered_by, "the answer was recorded")
    assert redress.case(reference).answered_by[Question.FINDING] == "li.wei"


def test_what_is_late_is_told_of_and_what_nobody_has_goes_on(redress: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    late, held, cancelling = (redress.file() for _ in range(3))
    redress.until_rest(late, held, cancelling)
    monkeypatch.setattr(trouble, "LATE", timedelta(0))
    findings = Findings()
    with redress.stopped_worker(), prefect_client() as client:
        assert wake(client, redress.run(late))
        state = AtWork(message="In the hands of worker gone:0123")
        client.set_flow_run_state(redress.run(held).id, state, force=True)
        client.set_flow_run_state(redress.run(cancelling).id, Cancelling(), force=True)
        look_at_late(client, findings)
        look_at_held(client, findings)
        assert redress.run(cancelling).state.is_cancelled()
        assert late in findings.note()
        assert held in findings.note()
        assert (findings.counts["late"], findings.counts["revived"]) == (1, 1)
    for reference in (late, held):
        redress.until_asked(reference, Question.FINDING)
    with prefect_client() as client:
        revive(client, redress.run(cancelling), "by the test")


def test_what_waits_rightly_is_left_alone(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    state = redress.run(reference).state
    redress.deploy_and_wait("reconcile-runs")
    looked()
    assert redress.run(reference).state == state


def test_a_run_that_moved_on_after_it_was_listed_is_neither_woken_nor_revived(redress: Running) -> None:
    """An operator may press Resume between the listing and the act; the run must not be executed twice at a time."""
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    listed = redress.run(reference)
    redress.answer(reference, Question.FINDING)
    redress.until_asked(reference, Question.DECISION)
    with prefect_client() as client:
        assert not wake(client, listed)
        assert not revive(client, listed, "by the test")
    redress.until_rest(reference)
    redress.until_asked(reference, Question.DECISION)


def test_a_withdrawn_case_whose_run_still_waits_is_let_end(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    with redress.store.open_case(reference) as desk:
        desk.case.withdraw("li.wei", desk.now)
    redress.deploy_and_wait("reconcile-runs")
    redress.until(lambda: (state := redress.run(reference).state) and state.is_completed(), "the run has ended")


@pytest.mark.filterwarnings("ignore:Artifact creation outside of a flow")
def test_what_was_done_is_told_on_prefects_page_in_both_languages_and_does_not_pile_up(redress: Running) -> None:
    with prefect_client() as client:
        for number in range(KEPT + 2):
            findings = Findings()
            findings.add(Found.LATE, "TS260302-7K3M9QX", more=number)
            show(client, findings)
            show(client, findings)  # nothing new: no other version
        artifacts = [one for one in client.read_artifacts(limit=200) if one.key == KEY]
    newest = max(artifacts, key=lambda one: one.created)
    assert len(artifacts) == KEPT
    assert "| 运行逾时未开始 · run late to begin | 7 |" in newest.data
    assert "TS260302-7K3M9QX" in newest.data


def test_runs_that_are_owed_for_long_are_told_of_now_and_then(redress: Running) -> None:
    complaint = Complaint.model_validate({"channel": "post", "narrative": "信函投诉", "kind": "complaint"})
    redress.store.file(complaint, "tests", settings().regime)
    filed, began = owed_since(redress.store)[1], datetime.now(UTC)
    assert filed is not None
    late, later = filed + OWED + timedelta(minutes=1), filed + OWED + TOLD + timedelta(minutes=2)
    with prefect_client() as client:
        assert tell_if_growing(client, filed + OWED, Look()) is None
        assert tell_if_growing(client, late, Look()) == late
        assert tell_if_growing(client, late + TOLD / 2, Look(told_at=late)) == late
        assert tell_if_growing(client, later, Look(told_at=late)) == later

        def told() -> list[dict[str, object]]:
            occurred = {"since": began.isoformat(), "until": (began + timedelta(hours=1)).isoformat()}
            body = {"filter": {"event": {"name": ["redress.outbox.growing"]}, "occurred": occurred}}
            return client.request("POST", "/events/filter", json=body).json()["events"]

        redress.until(lambda: len(told()) == 2, "both events are on the server")
        payloads = sorted(json.dumps(one["payload"]) for one in told())
    assert payloads == [
        '{"number": 1, "minutes": 17}',
        '{"number": 1, "minutes": 6}',
    ]
    redress.deploy_and_wait("reconcile-runs")
    assert owed_since(redress.store) == (0, None)


# --- when all cases are gone over -----------------------------------------------------------------

NIGHT = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)  # 02:00 in Shanghai
NOON = datetime(2026, 3, 3, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("last", "missing", "before", "now", "due"),
    [
        (Pass(), 0, 0, NOON, True),  # Prefect's database is new, or was lost
        (Pass(done_at=NOON - AGAIN), 0, 0, NOON, False),
        (Pass(done_at=NOON - AGAIN), 1, 0, NOON, False),  # some begin or end while they are counted
        (Pass(done_at=NOON - AGAIN), 1, 1, NOON, True),
        (Pass(done_at=NOON - AGAIN), -1, -1, NOON, True),  # one too many
        (Pass(done_at=NOON - AGAIN / 2), 1, 1, NOON, False),
        (Pass(done_at=NOON - AGAIN / 2), MANY, 0, NOON, True),
        (Pass(done_at=NOON - AGAIN, at_work_at=NOON - GONE / 2), MANY, 0, NOON, False),  # another one is at it
        (Pass(done_at=NOON - AGAIN, at_work_at=NOON - GONE), MANY, 0, NOON, True),  # it has died
        (Pass(done_at=NIGHT - DAY), 0, 0, NIGHT, True),
        (Pass(done_at=NOON - DAY), 0, 0, NOON, False),
        (Pass(done_at=NOON - LONGEST), 0, 0, NOON, True),
    ],
)
def test_all_cases_are_gone_over_when_something_is_missing_and_once_a_night(
    last: Pass, missing: int, before: int, now: datetime, due: bool
) -> None:
    assert is_due(last, missing, before, now) is due


def test_what_one_reconciliation_leaves_the_next_finds(redress: Running) -> None:
    with prefect_client() as client:
        redress.deploy_and_wait("reconcile-runs")
        assert read_pass(client).done_at is not None
        assert read_pass(client).at_work_at is None
        kept = Look(at=NOON, missing=3, told_at=None)
        keep(client, kept)
        assert read_look(client) == kept
