"""The complainants' pages at a running door: what is done there moves the case's run."""

import time
from collections.abc import Iterator

import httpx
import pytest

from complaints.answers import Question
from complaints.settings import settings
from complaints.words import Closure, Satisfaction, Stage
from deployments.pages import complaining
from tests.deployments.visiting import PICTURE, WHAT_IS_TYPED, Visitor, page_path, reference_of, words
from tests.flows.running import Running


@pytest.fixture
def visitor(redress: Running) -> Iterator[Visitor]:
    """Somebody with a browser."""
    with httpx.Client(base_url=settings().pages_url, timeout=30) as client:
        yield Visitor(client)


def complain(visitor: Visitor, redress: Running) -> httpx.Response:
    """File a complaint as a person does, who needs some seconds to type; return the page of its progress."""
    form, begun = visitor.get("/complain"), time.monotonic()
    redress.until(lambda: time.monotonic() - begun > complaining.SOONEST_SECONDS, "somebody has typed")
    sent = visitor.send(form, WHAT_IS_TYPED | {"happened_on": "2026-01-02"}, [PICTURE])
    redress.until_rest(reference_of(sent))
    return visitor.get(page_path(sent))


def test_an_opinion_that_is_given_on_the_page_ends_the_case(visitor: Visitor, redress: Running) -> None:
    page = complain(visitor, redress)
    reference = reference_of(page)
    redress.answer(reference, Question.FINDING)
    redress.answer(reference, Question.DECISION)
    redress.until(lambda: redress.case(reference).stage is Stage.PUT_RIGHT, "the follow-up is waited for")
    redress.until_rest(reference)
    redress.pass_days(8)
    redress.until_asked(reference, Question.FOLLOW_UP)

    page = visitor.get(page.url.path)
    assert "处理决定告知书" in words(page)
    done = visitor.send(page, {"survey": "neutral", "lesson": "可以更快。"}, action="/survey")

    assert "谢谢您的评价" in words(done)
    redress.until(lambda: not redress.case(reference).stage.is_open, "the run has closed the case")
    case = redress.case(reference)
    assert case.followed_up is not None
    assert case.followed_up.satisfaction is Satisfaction.NEUTRAL
    assert case.closed is not None
    assert case.closed.closure is Closure.COMPLETED


@pytest.mark.slow
def test_a_withdrawal_on_the_page_ends_the_run(visitor: Visitor, redress: Running) -> None:
    page = complain(visitor, redress)
    reference = reference_of(page)
    redress.until_asked(reference, Question.FINDING)
    visitor.send(visitor.get(f"{page.url.path}/withdrawal"), {}, action="/withdrawal")

    def ended() -> bool:
        state = redress.run(reference).state
        return state is not None and state.is_completed()

    redress.until(ended, "the run has ended")
    assert "已撤回" in words(visitor.get(page.url.path))
