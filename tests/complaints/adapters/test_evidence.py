"""Taking files in as evidence and out again; the store is a folder, fsspec's memory, and an S3 server."""

import hashlib
import io
import logging
import stat
import threading

import pytest
from sqlalchemy import select, update

from complaints import acts
from complaints.adapters.evidence import EvidenceStore, add_evidence, open_evidence
from complaints.adapters.tables import CaseKeyRow, EntryRow
from complaints.adapters.virus_scanner import VirusScanner
from complaints.errors.base import RetryableError
from complaints.errors.case import AnswerRefused, StageError
from complaints.errors.evidence import (
    EvidenceAltered,
    EvidenceMissing,
    EvidenceNotTaken,
    EvidenceStoreAway,
    ScannerAway,
    UnknownEvidence,
)
from complaints.errors.sealing import KeyDestroyed
from complaints.errors.settings import SettingError
from complaints.evidence import EvidenceLimits, Refusal, Scan
from complaints.words import Stage
from tests.builders import REGIME, a_complaint, a_stored_case, file_complaint
from tests.evidence_places import JPEG, PDF, PROGRAM, VIRUS, an_archive, fake_clamd, s3_server
from tests.ports import free_port

NAME = "林知夏的扣款流水.jpg"
SHA256 = hashlib.sha256(JPEG).hexdigest()


@pytest.fixture
def files(tmp_path):
    """Evidence in a folder, which the first file makes."""
    return EvidenceStore(str(tmp_path / "evidence"))


@pytest.fixture(scope="module")
def s3():
    with s3_server("redress"):
        yield "s3://redress"


@pytest.fixture(params=["folder", "memory", "s3"])
def anywhere(request, tmp_path):
    """Evidence in each sort of place."""
    place = {"folder": str(tmp_path.parent), "memory": "memory://evidence"}.get(request.param)
    return EvidenceStore(f"{place or request.getfixturevalue('s3')}/{tmp_path.name}/evidence")


def add(store, files, reference, content=JPEG, *, name=NAME, source="crm", by="crm", **more):
    with store.open_case(reference) as desk:
        return add_evidence(desk, files, content, name=name, source=source, by=by, **more)


def take_out(store, files, reference, number=1):
    return open_evidence(store, files, reference, number, by="li.wei", purpose="核对扣款记录")[1]


def stored(files):
    """Everything in the folder."""
    return {path.name: path.read_bytes() for path in files.files.folder.rglob("*") if path.is_file()}


def kinds(store, reference):
    return [entry.kind for entry in store.entries(reference) if entry.kind.startswith("evidence")]


# --- in and out ---------------------------------------------------------------------------------


def test_a_file_comes_out_as_it_went_in(store, anywhere):
    reference = file_complaint(store)

    added = add(store, anywhere, reference, note="投诉人本人拍摄。", media_type_stated="image/jpeg")

    assert added == acts.EvidenceAdded(
        number=1,
        sha256=SHA256,
        media_type="image/jpeg",
        size=len(JPEG),
        source="crm",
        scanned=Scan.NOT_SCANNED,
        name=NAME,
        note="投诉人本人拍摄。",
    )
    assert take_out(store, anywhere, reference) == JPEG
    assert anywhere.files.references() == {reference}
    assert anywhere.files.names(reference) == {SHA256}
    assert anywhere.files.folder is None or stat.S_IMODE(anywhere.files.folder.stat().st_mode) == 0o700


def test_the_ledger_tells_who_added_and_who_opened_a_file(store, files):
    reference = file_complaint(store)
    add(store, files, reference)
    add(store, files, reference, PDF, by="li.wei", source="staff")
    take_out(store, files, reference, 2)

    case = store.read_case(reference)
    assert [(one.number, one.by, one.opened) for one in case.evidence] == [(1, "crm", 0), (2, "li.wei", 1)]
    assert kinds(store, reference) == ["evidence_added", "evidence_added", "evidence_opened"]


def test_the_same_file_twice_on_a_case_is_one_entry_and_one_file(store, anywhere):
    reference = file_complaint(store)
    first = add(store, anywhere, reference)

    again = add(store, anywhere, reference, io.BytesIO(JPEG), name="another name.jpg", by="li.wei")

    assert again == first
    assert kinds(store, reference) == ["evidence_added"]
    assert len(anywhere.files.names(reference)) == 1


def test_the_same_file_on_two_cases_is_sealed_for_each(store, files):
    references = [file_complaint(store, number=number) for number in ("1", "2")]
    for reference in references:
        add(store, files, reference)

    sealed = {files.files.read(reference, SHA256) for reference in references}
    assert len(sealed) == 2
    assert [take_out(store, files, reference) for reference in references] == [JPEG, JPEG]


def test_a_lost_file_is_put_back_by_adding_it_again(store, files):
    reference = file_complaint(store)
    first = add(store, files, reference)
    files.files.remove(reference, SHA256)

    assert add(store, files, reference) == first

    assert take_out(store, files, reference) == JPEG
    assert kinds(store, reference) == ["evidence_added", "evidence_opened"]


def test_a_complaint_and_its_files_are_stored_together(store, files):
    filed = store.file(
        a_complaint(),
        "crm",
        REGIME,
        attach=lambda desk: add_evidence(desk, files, JPEG, name=NAME, source="crm", by="crm") and None,
    )

    assert take_out(store, files, filed.reference) == JPEG


def test_a_transaction_that_comes_to_nothing_leaves_nothing_on_the_case(store, files):
    reference = file_complaint(store)

    def add_and_fail(desk):
        add_evidence(desk, files, JPEG, name=NAME, source="crm", by="crm")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), store.open_case(reference) as desk:
        add_and_fail(desk)

    assert store.read_case(reference).evidence == ()
    assert add(store, files, reference).number == 1, "what was left behind is written over"
    assert take_out(store, files, reference) == JPEG


def test_two_who_add_the_same_file_at_once_add_it_once(store, files):
    reference = file_complaint(store)
    numbers = []
    threads = [threading.Thread(target=lambda: numbers.append(add(store, files, reference).number)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert numbers == [1] * 6
    assert kinds(store, reference) == ["evidence_added"]


def test_a_file_is_examined_before_the_case_is_opened_where_the_caller_wants(store, files):
    reference = file_complaint(store)
    examined = files.examine(io.BytesIO(PDF))

    assert add(store, files, reference, examined).media_type == "application/pdf"
    assert take_out(store, files, reference) == PDF


@pytest.mark.parametrize("changes", [{"source": ""}, {"source": "x" * 65}, {"source": "a\nb"}, {"note": "x" * 2001}])
def test_a_source_or_note_that_cannot_be_stored_is_refused(store, files, changes):
    reference = file_complaint(store)

    with pytest.raises(AnswerRefused) as refused:
        add(store, files, reference, **changes)

    assert refused.value.field in changes
    assert files.files.references() == set()


def test_an_archived_case_takes_no_evidence(store, files):
    reference = a_stored_case(store, Stage.ARCHIVED)

    with pytest.raises(StageError):
        add(store, files, reference)


# --- what is sealed -----------------------------------------------------------------------------


def test_neither_file_nor_name_is_anywhere_in_clear(store, files, caplog):
    caplog.set_level(logging.DEBUG)
    reference = file_complaint(store)
    add(store, files, reference, note="林知夏本人提供。")
    take_out(store, files, reference)

    assert not [name for name, content in stored(files).items() if b"JFIF" in content or "林" in name]
    with store.read() as session:
        facts = "".join(session.scalars(select(EntryRow.facts).where(EntryRow.reference == reference)))
    assert not [word for word in ("林知夏", "扣款", "本人") if word in facts + caplog.text]


def test_once_the_key_is_destroyed_the_file_cannot_be_opened(store, files):
    reference = file_complaint(store)
    add(store, files, reference)
    with store.write() as session:
        session.execute(update(CaseKeyRow).where(CaseKeyRow.reference == reference).values(wrapped=None))

    with pytest.raises(KeyDestroyed):
        take_out(store, files, reference)
    with pytest.raises(KeyDestroyed):
        add(store, files, reference, PDF)
    (exhibit,) = store.read_case(reference).evidence
    assert (exhibit.added.name, exhibit.added.sha256) == (None, SHA256)
    assert "evidence_opened" not in kinds(store, reference)


def flip_a_bit(content):
    return content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize("spoil", [flip_a_bit, lambda content: content[:5], lambda _: b"", lambda _: JPEG])
def test_a_file_that_was_altered_is_not_opened(store, anywhere, spoil):
    reference = file_complaint(store)
    add(store, anywhere, reference)
    anywhere.files.write(reference, SHA256, spoil(anywhere.files.read(reference, SHA256)))

    with pytest.raises(EvidenceAltered):
        take_out(store, anywhere, reference)
    assert kinds(store, reference) == ["evidence_added"], "what nobody saw is no opening"


def test_a_file_that_was_put_in_the_place_of_another_is_not_opened(store, files):
    reference = file_complaint(store)
    add(store, files, reference)
    other = add(store, files, reference, PDF)
    files.files.write(reference, SHA256, files.files.read(reference, other.sha256))

    with pytest.raises(EvidenceAltered):
        take_out(store, files, reference, 1)


def test_a_file_that_is_gone_or_never_was_is_said_so(store, anywhere):
    reference = file_complaint(store)
    add(store, anywhere, reference)
    anywhere.files.remove(reference, SHA256)

    with pytest.raises(EvidenceMissing):
        take_out(store, anywhere, reference)
    with pytest.raises(UnknownEvidence):
        take_out(store, anywhere, reference, 2)


@pytest.mark.parametrize("purpose", ["", "  ", "x" * 2001])
def test_nobody_opens_a_file_without_saying_why(store, files, purpose):
    reference = file_complaint(store)
    add(store, files, reference)

    with pytest.raises(AnswerRefused):
        open_evidence(store, files, reference, 1, by="li.wei", purpose=purpose)


# --- what is refused ----------------------------------------------------------------------------

SMALL = EvidenceLimits(max_bytes_per_file=10_000, max_files_per_case=3)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", Refusal.EMPTY),
        (JPEG + bytes(10_000), Refusal.TOO_LARGE),
        (PROGRAM, Refusal.EXECUTABLE),
        (an_archive("AndroidManifest.xml"), Refusal.EXECUTABLE),
        (b"<html><script>alert(1)</script>", Refusal.TYPE),
        (bytes(500), Refusal.TYPE),
    ],
)
def test_a_refused_file_is_recorded_and_not_kept(store, tmp_path, content, reason):
    files = EvidenceStore(str(tmp_path / "evidence"), SMALL)
    reference = file_complaint(store)

    refused = add(store, files, reference, content, name="photo.jpg", media_type_stated="image/jpeg")
    again = add(store, files, reference, io.BytesIO(content), name="photo.jpg", media_type_stated="image/jpeg")

    assert isinstance(refused, acts.EvidenceRefused)
    assert (refused.reason, refused.size, refused.sha256) == (reason, len(content), hashlib.sha256(content).hexdigest())
    assert again == refused
    assert kinds(store, reference) == ["evidence_refused"], "the same refusal twice is one entry"
    assert store.read_case(reference).evidence == ()
    assert files.files.references() == set()
    with pytest.raises(EvidenceNotTaken) as told:
        files.check(content)
    assert told.value.refusal == reason


def test_a_program_that_is_called_a_picture_is_a_program(store, files):
    refused = add(store, files, file_complaint(store), PROGRAM, name="photo.jpg", media_type_stated="image/jpeg")

    assert (refused.reason, refused.media_type) == (
        Refusal.EXECUTABLE,
        "application/vnd.microsoft.portable-executable",
    )


def test_a_picture_that_is_called_something_else_is_kept_as_what_it_is(store, files):
    added = add(store, files, file_complaint(store), JPEG, name="a.pdf", media_type_stated="application/pdf")

    assert (added.media_type, added.stated_type) == ("image/jpeg", "application/pdf")


def test_an_archive_is_kept_as_it_is_and_never_unpacked(store, files):
    bomb = an_archive(*(f"{number}.txt" for number in range(30)), content="0" * 1_000_000)
    reference = file_complaint(store)

    assert add(store, files, reference, bomb).size == len(bomb)

    assert take_out(store, files, reference) == bomb


class Endless(io.RawIOBase):
    """A stream of so many bytes that remembers the most it was asked for at once."""

    def __init__(self, size):
        self.left, self.most = size, 0

    def read(self, size=-1):
        assert size > 0, "never all at once"
        self.most = max(self.most, size)
        part = min(size, self.left)
        self.left -= part
        return bytes(part)


def test_of_a_stream_no_more_than_the_limit_is_held_in_memory(tmp_path):
    stream = Endless(30_000_000)

    examined = EvidenceStore(str(tmp_path), SMALL).examine(stream)

    assert (examined.refusal, examined.size, examined.content) == (Refusal.TOO_LARGE, 30_000_000, b"")
    assert examined.sha256 == hashlib.sha256(bytes(30_000_000)).hexdigest()
    assert stream.most <= 1024 * 1024


def test_a_case_takes_only_so_many_files(store, tmp_path):
    files = EvidenceStore(str(tmp_path / "evidence"), SMALL)
    reference = file_complaint(store)
    taken = [add(store, files, reference, b"file %d" % number) for number in range(10)]

    assert [getattr(one, "reason", None) for one in taken] == [None] * 3 + [Refusal.TOO_MANY] * 7
    assert kinds(store, reference) == ["evidence_added"] * 3 + ["evidence_refused"] * 3, "a flood is not recorded"
    assert len(files.files.names(reference)) == 3
    assert add(store, files, reference, b"file 0").number == 1, "what is there already is no further file"


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", "\x00\x1b[2J\n", "长" * 10_000 + ".jpg", "photo\u202egpj.exe", "/abs\\b", None]
)
def test_a_name_never_decides_where_a_file_is_written(store, files, name):
    reference = file_complaint(store)

    added = add(store, files, reference, name=name)

    assert stored(files).keys() == {SHA256}
    assert files.files.names(reference) == {SHA256}
    assert (added.name or "").isprintable()


@pytest.mark.parametrize("reference", ["../outside", "a/b", "", ".", "TS1\x00"])
def test_nothing_but_a_reference_and_a_hash_names_a_file(files, reference):
    for arguments in ((reference, SHA256), ("TS1", "../x"), ("TS1", SHA256.upper())):
        with pytest.raises(ValueError, match="ever names a file"):
            files.files.write(*arguments, b"")
        with pytest.raises(ValueError, match="ever names a file"):
            files.files.read(*arguments)
    assert not files.files.folder.exists()


# --- viruses ------------------------------------------------------------------------------------


def test_what_was_scanned_is_recorded(store, tmp_path):
    with fake_clamd() as clamd:
        files = EvidenceStore(str(tmp_path / "evidence"), scanner=VirusScanner(clamd.url))
        reference = file_complaint(store)

        assert add(store, files, reference).scanned is Scan.CLEAN
        add(store, files, reference, PROGRAM)

        assert clamd.scanned == [JPEG], "what is refused anyway is not scanned"


def test_a_file_with_a_virus_is_refused_by_its_name_and_the_rest_goes_on(store, tmp_path):
    with fake_clamd() as clamd:
        files = EvidenceStore(str(tmp_path / "evidence"), scanner=VirusScanner(clamd.url))
        reference = file_complaint(store)
        with store.open_case(reference) as desk:
            refused = add_evidence(desk, files, JPEG + VIRUS, name=NAME, source="mail", by="mail")
            added = add_evidence(desk, files, PDF, name=NAME, source="mail", by="mail")

        assert (refused.reason, refused.finding) == (Refusal.INFECTED, "Test-Virus")
        assert files.files.names(reference) == {added.sha256}
        assert kinds(store, reference) == ["evidence_refused", "evidence_added"]


def test_nothing_is_stored_unscanned_while_the_scanner_is_away(store, tmp_path):
    scanner = VirusScanner(f"tcp://127.0.0.1:{free_port()}", timeout_seconds=1)
    files = EvidenceStore(str(tmp_path / "evidence"), scanner=scanner)
    reference = file_complaint(store)

    with pytest.raises(ScannerAway):
        add(store, files, reference)

    assert kinds(store, reference) == []
    assert files.files.references() == set()


# --- the store itself ---------------------------------------------------------------------------


def test_a_store_that_can_be_used_says_so_and_is_left_as_it_was(anywhere):
    anywhere.files.check()

    assert anywhere.files.references() == set()


def test_a_store_that_cannot_be_written_is_worth_another_try_and_nothing_is_recorded(store, tmp_path):
    (tmp_path / "evidence").write_text("a file where the folder should be")
    files = EvidenceStore(str(tmp_path / "evidence"))
    reference = file_complaint(store)

    with pytest.raises(EvidenceStoreAway) as away:
        add(store, files, reference)

    assert isinstance(away.value, RetryableError)
    assert str(tmp_path) not in str(away.value)
    assert kinds(store, reference) == []


def test_a_disk_that_is_full_leaves_no_half_a_file(store, files, monkeypatch):
    reference = file_complaint(store)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("complaints.adapters.durable.os.fsync", full)
    with pytest.raises(EvidenceStoreAway):
        add(store, files, reference)

    assert stored(files) == {}


@pytest.mark.parametrize("url", ["nothing://user:pass-word@host/x", "s3:\x00//", "dask://x"])
def test_an_address_that_is_none_is_a_setting_to_correct_and_is_not_repeated(url):
    with pytest.raises((SettingError, EvidenceStoreAway)) as wrong:
        EvidenceStore(url).files.check()

    assert "pass-word" not in str(wrong.value)
