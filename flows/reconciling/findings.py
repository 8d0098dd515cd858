"""What a reconciliation found and did, in words, and the note of it on Prefect's page."""

from collections import Counter
from typing import Final

from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.sorting import ArtifactSort

from complaints.words import Worded

KEY: Final = "reconciliation"
NAMED: Final = 20
"""Cases that the note names of each sort; it counts the others."""

KEPT: Final = 5
"""Versions of the note that stay: Prefect would keep each for ever."""


class Found(Worded):
    """What was done about a run, or is to be told of it."""

    STARTED = "started", "已启动运行", "run started"
    PLACED = "placed", "已在等待处重建运行", "run made again where it waited"
    REVIVED = "revived", "已恢复失败或崩溃的运行", "failed or crashed run revived"
    WOKEN = "woken", "已唤醒无需再等的运行", "run woken that waited for what had come"
    ADOPTED = "adopted", "已认领手工启动的运行", "run that somebody had started adopted"
    CLOSED = "closed", "已取消多余的运行", "surplus run cancelled"
    CANCELLED = "cancelled", "运行已被人工取消，案件仍未结案", "run cancelled by a person, case still open"
    LATE = "late", "运行逾时未开始", "run late to begin"
    STUCK = "stuck", "运行长时间无进展", "run that does not get on"
    REFUSED = "refused", "未能核对", "could not be reconciled"


class Findings:
    """The cases that a reconciliation found something about, by what it was."""

    def __init__(self) -> None:
        self._cases: dict[Found, list[str]] = {}
        self._more: Counter[Found] = Counter()

    def add(self, found: Found, *references: str, more: int = 0) -> None:
        """Note something of cases.

        Args:
            found: What.
            references: Of which cases.
            more: How many others there are whose references were not read.
        """
        self._cases.setdefault(found, []).extend(references)
        self._more[found] += more

    @property
    def counts(self) -> dict[str, int]:
        """How many cases there are of each sort of which there is any."""
        numbers = {str(one): len(self._cases.get(one, ())) + self._more[one] for one in Found}
        return {name: number for name, number in numbers.items() if number}

    def note(self) -> str:
        """Return the note for people, in both languages, without a time: it changes only with its content."""
        rows = [f"| {Found(name).both} | {number:,} |" for name, number in self.counts.items()]
        table = ["| 情况 · what | 件数 · cases |", "|---|---:|", *rows] if rows else ["一切正常 · all is in order"]
        named = [f"**{one.both}**: {', '.join(cases[:NAMED])}" for one, cases in self._cases.items() if cases]
        advice = _CANCELLED if self._cases.get(Found.CANCELLED) else ""
        return "\n".join(
            ["# 运行核对 · Reconciliation of runs", "", *table, "", "\n\n".join(named), "", advice]
        ).strip()


_CANCELLED: Final = (
    "取消运行不等于结案：案件有新的处理，或者取消满 12 小时后，运行会自动继续。需要结案的，请用 "
    "`redress withdraw`。\n\n"
    "To cancel a run does not end its case: it goes on once the case is worked on, and after twelve hours at the "
    "latest. To end a case, use `redress withdraw`."
)


def show(client: SyncPrefectClient, findings: Findings) -> None:
    """Put the note on Prefect's page where it says something else than the one before."""
    note = findings.note()
    before = client.read_artifacts(
        artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[KEY])), sort=ArtifactSort.CREATED_DESC, limit=50
    )
    if not before or before[0].data != note:
        create_markdown_artifact(note, key=KEY)
        for one in before[KEPT - 1 :]:
            client.delete_artifact(one.id)
