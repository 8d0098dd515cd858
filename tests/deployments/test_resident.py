"""The room that the resident worker has for runs."""

import anyio
import anyio.lowlevel
import pytest

from deployments.resident import Slots


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


pytestmark = pytest.mark.anyio


async def until_all_wait() -> None:
    for _ in range(5):
        await anyio.lowlevel.checkpoint()


async def test_no_more_runs_than_slots_are_executed_at_a_time() -> None:
    slots, most, now = Slots(3), 0, 0

    async def run() -> None:
        nonlocal most, now
        async with slots.taken(urgent=False):
            now += 1
            most = max(most, now)
            await until_all_wait()
            now -= 1

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(run)

    assert most == 3


async def test_urgent_runs_get_in_before_those_that_have_waited_longer_and_all_others_by_turn() -> None:
    slots, order, release = Slots(1), [], anyio.Event()

    async def run(name: str, *, urgent: bool) -> None:
        async with slots.taken(urgent=urgent):
            order.append(name)
            await release.wait()

    async with anyio.create_task_group() as group:
        for name, urgent in (("first", False), ("a", False), ("b", False), ("urgent", True), ("urgent too", True)):
            group.start_soon(lambda name=name, urgent=urgent: run(name, urgent=urgent))
            await until_all_wait()
        release.set()

    assert order == ["first", "urgent", "urgent too", "a", "b"]


async def test_a_run_that_is_cancelled_while_it_waits_takes_no_slot_with_it() -> None:
    slots, done = Slots(1), []

    async def wait_in_vain() -> None:
        async with slots.taken(urgent=True):
            done.append("never")

    async def run() -> None:
        async with slots.taken(urgent=False):
            done.append("run")

    async with slots.taken(urgent=False), anyio.create_task_group() as cancelled:
        cancelled.start_soon(wait_in_vain)
        await until_all_wait()
        cancelled.cancel_scope.cancel()
    await run()

    assert done == ["run"]
