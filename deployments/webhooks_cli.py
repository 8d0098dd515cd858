"""Commands about what other systems are told: list, show, replay, test."""

import asyncio
import json
from typing import Annotated
from uuid import uuid4

import typer
from rich.table import Column, Table
from rich.text import Text

from complaints.adapters.dispatch_listing import Listed, dispatches, replay
from complaints.adapters.dispatching import webhook_id
from complaints.adapters.webhooks import Outcome, client_for, message, post
from complaints.errors.case import AnswerRefused
from complaints.receivers import Receiver
from complaints.settings import settings
from deployments.console import cases, out

app = typer.Typer(help="What other systems are told of cases: list, show, replay, test.", no_args_is_help=True)

To = Annotated[str | None, typer.Option("--receiver", help="only to this one, by its name in the settings")]


@app.command("list")
def list_dispatches(
    only_dead: Annotated[bool, typer.Option("--dead", help="only what is not tried any more")] = False,
    receiver: To = None,
    limit: Annotated[int, typer.Option(min=1, help="show at most so many")] = 50,
) -> None:
    """List announcements and what became of each, the newest first; they are kept for 30 days."""
    table = Table("id", "receiver", "event", Column("reference", no_wrap=True), "happened", "state", "attempts", "why")
    for one in dispatches(cases(), receiver=receiver, only_dead=only_dead, limit=limit):
        happened = f"{one.at:%Y-%m-%d %H:%M} UTC"
        shown = (str(one.id), one.receiver, one.event, one.reference, happened, _state(one), str(one.attempt))
        table.add_row(*shown, Text(one.failure or ""))
    out.print(table)


@app.command()
def show(id: Annotated[int, typer.Argument(metavar="ID", help="as 'redress webhooks list' gives it")]) -> None:
    """Show an announcement without personal data, and what became of it at each receiver."""
    found = _known([id])
    first = found[0]
    sent_as = webhook_id(cases().master.fingerprint, first.id, first.reference, first.event, first.at)
    out.print(Text(f"webhook-id: {sent_as}"))
    for one in found:
        why = f": {one.failure}" if one.failure else ""
        out.print(Text(f"{one.receiver}: {_state(one)}, {one.attempt} attempts{why}"))
    typer.echo(json.dumps(json.loads(message(sent_as, first.event, first.at, first.facts).body), indent=2))


@app.command("replay")
def replay_dispatches(
    ids: Annotated[list[int] | None, typer.Argument(metavar="ID …", help="delivered or not")] = None,
    all_dead: Annotated[bool, typer.Option("--all-dead", help="everything that is not tried any more")] = False,
    receiver: To = None,
) -> None:
    """Send announcements again, under the same webhook-id, for another day."""
    if bool(ids) is all_dead:
        raise AnswerRefused("ID", "give the ids of announcements, or --all-dead")
    if receiver:
        _receiver(receiver)
    if ids:
        _known(ids)
    number = replay(cases(), ids or None, receiver)
    out.print(f"{number} on their way again; the next run of send-announcements sends them.")


@app.command()
def test(receiver: Annotated[str, typer.Argument(help="its name in the settings")]) -> None:
    """Send a signed message of the type redress.ping to a receiver; it tells of no case."""
    where = _receiver(receiver)
    outcome = asyncio.run(_ping(where))
    if outcome.failure:
        out.print(Text(f"{receiver} ({where.host}) did not take it: {outcome.failure}"))
        raise typer.Exit(1)
    out.print(Text(f"{receiver} ({where.host}) took it."))


async def _ping(receiver: Receiver) -> Outcome:
    async with client_for(receiver) as client:
        return await post(client, receiver, message(f"msg_{uuid4().hex}", "redress.ping", cases().now(), {}))


def _receiver(name: str) -> Receiver:
    known = settings().receivers
    if name not in known:
        there = ", ".join(sorted(known)) or "none"
        raise AnswerRefused("receiver", f"there is no '{name}' in the settings; there are: {there}")
    return known[name]


def _known(ids: list[int]) -> list[Listed]:
    """Return the dispatches of announcements.

    Raises:
        AnswerRefused: one of them is not there.
    """
    found = []
    for id in ids:
        of_it = dispatches(cases(), id=id)
        if not of_it:
            raise AnswerRefused("ID", f"there is no announcement {id}. 'redress webhooks list' shows them")
        found += of_it
    return found


def _state(one: Listed) -> str:
    if one.next_at:
        return f"waiting until {one.next_at:%Y-%m-%d %H:%M} UTC"
    return "delivered" if one.delivered_at else "dead"
