"""Flows that hang, die, dawdle, and fail with words that name a person, for the tests of the worker."""

import os
import signal
import time
from pathlib import Path

from prefect import flow, task
from pydantic import TypeAdapter

NAME = "林知夏"
"""What only the complainant may read again."""


@flow(name="hang")
def hang() -> None:
    """Never end, and hear no request to."""
    while True:
        time.sleep(3600)


@flow(name="die")
def die(marks: str, times: int) -> None:
    """Take this process down, so many times, and then end in order.

    Args:
        marks: A file; each time adds a line to it.
        times: How often.
    """
    if add_line(marks) <= times:
        os.kill(os.getpid(), signal.SIGKILL)


@flow(name="dawdle")
def dawdle(marks: str, seconds: float) -> None:
    """Take a while, and note the beginning and the end."""
    add_line(marks, "begun")
    time.sleep(seconds)
    add_line(marks, "done")


@task(name="quote its input", retries=1)
def quote_input() -> None:
    """Fail, twice, with words that quote what was given."""
    TypeAdapter(int).validate_python(NAME)


@task(name="time out")
def time_out() -> None:
    """Fail in a way of which Prefect tells otherwise."""
    raise TimeoutError(f"{NAME} does not answer")


@flow(name="quote")
def quote(in_step: str) -> None:
    """Fail with words that name a person.

    Args:
        in_step: In which step, ``input`` or ``timeout``; else beside any.
    """
    if in_step == "input":
        quote_input()
    if in_step == "timeout":
        time_out()
    raise KeyError(NAME)


@flow(name="crash")
def crash() -> None:
    """End in a way that is no error, with words that name a person."""
    raise KeyboardCrash(NAME)


class KeyboardCrash(BaseException):
    """What Prefect takes for a crash."""


def add_line(marks: str, word: str = "x") -> int:
    """Add a line to a file; return how many it has now."""
    with Path(marks).open("a", encoding="utf-8") as file:
        file.write(word + "\n")
    return len(Path(marks).read_text(encoding="utf-8").splitlines())
