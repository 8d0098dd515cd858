"""Commands about the time limits of a case: explain, pause, resume, extend, state, note, breach, reopen."""

import json
from datetime import datetime
from typing import Annotated

import typer
from rich.text import Text

from complaints import acts, timekeeping
from complaints.case_explanation import explain_case
from complaints.deadlines import last_moment
from complaints.errors.case import AnswerRefused
from complaints.words import BreachCause, ReopenReason
from deployments.console import By, Language, Reference, Tongue, cases, out, staff, wake

Clock = Annotated[str, typer.Argument(help="the clock's name, as 'redress explain REF --json' gives it: decision")]
Approver = Annotated[str | None, typer.Option(help="staff number of who approved it; not the one who asks")]


def explain(
    reference: Reference,
    language: Language = Tongue.CHINESE,
    as_json: Annotated[bool, typer.Option("--json", help="for programs, every day of the count included")] = False,
) -> None:
    """Explain every deadline of a case: how it was counted, what moved it and who did, the rule and how sure it is."""
    case = cases().read_case(reference)
    explained = explain_case(case)
    if as_json:
        content = {"reference": reference, "clocks": [one.as_json() for one in explained]}
        typer.echo(json.dumps(content, ensure_ascii=False, indent=2))
        return
    if not explained:
        out.print("本案没有计时。" if language is Tongue.CHINESE else "No time limit runs for this case.")
    for one in explained:
        head, *lines = one.lines(language)
        out.print(Text(head, style="bold"))
        for line in lines:
            out.print(Text(line), soft_wrap=True)
        out.print()


def pause(
    reference: Reference,
    clock: Clock,
    name: Annotated[str, typer.Argument(metavar="PAUSE", help="the reason that the rule allows, such as appraisal")],
    reason: Annotated[str | None, typer.Option(help="in words, for the notice; kept sealed")] = None,
    proof: Annotated[str | None, typer.Option(help="number of the document that the rule asks for")] = None,
    approver: Approver = None,
    by: By = "",
) -> None:
    """Let a clock of a case stand still, for a reason that its rule allows."""
    with cases().open_case(reference) as desk:
        timekeeping.pause(
            desk.case,
            clock,
            name,
            staff(by),
            desk.now,
            reason=reason,
            proof=proof,
            approver=staff(approver) if approver else None,
        )
        capped = desk.case.clocks[clock].next_at
        zone = desk.case.pack.tz
    out.print(f"{clock} of {reference} stands still.")
    if capped:
        out.print(f"It goes on by itself after {last_moment(capped, zone)}, the longest that the rule allows.")
    wake(reference)


def resume(reference: Reference, clock: Clock, by: By = "") -> None:
    """Let a clock of a case go on; the time it stood still is left out."""
    with cases().open_case(reference) as desk:
        timekeeping.resume(desk.case, clock, staff(by), desk.now)
        moment = last_moment(desk.case.clocks[clock].due_at, desk.case.pack.tz)
    out.print(f"{clock} of {reference} goes on; due {moment}.")
    wake(reference)


def extend(
    reference: Reference,
    clock: Clock,
    tier: Annotated[str, typer.Argument(help="the tier of the rule, such as complex or special")],
    reason: Annotated[str, typer.Option(help="in words, for the notice; kept sealed")],
    approver: Approver = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="the new last day, where the rule lets the firm name it"),
    ] = None,
    by: By = "",
) -> None:
    """Extend a limit of a case by a tier of its rule; where a notice is due, it counts once that has gone out."""
    with cases().open_case(reference) as desk:
        timekeeping.extend(
            desk.case,
            clock,
            tier,
            staff(by),
            desk.now,
            reason=reason,
            approver=staff(approver) if approver else None,
            promised_on=until.date() if until else None,
        )
        waiting = desk.case.clocks[clock].granted
        moment = last_moment(desk.case.clocks[clock].due_at, desk.case.pack.tz)
    if waiting:
        out.print(f"Approved. It counts once the letter '{waiting[-1].letter}' has gone out; until then due {moment}.")
    else:
        out.print(f"{clock} of {reference} is due {moment}.")
    wake(reference)


def state(
    reference: Reference,
    names: Annotated[list[str], typer.Argument(metavar="NAME …", help="such as complex; -NAME takes it back")],
    by: By = "",
) -> None:
    """State facts of a case on which its rules depend, such as complex or payment_service."""
    revoked = frozenset(name[1:] for name in names if name.startswith(("-", "!")))
    stated = frozenset(name for name in names if not name.startswith(("-", "!")))
    with cases().open_case(reference) as desk:
        timekeeping.state(desk.case, stated, revoked, staff(by), desk.now)
        circumstances = ", ".join(sorted(desk.case.circumstances)) or "nothing"
    out.print(f"Stated of {reference}: {circumstances}.")
    wake(reference)


def note(
    reference: Reference,
    event: Annotated[str, typer.Argument(help="what happened, by a name of the regime: review_requested, new_facts")],
    at: Annotated[str | None, typer.Option(help="when, with its UTC offset; now if left out")] = None,
    by: By = "",
) -> None:
    """Record something that happened to a case and that starts or ends its clocks."""
    with cases().open_case(reference) as desk:
        timekeeping.note(desk.case, event, instant(at, "--at") if at else desk.now, staff(by), desk.now)
    out.print(f"Noted for {reference}: {event}.")
    wake(reference)


def breach(
    reference: Reference,
    clock: Clock,
    cause: Annotated[BreachCause, typer.Argument(help="why it was missed")],
    by: By = "",
) -> None:
    """Say why a time limit of a case was missed."""
    with cases().open_case(reference) as desk:
        timekeeping.explain_breach(desk.case, clock, cause, staff(by), desk.now)
    out.print(f"Recorded: why {clock} of {reference} was missed.")
    wake(reference)


def reopen(
    reference: Reference,
    reason: Annotated[ReopenReason, typer.Argument(help="why it is taken up again")],
    by: By = "",
) -> None:
    """Take a closed case up again, from its investigation; what was decided before stays in the ledger."""
    with cases().open_case(reference) as desk:
        desk.case.record(acts.Reopened(reason=reason), desk.now, staff(by))
    out.print(f"{reference} is taken up again.")
    wake(reference, ended=True)


def instant(text: str, field: str) -> datetime:
    """Read an instant.

    Raises:
        AnswerRefused: it is none, or has no UTC offset.
    """
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise AnswerRefused(field, f"'{text}' is no instant; write it as 2026-03-02T09:00:00+08:00") from None
    if read.tzinfo is None:
        raise AnswerRefused(field, f"'{text}' has no UTC offset; write it as {text}+08:00")
    return read


def mount(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (explain, pause, resume, extend, state, note, breach, reopen):
        app.command()(command)
