"""The scheduled monthly regulatory summary."""

from datetime import timedelta

from prefect import flow, task
from prefect.artifacts import create_link_artifact
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, Field

from complaints.regimes.rulebook import load_pack
from complaints.reporting.monthly import write_summary
from complaints.settings import settings
from tasks.desk import store


class Month(BaseModel):
    """A calendar month in the regime's zone."""

    year: int = Field(ge=2000, le=2100)
    month: int = Field(ge=1, le=12)


@task(name="write summary", cache_policy=NO_CACHE)
def write(month: Month) -> list[str]:
    """Compute and render one month; the same month again overwrites the same files."""
    pack, now = load_pack(settings().regime), store().now()
    files = write_summary(store(), month.year, month.month, settings().summaries_folder, settings().firm, pack, now)
    return [file.as_uri() for file in files]


@flow(name="monthly-summary")
def monthly_summary(month: Month | None = None) -> list[str]:
    """Write the regulatory summary of a month.

    Args:
        month: Which one; without it the month before the firm's today.
    """
    month = month or month_before()
    links = write(month)
    for link in links:
        create_link_artifact(
            link=link, link_text=link.rpartition("/")[2], description=f"{month.year}-{month.month:02d}"
        )
    return links


def month_before() -> Month:
    """Return the month before the firm's today, in the regime's zone."""
    today = store().now().astimezone(load_pack(settings().regime).tz).date()
    last = today.replace(day=1) - timedelta(days=1)
    return Month(year=last.year, month=last.month)
