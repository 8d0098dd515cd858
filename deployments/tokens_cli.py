"""Commands about the tokens of senders at the HTTP door."""

import json
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from complaints.errors.case import AnswerRefused
from complaints.senders import OWN, Scope, SenderName, hash_of, new_token, several
from deployments.console import out

app = typer.Typer(help="Tokens by which other systems prove at the HTTP door who they are.")


@app.callback()
def tokens() -> None:
    """Keep ``new`` a command of its own, though it is the only one."""


@app.command("new")
def new(
    sender: Annotated[str, typer.Argument(help="the sender's name; its cases are kept under it")],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="file, read, materials, withdraw, events; all: cases of every sender; metrics: of monitoring "
            "[default: all but the last two]"
        ),
    ] = None,
) -> None:
    """Draw a fresh token, show it once, and show the lines of redress.toml by which the door knows it."""
    name, scopes = _sender(sender), _scopes(scope or [])
    token = new_token()
    out.print("The token, which is shown only now and kept nowhere:\n")
    typer.echo(f"    {token}\n")
    out.print("The door knows it by these lines in redress.toml of the home folder; it reads them when it starts:\n")
    typer.echo(f'    [[tokens."{name}"]]\n    sha256 = "{hash_of(token)}"\n    scopes = {json.dumps(scopes)}')


def _sender(name: str) -> str:
    try:
        return TypeAdapter(SenderName).validate_python(name)
    except ValidationError:
        reason = "has 1 to 48 letters, digits, dots, hyphens or underscores, and begins with a letter or digit"
        raise AnswerRefused("sender", reason) from None


def _scopes(given: list[str]) -> list[Scope]:
    names = [one for text in given for one in several(text)] or sorted(OWN)
    if unknown := set(names) - set(Scope):
        raise AnswerRefused("--scope", f"'{min(unknown)}' is none; choose from: {', '.join(Scope)}")
    return [one for one in Scope if one in names]
