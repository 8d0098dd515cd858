"""What may become evidence: limits, and names that can be shown."""

import unicodedata

import pytest
from pydantic import ValidationError

from complaints.evidence import EvidenceLimits, Refusal, file_name, safe_name, stated_type
from complaints.media_types import EXECUTABLE
from tests.builders import REFERENCE

LIMITS = EvidenceLimits(max_bytes_per_file=1000, allowed_types=frozenset({"image/jpeg", *EXECUTABLE}))


@pytest.mark.parametrize(
    ("size", "media_type", "refusal"),
    [
        (1, "image/jpeg", None),
        (1000, "image/jpeg", None),
        (1001, "image/jpeg", Refusal.TOO_LARGE),
        (0, "image/jpeg", Refusal.EMPTY),
        (1, "application/pdf", Refusal.TYPE),
        *((1, program, Refusal.EXECUTABLE) for program in sorted(EXECUTABLE)),
    ],
)
def test_a_file_is_taken_within_the_limits_and_a_program_never(size, media_type, refusal):
    assert LIMITS.refusal_of(size, media_type) is refusal


@pytest.mark.parametrize("limits", [{"max_bytes_per_file": 0}, {"max_bytes_per_file": 2**40}, {"max_file": 1}])
def test_limits_that_cannot_be_meant_are_refused(limits):
    with pytest.raises(ValidationError):
        EvidenceLimits(**limits)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("流水.pdf", "流水.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\林知夏\\流水.pdf", "流水.pdf"),
        ("/etc/cron.d/", None),
        ("..", None),
        ("", None),
        (None, None),
        ("\x00\x1b[31m录音\r\n.mp3\x7f", "[31m录音.mp3"),
        ("photo\u202egpj.exe", "photogpj.exe"),  # shown as photoexe.jpg
        ("a\u2066b\u200f\ufeff\u2028c.txt", "abc.txt"),
        ("  two   words .txt ", "two words .txt"),
        ("e\u0301.txt", "é.txt"),
        (" .hidden. ", "hidden"),
    ],
)
def test_a_name_is_shown_without_what_could_do_harm(name, shown):
    assert safe_name(name) == shown


@pytest.mark.parametrize("end", [".pdf", "." + "x" * 5000, ""])
def test_a_name_of_ten_thousand_characters_is_shortened(end):
    shown = safe_name("长" * 10_000 + end)

    assert shown is not None
    assert len(shown) == 120
    assert shown.endswith(end if end == ".pdf" else "…")


def test_whatever_a_name_is_made_of_what_is_shown_can_be_printed():
    for start in range(0, 0x11000, 64):
        shown = safe_name("".join(map(chr, range(start, start + 64)))) or ""
        assert not [one for one in shown if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
        assert not {"/", "\\"} & set(shown)


@pytest.mark.parametrize(
    ("stated", "kept"),
    [
        ("image/jpeg", "image/jpeg"),
        ("Image/JPEG; name=林知夏.jpg", "image/jpeg"),
        ("x-林知夏/13800000101", None),
        ("", None),
        (None, None),
    ],
)
def test_of_a_stated_type_only_a_known_one_is_kept(stated, kept):
    assert stated_type(stated) == kept


def test_a_saved_file_is_named_after_its_case_and_what_it_is():
    assert file_name(REFERENCE, 3, "image/jpeg") == f"{REFERENCE}-3.jpg"
    assert file_name(REFERENCE, 3, "application/x-odd") == f"{REFERENCE}-3.bin"
