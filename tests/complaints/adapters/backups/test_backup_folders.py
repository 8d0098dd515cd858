"""What a backup is made of, what is refused of it, and that it is whole or not there; on SQLite, for it is the same."""

import fcntl
import shutil

import pytest

from complaints.adapters.backups.manifest import MANIFEST
from complaints.errors.backups import BackupBroken, BackupRefused
from complaints.errors.sealing import MasterKeyMissing, MasterKeyWrong
from complaints.sealing import MasterKey
from tests.builders import a_letter, prepare_letter
from tests.conftest import rows_of
from tests.evidence_places import JPEG, PDF

CONFIDENTIAL = "林知夏 的手机号 13800000101".encode()


def rows(store):
    return {table.name: content for table, content in rows_of(store).items() if content}


def everything(place):
    return {file: file.read_bytes() for file in place.rglob("*") if file.is_file()}


@pytest.fixture
def databases(sqlite):
    return sqlite


def test_letters_archive_summaries_and_settings_are_put_back_where_they_are_missing(firm, new_machine, place):
    paths = (
        "letters/hand-over/TS-1.html",
        "archive/TS-2/case.json",
        "summaries/2026-03.html",
        "redress.toml",
        "returns/uk-disp.toml",
    )
    for path in paths:
        firm.write(path, path.encode())
    firm.write("logs/door.log", b"no part of a backup")
    new_machine.write("summaries/2026-03.html", b"newer")
    firm.backup(place)

    restored = new_machine.restore(place)

    home = new_machine.settings.home
    assert [(home / path).read_bytes() for path in paths] == [
        paths[0].encode(),
        paths[1].encode(),
        b"newer",
        paths[3].encode(),
        paths[4].encode(),
    ]
    assert not (home / "logs").exists()
    assert restored.files == 4


def test_nothing_in_a_backup_can_be_read_without_the_key(firm, place):
    reference = firm.file(narrative=CONFIDENTIAL.decode(), product="轻舟消费贷")
    firm.evidence(reference, PDF + CONFIDENTIAL)
    firm.write("letters/not-sent/TS-1.eml", CONFIDENTIAL)
    firm.write("redress.toml", b'smtp_url = "smtp://user:password@host"')
    key = firm.settings.key_file.read_bytes().strip()
    firm.backup(place)

    for content in everything(place).values():
        for secret in (CONFIDENTIAL, "轻舟消费贷".encode(), reference.encode(), b"password@host", key):
            assert secret not in content
    assert not [file for file in everything(place) if file.stat().st_mode & 0o077 and file.name != ".lock"]


def test_the_next_backup_copies_only_what_is_new(firm, new_machine, place):
    reference = firm.file()
    firm.evidence(reference, JPEG)
    firm.write("archive/TS-2/case.json", b"large")
    first, before = firm.backup(place), everything(place)
    firm.evidence(reference, PDF)

    second = firm.backup(place)

    new = {file.relative_to(place).parts[0] for file in everything(place).keys() - before.keys()}
    assert new == {second.folder.name, "evidence"}
    assert (first.copied, second.copied, second.manifest.evidence) == (1, 1, 2)
    assert new_machine.restore(place).backup == second.folder  # the newest


def test_a_restore_without_the_master_key_names_the_key_that_is_needed(firm, new_machine, place):
    firm.backup(place)
    new_machine.settings.key_file.unlink()

    with pytest.raises(MasterKeyMissing, match=firm.store.master.fingerprint):
        new_machine.restore(place)


def test_a_restore_with_another_key_is_refused(firm, new_machine, place):
    firm.backup(place)
    new_machine.settings.key_file.unlink()
    MasterKey.create(new_machine.settings.key_file)

    with pytest.raises(MasterKeyWrong, match=firm.store.master.fingerprint):
        new_machine.restore(place)


@pytest.mark.parametrize("part", ["database", "contents"])
def test_a_part_that_was_altered_is_refused_and_what_is_there_stands(firm, place, part):
    reference = firm.file()
    file = firm.backup(place).folder / part
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)

    with pytest.raises(BackupBroken, match=f"{part}: is not as it was written"):
        firm.restore(place, replace=True)
    assert firm.store.open_references() == [reference]


def test_a_manifest_that_was_altered_is_refused(firm, place):
    firm.file()
    file = firm.backup(place).folder / MANIFEST
    file.write_text(file.read_text().replace('"evidence_missing": 0', '"evidence_missing": 1'))

    with pytest.raises(BackupBroken, match="altered"):
        firm.restore(place, replace=True)


def test_a_backup_of_a_newer_redress_is_refused(firm, new_machine, place):
    firm.file()
    taken = firm.backup(place)
    newer = taken.manifest.model_copy(update={"revision": "9999"}).signed(firm.store.master)
    (taken.folder / MANIFEST).write_text(newer.model_dump_json())

    with pytest.raises(BackupRefused, match="schema 9999"):
        new_machine.restore(place)


def test_evidence_that_the_backup_lacks_is_named(firm, new_machine, place):
    reference = firm.file()
    firm.evidence(reference, JPEG)
    firm.backup(place)
    shutil.rmtree(place / "evidence")

    restored = new_machine.restore(place)

    assert [str(one).partition(":")[0] for one in restored.evidence_wrong] == [f"{reference}, evidence 1"]


def test_evidence_that_was_altered_in_the_store_is_put_right_from_the_backup(firm, place):
    reference = firm.file()
    firm.evidence(reference, JPEG)
    firm.backup(place)
    (file,) = (firm.settings.home / "evidence" / reference).iterdir()
    file.write_bytes(b"spoilt")

    restored = firm.restore(place, replace=True)

    assert (restored.evidence, restored.evidence_wrong) == (1, ())


def test_a_folder_without_a_whole_backup_is_none(firm, place):
    (place / "2026-03-02T01-00-00Z.part").mkdir(parents=True)
    (place / "2026-03-02T01-00-00Z.part" / MANIFEST).write_text("{}")

    with pytest.raises(BackupBroken, match="no whole backup"):
        firm.restore(place)


def test_what_a_killed_backup_left_is_removed_by_the_next(firm, place):
    (place / "2026-03-02T01-00-00Z.part").mkdir(parents=True)
    (place / "files/7a").mkdir(parents=True)
    (place / "files/7a/.7a31.5c0f.part").write_bytes(b"half")

    taken = firm.backup(place)

    assert not list(place.rglob("*.part"))
    assert [one.name for one in place.iterdir() if one.is_dir() and one.name.startswith("2")] == [taken.folder.name]


def test_two_backups_into_one_place_do_not_meet(firm, place):
    place.mkdir()
    with (place / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        with pytest.raises(BackupRefused, match="another backup"):
            firm.backup(place)


def test_a_backup_that_fails_leaves_nothing_that_looks_whole(firm, place):
    earlier = firm.backup(place)

    class FullDisk(OSError):
        pass

    def fail(what, done):
        if what == "contents" and done:
            raise FullDisk(28, "No space left on device")

    with pytest.raises(BackupRefused, match="No space left on device"):
        firm.backup(place, progress=fail)
    assert [file.parent for file in place.glob(f"*/{MANIFEST}")] == [earlier.folder]
    assert not list(place.glob("*.part"))


def test_a_letter_that_never_leaves_the_file_is_nobodys_question(firm, new_machine, place):
    rendered = a_letter()
    with firm.store.open_case(firm.file()) as desk:
        prepare_letter(desk.case, now=desk.now, sha256=rendered.sha256, channel="file")
        desk.keep_letter("acknowledgement", 1, rendered)
    firm.backup(place)

    assert new_machine.restore(place).asked == 0
