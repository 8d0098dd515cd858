"""The list of cases marks those whose run does not go on."""

import pytest
from prefect.states import Cancelled

from complaints.answers import Question
from complaints.settings import settings
from deployments.case_list import runs_in_trouble, show_cases
from deployments.doctor.runs import cancelled
from flows.runs import prefect_client, wake_case
from tests.flows.running import Running


def test_a_case_whose_run_was_cancelled_is_marked_until_it_goes_on(
    redress: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting, stopped = redress.file(), redress.file()
    for reference in (waiting, stopped):
        redress.until_asked(reference, Question.FINDING)
    with prefect_client() as client:
        client.set_flow_run_state(redress.run(stopped).id, Cancelled(message="by the test"))

    assert runs_in_trouble([waiting, stopped]) == {stopped: "cancelled"}
    (finding,) = cancelled(settings())
    assert (finding.grade, stopped in finding.found, waiting in finding.found) == ("note", True, False)
    assert "redress withdraw" in finding.cure
    show_cases(redress.store, [row for row in redress.store.list_cases(limit=500) if row.reference == stopped])
    shown = capsys.readouterr().out
    assert "已取消" in shown
    assert "redress withdraw" in shown

    assert wake_case(stopped)
    redress.until_asked(stopped, Question.FINDING)
    assert runs_in_trouble([waiting, stopped]) == {}
    assert stopped not in str(cancelled(settings()))
