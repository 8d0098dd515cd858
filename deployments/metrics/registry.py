"""Registries of Prometheus, one for each sort of process."""

from prometheus_client import CollectorRegistry, ProcessCollector, disable_created_metrics


def new_registry() -> CollectorRegistry:
    """Return a registry that shows the process's own memory, processor time and files."""
    # When each series began is a third of the whole, and of no use to us.
    disable_created_metrics()  # type: ignore[no-untyped-call] # prometheus_client gives it no types
    made = CollectorRegistry()
    ProcessCollector(registry=made)
    return made
