"""The nightly run by which packs whose first day has come reach the open cases that they apply to."""

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from complaints.adapters.rulekeeping import bring_in, coming_into_force
from complaints.case import SYSTEM
from tasks.desk import store


@task(name="bring rules into force", cache_policy=NO_CACHE)
def bring_into_force() -> int:
    """Recompute open cases by the packs that came into force; return how many due times moved. Safe to run twice."""
    return sum(len(bring_in(store(), change, SYSTEM)) for change in coming_into_force(store()))


@flow(name="apply-rules")
def apply_rules() -> int:
    """Let packs that came into force reach open cases, where their transition says so.

    Returns:
        How many due times moved.
    """
    moved = bring_into_force()
    get_run_logger().info("Rules in force: %d due times moved", moved)
    return moved
