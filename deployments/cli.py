"""The command line: ``redress``."""

import json
import sys
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markdown import Markdown
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Column, Table

from complaints import acts
from complaints.adapters.store import Store, read_act
from complaints.answers import Question, parse_answer
from complaints.case import Case
from complaints.deadlines import due
from complaints.errors import AnswerRefused, ComplaintError
from complaints.intake import Complaint, Contact
from complaints.settings import Settings, settings
from complaints.sheet import case_sheet
from complaints.words import ZH, Channel, ContactKind, Kind, Stage

app = typer.Typer(
    help="Complaint handling for financial firms. Start with:  redress demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
out = Console(width=None if sys.stdout.isatty() else 140)

Reference = Annotated[str, typer.Argument(metavar="REF", help="the case's reference, such as TS260302-7K3M9QX")]
By = Annotated[str, typer.Option("--by", help="your staff number; it stands in the ledger")]
Language = Annotated[str, typer.Option("--lang", help="zh-CN or en")]


@cache
def cases() -> Store:
    """Return the case database, brought up to date."""
    settings().home.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = Store(settings().cases_url, settings().key_file)
    store.migrate()
    return store


# --- running -----------------------------------------------------------------------------------


@app.command()
def up() -> None:
    """Start everything on this machine: Prefect's server, the worker, the HTTP door. Ctrl-C stops it."""
    from deployments.up import Supervisor, write_first_settings

    if file := write_first_settings(settings()):
        out.print(f"Wrote {file} with a fresh webhook secret for the sender 'crm'.")
        settings.cache_clear()
    with Supervisor(settings(), lambda text: out.print(f"… {text}")) as supervisor:
        show_addresses(settings())
        out.print("Ctrl-C stops everything; 'redress up' starts again on the same data.")
        supervisor.wait()
        out.print("stopping")


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="end when the forty days are over")] = False,
    home: Annotated[Path | None, typer.Option(help="folder of the demo [default: .redress/demo]")] = None,
) -> None:
    """File some forty sample complaints through the door, play the operators, and live through forty days."""
    from deployments.demo import run_demo

    run_demo((home or Path(".redress/demo")).resolve(), once=once, out=out)


@app.command(hidden=True)
def worker() -> None:
    """Execute runs in this process until told to end."""
    from deployments.environment import apply

    apply(settings())
    from deployments.resident import work

    work()


@app.command(hidden=True)
def register() -> None:
    """Register all deployments on Prefect's server."""
    from deployments.environment import apply

    apply(settings())
    from deployments.register import register as register_all

    for name in register_all():
        out.print(name)


@app.command()
def doctor() -> None:
    """Check settings, keys, versions and Prefect's dangerous defaults; every finding comes with its cure."""
    from deployments.doctor import examine

    findings = examine(settings())
    table = Table("", "what", "found", "cure")
    mark = {"ok": "[green]ok[/]", "note": "[yellow]note[/]", "bad": "[red]bad[/]"}
    for finding in findings:
        table.add_row(mark[finding.grade], finding.what, finding.found, finding.cure)
    out.print(table)
    if any(finding.grade == "bad" for finding in findings):
        raise typer.Exit(1)


# --- taking in ---------------------------------------------------------------------------------


@app.command("file")
def file_complaint(
    file: Annotated[typer.FileText | None, typer.Argument(help="a complaint as JSON; - reads standard input")] = None,
    channel: Annotated[Channel, typer.Option(help="where it came in")] = Channel.COUNTER,
    kind: Annotated[Kind | None, typer.Option(help="where it is known")] = None,
    name: Annotated[str | None, typer.Option(help="the complainant's name")] = None,
    email: Annotated[str | None, typer.Option()] = None,
    phone: Annotated[str | None, typer.Option()] = None,
    narrative: Annotated[str | None, typer.Option(help="what happened")] = None,
    wanted: Annotated[str | None, typer.Option(help="what the complainant asks for")] = None,
    product: Annotated[str | None, typer.Option()] = None,
    language: Language = ZH,
    by: By = "counter",
) -> None:
    """Take in one complaint: from a JSON file, or from the options for the telephone and the counter."""
    if file:
        content = _json(file.read())
    else:
        contacts = [{"kind": code, "value": value} for code, value in (("email", email), ("phone", phone)) if value]
        complainant = {"name": name, "contacts": contacts}
        content = {"channel": channel, "kind": kind, "language": language, "complainant": complainant}
        content |= {"narrative": narrative or "", "wanted": wanted, "product": product}
    try:
        complaint = Complaint.model_validate(content)
    except ValidationError as wrong:
        first = wrong.errors(include_input=False, include_url=False)[0]
        raise AnswerRefused(".".join(str(part) for part in first["loc"]), first["msg"]) from None
    filed = cases().file(complaint, f"staff:{by}", settings().regime)
    started = filed.is_new and _start_run(filed.reference)
    out.print(filed.reference)
    if not filed.is_new:
        out.print("This complaint was filed before; nothing was added.")
    elif not started:
        out.print("Stored. Prefect does not answer; its run starts with 'redress up'.")


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CFPB layout: .csv or .csv.gz")],
    as_open: Annotated[bool, typer.Option("--open/--history", help="as cases to be handled, or as history")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="read only so many rows")] = None,
    rejects: Annotated[Path | None, typer.Option(help="write the rejected rows' reasons to this CSV file")] = None,
) -> None:
    """Import complaints from a file; rows that are there already are left as they are."""
    from complaints.adapters.cfpb import import_cfpb, write_rejects

    store = cases()
    with Progress(SpinnerColumn(), TextColumn("{task.completed} rows"), console=out, transient=True) as progress:
        bar = progress.add_task("import", total=None)
        report = import_cfpb(
            store,
            file,
            as_history=not as_open,
            regime=settings().regime,
            limit=limit,
            progress=lambda rows: progress.update(bar, completed=rows),
        )
    for reject in report.rejects[:20]:
        out.print(f"row {reject.row}, {reject.column}: {reject.reason}", markup=False)
    if report.rejected > 20:
        out.print(f"… and {report.rejected - 20} more" + ("" if rejects else "; --rejects FILE writes all"))
    if rejects:
        write_rejects(report, rejects)
    out.print(f"{report.new} new, {report.same} already there, {report.rejected} rejected")
    if report.cut:
        out.print("The file is cut: it ends in the middle of a row. Get it again from its source.")
        raise typer.Exit(1)


# --- looking -----------------------------------------------------------------------------------


@app.command("list")
def list_cases(
    stage: Annotated[Stage | None, typer.Option(help="only this stage")] = None,
    all_: Annotated[bool, typer.Option("--all", help="closed ones too")] = False,
    limit: Annotated[int, typer.Option(min=1)] = 50,
) -> None:
    """List cases, the newest first, and what each waits for."""
    store = cases()
    rows = store.list_cases(stage=stage, only_open=not (all_ or stage), limit=limit)
    columns = ("reference", "kind", "category", "stage", "waits for", "received", "decision due", "late")
    table = Table(*(Column(name, no_wrap=True) for name in columns))
    for row in rows:
        kind = Kind(row.kind).both if row.kind else "—"
        late = "late" if row.late or (row.late is None and _is_past(row.decision_due_at, store.now())) else ""
        stage_word = Stage(row.stage).both
        dates = (_day(row.received_at), _day(row.decision_due_at))
        table.add_row(row.reference, kind, row.category or "—", stage_word, row.asks or "", *dates, late)
    out.print(table)


@app.command()
def show(
    reference: Reference,
    reveal: Annotated[bool, typer.Option("--reveal", help="show a confidential reporter; it is recorded")] = False,
    by: By = "",
) -> None:
    """Show a case: where it stands, the record with its personal data, and every entry of its ledger."""
    store = cases()
    case = store.read_case(reference)
    out.print(Markdown(case_sheet(case, store.now())))
    if case.is_confidential and not reveal:
        out.print("The reporter is confidential. With a reason to know: --reveal --by YOUR-STAFF-NUMBER")
    else:
        if case.is_confidential:
            _record_view(store, reference, by)
        _show_record(case)
    table = Table("#", "when", "by", "what", "details")
    with store.read() as session:
        key = store.case_key(session, reference)
    for entry in store.entries(reference):
        act = read_act(entry, key)
        details = act.model_dump(mode="json", exclude=set(act.personal), exclude_none=True, exclude_defaults=True)
        text = ", ".join(f"{name}={value}" for name, value in details.items())
        when = f"{entry.at.astimezone(case.pack.tz):%m-%d %H:%M:%S}"
        table.add_row(str(entry.seq), when, entry.by, entry.kind, text[:200])
    out.print(table)


@app.command()
def explain(reference: Reference, language: Language = ZH) -> None:
    """Explain every deadline of a case: the rule, how it was counted, and how sure the rule is."""
    case = cases().read_case(reference)
    zh = language == ZH
    for name, clock in case.clocks.items():
        rule, started = case.pack.clock(name), clock.started
        title = rule.title.zh if zh else rule.title.en
        out.print(f"[bold]{title}[/]  {case.pack.title.zh if zh else case.pack.title.en}, {rule.article}")
        for step in due(rule, started.started_at, case.pack.tz).steps:
            out.print(f"  {step.zh if zh else step.en}", markup=False)
        until = f"{started.due_at.astimezone(case.pack.tz):%Y-%m-%d %H:%M}"
        out.print(f"  {'到期' if zh else 'due'}: {until}")
        if rule.to_verify:
            doubt = "待核实" if zh else "to verify"
            out.print(f"  {doubt} ({rule.confidence}): {rule.source}", markup=False)
        if clock.met_at:
            done = "已完成" if zh else "done"
            late = ("超期" if zh else "late") if clock.late else ("按时" if zh else "in time")
            out.print(f"  {done}: {clock.met_at.astimezone(case.pack.tz):%Y-%m-%d %H:%M} ({late})", markup=False)


@app.command()
def verify(
    reference: Annotated[str | None, typer.Argument(metavar="[REF]", help="one case; all without it")] = None,
) -> None:
    """Check the ledger: every entry, every chain, and that what stands beside it follows from it."""
    from complaints.adapters.verify import verify as check

    with Progress(SpinnerColumn(), TextColumn("{task.completed} cases"), console=out, transient=True) as progress:
        bar = progress.add_task("verify", total=None)
        result = check(cases(), reference, lambda done: progress.update(bar, completed=done))
    for broken in result.breaks:
        out.print(f"BROKEN  {broken}", markup=False)
    out.print(f"{result.entries} entries of {result.cases} cases checked, {len(result.breaks)} broken")
    if result.breaks:
        raise typer.Exit(1)


# --- handling ----------------------------------------------------------------------------------


@app.command()
def answer(
    reference: Reference,
    form: Annotated[Question, typer.Argument(metavar="FORM", help=" | ".join(Question))],
    values: Annotated[list[str] | None, typer.Argument(metavar="FIELD=VALUE …", help="such as outcome=upheld")] = None,
    by: By = "",
) -> None:
    """Answer the question that a case waits with, instead of on Prefect's page."""
    given = dict(_pair(one) for one in values or [])
    store = cases()
    with store.open_case(reference) as desk:
        desk.case.answer(form, parse_answer(form, given), _staff(by), desk.now)
    out.print(f"Recorded: {form} of {reference}.")
    _wake(reference)


@app.command()
def withdraw(reference: Reference, by: By = "") -> None:
    """End a case because the complainant withdrew."""
    with cases().open_case(reference) as desk:
        desk.case.withdraw(_staff(by), desk.now)
    out.print(f"{reference} is closed: withdrawn.")
    _wake(reference)


@app.command()
def contact(
    reference: Reference,
    kind: Annotated[ContactKind, typer.Argument(help="email, phone, post or portal")],
    value: Annotated[str, typer.Argument(help="the address or number")],
    by: By = "",
) -> None:
    """Add another way to reach the complainant; the delivery-repair form then offers it by its number."""
    try:
        added = Contact(kind=kind, value=value)
    except ValidationError as wrong:
        raise AnswerRefused("value", wrong.errors()[0]["msg"].removeprefix("Value error, ")) from None
    with cases().open_case(reference) as desk:
        desk.case.record(acts.ContactAdded(contact=added), desk.now, _staff(by))
        number = len(desk.case.contacts)
    out.print(f"Contact {number} of {reference}.")


# --- helpers -----------------------------------------------------------------------------------


def show_addresses(where: Settings) -> None:
    """Print every address there is to look at."""
    table = Table("what", "where")
    table.add_row(
        "Prefect's page (waiting forms: Runs → a run that is Suspended → Resume)", where.api_url.removesuffix("/api")
    )
    table.add_row(
        "HTTP door (POST /v1/complaints, documentation at /docs)", f"http://{where.door_host}:{where.door_port}"
    )
    letters = "a mail server" if where.smtp_url else f"{where.letters_folder} (no mail server is set: not sent)"
    table.add_row("letters", letters)
    table.add_row("summaries", str(where.summaries_folder))
    table.add_row("archive", str(where.archive_folder))
    table.add_row("logs", str(where.home / "logs"))
    out.print(table)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as wrong:
        raise AnswerRefused("file", f"is not JSON (line {wrong.lineno}: {wrong.msg})") from None


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise AnswerRefused(text, "write it as FIELD=VALUE")
    return name, value


def _staff(by: str) -> str:
    if not by:
        raise AnswerRefused("--by", "say who you are, by your staff number")
    return by


def _day(at: datetime | None) -> str:
    return f"{at.astimezone():%Y-%m-%d}" if at else ""


def _is_past(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now


def _record_view(store: Store, reference: str, by: str) -> None:
    with store.open_case(reference) as desk:
        desk.case.record(acts.Viewed(what="reporter"), desk.now, _staff(by))


def _show_record(case: Case) -> None:
    if case.complaint is None:
        out.print("The person was erased; the personal data cannot be read any more.")
        return
    record = case.complaint.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    for name, value in record.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        out.print(f"[bold]{name}[/]: ", end="")
        out.print(text, markup=False)
    for number, known in enumerate(case.contacts, 1):
        out.print(f"contact {number}: {known.kind} {known.value}", markup=False)


def _start_run(reference: str) -> bool:
    """Start a case's run if Prefect answers."""
    if not _prefect_answers():
        return False
    from flows.runs import prefect_client, start_run

    with prefect_client() as client:
        start_run(client, reference)
    return True


def _wake(reference: str) -> None:
    """Let the case's run go on if Prefect answers; otherwise it is woken by reconcile-runs."""
    if _prefect_answers():
        from flows.runs import wake_case

        wake_case(reference)
    else:
        out.print("Prefect does not answer; the run goes on with 'redress up'.")


def _prefect_answers() -> bool:
    import httpx

    from deployments.environment import apply

    apply(settings())
    try:
        return httpx.get(f"{settings().api_url}/health", timeout=2).is_success
    except httpx.HTTPError:
        return False


def main() -> None:
    """Run the command line; what Redress refuses is one line and exit code 2."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except ComplaintError as wrong:
        sys.stderr.write(f"redress: {wrong}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
