"""Flows that hang, die and dawdle, for the tests of the worker."""

import os
import signal
import time
from pathlib import Path

from prefect import flow


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


def add_line(marks: str, word: str = "x") -> int:
    """Add a line to a file; return how many it has now."""
    with Path(marks).open("a", encoding="utf-8") as file:
        file.write(word + "\n")
    return len(Path(marks).read_text(encoding="utf-8").splitlines())
