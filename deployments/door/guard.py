"""The guard of the door: what is refused before anything is read, and bugs that must not reach a sender.

Plain ASGI, for every request passes it.
"""

from collections import Counter

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from complaints.settings import settings
from deployments.door.limits import BODY_SECONDS, LARGEST_HEADERS, MOST_AT_ONCE, MOST_COMING, PAUSE_SECONDS
from deployments.door.passage import Passage
from deployments.door.problems import HEADERS_TOO_LARGE, UNAVAILABLE, WRONG_TYPE, answer, broken, bug_id, log_bug
from deployments.pages.protection import client_of


class Guard:
    """Lets requests through to an application.

    Args:
        app: The application; it knows how to answer :class:`Refused`.
        pause_seconds: For which a body may stop coming.
        body_seconds: Within which it must have come.
    """

    def __init__(self, app: ASGIApp, pause_seconds: float = PAUSE_SECONDS, body_seconds: float = BODY_SECONDS) -> None:
        self._app, self._pause_seconds, self._body_seconds = app, pause_seconds, body_seconds
        self._inside = 0
        self._coming = Counter[str]()  # bodies, by client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client = client_of(Request(scope), settings().trusted_proxies)
        passage = Passage(scope, receive, send, self._pause_seconds, self._body_seconds)
        refusal = self._refusal(scope, client)
        if refusal is not None:
            await refusal(scope, passage.receive, passage.send)
            return
        self._inside += 1
        if not passage.is_read:
            self._coming[client] += 1
            passage.when_read = lambda: self._has_come(client)
        try:
            await self._app(scope, passage.receive, passage.send)
        except Exception as error:
            log_bug(error, bug_id(scope))
            if not passage.has_begun:  # otherwise it was answered, or the server breaks half an answer off
                await broken(bug_id(scope))(scope, passage.receive, passage.send)
        finally:
            passage.end()
            self._inside -= 1

    def _has_come(self, client: str) -> None:
        self._coming[client] -= 1
        if not self._coming[client]:
            del self._coming[client]

    def _refusal(self, scope: Scope, client: str) -> ASGIApp | None:
        if self._inside >= MOST_AT_ONCE or self._coming[client] >= MOST_COMING:
            return answer(UNAVAILABLE, "Too many requests at once. Send it again.", headers={"Retry-After": "1"})
        size = 0
        for name, value in scope["headers"]:
            size += len(name) + len(value) + 4  # ": " and the end of the line
            if name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
                return answer(WRONG_TYPE, "Send the body as it is, without Content-Encoding.")
        if size > LARGEST_HEADERS:
            return answer(HEADERS_TOO_LARGE, f"The headers are larger than {LARGEST_HEADERS} bytes.")
        return None
