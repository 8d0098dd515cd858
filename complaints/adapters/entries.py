"""Between ledger entries and acts: sealing what is personal, reading it back, and building cases from it."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Final

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.orm import Session

from complaints.acts import ACTS, Act, Received, Recorded
from complaints.adapters.tables import Base, EntryRow
from complaints.case import Case
from complaints.errors.sealing import KeyDestroyed
from complaints.ledger import Entry, canonical, chain
from complaints.regimes.rulebook import Rulebook, packaged_rulebook
from complaints.sealing import CaseKey

_LEDGER: Final = Base.metadata.tables[EntryRow.__tablename__]
_OF_CASE: Final = (
    select(*(_LEDGER.c[one.name] for one in fields(Entry)))
    .where(_LEDGER.c.reference == bindparam("reference"))
    .order_by(_LEDGER.c.seq)
)
_IN_CLEAR: Final = [_LEDGER.c[name] for name in ("reference", "seq", "kind", "at", "by", "facts", "previous", "hash")]


def new_entry(reference: str, seq: int, head: str, recorded: Recorded, key: CaseKey | None) -> Entry:
    """Return the ledger entry of an act, its personal data sealed.

    Raises:
        KeyDestroyed: it holds personal data, and there is no key.
    """
    act = recorded.act
    content = act.model_dump(mode="json")
    personal = {name: content.pop(name) for name in act.personal}
    sealed = None
    if any(value is not None for value in personal.values()):
        if key is None:
            raise KeyDestroyed(reference)
        sealed = key.seal(canonical(personal).encode(), f"{seq}/{act.kind_name()}")
    return chain(reference, seq, head, act.kind_name(), recorded.at, recorded.by, canonical(content), sealed)


def new_entries(case: Case, key: CaseKey | None, version: int, head: str) -> list[Entry]:
    """Return the entries of what is new in a case, chained to its ledger.

    Args:
        case: The case.
        key: Its key; None once it was destroyed.
        version: How many entries its ledger has.
        head: The hash of the last one.

    Raises:
        KeyDestroyed: something new is personal, and there is no key.
    """
    entries: list[Entry] = []
    for seq, recorded in enumerate(case.new, version + 1):
        entries.append(new_entry(case.reference, seq, head, recorded, key))
        head = entries[-1].hash
    return entries


def entries_of(session: Session, reference: str) -> list[Entry]:
    """Return the ledger of a case, in order."""
    return [Entry(*row) for row in session.connection().execute(_OF_CASE, {"reference": reference})]


def ledgers_in_clear(connection: Connection, references: Iterable[str]) -> dict[str, list[Entry]]:
    """Return the ledgers of cases, each in order, without what is sealed in them."""
    ledgers: dict[str, list[Entry]] = {one: [] for one in references}
    query = select(*_IN_CLEAR).where(_LEDGER.c.reference.in_(ledgers)).order_by(_LEDGER.c.reference, _LEDGER.c.seq)
    for reference, seq, kind, at, by, facts, previous, digest in connection.execute(query):
        ledgers[reference].append(Entry(reference, seq, kind, at, by, facts, None, previous, digest))
    return ledgers


def read_act(entry: Entry, key: CaseKey | None) -> Act:
    """Return the act that an entry holds; without a key, without its personal data."""
    return act_of(entry.seq, entry.kind, entry.facts, entry.sealed, key)


def act_of(seq: int, kind: str, facts: str, sealed: bytes | None, key: CaseKey | None) -> Act:
    """Return the act that the columns of an entry hold, as :func:`read_act` does."""
    if sealed is None or key is None:
        return ACTS[kind].model_validate_json(facts)  # several times as fast as by way of a dict
    personal = key.open(sealed, f"{seq}/{kind}").decode()
    facts = facts.removesuffix("}")  # two objects of JSON as one, the personal fields last
    return ACTS[kind].model_validate_json(f"{facts}{',' if len(facts) > 1 else ''}{personal.removeprefix('{')}")


def read_acts(entries: Iterable[Entry], key: CaseKey | None) -> list[Recorded]:
    """Return the acts that entries hold, with when and by whom they were done."""
    return [Recorded(read_act(entry, key), entry.at, entry.by) for entry in entries]


def replay(
    reference: str, regime: str, entries: Iterable[Entry], key: CaseKey | None, rules: Rulebook | None = None
) -> Case:
    """Build a case from its ledger entries."""
    return replay_acts(reference, regime, read_acts(entries, key), rules or packaged_rulebook())


def replay_acts(reference: str, regime: str, recorded: Sequence[Recorded], rules: Rulebook) -> Case:
    """Build a case from its acts, under the version of its regime that it was received in."""
    received = recorded[0].act if recorded else None
    version = received.regime_version if isinstance(received, Received) else None
    return Case.replay(reference, rules.pack(regime, version), recorded, rules)
