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
from prefect.settings import PREFECT_API_REQUEST_TIMEOUT, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook, WebhookVerificationError
from starlette.exceptions import HTTPException

from complaints.adapters.store import Filed
from complaints.errors import AnswerRefused, ComplaintError, DeliveryIdTaken, NumberTaken
from complaints.intake import Complaint
from complaints.settings import settings
from flows.runs import prefect_client, start_run
from tasks.desk import store

SHORT: Final = {PREFECT_CLIENT_MAX_RETRIES: 0, PREFECT_API_REQUEST_TIMEOUT: 5.0}
"""A Prefect that hangs must not keep the threads that store complaints; reconcile-runs starts the run later."""

LARGEST_BODY: Final = 1_000_000
"""Bytes; a complaint's words fit many times."""
LONGEST_FIELD: Final = 100
"""Characters of a field's name that an answer repeats; a field that nobody knows has the name its sender gave it."""
MOST_ERRORS: Final = 20
"""Wrong fields that an answer names."""

log = logging.getLogger("redress.door")


class Refused(Exception):
    """A request that is not taken, as problem details (RFC 9457)."""

    def __init__(self, status: int, title: str, errors: list[dict[str, str]] | None = None) -> None:
        super().__init__(status, title, errors)
        self.status, self.title, self.errors = status, title, errors or []


_RECORD: Final = Complaint.model_json_schema(ref_template="#/components/schemas/{model}")
_PARTS: Final[dict[str, Any]] = _RECORD.pop("$defs")
_BODY: Final = {"requestBody": {"required": True, "content": {"application/json": {"schema": _RECORD}}}}
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "It was filed before: the reference it got the first time."},
    401: {"description": "The signature does not fit."},
    409: {"description": "The webhook-id or the sender's number stands for a complaint with other content."},
    413: {"description": "The body is too large."},
    422: {"description": "The complaint cannot be taken as it is: each wrong field with the reason."},
    503: {"description": "It could not be stored now: send it again after the seconds of Retry-After."},
}


class Door(FastAPI):
    """The HTTP application, whose description holds the parts of the record too."""

    def openapi(self) -> dict[str, Any]:
        """Return the description of the door."""
        described = super().openapi()
        described.setdefault("components", {}).setdefault("schemas", {}).update(_PARTS)
        return described


app = Door(title="Redress", description="Takes complaints in.")


@app.exception_handler(Refused)
async def show_refusal(request: Request, refused: Refused) -> JSONResponse:
    """Answer with problem details."""
    problem: dict[str, Any] = {"type": "about:blank", "title": refused.title, "status": refused.status}
    if refused.errors:
        problem["errors"] = refused.errors
    headers = {"Retry-After": "5"} if refused.status == 503 else None
    return JSONResponse(problem, refused.status, headers, media_type="application/problem+json")


@app.exception_handler(HTTPException)
async def show_http_error(request: Request, error: HTTPException) -> JSONResponse:
    """Answer with problem details to what is no address or no method of the door."""
    problem = {"type": "about:blank", "title": str(error.detail), "status": error.status_code}
    return JSONResponse(problem, error.status_code, error.headers, media_type="application/problem+json")


@app.get("/healthz")
def healthz() -> dict[str, str]:
    """Say that the door is open."""
    return {"status": "ok"}


@app.post("/v1/complaints", status_code=201, responses=_ANSWERS, openapi_extra=_BODY)
async def file_complaint(request: Request, response: Response, background: BackgroundTasks) -> dict[str, str]:
    """Take in one complaint.

    The headers ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature`` sign the body; ``webhook-sender``
    names whose secret signed it. The same ``webhook-id`` or the same ``number`` with the same content is the
    same case: it is answered with 200 and the reference it got the first time. With other content it is
    answered with 409, and nothing is stored.
    """
    body = await _read(request)
    sender = _verify(request.headers, body)
    complaint = _parse(body)
    filed = await run_in_threadpool(_file, complaint, sender, request.headers["webhook-id"])
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
    except UnicodeDecodeError:  # of a body in GBK, say, nobody can tell who signed it
        raise Refused(422, "The body is not UTF-8.", [_NOT_JSON]) from None
    except (WebhookVerificationError, EmptyWebhookSecretError, ValueError):
        raise Refused(401, "The signature does not fit: check webhook-sender, its secret, and the clock.") from None
    return sender


_NOT_JSON: Final = {"field": "", "reason": "send one JSON object in UTF-8"}


class _SentTwice(ValueError):
    """An object names a field twice, so that nobody can know which value is meant."""


def _parse(body: bytes) -> Complaint:
    try:
        content = json.loads(body, object_pairs_hook=_object)
    except _SentTwice as twice:
        errors = [{"field": _short(str(twice)), "reason": "is there twice; send it once"}]
        raise Refused(422, "The complaint cannot be taken as it is.", errors) from None
    except (ValueError, RecursionError):  # ValueError also for a number of thousands of digits
        raise Refused(422, "The body is not JSON.", [_NOT_JSON]) from None
    if not isinstance(content, dict):
        raise Refused(422, "The body is not a JSON object.", [_NOT_JSON])
    try:
        return Complaint.model_validate(content)
    except ValidationError as wrong:
        errors = [
            {
                "field": _short(".".join(str(part) for part in one["loc"])),
                "reason": one["msg"].removeprefix("Value error, "),
            }
            for one in wrong.errors(include_input=False, include_url=False, include_context=False)[:MOST_ERRORS]
        ]
        raise Refused(422, "The complaint cannot be taken as it is.", errors) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a JSON object; the same field twice is refused."""
    content: dict[str, Any] = {}
    for name, value in pairs:
        if name in content:
            raise _SentTwice(name)
        content[name] = value
    return content


def _short(field: str) -> str:
    """Return a field's name as an answer can hold it: short, and text."""
    return field[:LONGEST_FIELD].encode(errors="replace").decode()


def _file(complaint: Complaint, sender: str, delivery_id: str) -> Filed:
    """Store a complaint; where this installation cannot store, nothing is kept and the sender tries again."""
    try:
        return store().file(complaint, sender, settings().regime, delivery_id, settings().further_regimes)
    except AnswerRefused as refused:
        errors = [{"field": refused.field, "reason": refused.reason}]
        raise Refused(422, "The complaint cannot be taken as it is.", errors) from None
    except (NumberTaken, DeliveryIdTaken) as taken:
        raise Refused(409, str(taken)) from None
    except (ComplaintError, SQLAlchemyError, OSError) as error:
        log.error("a complaint could not be stored (%s); 'redress doctor' says why", type(error).__name__)
        raise Refused(503, "The complaint could not be stored now; nothing was kept. Send it again.") from None


def _start(reference: str) -> None:
    """Start the case's run; where Prefect does not answer, it is started later."""
    try:
        with temporary_settings(updates=SHORT), prefect_client() as client:
            start_run(client, reference)
    except Exception as error:  # Prefect being away must not reach the sender: the case is stored
        log.warning("run of %s not started now (%s); reconcile-runs starts it", reference, type(error).__name__)
