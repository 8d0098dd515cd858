"""The morning's early warning on Prefect's server."""

from datetime import date, timedelta

import pandas as pd
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from complaints.regimes.rulebook import load_pack
from complaints.reporting.early_warning.judging import COLUMNS
from flows.runs import prefect_client
from flows.warn_early import KEY, event_of, known_events, tell, to_tell
from tests.builders import REGIME
from tests.flows.running import Running

PACK = load_pack(REGIME)
DAY = date(2026, 3, 2)


def warnings(**changes: object) -> pd.DataFrame:
    values = {
        "dimension": "product",
        "code": "消费贷",
        "kind": "spike",
        "begins_on": DAY,
        "ends_on": DAY,
        "day": DAY,
        "seen_on": DAY,
        "window": 1,
        "observed": 14,
        "expected": 2.13457,
        "dispersion": 0.1,
        "probability": 1.23456e-7,
    }
    return pd.DataFrame([values | changes], columns=list(COLUMNS), dtype="object")


def test_the_same_warning_is_told_once_however_often_it_is_computed(redress: Running) -> None:
    with prefect_client() as client:
        assert tell(client, warnings(), PACK) == 1
        told = event_of(warnings().to_dict("records")[0], PACK)
        redress.until(lambda: known_events(client, [told.id]), "Prefect's server has the event", 30)
        assert tell(client, warnings(ends_on=DAY + timedelta(days=1), observed=20), PACK) == 0
        assert tell(client, warnings(kind="gap"), PACK) == 1


def test_an_event_says_what_was_seen_and_nothing_of_any_person() -> None:
    event = event_of(warnings(code="贷款 13800000101").to_dict("records")[0], PACK)
    assert event.event == "redress.early-warning.spike"
    assert event.payload["observed"] == 14
    assert event.payload["expected"] == 2.13
    assert event.payload["probability"] == 1.23e-7
    assert "13800000101" not in event.model_dump_json()


def test_the_run_shows_what_stands_as_a_table(redress: Running) -> None:
    run = redress.deploy_and_wait("warn-early")
    with prefect_client() as client:
        shown = client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[KEY])))
    mine = next(one for one in shown if one.flow_run_id == run.id or one.task_run_id)
    assert "每月误报预期不超过 2 次" in (mine.description or "")


def test_a_gap_is_told_once_it_is_known_and_also_where_some_mornings_were_missed() -> None:
    known_on = DAY + timedelta(days=12)
    gap = warnings(kind="gap", ends_on=known_on, seen_on=known_on)

    told = [len(to_tell(gap, known_on + timedelta(days=missed))) for missed in (0, 4, 5)]

    assert told == [1, 1, 0]
