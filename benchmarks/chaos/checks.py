"""What must be true once everything has come to rest, whatever was killed or stopped before."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Engine, bindparam, select, text

from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow
from complaints.adapters.verify import verify
from complaints.case import Case
from complaints.ledger import Entry
from complaints.words import Stage
from flows.prefect_parts import IN_HANDS

LETTERS: Final = frozenset({"acknowledgement", "decision", "follow_up_survey"})
"""The letters that each complaint of the play is owed, once."""

_MAY_REPEAT: Final = frozenset({"letter_failed", "letter_repaired", "answer_was_refused", "delivery_reported"})
"""Acts that may be done again for the same thing."""

_WHAT: Final = ("letter", "round", "clock", "percent", "event", "tier")
"""The facts that say of which letter or clock an act tells."""

_RUNS: Final = text(
    """
    SELECT flow_run.name, flow_run.state_type FROM flow_run
    JOIN deployment ON deployment.id = flow_run.deployment_id
    WHERE deployment.name = 'handle-complaint' AND flow_run.name IN :names
    """
).bindparams(bindparam("names", expanding=True))

_GIVEN: Final = text(
    """
    SELECT DISTINCT flow_run.name FROM flow_run
    JOIN (
      SELECT flow_run_id, message, LAG(message) OVER (PARTITION BY flow_run_id ORDER BY timestamp) AS before
      FROM flow_run_state
    ) AS state ON state.flow_run_id = flow_run.id
    WHERE state.message LIKE :holder AND state.before LIKE :holder AND state.message <> state.before
    """
)


@dataclass(frozen=True)
class Check:
    """One line of the table."""

    what: str
    found: str
    is_good: bool = True

    def __str__(self) -> str:
        return f"{'ok' if self.is_good else 'BAD':4}{self.what:34}{self.found}"


def check_all(
    store: Store, prefect: Engine, accepted: Mapping[str, str], numbers: Collection[str], mails: Sequence[str]
) -> Iterator[Check]:
    """Hold what there is against what was promised.

    Args:
        store: The case database.
        prefect: Prefect's database.
        accepted: The reference that the sender was given for each complaint, by its number.
        numbers: The numbers of all complaints that were sent.
        mails: The Message-ID of every letter that the mail server took.
    """
    references = sorted({*accepted.values()})
    cases = [store.read_case(one) for one in references]
    yield from check_cases(store, accepted, numbers, cases)
    yield from check_letters(cases, {one: store.entries(one) for one in references}, mails)
    yield check_ledger(store, references)
    yield from check_runs(prefect, references)


def check_cases(
    store: Store, accepted: Mapping[str, str], numbers: Collection[str], cases: Sequence[Case]
) -> Iterator[Check]:
    """Every complaint is one case, and that is closed."""
    with store.read() as session:
        rows = session.execute(select(CaseRow.number, CaseRow.reference).where(CaseRow.number.in_(numbers))).all()
    there = {str(number): reference for number, reference in rows}
    is_same = there == dict(accepted) and len(rows) == len(numbers)
    found = f"{len(numbers)} sent, {len(accepted)} accepted, {len(rows)} cases there"
    yield Check("complaints", found, is_same)
    still_open = [case.reference for case in cases if case.stage is not Stage.CLOSED]
    yield Check("cases closed", f"{len(cases) - len(still_open)}{_named(still_open)}", not still_open)


def check_letters(
    cases: Sequence[Case], ledgers: Mapping[str, Sequence[Entry]], mails: Sequence[str]
) -> Iterator[Check]:
    """Every letter arrived, once; more often only under the same Message-ID, and where a person had it sent again."""
    odd = [case.reference for case in cases if {*case.letters} != {(one, 1) for one in LETTERS}]
    odd += [one.reference for one in cases if any(letter.status != "sent" for letter in one.letters.values())]
    yield Check("letters that are owed", f"{len(cases) * len(LETTERS)}{_named(odd)}", not odd)
    arrived = Counter(mails)
    owed = {letter.prepared.message_id: case.reference for case in cases for letter in case.letters.values()}
    missing = [reference for message_id, reference in owed.items() if message_id not in arrived]
    yield Check("letters that arrived", f"{len(owed) - len(missing)}{_named(missing)}", not missing)
    foreign = [one for one in arrived if one not in owed]
    yield Check("letters that nobody wrote", str(len(foreign)), not foreign)
    acts = [act for reference in ledgers for act in _acts(ledgers[reference])]
    again = Counter(_letter_of(facts) for kind, facts in acts if kind == "letter_repaired")
    ids = {case.letters[one].prepared.message_id: (case.reference, *one) for case in cases for one in case.letters}
    repeats = {ids[one]: count - 1 for one, count in arrived.items() if count > 1 and one in ids}
    by_itself = [str(which[0]) for which, count in repeats.items() if count > again[which]]
    total = sum(repeats.values())
    yield Check("letters that arrived again", f"{total}, all with the same Message-ID")
    yield Check("  without a person's decision", f"{len(by_itself)}{_named(by_itself)}", not by_itself)
    failed = [facts for kind, facts in acts if kind == "letter_failed"]
    uncertain = sum(bool(facts.get("uncertain")) for facts in failed)
    told = f"{uncertain} whose fate was uncertain, {len(failed) - uncertain} that could not leave, "
    yield Check("letters a person decided on", f"{told}{again.total()} sent again")


def check_ledger(store: Store, references: Sequence[str]) -> Check:
    """No entry was altered, and nothing was done twice that may be done once."""
    breaks = [one for reference in references for one in verify(store, reference).breaks]
    twice = [reference for reference in references if done_twice(store.entries(reference))]
    entries = sum(len(store.entries(one)) for one in references)
    found = f"{entries} entries, {len(breaks)} broken, {len(twice)} cases with a step done twice"
    return Check("ledger", f"{found}{_named([*twice, *(one.reference for one in breaks)])}", not breaks and not twice)


def check_runs(prefect: Engine, references: Sequence[str]) -> Iterator[Check]:
    """Every case has one run that completed; none is live, and none was given to a worker while another had it."""
    with prefect.connect() as connection:
        rows = connection.execute(_RUNS, {"names": references}).all() if references else []
        given = sorted(connection.execute(_GIVEN, {"holder": f"{IN_HANDS}%"}).scalars())
    completed = Counter(str(name) for name, state in rows if str(state) == "COMPLETED")
    odd = [one for one in references if completed[one] != 1]
    left = [str(name) for name, state in rows if str(state) not in ("COMPLETED", "CANCELLED")]
    yield Check("runs that completed", f"{completed.total()}{_named(odd)}", not odd)
    yield Check("runs left over", f"{len(left)}{_named(left)}", not left)
    yield Check("runs two workers had at once", f"{len(given)}{_named(given)}", not given)
    yield Check("surplus runs, cancelled", str(len(rows) - completed.total() - len(left)))


def done_twice(entries: Sequence[Entry]) -> list[str]:
    """Return the acts of a case that were done more often than they may."""
    counts = Counter(
        (kind, *(str(facts.get(name, "")) for name in _WHAT))
        for kind, facts in _acts(entries)
        if kind not in _MAY_REPEAT
    )
    return [" ".join(filter(None, which)) for which, count in counts.items() if count > 1]


def _acts(entries: Iterable[Entry]) -> Iterator[tuple[str, dict[str, Any]]]:
    for entry in entries:
        yield entry.kind, {**json.loads(entry.facts), "reference": entry.reference}


def _letter_of(facts: Mapping[str, Any]) -> tuple[str, str, int]:
    return facts["reference"], facts["letter"], facts["round"]


def _named(references: Sequence[str]) -> str:
    """Name some references, or none."""
    return f"; look at {', '.join(references[:5])}" if references else ""
