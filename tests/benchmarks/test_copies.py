"""The copies, on tables with the columns of Prefect's that matter here; the benchmark itself meets Prefect's own."""

import json
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text

from benchmarks.copies import copy_run
from tests.conftest import Databases

RUN, STATES = UUID(int=1), (UUID(int=2), UUID(int=3))
TABLES = """
CREATE TABLE flow_run (id uuid PRIMARY KEY, created timestamptz, name varchar, idempotency_key varchar UNIQUE,
                       parameters json, state_id uuid, run_count int);
CREATE TABLE flow_run_state (id uuid PRIMARY KEY, flow_run_id uuid REFERENCES flow_run, name varchar,
                             state_details jsonb);
CREATE TABLE flow_run_input (id uuid PRIMARY KEY, flow_run_id uuid REFERENCES flow_run, key varchar, value text);
ALTER TABLE flow_run ADD FOREIGN KEY (state_id) REFERENCES flow_run_state;
"""


@pytest.fixture
def prefect(postgresql: Databases):
    engine = create_engine(postgresql.empty())
    with engine.begin() as connection:
        connection.execute(text(TABLES))
        run = {"id": RUN, "parameters": json.dumps({"reference": "TS-PATTERN"})}
        connection.execute(
            text("INSERT INTO flow_run VALUES (:id, now(), 'TS-PATTERN', 'TS-PATTERN', :parameters, NULL, 3)"), run
        )
        for state, name in zip(STATES, ("Running", "Suspended"), strict=True):
            details = json.dumps({"flow_run_id": str(RUN)})
            connection.execute(
                text("INSERT INTO flow_run_state VALUES (:id, :run, :name, :details)"),
                {"id": state, "run": RUN, "name": name, "details": details},
            )
        connection.execute(text("UPDATE flow_run SET state_id = :id"), {"id": STATES[1]})
        connection.execute(
            text("INSERT INTO flow_run_input VALUES (gen_random_uuid(), :run, 'finding-1-1', '# TS-PATTERN')"),
            {"run": RUN},
        )
    yield engine
    engine.dispose()
    postgresql.drop_copies()


def test_each_copy_is_a_suspended_run_of_its_own_case_with_its_own_states_and_form(prefect):
    copy_run(prefect, RUN, "TS-PATTERN", ["TS-A", "TS-B"], days=6)

    with prefect.connect() as connection:
        runs = connection.execute(text("SELECT * FROM flow_run WHERE id <> :run ORDER BY name"), {"run": RUN}).all()
        assert [(run.name, run.idempotency_key, run.run_count) for run in runs] == [
            ("TS-A", "TS-A", 3),
            ("TS-B", "TS-B", 3),
        ]
        for run in runs:
            own = {"run": run.id}
            states = connection.execute(text("SELECT * FROM flow_run_state WHERE flow_run_id = :run"), own).all()
            form = connection.execute(text("SELECT * FROM flow_run_input WHERE flow_run_id = :run"), own).one()
            assert run.parameters == {"reference": run.name}
            assert {state.name for state in states} == {"Running", "Suspended"}
            assert {state.state_details["flow_run_id"] for state in states} == {str(run.id)}
            assert [state.name for state in states if state.id == run.state_id] == ["Suspended"]
            assert (form.key, form.value) == ("finding-1-1", f"# {run.name}")


def test_the_copies_lie_before_the_pattern_and_the_pattern_is_left_as_it_was(prefect):
    copy_run(prefect, RUN, "TS-PATTERN", [f"TS-{number}" for number in range(50)], days=6)

    with prefect.connect() as connection:
        earlier = "SELECT count(*) FROM flow_run WHERE created < (SELECT created FROM flow_run WHERE id = :run)"
        pattern = connection.execute(text("SELECT * FROM flow_run WHERE id = :run"), {"run": RUN}).one()
        assert connection.execute(text(earlier), {"run": RUN}).scalar_one() == 50
    assert (pattern.name, pattern.state_id) == ("TS-PATTERN", STATES[1])
