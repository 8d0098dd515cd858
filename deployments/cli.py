"""The command line: ``redress``."""

import json
import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.markdown import Markdown
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Column, Table
from rich.text import Text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from complaints import acts
from complaints.adapters.entries import read_act
from complaints.adapters.store import Store
from complaints.answers import Question, parse_answer
from complaints.case import Case
from complaints.correspondence import record_sent
from complaints.errors.base import ComplaintError
from complaints.errors.case import AnswerRefused
from complaints.intake import Complaint, Contact
from complaints.letters import hides_reporter
from complaints.links import status_link
from complaints.settings import Settings, settings
from complaints.sheet import case_sheet
from complaints.words import Channel, ContactKind, Kind, NoReport, Stage
from deployments import (
    archive_cli,
    backup_cli,
    calculator_cli,
    clocks_cli,
    contacts_cli,
    event_log_cli,
    evidence_cli,
    holds_cli,
    import_cli,
    repeats_cli,
    retention_cli,
    returns_cli,
    rules_cli,
    summaries_cli,
    tokens_cli,
    webhooks_cli,
)
from deployments.case_list import show_cases
from deployments.console import (
    By,
    Language,
    Reference,
    Tongue,
    cases,
    find_calendar,
    out,
    pairs,
    refusal,
    staff,
    start_run_of,
    wake,
)

app = typer.Typer(
    help="Complaint handling for financial firms. Start with:  redress demo",
    pretty_exceptions_enable=False,
    add_completion=False,
)
clocks_cli.mount(app)
calculator_cli.find_calendar = find_calendar
app.command("due")(calculator_cli.due)
app.command("working-time")(calculator_cli.working_time)
rules_cli.mount(app)
repeats_cli.mount(app)
app.command("import")(import_cli.import_command)
app.command("backup")(backup_cli.backup)
app.command("restore")(backup_cli.restore)
app.add_typer(contacts_cli.app, name="contacts")
app.add_typer(returns_cli.app, name="return")
app.add_typer(summaries_cli.app, name="summary")
app.add_typer(tokens_cli.app, name="token")
app.add_typer(event_log_cli.app, name="events")
app.add_typer(evidence_cli.app, name="evidence")
app.add_typer(archive_cli.app, name="archive")
app.add_typer(holds_cli.app, name="hold")
retention_cli.mount(app)
app.add_typer(webhooks_cli.app, name="webhooks")

WRONG: Final = (
    ComplaintError,
    typer.TyperException,
    SQLAlchemyError,
    OSError,
    SettingsError,
    tomllib.TOMLDecodeError,
    UnicodeDecodeError,
)
"""What can be wrong on a healthy day: a mistake in what was typed, a setting, a file, a database that is away."""


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
def server(
    no_services: Annotated[
        bool, typer.Option("--no-services", help="API and page only: one of several; 'redress services' does the rest")
    ] = False,
) -> None:
    """Run Prefect's server in this process until told to end."""
    from deployments.environment import apply

    apply(settings())
    from deployments.prefect_server import check_settings, serve

    check_settings(settings(), many=no_services)
    serve(services=not no_services)


@app.command(hidden=True)
def services() -> None:
    """Run the background services of Prefect's servers in this process until told to end."""
    from deployments.environment import apply

    apply(settings())
    from deployments.prefect_server import check_settings, run_services

    check_settings(settings(), many=True)
    run_services()


@app.command(hidden=True)
def worker() -> None:
    """Execute runs in this process until told to end."""
    from deployments.environment import apply

    apply(settings())
    from deployments.resident.process import work

    work()


@app.command(hidden=True)
def door() -> None:
    """Open the HTTP door in this process until told to end."""
    import uvicorn

    where = settings()
    from deployments.door.limits import HTTP

    # Which proxies are believed is a setting of ours; uvicorn would believe every program of this machine.
    made = "deployments.door.app:app"
    uvicorn.run(made, host=where.door_host, port=where.door_port, http=HTTP, log_level="warning", proxy_headers=False)


@app.command()
def deploy(
    as_json: Annotated[bool, typer.Option("--json", help="say all of it as JSON, for programs")] = False,
) -> None:
    """Bring Prefect's server to what Redress needs there, and say what changed. Safe to run twice."""
    from deployments.environment import apply

    apply(settings())
    cases()  # its schema, too: where there are several machines, this command alone brings it up to date
    from deployments import changes
    from deployments.deploy import deploy as deploy_all

    done = deploy_all()
    if as_json:
        typer.echo(json.dumps(changes.as_json(done), ensure_ascii=False, indent=2))
        return
    if (table := changes.as_table(done)).row_count:
        out.print(table)
    out.print(changes.in_a_word(done))


@app.command()
def doctor() -> None:
    """Check settings, keys, versions and Prefect's dangerous defaults; every finding comes with its cure."""
    from deployments.doctor.examination import examine

    findings = examine(settings())
    table = Table(*(Column(name, overflow="fold") for name in ("", "what", "found", "cure")))
    mark = {"ok": "[green]ok[/]", "note": "[yellow]note[/]", "bad": "[red]bad[/]"}
    for finding in findings:
        table.add_row(mark[finding.grade], Text(finding.what), Text(finding.found), Text(finding.cure))
    out.print(table)
    if any(finding.grade == "bad" for finding in findings):
        raise typer.Exit(1)


# --- taking in ---------------------------------------------------------------------------------


@app.command("file")
def file_complaint(
    file: Annotated[
        typer.FileText | None,
        typer.Argument(help="a complaint as JSON; - reads standard input", encoding="utf-8-sig"),
    ] = None,
    channel: Annotated[Channel, typer.Option(help="where it came in")] = Channel.COUNTER,
    kind: Annotated[Kind | None, typer.Option(help="what sort of matter it is, where that is known")] = None,
    name: Annotated[str | None, typer.Option(help="the complainant's name")] = None,
    email: Annotated[str | None, typer.Option(help="the complainant's e-mail address; letters go there")] = None,
    phone: Annotated[str | None, typer.Option(help="the complainant's telephone number")] = None,
    narrative: Annotated[str | None, typer.Option(help="what happened")] = None,
    wanted: Annotated[str | None, typer.Option(help="what the complainant asks for")] = None,
    product: Annotated[str | None, typer.Option(help="the product it is about")] = None,
    language: Language = Tongue.CHINESE,
    by: By = "counter",
) -> None:
    """Take in one complaint: from a JSON file, or from the options for the telephone and the counter."""
    if file:
        content = _json(file)
    else:
        contacts = [{"kind": code, "value": value} for code, value in (("email", email), ("phone", phone)) if value]
        complainant = {"name": name, "contacts": contacts}
        content = {"channel": channel, "kind": kind, "language": language, "complainant": complainant}
        content |= {"narrative": narrative or "", "wanted": wanted, "product": product}
    try:
        complaint = Complaint.model_validate(content)
    except ValidationError as wrong:
        raise refusal(wrong) from None
    filed = cases().file(complaint, f"staff:{staff(by)}", settings().regime, further=settings().further_regimes)
    started = filed.is_new and start_run_of(filed.reference)
    out.print(filed.reference)
    if not filed.is_new:
        out.print("This complaint was filed before; nothing was added.")
    elif not started:
        out.print("Stored. Prefect does not answer; its run is started as soon as Prefect is there ('redress up').")


# --- looking -----------------------------------------------------------------------------------


@app.command("list")
def list_cases(
    stage: Annotated[Stage | None, typer.Option(help="only this stage")] = None,
    all_: Annotated[bool, typer.Option("--all", help="closed ones too")] = False,
    limit: Annotated[int, typer.Option(min=1, help="show at most so many")] = 50,
) -> None:
    """List cases, the newest first, what each waits for, and those whose run was cancelled or failed."""
    store = cases()
    show_cases(store, store.list_cases(stage=stage, only_open=not (all_ or stage), limit=limit))


@app.command()
def find(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="a sender's number, or that of an authority")],
) -> None:
    """Find cases by the number that a sender, or the authority that forwarded them, gave them."""
    store = cases()
    if rows := store.find_cases(number):
        show_cases(store, rows)
    else:
        out.print("No case has this number.")


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
    confidential = hides_reporter(case)
    if confidential and not reveal:
        out.print("The reporter is confidential. With a reason to know: --reveal --by YOUR-STAFF-NUMBER")
    else:
        if confidential:
            _record_view(store, reference, by)
        _show_record(case)
    table = Table("#", "when", "by", "what", Column("details", overflow="fold"))
    with store.read() as session:
        key = store.case_key(session, reference)
    for entry in store.entries(reference):
        act = read_act(entry, key)
        details = act.model_dump(mode="json", exclude=set(act.personal), exclude_none=True, exclude_defaults=True)
        text = ", ".join(f"{name}={value}" for name, value in details.items())
        if confidential and not reveal and isinstance(act, acts.Received):
            text = "confidential"  # product, place and number can tell who it was
        when = f"{entry.at.astimezone(case.pack.tz):%Y-%m-%d %H:%M:%S}"
        table.add_row(str(entry.seq), when, Text(entry.by), entry.kind, Text(text[:200]))
    out.print(table)


@app.command()
def verify(
    reference: Annotated[str | None, typer.Argument(metavar="[REF]", help="one case; all without it")] = None,
) -> None:
    """Check the ledger: every entry, every chain, what stands beside it, and that it is what the last anchor says."""
    from complaints.adapters.keeping.outside import Outside
    from complaints.adapters.verify import verify as check

    with Progress(SpinnerColumn(), TextColumn("{task.completed} cases"), console=out, transient=True) as progress:
        bar = progress.add_task("verify", total=None)
        outside = Outside(settings().anchors_place)
        result = check(cases(), reference, lambda done: progress.update(bar, completed=done), outside=outside)
    for broken in result.breaks:
        out.print(f"BROKEN  {broken}", markup=False)
    out.print(f"{result.entries} entries of {result.cases} cases checked, {len(result.breaks)} broken")
    if reference is None:
        out.print(f"compared with {result.anchor}" if result.anchor else "there is no anchor yet: redress anchor")
    flaws = summaries_cli.say_flaws() + returns_cli.say_flaws() if reference is None else 0
    if flaws or result.breaks:
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
    given = pairs(values or [])
    with cases().open_case(reference) as desk:
        desk.case.answer(form, parse_answer(form, given), staff(by), desk.now)
    out.print(f"Recorded: {form} of {reference}.")
    wake(reference)


@app.command()
def withdraw(reference: Reference, by: By = "") -> None:
    """End a case because the complainant withdrew."""
    with cases().open_case(reference) as desk:
        desk.case.withdraw(staff(by), desk.now)
        ends = "is closed: withdrawn" if not desk.case.stage.is_open else _REPORTED_FIRST
    out.print(f"{reference} {ends}.")
    wake(reference)


_REPORTED_FIRST: Final = "is withdrawn; it is closed once the authority that forwarded it has been told"


@app.command("no-report")
def no_report(
    reference: Reference,
    reason: Annotated[NoReport, typer.Argument(help=" | ".join(NoReport))],
    by: By = "",
) -> None:
    """Say why the authority that forwarded a case is sent no report; without it, or the report, it is never closed."""
    with cases().open_case(reference) as desk:
        desk.case.waive_report(reason, staff(by), desk.now)
    out.print(f"{reference}: no report, {reason.both}.")
    wake(reference)


@app.command()
def link(reference: Reference, by: By = "") -> None:
    """Show the secret link of a case's page again, for a complainant who lost it; who asked stands in the ledger."""
    with cases().open_case(reference) as desk:
        shown = status_link(settings().pages_url, reference, desk.case_key)
        desk.case.record(acts.Viewed(what="link"), desk.now, staff(by))
    out.print(_ASK_FIRST)
    out.print(shown, markup=False, highlight=False, soft_wrap=True)
    if not settings().public_url:
        out.print(_NOT_PUBLIC)


_ASK_FIRST: Final = (
    "先核实对方身份：凭此链接即可查看办理进度、补充材料或撤回，请只告诉投诉人本人或其代理人。本次查看已记入台账。\n"
    "First make sure who asks: whoever has this link sees how the case is going, adds to it, or withdraws it. Tell it "
    "to the complainant or the representative alone. That it was shown stands in the ledger."
)
_NOT_PUBLIC: Final = (
    "未设置 REDRESS_PUBLIC_URL：此链接只能在本机打开。\n"
    "REDRESS_PUBLIC_URL is not set: this link opens on this machine only."
)


@app.command()
def sent(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="the letter's number, such as TS260302-7K3M9QX-3")],
    by: By = "",
) -> None:
    """Record that a letter which lay ready was posted, handed over or read out; the case sheet names such letters."""
    reference = number.rpartition("-")[0]
    with cases().open_case(reference) as desk:
        record_sent(desk.case, number, staff(by), desk.now)
    out.print(f"Recorded: {number} has gone.")


@app.command()
def contact(
    reference: Reference,
    kind: Annotated[ContactKind, typer.Argument(help="email, phone, post or portal")],
    value: Annotated[str, typer.Argument(help="the address or number")],
    authority: Annotated[
        bool, typer.Option("--authority", help="of the authority that forwarded the case: the report goes there")
    ] = False,
    by: By = "",
) -> None:
    """Add another way to reach the complainant, or the authority; the delivery-repair form then offers it."""
    try:
        added = Contact(kind=kind, value=value)
    except ValidationError as wrong:
        raise AnswerRefused("value", refusal(wrong).reason) from None
    with cases().open_case(reference) as desk:
        desk.case.record(acts.ContactAdded(contact=added, of_authority=authority), desk.now, staff(by))
        known = desk.case.contacts_of_authority if authority else desk.case.contacts
        repairs = desk.case.asks is Question.DELIVERY
    out.print(f"Contact {len(known)} of {'the authority of ' if authority else ''}{reference}.")
    if repairs:
        wake(reference)  # the form is put up again with the new contact on it


# --- helpers -----------------------------------------------------------------------------------


def show_addresses(where: Settings) -> None:
    """Print every address there is to look at."""
    table = Table("what", "where")
    table.add_row("Prefect's page (waiting forms: Runs → a run that is Suspended → Resume)", where.prefect_page)
    table.add_row(
        "HTTP door (POST /v1/complaints, described at /openapi.json)", f"http://{where.door_host}:{where.door_port}"
    )
    table.add_row("投诉网页 · web form for complainants", f"{where.pages_url}/complain")
    letters = "a mail server" if where.smtp_url else f"{where.letters_folder} (no mail server is set: not sent)"
    table.add_row("letters", Text(letters))
    table.add_row("summaries", Text(str(where.summaries_folder)))
    table.add_row("archive", Text(str(where.archive_folder)))
    table.add_row("logs", Text(str(where.home / "logs")))
    out.print(table)


def _json(file: typer.FileText) -> Any:
    try:
        return json.load(file)
    except json.JSONDecodeError as wrong:
        raise AnswerRefused("file", f"is not JSON (line {wrong.lineno}: {wrong.msg})") from None
    except UnicodeDecodeError:
        raise AnswerRefused("file", "is not text in UTF-8; save it as UTF-8") from None
    except (ValueError, RecursionError):  # a number of thousands of digits, brackets within brackets without end
        raise AnswerRefused("file", "is not the JSON of a complaint") from None


def _record_view(store: Store, reference: str, by: str) -> None:
    with store.open_case(reference) as desk:
        desk.case.record(acts.Viewed(what="reporter"), desk.now, staff(by))


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
    for number, known in enumerate(case.contacts_of_authority, 1):
        out.print(f"contact {number} of the authority: {known.kind} {known.value}", markup=False)


def in_one_line(wrong: BaseException) -> str:
    """Return what is wrong, and where to look, as one line."""
    match wrong:
        case typer.TyperException():
            text = wrong.format_message().replace("Value error, ", "")
            where = getattr(wrong, "ctx", None)  # only what was typed wrongly has one
            text += f" See: {where.command_path} --help" if where else ""
        case DBAPIError():  # the first line: PostgreSQL's second can repeat what was to be stored
            text = f"case database: {str(wrong.orig).partition(chr(10))[0]}. See: redress doctor"
        case SQLAlchemyError():
            text = f"case database: {str(wrong).partition(chr(10))[0]}. See: redress doctor"
        case OSError() if wrong.filename is not None:
            text = f"{wrong.filename}: {wrong.strerror}"
        case tomllib.TOMLDecodeError() | UnicodeDecodeError():
            text = f"redress.toml: {wrong}"
        case SettingsError():
            text = f"{wrong}. Correct it in the environment or redress.toml"
        case _:
            text = str(wrong)
    return " ".join(text.split())


def main() -> None:
    """Run the command line; whatever is wrong is one line and exit code 2."""
    try:
        code = app(sys.argv[1:] or ["--help"], prog_name="redress", standalone_mode=False)
    except KeyboardInterrupt:
        sys.exit(130)
    except WRONG as wrong:
        sys.stderr.write(f"redress: {in_one_line(wrong)}\n")
        sys.exit(2)
    sys.exit(code)


if __name__ == "__main__":
    main()
