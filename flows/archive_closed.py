"""The scheduled archive: writes closed cases out, each with a manifest of hashes."""

from typing import cast
from uuid import UUID

from prefect import flow, task
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE

from complaints.adapters.archive import archivable, archive_case
from complaints.errors import ComplaintError
from complaints.settings import settings
from tasks.desk import is_retryable, store


class NotArchived(ComplaintError):
    """Some cases could not be archived; their task runs say why."""

    def __init__(self, references: tuple[str, ...]) -> None:
        super().__init__(references)
        self.references = references

    def __str__(self) -> str:
        return f"{len(self.references)} cases were not archived: {', '.join(self.references[:10])}"


@task(
    name="archive case",
    task_run_name="archive {reference}",
    retries=2,
    retry_condition_fn=is_retryable,
    cache_policy=NO_CACHE,
)
def archive(reference: str) -> None:
    """Write one closed case into the archive. Safe to run twice."""
    archive_case(store(), reference, settings().archive_folder)


@flow(name="archive-closed")
def archive_closed(after_days: int = 30) -> int:
    """Archive every case that was closed some time ago.

    Args:
        after_days: 结案后天数 · how many calendar days ago at least.

    Returns:
        How many cases were archived.

    Raises:
        NotArchived: some could not be; all others were.
    """
    references = archivable(store(), store().now(), after_days)
    if not references:
        return 0
    progress = cast(UUID, create_progress_artifact(progress=0, description="归档 · archived cases, per cent"))
    broken = []
    for number, reference in enumerate(references, 1):
        if archive(reference, return_state=True).is_failed():
            broken.append(reference)  # the others are archived all the same
        update_progress_artifact(progress, progress=100 * number / len(references))
    if broken:
        raise NotArchived(tuple(broken))
    return len(references)
