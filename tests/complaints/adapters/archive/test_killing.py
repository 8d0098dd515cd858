"""A worker killed with SIGKILL at every step of archiving: the next run completes what it had begun."""

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest
from sqlalchemy.engine.default import DefaultDialect

from complaints.adapters.archive import drafting, writing
from complaints.adapters.archive.checking import check_package
from complaints.adapters.archive.index import read_index
from complaints.adapters.archive.package import Package, find_package
from complaints.adapters.archive.restoring import restore_case
from complaints.adapters.archive.writing import archivable, archive_cases, remove_leftovers
from complaints.adapters.evidence import EvidenceStore
from complaints.adapters.evidence_files import EvidenceFiles
from complaints.adapters.store import Store
from complaints.adapters.verify import verify
from complaints.words import Stage
from tests.complaints.adapters.archive.cases import Firm

STEPS: dict[str, tuple[object, str]] = {
    "a package is written": (drafting, "write_package"),
    "it is brought to the disk": (drafting.os, "fsync"),
    "it is checked": (drafting, "check_package"),
    "it is put into its place": (Path, "replace"),
    "it is noted in the index": (writing, "add_to_index"),
    "its name is brought to the disk": (writing, "sync_folder"),
    "the ledger is committed": (DefaultDialect, "do_commit"),
    "its evidence is removed": (EvidenceFiles, "remove"),
    "the folder of its evidence is removed": (EvidenceFiles, "remove_folder"),
}
"""What a step calls first; a process is killed right before and right after it."""


def killed_at(work: Callable[[Firm], object], firm: Firm, step: str, *, after: bool) -> bool:
    """Do something in a process of its own, which is killed at a step; return whether it came that far."""

    def die_there() -> None:
        owner, name = STEPS[step]
        real = getattr(owner, name)

        def dying(*args: object, **given: object) -> object:
            if after:
                real(*args, **given)
            os.kill(os.getpid(), signal.SIGKILL)
            raise AssertionError("it lives")

        setattr(owner, name, dying)
        own = Firm(Store(firm.store.url, firm.store.key_file), EvidenceStore(firm.evidence.files.url), firm.folder)
        work(own)

    firm.store.engine.dispose()
    process = get_context("fork").Process(target=die_there)
    process.start()
    process.join(60)
    return process.exitcode == -signal.SIGKILL


def is_anywhere(firm: Firm, reference: str) -> bool:
    """Whether the evidence of a case can still be had."""
    if firm.evidence_names(reference):
        return True
    path = find_package(firm.folder, reference)
    return path is not None and check_package(path, firm.key(reference)) == []


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_any_step_is_completed_by_the_next_run(small_firm: Firm, step: str, after: bool):
    firm = small_firm
    references = [firm.a_closed_case(number=f"{number}") for number in range(2)]
    begun = firm.store.now() + timedelta(seconds=1)

    assert killed_at(
        lambda own: archive_cases(own.store, own.evidence, own.folder, references), firm, step, after=after
    )
    assert all(is_anywhere(firm, one) for one in references)
    assert verify(firm.store).breaks == []
    later = datetime.now(UTC) + timedelta(hours=2)
    assert remove_leftovers(firm.store, firm.evidence, firm.folder, later) == []
    archive_cases(firm.store, firm.evidence, firm.folder, archivable(firm.store, begun, 0))

    for reference in references:
        path = find_package(firm.folder, reference)
        assert path is not None
        assert check_package(path, firm.key(reference)) == []
        assert len(firm.archived_entries(reference)) == 1
        assert firm.evidence_names(reference) == set()
        with Package.open(path) as package:
            assert package.manifest.head == firm.store.entries(reference)[-2].hash
    assert sorted(one.reference for one in read_index(firm.folder)) == sorted(references)
    assert not [one for one in firm.folder.rglob("*") if one.name.startswith(".")]
    assert verify(firm.store).breaks == []


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_restore_killed_before_or_after_it_is_committed_loses_nothing(small_firm: Firm, after: bool):
    firm = small_firm
    reference = firm.a_closed_case()
    names = firm.evidence_names(reference)
    firm.archive(reference)

    assert killed_at(
        lambda own: restore_case(own.store, own.evidence, own.folder, reference, "li.wei"),
        firm,
        "the ledger is committed",
        after=after,
    )
    if not after:
        assert firm.store.read_case(reference).stage is Stage.ARCHIVED
        restore_case(firm.store, firm.evidence, firm.folder, reference, "li.wei")
    assert firm.store.read_case(reference).stage is Stage.CLOSED
    assert firm.evidence_names(reference) == names
    assert verify(firm.store).breaks == []
    assert check_package(firm.archive(reference), firm.key(reference)) == []
