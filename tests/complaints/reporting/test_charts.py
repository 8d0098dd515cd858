"""Charts: what they show, and that nothing breaks them."""

import re
from xml.etree import ElementTree

import pytest

from complaints.reporting.charts import DARK, LIGHT, MIDDLE, Bar, Day, Series, band, bars, columns, short


def widths(chart: str, shade: str) -> list[float]:
    """The widths of the boxes of a shade, without that of the legend."""
    return [float(one) for one in re.findall(rf'width="([\d.]+)" height="17.0" fill="{shade}"', chart)]


def whole(chart: str) -> ElementTree.Element:
    """The chart, read as XML: every tag is closed, every attribute quoted."""
    return ElementTree.fromstring(chart)


def test_a_bar_is_as_long_as_its_number_and_dark_as_far_as_its_part() -> None:
    chart = bars("b", "渠道", [Bar("网页", 40, 10), Bar("电话", 20, 0)], "投诉", "其他")

    assert widths(chart, LIGHT) == [340.0, 170.0]
    assert widths(chart, DARK) == [85.0, 0.0]
    assert "网页: 40 (投诉 10); 电话: 20 (投诉 0)" in chart


def test_the_shades_differ_in_grey_print() -> None:
    def lightness(shade: str) -> float:
        red, green, blue = (int(shade[place : place + 2], 16) for place in (1, 3, 5))
        return (0.299 * red + 0.587 * green + 0.114 * blue) / 255

    dark, middle, light = (lightness(one) for one in (DARK, MIDDLE, LIGHT))

    assert middle - dark > 0.25
    assert light - middle > 0.2


@pytest.mark.parametrize(
    ("label", "lines"),
    [
        ("Contact at a forbidden", ["Contact at a forbidden"]),
        ("Contact at a forbidden time", ["Contact at a forbidden", "time"]),
        ("Collecting again what was settled or promised", ["Collecting again what was", "settled or promised"]),
        ("信息披露与信息安全及个人信息保护", ["信息披露与信息安全及个人信", "息保护"]),
    ],
)
def test_a_label_too_long_for_a_line_takes_two(label: str, lines: list[str]) -> None:
    chart = bars("b", "原因", [Bar(label, 3, 1)], "投诉", "其他")

    assert re.findall(r'text-anchor="end"[^>]*>([^<]*)<', chart) == lines


def test_columns_tell_their_numbers_as_far_as_there_is_room() -> None:
    chart = columns("c", "月", ["1月"], [Series("本期", DARK, [10]), Series("上期", LIGHT, [1_234_567])])

    assert re.findall(r">([\d,]+)</text>", chart) == ["10"]
    assert "1月 上期: 1,234,567" in chart


def test_the_days_of_a_warning_have_dates_below_them() -> None:
    days = [Day(f"2026-03-{n:02}", n % 3, 0, 2, False) for n in range(1, 32)]
    chart = band("d", "热线", days, ("实际", "通常", "缺口"))

    assert re.findall(r">(\d\d-\d\d)<", chart) == ["03-01", "03-07", "03-13", "03-19", "03-25", "03-31"]


def test_forty_long_names_and_numbers_of_ten_digits_stay_within_the_picture() -> None:
    rows = [Bar("特别长的业务类别名称" * 20, 9_999_999_999 - n, n) for n in range(40)]
    picture = whole(bars("b", "业务类别", rows, "投诉", "其他"))[0]

    _, _, width, height = (float(one) for one in picture.attrib["viewBox"].split())
    for box in picture.iter("rect"):
        assert float(box.attrib["x"]) + float(box.attrib["width"]) <= width
        assert float(box.attrib["y"]) + float(box.attrib["height"]) <= height
    for words in picture.iter("text"):
        assert len(words.text or "") <= 13  # of a name what fits, of a number all
        assert (
            float(words.attrib["x"]) + (len(words.text or "") * 7 if "end" not in words.attrib.values() else 0) <= width
        )


@pytest.mark.parametrize(
    "chart",
    [
        bars("b", "空", [], "a", "b"),
        bars("b", "零", [Bar("x", 0, 0)], "a", "b"),
        columns("c", "空", [], [Series("a", DARK, [])]),
        columns("c", "零", ["x"], [Series("a", DARK, [0])]),
        columns("c", "无", ["x"], [Series("a", DARK, [None])]),
        band("d", "空", [], ("a", "b", "c")),
        band("d", "零", [Day("2026-03-01", 0, None, None, False)], ("a", "b", "c")),
    ],
)
def test_a_chart_of_nothing_is_a_chart(chart: str) -> None:
    assert "nan" not in chart
    assert whole(chart).tag == "figure"


def test_columns_of_a_group_stand_side_by_side_with_their_numbers() -> None:
    chart = columns("c", "月", ["1月", "2月"], [Series("本期", DARK, [10, 5]), Series("上期", LIGHT, [20, None])])
    drawn = re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="34.0" height="([\d.]+)"', chart)

    assert [float(height) for _, height in drawn] == [64.0, 128.0, 32.0]
    assert float(drawn[1][0]) - float(drawn[0][0]) == 34.0
    assert "1月 本期: 10; 1月 上期: 20; 2月 本期: 5." in chart


def test_a_gap_is_a_cross_and_no_short_column() -> None:
    days = [Day("2026-03-01", 3, 0, 5, False), Day("2026-03-02", 0, 0, 5, True), Day("2026-03-03", 9, 0, 5, False)]
    chart = band("d", "热线", days, ("实际", "通常", "缺口"))

    assert chart.count(">×<") == 1
    assert chart.count(f'fill="{DARK}"/>') == 2
    assert "2026-03-03: 9 &gt; 5" in chart
    assert "× 缺口" in chart


def test_words_are_escaped() -> None:
    evil = "</text><script>"
    charts = (
        bars(evil, evil, [Bar(evil, 1, 1)], evil, evil),
        columns("c", evil, [evil], [Series(evil, DARK, [1])]),
        band("d", evil, [Day(evil, 1, 0, 1, True)], (evil, evil, evil)),
    )

    for chart in charts:
        assert "<script>" not in chart


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("网页", "网页"),
        ("信息披露与信息安全信息披", "信息披露与信息安全信息披"),
        ("信息披露与信息安全信息披露", "信息披露与信息安全信息…"),
        ("x" * 24, "x" * 24),
        ("x" * 25, "x" * 23 + "…"),
    ],
)
def test_a_label_is_cut_to_its_room(label: str, shown: str) -> None:
    assert short(label) == shown
