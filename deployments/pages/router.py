"""Where the pages for complainants are: a form, and under a secret link the page of each case.

Every address under ``/c/`` answers a wrong link in the same way, whether there is such a case or not. So do those
under ``/summaries/`` and ``/returns/``, where the firm's staff open regulatory summaries, the cases behind a figure of
one, and returns.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response

from complaints.errors.base import ComplaintError
from deployments.door.limits import Buckets
from deployments.pages import following
from deployments.pages.complaining import show_form, take_form
from deployments.pages.following import Action, Followed, follow
from deployments.pages.page import Page, style_sheet
from deployments.pages.reading import NotReadable, Sent, read_form
from deployments.pages.returns import show_return
from deployments.pages.summaries import show_summary

router: Final = APIRouter(include_in_schema=False)

SENDINGS: Final = Buckets(rate=30 / 600, burst=30)
"""Forms from one address, a second and at once: many people share the address of a mobile network."""

WRONG_LINKS: Final = Buckets(rate=20 / 600, burst=20)
"""Links that led nowhere, from one address: a second, and at once."""

THREADS: Final = 8
"""In which pages are made: each may use a connection to the database, and hold files."""

_limiter: Final = CapacityLimiter(THREADS)
Answer = TypeVar("Answer", Response, Response | None)
log = logging.getLogger("redress.pages")


@router.get("/pages.css")
def style() -> Response:
    """The style sheet."""
    return style_sheet()


@router.get("/complain")
async def complaint_form(request: Request) -> Response:
    """The complaint form."""
    page = Page(request)
    return await _answered(page, lambda: show_form(page))


@router.post("/complain")
async def complain(request: Request) -> Response:
    """Take a complaint in."""
    page = Page(request)

    async def take(sent: Sent) -> Response:
        return await _answered(page, lambda: take_form(page, sent))

    return await _with_form(page, take)


@router.get("/c/{reference}/{token}/sent")
async def sent(request: Request, reference: str, token: str) -> Response:
    """What to keep after sending."""
    return await _show(Page(request), reference, token, lambda one: one.show_sent())


@router.get("/c/{reference}/{token}")
async def status(request: Request, reference: str, token: str) -> Response:
    """How a case is going."""
    done = request.query_params.get("done")
    shown = done if done in following.DONE else None
    return await _show(Page(request), reference, token, lambda one: one.show(done=shown))


@router.get("/c/{reference}/{token}/withdrawal")
async def withdrawal_form(request: Request, reference: str, token: str) -> Response:
    """What a withdrawal means, and whether it is meant."""

    def show(one: Followed) -> Response:
        return one.show("withdrawal") if one.progress.may_withdraw else one.go()

    return await _show(Page(request), reference, token, show)


@router.get("/c/{reference}/{token}/materials")
@router.get("/c/{reference}/{token}/survey")
async def back(request: Request, reference: str, token: str) -> Response:
    """Lead back who loads the address of a form."""
    return await _show(Page(request), reference, token, lambda one: one.go())


@router.post("/c/{reference}/{token}/materials")
async def materials(request: Request, reference: str, token: str) -> Response:
    """Take materials in."""
    return await _act(Page(request), reference, token, "materials", following.add_materials)


@router.post("/c/{reference}/{token}/withdrawal")
async def withdrawal(request: Request, reference: str, token: str) -> Response:
    """Withdraw."""
    return await _act(Page(request), reference, token, "withdrawal", following.take_withdrawal)


@router.post("/c/{reference}/{token}/survey")
async def survey(request: Request, reference: str, token: str) -> Response:
    """Take an opinion in."""
    return await _act(Page(request), reference, token, "survey", following.take_opinion)


@router.get("/summaries/{name}/{token}")
async def summary(request: Request, name: str, token: str) -> Response:
    """A file of a summary, or the list of the cases behind one of its figures."""
    page = Page(request)
    return _must_wait(page) or await _found(page, lambda: show_summary(page, name, token))


@router.get("/returns/{name}/{token}")
async def file_of_return(request: Request, name: str, token: str) -> Response:
    """A file of a return."""
    page = Page(request)
    return _must_wait(page) or await _found(page, lambda: show_return(name, token))


async def _show(page: Page, reference: str, token: str, show: Callable[[Followed], Response]) -> Response:
    return _must_wait(page) or await _linked(page, reference, token, show)


async def _act(page: Page, reference: str, token: str, form: str, action: Action) -> Response:
    async def act(sent: Sent) -> Response:
        return await _linked(page, reference, token, lambda one: one.act(form, sent, action))

    return _must_wait(page) or await _with_form(page, act)


async def _with_form(page: Page, take: Callable[[Sent], Awaitable[Response]]) -> Response:
    try:
        sent = await read_form(page.request)
    except NotReadable:
        return page.say_no("error", "not_readable", 400)
    try:
        page.seconds_to_wait = SENDINGS.take(page.client)
        return await take(sent)
    finally:
        sent.close()


def _must_wait(page: Page) -> Response | None:
    """Return what is answered to who opened too many wrong links, whatever they open now; None to all others."""
    seconds = WRONG_LINKS.wait(page.client)
    return _wait(page, seconds) if seconds else None


def _wait(page: Page, seconds: int) -> Response:
    return page.say_no("wait_title", "wait", 429, {"Retry-After": str(seconds)}, minutes=-(-seconds // 60))


async def _linked(page: Page, reference: str, token: str, show: Callable[[Followed], Response]) -> Response:
    """Answer for the secret link of a case."""

    def look() -> Response | None:
        followed = follow(page, reference, token)
        return show(followed) if followed else None

    return await _found(page, look)


async def _found(page: Page, look: Callable[[], Response | None]) -> Response:
    """Answer with what lies under a secret link, or that there is nothing; that is counted."""
    if response := await _answered(page, look):
        return response
    WRONG_LINKS.take(page.client)
    return page.say_no("nothing_here_title", "nothing_here", 404)


async def _answered(page: Page, show: Callable[[], Answer]) -> Answer | Response:
    """Answer in a thread, or say that the pages cannot be used now."""

    def answer() -> Answer | Response:
        try:
            return show()
        except (ComplaintError, SQLAlchemyError, OSError) as error:
            log.error("a page could not be shown (%s); 'redress doctor' says why", type(error).__name__)
            return page.say_no("unavailable_title", "unavailable", 503, {"Retry-After": "60"})

    return await to_thread.run_sync(answer, limiter=_limiter)
