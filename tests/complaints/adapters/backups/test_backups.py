"""Backups are taken while the firm works, are whole or not there, and give the same firm back elsewhere."""

import threading

import pytest

from complaints.adapters.archive import drafting
from complaints.adapters.archive.verifying import verify_archive
from complaints.adapters.archive.writing import archive_case
from complaints.adapters.backups.restoring import Backup
from complaints.adapters.evidence import open_evidence
from complaints.adapters.pdf import PdfUnavailable
from complaints.adapters.verify import verify
from complaints.answers import Question
from complaints.errors.backups import BackupRefused
from complaints.words import Stage
from tests.builders import a_stored_case, advance
from tests.conftest import rows_of
from tests.evidence_places import JPEG

CONFIDENTIAL = "林知夏 的手机号 13800000101".encode()


def rows(store):
    """All rows by table; but for which anchor was written last: a restored firm writes one of its own at once."""
    found = {table.name: content for table, content in rows_of(store).items() if content}
    for firm in found["firm"]:
        for name in [name for name in firm if name.startswith("anchor_")]:
            del firm[name]
    return found


def everything(place):
    return {file: file.read_bytes() for file in place.rglob("*") if file.is_file()}


def letter_on_its_way(firm):
    return a_stored_case(firm.store, Stage.RECEIVED, letter=True)


# --- the same firm elsewhere ----------------------------------------------------------------------


def test_a_restored_firm_has_every_row_that_was_backed_up(firm, new_machine, place):
    references = [firm.file(number=str(number)) for number in range(3)]
    taken = firm.backup(place)

    restored = new_machine.restore(place)

    assert rows(new_machine.store) == rows(firm.store)
    assert [new_machine.store.read_case(one).complaint for one in references] == [
        firm.store.read_case(one).complaint for one in references
    ]
    assert (restored.verified.cases, restored.verified.breaks, restored.replaced) == (3, [], ())
    assert taken.manifest.tables["cases"] == 3


def test_evidence_can_be_opened_after_a_restore(firm, new_machine, place):
    reference = firm.file()
    firm.evidence(reference, JPEG)
    firm.backup(place)

    restored = new_machine.restore(place)

    store = new_machine.evidence_store
    assert open_evidence(new_machine.store, store, reference, 1, by="li.wei", purpose="核对")[1] == JPEG
    assert (restored.evidence, restored.evidence_wrong) == (1, ())


def test_a_backup_holds_one_moment_although_complaints_come_in_meanwhile(firm, new_machine, place):
    before = [firm.file(number=f"before-{number}") for number in range(20)]
    ends, filed = threading.Event(), []

    def go_on_filing():
        while not ends.is_set():
            filed.append(firm.file(number=f"meanwhile-{len(filed)}"))
            firm.evidence(filed[-1], JPEG)

    writer = threading.Thread(target=go_on_filing)
    writer.start()
    try:
        taken = [firm.backup(place / str(number)) for number in range(3)]
        while len(filed) <= 3 and writer.is_alive():  # on a busy machine three backups are quicker than three cases
            taken.append(firm.backup(place / str(len(taken))))
    finally:
        ends.set()
        writer.join()

    restored = new_machine.restore(taken[-1].folder)

    assert restored.verified.breaks == []
    assert restored.evidence_wrong == ()
    assert set(before) <= set(new_machine.store.open_references())
    assert restored.verified.cases == taken[-1].manifest.tables["cases"] <= 20 + len(filed)
    assert len(filed) > 3


# --- what is refused ------------------------------------------------------------------------------


def test_cases_are_never_replaced_unless_that_is_said_and_are_kept_aside_then(firm, place):
    kept = firm.file(number="kept")
    firm.backup(place)
    later = firm.file(number="later")

    with pytest.raises(BackupRefused, match="holds cases"):
        firm.restore(place)
    assert set(firm.store.open_references()) == {kept, later}

    restored = firm.restore(place, replace=True)

    assert firm.store.open_references() == [kept]
    assert len(restored.replaced) == 1
    assert firm.file(number="goes on")
    assert firm.backup(place).manifest.tables["cases"] == 2  # what is kept aside is no part of the next one


def test_a_restore_is_refused_while_somebody_works_with_the_database(firm, place):
    firm.file()
    firm.backup(place)

    with firm.store.engine.connect() as somebody:
        somebody.exec_driver_sql("SELECT 1 FROM cases")

        with pytest.raises(BackupRefused, match="Stop 'redress up', workers and doors first"):
            Backup(place, firm.settings.key_file).restore(firm.settings, replace=True)


# --- letters --------------------------------------------------------------------------------------


def test_a_letter_that_was_on_its_way_is_asked_of_a_person_after_a_restore(firm, new_machine, place):
    reference = letter_on_its_way(firm)
    firm.backup(place)

    restored = new_machine.restore(place)

    case = new_machine.store.read_case(reference)
    (letter,) = case.letters.values()
    assert restored.asked == 1
    assert (letter.status, case.asks) == ("uncertain", Question.DELIVERY)
    assert "restored from the backup" in letter.reason
    assert verify(new_machine.store).breaks == []


def test_an_archived_case_comes_back_with_its_package(firm, new_machine, place, monkeypatch):
    def unavailable(_):
        raise PdfUnavailable("there is no Pango")

    monkeypatch.setattr(drafting, "to_pdf", unavailable)
    reference = firm.file()
    firm.evidence(reference, JPEG)
    with firm.store.open_case(reference) as desk:
        advance(desk.case, Stage.CLOSED, now=desk.now)
    archive_case(firm.store, firm.evidence_store, firm.settings.archive_folder, reference)

    taken = firm.backup(place)
    restored = new_machine.restore(place)

    assert (taken.manifest.evidence, taken.manifest.evidence_missing) == (0, 0)
    assert (restored.evidence_wrong, restored.verified.breaks) == ((), [])
    found = verify_archive(new_machine.store, new_machine.settings.archive_folder)
    assert (found.cases, found.problems) == (1, [])
