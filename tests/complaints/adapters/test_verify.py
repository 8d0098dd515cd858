import gc
import json
from datetime import timedelta
from decimal import Decimal

import pytest
from alembic import command
from sqlalchemy import column, delete, event, insert, inspect, select, text, update
from sqlalchemy import table as sql_table

from complaints import acts
from complaints.adapters.entries import replay
from complaints.adapters.projection import CLOCK_COLUMNS, clock_columns
from complaints.adapters.store import Store
from complaints.adapters.tables import Base, CaseKeyRow, CaseRow, ClockRow, DeliveryRow, EntryRow, FirmRow, LetterRow
from complaints.adapters.verify import verify
from complaints.errors.case import UnknownCase
from complaints.errors.sealing import MasterKeyMissing, MasterKeyWrong
from complaints.ledger import canonical, chain, genesis
from complaints.moves import MOVES
from complaints.sealing import MasterKey
from complaints.words import Kind, Stage
from tests.builders import WAYS, a_letter, a_stored_case, advance, file_complaint
from tests.conftest import rows_of

UNTOUCHED = {"number": None}


def three_cases(store):
    """A case in the middle of its way, with a letter, between two others that nobody touches."""
    a_stored_case(store, Stage.CLOSED, **UNTOUCHED)
    a_stored_case(store, Stage.DECIDED, letter=True, delivery_id="msg-1", number="CRM-7")
    a_stored_case(store, kind=Kind.REPORT, **UNTOUCHED)


@pytest.fixture
def store(databases):
    with databases.shared(three_cases) as store:
        yield store


@pytest.fixture
def reference(store):
    return the_case_in_the_middle(store)


def the_case_in_the_middle(store):
    with store.read() as session:
        return session.scalars(select(CaseRow.reference).where(CaseRow.number == "CRM-7")).one()


def change(store, statement):
    """What somebody does who can write to the database and does not use Redress."""
    with store.write() as session:
        session.execute(statement.execution_options(synchronize_session=False))


def the_only_break(store):
    breaks = verify(store).breaks
    assert len(breaks) == 1, [str(one) for one in breaks]
    return breaks[0]


def first_break(store):
    return verify(store).breaks[0]


def entry(reference, seq):
    return (EntryRow.reference == reference, EntryRow.seq == seq)


def ledger_length(store, reference):
    return len(store.entries(reference))


def test_a_database_that_nobody_touched_holds(store, reference):
    verified = verify(store)

    assert verified.breaks == []
    assert verified.cases == 3
    assert verified.entries == sum(ledger_length(store, row.reference) for row in store.list_cases())


def test_an_empty_database_holds(databases):
    with databases.shared() as empty:
        assert verify(empty).breaks == []


@pytest.mark.parametrize("kind", list(Kind))
def test_a_case_holds_at_every_stage_of_its_way(store, kind):
    for stage in Stage:
        try:
            a_stored_case(store, stage, kind=kind, letter=True, **UNTOUCHED)
        except ValueError:
            continue  # not every kind comes to every stage

    assert verify(store).breaks == []


def test_one_case_can_be_verified_alone(store, reference):
    other = file_complaint(store, **UNTOUCHED)
    change(store, update(EntryRow).where(*entry(other, 1)).values(by="nobody"))

    assert verify(store, reference).breaks == []
    assert verify(store, reference).cases == 1
    assert [one.reference for one in verify(store, other).breaks] == [other]


def test_verifying_a_case_that_is_not_there_does_not_say_that_all_is_well(store):
    with pytest.raises(UnknownCase):
        verify(store, "TS260302-N0THERE")


def test_many_cases_are_verified_in_batches_and_each_is_counted(store, monkeypatch):
    monkeypatch.setattr("complaints.adapters.verify._BATCH", 3)
    references = sorted(
        [*(row.reference for row in store.list_cases()), *(file_complaint(store, **UNTOUCHED) for _ in "abcde")]
    )
    change(store, update(EntryRow).where(*entry(references[6], 1)).values(by="nobody"))
    seen = []

    verified = verify(store, progress=seen.append)

    assert seen == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [one.reference for one in verified.breaks] == [references[6]]


def test_python_looks_for_cycles_again_after_a_verification(store):
    verify(store)

    assert gc.isenabled()


# --- entries ------------------------------------------------------------------------------------

ALTERATIONS = {
    "facts": {"facts": EntryRow.facts + " "},
    "sealed": {"sealed": b"something else"},
    "no longer sealed": {"sealed": None},
    "by": {"by": "nobody"},
    "kind": {"kind": "viewed"},
    "previous": {"previous": "0" * 64},
    "hash": {"hash": "0" * 64},
}


@pytest.mark.parametrize("alteration", list(ALTERATIONS.values()), ids=list(ALTERATIONS))
@pytest.mark.parametrize("place", ["first", "last"])
def test_an_altered_entry_is_named(store, reference, alteration, place):
    sealed = [one.seq for one in store.entries(reference) if one.sealed]  # the complaint first, the decision last
    seq = sealed[0] if place == "first" else sealed[-1]

    change(store, update(EntryRow).where(*entry(reference, seq)).values(**alteration))

    found = first_break(store)
    assert (found.reference, found.seq) == (reference, seq)
    assert found.reason.startswith("altered")


def test_an_entry_that_was_dated_back_is_named(store, reference):
    at = store.entries(reference)[4].at

    change(store, update(EntryRow).where(*entry(reference, 5)).values(at=at - timedelta(microseconds=1)))

    assert (the_only_break(store).seq, the_only_break(store).reason[:7]) == (5, "altered")


@pytest.mark.parametrize("place", [1, 5, -1])
def test_a_removed_entry_is_named(store, reference, place):
    seq = place if place > 0 else ledger_length(store, reference)

    change(store, delete(EntryRow).where(*entry(reference, seq)))

    found = the_only_break(store)
    assert (found.reference, found.seq) == (reference, seq)
    assert "removed" in found.reason


def test_a_ledger_that_was_emptied_is_named(store, reference):
    change(store, delete(EntryRow).where(EntryRow.reference == reference))

    assert (the_only_break(store).reference, the_only_break(store).seq) == (reference, 1)


def test_two_entries_that_changed_places_are_named(store, reference):
    for seq, other in ((3, 1003), (4, 3), (1003, 4)):
        change(store, update(EntryRow).where(*entry(reference, seq)).values(seq=other))

    first, second, *_ = verify(store).breaks
    assert [(one.reference, one.seq) for one in (first, second)] == [(reference, 3), (reference, 4)]


def test_an_entry_that_was_replaced_flawlessly_shows_at_the_next(store, reference):
    true = store.entries(reference)[4]
    forged = chain(reference, 5, true.previous, true.kind, true.at, "nobody", true.facts, true.sealed)

    change(store, update(EntryRow).where(*entry(reference, 5)).values(by=forged.by, hash=forged.hash))

    assert (the_only_break(store).seq, the_only_break(store).reason[:11]) == (6, "not chained")


def test_an_entry_that_was_added_flawlessly_is_named(store, reference):
    last = store.entries(reference)[-1]
    forged = chain(reference, last.seq + 1, last.hash, "viewed", last.at, "nobody", '{"what":"complainant"}', None)

    with store.write() as session:
        session.add(EntryRow(**forged.__dict__))

    assert the_only_break(store).seq == last.seq + 1


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("no_such_act", "{}"),
        ("found", "{}"),  # an act without its fields
        ("found", "no JSON"),
        ("clock_met", '{"clock":"no such clock","late":false}'),
        ("letter_sent", '{"letter":"none","round":9,"channel":"email","receipt":""}'),
    ],
)
def test_a_forger_who_mends_chain_and_case_but_writes_nonsense_is_named(store, reference, kind, facts):
    last = store.entries(reference)[-1]
    forged = chain(reference, last.seq + 1, last.hash, kind, last.at, "nobody", facts, None)
    with store.write() as session:
        session.add(EntryRow(**forged.__dict__))
    change(
        store,
        update(CaseRow).where(CaseRow.reference == reference).values(version=CaseRow.version + 1, head=forged.hash),
    )

    assert (the_only_break(store).reference, the_only_break(store).seq) == (reference, last.seq + 1)


def test_a_ledger_that_was_emptied_is_named_though_the_case_was_mended(store, reference):
    change(store, delete(EntryRow).where(EntryRow.reference == reference))
    mended = update(CaseRow).where(CaseRow.reference == reference)

    change(store, mended.values(version=0, head=genesis(reference)))

    assert the_only_break(store).reference == reference


def test_personal_data_of_another_case_is_named_though_the_chain_was_mended(store):
    victim, other = (file_complaint(store, **UNTOUCHED) for _ in range(2))
    foreign = store.entries(other)[0]
    forged = chain(victim, 1, genesis(victim), foreign.kind, foreign.at, foreign.by, foreign.facts, foreign.sealed)
    change(store, delete(EntryRow).where(EntryRow.reference == victim))
    with store.write() as session:
        session.add(EntryRow(**forged.__dict__))

    change(store, update(CaseRow).where(CaseRow.reference == victim).values(version=1, head=forged.hash))

    found = the_only_break(store)
    assert (found.reference, found.seq) == (victim, 1)
    assert "was altered" in found.reason


# --- what is stored beside the ledger -----------------------------------------------------------

OTHER_VALUES = {
    "version": 3,
    "head": "0" * 64,
    "stage": "closed",
    "asks": "finding",
    "regime": "uk-fca",
    "sender": "nobody",
    "number": "CRM-8",
    "authority": "pbc",
    "authority_number": "zb-8",
    "channel": "post",
    "language": "en",
    "party_type": "firm",
    "history": True,
    "kind": "suggestion",
    "category": "claim",
    "cause": "forbidden_time",
    "severity": "major",
    "urgency": "urgent",
    "department": "claims",
    "product": "another",
    "region": "CN-11",
    "amount": Decimal(1),
    "currency": "USD",
    "received_at": None,
    "acknowledged_at": None,
    "answered_at": None,
    "closed_at": None,
    "decision_due_at": None,
    "outcome": "not_upheld",
    "remedy": "none",
    "redress_paid": Decimal(1),
    "redress_currency": "USD",
    "satisfaction": "satisfied",
    "closure": "completed",
    "late": True,
    "sub_product": "another",
    "issue": "another",
    "represented": True,
    "forwarded": True,
    "is_group": True,
    "repeats": 1,
    "merged_into": "TS260302-7K3M9QX",
    "reopened": 1,
    "review": "asked",
    "payments": '[["2026-03-19","1.00","USD"]]',
    "handler": "nobody",
    "breach_cause": "other",
    "on_hold": True,
}


@pytest.mark.parametrize("column", [column.name for column in CaseRow.__table__.columns if column.name != "reference"])
def test_any_changed_column_of_a_case_is_named(store, reference, column):
    with store.read() as session:
        true = session.get_one(CaseRow, reference)
    value = OTHER_VALUES.get(column)
    if column.endswith("_at") or column == "retain_until":
        value = (getattr(true, column) or true.received_at) + timedelta(seconds=1)
    assert value != getattr(true, column)

    change(store, update(CaseRow).where(CaseRow.reference == reference).values({column: value}))

    found = the_only_break(store)
    assert found.reference == reference
    if column in ("version", "head"):
        assert "the case names" in found.reason
    elif column == "regime":
        assert "no regime pack" in found.reason
    else:
        assert f"'{column}'" in found.reason


@pytest.mark.parametrize(
    "statement",
    [
        update(ClockRow).values(due_at=ClockRow.next_at),
        update(ClockRow).values(next_at=None),
        update(ClockRow).values(missed=True),
        update(ClockRow).values(running=False),
        update(ClockRow).values(paused=True),
        update(ClockRow).values(nature="window"),
        update(ClockRow).values(calendar="cn-public"),
        update(ClockRow).values(standing="late"),
        delete(ClockRow),
    ],
    ids=["due", "next", "missed", "running", "paused", "nature", "calendar", "standing", "removed"],
)
def test_a_changed_clock_is_named(store, reference, statement):
    change(store, statement.where(ClockRow.reference == reference, ClockRow.name == "decision"))

    assert the_only_break(store).reference == reference
    assert "clocks" in the_only_break(store).reason


def test_a_clock_that_nobody_started_is_named(store, reference):
    with store.write() as session:
        now = store.now(session)
        true = session.get_one(ClockRow, (reference, "decision"))
        columns = {column: getattr(true, column) for column in CLOCK_COLUMNS}
        session.add(ClockRow(reference=reference, name="invented", **columns | {"due_at": now}))

    assert "clocks" in the_only_break(store).reason


@pytest.mark.parametrize(
    "sealed", [b"", b"short", b"something else that is long enough"], ids=["empty", "short", "long"]
)
def test_an_altered_letter_is_named(store, reference, sealed):
    change(store, update(LetterRow).where(LetterRow.reference == reference).values(sealed=sealed))

    assert the_only_break(store).reference == reference
    assert "letter 'acknowledgement' round 1" in the_only_break(store).reason


@pytest.mark.parametrize("content", [a_letter("另一封信").dump(), b"no letter at all", b"[1]"])
def test_a_letter_that_was_sealed_anew_with_other_content_is_named(store, reference, content):
    with store.write() as session:
        key = store.case_key(session, reference)
        row = session.get_one(LetterRow, (reference, "acknowledgement", 1))
        row.sealed = key.seal(content, "letter/acknowledgement/1")

    assert "is not the one that was prepared" in the_only_break(store).reason


def test_a_removed_letter_is_named(store, reference):
    change(store, delete(LetterRow).where(LetterRow.reference == reference))

    assert "is not the one that was prepared" in the_only_break(store).reason


def test_a_letter_that_nobody_prepared_is_named(store, reference):
    with store.write() as session:
        session.add(LetterRow(reference=reference, letter="decision", round=1, sealed=b"x"))

    assert "letter 'decision' is in no entry" in the_only_break(store).reason


def test_a_case_key_that_was_replaced_is_named(store, reference):
    change(store, update(CaseKeyRow).where(CaseKeyRow.reference == reference).values(wrapped=b"another key" * 6))

    assert the_only_break(store).reference == reference
    assert "does not open with this master key" in the_only_break(store).reason


def test_a_case_key_whose_row_is_gone_is_named(store, reference):
    change(store, delete(CaseKeyRow).where(CaseKeyRow.reference == reference))

    assert the_only_break(store).reference == reference
    assert "key" in the_only_break(store).reason


def test_a_key_that_was_destroyed_without_an_entry_is_named(store, reference):
    change(store, update(CaseKeyRow).where(CaseKeyRow.reference == reference).values(wrapped=None))

    assert "no entry says so" in the_only_break(store).reason


def test_a_case_is_checked_alike_by_several_processes(databases, session_key, monkeypatch):
    monkeypatch.setattr("complaints.adapters.verify._BATCH", 2)
    monkeypatch.setattr("complaints.adapters.verify._SEVERAL", 1)
    monkeypatch.setattr("complaints.adapters.verify._processors", lambda: 2)
    store = Store(databases.migrated(), session_key)
    references = sorted(file_complaint(store, number=f"N-{number}") for number in range(5))
    change(store, update(EntryRow).where(*entry(references[3], 1)).values(by="nobody"))
    seen = []

    verified = verify(store, progress=seen.append)

    store.engine.dispose()
    assert (verified.cases, seen) == (5, [1, 2, 3, 4, 5])
    assert [one.reference for one in verified.breaks] == [references[3]]


def test_of_chains_alone_what_stands_beside_them_is_not_looked_at(store, reference):
    change(store, update(CaseRow).where(CaseRow.reference == reference).values(product="another"))

    assert verify(store, chains_only=True).breaks == []
    assert verify(store).breaks != []


def remove_a_case_and_leave_its_parts(store, reference):
    """As somebody does it who owns the tables: the foreign keys are dropped first."""
    if store.engine.dialect.name == "sqlite":
        with store.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("DELETE FROM cases WHERE reference = ?", (reference,))
            connection.exec_driver_sql("BEGIN")
            connection.detach()
        return
    with store.engine.begin() as connection:
        for table in Base.metadata.tables:
            for key in inspect(connection).get_foreign_keys(table):
                connection.execute(text(f'ALTER TABLE "{table}" DROP CONSTRAINT "{key["name"]}"'))
        connection.execute(delete(CaseRow).where(CaseRow.reference == reference))


@pytest.mark.parametrize(
    "left", [EntryRow, CaseKeyRow, ClockRow, LetterRow, DeliveryRow], ids=lambda t: t.__tablename__
)
def test_a_case_that_was_removed_as_a_whole_is_named_by_whatever_it_left_behind(databases, key_file, left):
    store = Store(databases.prepared(three_cases), key_file)  # its own: the foreign keys do not survive it
    reference = the_case_in_the_middle(store)
    remove_a_case_and_leave_its_parts(store, reference)
    for part in {EntryRow, CaseKeyRow, ClockRow, LetterRow, DeliveryRow} - {left}:
        change(store, delete(part).where(part.reference == reference))

    found = the_only_break(store)

    assert (found.reference, found.seq) == (reference, 0)
    assert found.reason.startswith("removed")
    store.engine.dispose()


def test_with_another_master_key_nothing_is_verified_rather_than_every_case_blamed(store, reference, tmp_path):
    MasterKey.create(tmp_path / "other.key")

    with pytest.raises(MasterKeyWrong):
        verify(Store(store.url, tmp_path / "other.key"))
    with pytest.raises(MasterKeyMissing):
        verify(Store(store.url, tmp_path / "lost.key"))


def test_work_that_goes_on_meanwhile_is_no_break(store, reference):
    """The rows of the cases are read first, their ledgers next; in between a worker saves an act."""
    saved = []

    def somebody_saves(connection, cursor, statement, parameters, context, many):
        if "FROM cases" in statement and not saved:
            saved.append(reference)
            with Store(store.url, store.key_file).open_case(reference) as desk:
                desk.case.record(acts.Viewed(what="complainant"), desk.now)

    before = ledger_length(store, reference)
    event.listen(store.engine, "after_cursor_execute", somebody_saves)
    verified = verify(store)
    event.remove(store.engine, "after_cursor_execute", somebody_saves)

    assert ledger_length(store, reference) == before + 1
    assert verified.breaks == []


def test_verifying_changes_nothing(store, reference):
    def everything():
        with store.read() as session:
            return {
                table: session.execute(select(Base.metadata.tables[table])).all()
                for table in Base.metadata.tables
                if table != FirmRow.__tablename__
            }

    before = everything()
    verify(store)

    assert everything() == before


# --- a database from before there were calendars, ladders and several regimes ----------------------

LATER_FIELDS = {
    "received": {"further", "circumstances", "events"},
    "clock_started": {"nature", "regime", "round", "until"},
    "clock_warned": {"percent", "tell"},
    "clock_missed": {"tell", "remind_at"},
    "clock_met": {"done_at"},
}
"""What the entries of a ledger did not say then."""


def cases_of_every_sort(store):
    """Cases of every kind at every stage, and some that were warned of, missed, or done too late."""
    for kind, way in WAYS.items():
        for stage in dict.fromkeys([Stage.RECEIVED, *(MOVES[type(act)][1] for act in way)]):
            a_stored_case(store, stage, kind=kind, letter=True, **UNTOUCHED)
    for said in ([acts.ClockWarned], [acts.ClockMissed], [acts.ClockWarned, acts.ClockMissed]):
        for stage in (Stage.DECIDED, Stage.FOLLOWED_UP):
            with store.open_case(file_complaint(store, **UNTOUCHED)) as desk:
                for act in said:
                    desk.case.record(act(clock="decision"), desk.now)
                advance(desk.case, stage, now=desk.now + timedelta(days=20))
    with store.open_case(a_stored_case(store, Stage.PUT_RIGHT, **UNTOUCHED)) as desk:
        desk.case.record(acts.ClockReached(clock="follow-up"), desk.now)


def as_written_then(entry):
    """The facts of an entry; a clock had one warning, at four fifths of its time."""
    facts = json.loads(entry.facts)
    old = {name: value for name, value in facts.items() if name not in LATER_FIELDS.get(entry.kind, ())}
    if entry.kind == "clock_started":
        old["warn_at"] = facts["until"]["marks"][-1]["at"] if facts["until"]["marks"] else None
    return canonical(old)


def ledger_then(store, reference):
    entries, previous = [], genesis(reference)
    for one in store.entries(reference):
        facts = as_written_then(one)
        entries.append(chain(reference, one.seq, previous, one.kind, one.at, one.by, facts, one.sealed))
        previous = entries[-1].hash
    return entries


def rows_then(store):
    """What the tables held."""
    rows = {table.name: content for table, content in rows_of(store).items()}
    rows["ledger"], rows["clocks"] = [], []
    for case in rows["cases"]:
        entries = ledger_then(store, case["reference"])
        case |= {"head": entries[-1].hash, "asks": None if case["asks"] == "breach" else case["asks"]}
        rows["ledger"] += [vars(one) for one in entries]
        clocks = clock_columns(replay(case["reference"], case["regime"], entries, None))
        rows["clocks"] += [{"reference": case["reference"], "name": name} | columns for name, columns in clocks.items()]
    return rows


def test_a_database_from_before_there_were_calendars_holds_once_it_was_brought_up_to_date(databases, key_file):
    with databases.shared(cases_of_every_sort) as today:
        rows = rows_then(today)
    old = Store(databases.empty(), key_file)
    with old.engine.execution_options(writes=True).begin() as connection:
        command.upgrade(old._alembic(connection), "0001")
        for table in Base.metadata.sorted_tables:
            if inspect(connection).has_table(table.name) and rows[table.name]:
                there = {one["name"] for one in inspect(connection).get_columns(table.name)}
                columns = [column(one.name, one.type) for one in table.columns if one.name in there]
                values = [{one.name: row[one.name] for one in columns} for row in rows[table.name]]
                connection.execute(insert(sql_table(table.name, *columns)), values)

    old.migrate()

    assert [str(one) for one in verify(old).breaks] == []
    assert verify(old).cases == len(rows["cases"]) > 30
