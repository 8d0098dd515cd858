"""What a door counts. No label holds a reference, a token or anything else that a sender wrote."""

from typing import Final

from prometheus_client import Counter, Histogram

from deployments.metrics.registry import new_registry

REGISTRY: Final = new_registry()
"""What a door shows at ``/metrics``."""

NO_ROUTE: Final = "none"
"""The route of a request to an address that there is not."""

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_requests: Final = Histogram(
    "redress_door_request_seconds",
    "From a request's headers to the end of its answer.",
    ["route", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
_refusals: Final = Counter(
    "redress_door_refusals", "Requests that were refused, by the problem's name.", ["problem"], registry=REGISTRY
)
_taken: Final = Counter(
    "redress_complaints_taken", "Complaints that this door stored as new cases.", ["sender"], registry=REGISTRY
)


def answered(route: str, method: str, status: int, seconds: float) -> None:
    """Count a request.

    Args:
        route: The template of its route, never its address: that may hold a secret link.
        method: As it was sent.
        status: Of the answer; 0 where none was given.
        seconds: From its headers to the end of the answer.
    """
    _requests.labels(route, method if method in _METHODS else "other", str(status)).observe(seconds)


def refused(problem: str) -> None:
    """Count a refusal, by the name of its problem."""
    _refusals.labels(problem).inc()


def complaint_taken(sender: str) -> None:
    """Count a complaint that was stored as a new case, by the name under which the settings know its sender."""
    _taken.labels(sender).inc()
