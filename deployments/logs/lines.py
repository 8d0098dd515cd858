"""What a line of a log looks like: for people, or as one JSON object (``REDRESS_LOG_FORMAT=json``).

``logging.yml`` beside this module gives the lines to every process that imports Prefect: Prefect reads it while it is
imported, so this module must not import Prefect.

An error is told by its type and where it happened, as ``complaints.errors.telling`` says.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from complaints.errors.base import ComplaintError
from complaints.errors.telling import name_of, said_by, stack_of
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
            content |= {"error": name_of(error), "stack": stack_of(error)}
        return json.dumps(content, ensure_ascii=False)


class PageLines(logging.Formatter):
    """What Prefect's page shows of a line, beside the time and the level that it shows itself."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        message = message_of(record)
        return f"{message}\n{stack_of(error)}" if (error := _error(record)) else message


def message_of(record: logging.LogRecord) -> str:
    """Return what was logged, without what errors of other libraries say.

    Prefect also puts into a message what an error says that it is just dealing with, and does not add the error.
    """
    arguments = record.args
    if isinstance(arguments, tuple):
        arguments = tuple(said_by(one) if isinstance(one, BaseException) else one for one in arguments)
    message = str(record.msg) % arguments if arguments else str(record.msg)
    of_prefect = record.name.startswith("prefect.")
    error = _error(record) or (sys.exc_info()[1] if of_prefect else None)
    if error and not isinstance(error, ComplaintError):
        for words in (repr(error), str(error)):
            if len(words) > 1:
                message = message.replace(words, name_of(error))
    return _STATE.sub(r"\1", message) if of_prefect else message


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


def _error(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _run_now() -> dict[str, Any]:
    """Return the run that this thread executes; only a process that has imported Prefect executes any."""
    context = getattr(sys.modules.get("prefect.context"), "FlowRunContext", None)
    run = getattr(context.get() if context else None, "flow_run", None)
    return {"run": str(run.id), "name": run.name} if run else {}
