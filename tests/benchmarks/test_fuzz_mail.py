import os
import random
import subprocess
import sys
import time
import zipfile

import pytest

from benchmarks.fuzz_mail import TookTooLong, inputs, mails, mutated, within
from tests.mails import a_bounce, a_mail, a_multipart


@pytest.fixture
def folder(tmp_path):
    """A folder with a mail, and two more in a ZIP file."""
    (tmp_path / "a.eml").write_bytes(a_mail())
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("b.eml", a_bounce("<x@y.cn>"))
        archive.writestr("c.eml", a_multipart("Content-Type: text/html\n\n<p>x</p>", message_id="<c@x.cn>"))
    return tmp_path


def test_mails_are_read_from_folders_and_zip_files(folder):
    assert next(mails([folder])) == a_mail()
    assert len(list(mails([folder]))) == 3
    assert list(mails([folder / "a.eml"])) == [a_mail()]


def test_the_same_seed_gives_the_same_mutations(folder):
    first, again = (list(inputs([folder], 5, random.Random(1))) for _ in range(2))

    assert first == again
    assert len(first) == 3 * 6
    assert mutated(b"", random.Random(2)) is not None


def test_what_takes_too_long_is_stopped_whatever_it_catches():
    def stubborn():
        while True:
            try:
                time.sleep(5)
            except Exception:  # as the code under test may do
                continue

    with pytest.raises(TookTooLong), within(1):
        stubborn()


def test_the_command_says_how_many_were_tried_and_that_nothing_broke(folder):
    command = [sys.executable, "-m", "benchmarks.fuzz_mail", str(folder), "--mutations", "4"]

    done = subprocess.run(command, capture_output=True, text=True, env=os.environ, timeout=200, check=False)

    assert done.returncode == 0, done.stderr
    assert "inputs 15;" in done.stdout
