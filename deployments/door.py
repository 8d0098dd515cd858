"""The HTTP door: takes complaints in from other systems, signed by the Standard Webhooks scheme.

First the ledger, then Prefect: a complaint answered with 201 is stored for good; its run is started afterwards,
and by ``reconcile-runs`` where Prefect does not answer now.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any, Final

from fastapi import BackgroundTasks, FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from complaints.adapters.store import Store
from complaints.errors import AnswerRefused, NumberTaken, RetryableError
from complaints.intake import Complaint
from complaints.settings import settings
from flows.runs import prefect_client, start_run
from tasks.desk import store

LARGEST_BODY: Final = 1_000_000
"""Bytes; a complaint's words fit many times."""

log = logging.getLogger("redress.door")


class Refused(Exception):
    """A request that is not taken, as problem details (RFC 9457)."""

    def __init__(self, status: int, title: str, errors: list[dict[str, str]] | None = None) -> None:
        super().__init__(status, title, errors)
        self.status, self.title, self.errors = status, title, errors or []


app = FastAPI(title="Redress", description="Takes complaints in.")


@app.exception_handler(Refused)
async def show_refusal(request: Request, refused: Refused) -> JSONResponse:
    """Answer with problem details."""
    problem: dict[str, Any] = {"type": "about:blank", "title": refused.title, "status": refused.status}
    if refused.errors:
        problem["errors"] = refused.errors
    headers = {"Retry-After": "5"} if refused.status == 503 else None
    return JSONResponse(problem, refused.status, headers, media_type="application/problem+json")


@app.get("/healthz")
def healthz() -> dict[str, str]:
    """Say that the door is open."""
    return {"status": "ok"}


_BODY: Final = {"requestBody": {"content": {"application/json": {"schema": Complaint.model_json_schema()}}}}


@app.post("/v1/complaints", status_code=201, openapi_extra=_BODY)
async def file_complaint(request: Request, response: Response, background: BackgroundTasks) -> dict[str, str]:
    """Take in one complaint.

    The headers ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature`` sign the body; ``webhook-sender``
    names whose secret signed it. The same ``webhook-id``, or the same ``number`` with the same content, is the
    same case: it is answered with 200 and the reference it got the first time.
    """
    body = await _read(request)
    sender = _verify(request.headers, body)
    complaint = _parse(body)
    filed = await run_in_threadpool(_file, store(), complaint, sender, request.headers["webhook-id"])
    response.status_code = 201 if filed.is_new else 200
    if filed.is_new:
        background.add_task(_start, filed.reference)
    return {"reference": filed.reference}


async def _read(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise Refused(413, f"The body is larger than {LARGEST_BODY} bytes.")
    return body


def _verify(headers: Mapping[str, str], body: bytes) -> str:
    """Return the sender whose secret signed the body."""
    sender = headers.get("webhook-sender", "")
    secret = settings().webhook_secrets.get(sender)
    try:
        if secret is None:
            raise WebhookVerificationError("unknown sender")
        if not 1 <= len(headers.get("webhook-id", "")) <= 128:
            raise WebhookVerificationError("webhook-id must have 1 to 128 characters")
        Webhook(secret.get_secret_value()).verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError):
        raise Refused(401, "The signature does not fit: check webhook-sender, its secret, and the clock.") from None
    return sender


def _parse(body: bytes) -> Complaint:
    try:
        return Complaint.model_validate(json.loads(body))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(
            422, "The body is not JSON.", [{"field": "", "reason": "send one JSON object in UTF-8"}]
        ) from None
    except ValidationError as wrong:
        errors = [
            {"field": ".".join(str(part) for part in one["loc"]), "reason": one["msg"]}
            for one in wrong.errors(include_input=False, include_url=False, include_context=False)
        ]
        raise Refused(422, "The complaint cannot be taken as it is.", errors) from None


def _file(cases: Store, complaint: Complaint, sender: str, delivery_id: str) -> Any:
    try:
        return cases.file(complaint, sender, settings().regime, delivery_id)
    except AnswerRefused as refused:
        errors = [{"field": refused.field, "reason": refused.reason}]
        raise Refused(422, "The complaint cannot be taken as it is.", errors) from None
    except NumberTaken as taken:
        raise Refused(409, str(taken)) from None
    except RetryableError:
        raise Refused(503, "The complaint could not be stored now; nothing was kept. Send it again.") from None


def _start(reference: str) -> None:
    """Start the case's run; where Prefect does not answer, it is started later."""
    try:
        with prefect_client() as client:
            start_run(client, reference)
    except Exception as error:  # Prefect being away must not reach the sender: the case is stored
        log.warning("run of %s not started now (%s); reconcile-runs starts it", reference, type(error).__name__)
