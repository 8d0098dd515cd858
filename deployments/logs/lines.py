"""What a line of a log looks like: for people, or as one JSON object (``REDRESS_LOG_FORMAT=json``).

``logging.yml`` beside this module gives the lines to every process that imports Prefect: Prefect reads it while it is
imported, so this module must not import Prefect.

An error is told by its type and where it happened. What it says is left out unless it is one of Redress's own, whose
sentences hold no personal data: those of other libraries repeat what they stumbled over.
"""

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from complaints.errors.base import ComplaintError
from complaints.settings import settings

_ORDINARY: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}
_OF_RUN: Final = {"flow_run_id": "run", "flow_name": "flow", "task_name": "task", "flow_run_name": "name"}
"""What Prefect's own loggers know of the run, and what it is called here."""
_REFERENCE: Final = re.compile(r"TS\d{6}-\w{7}")
_STATE: Final = re.compile(r"\b((?:Finished in state|state) '?\w+)\(.*\)", re.DOTALL)
"""How Prefect tells a state: its message may be that of an error."""


def line_formatter() -> logging.Formatter:
    """Return the formatter that is set."""
    return JsonLines() if settings().log_format == "json" else TextLines()


class ToStandardError(logging.StreamHandler[TextIO]):
    """Writes to what standard error is at the moment."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        self.stream = sys.stderr
        super().emit(record)


class TextLines(logging.Formatter):
    """A line for people: time in UTC, level, logger, message, fields; an error's stack follows, indented."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields = "".join(f" {name}={value}" for name, value in fields_of(record).items())
        line = f"{_time(record)} {record.levelname} {record.name}: {message_of(record)}{fields}"
        if error := _error(record):
            line += f"\n{stack_of(error)}"
        return line.replace("\n", "\n    ")


class JsonLines(logging.Formatter):
    """A line for programs: one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        content: dict[str, Any] = {"time": _time(record), "level": record.levelname, "logger": record.name}
        content |= {"message": message_of(record)} | fields_of(record)
        if error := _error(record):
            content |= {"error": _name(error), "stack": stack_of(error)}
        return json.dumps(content, ensure_ascii=False)


def message_of(record: logging.LogRecord) -> str:
    """Return what was logged, without what errors of other libraries say."""
    arguments = record.args
    if isinstance(arguments, tuple):
        arguments = tuple(_said(one) if isinstance(one, BaseException) else one for one in arguments)
    message = str(record.msg) % arguments if arguments else str(record.msg)
    if (error := _error(record)) and not isinstance(error, ComplaintError):
        for words in (repr(error), str(error)):
            if len(words) > 1:
                message = message.replace(words, _name(error))
    return _STATE.sub(r"\1", message) if record.name.startswith("prefect.") else message


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields of a record, and of the run in which it was logged."""
    given: dict[str, Any] = {
        name: value
        for name, value in record.__dict__.items()
        if name not in _ORDINARY and isinstance(value, str | int | float) and not name.startswith("task_run")
    }
    run = {short: given.pop(name) for name, short in _OF_RUN.items() if name in given} or _run_now()
    name = str(run.pop("name", ""))
    if _REFERENCE.fullmatch(name):
        run["case"] = name
    return run | given


def stack_of(error: BaseException) -> str:
    """Return where an error happened, after where those happened that led to it; no values of variables."""
    parts: list[str] = []
    one: BaseException | None = error
    while one is not None and len(parts) < 10:  # errors can lead to each other in a circle
        parts.insert(0, "".join(traceback.format_tb(one.__traceback__)) + _said(one))
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return "\n".join(parts)


def _error(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None


def _name(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _said(error: BaseException) -> str:
    return f"{_name(error)}: {error}" if isinstance(error, ComplaintError) else _name(error)


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _run_now() -> dict[str, Any]:
    """Return the run that this thread executes; only a process that has imported Prefect executes any."""
    context = getattr(sys.modules.get("prefect.context"), "FlowRunContext", None)
    run = getattr(context.get() if context else None, "flow_run", None)
    return {"run": str(run.id), "name": run.name} if run else {}
