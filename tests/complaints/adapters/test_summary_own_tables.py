"""A summary counts by the firm's own tables, and keeps those that it was made with."""

from datetime import timedelta
from pathlib import Path

import pytest

from complaints.adapters import frames, summary_pages
from complaints.adapters.pdf import PdfUnavailable
from complaints.adapters.summaries import Summaries
from complaints.adapters.summary_tables import read_tables
from complaints.errors.settings import SettingError
from complaints.reporting.versions import Version
from complaints.settings import Firm
from tests.builders import MONDAY, REGIME, file_complaint
from tests.conftest import SqliteFiles

OURS = """
[maps.business]
title = { zh = "业务类别", en = "business type" }
by = ["product"]
to = "business"
confidence = "H"
codes = { "轻舟消费贷" = "%s" }
"""


def business_of(summaries: Summaries, version: Version) -> set[tuple[str, str]]:
    """The business types of a version with their cases."""
    members = read_tables(summaries.files, version).members
    of_business = members[members["section"] == "jrt_business"]
    return set(zip(of_business["code"], of_business["reference"], strict=True))


@pytest.mark.slow
def test_a_version_is_made_with_the_firms_tables_as_they_were(
    sqlite: SqliteFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(_: str) -> bytes:
        raise PdfUnavailable("a printer that is fast")

    monkeypatch.setattr(summary_pages, "to_pdf", nothing)
    monkeypatch.setattr(frames, "_LOCKED_WITHIN", timedelta())
    own = tmp_path / "cn-nfra.toml"
    with sqlite.shared() as store:
        store.make_demo(MONDAY)
        reference = file_complaint(store)
        store.move_time(MONDAY + timedelta(days=30))
        summaries = Summaries(store, tmp_path / "summaries", Firm(), "https://complaints.example.cn", tmp_path)
        own.write_text(OURS % "贷款", encoding="utf-8")
        first = summaries.prepare(REGIME, "2026-03", MONDAY + timedelta(days=30), "li.wei")
        own.write_text(OURS % "银行卡", encoding="utf-8")

        reviewed = summaries.review(first, "wang.fang")  # it still says what it said
        second = summaries.prepare(REGIME, "2026-03", MONDAY + timedelta(days=30), "li.wei")

        assert (reviewed.number, second.number) == (1, 2)
        assert business_of(summaries, reviewed) == {("贷款", reference)}
        assert business_of(summaries, second) == {("银行卡", reference)}
        own.write_text("[maps", encoding="utf-8")
        with pytest.raises(SettingError, match=r"returns/cn-nfra\.toml"):
            summaries.prepare(REGIME, "2026-03", MONDAY + timedelta(days=30), "li.wei")
