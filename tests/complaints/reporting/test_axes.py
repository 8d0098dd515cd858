"""The axes of JR/T 0169-2018 as sections of a summary."""

import pytest

from complaints.reporting.figures import Figures, make_figures
from complaints.reporting.periods import Period
from complaints.reporting.returns.data import read_data
from tests.builders import SHANGHAI
from tests.complaints.reporting.rows import APRIL, a_merged_row, a_row, figures_of, frame, measure, random_rows, totals

OWN = """
[maps.business]
title = { zh = "业务类别", en = "business type" }
by = ["product"]
to = "business"
confidence = "H"
codes = { "轻舟消费贷" = "贷款", "金卡" = "银行卡" }
"""


def with_axes(*rows, own=None) -> Figures:
    """The figures of March 2026 with the axes."""
    return make_figures(frame(*rows), Period.parse("2026-03"), SHANGHAI, APRIL, read_data("cn-nfra", own))


@pytest.mark.parametrize(
    ("row", "business", "cause", "channel"),
    [
        (a_row(), "unmapped", "定价收费", "电子渠道"),
        (a_row(category="collection", channel="telephone"), "债务催收", "债务催收方式和手段", "电子渠道"),
        (a_row(category="payment", channel="counter"), "支付结算", "服务设施、设备、业务系统", "营业现场"),
        (a_row(category="information", cause="leaked_information"), "个人金融信息", "消费者信息安全", "电子渠道"),
        (a_row(category=None, channel="hotline"), "unmapped", "unmapped", "其他"),
    ],
)
def test_our_codes_become_those_of_the_standard(row, business, cause, channel):
    figures = with_axes(row)

    assert measure(figures, "jrt_business", "complaints") == {business: 1}
    assert measure(figures, "jrt_cause", "complaints") == {cause: 1}
    assert measure(figures, "jrt_channel", "deduplicated") == {channel: 1}
    assert figures.cases_of(f"jrt_business.{business}.complaints") == ["TS00000"]


def test_a_firm_says_which_business_its_products_are():
    rows = [a_row(), a_row(product="金卡"), a_row(product="金卡", category="collection"), a_row(product=None)]

    figures = with_axes(*rows, own=OWN)

    assert measure(figures, "jrt_business", "complaints") == {"贷款": 1, "银行卡": 1, "债务催收": 1, "unmapped": 1}


def test_every_code_of_the_standard_is_shown_and_what_is_no_complaint_does_not_count():
    figures = with_axes(a_row(kind="consultation"), a_merged_row("X"))

    assert len(figures.sections["jrt_business"]) >= 14
    assert figures.sections["jrt_business"]["complaints"].sum() == 1
    assert figures.sections["jrt_business"]["deduplicated"].sum() == 0
    assert list(figures.before) == list(figures.sections)


@pytest.mark.slow
def test_the_axes_add_up_to_the_totals():
    rows = [
        frame().columns.to_series().map(lambda _: None).to_dict() | {"repeats": 0} | row for row in random_rows(21, 200)
    ]

    figures = with_axes(*rows)

    for section in ("jrt_business", "jrt_cause", "jrt_channel"):
        assert figures.sections[section]["complaints"].sum() == totals(figures)["complaints"]
        assert figures.sections[section]["deduplicated"].sum() == totals(figures)["complaints_deduplicated"]


def test_without_the_data_there_are_no_such_sections():
    assert not [name for name in figures_of(a_row()).sections if name.startswith("jrt_")]
