"""What other systems may ask the door for."""

from collections.abc import Callable
from contextlib import closing
from typing import Any, Final, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from starlette.requests import Request

from complaints.contributions import DeliveryReceipt, Materials, Withdrawal
from complaints.intake import Complaint, Model
from complaints.senders import Scope
from complaints.words import LANGUAGES
from deployments.door import taking
from deployments.door.admission import JSON, MULTIPART, Admitted, admitted
from deployments.door.contents import record_of
from deployments.door.description import (
    FILED,
    MATERIALS_TAKEN,
    PROGRESS,
    REPORTED,
    WITHDRAWN,
    operation,
    with_files,
    without_files,
)
from deployments.door.parts import Part, Parts
from deployments.door.problems import invalid

THREADS: Final = 12
"""That work on the case database at a time; its connections are not many more."""

Record = TypeVar("Record", bound=Model)
Result = TypeVar("Result")
router = APIRouter()
_limiter = CapacityLimiter(THREADS)


@router.post("/v1/complaints", status_code=201, **operation(FILED, Complaint, with_files("complaint")))
async def file_complaint(request: Request) -> Response:
    """File one complaint.

    The same delivery (`webhook-id` or `Idempotency-Key`) or the same `number` with the same content is the same
    case: it is answered with 200 and the reference it got the first time. With other content it is answered with
    409, and nothing is stored.
    """
    async with admitted(request, Scope.FILE, JSON, MULTIPART) as given:
        if given.media_type == MULTIPART:
            filed = await _in_thread(lambda: _with_parts(request, given, Complaint, "complaint", taking.file_complaint))
        else:
            filed = await taking.file_record(given.caller, given.body.read())
    return JSONResponse({"reference": filed.reference}, 201 if filed.is_new else 200)


@router.post(
    "/v1/complaints/{reference}/materials",
    status_code=201,
    **operation(MATERIALS_TAKEN, Materials, with_files("materials")),
)
async def add_materials(request: Request) -> Response:
    """Add words or files to a case that is open. The same delivery again is answered with 200."""
    reference = request.path_params["reference"]

    def take(caller: Any, materials: Materials, parts: list[Part]) -> tuple[int, tuple[int, ...], bool]:
        return taking.add_materials(caller, reference, materials, parts)

    async with admitted(request, Scope.MATERIALS, JSON, MULTIPART) as given:
        number, evidence, is_new = await _in_thread(lambda: _with_parts(request, given, Materials, "materials", take))
    content = {"reference": reference, "number": number, "evidence": list(evidence)}
    return JSONResponse(content, 201 if is_new else 200)


@router.post("/v1/complaints/{reference}/withdrawal", **operation(WITHDRAWN, Withdrawal, without_files()))
async def withdraw(request: Request) -> Response:
    """Withdraw a complaint: the procedure ends the same day. A case that was withdrawn before stays so."""
    reference = request.path_params["reference"]
    async with admitted(request, Scope.WITHDRAW, JSON) as given:
        record = record_of(given.body.read(), Withdrawal)
        await _in_thread(lambda: taking.withdraw(given.caller, reference, record))
    return JSONResponse({"reference": reference, "step": "withdrawn"})


@router.post("/v1/complaints/{reference}/events", **operation(REPORTED, DeliveryReceipt, without_files()))
async def report_delivery(request: Request) -> Response:
    """Report what became of a letter of ours: delivered, delayed or failed."""
    reference = request.path_params["reference"]
    async with admitted(request, Scope.EVENTS, JSON) as given:
        record = record_of(given.body.read(), DeliveryReceipt)
        await _in_thread(lambda: taking.report_delivery(given.caller, reference, record))
    return JSONResponse({"reference": reference, "status": record.status})


@router.get("/v1/complaints/{reference}", **operation(PROGRESS, None, {}))
async def show_progress(request: Request) -> Response:
    """Show where a case stands, its dates and what comes next: what its complainant may know, and no more."""
    language = request.query_params.get("language")
    async with admitted(request, Scope.READ) as given:
        if language not in (None, *LANGUAGES):
            raise invalid("language", f"is one of: {', '.join(LANGUAGES)}")
        reference = request.path_params["reference"]
        progress = await _in_thread(lambda: taking.show_progress(given.caller, reference, language))
    return Response(progress.model_dump_json(), media_type=JSON, headers={"Cache-Control": "no-store"})


def _with_parts(
    request: Request,
    given: Admitted,
    model: type[Record],
    name: str,
    take: Callable[[Any, Record, list[Part]], Result],
) -> Result:
    """Read a record, and the files beside it where there are any, and take them in."""
    if given.media_type == JSON:
        return take(given.caller, record_of(given.body.read(), model), [])
    with closing(Parts(request.headers["content-type"], name)) as parts:
        return take(given.caller, record_of(parts.read(given.body), model), parts.files)


async def _in_thread(work: Callable[[], Result]) -> Result:
    return await anyio.to_thread.run_sync(work, limiter=_limiter)
