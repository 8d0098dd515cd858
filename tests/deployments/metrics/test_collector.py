import threading
import time

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy.exc import OperationalError

from complaints.adapters.store import Store
from complaints.words import Stage
from deployments.metrics.collector import CaseFigures, Kept
from tests.builders import a_stored_case


def registry_of(store):
    registry = CollectorRegistry()
    registry.register(CaseFigures(lambda: store))
    return registry


def test_what_there_is_to_do_is_told_with_a_nought_for_every_stage_that_has_nothing(store):
    a_stored_case(store, Stage.UNDER_INVESTIGATION)

    registry = registry_of(store)

    assert registry.get_sample_value("redress_case_database_up") == 1
    assert registry.get_sample_value("redress_cases_open", {"stage": "under_investigation"}) == 1
    assert registry.get_sample_value("redress_cases_open", {"stage": "received"}) == 0
    assert registry.get_sample_value("redress_cases_asking", {"question": "finding"}) == 1
    assert registry.get_sample_value("redress_cases_ended", {"stage": "archived"}) == 0


def test_of_a_database_that_is_away_nothing_is_told_but_that(key_file):
    store = Store("postgresql+psycopg://nobody@127.0.0.1:9/cases", key_file)

    found = {sample.name: sample.value for metric in registry_of(store).collect() for sample in metric.samples}

    assert found == {"redress_case_database_up": 0}


def test_it_is_read_once_however_often_it_is_asked_for():
    read = []
    kept = Kept(lambda: read.append(1) or len(read), seconds=60)

    assert [kept.value(1) for _ in range(5)] == [1] * 5


def test_it_is_read_anew_once_it_is_old():
    read = []
    kept = Kept(lambda: read.append(1) or len(read), seconds=0)

    assert [kept.value(1) for _ in range(3)] == [1, 2, 3]


def test_nobody_waits_long_and_nothing_is_read_twice_at_a_time():
    read, go_on = [], threading.Event()
    kept = Kept(lambda: read.append(1) or go_on.wait(60), seconds=0)
    began = time.monotonic()

    assert kept.value(0.05) is None
    assert kept.value(0.05) is None
    assert time.monotonic() - began < 30
    assert len(read) == 1
    go_on.set()


def test_what_cannot_be_read_is_not_there_and_a_bug_is_not_hidden():
    def away():
        raise OperationalError("SELECT", {}, OSError())

    assert Kept(away, 60).value(1) is None
    with pytest.raises(ZeroDivisionError):
        Kept(lambda: 1 // 0, 60).value(1)
