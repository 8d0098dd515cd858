"""``redress archive``, as a clerk types it."""

import stat

import pytest

from complaints import acts
from complaints.adapters.archive import drafting
from complaints.adapters.archive.package import find_package
from complaints.adapters.archive.writing import archive_case
from complaints.adapters.evidence import EvidenceStore, add_evidence
from complaints.adapters.pdf import PdfUnavailable
from complaints.words import Stage
from tests.builders import a_stored_case, advance, an_act
from tests.deployments.conftest import refused
from tests.evidence_places import PDF

WHO = ("--by", "li.wei")


@pytest.fixture
def folder(firm):
    return firm.home / "archive"


@pytest.fixture
def archived(firm, folder, monkeypatch):
    """The reference of an archived case with a letter and a file."""

    def unavailable(_: str) -> bytes:
        raise PdfUnavailable("there is no Pango")

    monkeypatch.setattr(drafting, "to_pdf", unavailable)
    reference, evidence = a_stored_case(firm.store, letter=True), EvidenceStore(str(firm.home / "evidence"))
    with firm.store.open_case(reference) as desk:
        desk.case.record(an_act(acts.LetterSent), desk.now)
        add_evidence(desk, evidence, PDF, name="流水.pdf", source="crm", by="li.wei")
        advance(desk.case, Stage.CLOSED, now=desk.now)
    archive_case(firm.store, evidence, folder, reference)
    return reference


def test_an_archive_that_holds_is_told_with_its_speed(redress, archived):
    answer = redress("archive", "verify")

    assert answer.code == 0, answer
    assert "1 packages checked, 0 broken" in answer.words
    assert "a second" in answer.words
    assert redress("archive", "verify", archived).code == 0


def test_a_broken_package_is_named_and_ends_with_one(redress, archived, folder):
    path = find_package(folder, archived)
    path.write_bytes(path.read_bytes()[:-1])

    answer = redress("archive", "verify")

    assert answer.code == 1
    assert f"BROKEN {archived}: the package is not the one that was recorded" in answer.words


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ((), 1),
        (("TS",), 1),
        (("XX",), 0),
        (("--kind", "complaint"), 1),
        (("--kind", "report"), 0),
        (("--regime", "cn-nfra"), 1),
        (("--regime", "uk-disp"), 0),
        (("--year", "1999"), 0),
        (("--since", "2020-01-01"), 1),
        (("--until", "2020-01-01"), 0),
    ],
)
def test_packages_are_found_by_what_is_known_of_them(redress, archived, given, found):
    answer = redress("archive", "find", *given)

    assert answer.code == 0, answer
    assert f"{found} found" in answer.words
    assert (archived in answer.out) == bool(found)


def test_a_case_is_restored_and_its_evidence_opened_again(redress, firm, archived, tmp_path):
    assert refused(redress("evidence", "open", archived, 1, "--to", tmp_path, "--why", "核对", *WHO))

    answer = redress("archive", "restore", archived, *WHO)

    assert answer.code == 0, answer
    assert f"{archived} is closed, as before; 2 letters and files of evidence are back." in answer.words
    assert redress("evidence", "open", archived, 1, "--to", tmp_path, "--why", "核对", *WHO).code == 0
    assert (tmp_path / f"{archived}-1.pdf").read_bytes() == PDF
    assert redress("reopen", archived, "new_facts", *WHO).code == 0


def test_a_copy_is_written_to_be_read(redress, firm, archived, tmp_path):
    to = tmp_path / "copies"

    answer = redress("archive", "restore", archived, "--to", to, *WHO)

    assert answer.code == 0, answer
    assert "林知夏" in (to / archived / "case_file.zh-CN.html").read_text(encoding="utf-8")
    assert [stat.S_IMODE(one.stat().st_mode) for one in (to, to / archived)] == [0o700, 0o700]
    assert [(one.kind, one.by) for one in firm.store.entries(archived)][-1] == ("viewed", "li.wei")


def test_nothing_is_restored_without_saying_who(redress, archived, tmp_path):
    assert redress("archive", "restore", archived).code == 2


def test_the_index_is_written_anew(redress, archived, folder):
    (file,) = folder.glob("*/index.csv")
    file.unlink()
    assert "0 found" in redress("archive", "find").words

    answer = redress("archive", "index")

    assert (answer.code, "1 packages in the index" in answer.words) == (0, True)
    assert "1 found" in redress("archive", "find").words


def test_evidence_in_packages_is_told_apart_from_what_is_missing(redress, archived):
    answer = redress("evidence", "verify")

    assert (answer.code, "0 files checked, 1 in archive packages" in answer.words) == (0, True)
    assert redress("verify").code == 0
