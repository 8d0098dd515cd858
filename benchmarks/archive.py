"""How fast closed cases are archived, and how fast all of it is verified: ``python -m benchmarks.archive``.

Each case has come its whole way, with three letters and one file of evidence of 200 KB, in PostgreSQL. The rates are of
all processes together; beside them stands the processor time of a case, which a busy machine changes less, and where it
goes in one process. Goals: 200 cases a second, 20 with PDF, and 50,000 ledger
entries a second verified.
"""

import argparse
import cProfile
import os
import pstats
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final

from sqlalchemy import func, select

from benchmarks.postgres import a_database, a_server, a_store, say
from complaints import acts
from complaints.adapters.archive import drafting
from complaints.adapters.archive.sharing import SHARE, archive_here, batches, begin
from complaints.adapters.archive.verifying import verify_archive
from complaints.adapters.archive.writing import Outcome, archive_cases
from complaints.adapters.evidence import EvidenceStore, add_evidence
from complaints.adapters.pdf import PdfUnavailable
from complaints.adapters.store import Store
from complaints.adapters.tables import EntryRow
from complaints.adapters.verify import verify
from complaints.letters import Rendered
from complaints.words import Stage
from tests.builders import advance, an_act, file_complaint, prepare_letter
from tests.evidence_places import PDF

GOALS: Final = {"without PDF": 200, "with PDF": 20, "entries verified": 50_000}
"""A second."""
LETTERS: Final = ("acknowledgement", "decision", "follow_up_survey")
PARTS: Final = {
    "reading": "read_sources",
    "case file as HTML": "case_files",
    "PDF": "to_pdf",
    "writing": "write_package",
    "fsync": "<built-in method posix.fsync>",
    "checking": "check_package",
    "recording": "_put_in_place",
}
"""Where the time goes, by the names of functions; fsync is by itself, and part of recording."""

_PAGE: Final = "<html><body>" + "<p>我们已收到您的投诉，现将处理情况告知如下。</p>" * 60 + "</body></html>"
_EVIDENCE: Final = 200_000  # bytes


def main() -> None:
    """Measure, print the figures, and end with 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=2000, help="without PDF; a tenth of them with it")
    parser.add_argument("--entries", type=int, default=100_000, help="of the ledger, to verify; 0: none")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    reached = {}
    with tempfile.TemporaryDirectory(prefix="redress-bench-") as name, a_server() as server, a_database(server) as url:
        firm = Firm(a_store(url, Path(name)), f"{name}/evidence", Path(name) / "archive")
        firm.store.migrate()
        for what, cases in (("without PDF", given.cases), ("with PDF", given.cases // 10)):
            reached[what] = firm.archive(what, cases, given.processes)
            firm.tell_where(what)
        firm.read_again()
        if given.entries:
            reached["entries verified"] = firm.verify(given.entries)
        firm.store.engine.dispose()
    missed = [what for what, rate in reached.items() if rate < GOALS[what]]
    sys.exit(f"missed: {', '.join(missed)}" if missed else 0)


@dataclass(frozen=True)
class Firm:
    """A case database, the address of an evidence store, and an archive."""

    store: Store
    evidence_url: str
    folder: Path

    @property
    def evidence(self) -> EvidenceStore:
        """The evidence store."""
        return EvidenceStore(self.evidence_url)

    def close_cases(self, what: str, count: int, size: int = _EVIDENCE) -> list[str]:
        """Store cases that have come their whole way; return their references."""
        return [self._close_case(f"{what} {number}", size) for number in range(count)]

    def _close_case(self, number: str, size: int) -> str:
        reference = file_complaint(self.store, number=number, narrative="账户服务费被扣了两次。" * 40)
        with self.store.open_case(reference) as desk:
            for letter in LETTERS if size else ():
                rendered = Rendered(f"{letter} {number}", _PAGE, _PAGE)
                prepare_letter(desk.case, now=desk.now, letter=letter, sha256=rendered.sha256)
                desk.keep_letter(letter, 1, rendered)
                desk.case.record(an_act(acts.LetterSent, letter=letter), desk.now)
            if size:
                content = PDF + number.encode() + os.urandom(size)
                add_evidence(desk, self.evidence, content, name="流水.pdf", source="crm", by="li.wei")
            advance(desk.case, Stage.CLOSED, now=desk.now)
        return reference

    def archive(self, what: str, cases: int, processes: int) -> float:
        """Archive cases; return how many a second, without the start of the processes."""
        references, outcome, spent = self.close_cases(what, cases), Outcome(), 0.0
        warm = [self.close_cases(f"warm {what} {number}", 1) for number in range(processes)]
        store = self.store
        places = store.url, store.key_file, store.office, store.wants, self.evidence_url, self.folder
        with ProcessPoolExecutor(processes, get_context("spawn"), _begin, (what == "with PDF", *places)) as pool:
            list(pool.map(_archive, warm))
            began = perf_counter()
            for done, seconds in pool.map(_archive, batches(references, SHARE)):
                outcome.add(done)
                spent += seconds
            rate = len(outcome.archived) / (perf_counter() - began)
        say(
            f"{what}: {len(outcome.archived)} cases, {processes} processes: {rate:,.0f} a second "
            f"(goal {GOALS[what]}); {spent / len(outcome.archived) * 1000:.1f} ms of processor time a case"
        )
        return rate if what == "without PDF" or not outcome.without_pdf else 0

    def tell_where(self, what: str) -> None:
        """Say where the time goes in one process."""
        references, profile = self.close_cases(f"profiled {what}", 20), cProfile.Profile()
        with printing(what == "with PDF"):
            archive_cases(self.store, self.evidence, self.folder, self.close_cases(f"first {what}", 1))
            profile.enable()
            archive_cases(self.store, self.evidence, self.folder, references)
            profile.disable()
        stats = pstats.Stats(profile).get_stats_profile()
        parts = [
            f"{part} {stats.func_profiles[name].cumtime / 20 * 1000:.1f}"
            for part, name in PARTS.items()
            if name in stats.func_profiles
        ]
        say(f"  ms a case, profiled: all {stats.total_tt / 20 * 1000:.1f}; {', '.join(parts)}")

    def read_again(self) -> None:
        """Verify every package."""
        began = perf_counter()
        result = verify_archive(self.store, self.folder)
        took = perf_counter() - began
        rate = result.size / 2**20 / took
        say(f"archive verify: {result.cases} packages, {result.cases / took:,.0f} a second, {rate:,.0f} MiB a second")
        if result.problems:
            raise SystemExit(f"broken: {result.problems[0]}")

    def verify(self, entries: int) -> float:
        """Verify the ledger once it is as long as wanted; return entries a second."""
        while self._entries() < entries:
            self.close_cases(f"to verify {self._entries()}", 200, 0)
        began = perf_counter()
        result = verify(self.store)
        rate = result.entries / (perf_counter() - began)
        say(f"verify: {result.entries} entries of {result.cases} cases, {rate:,.0f} entries a second (goal 50,000)")
        began = perf_counter()
        chains = verify(self.store, chains_only=True)
        say(f"  chains alone: {chains.entries / (perf_counter() - began):,.0f} entries a second")
        if result.breaks:
            raise SystemExit(f"broken: {result.breaks[0]}")
        return rate

    def _entries(self) -> int:
        with self.store.read() as session:
            return session.scalar(select(func.count()).select_from(EntryRow)) or 0


@contextmanager
def printing(with_pdf: bool) -> Iterator[None]:
    """Let PDF be made, or let it be a machine where it cannot be."""
    real = drafting.to_pdf

    def unavailable(_: str) -> bytes:
        raise PdfUnavailable("it is measured without")

    drafting.to_pdf = real if with_pdf else unavailable
    try:
        yield
    finally:
        drafting.to_pdf = real


_for_good: Final = ExitStack()


def _begin(with_pdf: bool, *places: Any) -> None:
    """Open, in a process of its own, what it works with."""
    begin(*places)
    _for_good.enter_context(printing(with_pdf))


def _archive(references: Sequence[str]) -> tuple[Outcome, float]:
    """Archive cases; return what became of them, and the seconds of processor time that it took."""
    began = process_time()
    outcome = archive_here(references)
    return outcome, process_time() - began


if __name__ == "__main__":
    main()
