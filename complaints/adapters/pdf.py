"""PDF from HTML: the same text gives the same bytes, and nothing outside the text is read.

WeasyPrint needs Pango and fonts, which come from the system and not from pip; they are looked for when the first page
is printed, so that whoever prints nothing needs neither. What a page costs is mostly layout: cells of ``table-layout:
fixed`` are laid out once, those of an automatic table several times. Fonts with Chinese characters are large; they are
opened once for the whole process, and every document gets only the characters that it shows.
"""

import atexit
import logging
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from threading import Lock
from typing import Any, Final

from complaints.errors.base import ComplaintError

FAMILIES: Final = ("Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei")
"""The fonts of every PDF, whatever the page names for screens: the same on all machines, free to be embedded."""

VARIANT: Final = "pdf/a-2u"  # ISO 19005-2: fonts inside, every character with its Unicode value, nothing from outside

_PROBE: Final = "投诉"
_PANGO: Final = "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk"
_ONE_AT_A_TIME: Final = Lock()  # Pango's fonts belong to one thread at a time


class PdfUnavailable(ComplaintError):
    """This machine lacks what PDF is made with."""

    def __init__(self, missing: str, install: str = _PANGO) -> None:
        super().__init__(missing, install)
        self.missing, self.install = missing, install

    def __str__(self) -> str:
        return (
            f"No PDF can be made on this machine: {self.missing}. Install it, on Debian and Ubuntu with "
            f"'{self.install}', then start this process again."
        )


def to_pdf(html: str) -> bytes:
    """Return a page as a PDF: A4 or whatever its ``@page`` says, tagged, with its fonts inside.

    The bytes follow from ``html``, the fonts and the version of WeasyPrint alone: no time, no name of a machine.
    A character that no font here has is a box on paper; its text can still be copied and searched.

    Args:
        html: The whole page. Only ``data:`` addresses in it are read: neither network nor files.

    Raises:
        PdfUnavailable: Pango, or a font with Chinese characters, is missing.
    """
    with _ONE_AT_A_TIME:
        return _print(_document(html, *_press()))


@cache
def printed_with() -> Mapping[str, str]:
    """Return on what of this machine the bytes of a PDF depend: Pango's version, and the start of each font's SHA-256.

    Nothing where no PDF can be made.
    """
    try:
        with _ONE_AT_A_TIME:
            probe = _document(f"{_PROBE}<b>{_PROBE}</b>", *_press())
            _print(probe)
    except PdfUnavailable:
        return {}
    from weasyprint.text.ffi import pango
    from weasyprint.text.fonts import get_hb_object_data

    files = {sha256(get_hb_object_data(font.hb_face)).hexdigest()[:16] for font in probe.fonts.values()}
    pango_version: int = pango.pango_version()
    major, minor = divmod(pango_version, 10_000)
    return {"pango": f"{major}.{minor // 100}.{minor % 100}", "fonts": " ".join(sorted(files))}


@cache
def _press() -> tuple[Any, Any]:
    """Return the fonts and the style that every document shares.

    Raises:
        PdfUnavailable: Pango, or a font with Chinese characters, is missing.
    """
    # Its warnings repeat characters of the page, and tell of every property that only screens know.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    try:
        from weasyprint import CSS
        from weasyprint.text.fonts import FontConfiguration
    except (ImportError, OSError) as wrong:
        raise PdfUnavailable(f"WeasyPrint or its library Pango cannot be loaded ({type(wrong).__name__})") from wrong
    family = ", ".join((*(f'"{one}"' for one in FAMILIES), "sans-serif"))
    press = FontConfiguration(), CSS(string=f"* {{ font-family: {family} !important }}")
    probe = _document(_PROBE, *press)
    _print(probe)
    if any(font.missing for font in probe.fonts.values()):
        raise PdfUnavailable("no font here has Chinese characters")
    atexit.register(_press.cache_clear)  # too late once the interpreter takes itself apart
    return press


def _document(html: str, fonts: Any, style: Any) -> Any:
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    page = HTML(string=html, base_url="", url_fetcher=URLFetcher(allowed_protocols={"data"}))
    return page.render(font_config=fonts, stylesheets=[style])


def _print(document: Any) -> bytes:
    pdf: bytes = document.write_pdf(pdf_variant=VARIANT, pdf_tags=True)
    return pdf
