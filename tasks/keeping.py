"""The steps of erasing and anchoring."""

from collections.abc import Callable

from prefect import task
from prefect.cache_policies import NO_CACHE

from complaints.adapters.keeping.anchoring import AnchorTaken
from complaints.adapters.keeping.anchoring import write_anchor as write
from complaints.adapters.keeping.anchors import Anchor
from complaints.adapters.keeping.erasing import Erasures
from complaints.adapters.keeping.erasing_again import erase_again
from complaints.adapters.keeping.orders import Outlook, erase_over, outlook
from complaints.adapters.keeping.remnants import Places, clear_remnants, places_of
from complaints.settings import settings
from tasks.desk import is_retryable, store


def _places() -> Places:
    return places_of(settings())


@task(name="erase again", retries=2, retry_condition_fn=is_retryable, cache_policy=NO_CACHE)
def redo() -> Erasures:
    """Erase again what came back with an older backup. Safe to run twice."""
    return erase_again(store(), _places().outside)


@task(name="erase", retries=2, retry_condition_fn=is_retryable, cache_policy=NO_CACHE)
def erase(progress: Callable[[int], None]) -> Erasures:
    """Erase what is over and was ordered to be erased. Safe to run twice."""
    return erase_over(store(), _places().outside, progress)


@task(name="remove what is left", retries=2, retry_condition_fn=is_retryable, cache_policy=NO_CACHE)
def clear() -> int:
    """Remove the files of cases that were erased. Safe to run twice, and after a kill."""
    return clear_remnants(store(), _places())


def look_ahead() -> Outlook:
    """Return what could be erased now and soon."""
    return outlook(store())


@task(name="anchor", retries=2, retry_condition_fn=is_retryable, cache_policy=NO_CACHE)
def anchor() -> Anchor | None:
    """Write what the ledger is outside the database; nothing where it was changed, or another has just done it."""
    try:
        return write(store(), _places().outside)
    except AnchorTaken:
        return None
