from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import update

from complaints import acts
from complaints.adapters import telling, webhooks
from complaints.adapters.dispatch_listing import dispatches, replay
from complaints.adapters.tables import CaseKeyRow, EntryRow
from complaints.adapters.telling import deliver
from complaints.announcements import Event
from complaints.intake import Contact
from complaints.words import Kind, Stage
from tests.builders import MONDAY, PHONE, a_stored_case, file_complaint
from tests.crm import SECRET, a_crm, status

ONLY_SQLITE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
"""For what is no question of the database."""

NAME = "林知夏"


@pytest.fixture
def crm():
    with a_crm() as crm:
        yield crm


@pytest.fixture
def hotline():
    with a_crm() as other:
        yield other


@pytest.fixture(autouse=True)
def wants(store, monkeypatch):
    """Two receivers want everything; it is Monday 2 March 2026, 09:00 in Shanghai."""
    store.make_demo(MONDAY)
    monkeypatch.setattr(store, "wants", {"crm": frozenset(Event), "hotline": frozenset(Event)})


@pytest.fixture
def hasty(monkeypatch):
    """Little patience; enough for a server on this machine, however busy it is."""
    monkeypatch.setattr(webhooks, "PATIENCE_SECONDS", 5.0)


def only_to(store, monkeypatch, *names):
    monkeypatch.setattr(store, "wants", {name: frozenset(Event) for name in names})


def later(store, **span):
    store.move_time(store.now() + timedelta(**span))


def states(store, receiver=None):
    return [
        "delivered" if one.delivered_at else "waiting" if one.next_at else "dead"
        for one in dispatches(store, receiver=receiver)[::-1]
    ]


# --- what is told -------------------------------------------------------------------------------


def test_everybody_is_told_of_a_case_in_the_order_in_which_it_happened(store, crm, hotline):
    reference = a_stored_case(store, Stage.CLOSED)

    done = deliver(store, {"crm": crm.receiver(), "hotline": hotline.receiver()})

    assert (done.delivered, done.failed, done.dead) == (2 * 12, 0, [])
    assert [told.data["entry"] for told in crm.told] == sorted(told.data["entry"] for told in crm.told)
    assert crm.events == hotline.events
    assert (crm.events[0], crm.events[-1]) == ((reference, "case.opened"), (reference, "case.closed"))
    assert all(told.verified() for told in crm.told)
    assert len({told.id for told in crm.told}) == len(crm.told)
    assert crm.told[0].id == hotline.told[0].id


def test_told_twice_is_told_once(store, crm):
    file_complaint(store)
    for _ in range(2):
        deliver(store, {"crm": crm.receiver()})

    assert len(crm.told) == 1


def test_two_senders_at_once_send_nothing_twice(store, monkeypatch, crm):
    only_to(store, monkeypatch, "crm")
    for _ in range(10):
        a_stored_case(store, Stage.ASSESSED, number=None)
    barrier = Barrier(2)

    def send():
        barrier.wait(5)
        return deliver(store, {"crm": crm.receiver()}).delivered

    with ThreadPoolExecutor(2) as pool:
        total = sum(one.result(60) for one in [pool.submit(send), pool.submit(send)])
    total += deliver(store, {"crm": crm.receiver()}).delivered  # what one held while the other had nothing to do

    assert total == len(crm.told) == len({told.id for told in crm.told}) == 30
    for reference in {reference for reference, _ in crm.events}:
        entries = [told.data["entry"] for told in crm.told if told.data["reference"] == reference]
        assert entries == sorted(entries)


def test_what_was_sent_but_not_noted_is_sent_again_under_the_same_id(store, monkeypatch, crm):
    only_to(store, monkeypatch, "crm")
    file_complaint(store)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(telling, "settle", killed)
        with pytest.raises(KeyboardInterrupt):
            deliver(store, {"crm": crm.receiver()})
    later(store, minutes=6)
    deliver(store, {"crm": crm.receiver()})

    first, again = crm.told
    assert (first.id, first.body) == (again.id, again.body)
    assert states(store) == ["delivered"]


# --- receivers that do not take it --------------------------------------------------------------


def test_what_is_refused_is_sent_again_later_with_a_fresh_time_and_the_same_id(store, monkeypatch, crm):
    only_to(store, monkeypatch, "crm")
    file_complaint(store)
    crm.answers = [status(500)]

    done = deliver(store, {"crm": crm.receiver()})
    assert (done.delivered, done.failed, done.dead) == (0, 1, [])
    deliver(store, {"crm": crm.receiver()})
    assert len(crm.told) == 1
    later(store, seconds=37)
    assert deliver(store, {"crm": crm.receiver()}).delivered == 1

    assert crm.told[0].id == crm.told[1].id
    assert crm.told[1].verified()


def test_a_later_event_of_a_case_waits_for_an_earlier_one(store, monkeypatch, crm):
    only_to(store, monkeypatch, "crm")
    reference = a_stored_case(store, Stage.ACKNOWLEDGED, number=None)
    crm.answers = [status(500)]
    deliver(store, {"crm": crm.receiver()})
    other = a_stored_case(store, Stage.ACKNOWLEDGED, number=None)
    deliver(store, {"crm": crm.receiver()})
    assert [one for one, _ in crm.events] == [reference, other, other]

    later(store, seconds=37)
    deliver(store, {"crm": crm.receiver()})

    assert [event for one, event in crm.events if one == reference] == [
        "case.opened",
        "case.opened",
        "case.stage_changed",
    ]


def test_a_receiver_that_stalls_holds_up_no_other(store, crm, hotline, hasty):
    references = [file_complaint(store, number=None) for _ in range(20)]
    crm.usual = crm.stalls

    deliver(store, {"crm": crm.receiver(), "hotline": hotline.receiver()})

    assert sorted(one for one, _ in hotline.events) == sorted(references)
    assert states(store, "hotline") == ["delivered"] * 20
    assert states(store, "crm") == ["waiting"] * 20


def test_a_receiver_that_is_away_is_left_alone_after_a_few_attempts(store, monkeypatch, crm):
    only_to(store, monkeypatch, "crm")
    for _ in range(20):
        file_complaint(store, number=None)
    crm.usual = status(503)

    assert deliver(store, {"crm": crm.receiver()}).failed == len(crm.told) == telling.AT_ONCE
    crm.usual = status(204)
    assert deliver(store, {"crm": crm.receiver()}).delivered == 12  # those that were not tried


def test_a_receiver_that_refuses_some_gets_the_others(store, monkeypatch, crm):
    only_to(store, monkeypatch, "crm")
    for _ in range(20):
        file_complaint(store, number=None)
    crm.answers = [status(400)] * 12

    done = deliver(store, {"crm": crm.receiver()})

    assert (done.delivered, done.failed) == (8, 12)


def test_a_receiver_that_is_away_for_a_day_leaves_dead_letters_that_can_be_replayed(store, monkeypatch, crm):
    only_to(store, monkeypatch, "crm")
    references = [file_complaint(store, number=None) for _ in range(12)]
    crm.usual = status(503)
    dead = []
    for hours in range(0, 31, 6):
        dead += deliver(store, {"crm": crm.receiver()}).dead
        assert not dead or hours >= 24
        later(store, hours=6)

    assert sorted(one.reference for one in dead) == sorted(references)
    assert states(store) == ["dead"] * 12

    crm.usual = status(204)
    assert replay(store, None) == 12
    assert deliver(store, {"crm": crm.receiver()}).delivered == 12


def test_a_receiver_that_is_gone_from_the_settings_leaves_dead_letters_after_a_day(store, monkeypatch):
    only_to(store, monkeypatch, "crm")
    file_complaint(store)

    assert deliver(store, {}).dead == []
    later(store, hours=25)
    (dead,) = deliver(store, {}).dead

    assert dead.receiver == "crm"
    assert dispatches(store)[0].failure == "is not in the settings"


def test_a_case_that_cannot_be_read_holds_up_no_other(store, monkeypatch, crm):
    only_to(store, monkeypatch, "crm")
    broken, whole = file_complaint(store, number=None), file_complaint(store, number=None)
    with store.write() as session:
        session.execute(update(EntryRow).where(EntryRow.reference == broken).values(facts="{"))

    deliver(store, {"crm": crm.receiver(personal=True)})

    assert crm.events == [(whole, "case.opened")]
    assert [one.failure for one in dispatches(store)] == [None, "SealBroken"]


@ONLY_SQLITE
def test_no_more_is_begun_when_the_time_is_over(store, crm):
    file_complaint(store)

    assert deliver(store, {"crm": crm.receiver()}, seconds=0).delivered == 0
    assert crm.told == []


# --- what is personal ---------------------------------------------------------------------------


def person_told(crm):
    (told,) = crm.told
    return told.data.get("complainant")


def test_only_who_may_have_it_is_told_who_complains(store, crm, hotline):
    reference = file_complaint(store, sender="counter")
    with store.open_case(reference) as desk:
        desk.case.record(acts.ContactAdded(contact=Contact.model_validate(PHONE)), desk.now)

    deliver(store, {"crm": crm.receiver(personal=True), "hotline": hotline.receiver()})

    email = {"kind": "email", "value": "lin.zhixia@example.cn"}
    assert person_told(crm) == {"name": NAME, "contacts": [email, PHONE]}
    assert person_told(hotline) is None
    personal = (NAME, "lin.zhixia", PHONE["value"], "账户", "CRM-0001")
    assert [words for words in personal if words in hotline.told[0].body.decode()] == []


@ONLY_SQLITE
def test_who_reports_in_confidence_is_told_to_nobody(store, monkeypatch, crm):
    only_to(store, monkeypatch, "crm")
    file_complaint(store, kind=Kind.REPORT)

    deliver(store, {"crm": crm.receiver(personal=True)})

    assert person_told(crm) is None
    assert [words for words in (NAME, "lin.zhixia", "CRM-0001") if words in crm.told[0].body.decode()] == []


@ONLY_SQLITE
def test_what_turns_out_to_be_a_report_before_it_is_told_is_told_without_the_reporter(store, monkeypatch, crm):
    only_to(store, monkeypatch, "crm")
    reference = file_complaint(store, kind=Kind.COMPLAINT)
    monkeypatch.setattr(store, "wants", {})
    with store.open_case(reference) as desk:
        desk.case.record(acts.Acknowledged(), desk.now)
        assessed = {"category": "fees", "cause": "general", "severity": "ordinary", "urgency": "general"}
        desk.case.record(acts.Assessed(kind=Kind.REPORT, department="compliance", **assessed), desk.now)

    deliver(store, {"crm": crm.receiver(personal=True)})

    assert person_told(crm) is None
    assert "number" not in crm.told[0].data


@ONLY_SQLITE
def test_of_who_was_erased_nobody_is_told(store, monkeypatch, crm):
    only_to(store, monkeypatch, "crm")
    file_complaint(store)
    with store.write() as session:
        session.execute(update(CaseKeyRow).values(wrapped=None))

    deliver(store, {"crm": crm.receiver(personal=True)})

    assert person_told(crm) is None


@ONLY_SQLITE
def test_a_sender_is_told_its_own_number_and_nobody_else_s(store, crm, hotline):
    file_complaint(store, sender="crm", number="CRM-0001")

    deliver(store, {"crm": crm.receiver(), "hotline": hotline.receiver(personal=True)})

    assert crm.told[0].data["number"] == "CRM-0001"
    assert "number" not in hotline.told[0].data


@ONLY_SQLITE
def test_each_receiver_is_sent_what_its_own_secret_signs(store, crm, hotline):
    other = "whsec_" + "B" * 40
    file_complaint(store)

    deliver(store, {"crm": crm.receiver(), "hotline": hotline.receiver(secret=[other])})

    assert crm.told[0].verified(SECRET)
    assert hotline.told[0].verified(other)
