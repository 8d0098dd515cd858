"""A CRM that files complaints at the door: it keeps the id of each delivery, and repeats it until it is answered."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import UTC, datetime
from threading import Event
from typing import Final

import httpx
from standardwebhooks.webhooks import Webhook

from benchmarks.play import complaint

HANDS: Final = 8
"""How many deliveries are under way at a time."""

TIMEOUT_SECONDS: Final = 10.0
AGAIN_SECONDS: Final = 0.5


class Crm:
    """The sender.

    Args:
        door: The address of the door.
        secret: What it signs with.
        first: The number of its first complaint; the others follow.

    Attributes:
        accepted: The reference of each complaint that was answered with 201 or 200, by its number.
        answers: How often it got which answer; 0: none, and the delivery was repeated.
        wrong: What must not happen: another refusal, or another reference for the same complaint.
    """

    def __init__(self, door: str, secret: str, first: int = 1) -> None:
        self._url, self._secret, self._first = f"{door}/v1/complaints", secret, first
        self.accepted: dict[str, str] = {}
        self.answers: Counter[int] = Counter()
        self.wrong: list[str] = []
        self._pool = ThreadPoolExecutor(HANDS, thread_name_prefix="crm")
        self._stop = Event()
        self._sent: list[Future[None]] = []

    def numbers(self, complaints: int) -> Sequence[str]:
        """Return the numbers of so many complaints."""
        return [f"{self._first + number:06}" for number in range(complaints)]

    def send_all(self, complaints: int, seconds: float) -> None:
        """Send complaints, spread over so many seconds; return once they are under way."""
        began = time.monotonic()
        for place, number in enumerate(self.numbers(complaints)):
            if self._stop.wait(max(0.0, began + seconds * place / complaints - time.monotonic())):
                return
            self._sent.append(self._pool.submit(self._send, number))

    def until_answered(self, seconds: float) -> bool:
        """Wait until every delivery was answered; return whether that came to pass."""
        return not wait(self._sent, seconds).not_done

    def stop(self) -> None:
        """Send no more."""
        self._stop.set()
        self._pool.shutdown(cancel_futures=True)

    def _send(self, number: str) -> None:
        body = json.dumps(complaint(number), ensure_ascii=False).encode()
        while not self._stop.is_set():
            if (answer := self._try(number, body)) is None or answer.status_code >= 500 or answer.status_code == 429:
                self._stop.wait(AGAIN_SECONDS)
                continue
            if answer.status_code in (200, 201):
                self.accepted[number] = str(answer.json()["reference"])
            else:
                self.wrong.append(f"{number} was refused with {answer.status_code}")
            return

    def _try(self, number: str, body: bytes) -> httpx.Response | None:
        now, answer = datetime.now(UTC), None
        headers = {
            "webhook-id": f"chaos-{number}",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self._secret).sign(f"chaos-{number}", now, body.decode()),
            "webhook-sender": "crm",
            "content-type": "application/json",
        }
        with suppress(httpx.HTTPError):
            answer = httpx.post(self._url, content=body, headers=headers, timeout=TIMEOUT_SECONDS)
        self.answers[answer.status_code if answer else 0] += 1
        return answer
