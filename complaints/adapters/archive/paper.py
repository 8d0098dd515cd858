"""The case file as PDF: set by Typst from the page for screens, which is well-formed XML.

Typst comes as a Python package and needs of the system nothing but a font with Chinese characters. The fonts are looked
for once a process; a page then takes a fifteenth of what it takes by way of WeasyPrint. A process that has set a page
has threads of Typst's and must not be forked. See ``docs/decisions/0011-case-files-by-typst.md``.
"""

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from threading import Lock
from typing import Final

from complaints.adapters.pdf import FAMILIES, PdfUnavailable

VARIANT: Final = "a-2u"  # ISO 19005-2: fonts inside, every character with its Unicode value, nothing from outside

_FONTS: Final = "apt-get install fonts-noto-cjk"
_PROBE: Final = (
    '<html lang="zh-CN"><head><title>x</title><meta name="dcterms.date" content="2026-01-01"/></head>'
    "<body><p>{0}</p></body></html>"
)
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ONE_AT_A_TIME: Final = Lock()  # a compiler belongs to one thread at a time

Press = Callable[[str], bytes]


def to_pdf(page: str) -> bytes:
    """Return a case file as a PDF: A4, tagged, with its fonts inside.

    The bytes follow from ``page``, the fonts and the version of Typst alone: no time, no name of a machine. A character
    that no font here has stands as its number in Unicode, such as ``[U+2EBF0]``: none is a box, and none is lost.

    Args:
        page: The case file as HTML that is well-formed XML, dated by ``<meta name="dcterms.date">``.

    Raises:
        PdfUnavailable: Typst, or a font with Chinese characters, is missing.
    """
    with _ONE_AT_A_TIME:
        press = _press()
        text = _NOT_IN_XML.sub("", page)
        try:
            return press(text)
        except RuntimeError:  # a character is none that PDF/A allows, or in no font
            pass
        try:
            return press(_with_numbers(text))
        except RuntimeError:  # what it says may repeat words of the page
            raise PdfUnavailable("Typst cannot set a page", "pip install --upgrade typst") from None


@cache
def _press() -> Press:
    """Return what sets a page.

    Raises:
        PdfUnavailable: Typst, or a font with Chinese characters, is missing.
    """
    try:
        from typst import Compiler, Fonts
    except ImportError as wrong:
        raise PdfUnavailable("Typst cannot be loaded", "pip install typst") from wrong
    fonts = Fonts()
    families = ",".join(sorted(set(FAMILIES).intersection(fonts.families()), key=FAMILIES.index))
    folder = str(files("templates").joinpath("sheets/case_file"))
    compiler = Compiler(f"{folder}/paper.typ", root=folder, font_paths=fonts)

    def press(page: str) -> bytes:
        inputs = {"page": page.removeprefix("<!DOCTYPE html>"), "families": families}
        pdf = compiler.compile(sys_inputs=inputs, pdf_standards=VARIANT)
        if not isinstance(pdf, bytes):
            raise TypeError("a PDF is one file")
        return pdf

    try:
        press(_PROBE.format("投诉"))
    except RuntimeError as wrong:
        raise PdfUnavailable("no font here has Chinese characters", _FONTS) from wrong
    return press


def _with_numbers(page: str) -> str:
    return "".join(one if _is_shown(one) else f"[U+{ord(one):04X}]" for one in page)


@cache
def _is_shown(character: str) -> bool:
    """Whether a font here has a character, and PDF/A allows it."""
    if character.isascii():
        return True
    try:
        _press()(_PROBE.format(f"投{character}诉"))  # by itself, one without width is left out of the page
    except RuntimeError:
        return False
    return True
