"""What sort of file something is, told from its content; names and what senders say of it are never believed.

The table is our own: a short list of what is taken in, and of what must never be, can be read and audited. Archives
are not unpacked: of a ZIP file only the names in its directory are read.
"""

import codecs
import re
import struct
from collections.abc import Iterator
from typing import Final

MESSAGE: Final = "message/rfc822"
TEXT: Final = "text/plain"
UNKNOWN: Final = "application/octet-stream"
_ZIP: Final = "application/zip"
_OLE: Final = "application/x-ole-storage"
_WINDOWS_PROGRAM: Final = "application/vnd.microsoft.portable-executable"
_SCRIPT: Final = "text/x-script"

EXTENSIONS: Final = {
    "application/msword": ".doc",
    "application/ofd": ".ofd",
    "application/pdf": ".pdf",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.ms-outlook": ".msg",
    "application/vnd.ms-powerpoint": ".ppt",
    "application/vnd.oasis.opendocument.presentation": ".odp",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.rar": ".rar",
    "application/x-7z-compressed": ".7z",
    _ZIP: ".zip",
    "audio/aac": ".aac",
    "audio/amr": ".amr",
    "audio/amr-wb": ".awb",
    "audio/mp4": ".m4a",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "audio/x-silk": ".silk",  # WeChat's voice messages
    "image/bmp": ".bmp",
    "image/gif": ".gif",
    "image/heic": ".heic",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/tiff": ".tif",
    "image/webp": ".webp",
    MESSAGE: ".eml",
    TEXT: ".txt",
    "video/3gpp": ".3gp",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "video/x-matroska": ".mkv",
    "video/x-ms-asf": ".asf",
    "video/x-msvideo": ".avi",
}
"""What is taken in unless the firm says otherwise, with the end of a file's name that fits."""

EXECUTABLE: Final = frozenset(
    {
        "application/java-archive",
        "application/java-vm",
        "application/vnd.android.dex",
        "application/vnd.android.package-archive",
        "application/vnd.ms-htmlhelp",
        _WINDOWS_PROGRAM,
        "application/wasm",
        "application/x-elf",
        "application/x-mach-binary",
        "application/x-ms-shortcut",
        "application/x-msi",
        "application/x-shockwave-flash",
        _SCRIPT,
    }
)
"""What a computer would run; no firm can allow it."""

_SIGNATURES: Final = tuple(
    (re.compile(pattern, re.DOTALL), media_type)
    for pattern, media_type in (
        # what would be run
        (rb"\x7fELF", "application/x-elf"),
        (rb"(?:\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe)", "application/x-mach-binary"),
        (rb"\xca\xfe\xba\xbe\x00\x00\x00[\x01-\x1f]", "application/x-mach-binary"),  # several in one file
        (rb"\xca\xfe\xba\xbe", "application/java-vm"),
        (rb"\x4c\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut"),
        (rb"\x00asm", "application/wasm"),
        (rb"dex\n\d\d\d\x00", "application/vnd.android.dex"),
        (rb"[FCZ]WS[\x01-\x40]", "application/x-shockwave-flash"),
        (rb"ITSF", "application/vnd.ms-htmlhelp"),
        # pictures
        (rb"\xff\xd8\xff", "image/jpeg"),
        (rb"\x89PNG\r\n\x1a\n", "image/png"),
        (rb"GIF8[79]a", "image/gif"),
        (rb"RIFF....WEBP", "image/webp"),
        (rb"BM....\x00\x00\x00\x00....[\x0c-\x7c]\x00\x00\x00", "image/bmp"),
        (rb"(?:II\*\x00|MM\x00\*)", "image/tiff"),
        (rb"....ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)", "image/heic"),
        # sound and films
        (rb"#!AMR-WB\n", "audio/amr-wb"),
        (rb"#!AMR\n", "audio/amr"),
        (rb"\x02?#!SILK_V", "audio/x-silk"),
        (rb"RIFF....WAVE", "audio/wav"),
        (rb"OggS\x00", "audio/ogg"),
        (rb"ID3[\x02-\x04]", "audio/mpeg"),
        (rb"\xff[\xf0\xf1\xf8\xf9]", "audio/aac"),  # before MPEG: the layer bits are zero here
        (rb"\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff][\x10-\xef]", "audio/mpeg"),
        (rb"....ftypM4[AB]", "audio/mp4"),
        (rb"....ftyp3g", "video/3gpp"),
        (rb"....ftypqt", "video/quicktime"),
        (rb"....ftyp", "video/mp4"),
        (rb"RIFF....AVI ", "video/x-msvideo"),
        (rb"\x1aE\xdf\xa3.{0,60}webm", "video/webm"),
        (rb"\x1aE\xdf\xa3.{0,60}matroska", "video/x-matroska"),
        (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf"),
        # documents and archives
        (rb"%PDF-", "application/pdf"),
        (rb"PK(?:\x03\x04|\x05\x06)", _ZIP),
        (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OLE),
        (rb"Rar!\x1a\x07", "application/vnd.rar"),
        (rb"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
        (rb"\x1f\x8b", "application/gzip"),
        (rb"MSCF\x00\x00\x00\x00", "application/vnd.ms-cab-compressed"),
        (rb"\{\\rtf", "application/rtf"),
        (rb"%!PS", "application/postscript"),
    )
)
"""How content begins; the first that fits counts."""

_INSIDE_OLE: Final = (
    (b"\x84\x10\x0c\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46", "application/x-msi"),
    ("_VBA_PROJECT".encode("utf-16-le"), "application/vnd.ms-office.macro"),
    ("__properties_version1.0".encode("utf-16-le"), "application/vnd.ms-outlook"),
    ("WordDocument".encode("utf-16-le"), "application/msword"),
    ("PowerPoint Document".encode("utf-16-le"), "application/vnd.ms-powerpoint"),
    ("Workbook".encode("utf-16-le"), "application/vnd.ms-excel"),
    ("Book".encode("utf-16-le"), "application/vnd.ms-excel"),
)
"""What tells the old Office formats apart; the first that fits counts."""

_INSIDE_ZIP: Final = (
    (re.compile(rb"AndroidManifest\.xml|classes\.dex"), "application/vnd.android.package-archive"),
    (re.compile(rb"META-INF/MANIFEST\.MF"), "application/java-archive"),
    (re.compile(rb"(?i:word|xl|ppt)/(?i:vbaProject\.bin)"), "application/vnd.ms-office.macro"),
    (re.compile(rb"word/.+"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (re.compile(rb"xl/.+"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (re.compile(rb"ppt/.+"), "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    (re.compile(rb"OFD\.xml"), "application/ofd"),  # GB/T 33190: Chinese e-invoices and certificates
)
_OPEN_DOCUMENT: Final = re.compile(
    rb"PK.{28}mimetypeapplication/vnd\.oasis\.opendocument\.(text|spreadsheet|presentation)", re.DOTALL
)
_MOST_NAMES: Final = 5_000  # of an archive's directory that are read

_ACTIVE: Final = re.compile(r"\s*<(?:!doctype html|html|head|body|script|iframe|svg|\?xml|meta|a\s)", re.IGNORECASE)
_INTERPRETER: Final = re.compile(r"#! ?/")
_HEADER: Final = re.compile(r"(?:From |[!-9;-~]{1,70}:)[^\n]*\n")
_OF_A_MESSAGE: Final = re.compile(
    rb"^(?:return-path|received|from|to|subject|date|message-id|mime-version|delivered-to):",
    re.IGNORECASE | re.MULTILINE,
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_HEAD: Final = 16_384  # bytes in which a text or a message has shown that it is one


def media_type_of(content: bytes, stated: str | None = None) -> str:
    """Return what ``content`` is, as a media type.

    Args:
        content: The whole file.
        stated: What the sender called it. Believed of a message only, which has no signature of its own, and only
            where the content shows nothing else and holds a header such as ``From:``.

    Returns:
        A media type; ``application/octet-stream`` for what is not known.
    """
    text = _text_of(content)
    if text is None and content.startswith((b"MZ", b"ZM")):
        return _WINDOWS_PROGRAM
    found = next((media_type for pattern, media_type in _SIGNATURES if pattern.match(content)), None)
    if found == _ZIP:
        return _inside_zip(content)
    if found == _OLE:
        return next((media_type for mark, media_type in _INSIDE_OLE if mark in content), _OLE)
    if found is not None and (text is None or found in _MAY_BE_TEXT):
        return found
    if _OF_A_MESSAGE.search(content[:_HEAD]) and (stated == MESSAGE or (text and _HEADER.match(text))):
        return MESSAGE
    return UNKNOWN if text is None else _of_text(text)


_MAY_BE_TEXT: Final = frozenset({"application/pdf", "application/rtf", "application/postscript"})


def _of_text(text: str) -> str:
    if _INTERPRETER.match(text):
        return _SCRIPT
    if not _ACTIVE.match(text):
        return TEXT
    start = text[:1000].lower()
    if "<svg" in start:
        return "image/svg+xml"
    return "application/xml" if start.lstrip().startswith("<?xml") and "<html" not in start else "text/html"


def _text_of(content: bytes) -> str | None:
    """Return the beginning of a text in UTF-8, GB 18030 or UTF-16, or None for what does not begin as a text."""
    head, is_all = content[:_HEAD], len(content) <= _HEAD
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(head, final=is_all)  # it may be cut in a character
        except UnicodeDecodeError:
            continue
        if text and not _CONTROL.search(text):
            return text
    return None


def _inside_zip(content: bytes) -> str:
    if document := _OPEN_DOCUMENT.match(content):
        return f"application/vnd.oasis.opendocument.{document[1].decode()}"
    names = list(_names_in_zip(content))
    return next((media for mark, media in _INSIDE_ZIP if any(mark.fullmatch(name) for name in names)), _ZIP)


def _names_in_zip(content: bytes) -> Iterator[bytes]:
    """Yield the names in an archive's directory; nothing is unpacked, and of an endless one only the beginning read."""
    end = content.rfind(b"PK\x05\x06", max(0, len(content) - 65_557))
    if end < 0 or len(content) < end + 22:
        return
    (place,) = struct.unpack_from("<I", content, end + 16)
    for _ in range(_MOST_NAMES):
        if content[place : place + 4] != b"PK\x01\x02" or len(content) < place + 46:
            return
        name, extra, comment = struct.unpack_from("<HHH", content, place + 28)
        yield content[place + 46 : place + 46 + name]
        place += 46 + name + extra + comment
