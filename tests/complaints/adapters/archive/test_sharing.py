"""Archiving with several processes."""

import pytest

from complaints.adapters.archive import sharing as sharing_module
from complaints.adapters.archive.checking import check_package
from complaints.adapters.archive.drafting import ArchiveUnwritable
from complaints.adapters.archive.package import find_package
from complaints.adapters.archive.sharing import batches, sharing
from complaints.adapters.verify import verify
from tests.complaints.adapters.archive.cases import Firm


def test_few_cases_are_archived_in_this_process(small_firm: Firm):
    references = [small_firm.a_closed_case(number=f"{number}") for number in range(2)]

    with sharing(small_firm.store, small_firm.evidence, small_firm.folder, 2) as share:
        outcome = share(references)

    assert (sorted(outcome.archived), outcome.problems) == (sorted(references), {})


@pytest.mark.slow
def test_several_processes_archive_each_case_once(small_firm: Firm, monkeypatch):
    firm = small_firm
    monkeypatch.setattr(sharing_module, "SHARE", 1)
    references = [firm.a_closed_case(number=f"{number}") for number in range(3)]

    with sharing(firm.store, firm.evidence, firm.folder, 3, processes=2) as share:
        outcome = share([*references, "TS260302-0000000"])

    assert sorted(outcome.archived) == sorted(references)
    assert outcome.problems.keys() == {"TS260302-0000000"}
    for reference in references:
        path = find_package(firm.folder, reference)
        assert path is not None
        assert check_package(path, firm.key(reference)) == []
    assert verify(firm.store).breaks == []


@pytest.mark.slow
def test_what_fails_in_another_process_is_told_here(small_firm: Firm):
    firm = small_firm
    reference = firm.a_closed_case()
    firm.folder.write_text("no folder")

    with (
        sharing(firm.store, firm.evidence, firm.folder, 1, processes=2) as share,
        pytest.raises(ArchiveUnwritable, match="archive folder"),
    ):
        share([reference])
    assert firm.archived_entries(reference) == []


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (25, [25]), (26, [25, 1]), (50, [25, 25])])
def test_a_list_is_divided_into_parts(count: int, sizes: list[int]):
    parts = list(batches([str(number) for number in range(count)], 25))

    assert [len(part) for part in parts] == sizes
    assert [one for part in parts for one in part] == [str(number) for number in range(count)]
