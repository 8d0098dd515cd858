"""Everything that the door refuses, as problem details (RFC 9457)."""

import errno
import logging
import secrets
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from complaints.errors.telling import stack_of
from deployments.metrics.door import refused

MOST_ERRORS: Final = 20
"""Wrong fields that an answer names."""
LONGEST_FIELD: Final = 100
"""Characters of a field's name that an answer repeats; a field that nobody knows has the name its sender gave it."""
MEDIA_TYPE: Final = "application/problem+json"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})

log = logging.getLogger("redress.door")


@dataclass(frozen=True)
class Problem:
    """A sort of problem: what programs tell it by."""

    name: str
    status: int
    title: str

    @property
    def type(self) -> str:
        """The URI by which programs know it."""
        return f"urn:redress:problem:{self.name}"


KEY_MISSING: Final = Problem("idempotency-key-missing", 400, "The delivery has no id.")
UNAUTHENTICATED: Final = Problem("unauthenticated", 401, "Nobody can tell who sent it.")
FORBIDDEN: Final = Problem("forbidden", 403, "The sender may not do this.")
UNKNOWN_CASE: Final = Problem("unknown-case", 404, "There is no such case.")
TOO_SLOW: Final = Problem("too-slow", 408, "The body took too long.")
ID_TAKEN: Final = Problem("delivery-id-taken", 409, "The delivery's id stands for other content.")
NUMBER_TAKEN: Final = Problem("number-taken", 409, "A case has this number already.")
CASE_CLOSED: Final = Problem("case-closed", 409, "The case is closed.")
TOO_LARGE: Final = Problem("too-large", 413, "The body is too large.")
WRONG_TYPE: Final = Problem("unsupported-type", 415, "A body of this sort is not taken.")
INVALID: Final = Problem("invalid", 422, "It cannot be taken as it is.")
FILE_REFUSED: Final = Problem("file-refused", 422, "A file cannot be taken.")
TOO_MANY: Final = Problem("too-many-requests", 429, "The sender asks too often.")
HEADERS_TOO_LARGE: Final = Problem("headers-too-large", 431, "The headers are too large.")
BROKEN: Final = Problem("internal-error", 500, "Something is wrong with this installation.")
UNAVAILABLE: Final = Problem("unavailable", 503, "It cannot be done now.")

ALL: Final = tuple(one for one in list(globals().values()) if isinstance(one, Problem))


class Refused(Exception):
    """A request that is not taken."""

    def __init__(
        self,
        problem: Problem,
        detail: str,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(problem, detail, errors, headers)
        self.problem, self.detail, self.errors, self.headers = problem, detail, errors, headers or {}


def invalid(field: str, reason: str, problem: Problem = INVALID) -> Refused:
    """Return the refusal of one field."""
    return Refused(
        problem, f"{short(field)}: {reason}" if field else reason, [{"field": short(field), "reason": reason}]
    )


def all_invalid(wrong: ValidationError) -> Refused:
    """Return the refusal of every field that does not fit the record; it repeats no value."""
    errors = [
        {"field": short(".".join(str(part) for part in one["loc"])), "reason": one["msg"].removeprefix("Value error, ")}
        for one in wrong.errors(include_input=False, include_url=False, include_context=False)[:MOST_ERRORS]
    ]
    return Refused(INVALID, "Correct the fields that are named, and send it again.", errors)


def short(field: str) -> str:
    """Return a field's name as an answer can hold it: short, and text."""
    return field[:LONGEST_FIELD].encode(errors="replace").decode()


# --- answering -----------------------------------------------------------------------------------


def answer(
    problem: Problem,
    detail: str,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
    instance: str = "",
) -> JSONResponse:
    """Return the answer that tells of a problem, and count it."""
    refused(problem.name)
    content: dict[str, Any] = {"type": problem.type, "title": problem.title, "status": problem.status, "detail": detail}
    if errors:
        content["errors"] = list(errors)
    if instance:
        content["instance"] = instance
    return JSONResponse(content, problem.status, dict(headers or {}), media_type=MEDIA_TYPE)


def bug_id(scope: MutableMapping[str, Any]) -> str:
    """Return by which id a bug is found in the log that a request ran into."""
    return str(scope.setdefault("redress.bug", secrets.token_hex(4)))


def log_bug(error: Exception, id: str) -> None:
    """Log where a bug showed; the error's own words may be a complainant's."""
    log.error("an unexpected %s:\n%s", type(error).__name__, stack_of(error), extra={"bug": id})


def broken(id: str) -> JSONResponse:
    """Return the answer to a request that ran into a bug."""
    made = f"It was not the sender's fault; the installation's log says more of bug {id}."
    return answer(BROKEN, made, instance=f"urn:redress:bug:{id}")


def install(app: FastAPI) -> None:
    """Let an application answer with problem details to whatever is wrong."""

    @app.exception_handler(Refused)
    async def show_refusal(request: Request, refusal: Refused) -> JSONResponse:
        return answer(refusal.problem, refusal.detail, refusal.errors, refusal.headers)

    @app.exception_handler(HTTPException)
    async def show_http_error(request: Request, error: HTTPException) -> JSONResponse:
        """What is no address or no method of the door has no type of its own: the status says it all."""
        title = str(error.detail)
        detail = f"{title}. See /openapi.json."
        content = {"type": "about:blank", "title": title, "status": error.status_code, "detail": detail}
        return JSONResponse(content, error.status_code, error.headers, media_type=MEDIA_TYPE)

    @app.exception_handler(RequestValidationError)
    async def show_wrong_parameters(request: Request, wrong: RequestValidationError) -> JSONResponse:
        errors = [{"field": short(str(one["loc"][-1])), "reason": str(one["msg"])} for one in wrong.errors()]
        return answer(INVALID, "Correct the parameters that are named.", errors[:MOST_ERRORS])

    @app.exception_handler(OSError)
    async def show_full_disk(request: Request, error: OSError) -> JSONResponse:
        """A disk that holds what comes in, for as long as it is looked at, is full; all other errors are bugs."""
        if error.errno not in _FULL:
            raise error
        log.error("a disk is full (%s); 'redress doctor' says which", errno.errorcode[error.errno])
        detail = "Nothing was kept. Send it again, under the same id, after the seconds of Retry-After."
        return answer(UNAVAILABLE, detail, headers={"Retry-After": "60"})

    @app.exception_handler(Exception)
    async def show_bug(request: Request, error: Exception) -> JSONResponse:
        return broken(bug_id(request.scope))  # Starlette raises it again, and the guard logs it
