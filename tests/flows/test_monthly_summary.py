"""The monthly summary, and the links by which it is opened from Prefect's page."""

import httpx
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

from flows.runs import prefect_client
from tests.flows.running import Running


def test_a_monthly_summary_is_linked_to_and_opens_at_the_door(redress: Running) -> None:
    now = redress.store.now()
    run = redress.deploy_and_wait("monthly-summary", month={"year": now.year, "month": now.month})

    with prefect_client() as client:
        shown = client.read_artifacts(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])))
    links = [str(one.data).partition("](")[2].rstrip(")") for one in shown]

    assert sorted(link.split("/")[-2] for link in links) == [
        f"{now:%Y-%m}.{end}" for end in ("csv", "en.html", "zh-CN.html")
    ]
    for link in links:
        opened = httpx.get(link)
        assert (opened.status_code, bool(opened.text)) == (200, True)
