"""PDF: the same bytes for the same page, every character in it, and nothing read from outside."""

import io
import os
import pickle
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from pypdf import PdfReader
from pypdf.generic import BooleanObject

from complaints.adapters.pdf import PdfUnavailable, to_pdf

STORY = "客户反映“轻舟消费贷”账户服务费被扣两次，要求退还人民币128.50元。"
PAGE = f"""<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><title>案件档案</title>
<style>body {{ font-family: "PingFang SC", ui-monospace, monospace; }} @page {{ size: A4; }}</style></head>
<body><h1>月度投诉监管报告</h1><p>{STORY}</p><p><b>喆、昇、囍</b> and Zürich – € 12.50</p>
<svg viewBox="0 0 200 20" width="200" font-family="Noto Sans CJK SC">
<title>图</title><text x="2" y="15">接收渠道 42</text></svg></body></html>"""


@pytest.fixture(scope="module")
def printer() -> None:
    """Pango and a font with Chinese characters, which come from Debian."""
    try:
        to_pdf("<p>中</p>")
    except PdfUnavailable as unavailable:
        pytest.skip(str(unavailable))


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


@pytest.mark.usefixtures("printer")
def test_the_text_can_be_read_again() -> None:
    text = text_of(to_pdf(PAGE))

    for words in ("月度投诉监管报告", STORY, "喆、昇、囍", "Zürich – € 12.50", "接收渠道 42"):
        assert words in text


@pytest.mark.usefixtures("printer")
def test_no_character_is_a_box() -> None:
    reader = PdfReader(io.BytesIO(to_pdf(PAGE)))
    fonts = [font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()]

    assert len(fonts) >= 2
    for font in fonts:
        assert "CJK-SC" in font["/BaseFont"]  # whatever families the page names
        inside = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]["/FontFile3"].get_object().get_data()
        glyphs = TTFont(io.BytesIO(inside)).getGlyphSet()
        mapped = b"".join(
            re.findall(rb"beginbfchar(.*?)endbfchar", font["/ToUnicode"].get_object().get_data(), re.DOTALL)
        )
        used = [int(one, 16) for one in re.findall(rb"<([0-9a-f]{4})> <", mapped)]
        assert used
        assert 0 not in used  # .notdef
        assert max(used) < len(glyphs)


@pytest.mark.usefixtures("printer")
def test_printing_twice_gives_the_same_bytes() -> None:
    first = to_pdf(PAGE)
    to_pdf(f"<p>{STORY * 30}</p>")

    assert to_pdf(PAGE) == first
    assert b"CreationDate" not in first


@pytest.mark.usefixtures("printer")
def test_another_process_with_another_clock_and_another_locale_gives_the_same_bytes() -> None:
    script = "import sys; from complaints.adapters.pdf import to_pdf; sys.stdout.buffer.write(to_pdf(sys.stdin.read()))"
    changed = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "11", "SOURCE_DATE_EPOCH": "1"}
    printed = subprocess.run(
        [sys.executable, "-c", script], input=PAGE.encode(), capture_output=True, check=True, env=os.environ | changed
    )

    assert printed.stdout == to_pdf(PAGE)


@pytest.mark.usefixtures("printer")
def test_a_page_is_tagged_archivable_and_has_its_title() -> None:
    reader = PdfReader(io.BytesIO(to_pdf(PAGE)))
    catalog = reader.trailer["/Root"]

    assert reader.metadata is not None
    assert reader.metadata.title == "案件档案"
    assert catalog["/MarkInfo"]["/Marked"] == BooleanObject(True)
    assert catalog["/Lang"] == "zh-CN"
    said = catalog["/Metadata"].get_object().get_data()
    assert re.search(rb'pdfaid:part(=")?>?2', said)
    assert re.search(rb'pdfaid:conformance(=")?>?U', said)


@pytest.mark.usefixtures("printer")
@pytest.mark.parametrize(
    "source",
    [
        '<link rel="stylesheet" href="{0}">',
        '<style>@import url("{0}");</style>',
        '<style>@font-face {{ font-family: x; src: url("{0}") }} p {{ font-family: x }}</style>',
        '<img src="{0}" alt="">',
        '<object data="{0}"></object>',
        '<svg viewBox="0 0 9 9"><image href="{0}" width="9" height="9"/></svg>',
        '<base href="{0}"><img src="x" alt="">',
        '<link rel="attachment" href="{0}">',
    ],
)
def test_a_page_reads_neither_network_nor_files(tmp_path: Path, source: str) -> None:
    style = tmp_path / "a.css"
    style.write_text('p::after { content: "LEAKED" }')
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/a.css"
        pdfs = [to_pdf(source.format(one) + "<p>投诉</p>") for one in (address, style.as_uri())]
        with pytest.raises(BlockingIOError):
            server.accept()  # nobody came

    for pdf in pdfs:
        assert text_of(pdf).strip() == "投诉"
        assert "/EmbeddedFiles" not in (PdfReader(io.BytesIO(pdf)).trailer["/Root"].get("/Names") or {})


@pytest.mark.usefixtures("printer")
def test_a_picture_within_the_page_is_shown() -> None:
    dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    reader = PdfReader(io.BytesIO(to_pdf(f'<img src="data:image/png;base64,{dot}" alt="章">')))

    assert len(reader.pages[0].images) == 1


def in_another_process(setting_up: str, **environment: str) -> str:
    """What to_pdf says in a process of its own."""
    script = f"""
import sys
{setting_up}
from complaints.adapters.pdf import PdfUnavailable, to_pdf
try:
    to_pdf("<p>投诉</p>")
except PdfUnavailable as unavailable:
    print(unavailable)
"""
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ | environment
    )
    return ran.stdout


def test_a_machine_without_chinese_fonts_says_so_and_what_to_install(tmp_path: Path) -> None:
    latin = Path("/usr/share/fonts/truetype/dejavu")
    if not latin.is_dir():
        pytest.skip("no font without Chinese characters is installed here")
    settings = tmp_path / "fonts.conf"
    settings.write_text(
        f"<?xml version='1.0'?><!DOCTYPE fontconfig SYSTEM 'urn:fontconfig:fonts.dtd'>"
        f"<fontconfig><dir>{latin}</dir><cachedir>{tmp_path}</cachedir></fontconfig>"
    )

    said = in_another_process("", FONTCONFIG_FILE=str(settings))

    assert "no font here has Chinese characters" in said
    assert "fonts-noto-cjk" in said


def test_a_machine_without_the_libraries_says_so_and_what_to_install() -> None:
    said = in_another_process("sys.modules['weasyprint'] = None")

    assert "cannot be loaded" in said
    assert "libpango-1.0-0" in said


@pytest.mark.usefixtures("printer")
def test_a_process_that_printed_ends_without_a_word() -> None:
    """A page with a font of its own leaves a folder to remove, which is too late once the interpreter ends."""
    page = "<style>@font-face { font-family: x; src: url(data:font/ttf;base64,AAAA) }</style><p>投诉</p>"
    script = "import sys; from complaints.adapters.pdf import to_pdf; to_pdf(sys.argv[1])"
    ran = subprocess.run([sys.executable, "-c", script, page], capture_output=True, text=True, check=True)

    assert (ran.stdout, ran.stderr) == ("", "")


def test_the_module_can_be_imported_where_nothing_is_installed() -> None:
    script = "import sys; import complaints.adapters.pdf; print('weasyprint' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert ran.stdout == "False\n"


def test_the_error_survives_pickling() -> None:
    error = PdfUnavailable("no font here has Chinese characters")

    assert str(pickle.loads(pickle.dumps(error))) == str(error)
