"""The evidence store compared with the ledger, and what is left behind removed."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from complaints.adapters.evidence import EvidenceStore, add_evidence
from complaints.adapters.evidence_checking import Problem, tidy_evidence, verify_evidence
from complaints.adapters.tables import CaseKeyRow
from complaints.errors.case import UnknownCase
from tests.builders import file_complaint
from tests.evidence_places import JPEG, PDF

LATER = datetime.now(UTC) + timedelta(hours=1)
"""Files that are written while the tests run are old by then."""
STRAY = "a" * 64


@pytest.fixture(params=["folder", "memory"])
def files(request, tmp_path):
    place = str(tmp_path) if request.param == "folder" else f"memory://{tmp_path.name}"
    return EvidenceStore(f"{place}/evidence")


@pytest.fixture
def references(store, files):
    """Two cases with two files each."""
    filed = sorted(file_complaint(store, number=number) for number in ("1", "2"))
    for reference in filed:
        with store.open_case(reference) as desk:
            for content in (JPEG, PDF):
                add_evidence(desk, files, content, name="林知夏.jpg", source="crm", by="crm")
    return filed


def found(store, files, reference=None, before=LATER):
    result = verify_evidence(store, files, reference, written_before=before)
    return [(one.reference, one.number, one.problem) for one in result.discrepancies]


def sha256(store, reference, number):
    return store.read_case(reference).exhibit(number).added.sha256


def test_whole_evidence_has_no_discrepancy(store, files, references):
    result = verify_evidence(store, files, written_before=LATER)

    assert (result.files, result.erased, result.discrepancies) == (4, 0, [])
    assert verify_evidence(store, files, references[0], written_before=LATER).files == 2


def test_a_store_that_nothing_was_written_to_is_whole(store, tmp_path):
    file_complaint(store)

    assert verify_evidence(store, EvidenceStore(str(tmp_path / "none")), written_before=LATER).discrepancies == []


def test_a_missing_file_is_named_by_its_number(store, files, references):
    files.files.remove(references[1], sha256(store, references[1], 2))

    assert found(store, files) == [(references[1], 2, Problem.MISSING)]
    assert found(store, files, references[1]) == [(references[1], 2, Problem.MISSING)]
    assert found(store, files, references[0]) == []


@pytest.mark.parametrize("content", [b"", b"short", bytes(1000)])
def test_an_altered_file_is_named_by_its_number(store, files, references, content):
    files.files.write(references[0], sha256(store, references[0], 1), content)

    assert found(store, files) == [(references[0], 1, Problem.ALTERED)]


def test_a_file_of_another_case_in_its_place_is_an_altered_file(store, files, references):
    same = sha256(store, references[0], 1)
    files.files.write(references[0], same, files.files.read(references[1], same))

    assert found(store, files) == [(references[0], 1, Problem.ALTERED)]


def test_a_file_in_no_entry_is_named_unless_it_may_just_be_being_added(store, files, references):
    files.files.write(references[0], STRAY, b"x")
    files.files.write("TS260302-GONE234", STRAY, b"x")

    assert found(store, files) == [
        ("TS260302-GONE234", None, Problem.IN_NO_ENTRY),
        (references[0], None, Problem.IN_NO_ENTRY),
    ]
    assert found(store, files, before=datetime.now(UTC) - timedelta(hours=1)) == []


def test_of_an_erased_person_nothing_is_missed(store, files, references):
    with store.write() as session:
        session.execute(update(CaseKeyRow).where(CaseKeyRow.reference == references[0]).values(wrapped=None))
    files.files.remove(references[0], sha256(store, references[0], 2))

    result = verify_evidence(store, files, written_before=LATER)

    assert (result.files, result.erased, result.discrepancies) == (2, 2, [])


def test_a_discrepancy_names_no_person(store, files, references):
    files.files.remove(references[0], sha256(store, references[0], 1))

    (one,) = verify_evidence(store, files, written_before=LATER).discrepancies

    assert str(one) == f"{references[0]}, evidence 1: 文件缺失 · the file is missing"


def test_a_case_that_is_not_there_is_no_case_without_evidence(store, files):
    with pytest.raises(UnknownCase):
        verify_evidence(store, files, "TS260302-GONE234", written_before=LATER)


def test_tidying_removes_what_is_in_no_entry_and_nothing_else(store, files, references):
    files.files.write(references[0], STRAY, b"x")
    files.files.write("TS260302-GONE234", STRAY, b"x")

    removed = tidy_evidence(store, files, written_before=LATER)

    assert sorted((one.reference, one.name) for one in removed) == [
        ("TS260302-GONE234", STRAY),
        (references[0], STRAY),
    ]
    assert verify_evidence(store, files, written_before=LATER).files == 4
    assert found(store, files) == []
    assert tidy_evidence(store, files, written_before=LATER) == [], "twice does nothing more"


def test_tidying_leaves_what_may_just_be_being_added(store, files, references):
    files.files.write(references[0], STRAY, b"x")

    assert tidy_evidence(store, files, written_before=datetime.now(UTC) - timedelta(hours=1)) == []

    assert STRAY in files.files.names(references[0])


def test_tidying_does_not_take_a_file_that_was_recorded_meanwhile(store, files, references, monkeypatch):
    """The listing finds a stray; before the lock is had, somebody adds that very file."""
    reference, content = references[0], b"words"
    examined = files.examine(content)
    files.files.write(reference, examined.sha256, b"left behind")
    asked = files.files.written_at

    def written_at(*arguments):
        if not store.read_case(reference).evidence[2:]:
            with store.open_case(reference) as desk:
                add_evidence(desk, files, examined, name=None, source="crm", by="crm")
        return asked(*arguments)

    monkeypatch.setattr(files.files, "written_at", written_at)

    assert tidy_evidence(store, files, written_before=LATER) == []
    assert found(store, files) == []
