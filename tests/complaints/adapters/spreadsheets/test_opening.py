"""What is opened as a table and what is not: encodings, packing, and files that mean harm."""

import gzip
import random
import zipfile
from pathlib import Path

import pytest

from complaints.adapters.spreadsheets import limits
from complaints.adapters.spreadsheets.cells import Cell
from complaints.adapters.spreadsheets.opening import open_table
from complaints.adapters.spreadsheets.report import TableRefused, Unusable
from complaints.adapters.spreadsheets.workbook import Formula
from tests.complaints.adapters.spreadsheets.builders import as_csv, orders, part_of, with_part, write_csv, write_xlsx

Rows = list[tuple[int, list[Cell] | Unusable]]


def read(file: Path, **options: str) -> Rows:
    with open_table(file, **options) as table:
        return list(table.rows())


def fault_of(file: Path) -> str:
    """What is wrong with the only row that is not right."""
    (fault,) = [row for _, row in read(file) if isinstance(row, Unusable)]
    return fault.reason


def good_rows(file: Path) -> int:
    return sum(not isinstance(row, Unusable) for _, row in read(file))


def write(folder: Path, content: bytes, name: str = "rows.csv") -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


# --- encodings and separators -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("gbk", "gb18030"), ("gb18030", "gb18030"), ("utf-16", "utf-16")],
)
def test_chinese_is_read_in_every_encoding_that_offices_use(tmp_path, encoding, told):
    rows = orders(*range(1, 50))
    file = write_csv(tmp_path, rows, encoding)

    with open_table(file) as table:
        assert table.encoding == told
        read_rows = [row for _, row in table.rows()]

    assert read_rows == [list(rows[0]), *(list(row.values()) for row in rows)]


def test_a_rare_character_beside_common_ones_is_gb18030(tmp_path):
    file = write_csv(tmp_path, [{"姓名": "王喆䶮", "投诉内容": "重复扣款两次,催收人员夜间多次致电"}], "gb18030")

    assert read(file)[1][1] == ["王喆䶮", "重复扣款两次,催收人员夜间多次致电"]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_western_text_that_is_no_utf_8_is_not_taken_for_chinese(tmp_path, encoding):
    file = write(tmp_path, "name,text\r\nMüller,Gebühr für Überziehung\r\nSmith,fee\r\n".encode(encoding))

    assert fault_of(file) == "is not UTF-8; save the file in UTF-8"
    assert good_rows(file) == 2


def test_a_byte_that_is_no_gb18030_costs_its_row_alone(tmp_path):
    content = as_csv(orders(*range(1, 4000))).encode("gb18030")
    at = content.rindex("王明".encode("gb18030"))

    file = write(tmp_path, content[:at] + b"\xff\xff" + content[at + 2 :])

    assert fault_of(file) == "is not GB18030; save the file in UTF-8"
    assert good_rows(file) == 3999


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_cells_may_stand_between_commas_semicolons_and_tabs(tmp_path, delimiter):
    file = write(tmp_path, f"编号{delimiter}内容\r\n1{delimiter}扣款\r\n".encode())

    assert read(file) == [(1, ["编号", "内容"]), (2, ["1", "扣款"])]


# --- packing ------------------------------------------------------------------------------------


def test_gzip_and_zip_are_unpacked(tmp_path):
    text = as_csv(orders(1, 2)).encode()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("rows.csv", text)

    assert good_rows(write(tmp_path, gzip.compress(text), "a.gz")) == 3
    assert good_rows(tmp_path / "a.zip") == 3


def test_a_gzip_bomb_is_not_unpacked_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "RATIO_FROM", 200_000)
    line = b"x," + b"0" * 90 + b"\r\n"
    file = write(tmp_path, gzip.compress(b"a,b\r\n" + line * 200_000), "bomb.csv.gz")

    rows = read(file)

    assert fault_of(file) == "unpacks to more than 200 times its size; no table does"
    assert len(rows) < 200_000


def test_a_gzip_of_too_much_text_is_read_up_to_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "TEXT", 2_000_000)
    words = random.Random(1)
    lines = [f"{number},{words.getrandbits(200):x}\r\n" for number in range(50_000)]
    file = write(tmp_path, gzip.compress("".join(["a,b\r\n", *lines]).encode()), "long.csv.gz")

    rows = read(file)

    assert isinstance(rows[-1][1], Unusable)
    assert rows[-1][1].cut
    assert "unpacks to more than" in rows[-1][1].reason
    assert 0 < len(rows) < 40_000


@pytest.mark.slow
def test_a_zip_bomb_of_csv_is_not_unpacked_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "RATIO_FROM", 200_000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.csv", b"0,0\r\n" * 2_000_000)

    rows = read(tmp_path / "bomb.zip")

    assert fault_of(tmp_path / "bomb.zip") == "unpacks to more than 200 times its size; no table does"
    assert len(rows) < 1_500_000


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old .xls"),
        (b"PK\x03\x04" + b"\0" * 100, "cannot be opened"),
        (b"\x1f\x8b\x08 damaged", "cannot be opened"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, content, reason):
    with pytest.raises(TableRefused, match=reason):
        read(write(tmp_path, content))


# --- CSV that means harm ------------------------------------------------------------------------


def test_a_row_with_nul_characters_is_refused(tmp_path):
    file = write(tmp_path, b"a,b\r\n1,x\0y\r\n2,z\r\n")

    assert "NUL" in fault_of(file)
    assert good_rows(file) == 2


def test_a_row_of_too_many_cells_is_refused(tmp_path):
    file = write(tmp_path, b"a,b\r\n" + b"," * limits.COLUMNS + b"x\r\n1,2\r\n")

    assert fault_of(file) == "has more than 1,000 cells"


def test_a_cell_that_is_too_long_is_refused(tmp_path):
    file = write(tmp_path, b"a,b\r\n1," + b"x" * 200_000 + b"\r\n")

    assert "field larger than field limit" in fault_of(file)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_rows_beyond_the_limit_are_not_read(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(limits, "ROWS", 10)
    write_rows = {"csv": write_csv, "xlsx": write_xlsx}[kind]
    file = write_rows(tmp_path, orders(*range(30)))

    rows = read(file)

    assert len(rows) == 11
    assert isinstance(rows[-1][1], Unusable)
    assert "more than 10 rows" in rows[-1][1].reason


# --- workbooks ----------------------------------------------------------------------------------


def test_a_workbook_is_read_as_it_looks(tmp_path):
    file = write_xlsx(
        tmp_path, [{"编号": 1, "电话": 13800000000, "内容": "扣款"}], [None, None, None], [2, None, "催收"]
    )

    assert read(file) == [
        (1, ["编号", "电话", "内容"]),
        (2, [1, 13800000000, "扣款"]),
        (4, [2, None, "催收"]),
    ]


def test_a_worksheet_is_chosen_by_its_name(tmp_path):
    file = write_xlsx(tmp_path, orders(1), sheet="三月")

    assert len(read(file, sheet="三月")) == 2
    with pytest.raises(TableRefused, match="has no worksheet '四月'"):
        read(file, sheet="四月")


def test_a_formula_is_told_from_text_that_looks_like_one(tmp_path):
    file = write_xlsx(tmp_path, [{"a": "=1+1", "b": "x"}])
    sheet = part_of(file, "xl/worksheets/sheet1.xml")
    with_part(
        file,
        "xl/worksheets/sheet1.xml",
        sheet.replace("</row></sheetData>", '<c r="C2" t="inlineStr"><is><t>=2+2</t></is></c></row></sheetData>'),
    )

    row = read(file)[1][1]

    assert isinstance(row, list)
    assert [isinstance(cell, Formula) for cell in row] == [True, False, False]
    assert row[2] == "=2+2"


def test_external_links_are_not_followed(tmp_path):
    """A link to another file is read only by a formula, and no formula is evaluated; the part itself is not opened."""
    file = write_xlsx(tmp_path, [{"a": "=[1]Sheet1!A1", "b": "x"}])
    link = '<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
    with_part(file, "xl/externalLinks/externalLink1.xml", link)
    target = 'Target="file:///etc/passwd" TargetMode="External"'
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLink"
    relations = part_of(file, "xl/_rels/workbook.xml.rels")
    addition = f'<Relationship Id="rId99" Type="{kind}" {target}/></Relationships>'
    with_part(file, "xl/_rels/workbook.xml.rels", relations.replace("</Relationships>", addition))

    row = read(file)[1][1]

    assert isinstance(row, list)
    assert isinstance(row[0], Formula)
    assert row[1] == "x"


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    file = write_xlsx(tmp_path, orders(1))
    monkeypatch.setattr(limits, "UNPACKED", 5_000)

    with pytest.raises(TableRefused, match="unpacks to more than"):
        read(file)


def test_a_decompression_bomb_in_a_workbook_is_refused_before_it_is_unpacked(tmp_path):
    file = with_part(write_xlsx(tmp_path, orders(1)), "xl/media/image1.png", b"\0" * (limits.RATIO_FROM + 1))

    with pytest.raises(TableRefused, match="unpacks to more than 200 times its size"):
        read(file)


def test_a_workbook_of_too_many_parts_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "PARTS", 3)

    with pytest.raises(TableRefused, match="unpacks to more than"):
        read(write_xlsx(tmp_path, orders(1)))


def test_a_part_that_holds_more_than_it_says_is_refused(tmp_path):
    file = write_xlsx(tmp_path, orders(1))
    content = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as archive:
        part = archive.getinfo("xl/worksheets/sheet1.xml")
    directory = content.rindex(b"PK\x01\x02", 0, content.rindex(b"xl/worksheets/sheet1.xml"))
    content[directory + 24 : directory + 28] = (part.file_size // 2).to_bytes(4, "little")

    with pytest.raises(TableRefused, match="damaged"):
        read(write(tmp_path, bytes(content), "lying.xlsx"))


ENTITIES = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;">]>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">
<c r="A1" t="inlineStr"><is><t>&lol2;</t></is></c></row></sheetData></worksheet>"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"])
def test_xml_entities_are_refused_wherever_they_stand(tmp_path, part, encoding):
    file = with_part(write_xlsx(tmp_path, orders(1)), part, ENTITIES.encode(encoding))

    with pytest.raises(TableRefused, match="defines XML entities"):
        read(file)


def a_sheet(rows: str) -> str:
    head = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    return f"{head}{rows}</sheetData></worksheet>"


@pytest.mark.parametrize(
    ("sheet", "reason"),
    [
        (a_sheet("<row>" + "<c/>" * (limits.COLUMNS + 1) + "</row>"), "more than 1,000 cells"),
        (a_sheet('<row r="999999999999"><c t="n"><v>1</v></c></row>'), "numbers a row with 12 digits"),
        (a_sheet("<a>" * 80 + "</a>" * 80), "more XML than a table needs"),
        (a_sheet("<row>").removesuffix("</worksheet>"), "is no XML"),
    ],
    ids=["wide", "row number", "deep", "broken"],
)
def test_a_worksheet_that_would_fill_the_memory_is_refused(tmp_path, sheet, reason):
    file = with_part(write_xlsx(tmp_path, orders(1)), "xl/worksheets/sheet1.xml", sheet)

    with pytest.raises(TableRefused, match=reason):
        read(file)


def test_a_part_of_too_many_elements_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "ELEMENTS", 100)

    with pytest.raises(TableRefused, match="more XML than a table needs"):
        read(write_xlsx(tmp_path, orders(*range(20))))


def test_a_cell_in_the_last_column_costs_its_row_alone(tmp_path):
    far = '<row r="2"><c r="XFD2"><v>1</v></c></row><row r="3"><c r="A3"><v>1</v></c></row>'
    file = with_part(write_xlsx(tmp_path, orders(1)), "xl/worksheets/sheet1.xml", a_sheet(far))

    assert fault_of(file) == "has more than 1,000 cells"
    assert good_rows(file) == 1


def test_what_a_worksheet_says_of_its_size_is_not_believed(tmp_path):
    file = write_xlsx(tmp_path, orders(1, 2))
    sheet = part_of(file, "xl/worksheets/sheet1.xml").replace(
        "<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>'
    )
    with_part(file, "xl/worksheets/sheet1.xml", sheet)

    assert good_rows(file) == 3


def test_a_cell_of_a_workbook_that_is_too_long_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "CELL", 100)
    file = write_xlsx(tmp_path, [{"a": "x" * 101}])

    assert fault_of(file) == "has a cell of over 100 characters"


def test_openpyxl_parses_with_defusedxml():
    from openpyxl.worksheet import _reader

    assert _reader.iterparse.__module__.startswith("defusedxml")


def test_a_workbook_without_end_of_its_stream_is_refused(tmp_path):
    file = write_xlsx(tmp_path, orders(1))
    content = file.read_bytes()

    with pytest.raises(TableRefused):
        read(write(tmp_path, content[: len(content) // 2], "cut.xlsx"))
