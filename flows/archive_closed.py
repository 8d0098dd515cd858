"""The scheduled archive: closed cases become packages, and the statistics of past months files of their own.

A killed run is completed by the next one. Several may run at once: a case is recorded by one of them.
"""

from typing import Any, Final, cast
from uuid import UUID

from prefect import flow
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed

from complaints.adapters.archive.sharing import batches, sharing
from complaints.adapters.archive.writing import Outcome
from complaints.errors.base import ComplaintError
from complaints.settings import settings
from tasks.archive import archive, complete, keep_statistics, waiting
from tasks.desk import evidence_store, store

BATCH: Final = 200
"""Cases of one task run."""


class NotArchived(ComplaintError):
    """Some cases could not be archived; the run's log says why."""

    def __init__(self, references: tuple[str, ...]) -> None:
        super().__init__(references)
        self.references = references

    def __str__(self) -> str:
        return f"{len(self.references)} cases were not archived: {', '.join(self.references[:10])}"


@flow(name="archive-closed")
def archive_closed(after_days: int = 30) -> State[Any]:
    """Archive every case that was closed some time ago, and write the statistics of the months that are over.

    Args:
        after_days: 结案后天数 · how many calendar days ago at least.

    Raises:
        NotArchived: some could not be; all others were.
    """
    problems = dict.fromkeys(complete())
    references = waiting(after_days)
    outcome = _archive(references) if references else Outcome()
    months = keep_statistics()
    for problem in (*problems, *outcome.problems.values()):
        get_run_logger().error("%s", problem)
    if outcome.without_pdf:
        get_run_logger().warning(
            "%d packages have no PDF: 'redress doctor' says what is missing here", outcome.without_pdf
        )
    if outcome.later:  # an ordinary day: somebody worked on them
        get_run_logger().info("%d cases changed meanwhile, or have a letter on its way: next time", len(outcome.later))
    if outcome.problems or problems:
        raise NotArchived((*outcome.problems, *(problem.partition(":")[0] for problem in problems)))
    without = f", {outcome.without_pdf} of them without PDF" if outcome.without_pdf else ""
    return Completed(message=f"{len(outcome.archived)} cases archived{without}; statistics of {months} months written")


def _archive(references: list[str]) -> Outcome:
    outcome, done, total = Outcome(), 0, len(references)
    description = f"归档 · of {total} cases, per cent"
    progress = cast(UUID, create_progress_artifact(progress=0, description=description))
    with sharing(store(), evidence_store(), settings().archive_folder, total) as share:
        for batch in batches(references, BATCH):
            outcome.add(archive(batch, share, done + 1, done + len(batch)))
            done += len(batch)
            update_progress_artifact(progress, progress=100 * done / total)
    return outcome
