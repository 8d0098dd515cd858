import os
import subprocess
import sys

import pytest

from benchmarks.engine import Outcome, judge
from benchmarks.operators import Lives


def outcome(engine, complaints, seconds, cpu_seconds, waited):
    lives = Lives(seconds=seconds, waited={"finding": [waited] * complaints})
    lives.ended["COMPLETED"] = complaints
    return Outcome(engine, lives, {"server": cpu_seconds / 2, "worker": cpu_seconds / 2, "postgresql": 1000})


def test_the_cpu_time_of_a_complaint_is_that_of_all_processes_but_the_databases():
    assert outcome("resident", 60, 30, 60, 1).cpu_seconds == 1
    assert outcome("resident", 60, 30, 60, 1).rate == 120


def test_all_goals_are_met_by_a_resident_worker_that_is_fast_enough_and_25_times_as_fast_as_the_stock_one():
    assert judge([outcome("stock", 6, 90, 200, 9), outcome("resident", 60, 30, 60, 1)])


@pytest.mark.parametrize(
    ("resident", "goal"),
    [
        (outcome("resident", 60, 40, 60, 1), "100 complaints a minute, 25 times the stock worker"),
        (outcome("resident", 60, 30, 90, 1), "1.2 CPU seconds a complaint"),
        (outcome("resident", 60, 30, 60, 2), "p95 under 2 s"),
    ],
)
def test_a_goal_that_is_missed_is_named(resident, goal, capsys):
    assert not judge([outcome("stock", 6, 90, 200, 9), resident])
    assert f"Goals missed: {goal}" in capsys.readouterr().out


def test_a_complaint_that_came_to_no_end_is_a_missed_goal(capsys):
    lost = outcome("resident", 60, 30, 60, 1)
    lost.lives.lost = 1

    assert not judge([lost])
    assert "none lost" in capsys.readouterr().out


@pytest.mark.slow
def test_two_complaints_live_through_their_whole_life_under_the_resident_worker():
    command = [sys.executable, "-m", "benchmarks.engine", "--engine", "resident", "--cases", "2", "--requests"]

    done = subprocess.run(command, capture_output=True, text=True, env=os.environ, timeout=280, check=False)

    assert "2 COMPLETED, 0 lost" in done.stdout, done.stdout + done.stderr
    assert "POST /api/flow_runs/{id}/resume" in done.stdout
