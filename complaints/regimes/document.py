"""The rules as a page for people, and their model as a schema for editors.

``python -m complaints.regimes.document docs`` writes both.
"""

import json
import pathlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from complaints.regimes import rows
from complaints.regimes.files import facts_of, packaged
from complaints.regimes.model import USUAL_LADDERS, Named, Pack
from complaints.regimes.rows import Row

HEAD: Final = """\
# 监管规则 · Regimes

What the packaged rule packs say, and how sure that is. 随附规则包的内容及可信度。

**Facts, not legal advice. 事实摘录，不构成法律意见。** Whoever relies on a rule reads the text it stands in. This page
is generated from `complaints/regimes/packs` by `python -m complaints.regimes.document docs`; do not edit it.

| Confidence | 含义 | Means |
|---|---|---|
| H | 原文、官方页面、两个独立来源或引用原文的来源 | primary text, official page, two sources, or one quoting it |
| M | 单一二手来源，或官方文本仅读一部分 | one secondary source, or an official one read in part |
| L | 来源薄弱或相互矛盾，或本机构标准 | a weak or contradictory source, or the firm's own standard |
| not read | 未读到文本 | no text was read for it, whatever its letter |

Everything but an H that was read is a setting with a default and is shown **to verify** (待核实). A firm may lay a pack
of its own over these; it may tighten a duty that is known, not loosen it.

A clock runs from the act or event it starts with to the first of those it ends with. Limits in days end with their last
day, at 24:00. Where a pack says nothing else, these are told of its duties (本机构通用标准):

"""


def as_markdown(packs: Iterable[Pack]) -> str:
    """Return every rule of the packs as a page, in the order of their names and validity."""
    ordered = sorted(packs, key=lambda pack: (pack.name, pack.valid_from))
    contents = "\n".join(f"- [{_headline(pack)}](#{_anchor(pack)})" for pack in ordered)
    usual = "\n".join(rows.ladder(ladder) for ladder in USUAL_LADDERS)
    return "\n".join([HEAD + usual + "\n", contents, "", *("\n".join(_pack(pack)) for pack in ordered)])


def schema() -> str:
    """Return the JSON schema of a whole pack; an overlay need not name what it leaves as it is."""
    return json.dumps(Pack.model_json_schema(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


# --- a pack --------------------------------------------------------------------------------------


def _headline(pack: Pack) -> str:
    return f"{pack.name} {pack.version} {pack.title.both}"


def _anchor(pack: Pack) -> str:
    return f"{pack.name}-{pack.version}".replace(".", "-")


def _pack(pack: Pack) -> Iterator[str]:
    yield f'<a id="{_anchor(pack)}"></a>'
    yield f"\n## {_headline(pack)}\n"
    until = f"to {pack.valid_to}" if pack.valid_to else "on"
    yield f"For what is received from {pack.valid_from} {until}. Revision {pack.revision} of this encoding."
    yield f"Days begin and end in {pack.zone}; working days by the calendar `{pack.calendar}`."
    if beside := rows.when(pack.when):
        yield f"As a further regime beside another: {beside}."
    if pack.note:
        yield f"\n{pack.note.zh}\n\n{pack.note.en}"
    yield from _sections(pack)
    yield ""


def _sections(pack: Pack) -> Iterator[str]:
    yield from _table("Clocks 时限", _CLOCKS, map(rows.clock, pack.clocks))
    yield from _table("Extensions 延期", _EXTENSIONS, rows.extensions(pack))
    yield from _table("Pauses 中止计时", _PAUSES, rows.pauses(pack))
    yield from _table("Suspensions 类别性中止", _SUSPENSIONS, map(rows.suspension, pack.suspensions))
    yield from _table("Paths 替代路径", _PATHS, map(rows.path, pack.paths))
    yield from _words("Events 事件", pack.events)
    yield from _words("Circumstances 案件情形", pack.circumstances)
    yield from _table("Letters 文书要素", _LETTERS, map(rows.letter, pack.letters))
    yield from _table("Contact rules 联系规则", _CONTACTS, map(rows.contact, pack.contacts))
    yield from _table("Reports 报告", _REPORTS, map(rows.report, pack.reports))
    yield from _table("Retention 保存期限", _RETENTION, map(rows.kept, pack.retention))
    yield from _table("Other provisions 其他规定", _PROVISIONS, map(rows.provision, pack.provisions))
    if pack.ladders and pack.ladders != USUAL_LADDERS:
        yield "\n### Escalation 升级提醒\n"
        yield from map(rows.ladder, pack.ladders)
    yield from _doubts(pack)
    yield from _sources(pack)


_STAND: Final = ("article", "sources", "confidence")
_CLOCKS: Final = ("clock", "title", "what for", "limit", "how days count", "starts → ends", "when", *_STAND)
_EXTENSIONS: Final = ("clock", "tier", "title", "by", "needs", "approver", "notice", *_STAND)
_PAUSES: Final = ("clock", "pause", "title", "needs", "letter", *_STAND)
_SUSPENSIONS: Final = ("suspension", "title", "left out", "received", "clocks", "when", *_STAND)
_PATHS: Final = ("path", "title", "on", "within", "replaces", "letter", "not for", *_STAND)
_LETTERS: Final = ("letter", "title", "must contain", "when", *_STAND)
_CONTACTS: Final = ("rule", "title", "what", "means", "who is protected", *_STAND)
_REPORTS: Final = ("report", "title", "every", "due", "by", "nil return", "published from", "counts", *_STAND)
_RETENTION: Final = ("files", "title", "kept", "from", "when", *_STAND)
_PROVISIONS: Final = ("provision", "title", "rule", *_STAND)


def _table(heading: str, columns: Row, entries: Iterable[Row]) -> Iterator[str]:
    """Yield a table without the columns that no row fills; nothing where there are no rows."""
    filled = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in entries]
    if not filled:
        return
    shown = [place for place in range(len(columns)) if any(row[place] for row in filled)]
    yield f"\n### {heading}\n"
    yield f"| {' | '.join(columns[place] for place in shown)} |"
    yield f"|{'---|' * len(shown)}"
    for row in filled:
        yield f"| {' | '.join(row[place] for place in shown)} |"


def _words(heading: str, named: Sequence[Named]) -> Iterator[str]:
    if named:
        yield f"\n### {heading}\n"
        yield "; ".join(f"`{one.name}` {one.title.both}" for one in named)


def _doubts(pack: Pack) -> Iterator[str]:
    """Yield what was read, or is doubtful, of each fact."""
    said = [(place, fact) for place, fact in facts_of(pack) if fact.source]
    if said:
        yield "\n### What was read 依据与存疑\n"
    for place, fact in said:
        name = getattr(fact, "name", "")
        if len(place) > 2:  # a tier or a pause: of which clock
            name = f"{pack.clocks[int(place[1])].name} / {name}"
        if fact.source:
            yield f"- {str(place[0]).removesuffix('s')} `{name}`: {fact.source.zh}。{fact.source.en}."


def _sources(pack: Pack) -> Iterator[str]:
    if pack.sources:
        yield "\n### Sources 来源\n"
    for source in pack.sources:
        yield f"- {source.id}: {source.title}{f' <{source.url}>' if source.url else ''}"


def write(folder: pathlib.Path) -> None:
    """Write the page and the schema into a folder."""
    (folder / "regimes.md").write_text(as_markdown(packaged()), encoding="utf-8")
    (folder / "regime-pack.schema.json").write_text(schema(), encoding="utf-8")


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]))
