"""What a worker counts, in the process that leads its executors: those report to it how their runs end.

Imports neither Prefect nor the door, so that any process can count.
"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from deployments.metrics.registry import new_registry

REGISTRY: Final = new_registry()
"""What a worker shows at ``/metrics``."""

_runs: Final = Histogram(
    "redress_run_seconds",
    "From the beginning of a run to its end, or to where it waits for a person or a date.",
    ["flow", "outcome"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
    registry=REGISTRY,
)
_taken_up: Final = Histogram(
    "redress_answer_taken_up_seconds",
    "From an answer to the beginning of the run that goes on with it.",
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60),
    registry=REGISTRY,
)
_retries: Final = Counter("redress_step_retries", "Steps that were tried again.", ["step"], registry=REGISTRY)
_replaced: Final = Counter(
    "redress_executors_replaced", "Executors that made room for a new process.", ["reason"], registry=REGISTRY
)
_executors: Final = Gauge("redress_executors", "Executors of this worker.", ["state"], registry=REGISTRY)


def run_ended(flow: str, seconds: float, outcome: str) -> None:
    """Count a run.

    Args:
        flow: The flow's name, such as ``handle-complaint``.
        seconds: From its beginning.
        outcome: The name of its state in few words, such as ``completed``, ``suspended``, ``failed``.
    """
    _runs.labels(flow, outcome).observe(seconds)


def answer_taken_up(seconds: float) -> None:
    """Count an answer: how many seconds it waited until its run went on."""
    _taken_up.observe(seconds)


def step_retried(step: str) -> None:
    """Count another try of a step, by the name of its task."""
    _retries.labels(step).inc()


def executor_replaced(reason: str) -> None:
    """Count an executor that was replaced, by a reason in one word, such as ``runs``, ``memory``, ``died``."""
    _replaced.labels(reason).inc()


def executors(busy: int, all: int) -> None:
    """Say how many executors there are now, and how many of them execute a run."""
    _executors.labels("busy").set(busy)
    _executors.labels("idle").set(all - busy)
