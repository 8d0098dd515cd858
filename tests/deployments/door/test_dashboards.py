"""The example dashboard and alert rules name only what a door and a worker show."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families as families_in

import deployments.dashboards
from complaints.words import Stage
from deployments.door.app import app
from deployments.metrics import worker
from tests.builders import a_stored_case
from tests.deployments.conftest import Installation
from tests.deployments.door.sending import as_json, send

FOLDER = Path(deployments.dashboards.__path__[0])
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "redress.json").read_text(encoding="utf-8"))
ALERTS = yaml.safe_load((FOLDER / "alerts.yaml").read_text(encoding="utf-8"))
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
ENDINGS = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "gauge": [""]}

QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
QUERIES += [rule["expr"] for rule in RULES]


@pytest.fixture
def shown(door: TestClient, firm: Installation) -> dict[str, set[str]]:
    """The labels of every metric that a door and a worker show, by its name."""
    a_stored_case(firm.store, Stage.UNDER_INVESTIGATION)
    send(door, as_json(number="another"))
    door.get("/v1/complaints/x")
    worker.run_ended("watch-deadlines", 0.3, "completed")
    worker.step_retried("acknowledge")
    worker.executor_replaced("runs")
    worker.executors(busy=3, all=8)
    metrics = TestClient(app, client=("127.0.0.1", 50000)).get("/metrics").text
    found: dict[str, set[str]] = {}
    for family in (*families_in(metrics), *families_in(generate_latest(worker.REGISTRY).decode())):
        for ending in ENDINGS[family.type]:
            name = family.name + ending
            found[name] = {label for sample in family.samples if sample.name == name for label in sample.labels}
    return found


def test_every_metric_that_is_asked_for_is_shown(shown: dict[str, set[str]]) -> None:
    asked = {name for query in QUERIES for name in re.findall(r"\b(?:redress|process)_\w+", query)}

    assert asked - shown.keys() == set()
    assert len(asked) > 15


def test_every_label_that_is_asked_for_is_shown(shown: dict[str, set[str]]) -> None:
    known = set().union(*shown.values()) | {"receiver", "job", "instance"}

    for query in QUERIES:
        asked = re.findall(r"by \(([\w, ]+)\)", query) + re.findall(r"(\w+)[!=]~?\"", query)
        assert {label for labels in asked for label in labels.replace(",", " ").split()} <= known, query


def test_every_metric_of_redress_is_on_the_dashboard(shown: dict[str, set[str]]) -> None:
    asked = " ".join(QUERIES)
    families = {re.sub(r"_(bucket|sum|count|total)$", "", name) for name in shown if name.startswith("redress_")}

    assert {family for family in families if family not in asked} == {"redress_cases_ended"}


def test_every_panel_has_a_title_in_both_languages() -> None:
    for panel in DASHBOARD["panels"]:
        chinese, _, english = panel["title"].partition("· ")
        assert re.search(r"[\u4e00-\u9fff]", chinese)
        assert english.isascii()
        assert english


def test_panels_are_numbered_and_do_not_overlap() -> None:
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in DASHBOARD["panels"]}

    assert len(places) == len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_every_alert_says_what_it_means_and_what_to_do() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert " · " in rule["annotations"]["summary"]
        assert rule["annotations"]["action"]
