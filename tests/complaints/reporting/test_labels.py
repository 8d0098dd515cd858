"""The words of a summary: nothing that can occur is without a name in both languages."""

import pytest

from complaints.letters import DEPARTMENTS
from complaints.reporting.early_warning.sections import DAY_COLUMNS, WARNING_COLUMNS
from complaints.reporting.figures import Figures
from complaints.reporting.labels import code_title, codes_title, measure_title, period_title, section_title
from complaints.reporting.periods import Period
from complaints.words import Category, Cause
from tests.complaints.reporting.rich import PRODUCTS, rich_figures

MARCH = Period.parse("2026-03")
OWN_WORDS = {"product", "issue", "handlers", "redress", "region", "jrt_business", "jrt_cause", "jrt_channel"}
"""Sections whose codes may stand for themselves."""


@pytest.fixture(scope="module")
def figures() -> Figures:
    return rich_figures()


def test_every_section_and_measure_has_a_name(figures: Figures) -> None:
    for section, frame in figures.sections.items():
        for title in (section_title(section), codes_title(section)):
            assert title.zh != section
        for measure in frame.columns.drop("code"):
            title = measure_title(section, measure)
            assert title.zh != measure
            assert title.zh != title.en
    assert {*WARNING_COLUMNS, *DAY_COLUMNS} - {"code"} <= {
        one for one in (*WARNING_COLUMNS, *DAY_COLUMNS) if measure_title("", one).zh != one
    }


def test_every_code_has_a_name_in_both_languages(figures: Figures) -> None:
    for section, frame in figures.sections.items():
        for code in frame["code"]:
            title = code_title(section, code, MARCH)
            assert title.zh
            if section not in OWN_WORDS:
                assert title.zh != code
                assert title.en != code


@pytest.mark.parametrize(
    ("section", "code", "zh", "en"),
    [
        ("channel", "regulator", "监管转办", "Forwarded by the regulator"),
        ("department", "collection", DEPARTMENTS["collection"][0], "Collections Department"),
        ("region", "CN-31", "上海市（CN-31）", "Shanghai (CN-31)"),
        ("region", "CN-SH", "上海市（CN-SH）", "Shanghai (CN-SH)"),
        ("region", "US-CA", "US-CA", "US-CA"),
        ("product", PRODUCTS[0], "轻舟消费贷", "轻舟消费贷"),
        ("product", "fees", "fees", "fees"),
        ("category", "fees", "定价收费", "Fees and pricing"),
        ("kind", "unassessed", "尚未评估", "Not yet assessed"),
        ("region", "confidential", "举报（保密，不细分）", "Reports (confidential)"),
        ("dimension_people", "person/represented", "个人／委托代理", "Person: through a representative"),
        ("dimension_people", "not_stated/direct", "未填报／直接提出", "Not stated: in person"),
        ("dimension_event", "uncategorised/not_stated", "未分类／未填报", "Uncategorised: Not stated"),
        (
            "root_causes",
            "collection/leaked_information",
            "债务催收／泄露信息",
            "Debt collection conduct: leaked information",
        ),
        (
            "warnings",
            "spike/department/collection",
            "异常增多／经办部门／贷后管理部",
            "Spike: Department: Collections Department",
        ),
        ("warnings", "gap/total/all", "数据缺口／全部来件", "Gap in the data: everything received"),
        ("warnings", "new/product/a/b", "新出现，尚无历史数据／产品／a/b", "New, no history yet: Product: a/b"),
        ("handlers", "not_stated", "尚无经办人", "Nobody yet"),
        ("redress", "HKD", "港币", "HKD"),
        ("redress", "CHF", "CHF", "CHF"),
        ("conformance", "conforming", "符合规定流程", "As prescribed"),
        ("a-section", "a-code", "a-code", "a-code"),
    ],
)
def test_a_code_is_called_what_a_clerk_would_call_it(section: str, code: str, zh: str, en: str) -> None:
    title = code_title(section, code, MARCH)

    assert (title.zh, title.en) == (zh, en)


def test_every_pair_of_category_and_cause_has_a_name() -> None:
    for category in Category:
        for cause in Cause:
            assert code_title("root_causes", f"{category}/{cause}", MARCH).zh == f"{category.zh}／{cause.zh}"


@pytest.mark.parametrize(
    ("period", "code", "zh", "en"),
    [
        ("2026-03", "2026-02-23", "3月1日", "1 March"),  # Monday of the week in which March begins
        ("2026-03", "2026-03-09", "3月9日—15日", "9–15 March"),
        ("2026-03", "2026-03-30", "3月30日—31日", "30–31 March"),
        ("2026-06", "2026-06-01", "6月1日—7日", "1–7 June"),
        ("2026-Q2", "2026-06-01", "2026年6月", "June 2026"),
    ],
)
def test_weeks_are_shown_as_far_as_they_lie_in_their_month(period: str, code: str, zh: str, en: str) -> None:
    title = code_title("dimension_time", code, Period.parse(period))

    assert (title.zh, title.en) == (zh, en)


@pytest.mark.parametrize(
    ("name", "zh", "en"),
    [
        ("2026-03", "2026年3月", "March 2026"),
        ("2026-Q4", "2026年第四季度", "quarter 4 of 2026"),
        ("2026-H1", "2026年上半年", "first half of 2026"),
        ("2026-H2", "2026年下半年", "second half of 2026"),
        ("2026", "2026年", "2026"),
    ],
)
def test_a_period_is_called_as_titles_do(name: str, zh: str, en: str) -> None:
    title = period_title(Period.parse(name))

    assert (title.zh, title.en) == (zh, en)


@pytest.mark.parametrize("section", ["product", "issue"])
def test_a_product_that_looks_like_somebodys_number_or_address_is_shown_nowhere(section: str) -> None:
    for code in ("贷款 13800000101", "write to lin@example.com"):
        assert code_title(section, code, Period.parse("2026-03")).zh == "（名称不予显示）"
    assert code_title(section, "消费贷", Period.parse("2026-03")).zh == "消费贷"
