"""What a file is, is told from its content."""

import re
import struct
import time
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.media_types import EXECUTABLE, EXTENSIONS, MESSAGE, UNKNOWN, media_type_of
from tests.evidence_places import JPEG, PDF, PROGRAM, an_archive

OFFICE = "application/vnd.openxmlformats-officedocument"
OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)
MAIL = b"Return-Path: <a@b.cn>\r\nReceived: from x\r\nFrom: a@b.cn\r\nSubject: x\r\n\r\nhello\r\n"

TAKEN = {
    "image/jpeg": JPEG,
    "image/png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(20),
    "image/gif": b"GIF89a\x01\x00\x01\x00" + bytes(20),
    "image/webp": b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(20),
    "image/bmp": b"BM" + struct.pack("<IHHII", 70, 0, 0, 54, 40) + bytes(40),
    "image/tiff": b"II*\x00\x08\x00\x00\x00" + bytes(20),
    "image/heic": b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic" + bytes(20),
    "application/pdf": PDF,
    "application/ofd": an_archive("OFD.xml", "Doc_0/Document.xml"),
    "audio/mpeg": b"\xff\xfb\x90\x64" + bytes(413),
    "audio/wav": b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(20),
    "audio/amr": b"#!AMR\n\x3c" + bytes(31),
    "audio/amr-wb": b"#!AMR-WB\n\x3c" + bytes(31),
    "audio/x-silk": b"\x02#!SILK_V3" + bytes(30),
    "audio/mp4": b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00M4A mp42isom" + bytes(20),
    "audio/ogg": b"OggS\x00\x02" + bytes(20),
    "audio/aac": b"\xff\xf1\x50\x80" + bytes(50),
    "video/mp4": b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41" + bytes(20),
    "video/3gpp": b"\x00\x00\x00\x18ftyp3gp4\x00\x00\x00\x003gp4" + bytes(20),
    "video/quicktime": b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  " + bytes(20),
    "video/webm": b"\x1aE\xdf\xa3\x93B\x82\x84webm" + bytes(20),
    "video/x-matroska": b"\x1aE\xdf\xa3\x93B\x82\x88matroska" + bytes(20),
    "video/x-msvideo": b"RIFF\x24\x00\x00\x00AVI LIST" + bytes(20),
    "video/x-ms-asf": bytes.fromhex("3026b2758e66cf11") + bytes(20),
    "text/plain": "账户服务费被扣了两次。".encode(),
    MESSAGE: MAIL,
    "application/msword": OLE + "WordDocument".encode("utf-16-le"),
    "application/vnd.ms-excel": OLE + "Workbook".encode("utf-16-le"),
    "application/vnd.ms-powerpoint": OLE + "PowerPoint Document".encode("utf-16-le"),
    "application/vnd.ms-outlook": OLE + "__properties_version1.0".encode("utf-16-le"),
    f"{OFFICE}.wordprocessingml.document": an_archive("[Content_Types].xml", "word/document.xml"),
    f"{OFFICE}.spreadsheetml.sheet": an_archive("[Content_Types].xml", "xl/workbook.xml"),
    f"{OFFICE}.presentationml.presentation": an_archive("[Content_Types].xml", "ppt/presentation.xml"),
    **{
        f"application/vnd.oasis.opendocument.{kind}": an_archive(
            "mimetype", content=f"application/vnd.oasis.opendocument.{kind}", method=zipfile.ZIP_STORED
        )
        for kind in ("text", "spreadsheet", "presentation")
    },
    "application/zip": an_archive("聊天记录.txt", "照片/1.jpg"),
    "application/vnd.rar": b"Rar!\x1a\x07\x01\x00" + bytes(20),
    "application/x-7z-compressed": b"7z\xbc\xaf\x27\x1c" + bytes(30),
}

RUN = {
    "application/vnd.microsoft.portable-executable": PROGRAM,
    "application/x-elf": b"\x7fELF\x02\x01\x01" + bytes(60),
    "application/x-mach-binary": bytes.fromhex("cffaedfe") + bytes(60),
    "application/java-vm": bytes.fromhex("cafebabe00000034") + bytes(60),
    "application/java-archive": an_archive("META-INF/MANIFEST.MF", "A.class"),
    "application/vnd.android.package-archive": an_archive("AndroidManifest.xml", "classes.dex"),
    "application/vnd.android.dex": b"dex\n035\x00" + bytes(30),
    "application/vnd.ms-htmlhelp": b"ITSF\x03\x00\x00\x00" + bytes(30),
    "application/wasm": b"\x00asm\x01\x00\x00\x00",
    "application/x-ms-shortcut": bytes.fromhex("4c0000000114020000000000c000000000000046") + bytes(60),
    "application/x-msi": OLE + bytes.fromhex("84100c0000000000c000000000000046"),
    "application/x-shockwave-flash": b"CWS\x0a" + bytes(30),
    "text/x-script": b"#!/bin/sh\nrm -rf /\n",
}


@pytest.mark.parametrize(("media_type", "content"), TAKEN.items(), ids=TAKEN)
def test_what_complainants_send_is_known_by_its_content(media_type, content):
    assert media_type_of(content) == media_type


def test_every_type_that_is_taken_has_an_example_above():
    assert TAKEN.keys() == EXTENSIONS.keys()


@pytest.mark.parametrize(("media_type", "content"), RUN.items(), ids=RUN)
def test_what_a_computer_would_run_is_known_by_its_content(media_type, content):
    assert media_type_of(content) == media_type


def test_every_type_of_program_has_an_example_above():
    assert RUN.keys() == EXECUTABLE
    assert not EXECUTABLE & EXTENSIONS.keys()


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        ("账户服务费被扣了两次。".encode("gb18030"), "text/plain"),
        ("账户服务费".encode("utf-16"), "text/plain"),
        (b"\xef\xbb\xbfa,b\r\n1,2\r\n", "text/plain"),
        ("MZ 公司扣了我两次费用".encode(), "text/plain"),  # as a program begins
        (b"BM is the name of the branch that charged me twice, and more words", "text/plain"),
        (b"PK!", "text/plain"),
        (b"#! not a script", "text/plain"),
    ],
)
def test_words_are_words_whatever_they_begin_with(content, media_type):
    assert media_type_of(content) == media_type


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize("shift", range(4))
def test_a_long_text_is_known_by_its_beginning_wherever_that_is_cut(encoding, shift):
    assert media_type_of(("a" * shift + "账户服务费😀" * 20_000).encode(encoding)) == "text/plain"


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"<!DOCTYPE html><script>alert(1)</script>", "text/html"),
        (b"  \n<HTML><body>", "text/html"),
        (b'<?xml version="1.0"?><svg onload="alert(1)"/>', "image/svg+xml"),
        (b'<?xml version="1.0"?><a/>', "application/xml"),
        (b"{\\rtf1 hi}", "application/rtf"),
        (an_archive("word/document.xml", "word/vbaProject.bin"), "application/vnd.ms-office.macro"),
        (OLE + "_VBA_PROJECT WordDocument".encode("utf-16-le"), "application/vnd.ms-office.macro"),
        (b"\x1f\x8b\x08" + bytes(20), "application/gzip"),
        (bytes((i * 37 + 11) % 256 for i in range(1000)), UNKNOWN),
        (b"", UNKNOWN),
    ],
)
def test_what_is_not_taken_is_not_called_something_else(content, media_type):
    assert media_type not in EXTENSIONS
    assert media_type_of(content) == media_type


def test_a_message_in_no_known_charset_is_one_where_the_mail_door_says_so():
    raw = b"X-Odd: 1\r\nfrom: a@b.cn\r\n\r\n" + bytes(range(256))

    assert media_type_of(raw) == UNKNOWN
    assert media_type_of(raw, MESSAGE) == MESSAGE


@pytest.mark.parametrize("content", [PROGRAM + b"\nFrom: a@b.cn\n", bytes(range(256))], ids=["program", "no header"])
def test_calling_something_a_message_does_not_make_it_one(content):
    assert media_type_of(content, MESSAGE) != MESSAGE


def test_calling_something_a_picture_changes_nothing():
    assert media_type_of(PROGRAM, "image/jpeg") in EXECUTABLE


def test_an_archive_that_would_unpack_to_gigabytes_is_looked_at_at_once():
    bomb = an_archive(*(f"{number}.txt" for number in range(50)), content="0" * 1_000_000)

    started = time.process_time()
    assert media_type_of(bomb) == "application/zip"
    assert time.process_time() - started < 0.5  # unpacked, it has 50 MB


def test_of_an_endless_directory_only_the_beginning_is_read():
    entry = b"PK\x01\x02" + bytes(42)
    content = b"PK\x03\x04" + entry * 100_000 + b"PK\x05\x06" + bytes(10) + struct.pack("<IIH", 0, 4, 0)

    started = time.process_time()
    assert media_type_of(content) == "application/zip"
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize("cut", range(0, 200, 7))
def test_a_directory_that_is_cut_or_lies_is_no_error(cut):
    whole = an_archive("word/document.xml", "a")

    assert media_type_of(whole[:-cut] if cut else whole)
    assert media_type_of(whole[:-6] + b"\xff\xff\xff\xff\x00\x00")


@given(
    begins=st.sampled_from([b"", *(content[:40] for content in (TAKEN | RUN).values())]), more=st.binary(max_size=300)
)
def test_whatever_is_sent_has_a_type(begins, more):
    media_type = media_type_of(begins + more, MESSAGE)

    assert re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", media_type)
