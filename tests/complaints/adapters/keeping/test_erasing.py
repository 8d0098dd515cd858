"""After an erasure nobody can read who it was, in no file of the installation; what happened stays."""

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update

from complaints import acts, holds
from complaints.adapters.evidence import EvidenceStore, add_evidence
from complaints.adapters.keeping import erasing, remnants
from complaints.adapters.keeping.anchoring import write_anchor
from complaints.adapters.keeping.erasing import Order, erase
from complaints.adapters.keeping.erasing_again import check_erasures, erase_again
from complaints.adapters.keeping.outside import AnchorsAway
from complaints.adapters.keeping.records import FOLDER, ErasureRecord, add_records, read_records
from complaints.adapters.keeping.remnants import clear_remnants
from complaints.adapters.linking import open_link, secret_token
from complaints.adapters.repeating import find_repeats, merge_cases
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseKeyRow, CaseRow, DeliveryRow, EntryRow, LetterRow, RemnantRow, SignRow
from complaints.adapters.verify import verify
from complaints.errors.case import AnswerRefused, MergeRefused
from complaints.errors.intake import NumberTaken, TransferTaken
from complaints.errors.sealing import KeyDestroyed, SealBroken
from complaints.retention import StillKept
from complaints.sealing import CaseKey, MasterKey
from complaints.words import ErasureGround, NoReport, Stage
from tests.builders import TRANSFER, a_complaint, advance, file_complaint, utc
from tests.complaints.adapters.keeping.conftest import EXPIRED, OVER, THEN, reference_of
from tests.conftest import put_back, rows_of
from tests.evidence_places import JPEG

REQUEST = Order(ErasureGround.CONSENT_WITHDRAWN, "li.wei", "wang.fang", document="GR-2026-7")
WORDS = "林知夏".encode()


@pytest.fixture
def old(store):
    """A closed case whose retention is over."""
    store.move_time(OVER)
    return reference_of(store, "OLD-1")


def wrapped_key(store, reference):
    with store.read() as session:
        return session.scalar(select(CaseKeyRow.wrapped).where(CaseKeyRow.reference == reference))


def holding(words, *folders):
    return [
        file for folder in folders for file in sorted(folder.rglob("*")) if file.is_file() and words in content(file)
    ]


def content(file):
    return file.read_bytes()


# --- what goes ------------------------------------------------------------------------------------


def test_after_an_erasure_no_file_of_the_installation_holds_the_person_or_the_key(store, places, tmp_path, old):
    with store.open_case(old) as desk:
        add_evidence(desk, EvidenceStore(places.evidence.url), JPEG, name="a.jpg", source="crm", by="crm")
    (places.letters / "not-sent").mkdir(parents=True)
    (places.letters / "not-sent" / f"{old}-1.eml").write_bytes(WORDS)
    (places.archive / "2020" / old).mkdir(parents=True)
    (places.archive / "2020" / old / "case_file.zh-CN.html").write_bytes(WORDS)
    key, letter = wrapped_key(store, old), b""
    with store.read() as session:
        letter = session.scalar(select(LetterRow.sealed).where(LetterRow.reference == old))
    database = Path(store.engine.url.database)
    is_file = store.engine.dialect.name == "sqlite"
    files = [database, database.with_name(f"{database.name}-wal"), database.with_name(f"{database.name}-shm")]
    planted = (key, letter, b"msg-OLD-1")
    if is_file:
        assert all(any(one in content(file) for file in files if file.exists()) for one in planted)
    assert len(holding(WORDS, places.letters, places.archive)) == 2
    assert places.evidence.names(old)

    done = erase(store, places.outside, [old], EXPIRED)
    clear_remnants(store, places)

    assert (done.erased, done.refused) == ([old], {})
    assert holding(WORDS, tmp_path) == []
    assert places.evidence.names(old) == set()
    if is_file:
        left = [one for file in files if file.exists() for one in planted if one in content(file)]
        assert left == []
    with store.read() as session:
        for table in (LetterRow, DeliveryRow, SignRow, RemnantRow):
            assert session.scalars(select(table).where(table.reference == old)).all() == []


def test_a_database_overwrites_what_it_deletes(sqlite, session_key):
    """What the test above rests on: without secure_delete the old key stays readable in the file."""
    store = Store(sqlite.migrated(), session_key)
    with store.read() as session:
        assert session.connection().exec_driver_sql("PRAGMA secure_delete").scalar() == 1
    store.engine.dispose()


def test_what_is_sealed_cannot_be_opened_by_any_key_that_is_left(store, places, old):
    entries = [one for one in store.entries(old) if one.sealed]

    erase(store, places.outside, [old], EXPIRED)

    assert wrapped_key(store, old) is None
    others = [store.find_cases(number)[0].reference for number in ("OLD-2", "OPEN-1")]
    with store.read() as session:
        keys = [store.case_key(session, one) for one in others]
    for key in keys:
        for one in entries:
            with pytest.raises(SealBroken):
                CaseKey(old, key._key).open(one.sealed, f"{one.seq}/{one.kind}")


def test_the_status_link_dies(store, places, old):
    token = secret_token(store, old)
    assert open_link(store, old, token) is not None

    erase(store, places.outside, [old], EXPIRED)

    assert open_link(store, old, token) is None
    assert secret_token(store, old) is None


# --- what stays -----------------------------------------------------------------------------------


def test_ledger_statistics_and_the_erasure_itself_stay_and_verify_finds_nothing(store, places, old):
    statistics = ("kind", "category", "product", "region", "received_at", "closed_at", "outcome", "closure", "number")
    with store.read() as session:
        before = session.get_one(CaseRow, old)
    entries = store.entries(old)

    erase(store, places.outside, [old], EXPIRED)
    clear_remnants(store, places)

    with store.read() as session:
        after = session.get_one(CaseRow, old)
    assert store.entries(old)[:-1] == entries
    assert [getattr(after, one) for one in statistics] == [getattr(before, one) for one in statistics]
    case = store.read_case(old)
    assert case.complaint is None
    assert case.erased == acts.Erased(
        ground=ErasureGround.EXPIRED,
        regime="cn-nfra",
        rule="case-files",
        article="art. 28",
        retained_until=utc(2025, 3, 2).date(),
        approver="wang.fang",
    )
    assert (store.entries(old)[-1].by, store.entries(old)[-1].sealed) == ("li.wei", None)
    assert (after.erased_at, after.on_hold, after.retain_until) == (case.happened["erased"], False, OVER)
    assert verify(store, outside=places.outside).breaks == []


def test_an_erased_complaint_that_is_sent_again_neither_brings_the_person_back_nor_is_lost(store, places, old):
    erase(store, places.outside, [old], EXPIRED)
    entries = store.entries(old)

    with pytest.raises(NumberTaken, match=f"case {old} already has this number"):
        file_complaint(store, number="OLD-1")

    assert store.entries(old) == entries
    assert store.read_case(old).complaint is None
    new = file_complaint(store, number="OLD-1-2026")  # a new matter, under a number of its own
    assert store.read_case(new).complaint is not None


def test_what_an_authority_forwards_again_under_the_number_of_an_erased_case_is_refused_aloud(store, places):
    old = file_complaint(store, number="CRM-1", transfer=TRANSFER)
    with store.open_case(old) as desk:
        desk.case.waive_report(NoReport.NOT_WANTED, "li.wei", desk.now)
        advance(desk.case, Stage.CLOSED, now=desk.now)
    store.move_time(OVER + timedelta(days=3))
    assert erase(store, places.outside, [old], EXPIRED).erased == [old]

    with pytest.raises(TransferTaken):
        file_complaint(store, number="CRM-2", transfer=TRANSFER)

    assert store.read_case(old).complaint is None


def test_the_other_parts_of_redress_cope_with_an_erased_case(store, places, old):
    other = file_complaint(store, number="NEW-1")
    erase(store, places.outside, [old], EXPIRED)

    assert old not in [one.reference for one in find_repeats(store, other)]
    with pytest.raises(MergeRefused):
        merge_cases(store, other, old, "li.wei")
    with pytest.raises(KeyDestroyed), store.open_case(old) as desk:
        desk.case.record(acts.ContactAdded(contact=a_complaint().complainant.contacts[0]), desk.now)
    assert store.standing(old).head == store.entries(old)[-1].hash


# --- what stands against it -----------------------------------------------------------------------


def test_who_asks_is_told_which_rule_keeps_the_file_until_when(store, places):
    reference = reference_of(store, "OLD-1")

    refused = erase(store, places.outside, [reference], REQUEST).refused[reference]

    assert isinstance(refused, StillKept)
    assert "cn-nfra art. 28, rule 'case-files' keeps it until 2025-03-02" in str(refused)
    assert "PIPL art. 47" in str(refused)
    assert wrapped_key(store, reference) is not None
    assert places.outside.names(FOLDER) == []


def test_a_hold_beats_erasure(store, places, old):
    with store.open_case(old) as desk:
        holds.place(desk.case, "上海金融法院", "（2025）沪74民初1号", "li.wei", desk.now)

    assert isinstance(erase(store, places.outside, [old], EXPIRED).refused[old], holds.HoldStands)
    assert wrapped_key(store, old) is not None


def test_an_open_case_is_never_erased(store, places, old):
    reference = reference_of(store, "OPEN-1")

    assert "it is open" in str(erase(store, places.outside, [reference], REQUEST).refused[reference])


@pytest.mark.parametrize("approver", ["li.wei", "Li.Wei"])
def test_nobody_erases_alone_in_whatever_case_the_name_is_written(store, places, old, approver):
    with pytest.raises(AnswerRefused, match="somebody else"):
        erase(store, places.outside, [old], replace(EXPIRED, approver=approver))


def test_a_case_that_was_merged_is_kept_as_long_as_the_one_that_answers_for_it(store, places):
    earlier = file_complaint(store, number="NEW-1")
    later = file_complaint(store, number="NEW-2")
    merge_cases(store, later, earlier, "li.wei")
    store.move_time(utc(2025, 3, 10))

    refused = erase(store, places.outside, [later], EXPIRED).refused[later]

    assert f"part of the file of {earlier}" in str(refused)


def test_a_case_that_answers_for_one_on_hold_is_kept(store, places, old):
    other = reference_of(store, "OLD-2")
    with store.write() as session:
        values = {"merged_into": old, "on_hold": True}
        session.execute(update(CaseRow).where(CaseRow.reference == other).values(**values))

    refused = erase(store, places.outside, [old], EXPIRED).refused[old]

    assert f"{other}, for which it answers, is on hold" in str(refused)


def damage(store, reference):
    with store.write() as session:
        session.execute(update(EntryRow).where(EntryRow.reference == reference, EntryRow.seq == 2).values(facts="{x"))


def test_one_that_cannot_be_read_does_not_keep_the_others(store, places, old):
    other = reference_of(store, "OLD-2")
    damage(store, other)

    done = erase(store, places.outside, [old, other], EXPIRED)

    assert (done.erased, list(done.refused)) == ([old], [other])
    assert "was altered" in str(done.refused[other])


def test_an_erasure_twice_is_one(store, places, old):
    erase(store, places.outside, [old], EXPIRED)
    length = len(store.entries(old))

    again = erase(store, places.outside, [old], EXPIRED)

    assert (again.erased, again.refused, len(store.entries(old))) == ([], {}, length)
    assert len(places.outside.names(FOLDER)) == 1


def test_one_that_must_be_kept_does_not_keep_the_others(store, places, old):
    references = [old, reference_of(store, "OPEN-1"), reference_of(store, "OLD-2")]

    done = erase(store, places.outside, references, EXPIRED)

    assert sorted(done.erased) == sorted([references[0], references[2]])
    assert list(done.refused) == [references[1]]


# --- killed ---------------------------------------------------------------------------------------


def test_nothing_is_erased_that_could_not_be_recorded_outside(store, places, old, monkeypatch):
    def is_away(*_):
        raise AnchorsAway("OSError")

    monkeypatch.setattr(places.outside, "add", is_away)
    with pytest.raises(AnchorsAway):
        erase(store, places.outside, [old], EXPIRED)

    assert wrapped_key(store, old) is not None
    assert store.read_case(old).erased is None


def test_a_kill_after_it_was_recorded_outside_is_brought_to_its_end_by_the_next_run(store, places, old, monkeypatch):
    def die(*_):
        add_records(*_)
        raise KeyboardInterrupt

    monkeypatch.setattr(erasing, "add_records", die)
    with pytest.raises(KeyboardInterrupt):
        erase(store, places.outside, [old], EXPIRED)
    monkeypatch.undo()
    assert wrapped_key(store, old) is not None
    assert [str(one) for one in check_erasures(store, places.outside)] == [
        f"case {old}, entry 0: was erased on 2025-03-02, but its key is there: run 'redress erase --again'"
    ]

    assert erase_again(store, places.outside).erased == [old]

    assert wrapped_key(store, old) is None
    assert verify(store, outside=places.outside).breaks == []


def test_a_kill_before_the_files_are_gone_is_brought_to_its_end_by_the_next_run(store, places, old, monkeypatch):
    (places.letters / "hand-over").mkdir(parents=True)
    letter = places.letters / "hand-over" / f"{old}-1.html"
    letter.write_bytes(WORDS)
    erase(store, places.outside, [old], EXPIRED)
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        clear_remnants(store, places)
    monkeypatch.undo()
    assert letter.exists()

    assert clear_remnants(store, places) == 1
    assert not letter.exists()
    assert clear_remnants(store, places) == 0


# --- again, after an older backup -----------------------------------------------------------------


def test_a_key_stays_a_remnant_until_nobody_reads_an_older_state_of_the_database(store, places, old, monkeypatch):
    if store.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL waits for its lock")
    monkeypatch.setattr(remnants, "_PATIENCE_MS", 10)
    key, file = wrapped_key(store, old), Path(store.engine.url.database)
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        store.move_time(store.now() + timedelta(minutes=1))  # something is in the log
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM cases").fetchall()
        erase(store, places.outside, [old], EXPIRED)

        assert clear_remnants(store, places) == 1
        assert remnants.overwrite(store) is False

    assert clear_remnants(store, places) == 1  # still there: the next run
    assert clear_remnants(store, places) == 0
    assert key not in file.read_bytes()
    assert key not in file.with_name(f"{file.name}-wal").read_bytes()


def others_look(store):
    """Somebody exports a list."""
    with store.read() as session:
        session.execute(select(CaseRow.reference)).all()
        yield


def others_write(store):
    """Somebody files a complaint, and has been at it since before the erasure."""
    with store.engine.connect() as connection:
        connection.execute(select(func.pg_current_xact_id()))
        yield


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
@pytest.mark.parametrize("others", [others_look, others_write])
def test_a_key_stays_a_remnant_while_any_transaction_may_see_it_in_postgresql(store, places, old, monkeypatch, others):
    monkeypatch.setattr(remnants, "_PATIENCE_SECONDS", 0)
    key = wrapped_key(store, old)
    with contextmanager(others)(store):
        erase(store, places.outside, [old], EXPIRED)

        assert clear_remnants(store, places) == 1
        assert remnants.overwrite(store) is False
    monkeypatch.undo()

    assert clear_remnants(store, places) == 1  # still there: the next run
    assert clear_remnants(store, places) == 0
    with store.read() as session:
        keys, signs = (
            session.scalar(text(f"SELECT pg_read_binary_file(pg_relation_filepath('{table}'))"))
            for table in ("case_keys", "signs")
        )
    assert other_key(store, old) in keys
    assert key not in keys
    assert reference_of(store, "OLD-2").encode() in signs
    assert old.encode() not in signs


def other_key(store, reference):
    with store.read() as session:
        return session.scalars(select(CaseKeyRow.wrapped).where(CaseKeyRow.reference != reference)).first()


def test_what_came_back_is_named_and_erased_again_once(store, places, old):
    backup = rows_of(store)
    erase(store, places.outside, [old], EXPIRED)
    put_back(store, backup)
    assert store.read_case(old).complaint is not None
    (found,) = verify(store, outside=places.outside).breaks
    assert "its key is there" in found.reason

    assert erase_again(store, places.outside).erased == [old]
    assert erase_again(store, places.outside).erased == []

    assert store.read_case(old).complaint is None
    assert store.read_case(old).erased.rule == "case-files"
    assert verify(store, outside=places.outside).breaks == []


def a_record(reference, **changes):
    """The record of an erasure at the end of retention."""
    said = {"ground": ErasureGround.EXPIRED, "regime": "cn-nfra", "rule": "case-files", "article": "art. 28"}
    people = {"by": "li.wei", "approver": "wang.fang"}
    given = {"at": OVER, "retained_until": None, "document": None, **said, **people, **changes}
    return ErasureRecord(reference=reference, **given)


@pytest.mark.parametrize("is_older", [True, False])
def test_a_hold_from_before_the_erasure_had_been_lifted_and_one_from_after_it_stands(store, places, old, is_older):
    with store.open_case(old) as desk:
        holds.place(desk.case, "合规部", "HG-7", "li.wei", THEN if is_older else utc(2025, 4, 1))
    add_records(places.outside, [a_record(old)], store.master)

    done = erase_again(store, places.outside)

    assert (old in done.erased, old in done.refused) == (is_older, not is_older)
    assert (wrapped_key(store, old) is None) is is_older
    assert (verify(store, outside=places.outside).breaks == []) is is_older


def test_what_was_recorded_and_not_erased_is_kept_once_a_hold_stands_on_the_case_that_answers_for_it(store, places):
    earlier = file_complaint(store, number="NEW-1")
    later = file_complaint(store, number="NEW-2")
    merge_cases(store, later, earlier, "li.wei")
    with store.open_case(earlier) as desk:
        add_records(places.outside, [a_record(later, at=desk.now)], store.master)
        holds.place(desk.case, "上海金融法院", "（2025）沪74民初1号", "li.wei", desk.now)

    refused = erase_again(store, places.outside).refused[later]

    assert f"part of the file of {earlier}, on which a hold stands" in str(refused)
    assert wrapped_key(store, later) is not None


def test_a_case_that_went_on_after_its_erasure_was_recorded_is_weighed_again(store, places, old):
    add_records(places.outside, [a_record(old)], store.master)
    with store.open_case(old) as desk:
        desk.case.record(acts.Reopened(reason="mistake"), desk.now + timedelta(hours=1), "li.wei")
    assert "it is open" in str(erase_again(store, places.outside).refused[old])
    with store.open_case(old) as desk:
        advance(desk.case, Stage.CLOSED, now=desk.now + timedelta(hours=2))

    refused = erase_again(store, places.outside).refused[old]

    assert "rule 'case-files' keeps it until 2030-03-0" in str(refused)
    assert wrapped_key(store, old) is not None


def test_one_that_came_back_and_cannot_be_read_does_not_keep_the_others(store, places, old):
    other = reference_of(store, "OLD-2")
    add_records(places.outside, [a_record(one) for one in (old, other)], store.master)
    damage(store, other)

    done = erase_again(store, places.outside)

    assert (done.erased, list(done.refused)) == ([old], [other])


def test_nobody_without_the_master_key_can_have_a_case_erased_by_writing_a_line(store, places, old):
    forged = a_record(old, by="nobody", approver="nobody")
    add_records(places.outside, [forged], MasterKey(b"x" * 32, "nowhere"))
    places.outside.add(FOLDER, "z.jsonl", b"no line\n")

    assert erase_again(store, places.outside).erased == []
    assert [str(one) for one in check_erasures(store, places.outside)] == [
        f"record of erasures: {places.outside.names(FOLDER)[0]} holds a line that was altered",
        "record of erasures: z.jsonl holds a line that cannot be read",
    ]


def test_the_record_outside_holds_nothing_personal(store, places, tmp_path, old):
    erase(store, places.outside, [old], REQUEST)

    assert list(read_records(places.outside, store.master)[0]) == [old]
    assert holding(WORDS, tmp_path / "anchors") == []
    assert holding(b"13800000101", tmp_path / "anchors") == []


def test_an_anchor_after_an_erasure_follows_from_the_one_before(store, places, old):
    write_anchor(store, places.outside)
    erase(store, places.outside, [old], EXPIRED)

    assert write_anchor(store, places.outside).changed == 1
    assert verify(store, outside=places.outside).breaks == []
