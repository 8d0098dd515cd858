"""A backup from before an erasure brings the person back, and the restore erases them again."""

import pytest

from complaints.adapters.keeping.anchoring import check_anchors, write_anchor
from complaints.adapters.keeping.erasing import erase
from complaints.adapters.keeping.remnants import clear_remnants, places_of
from complaints.adapters.verify import verify
from complaints.words import Stage
from tests.builders import a_stored_case, utc
from tests.complaints.adapters.keeping.conftest import EXPIRED, OVER
from tests.evidence_places import JPEG


@pytest.fixture
def shared_anchors(firm, new_machine, tmp_path):
    """Both machines write their anchors to the same place apart from them."""
    for one in (firm, new_machine):
        one.settings = one.settings.model_copy(update={"anchors": str(tmp_path / "anchors")})
    return places_of(firm.settings).outside


def test_who_was_erased_since_the_backup_is_gone_again_after_the_restore(firm, new_machine, place, shared_anchors):
    firm.store.make_demo(utc(2020, 3, 2, 1))
    old = a_stored_case(firm.store, Stage.CLOSED, letter=True, number="OLD-1")
    other = firm.file(number="OPEN-1")
    firm.evidence(old, JPEG)
    firm.write(f"letters/not-sent/{old}-1.eml", "林知夏".encode())
    write_anchor(firm.store, shared_anchors)
    firm.store.move_time(OVER)
    firm.backup(place)
    erase(firm.store, shared_anchors, [old], EXPIRED)
    clear_remnants(firm.store, places_of(firm.settings))
    lost = firm.file(number="LOST-1")
    write_anchor(firm.store, shared_anchors)

    restored = new_machine.restore(place)

    assert (restored.erased, restored.not_erased, restored.verified.breaks) == (1, (), [])
    case = new_machine.store.read_case(old)
    assert (case.complaint, case.erased.rule) == (None, "case-files")
    assert new_machine.store.read_case(other).complaint is not None
    assert new_machine.evidence_store.files.names(old) == set()
    assert [file for file in new_machine.settings.home.rglob(f"{old}*") if file.is_file()] == []
    # What was filed after the backup is lost, and an anchor says that the ledger began anew from there.
    assert restored.anchor.startswith("anchor 3 of")
    known = check_anchors(new_machine.store, shared_anchors)
    assert (known.breaks, known.last.restored) == ((), restored.manifest.taken_at)
    assert lost.encode() not in known.leaves["reference"].tolist()
    assert verify(new_machine.store, outside=shared_anchors).breaks == []


def test_a_restore_does_not_fail_because_anchors_cannot_be_written(firm, new_machine, place, tmp_path):
    reference = firm.file()
    firm.backup(place)
    (tmp_path / "anchors").write_text("no folder")
    new_machine.settings = new_machine.settings.model_copy(update={"anchors": str(tmp_path / "anchors")})

    restored = new_machine.restore(place)

    assert "place of anchors does not answer" in restored.anchor
    assert "place of anchors does not answer" in restored.not_erased[0]
    assert new_machine.store.read_case(reference).complaint is not None


def test_a_restore_says_that_the_anchors_which_the_backup_remembers_are_not_there(
    firm, new_machine, place, shared_anchors, tmp_path
):
    reference = firm.file()
    write_anchor(firm.store, shared_anchors)
    firm.backup(place)
    new_machine.settings = new_machine.settings.model_copy(update={"anchors": str(tmp_path / "elsewhere")})

    restored = new_machine.restore(place)

    assert "anchor 1: is missing, but the database remembers it" in restored.anchor
    assert "REDRESS_ANCHORS names another place" in restored.anchor
    assert new_machine.store.read_case(reference).complaint is not None
