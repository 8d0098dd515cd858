"""The scheduled monthly regulatory summary."""

from datetime import timedelta

from prefect import flow, task
from prefect.artifacts import create_link_artifact
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, Field

from complaints.links import summary_link
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
    """Compute and render one month, and return the files' names; the same month again overwrites the same files."""
    pack, now = load_pack(settings().regime), store().now()
    files = write_summary(store(), month.year, month.month, settings().summaries_folder, settings().firm, pack, now)
    return [file.name for file in files]


@flow(name="monthly-summary")
def monthly_summary(month: Month | None = None) -> list[str]:
    """Write the regulatory summary of a month, and link to its files.

    Args:
        month: 月份 · which one; without it the month before the firm's today.

    Returns:
        The links, by which whoever has one opens the file at the door.
    """
    month = month or month_before()
    title = f"{month.year}-{month.month:02d}"
    links = []
    for file in write(month):
        link = summary_link(settings().pages_url, f"{title}.{file.removeprefix('summary.')}", store().master)
        create_link_artifact(link=link, link_text=file, description=f"月度投诉监管报告 · monthly summary {title}")
        links.append(link)
    return links


def month_before() -> Month:
    """Return the month before the firm's today, in the regime's zone."""
    today = store().now().astimezone(load_pack(settings().regime).tz).date()
    last = today.replace(day=1) - timedelta(days=1)
    return Month(year=last.year, month=last.month)
