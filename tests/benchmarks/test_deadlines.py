from itertools import pairwise

import pytest
from sqlalchemy import make_url, text

from benchmarks.deadlines import GROUPS, make_others, make_real_cases, moments
from benchmarks.postgres import a_store, key_file
from complaints.adapters.sweeping import sweep
from complaints.sealing import MasterKey
from tests.conftest import Databases

DUE = 2


@pytest.fixture
def home(tmp_path):
    MasterKey.create(key_file(tmp_path))
    return tmp_path


def test_at_each_of_twenty_sweeps_the_clocks_of_one_group_are_due(sqlite: Databases, home):
    url = make_url(sqlite.empty())
    make_real_cases(url, home, DUE)
    store = a_store(url, home)

    struck = []
    for moment in moments(DUE):
        store.move_time(moment)
        struck.append(sweep(store))

    assert [len(one) for one in struck] == [DUE] * 2 * GROUPS
    assert all(first < second for first, second in pairwise(moments(1000)))
    store.engine.dispose()


def test_what_is_made_in_sql_is_open_and_not_due(postgresql: Databases, home):
    url = make_url(postgresql.empty())
    make_real_cases(url, home, DUE)
    store = a_store(url, home)
    make_others(store.engine, 50)

    for moment in moments(DUE):
        store.move_time(moment)
        assert len(sweep(store)) == DUE
    with store.read() as session:
        counts = {
            table: session.scalar(text(f"SELECT count(*) FROM {table} WHERE reference NOT LIKE '%-R%'"))
            for table in ("cases", "clocks", "ledger")
        }
        running = session.scalar(text("SELECT count(*) FROM clocks WHERE running"))
    assert counts == {"cases": 50, "clocks": 100, "ledger": 100}
    assert running == GROUPS * DUE + 50
    store.engine.dispose()
    postgresql.drop_copies()
