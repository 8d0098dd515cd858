"""What is to stand on Prefect's server: ``prefect.yaml``, as the settings of this installation bend it."""

from importlib.resources import files
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from complaints.settings import Settings


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Timing(_Part):
    """When a flow runs by itself.

    Attributes:
        slug: By which Prefect knows the schedule again.
        interval: Seconds from one run to the next.
        cron: Or its times, as cron writes them.
        timezone: In whose hours ``cron`` is written.
    """

    slug: str
    interval: int | None = Field(default=None, gt=0)
    cron: str | None = None
    timezone: str

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.interval is None) == (self.cron is None):
            raise ValueError("give either interval or cron")
        return self


class Place(_Part):
    """Where runs wait for a worker."""

    name: str
    work_queue_name: str


class Planned(_Part):
    """A flow, and how it runs."""

    name: str
    description: str
    entrypoint: str
    tags: tuple[str, ...]
    work_pool: Place
    schedules: tuple[Timing, ...] = Field(default=(), max_length=1)

    @property
    def timing(self) -> Timing | None:
        """When it runs by itself."""
        return self.schedules[0] if self.schedules else None


class Queue(_Part):
    """A work queue.

    Attributes:
        name: Its name.
        priority: The lower the number, the sooner its runs are taken.
        description: For people.
        concurrency_limit: How many of its runs are executed at a time, to begin with.
    """

    name: str
    priority: int = Field(ge=1)
    description: str
    concurrency_limit: int | None = Field(default=None, ge=1)


class Plan(BaseModel):
    """All of it."""

    queues: tuple[Queue, ...]
    deployments: tuple[Planned, ...]


def read_plan(settings: Settings) -> Plan:
    """Return the plan for an installation."""
    content: dict[str, Any] = yaml.safe_load((files("deployments") / "prefect.yaml").read_text(encoding="utf-8"))
    plan = Plan(queues=content["definitions"]["queues"], deployments=content["deployments"])
    return plan.model_copy(update={"deployments": tuple(_bent(one, settings) for one in plan.deployments)})


def _bent(planned: Planned, settings: Settings) -> Planned:
    """Return what is planned, at the times that this installation needs."""
    needs = {
        "send-announcements": bool(settings.receivers),
        "take-in-mail": bool(settings.mailbox_url.get_secret_value()),
    }
    if not needs.get(planned.name, True):
        return planned.model_copy(update={"schedules": ()})
    if planned.name == "watch-deadlines" and planned.timing:
        timing = planned.timing.model_copy(update={"interval": settings.sweep_seconds})
        return planned.model_copy(update={"schedules": (timing,)})
    return planned
