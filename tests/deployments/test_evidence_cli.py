"""``redress evidence``, as a clerk types it."""

import os
import stat

import pytest

from tests.builders import file_complaint
from tests.deployments.conftest import refused
from tests.evidence_places import JPEG, PDF, PROGRAM, VIRUS, fake_clamd

WHO = ("--by", "li.wei")
WHY = ("--why", "核对扣款记录")


@pytest.fixture
def reference(firm):
    return file_complaint(firm.store)


@pytest.fixture
def photo(tmp_path):
    file = tmp_path / "林知夏的流水.jpg"
    file.write_bytes(JPEG)
    return file


@pytest.fixture
def statement(tmp_path):
    file = tmp_path / "statement.pdf"
    file.write_bytes(PDF)
    return file


def last(firm, reference):
    """The last entry of the ledger: what, and by whom."""
    entry = firm.store.entries(reference)[-1]
    return entry.kind, entry.by


def test_files_are_added_listed_and_opened(redress, firm, reference, photo, statement, tmp_path):
    added = redress("evidence", "add", reference, photo, statement, "--note", "本人提供", *WHO)
    assert (added.code, added.out.count("Evidence ")) == (0, 2)
    assert last(firm, reference) == ("evidence_added", "li.wei")

    listed = redress("evidence", "list", reference)
    assert f"image/jpeg {len(JPEG)} B staff li.wei" in listed.words
    assert "application/pdf" in listed.words
    assert "未经病毒扫描" in listed.words
    assert photo.name in listed.words
    assert "not scanned" in redress("evidence", "list", reference, "--lang", "en").words

    opened = redress("evidence", "open", reference, 1, "--to", tmp_path, *WHY, *WHO)
    assert opened.code == 0, opened
    written = tmp_path / f"{reference}-1.jpg"
    assert written.read_bytes() == JPEG
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert last(firm, reference) == ("evidence_opened", "li.wei")


def test_the_same_file_again_is_not_added_again(redress, firm, reference, photo):
    redress("evidence", "add", reference, photo, *WHO)
    before = firm.rows()

    assert "Evidence 1" in redress("evidence", "add", reference, photo, *WHO).out

    assert firm.rows() == before


def test_a_file_is_written_to_standard_output(redress, reference, statement):
    redress("evidence", "add", reference, statement, *WHO)

    assert redress("evidence", "open", reference, 1, "--to", "-", *WHY, *WHO).out.encode() == PDF


def test_a_file_that_is_not_taken_ends_with_one_and_says_why(redress, firm, reference, photo, tmp_path):
    program = tmp_path / "photo.jpg"
    program.write_bytes(PROGRAM)

    answer = redress("evidence", "add", reference, program, photo, *WHO)

    assert answer.code == 1
    assert "可执行程序不予接收 · programs are not taken" in answer.out
    assert "Evidence 1" in answer.out, "the others are taken"
    assert "未接收: 可执行程序不予接收" in redress("evidence", "list", reference).words


def test_a_virus_is_told_by_its_name(redress, firm, reference, tmp_path):
    file = tmp_path / "a.txt"
    file.write_bytes(VIRUS)
    with fake_clamd() as clamd:
        firm.set(REDRESS_VIRUS_SCANNER_URL=clamd.url)
        assert "Test-Virus" in redress("evidence", "add", reference, file, *WHO).out

    assert refused(redress("evidence", "add", reference, file, *WHO), "virus scanner", "nothing was stored")


def test_limits_are_set_by_the_firm(redress, firm, reference, photo):
    firm.set(REDRESS_EVIDENCE_LIMITS__MAX_BYTES_PER_FILE="100")

    assert "文件过大" in redress("evidence", "add", reference, photo, *WHO).out


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--to", "new.jpg", *WHY), "--by"),
        (("--to", "new.jpg", *WHO), "why"),
        ((*WHY, *WHO), "--to"),
        (("--to", "there.jpg", *WHY, *WHO), "--to"),
        (("--to", "no-folder/new.jpg", *WHY, *WHO), "--to"),
    ],
)
def test_an_opening_that_lacks_something_is_refused_and_not_recorded(
    redress, firm, reference, photo, tmp_path, monkeypatch, arguments, word
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.jpg").write_text("there")
    redress("evidence", "add", reference, photo, *WHO)

    assert refused(redress("evidence", "open", reference, 1, *arguments), word)

    assert last(firm, reference) == ("evidence_added", "li.wei")
    assert (tmp_path / "there.jpg").read_text() == "there"
    assert not (tmp_path / "new.jpg").exists()


def test_a_number_that_is_none_is_refused(redress, reference):
    assert refused(redress("evidence", "open", reference, 7, "--to", "-", *WHY, *WHO), "no evidence 7")


def test_the_names_of_a_confidential_report_are_not_listed(redress, firm, photo):
    reference = file_complaint(firm.store, kind="report")
    redress("evidence", "add", reference, photo, *WHO)

    listed = redress("evidence", "list", reference)

    assert "image/jpeg" in listed.words
    assert "林知夏" not in listed.words


def test_verify_names_what_is_wrong_and_ends_with_one(redress, firm, reference, photo, statement):
    redress("evidence", "add", reference, photo, statement, *WHO)
    assert (redress("evidence", "verify").code, redress("evidence", "verify", reference).code) == (0, 0)
    folder = firm.home / "evidence" / reference
    for number, file in enumerate(sorted(folder.iterdir())):
        file.write_bytes(b"altered") if number else file.unlink()

    answer = redress("evidence", "verify")

    assert answer.code == 1
    assert "the file is missing" in answer.out
    assert "the file was altered" in answer.out
    assert "2 files checked, 2 broken" in answer.out
    assert redress("verify").code == 0, "the ledger itself is whole"


def test_tidy_says_what_it_removed(redress, firm, reference, photo):
    redress("evidence", "add", reference, photo, *WHO)
    assert redress("evidence", "tidy").out.strip() == "0 removed"
    stray = firm.home / "evidence" / reference / ("a" * 64)
    stray.write_bytes(b"left behind")
    os.utime(stray, (0, 0))

    answer = redress("evidence", "tidy")

    assert "1 removed" in answer.out
    assert stray.name in answer.out
    assert not stray.exists()
    assert redress("evidence", "verify").code == 0
