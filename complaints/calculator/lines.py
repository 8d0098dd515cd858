"""One request a line, one answer a line: whatever a line holds, it gets an answer or a named refusal."""

import json
import math
import re
from collections.abc import Callable
from typing import Any, Final, NoReturn

from pydantic import (
    ValidationError,
)
from pydantic_core import to_json

from complaints.calculator.answers import FindCalendar, answer, working_time
from complaints.calculator.requests import LONGEST_NAME, Request, WorkingTimeRequest
from complaints.calendars.files import load_calendar
from complaints.errors.base import ComplaintError
from complaints.errors.deadlines import DeadlineError, RequestRefused


def answer_line(
    text: str | bytes, find_calendar: FindCalendar = load_calendar, calendar: str | None = None
) -> dict[str, Any]:
    """Return the answer to a line of JSON; whatever is wrong is an answer too, with ``error``.

    Args:
        text: A :class:`Request`.
        find_calendar: Returns the calendar of a name.
        calendar: The name of the one to use where the request has none.
    """
    return _answered(text, calendar, lambda content: answer(Request.model_validate(content), find_calendar))


def working_time_line(
    text: str | bytes, find_calendar: FindCalendar = load_calendar, calendar: str | None = None
) -> dict[str, Any]:
    """Return the answer to a :class:`WorkingTimeRequest` as :func:`answer_line` does."""
    return _answered(
        text, calendar, lambda content: working_time(WorkingTimeRequest.model_validate(content), find_calendar)
    )


def _answered(
    text: str | bytes, calendar: str | None, compute: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    number = None
    try:
        content = read_line(text)
        number = content.get("id")
        if calendar is not None:
            content.setdefault("calendar", calendar)
        return compute(content)
    except ComplaintError as wrong:
        refused = refusal(wrong)
    except ValidationError as wrong:
        refused = invalid(wrong)
    except Exception as wrong:  # a stream of a million lines goes on after the one that nobody thought of
        refused = RequestRefused("not_computed", "", f"cannot be computed ({type(wrong).__name__}); please report it")
    return {"id": number, "error": {"name": refused.name, "field": refused.field, "message": refused.reason}}


def read_line(text: str | bytes) -> dict[str, Any]:
    """Return the JSON object of a line.

    Raises:
        RequestRefused: it is none, names a field twice, or its ``id`` cannot be echoed.
    """
    try:
        content = _JSON.decode(text if isinstance(text, str) else text.decode())
    except (ValueError, RecursionError) as wrong:  # ValueError also for a number of thousands of digits
        reason = str(wrong) if isinstance(wrong, _Odd) else "is no JSON object in UTF-8"
        raise RequestRefused("not_json", "", reason) from None
    if not isinstance(content, dict):
        raise RequestRefused("not_json", "", "is no JSON object")
    _check_echo(content.get("id"))
    return content


class _Odd(ValueError):
    """What the standard library takes for JSON and we do not."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise _Odd("a field is there twice; send it once")
    return content


def _no_number(text: str) -> NoReturn:
    raise _Odd(f"{text} is no number of JSON")


def _number(text: str) -> float:
    if math.isinf(number := float(text)):
        raise _Odd("a number is larger than any that a program could hold")
    return number


_JSON: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_number, parse_float=_number)


def _check_echo(number: object) -> None:
    """Refuse an ``id`` that could not be written again, such as half of a character."""
    if isinstance(number, int) or number is None or (isinstance(number, str) and number.isascii()):
        return
    try:
        to_json([[number]])
    except (ValueError, RecursionError, TypeError):
        raise RequestRefused("not_json", "id", "cannot be written again as JSON") from None


def refusal(wrong: ComplaintError) -> RequestRefused:
    """Return any error as one that has a name for programs, a field, and a reason."""
    if isinstance(wrong, RequestRefused):
        return RequestRefused(wrong.name, wrong.field, _text(wrong.reason))
    field, colon, reason = str(wrong).partition(": ")
    if not (colon and isinstance(wrong, DeadlineError)):
        field, reason = "", str(wrong)
    return RequestRefused(re.sub(r"(?<!^)(?=[A-Z])", "_", type(wrong).__name__).lower(), field, _text(reason))


_MESSAGES: Final = {
    "missing": "is needed",
    "extra_forbidden": "is no field of this request",
    "int_type": "is no whole number",
    "bool_type": "is neither true nor false",
    "string_type": "is no text",
    "tuple_type": "is no list",
    "model_type": "is no object of fields",
    "model_attributes_type": "is no object of fields",
}


def invalid(wrong: ValidationError) -> RequestRefused:
    """Return the first thing that is wrong with a request."""
    error = wrong.errors(include_url=False, include_input=False)[0]
    place = [str(part) for part in error["loc"] if not str(part).startswith("{")]
    if within := error.get("ctx", {}).get("field"):
        place.append(within)
    name = error["type"] if error["type"] == "naive_instant" else "invalid_field"
    message = _MESSAGES.get(error["type"], error["msg"].removeprefix("Value error, "))
    return RequestRefused(name, _text(".".join(place)[:LONGEST_NAME]), _text(message))


def _text(text: str) -> str:
    """Return a text as one line that can be written, whatever was sent."""
    return " ".join(text.encode(errors="replace").decode().split())
