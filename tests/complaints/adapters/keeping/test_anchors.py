"""Whoever rewrites the ledger with all its hashes is found by what stands outside the database."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from uuid import uuid4

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from s3fs import S3FileSystem
from sqlalchemy import delete, update

from complaints import holds
from complaints.adapters.keeping import anchoring, anchors
from complaints.adapters.keeping import leaves as tree
from complaints.adapters.keeping.anchoring import (
    AnchorRefused,
    AnchorsBroken,
    AnchorTaken,
    check_anchors,
    write_anchor,
)
from complaints.adapters.keeping.anchors import FOLDER, anchors_of
from complaints.adapters.keeping.outside import Outside
from complaints.adapters.keeping.remembering import Memory, recall, remember
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow, EntryRow, FirmRow
from complaints.adapters.verify import verify
from complaints.errors.case import AnswerRefused
from complaints.ledger import canonical, chain, genesis
from complaints.merkle import leaf_hash, root_of
from complaints.sealing import MasterKey
from tests.builders import file_complaint
from tests.complaints.adapters.keeping.conftest import reference_of
from tests.complaints.adapters.test_verify import remove_a_case_and_leave_its_parts
from tests.conftest import put_back, rows_of
from tests.evidence_places import s3_server


def reasons(store, outside):
    return [str(one) for one in check_anchors(store, outside).breaks]


def rewrite(store, reference):
    """Change who did the first thing in a case, and mend every hash from there on and the case's own row."""
    previous, mended = genesis(reference), []
    for one in store.entries(reference):
        by = "nobody" if one.seq == 1 else one.by
        mended.append(chain(reference, one.seq, previous, one.kind, one.at, by, one.facts, one.sealed))
        previous = mended[-1].hash
    with store.write() as session:
        session.execute(delete(EntryRow).where(EntryRow.reference == reference))
        session.add_all(EntryRow(**vars(one)) for one in mended)
        session.execute(update(CaseRow).where(CaseRow.reference == reference).values(head=previous))


def test_an_anchor_says_how_many_cases_and_entries_there_were_under_the_root_of_all_heads(store, outside):
    before = store.now()
    anchor = write_anchor(store, outside)

    with store.read() as session:
        rows = sorted((row.reference, row.version, row.head) for row in session.query(CaseRow))
    leaves = [leaf_hash(f"{reference} {entries} {head}".encode()) for reference, entries, head in rows]
    assert anchor.root == root_of(leaves).hex()
    assert (anchor.number, anchor.cases, anchor.entries) == (1, 3, sum(row[1] for row in rows))
    assert before <= anchor.at <= store.now()
    assert reasons(store, outside) == []


def test_anchors_are_chained_and_only_what_changed_is_written(store, outside):
    write_anchor(store, outside)
    new = file_complaint(store, number="NEW-1")
    second = write_anchor(store, outside)

    assert (second.number, second.changed, second.is_full, second.cases) == (2, 1, False, 4)
    known = check_anchors(store, outside)
    assert known.breaks == ()
    assert new.encode() in known.leaves["reference"].tolist()
    assert [one.number for one in anchors_of(outside, store.master)[0]] == [1, 2]


def test_all_leaves_are_written_again_once_those_that_changed_are_more_than_the_cases(store, outside):
    reference, sizes = reference_of(store, "OLD-1"), []
    for number in range(6):
        with store.open_case(reference) as desk:
            holds.place(desk.case, "合规部", f"HG-{number}", "li.wei", desk.now)
        anchor = write_anchor(store, outside)
        sizes.append((anchor.is_full, anchor.changed))

    assert sizes == [(True, 3), (False, 1), (False, 1), (False, 1), (True, 3), (False, 1)]
    assert reasons(store, outside) == []


def test_leaves_are_read_as_they_were_written_in_the_order_of_references(store):
    with store.read() as session:
        leaves = tree.leaves_of(session)

    assert leaves["reference"].tolist() == sorted(leaves["reference"].tolist())
    assert tree.unpacked(tree.packed(leaves)).tolist() == leaves.tolist()
    assert tree.packed(leaves) == tree.packed(leaves)
    with pytest.raises(ValueError, match="no compressed lines"):
        tree.unpacked(b"something else")


@pytest.mark.parametrize("went_on", [False, True], ids=["as it stood", "went on since"])
def test_a_chain_that_was_rewritten_with_all_its_hashes_is_named(store, outside, went_on):
    write_anchor(store, outside)
    reference = reference_of(store, "OPEN-1")
    anchored = len(store.entries(reference))
    if went_on:
        with store.open_case(reference) as desk:
            desk.case.withdraw("li.wei", desk.now)
    rewrite(store, reference)

    assert verify(store).breaks == []  # without anchors nobody could know
    (found,) = verify(store, outside=outside).breaks
    assert (found.reference, found.seq) == (reference, anchored)
    assert found.reason.startswith("rewritten: anchor 1 of 20")


def test_a_case_that_was_removed_with_everything_of_it_is_named(store, outside):
    write_anchor(store, outside)
    reference = reference_of(store, "OPEN-1")
    remove_a_case_and_leave_its_parts(store, reference)
    if store.engine.dialect.name == "sqlite":
        with store.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            for table in ("ledger", "case_keys", "clocks", "starts", "signs", "deliveries"):
                connection.exec_driver_sql(f"DELETE FROM {table} WHERE reference = ?", (reference,))
            connection.exec_driver_sql("BEGIN")
            connection.detach()

    assert f"case {reference}, entry 0: removed: anchor 1 of" in " ".join(reasons(store, outside))


def test_entries_that_were_cut_off_are_named(store, outside):
    write_anchor(store, outside)
    reference = reference_of(store, "OLD-1")
    entries = store.entries(reference)
    with store.write() as session:
        session.execute(delete(EntryRow).where(EntryRow.reference == reference, EntryRow.seq == len(entries)))
        values = {"version": len(entries) - 1, "head": entries[-2].hash}
        session.execute(update(CaseRow).where(CaseRow.reference == reference).values(**values))

    (found,) = check_anchors(store, outside).breaks
    assert (found.reference, found.seq) == (reference, len(entries))


def test_nothing_is_anchored_over_a_ledger_that_was_changed(store, outside):
    write_anchor(store, outside)
    rewrite(store, reference_of(store, "OLD-2"))

    with pytest.raises(AnchorRefused, match="rewritten: anchor 1"):
        write_anchor(store, outside)

    assert len(anchors_of(outside, store.master)[0]) == 1


def forge(outside, tmp_path, number=1, **changes):
    file = tmp_path / "anchors" / FOLDER / f"{number:06}.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def test_an_altered_anchor_is_named(store, outside, tmp_path):
    write_anchor(store, outside)
    forge(outside, tmp_path, cases=2)

    assert reasons(store, outside) == ["anchor 1: was altered, or made with another master key"]


def test_an_anchor_of_who_has_no_master_key_is_named(store, outside, tmp_path):
    anchor = write_anchor(store, outside)
    foreign = anchor.model_copy(update={"root": "0" * 64}).marked(MasterKey(b"x" * 32, "nowhere"))
    forge(outside, tmp_path, **json.loads(canonical(foreign.model_dump(mode="json"))))

    assert reasons(store, outside) == ["anchor 1: was altered, or made with another master key"]


def test_a_missing_anchor_and_missing_leaves_are_named(store, outside, tmp_path):
    first = write_anchor(store, outside)
    write_anchor(store, outside)
    folder = tmp_path / "anchors" / FOLDER
    leaves = (folder / first.leaves).read_bytes()

    (folder / first.leaves).write_bytes(leaves[:-1])
    assert reasons(store, outside) == [f"anchor 1: {first.leaves} is missing or was altered"]

    (folder / "000001.json").unlink()
    assert reasons(store, outside) == ["anchor 1: is missing; 000002.json stands in its place"]


def test_a_kill_between_leaves_and_anchor_leaves_nothing_that_counts(store, outside, monkeypatch):
    add, killed = outside.add, []

    def die_before_the_anchor(folder, name, content):
        if name.endswith(".json"):
            killed.append(name)
            raise KeyboardInterrupt
        return add(folder, name, content)

    monkeypatch.setattr(outside, "add", die_before_the_anchor)
    with pytest.raises(KeyboardInterrupt):
        write_anchor(store, outside)
    monkeypatch.undo()
    file_complaint(store, number="NEW-1")

    assert killed == ["000001.json"]
    assert write_anchor(store, outside).number == 1
    assert reasons(store, outside) == []


def test_of_two_who_write_the_same_anchor_one_is_told_so_and_nothing_is_replaced(store, outside, monkeypatch):
    write_anchor(store, outside)
    add, first = outside.add, []

    def be_second(folder, name, content):
        if not first:
            first.append(None)  # before: the other one adds as well
            first[0] = write_anchor(store, outside)
        return add(folder, name, content)

    monkeypatch.setattr(outside, "add", be_second)
    file_complaint(store, number="NEW-1")

    with pytest.raises(AnchorTaken, match="another process"):
        write_anchor(store, outside)

    assert [one.sha256 for one in anchors_of(outside, store.master)[0]][1:] == [first[0].sha256]
    assert reasons(store, outside) == []


@pytest.mark.parametrize("place", ["folder", "memory"])
def test_of_two_who_write_an_anchor_at_once_one_is_told_so_wherever_anchors_are(store, tmp_path, monkeypatch, place):
    """In memory fsspec looks whether a file is there and writes it then."""
    outside = Outside(str(tmp_path / "anchors") if place == "folder" else f"memory://anchors-{uuid4()}")
    write_anchor(store, outside)
    both_know_the_number, both_have_looked = Barrier(2), Barrier(2)
    add, exists = Outside.add, MemoryFileSystem.exists

    def add_together(self, folder, name, content):
        if name.endswith(".leaves.gz"):
            both_know_the_number.wait(10)
        return add(self, folder, name, content)

    def look_together(self, path, **kwargs):
        found = exists(self, path, **kwargs)
        if path.endswith(".json"):
            with suppress(BrokenBarrierError):  # one who waits for the other does not look
                both_have_looked.wait(0.2)
        return found

    monkeypatch.setattr(Outside, "add", add_together)
    monkeypatch.setattr(MemoryFileSystem, "exists", look_together)
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(write_anchor, store, outside) for _ in range(2)]
        failed = [one.exception(30) for one in runs]
    monkeypatch.undo()

    assert sorted(type(one).__name__ for one in failed) == ["AnchorTaken", "NoneType"]
    written = next(one.result() for one, error in zip(runs, failed, strict=True) if error is None)
    assert [one.sha256 for one in anchors_of(outside, store.master)[0]][1:] == [written.sha256]
    assert write_anchor(store, outside).number == 3


def test_what_was_written_since_somebody_looked_is_not_written_over_on_s3(monkeypatch):
    with s3_server("redress-anchors"):
        outside = Outside("s3://redress-anchors/firm")
        assert outside.add(FOLDER, "000001.json", b"first")
        monkeypatch.setattr(S3FileSystem, "exists", lambda *_, **__: False)

        assert not outside.add(FOLDER, "000001.json", b"second")

        assert outside.read(FOLDER, "000001.json") == b"first"


def test_an_anchor_that_another_process_writes_meanwhile_raises_no_alarm(store, outside, monkeypatch):
    write_anchor(store, outside)
    read, written = anchors.anchors_of, []

    def meanwhile(*places):
        if not written:
            written.append(True)
            file_complaint(store, number="NEW-1")
            with store.open_case(reference_of(store, "OLD-1")) as desk:
                holds.place(desk.case, "合规部", "HG-7", "li.wei", desk.now)
            write_anchor(store, outside)
        return read(*places)

    monkeypatch.setattr(anchors, "anchors_of", meanwhile)

    assert check_anchors(store, outside).breaks == ()


def test_after_a_restore_by_other_means_two_people_begin_anchors_anew(store, outside):
    rows = rows_of(store)
    file_complaint(store, number="LATER")
    write_anchor(store, outside)
    put_back(store, rows)
    with pytest.raises(AnchorRefused, match="redress anchor --restored"):
        write_anchor(store, outside)
    with pytest.raises(AnswerRefused, match="approver"):
        write_anchor(store, outside, restored=store.now(), by="li.wei", approver="Li.Wei")

    anchor = write_anchor(store, outside, restored=store.now(), by="li.wei", approver="wang.fang")

    assert (anchor.number, anchor.is_full, anchor.approver) == (2, True, "wang.fang")
    assert reasons(store, outside) == []


def test_over_anchors_that_do_not_hold_none_is_written_after_a_restore_neither(store, outside, tmp_path):
    write_anchor(store, outside)
    forge(outside, tmp_path, cases=2)

    with pytest.raises(AnchorsBroken, match="anchor 1: was altered"):
        write_anchor(store, outside, restored=store.now())

    assert [one for one in outside.names(FOLDER) if one.endswith(".json")] == ["000001.json"]


# --- anchors that are taken away -------------------------------------------------------------------


@pytest.fixture
def five(store, outside):
    """Five anchors; each case went on between them."""
    for number in range(1, 6):
        if number > 1:
            file_complaint(store, number=f"NEW-{number}")
        write_anchor(store, outside)
    return outside


def take_away(outside, *numbers):
    for number in numbers:
        for file in (outside.folder / FOLDER).glob(f"{number:06}*"):
            file.unlink()


@pytest.mark.parametrize(
    ("gone", "found"),
    [
        ((5,), "anchor 5: is missing, but the database remembers it"),
        ((4, 5), "anchor 5: is missing with all after anchor 3, but the database remembers it"),
        ((1, 2, 3, 4, 5), "anchor 5: is missing with all before it, but the database remembers it"),
        ((3,), "anchor 3: is missing; 000004.json stands in its place"),
        ((1,), "anchor 1: is missing; 000002.json stands in its place"),
    ],
    ids=["the newest", "the two newest", "all", "one in the middle", "the first"],
)
def test_anchors_that_were_taken_away_are_named_and_none_is_written(store, five, gone, found):
    take_away(five, *gone)

    assert [one.startswith(found) for one in reasons(store, five)] == [True]
    assert [str(one).startswith(found) for one in verify(store, outside=five).breaks] == [True]
    with pytest.raises(AnchorsBroken, match="redress anchor --lost"):
        write_anchor(store, five)


def test_the_words_say_why_anchors_can_be_missing_and_what_to_do(store, five, tmp_path):
    elsewhere = Outside(str(tmp_path / "a new place"))

    (found,) = reasons(store, elsewhere)

    assert "REDRESS_ANCHORS names another place" in found
    assert "Put it back from a copy, or name the place where it is" in found


def test_anchors_that_were_moved_as_they_are_go_on(store, five, tmp_path):
    five.folder.rename(tmp_path / "a new place")
    elsewhere = Outside(str(tmp_path / "a new place"))

    assert reasons(store, elsewhere) == []
    assert write_anchor(store, elsewhere).number == 6


def test_the_place_of_another_database_is_named(store, five, databases, session_key, tmp_path):
    other = Store(databases.migrated(), session_key)
    elsewhere = Outside(str(tmp_path / "of another"))
    for _ in range(5):
        write_anchor(other, elsewhere)
    other.engine.dispose()

    assert "anchor 5: is not the one the database remembers" in " ".join(reasons(store, elsewhere))


@pytest.mark.parametrize("gone", [(5,), (3,), (1, 2, 3, 4, 5)], ids=["the newest", "one in the middle", "all"])
def test_two_people_give_up_what_is_lost_and_anchors_go_on_under_the_next_number(store, five, gone):
    last = anchors_of(five, store.master)[0][-1]
    take_away(five, *gone)
    with pytest.raises(AnswerRefused, match="approver"):
        write_anchor(store, five, lost=True, by="li.wei", approver="Li.Wei")
    with pytest.raises(AnswerRefused, match="approver"):
        write_anchor(store, five, lost=True)

    anchor = write_anchor(store, five, lost=True, by="li.wei", approver="wang.fang")

    assert (anchor.number, anchor.previous, anchor.is_full, anchor.lost) == (6, last.sha256, True, True)
    assert reasons(store, five) == []
    assert write_anchor(store, five).number == 7
    take_away(five, 7)
    assert "anchor 7: is missing, but" in reasons(store, five)[0]


def test_an_altered_anchor_is_given_up_as_a_missing_one_is(store, five, tmp_path):
    forge(five, tmp_path, number=3, cases=2)
    assert reasons(store, five) == ["anchor 3: was altered, or made with another master key"]

    write_anchor(store, five, lost=True, by="li.wei", approver="wang.fang")

    assert reasons(store, five) == []


def test_who_has_no_master_key_cannot_give_up_what_they_took_away(store, five, tmp_path):
    take_away(five, 4)
    forge(five, tmp_path, number=5, lost=True, by="li.wei", approver="wang.fang")

    assert reasons(store, five) == ["anchor 4: is missing; 000005.json stands in its place"]


def test_what_is_lost_is_given_up_only_where_something_is(store, five):
    with pytest.raises(AnswerRefused, match="every anchor is there"):
        write_anchor(store, five, lost=True, by="li.wei", approver="wang.fang")


def test_what_is_lost_excuses_no_change_of_the_ledger(store, five):
    take_away(five, 5)
    rewrite(store, reference_of(store, "OLD-2"))

    with pytest.raises(AnchorRefused, match="rewritten: anchor 4"):
        write_anchor(store, five, lost=True, by="li.wei", approver="wang.fang")


def test_a_kill_before_the_database_remembers_an_anchor_raises_no_alarm_and_the_next_run_adopts_it(
    store, five, monkeypatch
):
    def die(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(anchoring, "remember", die)
        with pytest.raises(KeyboardInterrupt):
            write_anchor(store, five)
    assert (recall(store).number, reasons(store, five)) == (5, [])

    assert write_anchor(store, five).number == 7
    take_away(five, 7)
    assert "anchor 7: is missing, but" in reasons(store, five)[0]


def test_two_kills_in_a_row_are_no_break_either(store, five, monkeypatch):
    add = five.add

    def die_once_it_is_written(folder, name, content):
        add(folder, name, content)
        if name.endswith(".json"):
            raise KeyboardInterrupt

    monkeypatch.setattr(five, "add", die_once_it_is_written)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            write_anchor(store, five)
    monkeypatch.undo()

    assert (recall(store).number, reasons(store, five)) == (6, [])
    assert write_anchor(store, five).number == 8


def test_the_later_of_two_writers_is_remembered_whoever_comes_last(store, five):
    fourth, fifth = anchors_of(five, store.master)[0][3:]

    remember(store, fourth.number, fourth.sha256)

    assert recall(store) == Memory(fifth.number, fifth.sha256)


def set_memory(store, **values):
    with store.write() as session:
        session.execute(update(FirmRow).values(values))


def test_who_has_the_database_alone_cannot_bring_it_to_forget(store, five):
    with store.read() as session:
        firm = session.get_one(FirmRow, 1)
    kept = {name: getattr(firm, name) for name in ("anchor_number", "anchor_sha256", "anchor_mark")}

    set_memory(store, anchor_number=4)
    assert reasons(store, five) == ["the last anchor that the database remembers: it was altered, or written by hand"]
    with pytest.raises(AnchorRefused, match="written by hand"):
        write_anchor(store, five)

    set_memory(store, **dict.fromkeys(kept))
    assert "it is none, but anchor 5 of" in reasons(store, five)[0]
    with pytest.raises(AnchorRefused, match="an older state of the database was put back"):
        write_anchor(store, five)

    set_memory(store, **kept)
    assert reasons(store, five) == []


def test_an_older_backup_in_which_the_ledger_is_the_same_is_named_until_two_people_say_so(store, five):
    with store.read() as session:
        firm = session.get_one(FirmRow, 1)
    older = {name: getattr(firm, name) for name in ("anchor_number", "anchor_sha256", "anchor_mark")}
    for _ in range(2):
        write_anchor(store, five)
    set_memory(store, **older)
    assert "it is anchor 5, but anchor 7 of" in reasons(store, five)[0]

    written = write_anchor(store, five, restored=store.now(), by="li.wei", approver="wang.fang")

    assert (written.number, reasons(store, five)) == (8, [])


def test_a_kill_while_a_restore_writes_its_anchor_needs_nobody(store, five, monkeypatch):
    rows = rows_of(store)
    for _ in range(2):
        write_anchor(store, five)
    put_back(store, rows)
    monkeypatch.setattr(anchoring, "remember", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write_anchor(store, five, restored=store.now())
    monkeypatch.undo()

    assert reasons(store, five) == []
    assert write_anchor(store, five).number == 9


def test_a_backup_that_remembers_an_anchor_which_is_gone_says_so_after_a_restore_too(store, five):
    take_away(five, 1, 2, 3, 4, 5)

    with pytest.raises(AnchorsBroken, match="REDRESS_ANCHORS names another place"):
        write_anchor(store, five, restored=store.now())


def test_anchors_can_lie_in_any_store_that_fsspec_reaches(store):
    outside = Outside(f"memory://anchors-{uuid4()}")
    write_anchor(store, outside)
    file_complaint(store, number="NEW-1")

    assert write_anchor(store, outside).number == 2
    assert reasons(store, outside) == []


def test_an_empty_database_has_an_anchor_too(databases, session_key, outside):
    empty = Store(databases.migrated(), session_key)

    assert (write_anchor(empty, outside).cases, reasons(empty, outside)) == (0, [])
    empty.engine.dispose()
