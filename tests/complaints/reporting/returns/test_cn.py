"""The quarterly tables for the local bureau and the yearly disclosure (CN-NFRA), written out by hand."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from complaints.reporting.returns.model import Grade
from complaints.reporting.spans import Cases, Span
from tests.complaints.reporting.returns.building import SHANGHAI, a_row, answered, frame, made, musts, said

QUARTER = ("cn-nfra", "local-bureau", "2026-Q1")
YEAR = ("cn-nfra", "yearly-disclosure", "2026")
TICK = timedelta(microseconds=1)
OWN = """
[entity]
number = "L10123"
%s
[maps.business]
title = { zh = "业务类别", en = "business type" }
by = ["product"]
to = "business"
confidence = "H"
codes = { "*" = "贷款" }
"""


def on(month: int, day: int, hour: int = 10) -> datetime:
    """An hour of 2026 in Shanghai."""
    return datetime(2026, month, day, hour, tzinfo=SHANGHAI)


def rows_of(one, table: str) -> dict[str, tuple]:
    """The rows of a table that hold anything, by their first column."""
    return {row[0]: row[1:] for row in one.table(table).rows if any(row[1:])}


def a_quarter():
    """Seven complaints of the first quarter, of which two are the same as another, and what is none."""
    merged = {"merged_into": "TS00000", "merged_at": on(3, 20), "closed_at": on(3, 20), "closure": "merged"}
    return (
        a_row(received_at=on(1, 5), repeats=2),
        a_row(received_at=on(2, 5)) | merged,
        a_row(received_at=on(2, 6), category="collection") | merged,
        a_row(received_at=on(3, 31, 23), category="collection", cause="leaked_information", channel="counter"),
        answered(on(3, 9), received_at=on(3, 2), category="information", cause="leaked_information", is_group=True),
        answered(on(3, 30), received_at=on(2, 2), category="payment", late=True, forwarded=True, channel="regulator"),
        a_row(received_at=on(3, 1), channel="telephone", category="service"),
        a_row(received_at=on(3, 1), kind="consultation"),
        a_row(received_at=on(4, 1)),
    )


def test_the_quarterly_tables_are_as_written_out_by_hand():
    one = made(*QUARTER, *a_quarter(), own=OWN % "")

    assert dict(one.table("totals").rows) == {
        "收到投诉总量": 7,
        "其中：并入其他投诉的": 2,
        "去重后投诉总量": 5,
        "监管转办": 1,
        "群体投诉": 1,
        "期内答复或办结": 2,
        "其中：超期": 1,
        "期末未结": 3,
    }
    assert rows_of(one, "by-business") == {  # received, deduplicated, share
        "贷款": (3, 2, Decimal("40.00")),
        "支付结算": (1, 1, Decimal("20.00")),
        "个人金融信息": (1, 1, Decimal("20.00")),
        "债务催收": (2, 1, Decimal("20.00")),
        "合计": (7, 5, Decimal("100.00")),
    }
    assert rows_of(one, "by-cause") == {
        "服务态度及服务质量": (1, 1, Decimal("20.00")),
        "服务设施、设备、业务系统": (1, 1, Decimal("20.00")),
        "定价收费": (2, 1, Decimal("20.00")),
        "消费者信息安全": (1, 1, Decimal("20.00")),
        "债务催收方式和手段": (2, 1, Decimal("20.00")),
        "合计": (7, 5, Decimal("100.00")),
    }
    assert rows_of(one, "by-channel") == {
        "营业现场": (1, 1, Decimal("20.00")),
        "电子渠道": (5, 3, Decimal("60.00")),
        "其他": (1, 1, Decimal("20.00")),
        "合计": (7, 5, Decimal("100.00")),
    }
    assert (one.due_on, one.language, one.left_out, musts(one)) == (date(2026, 4, 10), "zh-CN", 2, [])


def test_the_disclosure_is_the_deduplicated_total_and_its_shares():
    one = made(*YEAR, *a_quarter(), own=OWN % "")

    assert one.table("totals").rows == (("去重后投诉总量", 6),)
    assert rows_of(one, "by-business")["贷款"] == (3, Decimal("50.00"))
    assert [table.name for table in one.tables] == ["totals", "by-business", "by-cause"]
    assert (one.due_on, one.due_words.zh) == (None, "随年度报告等一并披露")


def test_the_numbers_are_those_of_the_summary_of_the_same_period():
    rows = a_quarter()
    span = Span(Cases(frame(*rows), SHANGHAI), on(1, 1, 0), on(4, 1, 0))
    one = made(*QUARTER, *rows, own=OWN % "")

    assert dict(one.table("totals").rows)["去重后投诉总量"] == span.deduplicated.sum()


@pytest.mark.parametrize(
    ("received_at", "is_in"),
    [(on(1, 1, 0), 1), (on(1, 1, 0) - TICK, 0), (on(4, 1, 0) - TICK, 1), (on(4, 1, 0), 0)],
)
def test_quarters_begin_at_midnight_in_shanghai(received_at, is_in):
    one = made(*QUARTER, a_row(received_at=received_at), own=OWN % "")

    assert dict(one.table("totals").rows)["收到投诉总量"] == is_in


def test_a_branch_reports_the_regions_it_answers_for():
    branch = 'branch = "上海分公司"\nregions = ["CN-31"]\n'
    rows = [a_row(received_at=on(2, 2), region=region) for region in ("CN-31", "CN-31", "CN-11", None)]

    one = made(*QUARTER, *rows, own=OWN % branch)

    assert dict(one.table("totals").rows)["收到投诉总量"] == 2
    assert one.entity.name.zh == "示例消费金融有限公司上海分公司"
    assert one.entity.level.zh == "分支机构"
    assert [finding.cases for finding in musts(one)] == [("TS00003",)]
    assert "who reports" not in {finding.field.en for finding in one.findings}


def test_a_product_without_a_business_type_has_a_row_and_a_finding_of_its_own():
    one = made(*QUARTER, a_row(received_at=on(2, 2), product="轻舟消费贷"), own="")

    assert rows_of(one, "by-business") == {"未对应": (1, 1, Decimal("100.00")), "合计": (1, 1, Decimal("100.00"))}
    assert ("by-business", "business type", "'轻舟消费贷' has no code of the authority's") in said(musts(one))


def test_what_the_records_only_come_near_to_is_to_be_verified():
    one = made(*QUARTER, a_row(received_at=on(2, 2)), own=OWN % "")

    doubts = [finding.reason.zh for finding in one.findings if finding.grade is Grade.VERIFY]

    assert "季后10日内；仅为一地实例，各地不一" in doubts
    assert any("业务办理渠道" in reason for reason in doubts)


def test_an_empty_quarter_has_zero_everywhere():
    one = made(*QUARTER, own=OWN % "")

    assert one.is_nil
    assert {value for _, value in one.table("totals").rows} == {0}
    assert {row[1:] for row in one.table("by-cause").rows} == {(0, 0, None)}
