from datetime import timedelta

import pytest
from sqlalchemy import event, func, insert, select
from sqlalchemy.exc import IntegrityError

from complaints import acts
from complaints.adapters import filing
from complaints.adapters import store as storing
from complaints.adapters.filing import Filed, new_reference
from complaints.adapters.store import OpenCase, Store
from complaints.adapters.tables import CaseKeyRow, CaseRow, ClockRow, DeliveryRow, EntryRow, StartRow
from complaints.adapters.verify import verify
from complaints.case import Case
from complaints.errors.case import AnswerRefused, CaseConflict
from complaints.intake import Contact
from complaints.reception import receive
from complaints.regimes.rulebook import load_pack
from complaints.words import Closure, ContactKind
from tests.builders import MONDAY, REGIME, SHANGHAI, a_complaint, a_stored_case

NEW_CONTACT = acts.ContactAdded(contact=Contact(kind=ContactKind.EMAIL, value="new@example.cn"))


def a_new_case(number: str | None = None, *, reference: str = "", history: bool = False, **changes: object) -> Case:
    reference = reference or new_reference(MONDAY, SHANGHAI)
    case = receive(reference, load_pack(REGIME), a_complaint(number=number, **changes), "crm", MONDAY, history=history)
    if history:
        case.record(acts.Closed(closure=Closure.HISTORY), MONDAY)
    return case


def rows_in(store: Store, *tables: type) -> int:
    with store.read() as session:
        return sum(session.scalar(select(func.count()).select_from(table)) or 0 for table in tables)


# --- what a door adds to a new case -----------------------------------------------------------------


def test_what_a_door_attaches_is_stored_with_the_case(store: Store) -> None:
    filed = store.file(a_complaint(), "crm", REGIME, attach=lambda desk: desk.case.record(NEW_CONTACT, desk.now, "web"))

    assert store.read_case(filed.reference).contacts[-1].value == "new@example.cn"
    assert store.entries(filed.reference)[-1].kind == "contact_added"
    assert not verify(store).breaks


def test_a_door_may_add_rows_of_its_own_that_refer_to_the_new_case(store: Store) -> None:
    def attach(desk: OpenCase) -> None:
        desk.session.add(DeliveryRow(sender="web", delivery_id="part-2", reference=desk.case.reference))

    store.file(a_complaint(), "crm", REGIME, "msg-1", attach=attach)

    assert rows_in(store, DeliveryRow) == 2


def test_nothing_is_stored_where_a_door_cannot_attach(store: Store) -> None:
    def attach(desk: OpenCase) -> None:
        desk.case.record(NEW_CONTACT, desk.now, "web")
        raise AnswerRefused("files", "cannot be read")

    with pytest.raises(AnswerRefused):
        store.file(a_complaint(), "crm", REGIME, "msg-1", attach=attach)

    assert rows_in(store, CaseRow, EntryRow, CaseKeyRow, ClockRow, StartRow, DeliveryRow) == 0


def test_nothing_is_attached_to_a_case_that_was_known(store: Store) -> None:
    first = store.file(a_complaint(number="CRM-1"), "crm", REGIME, "msg-1")

    def attach(desk: OpenCase) -> None:
        raise AssertionError

    assert store.file(a_complaint(number="CRM-1"), "crm", REGIME, "msg-1", attach=attach) == Filed(
        first.reference, is_new=False
    )
    assert store.file(a_complaint(number="CRM-1"), "crm", REGIME, "msg-2", attach=attach) == Filed(
        first.reference, is_new=False
    )


# --- the run that a case is owed --------------------------------------------------------------------


@pytest.mark.parametrize("urgent", [False, True])
def test_a_filed_case_is_owed_a_run(store: Store, urgent: bool) -> None:
    filed = store.file(a_complaint(urgent=urgent), "crm", REGIME)

    with store.read() as session:
        start = session.scalars(select(StartRow)).one()
    assert (start.reference, start.urgent) == (filed.reference, urgent)
    assert store.now() - timedelta(minutes=1) < start.filed_at <= store.now()


def test_history_is_owed_no_run(store: Store) -> None:
    with store.write() as session:
        store.add_many(session, [a_new_case(history=True), a_new_case()])

    assert (rows_in(store, CaseRow), rows_in(store, StartRow)) == (2, 1)


def test_the_same_delivery_again_is_owed_no_second_run(store: Store) -> None:
    for _ in range(2):
        store.file(a_complaint(), "crm", REGIME, "msg-1")

    assert rows_in(store, StartRow) == 1


# --- many at once -----------------------------------------------------------------------------------


def test_many_cases_are_stored_as_one_by_one(store: Store) -> None:
    cases = [a_new_case(f"CRM-{number}") for number in range(20)]
    with store.write() as session:
        assert store.add_many(session, cases) == []

    for number, case in enumerate(cases):
        assert store.read_case(case.reference).complaint == a_complaint(number=f"CRM-{number}")
    assert rows_in(store, CaseRow, CaseKeyRow, StartRow) == 60
    checked = verify(store)
    assert (checked.cases, checked.breaks) == (20, [])


def test_of_many_cases_only_those_are_left_out_that_are_taken(store: Store) -> None:
    taken = a_stored_case(store, number="CRM-1")
    by_reference, by_number = a_new_case(reference=taken), a_new_case("CRM-1")
    fresh = [a_new_case("CRM-2"), a_new_case("CRM-3")]

    with store.write() as session:
        assert store.add_many(session, [by_reference, *fresh, by_number]) == [by_reference, by_number]
        by_reference.reference = new_reference(MONDAY, SHANGHAI)
        assert store.add_many(session, [by_reference]) == []

    assert store.read_case(by_reference.reference).complaint == a_complaint(number=None)
    checked = verify(store)
    assert (checked.cases, checked.breaks) == (4, [])


def test_one_case_that_is_taken_is_refused(store: Store) -> None:
    a_stored_case(store, number="CRM-1")

    with pytest.raises(CaseConflict), store.write() as session:
        store.add(session, a_new_case("CRM-1"))


def test_a_reference_that_was_drawn_twice_is_drawn_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = a_stored_case(store)
    drawn = iter([taken, taken])
    monkeypatch.setattr(storing, "new_reference", lambda now, zone: next(drawn, None) or new_reference(now, zone))

    filed = store.file(a_complaint(number=None), "crm", REGIME)

    assert filed.is_new
    assert filed.reference != taken
    assert not verify(store).breaks


def test_an_error_of_a_statement_that_nobody_waited_for_is_told_as_every_other(store: Store) -> None:
    row = {"reference": "TS260302-2222222", "urgent": False, "filed_at": MONDAY}  # of no case

    with pytest.raises(IntegrityError), store.write() as session, filing._without_waiting(session):
        session.connection().execute(insert(StartRow), [row])

    assert rows_in(store, StartRow) == 0


def test_nothing_that_was_just_inserted_is_changed_again(store: Store) -> None:
    """A filing asks once and then only inserts: what a door can take in depends on it."""
    store.file(a_complaint(number="CRM-1"), "crm", REGIME, "msg-1")
    said: list[str] = []

    def listen(connection: object, cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            said.append(" ".join(statement.split()[:3]))

    event.listen(store.engine, "before_cursor_execute", listen)
    try:
        store.file(a_complaint(number="CRM-2"), "crm", REGIME, "msg-2")
    finally:
        event.remove(store.engine, "before_cursor_execute", listen)

    assert said[0].startswith("SELECT")
    assert all(statement.startswith("INSERT INTO") for statement in said[1:])
    assert len(set(said)) == len(said)  # each table once
