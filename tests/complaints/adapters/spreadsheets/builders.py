"""Spreadsheets as the sources write them."""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import openpyxl

HOTLINE = {
    "工单编号": "GD-1",
    "来电时间": "2026-03-02 09:30",
    "受理渠道": "热线",
    "工单类型": "投诉",
    "来电人": "王明",
    "来电号码": "021-5550 0000",
    "产品": "消费贷",
    "问题分类": "催收",
    "诉求内容": "催收人员夜间多次致电。",
    "涉及金额": "1,280.50元",
    "是否加急": "是",
}
REGISTER = {
    "台账编号": "TZ-1",
    "投诉日期": "2019年9月24日",
    "办结日期": "2019/10/08",
    "是否按时办结": "是",
    "经办渠道": "来访",
    "投诉人": "李芳",
    "投诉类别": "收费",
    "投诉内容": "重复收取手续费。",
}
TRANSFERS = {
    "转办编号": "沪金监转〔2026〕12号",
    "转办机关": "nfra-shanghai",
    "转办日期": "2026-02-27",
    "反馈期限": "2026-03-31",
    "接收日期": "2026-03-02",
    "投诉人": "王明",
    "投诉内容": "提前还款被收取违约金。",
}


def hotline(**changes: Any) -> dict[str, Any]:
    return HOTLINE | changes


def orders(*numbers: int) -> list[dict[str, Any]]:
    return [hotline(工单编号=f"GD-{number}") for number in numbers]


def as_csv(rows: Sequence[dict[str, Any]], title: str = "") -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    if title:
        writer.writerow([title, *[""] * (len(rows[0]) - 1)])
    writer.writerow(rows[0])
    writer.writerows(row.values() for row in rows)
    return stream.getvalue()


def write_csv(folder: Path, rows: Sequence[dict[str, Any]], encoding: str = "utf-8", title: str = "") -> Path:
    file = folder / "rows.csv"
    file.write_bytes(as_csv(rows, title).encode(encoding))
    return file


def write_xlsx(folder: Path, rows: Iterable[dict[str, Any]], *more: Iterable[Any], sheet: str = "Sheet1") -> Path:
    """Write a workbook; ``more`` are further rows of bare cells."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    rows = list(rows)
    page.append(list(rows[0]))
    for row in (*(list(one.values()) for one in rows), *map(list, more)):
        page.append(row)
    file = folder / "rows.xlsx"
    book.save(file)
    return file


def with_part(file: Path, name: str, content: str | bytes) -> Path:
    """Give a workbook another content of one part, or one part more."""
    with zipfile.ZipFile(file) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    parts[name] = content.encode() if isinstance(content, str) else content
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, data in parts.items():
            archive.writestr(part, data)
    return file


def part_of(file: Path, name: str) -> str:
    with zipfile.ZipFile(file) as archive:
        return archive.read(name).decode()
