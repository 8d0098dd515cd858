"""Commands about the same complaint twice: list what looks like it, merge, undo."""

from typing import Annotated

import typer
from rich.table import Column, Table
from rich.text import Text

from complaints.acts import Repeat
from complaints.adapters.repeating import find_repeats, list_suggested, merge_cases, stages_of, unmerge_case
from deployments.console import By, Language, Reference, Tongue, cases, out, staff, wake


def repeats(
    reference: Annotated[str | None, typer.Argument(metavar="[REF]", help="one case, looked at anew")] = None,
    language: Language = Tongue.CHINESE,
    limit: Annotated[int, typer.Option(min=1, help="list at most so many cases")] = 50,
) -> None:
    """List cases that look like the same complaint, with the reasons; people decide whether they are."""
    store = cases()
    found = list_suggested(store, limit)
    if reference is not None:
        store.read_case(reference)  # says so where there is none
        found = [(reference, find_repeats(store, reference))]
    lines = [(one, repeat) for one, suggested in found for repeat in suggested]
    if not lines:
        out.print("没有发现疑似重复投诉。" if language is Tongue.CHINESE else "Nothing looks like a repeat.")
        return
    table = Table(Column("case", no_wrap=True), Column("like", no_wrap=True), "stage", "grade", "reasons")
    stages = stages_of(store, {repeat.reference for _, repeat in lines})
    for one, repeat in lines:
        words = stages[repeat.reference].word(language), repeat.grade.word(language)
        table.add_row(one, repeat.reference, *words, Text(_reasons(repeat, language)))
    out.print(table)


def _reasons(repeat: Repeat, language: str) -> str:
    return ("、" if language == Tongue.CHINESE else ", ").join(why.word(language) for why in repeat.reasons)


def merge(
    reference: Reference,
    into: Annotated[str, typer.Argument(metavar="INTO", help="the earlier case, which then answers for both")],
    reason: Annotated[str | None, typer.Option(help="in words; kept sealed")] = None,
    new_facts: Annotated[
        bool, typer.Option("--new-facts", help="it brings new facts: where the regime says so, the period runs again")
    ] = False,
    by: By = "",
) -> None:
    """Merge a later case into an earlier one of the same complaint; 'redress unmerge REF' undoes it."""
    if not merge_cases(cases(), reference, into, staff(by), reason=reason, new_facts=new_facts):
        out.print(f"{reference} was merged into {into} before; nothing was changed.")
        return
    out.print(f"{reference} is merged into {into}, which answers for both. To undo it: redress unmerge {reference}")
    wake(reference)
    wake(into)


def unmerge(reference: Reference, by: By = "") -> None:
    """Undo a merger: the case stands where it stood, its time limits as if they had never stopped."""
    into = unmerge_case(cases(), reference, staff(by))
    stage = cases().read_case(reference).stage
    out.print(f"{reference} is apart from {into} again, at the stage '{stage}'.")
    wake(reference, ended=True)
    wake(into)


def mount(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (repeats, merge, unmerge):
        app.command()(command)
