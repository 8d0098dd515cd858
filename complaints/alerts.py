"""What people are told of time limits, in which words. Nothing here holds personal data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from complaints.answers import Question
from complaints.deadlines import last_moment
from complaints.regimes.model import Role
from complaints.words import Stage, Title, Worded

MOST_LINES: Final = 10
"""Limits that a message names; it counts the others."""

_LONGEST_TEXT: Final = 1900  # bytes; a WeCom robot takes 2048, and other services take more

_WAITS_FOR: Final[Mapping[Question, Title]] = {
    Question.FINDING: Title(zh="调查结论", en="finding"),
    Question.DECISION: Title(zh="处理决定", en="decision"),
    Question.REMEDY: Title(zh="补救凭证", en="proof of the remedy"),
    Question.FOLLOW_UP: Title(zh="回访结果", en="result of the follow-up"),
    Question.REPLY: Title(zh="咨询答复", en="reply"),
    Question.REPORT: Title(zh="举报核查结果", en="result of the examination"),
    Question.DELIVERY: Title(zh="送达处理", en="delivery repair"),
    Question.BREACH: Title(zh="超期原因", en="cause of the breach"),
}
_NOBODY: Final = Title(zh="—", en="—")


class News(Worded):
    """What there is to tell of a limit."""

    LATE = "late", "已超期", "late"
    NEAR = "near", "期限将至", "coming up"
    RESUMED = "resumed", "恢复计时", "running again"


@dataclass(frozen=True)
class Limit:
    """A time limit of an open case, as people are shown it.

    Attributes:
        clock: Its name within the case.
        title: What it asks for.
        regime: The rules it comes from …
        article: … and where they say so.
        due_at: The first instant that is too late.
        zone: In which people read that.
        asks: The question that the case waits for somebody to answer.
    """

    reference: str
    clock: str
    title: Title
    regime: str
    article: Title
    due_at: datetime
    zone: ZoneInfo
    stage: Stage
    asks: Question | None = None

    @property
    def due(self) -> str:
        """The last moment in time, as people write it."""
        return last_moment(self.due_at, self.zone)

    @property
    def waits_for(self) -> Title:
        """What a person must do now, or a dash."""
        return _WAITS_FOR[self.asks] if self.asks else _NOBODY

    def left(self, now: datetime) -> Title:
        """Return the time that is left, or by how much it is late, in days and hours."""
        left = self.due_at - now
        is_late, left = left <= timedelta(), abs(left)
        hours = left.seconds // 3600
        if is_late:
            return Title(zh=f"超期 {left.days} 天 {hours} 小时", en=f"{left.days} d {hours} h late")
        return Title(zh=f"剩 {left.days} 天 {hours} 小时", en=f"{left.days} d {hours} h left")


# --- messages -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Digest:
    """What one role is told at a time, however much has happened.

    Attributes:
        counts: How many limits there is each sort of news of.
        lines: The most urgent of them.
    """

    role: Role
    counts: Mapping[News, int]
    lines: Sequence[tuple[News, Limit]]


@dataclass(frozen=True)
class Message:
    """A text for people, with its heading."""

    title: str
    text: str


def message(
    digest: Digest, language: str, now: datetime, links: Mapping[str, str] | None = None, board: str = ""
) -> Message:
    """Return a digest in words.

    Args:
        digest: What there is to tell.
        language: ``zh-CN`` or ``en``.
        now: The firm's time.
        links: Where a case's run is shown, by reference.
        board: Where all urgent limits are shown.
    """
    counts = [(news, number) for news, number in digest.counts.items() if number]
    heading = Title(
        zh=f"投诉时限提醒（{digest.role.zh}）：" + "，".join(f"{news.zh} {number} 项" for news, number in counts),
        en=f"Complaint deadlines ({digest.role.en}): " + ", ".join(f"{news.en} {number}" for news, number in counts),
    )
    every = [_line(news, limit, language, now, (links or {}).get(limit.reference)) for news, limit in digest.lines]
    total = sum(digest.counts.values())
    for shown in range(len(every), -1, -1):
        text = "\n".join([*every[:shown], *_rest(total - shown, language, board)])
        if len(text.encode()) <= _LONGEST_TEXT:
            break
    return Message(heading.word(language), text)


def _line(news: News, limit: Limit, language: str, now: datetime, link: str | None) -> str:
    words = Title(
        zh=f"{limit.reference} {limit.title.zh}（{limit.article.zh}）{news.zh}，{limit.due} 到期，{limit.left(now).zh}",
        en=f"{limit.reference} {limit.title.en} ({limit.article.en}) {news.en}, due {limit.due}, {limit.left(now).en}",
    )
    return words.word(language) + (f"\n  {link}" if link else "")


def _rest(number: int, language: str, board: str) -> list[str]:
    more = Title(zh=f"另有 {number} 项", en=f"{number} more").word(language)
    where = Title(zh="时限看板：", en="deadline board: ").word(language) + board
    return [part for part in (more if number else "", where if board else "") if part]


# --- the board ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Count:
    """How many limits there are of a sort; ``is_least``: nobody counted further."""

    number: int
    is_least: bool = False

    def __add__(self, other: "Count") -> "Count":
        return Count(self.number + other.number, self.is_least or other.is_least)

    def __str__(self) -> str:
        return f"{self.number:,}{'+' if self.is_least else ''}"


@dataclass(frozen=True)
class Board:
    """The most urgent open limits, and how many there are.

    Attributes:
        at: The firm's time.
        limits: The longest overdue first.
        late: Those whose time has passed.
        ahead: Those that run out within so many days, each including the ones before.
        is_cut: Whether there are more than are listed.
    """

    at: datetime
    limits: Sequence[Limit]
    late: Count
    ahead: Mapping[int, Count]
    is_cut: bool


def board_table(board: Board, links: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the board's rows, in both languages; the reference links to the case's run."""
    return [
        {
            "案件 · case": f"[{one.reference}]({links[one.reference]})" if one.reference in links else one.reference,
            "时限 · limit": one.title.both,
            "依据 · rule": f"{one.regime} {one.article.both}",
            "到期 · due": one.due,
            "剩余 · left": one.left(board.at).both,
            "阶段 · stage": one.stage.both,
            "待办 · waits for": one.waits_for.both if one.asks else "—",
        }
        for one in board.limits
    ]


def board_note(board: Board) -> str:
    """Return what stands above the board's rows: the counts, and whether rows are left out."""
    ahead = "".join(
        f" · **{count}** {days} 天内到期 due within {days} d"
        if days > 1
        else f" · **{count}** 24 小时内到期 due within 24 h"
        for days, count in board.ahead.items()
    )
    counts = f"**{board.late}** 已超期 late{ahead}"
    if not board.is_cut:
        return counts
    shown = len(board.limits)
    return f"{counts}\n\n仅列出最紧急的 {shown} 项。 Only the {shown} most urgent are listed."
