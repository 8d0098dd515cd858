"""The case file on paper: every word of the page, in fonts that have them, the same bytes each time."""

import io
import os
import pickle
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from pypdf import PdfReader
from pypdf.generic import BooleanObject

from complaints.adapters.archive import paper
from complaints.adapters.archive.contents import Source, case_files
from complaints.adapters.archive.paper import to_pdf
from complaints.adapters.archive.reading import read_source
from complaints.adapters.pdf import PdfUnavailable
from complaints.words import LANGUAGES, Kind
from tests.complaints.adapters.archive.cases import Firm

A4 = (595, 842)
"""Points."""


@pytest.fixture(scope="module")
def printer() -> None:
    """A font with Chinese characters, which comes from Debian."""
    try:
        to_pdf(page_of("中"))
    except PdfUnavailable as unavailable:
        pytest.skip(str(unavailable))


def page_of(words: str, language: str = "zh-CN") -> str:
    """A page with these words as a fact."""
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><title>案件档案 TS260302-7K3M9QX</title>'
        '<meta name="dcterms.date" content="2026-03-02"/></head><body><h1>案件档案</h1>'
        f'<table class="facts"><tr><th scope="row">经过</th><td><div class="words">{words}</div></td></tr></table>'
        "</body></html>"
    )


def source_of(firm: Firm, **changes: object) -> Source:
    """A closed case as it goes into a package."""
    source = read_source(firm.store, firm.a_closed_case(**changes))
    assert source is not None
    return source


def text_of(pdf: bytes) -> str:
    """What a PDF says; where lines are broken does not matter."""
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    return "".join(text.replace("\u200b", "").split())


def fonts_of(pdf: bytes) -> set[str]:
    """The names of the fonts in a PDF."""
    pages = PdfReader(io.BytesIO(pdf)).pages
    return {str(font.get_object()["/BaseFont"]) for page in pages for font in page["/Resources"]["/Font"].values()}


# --- what it says ---------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.usefixtures("printer")
def test_paper_says_every_word_that_the_page_says(small_firm: Firm, language: str):
    page = case_files(source_of(small_firm))[language]
    body = ET.fromstring(page.removeprefix("<!DOCTYPE html>\n")).find("body")
    assert body is not None

    said = text_of(to_pdf(page))

    cells = [words for part in body.itertext() if (words := "".join(part.split()))]
    assert len(cells) > 150
    assert [one for one in cells if one not in said] == []


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.usefixtures("printer")
def test_a_matter_of_any_kind_can_be_printed(small_firm: Firm, kind: Kind, language: str):
    page = case_files(source_of(small_firm, kind=kind))[language]

    assert to_pdf(page).startswith(b"%PDF-")


@pytest.mark.usefixtures("printer")
def test_each_page_has_its_number_and_the_case():
    pages = PdfReader(io.BytesIO(to_pdf(page_of("账户服务费被扣了两次。" * 400)))).pages

    assert len(pages) > 2
    for number, page in enumerate(pages, 1):
        assert page.extract_text().rstrip().endswith(f"{number} / {len(pages)}")
        assert "TS260302-7K3M9QX" in page.extract_text()


@pytest.mark.parametrize("words", ["x" * 400, "https://example.cn/" + "a" * 300, "ſ" * 200, "账" * 400])
@pytest.mark.usefixtures("printer")
def test_a_word_that_is_too_long_for_a_line_is_not_cut(words: str):
    pdf = to_pdf(page_of(words))
    ends: list[float] = []
    for page in PdfReader(io.BytesIO(pdf)).pages:
        page.extract_text(visitor_text=lambda text, _, at, __, size: ends.append(at[4]) if text.strip() else None)

    assert words in text_of(pdf)
    assert max(ends) < A4[0] - 50  # a line begins within the margins, and none is longer than its column
    assert len(pdf) < 100_000
    assert len({round(one) for one in ends}) < 20


@pytest.mark.parametrize(("language", "said"), [("zh-CN", "案件档案"), ("en", "Casefile")])
@pytest.mark.usefixtures("printer")
def test_paper_is_in_the_language_of_the_complainant(small_firm: Firm, language: str, said: str):
    source = source_of(small_firm, language=language)

    assert source.language == language
    assert text_of(to_pdf(case_files(source)[source.language])).startswith(said)


def test_the_language_of_paper_does_not_lead_to_who_reported(small_firm: Firm):
    source = source_of(small_firm, kind=Kind.REPORT, language="en")

    assert (source.case.facts.language, source.language) == ("en", "zh-CN")


# --- characters -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["𬭎", "㛃", "𠮷", "喆昇囍", "안녕", "Zürich", "12,50 €"])
@pytest.mark.usefixtures("printer")
def test_a_rare_character_is_printed(name: str):
    pdf = to_pdf(page_of(f"林{name}夏"))

    assert f"林{name}夏".replace(" ", "") in text_of(pdf)
    assert all("CJK" in font for font in fonts_of(pdf))


@pytest.mark.parametrize(
    ("character", "shown"),
    [
        ("\U0001f9ff", "[U+1F9FF]"),  # in no font here
        ("\u0378", "[U+0378]"),  # no character at all
        ("\ufeff", "[U+FEFF]"),  # which PDF/A does not allow
        ("\x0b", ""),  # which XML does not allow
    ],
)
@pytest.mark.usefixtures("printer")
def test_what_cannot_be_printed_is_told_and_never_a_box(character: str, shown: str):
    assert f"林{shown}夏" in text_of(to_pdf(page_of(f"林{character}夏")))


@pytest.mark.usefixtures("printer")
def test_what_the_complainant_wrote_is_shown_and_never_obeyed():
    words = '#read("zh-CN.html") $x$ *b* _i_ [c] `d` \\ // @e &lt;script&gt;'

    assert '#read("zh-CN.html")$x$*b*_i_[c]`d`\\//@e<script>' in text_of(to_pdf(page_of(words)))


# --- what sort of file it is ----------------------------------------------------------------------


@pytest.mark.usefixtures("printer")
def test_it_is_tagged_archivable_dated_and_has_its_title():
    reader = PdfReader(io.BytesIO(to_pdf(page_of("账户"))))
    catalog = reader.trailer["/Root"]

    assert reader.metadata is not None
    assert (reader.metadata.title, f"{reader.metadata.creation_date:%F}") == ("案件档案 TS260302-7K3M9QX", "2026-03-02")
    assert catalog["/MarkInfo"]["/Marked"] == BooleanObject(True)
    assert catalog["/Lang"] == "zh-CN"
    said = catalog["/Metadata"].get_object().get_data()
    assert b"<pdfaid:part>2</pdfaid:part>" in said
    assert b"<pdfaid:conformance>U</pdfaid:conformance>" in said


@pytest.mark.usefixtures("printer")
def test_printing_twice_gives_the_same_bytes_whatever_was_printed_between():
    first = to_pdf(page_of("账户服务费被扣了两次。"))
    to_pdf(page_of("另一件事 𬭎", "en"))

    assert to_pdf(page_of("账户服务费被扣了两次。")) == first


@pytest.mark.usefixtures("printer")
def test_another_process_with_another_clock_and_another_locale_gives_the_same_bytes(tmp_path):
    script = (
        "import sys; from complaints.adapters.archive.paper import to_pdf; "
        "sys.stdout.buffer.write(to_pdf(sys.stdin.read()))"
    )
    changed = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "11", "SOURCE_DATE_EPOCH": "1"}
    page = page_of("账户服务费被扣了两次。")
    printed = subprocess.run(
        [sys.executable, "-c", script], input=page.encode(), capture_output=True, check=True, env=os.environ | changed
    )

    assert (printed.stdout, printed.stderr) == (to_pdf(page), b"")


# --- where it cannot be made ----------------------------------------------------------------------


def test_a_machine_without_chinese_fonts_says_so_and_what_to_install(monkeypatch):
    import typst

    fonts = typst.Fonts
    monkeypatch.setattr(typst, "Fonts", lambda: fonts(include_system_fonts=False))
    paper._press.cache_clear()
    try:
        with pytest.raises(PdfUnavailable, match=r"no font here has Chinese characters.*fonts-noto-cjk"):
            to_pdf(page_of("账户"))
    finally:
        paper._press.cache_clear()


def test_a_machine_without_typst_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)
    paper._press.cache_clear()
    try:
        with pytest.raises(PdfUnavailable, match="Typst cannot be loaded") as raised:
            to_pdf(page_of("账户"))
    finally:
        paper._press.cache_clear()
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)


@pytest.mark.usefixtures("printer")
def test_an_error_repeats_nothing_of_the_page():
    with pytest.raises(PdfUnavailable) as raised:
        to_pdf(page_of("林知夏").replace("</body>", ""))

    assert "林知夏" not in f"{raised.value}{raised.value.__cause__}"
