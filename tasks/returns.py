"""Making a return, as one task: it may be tried again, and finds what was written already."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from prefect import task
from prefect.cache_policies import NO_CACHE

from complaints.reporting.periods import Period
from complaints.settings import settings
from tasks.desk import is_retryable, store

if TYPE_CHECKING:
    from complaints.reporting.returns.model import Return


@task(
    name="make return",
    retries=3,
    retry_delay_seconds=[1, 5, 20],
    retry_condition_fn=is_retryable,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def make(regime: str, name: str, period: str, as_at: datetime) -> "tuple[Return, Path]":
    """Make a return and write its files."""
    from complaints.adapters.returns import data_for, prepare_return, write_return  # with pandas, for this flow alone

    where = settings()
    data = data_for(regime, where.returns_folder)
    made = prepare_return(store(), regime, name, Period.parse(period), as_at, where.firm, data)
    return made, write_return(made, where.summaries_folder)
