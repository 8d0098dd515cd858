"""Making a return of a regulator on Prefect's page, as ``redress return make`` does from the command line.

A return that is not ready to be handed in is made all the same: its findings say what is missing.
"""

from typing import Annotated, Any

from prefect import flow
from prefect.artifacts import create_link_artifact, create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import AwareDatetime, Field

from complaints.links import return_link
from complaints.reporting.returns.model import Grade, Return
from complaints.reporting.returns.places import MANIFEST, linked_name
from complaints.settings import settings
from flows.orders import refusal_is_an_answer
from flows.summaries import PeriodName, Regime
from tasks.desk import store
from tasks.returns import make

Name = Annotated[str, Field(title="报表 · return", pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$", examples=["annex-1r"])]


@flow(name="make-return", flow_run_name="{name} {period}")
@refusal_is_an_answer
def make_return(name: Name, period: PeriodName, regime: Regime, as_at: AwareDatetime | None = None) -> State[Any]:
    """监管报表 · Make a return of a regulator for a period, and link to its files.

    Args:
        name: 报表，如 annex-1r、idr-data、public-export、local-bureau、yearly-disclosure · which return.
        period: 期间，如 2026-Q1、2026-H1、2026 · for which period.
        regime: 监管规则，如 uk-disp、au-rg271、us-cfpb、cn-nfra · whose return.
        as_at: 台账时点 · the cut-off; now if left out.
    """
    made, folder = make(regime, name, period, as_at or store().now())
    key = f"return-{made.regime}-{made.name}-{made.period.name}".lower().replace("_", "-")
    create_markdown_artifact(note(made), key=key)
    for file in sorted(one.name for one in folder.iterdir() if one.name != MANIFEST):
        link = return_link(settings().pages_url, linked_name(folder, file), store().master)
        create_link_artifact(link=link, link_text=file, description=f"监管报表 · {made.title.en}: {file}")
    state = "Ready" if made.is_ready else "NotReady"
    counts = ", ".join(f"{made.count(grade)} {grade.en}" for grade in Grade)
    return Completed(name=state, message=f"{made.regime} {made.name} {made.period.name}: {counts}")


def note(made: Return) -> str:
    """Return what a return is and all that is wrong with it, as Markdown.

    What is said of cases may hold words from them: Prefect is told how many there are, the files have the rest.
    """
    from complaints.reporting.returns.files import facts

    lines = ["| | |", "|---|---|"]
    lines += [f"| {label.both} | {value.both if value.zh != value.en else value.zh} |" for label, value in facts(made)]
    lines += ["", "| 级别 · grade | 字段 · field | 问题 · reason | 件数 · cases |", "|---|---|---|---:|"]
    for one in made.findings:
        reason = "见文件 · see the files" if one.cases else one.reason.both
        lines.append(f"| {one.grade.both} | {one.field.both} | {reason} | {len(one.cases) or ''} |")
    return "\n".join(lines)
