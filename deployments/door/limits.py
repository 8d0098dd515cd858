"""Limits of the door, and the counting of requests: per process, in memory."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

HTTP: Final = "h11"
"""uvicorn's parser of requests. The faster one, httptools, reads headers without end."""
LARGEST_BODY: Final = 1_000_000
"""Bytes of a JSON body; a complaint's words fit many times."""
LARGEST_DELIVERY: Final = 64_000_000
"""Bytes of a body with files."""
MOST_FILES: Final = 20
"""Files of one delivery."""
LARGEST_HEADERS: Final = 16_000
"""Bytes of all headers together."""
DEEPEST: Final = 12
"""Levels of a JSON body; a complaint has four."""
BODY_SECONDS: Final = 300.0
"""Within which a body must have come."""
PAUSE_SECONDS: Final = 10.0
"""For which a body may stop coming."""
MOST_AT_ONCE: Final = 1_000
"""Requests that a process has at a time; more would only wait for each other."""
MOST_COMING: Final = 64
"""Bodies that one client may be sending at a time: whoever sends them slowly keeps nobody else out."""


class Buckets:
    """A token bucket for each key: so many requests a second, and some more at once after a quiet time.

    Args:
        rate: Requests a second.
        burst: Requests at once.
        most: Keys that are remembered; the one that was longest quiet is forgotten first.
        clock: Seconds, from any moment on.
    """

    def __init__(
        self, rate: float, burst: float, most: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.rate, self.burst, self._most, self._clock = rate, burst, most, clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()  # what is left, and when that was

    def __len__(self) -> int:
        """Return how many keys are remembered."""
        return len(self._levels)

    def take(self, key: str) -> int:
        """Count a request; return for how many whole seconds the next must wait, 0 where it was let through."""
        left = self._left(key)
        if left < 1:
            return self._wait(left)
        self._levels[key] = (left - 1, self._clock())
        self._levels.move_to_end(key)
        if len(self._levels) > self._most:
            self._levels.popitem(last=False)
        return 0

    def wait(self, key: str) -> int:
        """Return for how many whole seconds a key must wait, without counting anything."""
        left = self._left(key)
        return 0 if left >= 1 else self._wait(left)

    def _left(self, key: str) -> float:
        left, at = self._levels.get(key, (self.burst, self._clock()))
        return min(self.burst, left + (self._clock() - at) * self.rate)

    def _wait(self, left: float) -> int:
        return max(1, math.ceil((1 - left) / self.rate))
