"""The steps of the archive."""

from collections.abc import Sequence
from datetime import UTC, datetime

from prefect import task
from prefect.cache_policies import NO_CACHE

from complaints.adapters.archive.folders import in_folders
from complaints.adapters.archive.monthly import write_statistics
from complaints.adapters.archive.sharing import Share
from complaints.adapters.archive.writing import Outcome, archivable, remove_leftovers
from complaints.settings import settings
from tasks.desk import evidence_store, is_retryable, store


@task(name="complete what was begun", retries=2, retry_condition_fn=is_retryable, cache_policy=NO_CACHE)
def complete() -> list[str]:
    """Complete what a killed run has begun; return what cannot be, and why."""
    return remove_leftovers(store(), evidence_store(), settings().archive_folder, datetime.now(UTC))


def waiting(after_days: int) -> list[str]:
    """Return the cases that are to be archived now, those first that lie in folders of the first format."""
    folder = settings().archive_folder
    return [*in_folders(store(), folder), *archivable(store(), store().now(), after_days)]


@task(
    name="archive cases",
    task_run_name="archive {first} to {last}",
    retries=2,
    retry_condition_fn=is_retryable,
    cache_policy=NO_CACHE,
)
def archive(references: Sequence[str], share: Share, first: int, last: int) -> Outcome:
    """Write closed cases into the archive. Safe to run twice."""
    return share(references)


@task(name="write statistics", retries=2, retry_condition_fn=is_retryable, cache_policy=NO_CACHE)
def keep_statistics() -> int:
    """Write the statistics of the months that are over; return how many months were written."""
    return len(write_statistics(store(), settings().archive_folder, store().now()))
