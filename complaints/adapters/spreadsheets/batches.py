"""Batches of an import: what each row means for the cases that are there, and the storing of those that are new."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from complaints import acts
from complaints.adapters.filing import forwarded_case, new_reference
from complaints.adapters.spreadsheets.layout import Layout
from complaints.adapters.spreadsheets.report import Unusable
from complaints.adapters.store import Store
from complaints.adapters.tables import DeliveryRow
from complaints.case import Case
from complaints.corrections import correct
from complaints.errors.base import ComplaintError
from complaints.errors.case import CaseConflict
from complaints.intake import Complaint
from complaints.reception import receive
from complaints.regimes.rulebook import Rulebook
from complaints.words import Closure

_TRIES: Final = 8
_Cases = list[tuple["Draft", Case]]

_ROW_OF: Final = "spreadsheet row of "  # no door's own delivery is called so
_FOUND: Final = """
    SELECT found.number, found.reference, found.history,
      (SELECT content FROM deliveries WHERE sender = :sender AND delivery_id = :row_of || found.reference)
    FROM"""
_KNOWN: Final = {
    # One look into the index for each number. IN would read all cases of the sender for each batch: PostgreSQL keeps
    # the plan that it made while there were none.
    "postgresql": text(
        f"""{_FOUND} unnest(CAST(:numbers AS varchar[])) AS wanted (number) CROSS JOIN LATERAL
        (SELECT * FROM cases WHERE sender = :sender AND number = wanted.number LIMIT 1) AS found"""
    ),
    "sqlite": text(
        f"{_FOUND} cases AS found WHERE sender = :sender AND number IN (SELECT value FROM json_each(:numbers))"
    ),
}
"""Those of some numbers that are cases, each with the mark of its row."""

_WRITES_CASES: Final = text("LOCK TABLE cases IN ROW EXCLUSIVE MODE")
"""Said before the time is asked for: figures that are cut off at a moment wait for what was received before it."""


@dataclass(frozen=True)
class Draft:
    """A row that can become a case.

    Attributes:
        row: Its number.
        number: The sender's, or one made from the row.
        complaint: The record.
        timely: For history: whether it was answered in time.
        closed_at: For history: when it was closed.
        mark: Of the content, by which a changed row is told; "" where nobody asks.
    """

    row: int
    number: str
    complaint: Complaint
    timely: bool | None
    closed_at: datetime | None
    mark: str


@dataclass
class Batch:
    """What became of a batch's rows."""

    new: int = 0
    updated: int = 0
    same: int = 0
    rejected: list[tuple[int, Unusable]] = field(default_factory=list)


@dataclass(frozen=True)
class _Known:
    """A case that a row's number stands for, and the mark of the row as it was read last."""

    reference: str
    history: bool
    mark: str | None


class Batches:
    """Takes a file's rows, batch by batch."""

    def __init__(
        self,
        store: Store,
        layout: Layout,
        regime: str,
        further: Sequence[str],
        history: bool,
        dry_run: bool,
    ) -> None:
        self._store, self._layout = store, layout
        self._regime, self._further = regime, further
        self._history, self._dry_run = history, dry_run
        self._seen: dict[str, tuple[int, int]] = {}  # numbers of this file: their row, and a hash of what it says

    def take(self, drafts: Iterable[Draft]) -> Batch:
        """Store what is new, correct what has changed, and return what became of each row.

        Raises:
            CaseConflict: others store the same rows all the time.
        """
        batch = Batch()
        by_number = {draft.number: draft for draft in self._first_ones(drafts, batch)}
        if not by_number:
            return batch
        for _ in range(_TRIES):
            attempt = Batch()
            try:
                changed = self._store_new(by_number, attempt)
            except IntegrityError:  # another import was first with one of them: look again
                continue
            for draft, known in changed:
                self._correct(draft, known, attempt)
            return Batch(attempt.new, attempt.updated, batch.same + attempt.same, [*batch.rejected, *attempt.rejected])
        raise CaseConflict(next(iter(by_number)), 0)

    def _first_ones(self, drafts: Iterable[Draft], batch: Batch) -> list[Draft]:
        """Return the first row of each number; a later one that says the same is the same, another is refused."""
        first = []
        for draft in drafts:
            row, says = self._seen.setdefault(draft.number, (draft.row, hash(draft.mark)))
            if row == draft.row:
                first.append(draft)
            elif says == hash(draft.mark):
                batch.same += 1
            else:
                reason = f"row {row} has the same number and says something else; the first counts"
                batch.rejected.append((draft.row, Unusable("", reason)))
        return first

    # --- what is there ------------------------------------------------------------------------------

    def _store_new(self, drafts: dict[str, Draft], batch: Batch) -> list[tuple[Draft, _Known]]:
        """Store in one transaction the rows that are no cases yet; return those that say something else than before."""
        with self._store.read() if self._dry_run else self._store.write() as session:
            known = self._known(session, drafts)
            fresh = [draft for number, draft in drafts.items() if number not in known]
            known |= self._add(session, fresh, batch)
        changed = []
        for number, case in known.items():
            if self._layout.keeps_first or self._says_the_same(drafts[number], case):
                batch.same += 1
            else:
                changed.append((drafts[number], case))
        return changed

    def _known(self, session: Session, numbers: Iterable[str]) -> dict[str, _Known]:
        wanted: Any = list(numbers)
        if not wanted:
            return {}
        connection = session.connection()
        if connection.dialect.name == "sqlite":
            wanted = json.dumps(wanted)
        sought = {"numbers": wanted, "sender": self._layout.sender, "row_of": _ROW_OF}
        found = connection.execute(_KNOWN[connection.dialect.name], sought)
        return {number: _Known(reference, bool(history), mark) for number, reference, history, mark in found}

    def _says_the_same(self, draft: Draft, known: _Known) -> bool:
        if known.mark is not None:
            return known.mark == draft.mark
        stored = self._store.read_case(known.reference)  # it came in through another door
        return stored.complaint is None or stored.complaint.fingerprint == draft.complaint.fingerprint

    # --- what is new --------------------------------------------------------------------------------

    def _add(self, session: Session, drafts: Sequence[Draft], batch: Batch) -> dict[str, _Known]:
        """Store rows as cases; return those that another import has stored by now."""
        if session.get_bind().dialect.name == "postgresql" and not self._dry_run:
            session.execute(_WRITES_CASES)
        now, version = self._store.moment(session)
        rules = self._store.rules_of_version(session, version)  # each batch's: an import may take longer than a law
        cases: _Cases = []
        for draft in sorted(drafts, key=lambda draft: draft.number):  # in one order: imports cannot deadlock
            try:
                cases.append((draft, self._received(draft, now, rules)))
            except ComplaintError as refused:
                batch.rejected.append((draft.row, Unusable("", str(refused))))
        meanwhile: dict[str, _Known] = {}
        if self._dry_run:
            cases = [one for one in cases if not self._is_other(session, one, batch)]
        else:
            cases, meanwhile = self._stored(session, cases, now, batch)
            self._mark_all(session, cases)
        batch.new += len(cases)
        return meanwhile

    def _received(self, draft: Draft, now: datetime, rules: Rulebook) -> Case:
        pack, others = rules.choose(self._regime, self._further, draft.complaint.received_at or now)
        case = receive(
            new_reference(now, pack.tz),
            pack,
            draft.complaint,
            self._layout.sender,
            now,
            history=self._history,
            rules=rules,
            further=others,
        )
        if self._history:
            closed = acts.Closed(closure=Closure.HISTORY, closed_at=draft.closed_at, timely=draft.timely)
            case.record(closed, now, self._layout.sender)
        return case

    def _stored(self, session: Session, cases: _Cases, now: datetime, batch: Batch) -> tuple[_Cases, dict[str, _Known]]:
        """Store cases; one whose reference is taken gets another. Return what was stored, and what was there by now."""
        stored: _Cases = []
        meanwhile: dict[str, _Known] = {}
        pending = cases
        while pending:
            drawn: set[str] = set()
            for _, case in pending:
                while case.reference in drawn:  # twice among a day's 60,000: one import in twelve
                    case.reference = new_reference(now, case.pack.tz)
                drawn.add(case.reference)
            taken = {case.reference for case in self._store.add_many(session, [case for _, case in pending])}
            stored += [one for one in pending if one[1].reference not in taken]
            left = [one for one in pending if one[1].reference in taken]
            meanwhile |= self._known(session, [draft.number for draft, _ in left])
            pending = [
                one for one in left if one[0].number not in meanwhile and not self._is_other(session, one, batch)
            ]
            for _, case in pending:
                case.reference = new_reference(now, case.pack.tz)
        return stored, meanwhile

    def _is_other(self, session: Session, one: tuple[Draft, Case], batch: Batch) -> bool:
        """Whether the authority's number of a row is a case of another sender's; the row is refused then."""
        draft, _ = one
        transfer = draft.complaint.transfer
        other = forwarded_case(session, transfer) if transfer else None
        if other:
            reason = f"the authority's number is case {other} already, which another sender delivered"
            batch.rejected.append((draft.row, Unusable("", reason)))
        return other is not None

    def _mark_all(self, session: Session, stored: _Cases) -> None:
        marks = [
            {"sender": self._layout.sender, "delivery_id": _delivery_id(case.reference), "reference": case.reference}
            | {"content": draft.mark}
            for draft, case in stored
            if draft.mark
        ]
        if marks:
            session.connection().execute(insert(DeliveryRow), marks)

    # --- what has changed ---------------------------------------------------------------------------

    def _correct(self, draft: Draft, known: _Known, batch: Batch) -> None:
        """Correct a case of history; an open one is handled by people, and not changed behind their back."""
        if not known.history:
            reason = f"case {known.reference} is no history and says something else; tell its handler what has changed"
            batch.rejected.append((draft.row, Unusable("", reason)))
            return
        says = (self._layout.sender, draft.timely, draft.closed_at)
        try:
            if self._dry_run:
                correct(self._store.read_case(known.reference), draft.complaint, self._store.now(), *says)
            else:
                with self._store.open_case(known.reference) as desk:
                    correct(desk.case, draft.complaint, desk.now, *says)
                    self._mark(desk.session, known.reference, draft.mark)
        except ComplaintError as refused:
            batch.rejected.append((draft.row, Unusable("", str(refused))))
        else:
            batch.updated += 1

    def _mark(self, session: Session, reference: str, mark: str) -> None:
        row = {"sender": self._layout.sender, "delivery_id": _delivery_id(reference)}
        found = update(DeliveryRow).where(*(getattr(DeliveryRow, name) == value for name, value in row.items()))
        if session.connection().execute(found.values(content=mark)).rowcount == 0:
            session.add(DeliveryRow(**row, reference=reference, content=mark))


def _delivery_id(reference: str) -> str:
    """Return under which the mark of a case's row is kept."""
    return f"{_ROW_OF}{reference}"
