"""Finding the same complaint again: signs are kept with each case, and an index finds who else has them.

What is compared are hashes under a key of the firm's own; no case is opened for it.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from complaints.acts import Assessed, ContactAdded, RecordCorrected, Repeat, RepeatsSuggested
from complaints.adapters.tables import CaseRow, EntryRow, SignRow
from complaints.case import Case
from complaints.errors.case import MergeRefused, NotMerged
from complaints.merging import merge, unmerge
from complaints.moves import OPEN
from complaints.repeats import Traces, suggest
from complaints.sealing import MasterKey
from complaints.signs import LINKING, signs_of
from complaints.words import Closure, Kind, Likeness, Stage

if TYPE_CHECKING:
    from complaints.adapters.store import Store

_BEARERS: Final = 50
"""Cases looked at for each sign, the newest: a name that hundreds have tells little."""


def signs_key(master: MasterKey) -> bytes:
    """Return the key under which signs are hashed; it tells nothing about the master key."""
    return hmac.new(master.key, b"redress signs", hashlib.sha256).digest()


def sign_rows(case: Case, master: MasterKey) -> list[dict[str, Any]]:
    """Return the rows of ``signs`` for a case: none for a report, whose reporter no other case may lead to."""
    if case.complaint is None or case.kind is Kind.REPORT:
        return []
    signs = signs_of(case.complaint, signs_key(master), case.added_contacts)
    return [{"reference": case.reference, "kind": kind, "sign": sign} for kind, sign in signs]


def renew_signs(session: Session, case: Case, master: MasterKey) -> None:
    """Bring the signs of a case up to date, where what is being recorded tells more of its person, or that it is a
    report.
    """
    told = [one.act for one in case.new]
    tells_more = any(isinstance(act, ContactAdded | RecordCorrected) for act in told)
    hides = case.kind is Kind.REPORT and any(isinstance(act, Assessed) for act in told)
    if tells_more or hides:
        forget_signs(session, case.reference)
        if rows := sign_rows(case, master):
            session.execute(insert(SignRow), rows)


def forget_signs(session: Session, reference: str) -> None:
    """Remove the signs of a case: its person was erased, or must not be found. Safe to run twice."""
    session.execute(delete(SignRow).where(SignRow.reference == reference))


def find_repeats(store: "Store", reference: str) -> tuple[Repeat, ...]:
    """Return the cases that look like the same complaint as this one, the likeliest first.

    A report takes no part in it, nor does a case that may still prove to be one.
    """
    with store.read() as session:
        mine = next(iter(_traces(session, [reference])), None)
        if mine is None:
            return ()
        linking = sorted(sign for sign in mine.signs if sign[0] in LINKING)
        near = {one for sign in linking for one in _bearers(session, *sign)} - {reference}
        return suggest(mine, _traces(session, near))


def list_suggested(store: "Store", limit: int) -> list[tuple[str, tuple[Repeat, ...]]]:
    """Return the open cases that look like repeats, the newest first, each with what was suggested and not merged."""
    query = (
        select(EntryRow.reference, EntryRow.facts)
        .join(CaseRow, CaseRow.reference == EntryRow.reference)
        .where(CaseRow.stage.in_(OPEN), EntryRow.kind == RepeatsSuggested.kind_name())
        .order_by(CaseRow.received_at.desc(), EntryRow.reference)
        .limit(limit)
    )
    with store.read() as session:
        suggested = {
            row.reference: RepeatsSuggested.model_validate_json(row.facts).repeats for row in session.execute(query)
        }
        named = {one.reference for repeats in suggested.values() for one in repeats}
        gone = select(CaseRow.reference).where(CaseRow.reference.in_(named), CaseRow.closure == Closure.MERGED)
        merged = set(session.scalars(gone))
    left = ((one, tuple(each for each in all_ if each.reference not in merged)) for one, all_ in suggested.items())
    return [(one, repeats) for one, repeats in left if repeats]


def stages_of(store: "Store", references: Iterable[str]) -> dict[str, Stage]:
    """Return where cases stand."""
    query = select(CaseRow.reference, CaseRow.stage).where(CaseRow.reference.in_(list(references)))
    with store.read() as session:
        return {row.reference: Stage(row.stage) for row in session.execute(query)}


def _bearers(session: Session, kind: Likeness, sign: str) -> Sequence[str]:
    query = select(SignRow.reference).where(SignRow.kind == kind, SignRow.sign == sign)
    return session.scalars(query.order_by(SignRow.reference.desc()).limit(_BEARERS + 1)).all()


def _traces(session: Session, references: Iterable[str]) -> list[Traces]:
    """Return what cases can be compared by; of those whose kind is known, and is none to be kept apart."""
    wanted = list(references)
    signs: dict[str, set[tuple[Likeness, str]]] = {one: set() for one in wanted}
    for row in session.execute(
        select(SignRow.reference, SignRow.kind, SignRow.sign).where(SignRow.reference.in_(wanted))
    ):
        signs[row.reference].add((Likeness(row.kind), row.sign))
    columns = (CaseRow.reference, CaseRow.received_at, CaseRow.product, CaseRow.amount, CaseRow.currency)
    facts = select(*columns).where(CaseRow.reference.in_(wanted), CaseRow.kind != Kind.REPORT)
    return [
        Traces(
            row.reference,
            row.received_at,
            frozenset(signs[row.reference]),
            row.product,
            (row.amount, row.currency) if row.amount is not None else None,
        )
        for row in session.execute(facts)
    ]


def merge_cases(
    store: "Store", reference: str, into: str, by: str, *, reason: str | None = None, new_facts: bool = False
) -> bool:
    """Merge a later case into an earlier one, both in one transaction. Safe to run twice.

    Args:
        store: The case database.
        reference: The later case.
        into: The earlier one.
        by: Who decided it.
        reason: In words; kept sealed.
        new_facts: Whether the later one brings new facts.

    Returns:
        Whether anything was done.

    Raises:
        MergeRefused: they must stay apart.
        AnswerRefused: there are new facts, and the regime knows none.
    """
    if reference == into:
        raise MergeRefused(reference, into, "it is the same case")
    with store.open_cases(reference, into) as desks:
        later, earlier = desks[reference], desks[into]
        return merge(later.case, earlier.case, by, later.now, reason=reason, new_facts=new_facts)


def unmerge_case(store: "Store", reference: str, by: str) -> str:
    """Undo a merger, in both cases and in one transaction; return the case that had answered for it.

    Raises:
        NotMerged: there is none.
        StageError: the case has been archived.
    """
    merged = store.read_case(reference).merged
    if merged is None:
        raise NotMerged(reference)
    with store.open_cases(reference, merged.into) as desks:  # whether it still is, is asked again
        undone = desks[reference]
        unmerge(undone.case, desks[merged.into].case, by, undone.now)
    return merged.into
