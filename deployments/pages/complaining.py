"""The complaint form: shown, corrected, and filed once however often it is sent."""

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response

from complaints.adapters.filing import Filed
from complaints.adapters.linking import secret_token
from complaints.adapters.store import OpenCase
from complaints.errors.base import ComplaintError
from complaints.errors.intake import DeliveryIdTaken
from complaints.intake import Complaint
from complaints.settings import settings
from deployments.door import aftermath
from deployments.metrics.door import complaint_taken
from deployments.pages.attaching import SENDER, Attachment, examine, limits
from deployments.pages.fields import FIELDS, NotComplete, Wrong, read_complaint
from deployments.pages.page import Page
from deployments.pages.protection import SOONEST_SECONDS, Ticket
from deployments.pages.reading import Sent
from tasks.contributions import attach
from tasks.desk import store

COMPLAINANT: Final = "complainant"
"""Who did what a person did on the pages; the ledger names nobody."""

_FORM: Final = "complain"

log = logging.getLogger("redress.pages")


def show_form(page: Page) -> Response:
    """Show an empty form."""
    return _form(page, {"kind": "complaint", "party": "person"})


def take_form(page: Page, sent: Sent) -> Response:
    """File a complaint, or show the form again with everything that was typed and what to do."""
    ticket = page.read_ticket(_FORM, sent.typed)
    if refusal := refuse_early(page, sent, ticket):
        wrong, status, headers = refusal
        return _form(page, sent.typed, [wrong], status, ticket, headers=headers, chosen=bool(sent.files))
    if ticket is None:  # refused above
        return show_form(page)
    if sent.typed.get("more") or time.time() - ticket.given_at < SOONEST_SECONDS:
        firm = settings().firm
        wrong = Wrong("", page.say("form_trapped", telephone=firm.telephone, email=firm.email))
        return _form(page, sent.typed, [wrong], 400, ticket, chosen=bool(sent.files))
    try:
        attachments, complaint = _read(page, sent)
        filed = _file(complaint, attachments, ticket)
    except NotComplete as refused:
        return _form(page, sent.typed, refused.wrong, 422, ticket, chosen=bool(sent.files))
    except DeliveryIdTaken as taken:
        wrong = Wrong("", page.say("form_sent_before", reference=taken.reference))
        return _form(page, sent.typed, [wrong], 409, chosen=bool(sent.files))
    except (ComplaintError, SQLAlchemyError, OSError) as error:
        wrong, headers = not_stored(page, error)
        return _form(page, sent.typed, [wrong], 503, ticket, headers=headers, chosen=bool(sent.files))
    token = secret_token(store(), filed.reference)
    return page.go(f"/c/{filed.reference}/{token}/sent")


def refuse_early(page: Page, sent: Sent, ticket: Ticket | None) -> tuple[Wrong, int, Mapping[str, str]] | None:
    """Say why a form is not even looked at, with the status and headers of the answer; None where it is."""
    if sent.too_large:
        return Wrong("files", page.say("too_large", **limits())), 413, {}
    if seconds := page.seconds_to_wait:
        text = page.say("too_often", minutes=-(-seconds // 60), telephone=settings().firm.telephone)
        return Wrong("", text), 429, {"Retry-After": str(seconds)}
    return (Wrong("", page.say("form_expired")), 403, {}) if ticket is None else None


def not_stored(page: Page, error: Exception) -> tuple[Wrong, Mapping[str, str]]:
    """Note that something could not be stored; return what is said of it, and headers of the answer."""
    log.error("a form could not be stored (%s); 'redress doctor' says why", type(error).__name__)
    return Wrong("", page.say("not_stored", telephone=settings().firm.telephone)), {"Retry-After": "60"}


def _read(page: Page, sent: Sent) -> tuple[list[Attachment], Complaint]:
    """Return the files and the record.

    Raises:
        NotComplete: with everything that is wrong, so that nobody must send it once for each mistake.
    """
    attachments, refused = examine(sent.files, page.language, page.say)
    today = store().now().astimezone(store().rules().pack(settings().regime).tz).date()
    evidence = [one.evidence for one in attachments]
    try:
        complaint = read_complaint(sent.typed, page.language, evidence, today, page.say)
    except NotComplete as wrong:
        raise NotComplete([*wrong.wrong, *refused]) from None
    if refused:
        raise NotComplete(refused)
    return attachments, complaint


def _file(complaint: Complaint, attachments: Sequence[Attachment], ticket: Ticket) -> Filed:
    """Store a complaint with its files in one transaction; a form that is sent twice is one complaint."""

    def keep_files(desk: OpenCase) -> None:
        attach(desk, [one.upload for one in attachments], COMPLAINANT)

    filed = store().file(complaint, SENDER, settings().regime, ticket.id, settings().further_regimes, keep_files)
    if filed.is_new:
        complaint_taken(SENDER)
        aftermath.filed(filed.reference)
    return filed


def _form(
    page: Page,
    typed: Mapping[str, str],
    wrong: Sequence[Wrong] = (),
    status: int = 200,
    ticket: Ticket | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    chosen: bool = False,
) -> Response:
    """Show the form with what was typed; the same ticket again is the same complaint."""
    return page.show(
        "complain",
        status,
        headers,
        typed={name: typed.get(name, "") for name in FIELDS},
        errors=wrong,
        ticket=page.give_ticket(_FORM, ticket),
        limits=limits(),
        chosen_files=chosen,
    )
