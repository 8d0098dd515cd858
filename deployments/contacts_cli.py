"""The command line for contact rules: ``redress contacts check``."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from complaints.contacts.base import Violation
from complaints.contacts.checking import check, read_rules
from complaints.contacts.log import read_log
from complaints.contacts.rules import ContactRule
from complaints.errors.settings import SettingError
from complaints.regimes.rulebook import load_pack
from complaints.words import ZH

app = typer.Typer(help="Contact rules of debt collection: hours, frequency, third persons, requests to stop.")
out = Console(width=None if sys.stdout.isatty() else 160, emoji=False)

Language = Literal["zh-CN", "en"]

HEADINGS: Final = {
    "zh-CN": ("联系记录", "性质", "当地时间", "次/日", "规则", "说明"),
    "en": ("contact", "effect", "local time", "count", "rule", "what"),
}


@app.callback()
def contacts() -> None:
    """Keep ``check`` a command of its own, though it is the only one."""


@app.command("check")
def check_log(
    ruleset: Annotated[
        str, typer.Argument(metavar="RULESET", help="a regime, such as cn-collections or us-reg-f; or a .toml file")
    ],
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="the contact log: CSV, or JSON lines")
    ],
    lang: Annotated[Language, typer.Option("--lang", help="the language: zh-CN or en")] = "zh-CN",
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a finding, in both languages")] = False,
) -> None:
    """Check a contact log against the rules; exit code 1 if anything is found.

    The columns of the log: at (with its UTC offset), by (firm or agency), debt, person, number, zones (where the person
    may be), medium, outcome.

    And where there is something to say: id, debt_group, role, direction, purpose, consent_at, consent_until,
    debtor_unreachable, disclosed, stops (media not to be used any more), stops_at.

    Several values in one cell are separated by semicolons. A code that is wrong is answered with the right ones.
    """
    log = read_log(file)
    found = check(_rules(ruleset), log)
    if as_json:
        for one in found:
            typer.echo(json.dumps(one.model_dump(mode="json"), ensure_ascii=False))
    else:
        _show(found, len(log), lang)
    if found:
        raise typer.Exit(1)


def _rules(ruleset: str) -> Sequence[ContactRule]:
    """Return the rules of a pack, or of a file.

    Raises:
        SettingError: there is no such pack, or it has no contact rules.
        RuleFileInvalid: the file is wrong.
    """
    if ruleset.endswith(".toml"):
        try:
            text = Path(ruleset).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise SettingError("RULESET", "the file is not text in UTF-8", "Save it as UTF-8") from None
        return read_rules(text, Path(ruleset).name).contacts
    rules = load_pack(ruleset).contacts
    if not rules:
        cure = "Choose a regime of debt collection, such as cn-collections or us-reg-f"
        raise SettingError("RULESET", f"the regime pack '{ruleset}' has no contact rules", cure)
    return rules


def _show(found: Sequence[Violation], contacts: int, lang: Language) -> None:
    if found:
        table = Table(*(Column(name, overflow="fold") for name in HEADINGS[lang]))
        for one in found:
            table.add_row(*(Text(cell) for cell in _row(one, lang)))
        out.print(table)
    if lang == ZH:
        out.print(f"已检查 {contacts} 条联系记录，发现 {len(found)} 项")
    else:
        out.print(f"{contacts} contacts checked, {len(found)} findings")


def _row(one: Violation, lang: Language) -> tuple[str, ...]:
    count = "" if one.count is None else f"{one.count}/{one.limit}"
    rule = f"{one.title.word(lang)} ({one.article.word(lang)})"
    if one.to_verify:
        rule += f" [{'待核实' if lang == ZH else 'to verify'}: {one.confidence}]"
    local = f"{one.local:%Y-%m-%d %H:%M:%S%z}"
    return one.record, one.effect.word(lang), local, count, rule, one.sentence.word(lang)
