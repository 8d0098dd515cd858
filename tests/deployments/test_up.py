"""What ``redress up`` does before it starts anything."""

from sqlalchemy import update

from complaints.adapters.keeping.records import ErasureRecord, add_records
from complaints.adapters.keeping.remnants import places_of
from complaints.adapters.store import Store
from complaints.adapters.tables import EntryRow
from complaints.settings import Settings
from complaints.words import ErasureGround, Stage
from deployments.up import prepare
from tests.builders import a_stored_case


def test_a_case_that_cannot_be_erased_again_is_told_and_keeps_nobody_from_work(tmp_path):
    settings, said = Settings(home=tmp_path), []
    prepare(settings)
    store = Store(settings.cases_url, settings.key_file)
    references = [a_stored_case(store, Stage.CLOSED, number=number) for number in ("A-1", "A-2")]
    records = [
        ErasureRecord(
            reference=one,
            at=store.now(),
            by="li.wei",
            ground=ErasureGround.CONSENT_WITHDRAWN,
            regime="",
            rule="",
            article="",
            retained_until=None,
            document="GR-2026-7",
            approver="wang.fang",
        )
        for one in references
    ]
    add_records(places_of(settings).outside, records, store.master)
    with store.write() as session:
        session.execute(
            update(EntryRow).where(EntryRow.reference == references[0], EntryRow.seq == 2).values(facts="{x")
        )
    store.engine.dispose()

    prepare(settings, said.append)

    assert len(said) == 1
    assert said[0].startswith("not erased again: ")
    assert references[0] in said[0]
