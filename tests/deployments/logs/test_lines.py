"""What a line of a log holds, on standard error and on Prefect's page, and what it never does."""

import io
import json
import logging
from datetime import UTC, datetime

import pytest

from complaints.errors.case import UnknownCase
from complaints.settings import settings
from deployments.logs.lines import JsonLines, PageLines, TextLines, ToStandardError, line_formatter

WORDS = "林知夏 lin@example.cn"
"""What only the complainant may read again."""


def record(message: str, *arguments: object, name: str = "redress.door", error: BaseException | None = None, **fields):
    made = logging.LogRecord(name, logging.ERROR, __file__, 1, message, arguments, (type(error), error, None))
    made.exc_info = (type(error), error, error.__traceback__) if error else None
    made.__dict__.update(fields)
    return made


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        hidden = WORDS  # noqa: F841 - a variable whose value no log may hold
        raise error from cause
    except Exception as caught:
        return caught


def as_json(*arguments: object, **more: object) -> dict[str, object]:
    line = JsonLines().format(record(*arguments, **more))
    assert "\n" not in line
    return json.loads(line)


def both(*arguments: object, **more: object) -> str:
    one = record(*arguments, **more)
    return JsonLines().format(one) + TextLines().format(one) + PageLines().format(one)


def test_a_json_line_is_one_object_with_time_level_logger_message_and_fields():
    content = as_json("letter %d was sent", 3, case="TS260302-7K3M9QX", seconds=0.25)

    assert datetime.fromisoformat(str(content.pop("time"))) <= datetime.now(UTC)
    assert content == {
        "level": "ERROR",
        "logger": "redress.door",
        "message": "letter 3 was sent",
        "case": "TS260302-7K3M9QX",
        "seconds": 0.25,
    }


def test_a_text_line_is_for_people():
    line = TextLines().format(record("answered", name="redress.access", route="/complain", status=200))

    assert line.endswith("Z ERROR redress.access: answered route=/complain status=200")


def test_nobody_can_forge_a_line_by_what_is_logged():
    line = TextLines().format(record("first\n2026-01-01T00:00:00.000Z ERROR redress.door: forged"))

    assert all(part.startswith(" ") for part in line.split("\n")[1:])


def test_of_an_error_type_and_place_are_told_but_neither_its_words_nor_values():
    error = raised(KeyError(WORDS), cause=raised(ValueError(WORDS)))

    content = as_json("it failed", error=error)

    assert content["error"] == "KeyError"
    assert content["stack"].index("ValueError") < content["stack"].index("KeyError")
    assert "in raised" in content["stack"]
    assert WORDS not in both("it failed", error=error)


def test_what_our_own_errors_say_is_told_for_it_holds_no_personal_data():
    assert "There is no case TS260302-7K3M9QX" in both("it failed", error=raised(UnknownCase("TS260302-7K3M9QX")))


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        (f"Encountered exception during execution: ValueError('{WORDS}')", ()),
        (f"Crash detected: {WORDS}", ()),
        ("Encountered exception during execution: %r", (ValueError(WORDS),)),
    ],
)
def test_a_message_does_not_repeat_what_the_error_says(message: str, arguments: tuple[object, ...]):
    logged = both(message, *arguments, name="prefect.flow_runs", error=raised(ValueError(WORDS)))

    assert WORDS not in logged
    assert "ValueError" in logged


def test_a_message_of_prefect_does_not_repeat_the_error_that_it_is_dealing_with():
    try:
        raise TimeoutError(WORDS)
    except TimeoutError as error:
        logged = both(f"Task run failed due to timeout: {error!r}", name="prefect.task_runs")

    assert WORDS not in logged
    assert "due to timeout: TimeoutError" in logged


def test_the_page_shows_the_message_and_where_an_error_happened_beside_what_it_shows_itself():
    shown = PageLines().format(record("it failed", error=raised(KeyError(WORDS)), seconds=0.25))

    assert shown.startswith("it failed\n  File ")
    assert shown.endswith("KeyError")


@pytest.mark.parametrize("name", ["prefect.flow_runs", "prefect.task_runs"])
def test_of_a_state_prefect_tells_its_name_alone(name: str):
    logged = both(f'Finished in state Failed("Flow run encountered an exception: ValueError: {WORDS}")', name=name)

    assert "Finished in state Failed" in logged
    assert WORDS not in logged


def test_a_line_of_a_run_names_run_flow_and_case():
    fields = {"flow_run_id": "8d0c", "flow_name": "handle-complaint", "flow_run_name": "TS260302-7K3M9QX"}

    content = as_json("suspended", name="prefect.flow_runs", task_run_id="1", **fields)

    assert {"run": "8d0c", "flow": "handle-complaint", "case": "TS260302-7K3M9QX"}.items() <= content.items()
    assert "task_run_id" not in content


def test_fields_that_are_no_plain_values_stay_out():
    assert "letter" not in as_json("sent", letter={"to": WORDS})


def test_the_setting_says_which_lines_are_written(monkeypatch):
    monkeypatch.setattr(settings(), "log_format", "json")
    assert isinstance(line_formatter(), JsonLines)
    monkeypatch.setattr(settings(), "log_format", "text")
    assert isinstance(line_formatter(), TextLines)


def test_lines_go_to_what_standard_error_is_now(capsys):
    handler = ToStandardError()
    handler.stream = io.StringIO()  # what it was once, such as a file that is closed by now
    handler.handle(record("now"))

    assert "now" in capsys.readouterr().err
