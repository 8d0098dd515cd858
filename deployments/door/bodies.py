"""Bodies as they come in: counted, and kept out of memory where they are large. The guard sees to it that they come."""

from collections.abc import Callable
from tempfile import SpooledTemporaryFile
from typing import Final

from starlette.requests import Request

from deployments.door.problems import TOO_LARGE, Refused

IN_MEMORY: Final = 1_000_000
"""Bytes; what is larger goes to a temporary file."""
CHUNK: Final = 256 * 1024
"""Bytes that are worked on at a time."""

Body = SpooledTemporaryFile[bytes]


async def read_body(request: Request, body: Body, largest: int, see: Callable[[bytes], None]) -> None:
    """Read the whole body of a request into ``body``, and stand at its beginning.

    Args:
        request: Whose.
        body: What it is written to.
        largest: Bytes that it may have, whatever its Content-Length says.
        see: Is shown each part as it comes.

    Raises:
        Refused: it is too large, or does not come in time.
        ClientDisconnect: it ended before its end.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:18]) > largest:
        raise _too_large(largest)
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > largest:
            raise _too_large(largest)
        see(chunk)
        body.write(chunk)
    body.seek(0)


def _too_large(largest: int) -> Refused:
    return Refused(TOO_LARGE, f"It is larger than {largest} bytes.")
