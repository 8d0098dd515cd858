import os

import pytest

from complaints.adapters.mailbox.maildir import MaildirMailbox
from complaints.adapters.mailbox.transport import Folder, Waiting, open_mailbox, read_url
from complaints.errors.incoming_mail import MailboxUnavailable
from complaints.errors.settings import SettingError


@pytest.fixture
def root(tmp_path):
    for part in ("tmp", "new", "cur"):
        (tmp_path / part).mkdir()
    return tmp_path


def put(root, name, content=b"x", age=0):
    (root / name).write_bytes(content)
    os.utime(root / name, (1_772_413_200 - age,) * 2)


def test_the_oldest_message_comes_first_and_no_more_than_asked_for(root):
    put(root, "new/b", b"12")
    put(root, "cur/a:2,S", b"1", age=60)

    mailbox = MaildirMailbox(root)

    assert mailbox.waiting(9) == [Waiting("cur/a:2,S", 1), Waiting("new/b", 2)]
    assert len(mailbox.waiting(1)) == 1


def test_what_a_person_flagged_is_known(root):
    put(root, "cur/a:2,FS")
    put(root, "cur/F:2,S")
    put(root, "new/F")

    assert [one.key for one in MaildirMailbox(root).waiting(9) if one.is_flagged] == ["cur/a:2,FS"]


def test_a_link_out_of_the_mailbox_is_no_message(root, tmp_path_factory):
    secret = tmp_path_factory.mktemp("elsewhere") / "secret"
    secret.write_text("secret")
    (root / "new" / "1").symlink_to(secret)

    assert MaildirMailbox(root).waiting(9) == []


def test_of_a_large_message_only_the_beginning_is_read(root):
    put(root, "new/a", b"x" * 100)

    assert MaildirMailbox(root).fetch(Waiting("new/a", 100), 10).content == b"x" * 10


def test_a_message_that_was_moved_meanwhile_is_gone_and_moved_twice_is_no_error(root):
    put(root, "new/a")
    mailbox, message = MaildirMailbox(root), Waiting("new/a", 1)

    for _ in range(2):
        mailbox.move(message, Folder.DONE)

    assert mailbox.fetch(message, 10) is None
    assert [one.name for one in (root / ".Redress.done" / "cur").iterdir()] == ["a:2,"]


def test_what_was_seen_stays_seen(root):
    put(root, "cur/a:2,S")

    MaildirMailbox(root).move(Waiting("cur/a:2,S", 1), Folder.AUTO)

    assert (root / ".Redress.auto" / "cur" / "a:2,S").exists()


def test_a_folder_that_is_no_maildir_is_unavailable(tmp_path):
    with open_mailbox(f"maildir://{tmp_path}", 1) as mailbox, pytest.raises(MailboxUnavailable, match="Maildir"):
        mailbox.waiting(1)


def test_an_address_is_read_with_its_escapes():
    address = read_url("imaps://a%40b.cn:p%3Aw%2F@mail.example.cn:1993/%E6%8A%95%E8%AF%89")

    assert (address.user, address.password, address.path) == ("a@b.cn", "p:w/", "投诉")
    assert (address.host, address.port, address.is_local) == ("mail.example.cn", 1993, False)
    assert read_url("imap://a:b@localhost").path == "INBOX"
    assert "p:w/" not in repr(address)


def test_a_port_that_is_none_is_refused_without_repeating_it():
    with pytest.raises(SettingError) as wrong:
        read_url("imaps://a:secret@host:secret/INBOX")

    assert "secret" not in str(wrong.value)
