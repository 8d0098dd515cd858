"""Making a return from Prefect's page, and the links by which its files are opened."""

import httpx
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

from flows.runs import prefect_client
from tests.flows.running import Running


def test_a_return_made_on_prefects_page_is_linked_to_and_opens_at_the_door(redress: Running) -> None:
    run = redress.deploy_and_wait("make-return", name="yearly-disclosure", period="2025", regime="cn-nfra")

    with prefect_client() as client:
        shown = client.read_artifacts(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])))
    links = [
        str(one.data).partition("](")[2].rstrip(")") for one in shown if one.type == "markdown" and one.key is None
    ]
    links = [link for link in links if link.startswith("http")]
    notes = [str(one.data) for one in shown if one.key]

    assert run.state_name == "NotReady"  # nobody has written the institution's number
    assert any("金融机构编码" in note for note in notes)
    assert {link.split("/")[-2].partition("Z-")[2][13:] for link in links} == {
        "by-business.csv",
        "by-cause.csv",
        "findings.csv",
        "totals.csv",
        "yearly-disclosure.en.html",
        "yearly-disclosure.xlsx",
        "yearly-disclosure.zh-CN.html",
    }
    for link in links:
        assert httpx.get(link).status_code == 200


def test_what_cannot_be_made_ends_refused_with_the_reason(redress: Running) -> None:
    run = redress.deploy_and_wait("make-return", name="yearly-disclosure", period="2025-Q1", regime="cn-nfra")

    assert (run.state_name, "it is made for a year" in run.state.message) == ("Refused", True)
