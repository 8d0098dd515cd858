"""Delivers what is due to receivers, each by itself: one that is slow or away holds up no other.

At least once: what was sent by a process that died before it noted so is sent again, under the same id.
"""

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from complaints.adapters.dispatching import Dead, Dispatch, claim, give_up, prune, settle, waited_for, webhook_id
from complaints.adapters.store import Store
from complaints.adapters.webhooks import Outcome, Signed, client_for, message, post
from complaints.receivers import Receiver
from complaints.words import Kind

AT_ONCE: Final = 8
"""Messages on their way to one receiver at a time, each of another case."""

ENOUGH: Final = 3
"""When so many at once do not reach a receiver, it is left alone for now."""

PATIENCE_SECONDS: Final = 40.0
"""After so long no more is begun; the next run goes on."""


@dataclass
class Round:
    """What came of one round over all receivers."""

    delivered: int = 0
    failed: int = 0
    dead: list[Dead] = field(default_factory=list)


def deliver(store: Store, receivers: Mapping[str, Receiver], seconds: float = PATIENCE_SECONDS) -> Round:
    """Send everything that is due, and remove what is old. Safe to run twice and side by side.

    Args:
        store: The case database.
        receivers: Of the settings; what waits for another one is given up after a day.
        seconds: How long to begin something new.
    """
    total, until = Round(), time.monotonic() + seconds
    for name in sorted(waited_for(store) - receivers.keys()):
        total.dead += give_up(store, name, "is not in the settings")
    if receivers:
        with ThreadPoolExecutor(len(receivers), thread_name_prefix="webhooks") as pool:
            running = [pool.submit(_serve, store, name, receivers[name], until) for name in receivers]
        for one in (future.result() for future in running if not future.exception()):
            total.delivered += one.delivered
            total.failed += one.failed
            total.dead += one.dead
        wrong = [error for future in running if (error := future.exception())]
        if wrong and not (total.delivered or total.failed):  # of a database that is away everybody suffers
            raise wrong[0]
    prune(store)
    return total


def signed(store: Store, one: Dispatch, receiver: Receiver) -> Signed:
    """Return the message of a dispatch; what is personal is read now and kept nowhere.

    Raises:
        ComplaintError: the case cannot be read.
    """
    data = dict(one.facts)
    if one.kind != Kind.REPORT:
        if one.sender == one.receiver:
            data["number"] = one.number
        if receiver.personal:
            data |= _person(store, one.reference)
    known_by = webhook_id(store.master.fingerprint, one.id, one.reference, one.event, one.at)
    return message(known_by, one.event, one.at, data)


def _person(store: Store, reference: str) -> dict[str, Any]:
    """Return who complains; of a report nobody learns that, and once it was erased nobody can tell."""
    case = store.read_case(reference)
    if case.complaint is None or case.is_confidential:
        return {}
    who = case.complaint.complainant
    contacts = [{"kind": one.kind, "value": one.value} for one in case.contacts]
    return {"complainant": {"name": who.name, "contacts": contacts}}


def _serve(store: Store, name: str, receiver: Receiver, until: float) -> Round:
    return asyncio.run(_send_all(store, name, receiver, until))


async def _send_all(store: Store, name: str, receiver: Receiver, until: float) -> Round:
    """Send one batch after the other until nothing is due, or the receiver is away."""
    done = Round()
    async with client_for(receiver) as client:
        while time.monotonic() < until and (batch := claim(store, name, AT_ONCE)):
            outcomes = await asyncio.gather(*(_attempt(client, store, receiver, one) for one in batch))
            made = list(zip(batch, outcomes, strict=True))
            done.dead += settle(store, made)
            failed = sum(bool(outcome.failure) for outcome in outcomes)
            done.failed += failed
            done.delivered += len(batch) - failed
            if len(batch) >= ENOUGH and all(outcome.is_away for outcome in outcomes):
                done.dead += give_up(store, name, "not tried: the receiver does not answer")
                break
    return done


async def _attempt(client: httpx.AsyncClient, store: Store, receiver: Receiver, one: Dispatch) -> Outcome:
    try:
        return await post(client, receiver, signed(store, one, receiver))
    except Exception as wrong:  # of this message alone: what became of the others must be noted
        return Outcome(type(wrong).__name__)
