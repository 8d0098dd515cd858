"""The index and the verification of the archive."""

import csv
import os

import pytest
from sqlalchemy import update

from complaints.adapters.archive.index import add_to_index, read_index, rebuild_index
from complaints.adapters.archive.package import find_package
from complaints.adapters.archive.restoring import restore_case
from complaints.adapters.archive.verifying import NotArchived, verify_archive
from complaints.adapters.tables import CaseKeyRow
from complaints.errors.case import UnknownCase
from complaints.words import Kind
from tests.complaints.adapters.archive.cases import Firm


@pytest.fixture
def three(small_firm: Firm) -> tuple[Firm, list[str]]:
    """An archive of three cases."""
    references = [
        small_firm.a_closed_case(number="a"),
        small_firm.a_closed_case(number="b", kind=Kind.CONSULTATION),
        small_firm.a_closed_report("report_receipt"),
    ]
    for reference in references:
        small_firm.archive(reference)
    return small_firm, references


def test_the_index_has_a_line_a_package(three):
    firm, references = three

    found = list(read_index(firm.folder))

    assert [one.reference for one in found] == sorted(references)
    by_reference = {one.reference: one for one in found}
    assert [by_reference[one].kind for one in references] == ["complaint", "consultation", "report"]
    for one in found:
        path = find_package(firm.folder, one.reference)
        assert path is not None
        assert one.size == path.stat().st_size
        assert [one.sha256] == firm.archived_entries(one.reference)
        assert str(one.closed_on).startswith(path.parent.name)


def test_a_spreadsheet_reads_the_index(three):
    firm, references = three
    (file,) = firm.folder.glob("*/index.csv")

    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))

    assert sorted(row["reference"] for row in rows) == sorted(references)


def test_the_index_follows_from_the_packages(three):
    firm, _ = three
    before = list(read_index(firm.folder))
    (file,) = firm.folder.glob("*/index.csv")
    file.write_text("nonsense", encoding="utf-8")

    assert rebuild_index(firm.folder) == []
    assert list(read_index(firm.folder)) == before


def test_half_a_line_that_a_full_disk_left_hides_no_other(three):
    firm, _ = three
    (file,) = firm.folder.glob("*/index.csv")
    before = list(read_index(firm.folder))
    line = before[0]
    with file.open("a", encoding="utf-8") as out:
        out.write("TS260302-7K3M9QX,cn-nf")
    os.truncate(file, file.stat().st_size)

    add_to_index(firm.folder, int(file.parent.name), [line])

    assert list(read_index(firm.folder)) == before
    assert rebuild_index(firm.folder) == []
    assert list(read_index(firm.folder)) == before


def test_a_case_that_was_taken_back_is_not_found(three):
    firm, references = three
    restore_case(firm.store, firm.evidence, firm.folder, references[0], "li.wei")

    assert references[0] not in [one.reference for one in read_index(firm.folder)]


def test_only_packages_of_a_year_are_found(three):
    firm, _ = three
    (year,) = (int(one.name) for one in firm.folder.glob("[0-9]*"))

    assert len(list(read_index(firm.folder, year))) == 3
    assert list(read_index(firm.folder, year - 1)) == []


# --- verification ---------------------------------------------------------------------------------


def test_an_archive_that_holds_has_no_problems(three):
    firm, _ = three
    seen = []

    result = verify_archive(firm.store, firm.folder, progress=seen.append)

    assert (result.cases, result.erased, result.problems, seen) == (3, 0, [], [1, 2, 3])
    assert result.size == sum(one.stat().st_size for one in firm.folder.glob("*/*.zip"))


def test_whatever_is_wrong_with_a_package_is_named(three):
    firm, (altered, missing, whole) = three
    paths = [find_package(firm.folder, one) for one in (altered, missing, whole)]
    assert paths[0] is not None
    assert paths[1] is not None
    assert paths[2] is not None
    data = bytearray(paths[0].read_bytes())
    data[len(data) // 2] ^= 1
    paths[0].write_bytes(data)
    paths[1].unlink()
    paths[2].with_name("TS260302-7K3M9QX.zip").write_bytes(b"")

    problems = verify_archive(firm.store, firm.folder).problems

    assert f"{altered}: the package is not the one that was recorded" in problems
    assert f"{missing}: the package is missing" in problems
    assert "TS260302-7K3M9QX: there is a package, but no such case" in problems
    assert not [one for one in problems if one.startswith(whole)]
    assert verify_archive(firm.store, firm.folder, whole).problems == []


def test_the_package_of_an_erased_person_still_holds(three):
    firm, references = three
    with firm.store.write() as session:
        session.execute(update(CaseKeyRow).where(CaseKeyRow.reference == references[0]).values(wrapped=None))

    result = verify_archive(firm.store, firm.folder)

    assert (result.cases, result.erased, result.problems) == (3, 1, [])


def test_only_archived_cases_have_a_package_to_verify(small_firm: Firm):
    reference = small_firm.a_closed_case()

    with pytest.raises(NotArchived, match="redress evidence verify"):
        verify_archive(small_firm.store, small_firm.folder, reference)
    with pytest.raises(UnknownCase):
        verify_archive(small_firm.store, small_firm.folder, "TS260302-0000000")
