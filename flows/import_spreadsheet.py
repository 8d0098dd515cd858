"""Importing a spreadsheet from Prefect's page (*Deployments → Run*), as ``redress import`` does from the command line.

The file lies in the folder ``imports`` of the home folder; only its name enters Prefect, and nothing of its cells.
"""

from pathlib import Path
from typing import Annotated, Any, Final, cast
from uuid import UUID

from prefect import flow
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from complaints.adapters.spreadsheets.report import ImportReport
from flows.orders import refusal_is_an_answer
from flows.runs import start_owed
from tasks.spreadsheets import Say, choose, import_rows

File = Annotated[str, Field(title="文件名 · file", max_length=200)]
Mapping = Annotated[str, Field(title="字段映射 · mapping", max_length=200)]

_COUNTS: Final = {
    "read": "读取 · rows read",
    "new": "新立案 · new",
    "updated": "已更新 · updated",
    "same": "已存在 · already there",
    "rejected": "未导入 · rejected",
}
CUT: Final = "The file is cut: it ends in the middle of a row. Get it again from its source."


@flow(name="import-spreadsheet", flow_run_name="import {file}")
@refusal_is_an_answer
def import_spreadsheet(
    file: File,
    mapping: Mapping | None = None,
    history: bool | None = None,
    dry_run: bool = False,
    limit: Annotated[int, Field(ge=1)] | None = None,
) -> State[Any]:
    """表格导入 · Import complaints from a spreadsheet; run it again after whatever happened.

    Args:
        file: 文件名（放在 imports 文件夹内，名称不得含姓名） · its bare name in the folder imports; it names nobody.
        mapping: 字段映射 · a packaged mapping's name, or a TOML file in the same folder; else told by the columns.
        history: 是否历史案件 · whether the cases are over; otherwise as the mapping says.
        dry_run: 只检查，不入库 · store nothing, only say what would become of the rows.
        limit: 最多读取行数 · read only so many rows.
    """
    chosen = choose(file, mapping)
    report, rejects = import_rows(chosen, history=history, limit=limit, dry_run=dry_run, say=progress_on_page())
    if report.new and not dry_run:
        start_owed()
    create_markdown_artifact(outcome(report, rejects, chosen.layout.name, dry_run=dry_run))
    if report.cut:
        return Completed(name="Incomplete", message=CUT)
    return Completed(message=", ".join(f"{getattr(report, name)} {name}" for name in _COUNTS))


def progress_on_page() -> Say:
    """Return what shows progress on this run's page, by an artifact that is made when there is any."""
    artifact: list[UUID] = []

    def say(read: int, total: int) -> None:
        progress = min(100.0, 100 * read / total) if total else 100.0
        if artifact:
            update_progress_artifact(artifact[0], progress=progress)
        else:
            description = f"导入进度（%），约 {total} 行 · per cent of about {total} rows"
            artifact.append(cast(UUID, create_progress_artifact(progress=progress, description=description)))

    return say


def outcome(report: ImportReport, rejects: Path | None, mapping: str, *, dry_run: bool) -> str:
    """Return what became of the rows, as Markdown: counts, and where the list of rejects is."""
    lines = ["**只检查，未入库 · Dry run: nothing was stored**", ""] if dry_run else []
    lines += ["| | |", "|---|---|", f"| 字段映射 · mapping | {mapping} |"]
    lines += [f"| {title} | {getattr(report, name)} |" for name, title in _COUNTS.items()]
    if report.ignored:
        lines.append(f"| 未读取的列 · columns not read | {len(report.ignored)} |")
    if report.encoding:
        lines.append(f"| 编码 · encoding | {report.encoding} |")
    if rejects:
        lines.append(f"| 未导入清单 · list of rejects | `{rejects}` |")
    return "\n".join(lines)
