"""Regulatory summaries on Prefect's page: prepared, linked to, reviewed; what may not be done is refused."""

import re
from typing import Any

import httpx
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import Artifact, FlowRun

from flows.runs import prefect_client
from tests.flows.running import Running


def artifacts(run: FlowRun) -> list[Artifact]:
    """What a run shows on its page."""
    with prefect_client() as client:
        return client.read_artifacts(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])))


def test_a_summary_is_prepared_linked_to_and_reviewed_by_somebody_else(redress: Running) -> None:
    period = f"{redress.store.now():%Y-%m}"

    def step(flow: str, **parameters: Any) -> FlowRun:
        return redress.deploy_and_wait(flow, period=period, **parameters)

    run = step("monthly-summary", prepared_by="li.wei")
    links = [str(one.data).partition("](")[2].rstrip(")") for one in artifacts(run) if not one.key]
    ends = sorted(re.sub(r"^cn-nfra\.[0-9-]+\.v\d+\.", "", link.split("/")[-2]) for link in links)
    assert {"csv", "en.html", "xlsx", "zh-CN.html"} <= set(ends)
    for link in links:
        opened = httpx.get(link, timeout=60)
        assert (opened.status_code, bool(opened.content)) == (200, True)
    [note] = [one for one in artifacts(run) if one.key]
    assert note.key == f"summary-cn-nfra-{period}"
    assert "已编制" in str(note.data)

    refused = step("review-summary", asked_by="li.wei").state
    assert refused is not None
    assert (refused.name, "another person must review" in str(refused.message)) == ("Refused", True)
    reviewed = step("review-summary", asked_by="wang.fang").state
    assert reviewed is not None
    assert "已复核" in str(reviewed.message)


def test_without_a_period_a_summary_is_prepared_only_on_its_day(redress: Running) -> None:
    period = f"{redress.store.now():%Y}"
    redress.deploy_and_wait("yearly-summary", period=period)
    again = redress.deploy_and_wait("yearly-summary").state

    assert again is not None
    assert again.name in ("NotDue", "Completed")
    assert again.name == "NotDue" or str(again.message).startswith("cn-nfra ")
