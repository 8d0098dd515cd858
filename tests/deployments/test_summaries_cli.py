"""``redress summary``: the whole way of a summary on the command line."""

from datetime import timedelta
from pathlib import Path

import pytest

from complaints.adapters import summary_pages
from complaints.adapters.pdf import PdfUnavailable
from tasks.desk import summaries
from tests.builders import REGIME, file_complaint
from tests.deployments.conftest import Installation, Redress, refused


@pytest.fixture(autouse=True)
def no_printer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paper takes seconds, and is looked at elsewhere."""

    def nothing(_: str) -> bytes:
        raise PdfUnavailable("a printer that is fast")

    monkeypatch.setattr(summary_pages, "to_pdf", nothing)


def test_a_summary_goes_its_way_on_the_command_line(firm: Installation, redress: Redress, tmp_path: Path) -> None:
    last_month = firm.store.now().replace(day=1) - timedelta(days=2)
    web = file_complaint(firm.store, number="1", received_at=last_month.isoformat())
    period = f"{last_month:%Y-%m}"
    remarks = tmp_path / "remarks.txt"
    remarks.write_text("本月无群体投诉。", encoding="utf-8")

    assert f"{REGIME} {period} v1: 已编制 · prepared" in redress("summary", "prepare", period, "--by", "li.wei").words
    assert refused(redress("summary", "review", period, "--by", "li.wei"), "another person must review")
    assert redress("summary", "remark", period, "--zh", f"@{remarks}", "--by", "sun.li").code == 0
    assert redress("summary", "review", period, "--by", "wang.fang").code == 0
    assert "已签发" in redress("summary", "sign", period, "--by", "zhao.min").words

    assert redress("summary", "cases", period, "channel.web.received").out.split() == [web]
    assert refused(redress("summary", "cases", period, "channel.web"), "there is no 'channel.web'")
    assert refused(redress("summary", "diff", period), "is the first version")
    other = file_complaint(firm.store, number="2", received_at=last_month.isoformat())
    assert "v2" in redress("summary", "prepare", period, "--by", "li.wei").words
    difference = redress("summary", "diff", period).words
    assert "channel.web.received period 1 2 1 0" in difference
    assert other in redress("summary", "cases", period, "channel.web.received").out
    listed = redress("summary", "list").words
    assert all(one in listed for one in ("已签发", "sun.li", "wang.fang", "zhao.min"))


@pytest.mark.slow
def test_verify_makes_a_summary_again_and_finds_what_was_altered(firm: Installation, redress: Redress) -> None:
    period = f"{firm.store.now():%Y-%m}"
    redress("summary", "prepare", period, "--by", "li.wei")

    checked = redress("summary", "verify", period)
    assert checked.code == 0
    assert "1 versions of summaries checked, 0 broken" in checked.words
    assert "files the same, 0 not" in checked.words

    file = summaries().files.path(summaries().find(REGIME, period), "summary.csv")
    file.write_bytes(b"")
    for command in (("summary", "verify"), ("verify",)):
        found = redress(*command)
        assert (found.code, "summary.csv: is not the file that was recorded" in found.words) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("prepare", "2026-13", "--by", "li.wei"), "period: '2026-13' is none"),
        (("prepare", "2026-03"), "--by"),
        (("prepare", "2026-03", "--by", "li.wei", "--as-at", "2026-04-01"), "--as-at"),
        (("prepare", "2199-01", "--by", "li.wei"), "has not begun"),
        (("sign", "2026-03", "--by", "li.wei"), "There is no summary of cn-nfra 2026-03"),
        (("remark", "2026-03", "--zh", "@nowhere", "--by", "li.wei"), "nowhere"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    firm: Installation, redress: Redress, arguments: tuple[str, ...], words: str
) -> None:
    assert refused(redress("summary", *arguments), words)
