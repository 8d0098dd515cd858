import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from complaints.errors.sealing import MasterKeyWrong, SealBroken
from complaints.sealing import CaseKey, MasterKey
from tests.builders import REFERENCE

WORDS = "林知夏 投诉:重复扣款".encode()
OTHER_CASE = "TS260302-ANOTHER"


@pytest.fixture
def master(tmp_path):
    return MasterKey.create(tmp_path / "keys" / "master.key")


@pytest.fixture
def key():
    return CaseKey.new(REFERENCE)


def test_what_was_sealed_opens_under_the_same_context(key):
    assert key.open(key.seal(WORDS, "1/received"), "1/received") == WORDS


def test_sealed_data_shows_nothing_of_what_it_holds(key):
    sealed = key.seal(WORDS, "1/received")

    assert WORDS not in sealed
    assert sealed != key.seal(WORDS, "1/received")  # nor whether two cases hold the same


@pytest.mark.parametrize("place", [0, 5, 12, 20, -1])
def test_an_altered_byte_anywhere_is_noticed(key, place):
    sealed = bytearray(key.seal(WORDS, "1/received"))
    sealed[place] ^= 1

    with pytest.raises(SealBroken) as broken:
        key.open(bytes(sealed), "1/received")

    assert broken.value.reference == REFERENCE


@pytest.mark.parametrize("length", [0, 1, 7, 8, 12, 27, 30])
def test_a_seal_that_was_cut_short_is_noticed(key, length):
    with pytest.raises(SealBroken):
        key.open(key.seal(WORDS, "1/received")[:length], "1/received")


@pytest.mark.parametrize("context", ["2/received", "1/found", "letter/received/1", ""])
def test_a_seal_that_was_moved_to_another_place_does_not_open(key, context):
    with pytest.raises(SealBroken):
        key.open(key.seal(WORDS, "1/received"), context)


def test_a_seal_does_not_open_with_the_key_of_another_case(key):
    with pytest.raises(SealBroken):
        CaseKey.new(OTHER_CASE).open(key.seal(WORDS, "1/received"), "1/received")


def test_a_case_key_comes_back_from_its_wrapping(master, key):
    sealed = key.seal(WORDS, "1/received")

    assert master.unwrap(REFERENCE, key.wrapped(master)).open(sealed, "1/received") == WORDS


def test_a_wrapped_key_cannot_be_used_for_another_case(master, key):
    with pytest.raises(MasterKeyWrong, match=f"the key of case {OTHER_CASE} does not open"):
        master.unwrap(OTHER_CASE, key.wrapped(master))


@pytest.mark.parametrize("length", [0, 5, 12, 40])
def test_a_wrapped_key_that_was_cut_short_is_noticed(master, key, length):
    with pytest.raises(MasterKeyWrong):
        master.unwrap(REFERENCE, key.wrapped(master)[:length])


def test_another_master_key_does_not_open_a_case_key(master, key, tmp_path):
    other = MasterKey.create(tmp_path / "other.key")

    with pytest.raises(MasterKeyWrong, match="Put back the key file that belongs to this database"):
        other.unwrap(REFERENCE, key.wrapped(master))


# --- the master key's file ----------------------------------------------------------------------


def test_a_new_master_key_can_be_read_by_its_owner_only(master):
    assert stat.S_IMODE(Path(master.where).stat().st_mode) == 0o600


def test_a_master_key_is_made_once(master, tmp_path):
    assert MasterKey.create(tmp_path / "keys" / "master.key").key == master.key


def test_making_a_key_leaves_nothing_else_in_the_folder(master, tmp_path):
    MasterKey.create(tmp_path / "keys" / "master.key")

    assert [file.name for file in (tmp_path / "keys").iterdir()] == ["master.key"]


def test_threads_that_make_the_key_at_the_same_time_get_the_same_one(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: MasterKey.create(tmp_path / "master.key").key, range(32)))

    assert len(set(keys)) == 1


def test_a_missing_master_key_is_no_key(tmp_path):
    assert MasterKey.load(tmp_path / "master.key") is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620])
def test_a_master_key_that_others_may_read_or_write_is_refused_with_the_cure(master, tmp_path, mode):
    file = tmp_path / "keys" / "master.key"
    file.chmod(mode)

    with pytest.raises(MasterKeyWrong, match=f"chmod 600 {file}"):
        MasterKey.load(file)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not base64!",
        base64.b64encode(b"too short"),
        base64.b64encode(b"x" * 33),
        "密钥".encode(),
        b"\xff\xfe\x00",
    ],
    ids=["empty", "no base64", "short", "long", "Chinese", "binary"],
)
def test_a_file_that_is_no_master_key_is_refused(tmp_path, content):
    file = tmp_path / "master.key"
    file.write_bytes(content)
    file.chmod(0o600)

    with pytest.raises(MasterKeyWrong, match="not a master key of 32 bytes"):
        MasterKey.load(file)


def test_the_fingerprint_tells_keys_apart_and_nothing_about_them(master, tmp_path):
    other = MasterKey.create(tmp_path / "other.key")

    assert len(master.fingerprint) == 16
    assert master.fingerprint == MasterKey(master.key, "elsewhere").fingerprint != other.fingerprint
    assert master.fingerprint not in master.key.hex()


def test_a_key_does_not_show_itself_in_a_log(master, key):
    shown = f"{master!r} {master!s} {key!r} {key!s}"

    assert master.key.hex() not in shown
    assert repr(master.key) not in shown


# --- what must be the same when it is written again -----------------------------------------------


def test_the_same_content_is_sealed_to_the_same_bytes_where_that_is_asked_for(key):
    sealed = key.seal_repeatably(WORDS, "archive/0")

    assert sealed == key.seal_repeatably(WORDS, "archive/0")
    assert WORDS not in sealed
    assert key.open(sealed, "archive/0") == WORDS


def test_no_two_contents_contexts_or_cases_share_a_nonce(key):
    other = CaseKey.new(REFERENCE)
    sealed = [key.seal_repeatably(f"{number}".encode(), "archive/0") for number in range(200)]
    sealed += [key.seal_repeatably(WORDS, f"archive/{number}") for number in range(200)]
    sealed += [other.seal_repeatably(WORDS, "archive/0"), key.seal(WORDS, "archive/0")]

    assert len({one[:12] for one in sealed}) == len(sealed)


def test_what_was_sealed_repeatably_opens_nowhere_else(key):
    sealed = key.seal_repeatably(WORDS, "archive/0")

    for wrong in (
        lambda: key.open(sealed, "archive/1"),
        lambda: CaseKey.new(REFERENCE).open(sealed, "archive/0"),
        lambda: key.open(sealed[:-1], "archive/0"),
    ):
        with pytest.raises(SealBroken):
            wrong()
