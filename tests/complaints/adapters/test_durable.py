"""A file is there whole or not at all."""

import os

import pytest

from complaints.adapters.durable import add_whole, draft_beside, write_whole


@pytest.mark.parametrize("write", [write_whole, add_whole])
def test_only_the_owner_may_read_what_is_written_and_nothing_is_left_beside_it(tmp_path, write):
    write(tmp_path / "a.json", b"one")

    (file,) = tmp_path.iterdir()
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"one", 0o600)


def test_a_file_is_replaced_or_added_but_never_both(tmp_path):
    file = tmp_path / "a.json"

    assert add_whole(file, b"one") is True
    assert add_whole(file, b"two") is False
    assert file.read_bytes() == b"one"

    write_whole(file, b"three")

    assert [one.read_bytes() for one in tmp_path.iterdir()] == [b"three"]


@pytest.mark.parametrize("write", [write_whole, add_whole])
def test_a_full_disk_leaves_what_was_there_and_no_half_file(tmp_path, write, monkeypatch):
    (tmp_path / "a.json").write_bytes(b"one")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path / "a.json", b"two")

    assert [one.read_bytes() for one in tmp_path.iterdir()] == [b"one"]


@pytest.mark.parametrize("write", [write_whole, add_whole])
def test_file_and_name_are_on_the_disk_when_it_is_said_to_be_written(tmp_path, write, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.path.realpath(f"/proc/self/fd/{handle}")))

    write(tmp_path / "a.json", b"one")

    assert [one.startswith(f"{tmp_path}/.a.json.") for one in synced[:1]] == [True]
    assert synced[1:] == [str(tmp_path)]


def test_a_draft_is_on_the_disk_before_it_is_used_and_stands_beside_its_place(tmp_path, monkeypatch):
    synced, sync = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (synced.append(os.fstat(handle).st_size), sync(handle)))

    with draft_beside(tmp_path / "a.zip") as file:
        file.write(b"one")

    (draft,) = tmp_path.iterdir()
    assert (str(draft), synced, draft.stat().st_mode & 0o777) == (file.name, [3], 0o600)
    assert draft.name.startswith(".a.zip.")


def test_a_draft_that_could_not_be_made_is_gone(tmp_path):
    def break_off():
        with draft_beside(tmp_path / "a.zip") as file:
            file.write(b"one")
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        break_off()
    assert [*tmp_path.iterdir()] == []
