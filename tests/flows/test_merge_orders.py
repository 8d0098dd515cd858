"""The same complaint twice, on a real server: suggested, merged on Prefect's page, and taken apart again."""

import pytest

from complaints.answers import Question
from complaints.sheet import case_sheet
from complaints.words import Closure, Stage
from tests.flows.running import Running

AGAIN = {
    "complainant": {"name": "乔重来", "contacts": [{"kind": "email", "value": "qiao.chonglai@example.cn"}]},
    "narrative": "客服承诺不收服务费，但三月五日扣款时被重复收取了两次，要求退还多扣的费用并书面道歉。",
}


def a_pair(redress: Running) -> tuple[str, str]:
    """Two cases of the same complaint that wait for a finding; the earlier, then the later."""
    pair = []
    for _ in range(2):
        pair.append(redress.file(**AGAIN))
        redress.until_asked(pair[-1], Question.FINDING)
    return pair[0], pair[1]


@pytest.mark.slow
def test_a_merged_case_s_run_completes_and_waits_again_where_it_waited_once_that_is_undone(redress: Running) -> None:
    first, second = a_pair(redress)
    assert first in [one.reference for one in redress.case(second).repeats]
    form = redress.run(second).state
    assert form is not None

    merged = redress.deploy_and_wait("merge-cases", reference=second, into=first, asked_by="c.zhao")

    assert merged.state is not None
    assert merged.state.message == "Recorded."
    redress.until(lambda: (state := redress.run(second).state) and state.is_completed(), "the merged case's run ends")
    assert redress.case(second).closed.closure is Closure.MERGED  # type: ignore[union-attr]
    redress.until_asked(first, Question.FINDING)
    assert f"Merged into this case, which answers for them:** {second}" in case_sheet(
        redress.case(first), redress.store.now()
    )

    undone = redress.deploy_and_wait("unmerge-case", reference=second, asked_by="c.zhao")

    assert undone.state is not None
    assert undone.state.message == "Recorded."
    redress.until_asked(second, Question.FINDING)
    assert redress.case(second).stage is Stage.UNDER_INVESTIGATION
    redress.live_on([first, second])
    assert redress.case(second).closed.closure is Closure.COMPLETED  # type: ignore[union-attr]
    assert ("decision", 1) in redress.case(second).letters


def test_a_merger_that_must_not_be_is_refused_with_the_reason(redress: Running) -> None:
    first, second = a_pair(redress)

    run = redress.deploy_and_wait("merge-cases", reference=first, into=second, asked_by="c.zhao")

    assert run.state is not None
    assert run.state.name == "Refused"
    assert f"redress merge {second} {first}" in (run.state.message or "")
    assert redress.case(first).merged is None
