"""What a run about a summary shows on Prefect's page: where it stands, its key figures, and links to its files."""

from typing import Final

from prefect.artifacts import create_link_artifact, create_markdown_artifact

from complaints.adapters.summary_tables import read_tables
from complaints.links import summary_link
from complaints.reporting.labels import code_title, period_title, section_title
from complaints.reporting.periods import Period
from complaints.reporting.versions import Version
from tasks.desk import store, summaries

KEY_SECTION: Final = "totals"


def show_version(version: Version) -> None:
    """Show a version on the page of the run that is executed; no personal data is in it."""
    create_markdown_artifact(note(version), key=f"summary-{version.regime}-{version.period}".lower().replace("_", "-"))
    for name, link in links(version).items():
        create_link_artifact(link=link, link_text=name, description=f"投诉监管报告 · summary {version.name}: {name}")


def links(version: Version) -> dict[str, str]:
    """Return the links to the files of a version that people read, by name."""
    names = [name for name in version.edition.files if not name.endswith(".parquet")]
    ends = {name: f"{version.link_name}.{name.removeprefix('summary.')}" for name in names}
    return {name: summary_link(version.edition.pages, end, store().master) for name, end in ends.items()}


def note(version: Version) -> str:
    """Return where a version stands, with its key figures, as Markdown."""
    period = Period.parse(version.period)
    pack = store().rules().pack(version.regime)
    hands = (
        ("编制 · prepared", version.prepared_by, version.prepared_at),
        ("复核 · reviewed", version.reviewed_by, version.reviewed_at),
        ("签发 · signed off", version.signed_by, version.signed_at),
    )
    lines = [f"## {pack.title.zh} · {period_title(period).both}", "", "| | |", "|---|---|"]
    lines += [f"| 版本 · version | {version.number}: {version.state.both} |"]
    lines += [
        f"| 台账时点 · ledger as at | {version.edition.as_at.astimezone(pack.tz):%Y-%m-%d %H:%M:%S} ({pack.zone}) |"
    ]
    lines += [f"| {what} | {by}, {at.astimezone(pack.tz):%Y-%m-%d %H:%M} |" for what, by, at in hands if by and at]
    lines += ["", f"### {section_title(KEY_SECTION).both}", "", "| | |", "|---|---:|"]
    figures = read_tables(summaries().files, version).figures
    shown = figures[(figures["span"] == "period") & (figures["section"] == KEY_SECTION)]
    values = zip(shown["code"], shown["value"], strict=True)
    lines += [f"| {code_title(KEY_SECTION, code, period).both} | {value} |" for code, value in values]
    if not any(name.endswith(".pdf") for name in version.edition.files):
        lines += ["", "未生成 PDF，本机缺少 Pango 或中文字体 · No PDF: this machine lacks Pango or a Chinese font."]
    return "\n".join(lines)
