"""What the doctor looks at of how long things are kept: the anchors, and erasures that are not done."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import func, make_url, select

from complaints.adapters.keeping.anchors import read_chain
from complaints.adapters.keeping.erasing_again import not_erased
from complaints.adapters.keeping.orders import outlook
from complaints.adapters.keeping.outside import Outside
from complaints.adapters.keeping.records import read_records
from complaints.adapters.store import Store
from complaints.adapters.tables import RemnantRow
from complaints.errors.base import ComplaintError
from complaints.settings import Settings
from deployments.doctor.cases import opened
from deployments.doctor.finding import Finding, graded

OLDEST: Final = timedelta(days=2)
"""How old the newest anchor may be."""

_A_DAY: Final = timedelta(days=1)


def anchors(settings: Settings) -> list[Finding]:
    """Look where anchors lie, and how old the newest is."""
    try:
        outside = Outside(settings.anchors_place)
        findings = [_apart(settings, outside.folder)]
        store = opened(settings)
        if store is not None:
            findings.append(_newest(store, outside))
    except ComplaintError as wrong:
        return [Finding("bad", "anchors", "cannot be read", str(wrong))]
    except Exception as error:  # the case database was looked at before
        return [Finding("note", "anchors", f"were not read: {type(error).__name__}", "see: case database")]
    return findings


def _apart(settings: Settings, folder: Path | None) -> Finding:
    """Look whether who can change the database can change the anchors as well."""
    if folder is None:
        return Finding("ok", "place of anchors", "elsewhere, reached by REDRESS_ANCHORS")
    cure = "set REDRESS_ANCHORS to a folder of another machine, or to a store that never forgets (S3 with object lock)"
    if folder.resolve().is_relative_to(settings.home.resolve()):
        return Finding("note", "place of anchors", f"{folder} is in the home folder, beside what it guards", cure)
    database = make_url(settings.cases_url)
    beside = Path(database.database or "").parent if database.get_backend_name() == "sqlite" else settings.home
    if folder.exists() and beside.exists() and folder.stat().st_dev == beside.stat().st_dev:
        return Finding("note", "place of anchors", f"{folder} is on the disk of what it guards", cure)
    return Finding("ok", "place of anchors", str(folder))


def _newest(store: Store, outside: Outside) -> Finding:
    chain = read_chain(store, outside)
    if wrong := [*chain.breaks, *chain.doubts]:
        return Finding("bad", "anchors", str(wrong[0]), "see: redress verify, and docs/retention.md (Anchors)")
    if not chain.anchors:
        return Finding("note", "anchors", "there is none yet", "the flow anchor-ledger makes one a day; redress anchor")
    last = chain.anchors[-1]
    cure = "see why the flow anchor-ledger did not run, or refused to (after a restore: redress anchor --restored)"
    return graded(store.now() - last.at <= OLDEST, "anchors", f"{last}, {last.cases} cases", cure)


def erasures(settings: Settings) -> list[Finding]:
    """Look for erasures that are not done, and for what waits for an order."""
    try:
        store = opened(settings)
        if store is None:
            return []
        records, _ = read_records(Outside(settings.anchors_place), store.master)
        with store.read() as session:
            back = not_erased(session, records)
            old = select(func.count()).where(RemnantRow.erased_at < store.now(session) - _A_DAY)
            left = session.scalar(old) or 0
        seen = outlook(store, listed=0)
    except ComplaintError as wrong:
        return [Finding("bad", "erasures", "were not read", str(wrong))]
    except Exception as error:  # the case database was looked at before
        return [Finding("note", "erasures", f"were not read: {type(error).__name__}", "see: case database")]
    again = "redress erase --again"
    findings = [
        graded(not back, "erased cases with a key", f"{len(back)} came back with an older backup", again),
        graded(not left, "files of erased cases", f"of {left} cases are left since more than a day", again),
    ]
    replaced, sheets = settings.home.glob("*.db.replaced-*"), settings.imports_folder.glob("**/*.[cx][sl][vs]*")
    if copies := sorted([*replaced, *sheets]):
        cure = "erasure does not reach them: remove what is not needed any more"
        findings.append(Finding("note", "copies with persons", f"{len(copies)} files, such as {copies[0].name}", cure))
    if seen.over_count > seen.ordered:
        cure = "look: redress retention; then order: redress approve-erasure"
        findings.append(Finding("note", "retention", f"is over for {seen.over_count} cases, not all ordered", cure))
    if seen.without_end:
        cure = "redress retention REF says why: an event that is not recorded, or a regime without a rule"
        findings.append(Finding("note", "retention", f"has no end for {seen.without_end} closed cases", cure))
    return findings
