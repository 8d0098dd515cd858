"""Speaking clamd's protocol, with a substitute for clamd behind a real socket."""

import pytest

from complaints.adapters.virus_scanner import VirusScanner
from complaints.errors.base import RetryableError
from complaints.errors.evidence import ScannerAway
from tests.evidence_places import JPEG, VIRUS, fake_clamd
from tests.ports import free_port


@pytest.fixture(params=["tcp", "unix"])
def clamd(request, tmp_path):
    with fake_clamd(tmp_path / "clamd.ctl" if request.param == "unix" else None) as clamd:
        yield clamd


def test_a_clean_file_has_no_finding(clamd):
    assert VirusScanner(clamd.url).scan(JPEG) is None
    assert clamd.scanned == [JPEG]


def test_a_virus_is_called_by_its_name(clamd):
    assert VirusScanner(clamd.url).scan(JPEG + VIRUS) == "Test-Virus"


def test_a_file_of_many_chunks_arrives_whole(clamd):
    content = bytes(range(256)) * 4000 + VIRUS  # a megabyte; the virus is in the last chunk

    assert VirusScanner(clamd.url).scan(content) == "Test-Virus"
    assert clamd.scanned == [content]


def test_a_scanner_that_is_there_says_so(clamd):
    VirusScanner(clamd.url).check()


def test_a_file_that_is_too_large_for_the_scanner_is_not_called_clean(clamd):
    clamd.largest = 100_000

    with pytest.raises(ScannerAway, match="StreamMaxLength"):
        VirusScanner(clamd.url).scan(bytes(5_000_000))


@pytest.mark.parametrize(
    "answer", [b"\0", b"", b"stream: maybe\0", b"stream: OK and more\0", b"x" * 10_000, b"\xff\xfe\0"], ids=repr
)
def test_an_answer_that_is_no_verdict_is_not_called_clean(clamd, answer):
    clamd.answer = answer

    with pytest.raises(ScannerAway):
        VirusScanner(clamd.url).scan(JPEG)
    with pytest.raises(ScannerAway):
        VirusScanner(clamd.url).check()


@pytest.mark.parametrize("url", [f"tcp://127.0.0.1:{free_port()}", "unix:/there/is/none.ctl"])
def test_a_scanner_that_is_away_is_worth_another_try(url):
    with pytest.raises(ScannerAway) as away:
        VirusScanner(url, timeout_seconds=1).scan(JPEG)

    assert isinstance(away.value, RetryableError)
