"""The page of a summary: every section, in both languages, self-contained, and fit for paper."""

import re
from collections.abc import Mapping
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest

from complaints.regimes.rulebook import load_pack
from complaints.reporting.cover import Hand
from complaints.reporting.figures import Figures
from complaints.reporting.rendering import render
from tests.complaints.reporting.rich import a_cover, rich_figures
from tests.complaints.reporting.rows import APRIL, a_closed_row, a_row, figures_of, on

BOTH = pytest.mark.parametrize("language", ["zh-CN", "en"])
PERIODS = ("2026-03", "2026-Q1", "2025-H2", "2025")


class Page(HTMLParser):
    """What a page says: its words, headings, tables, links, charts, and what it would load."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.text = ""
        self.headings: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.links: dict[str, str] = {}
        self.jumps: list[str] = []
        self.charts: list[dict[str, str | None]] = []
        self.loads: list[str] = []
        self.ids: list[str] = []
        self._open: list[str] = []
        self._address = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._open.append(tag)
        if "id" in given:
            self.ids.append(str(given["id"]))
        if tag in ("h2", "h3"):
            self.headings.append("")
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("th", "td"):
            self.tables[-1][-1].append("")
        self._address = str(given["href"]) if tag == "a" else self._address
        if tag == "a" and self._address.startswith("#"):  # within the page
            self.jumps.append(self._address[1:])
        elif tag == "a":
            self.links[self._address] = ""
        if tag == "svg":
            self.charts.append(given)
        if tag in ("script", "link", "img", "iframe", "object", "embed", "base") or "src" in given or "style" in given:
            self.loads.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        self.text += data
        if {"h2", "h3"} & set(self._open):
            self.headings[-1] += data
        if {"th", "td"} & set(self._open):
            self.tables[-1][-1][-1] += data
        if "a" in self._open and self._address in self.links:
            self.links[self._address] += data

    def table(self, head: str) -> dict[str, list[str]]:
        """The first table whose first head is this, by its rows' labels."""
        found = next(one for one in self.tables if one and one[0][0] == head)
        return {row[0]: row[1:] for row in found}


def page(*rows: Mapping[str, Any], language: str = "zh-CN", figures: Figures | None = None, **cover: Any) -> Page:
    return Page(render(figures or figures_of(*rows), a_cover(**cover), language))


@BOTH
@pytest.mark.parametrize("period", PERIODS)
def test_a_page_is_whole_and_loads_nothing(language: str, period: str) -> None:
    source = render(rich_figures(period), a_cover(), language)
    seen = Page(source)

    assert source.startswith(f'<!DOCTYPE html>\n<html lang="{language}">')
    assert seen.loads == []
    assert "url(" not in source
    assert set(re.findall(r'(?:href|src)="([a-z]+:)', source)) == {"https:"}  # only links to cases
    assert not re.search(r"\b(None|nan|NaT|NaN|Decimal|Undefined)\b", seen.text)
    assert len(seen.ids) == len(set(seen.ids))


@BOTH
@pytest.mark.parametrize("rows", [[], [a_row()], [a_closed_row()]], ids=["empty", "one open", "one closed"])
def test_a_page_of_almost_nothing_is_whole(language: str, rows: list[dict[str, Any]]) -> None:
    seen = page(*rows, language=language)

    assert not re.search(r"\b(None|nan|NaT|NaN|Decimal|Undefined)\b", seen.text)


TITLES = [
    ("2026-03", "月度投诉监管报告", "2026年3月", "Monthly regulatory summary of complaints", "March 2026"),
    (
        "2026-Q1",
        "季度投诉监管报告",
        "2026年第一季度",
        "Quarterly regulatory summary of complaints",
        "Quarter 1 of 2026",
    ),
    (
        "2025-H2",
        "半年度投诉监管报告",
        "2025年下半年",
        "Half-yearly regulatory summary of complaints",
        "Second half of 2025",
    ),
    ("2025", "年度投诉监管报告", "2025年", "Yearly regulatory summary of complaints", "2025"),
]


@pytest.mark.parametrize(("period", "title", "zh", "title_en", "en"), TITLES)
def test_a_page_is_called_after_its_period(period: str, title: str, zh: str, title_en: str, en: str) -> None:
    for language, heading, name in (("zh-CN", title, zh), ("en", title_en, en)):
        source = render(rich_figures(period), a_cover(), language)

        assert re.search(rf"<h1>{heading}</h1>\s*<p class=\"period\">{name}</p>", source)


CHAPTERS = {
    "zh-CN": [
        "一、总体情况",
        "二、接收情况",
        "三、办理时限",
        "四、处理结果与补救",
        "五、核查与回访",
        "六、期末未结情况",
        "七、工作量",
        "八、五维分析",
        "九、溯源整改",
        "十、投诉风险预警",
        "十一、办理流程合规情况",
        "十二、情况说明",
        "十三、统计口径",
    ],
    "en": [
        "1. Overview",
        "2. Received",
        "3. Time limits",
        "4. Outcomes and redress",
        "5. Reviews and follow-up",
        "6. Open at the end",
        "7. Workload",
        "8. Five dimensions",
        "9. Root causes and actions",
        "10. Early warning",
        "11. Conformance to the procedure",
        "12. Remarks",
        "13. Definitions",
    ],
}


def conformance(**cases: int) -> dict[str, pd.DataFrame]:
    return {"conformance": pd.DataFrame({"code": list(cases), "cases": list(cases.values())})}


@BOTH
def test_a_page_has_every_chapter_in_order(language: str) -> None:
    whole = rich_figures().with_sections(conformance(conforming=40, not_followed_up=3))
    chapters = [
        one
        for one in page(figures=whole, language=language).headings
        if re.match(r"[一二三四五六七八九十]+、|\d+\. ", one)
    ]

    assert [re.sub(r"\s*(待核实|to verify)$", "", one) for one in chapters] == CHAPTERS[language]


@BOTH
def test_the_contents_lead_to_every_chapter_and_every_section_has_a_place(language: str) -> None:
    figures = rich_figures().with_sections(conformance(conforming=40, not_followed_up=3))
    seen = page(figures=figures, language=language)

    assert len(seen.jumps) == len(CHAPTERS[language])
    assert set(seen.jumps) <= set(seen.ids)
    assert set(figures.sections) - {"warning_days"} <= set(seen.ids)  # the list of a figure's cases leads back to it


@BOTH
def test_the_first_chapter_tells_the_main_points(language: str) -> None:
    march = [a_row(category="fees", product="轻舟消费贷", channel="web")] * 3
    rows = [*march, a_closed_row(category="collection", product="轻舟消费贷", channel="telephone")]
    text = " ".join(page(*rows, language=language).text.split())

    for said in {
        "zh-CN": (
            "投诉主要反映：定价收费3件（75.0%）、债务催收1件（25.0%）；主要涉及的产品或服务：轻舟消费贷4件（100.0%）",
            "报告期内已答复或直接结案、计入时限统计的投诉1件，按时1件，超期0件",
            "已告知处理决定1件，其中成立和部分成立1件（100.0%）。结案1件",
        ),
        "en": (
            "Most complaints were about: Fees and pricing 3 (75.0%), Debt collection conduct 1 (25.0%).",
            "Complaints whose time limit ended: 1; in time: 1; late: 0.",
            "Decisions told: 1, of which upheld, wholly or in part: 1 (100.0%).",
        ),
    }[language]:
        assert said in text


def test_chapters_that_have_no_section_are_left_out_and_the_others_numbered_on() -> None:
    headings = page(a_row()).headings

    assert "十、情况说明" in headings
    assert not any("预警" in one or "合规" in one for one in headings)


@BOTH
def test_a_month_without_cases_says_so_in_sentences(language: str) -> None:
    seen = page(language=language)
    sentences = {
        "zh-CN": ("报告期内未接收任何事项。", "报告期末无未结事项。", "报告期内未告知处理决定。", "报告期内没有投诉。"),
        "en": (
            "Nothing was received in the period.",
            "Nothing was open at the end of the period.",
            "No decision was told in the period.",
            "There was no complaint in the period.",
        ),
    }

    for sentence in sentences[language]:
        assert sentence in seen.text
    assert seen.charts == []
    assert len(seen.tables) == 3  # the cover, the totals and the time limits: no empty table


@BOTH
@pytest.mark.parametrize("period", PERIODS)
def test_every_chart_has_a_title_and_a_description(language: str, period: str) -> None:
    source = render(rich_figures(period), a_cover(), language)
    charts = Page(source).charts

    assert len(charts) == 8  # category, cause, channel, handled, open by age, time, and two warnings
    for chart in charts:
        assert chart["role"] == "img"
        title, description = str(chart["aria-labelledby"]).split()
        assert re.search(rf'<title id="{title}">[^<]{{5,}}</title>', source)
        assert re.search(rf'<desc id="{description}">[^<]{{5,}}</desc>', source)


def test_the_table_beside_a_chart_has_its_numbers() -> None:
    figures = rich_figures()
    source = render(figures, a_cover(), "zh-CN")
    described = re.search(r'<desc id="by-channel-desc">([^<]*)\.</desc>', source)
    assert described is not None

    said = dict(re.fullmatch(r"(.*): ([\d,]+) \(投诉 [\d,]+\)", one).groups() for one in described[1].split("; "))  # type: ignore[union-attr]

    table = Page(source).table("接收渠道")
    assert said == {name: row[0] for name, row in table.items() if name in said}
    assert len(said) == len(figures.sections["channel"])


def test_changes_are_shown_against_the_period_before_and_the_year_before() -> None:
    now, before, year = (
        a_row(received_at=on(3, 9)),
        a_row(received_at=on(2, 9)),
        a_row(received_at=on(3, 9, year=2025)),
    )

    seen = page(*[now] * 6, *[before] * 4, *[year] * 8)

    assert seen.table("指标")["接收各类事项"] == ["6", "4", "+50.0%", "8", "−25.0%"]
    assert "共接收各类事项6件，环比增加2件（上升50.0%），同比减少2件（下降25.0%）" in seen.text


def test_a_year_is_compared_once() -> None:
    seen = page(figures=figures_of(a_row(), a_row(received_at=on(5, 5, year=2025)), period="2026"))

    assert seen.table("指标")["接收各类事项"] == ["1", "1", "持平"]
    assert "环比" not in seen.text.replace("按时间", "")


def test_a_period_before_of_which_nothing_is_on_record_is_no_period_without_complaints() -> None:
    in_february = a_row(received_at=on(2, 3))
    both, neither = page(a_row()).text, page(a_row(), in_february, a_row(received_at=on(3, 3, year=2025))).text

    assert "上月无任何记录，表中以零列示；不代表当时没有投诉，“环比”不具可比性。" in both
    assert "上年同期无任何记录，表中以零列示；不代表当时没有投诉，“同比”不具可比性。" in both
    assert "无任何记录" not in neither
    year_alone = page(a_row(), in_february, language="en").text
    assert "Nothing at all is on record of the same period a year before." in year_alone
    assert "Nothing at all is on record of the month before." not in year_alone


def test_a_code_that_only_occurred_before_is_shown_with_nothing() -> None:
    table = page(a_row(category="fees"), a_row(category="claim", received_at=on(2, 9))).table("投诉内容类别")

    assert table["理赔"] == ["0", "0.0%", "0", "−100.0%", "—", "0"]


@BOTH
def test_every_number_with_cases_links_to_them(language: str) -> None:
    figures = rich_figures("2026-Q1")
    linked = page(figures=figures, language=language, link=lambda figure: f"https://x.example/{figure}").links
    sections = {figure.removeprefix("https://x.example/").split(".")[0] for figure in linked}

    assert sections == set(figures.sections) - {"warning_days"}
    for address, text in linked.items():
        section, _, rest = address.removeprefix("https://x.example/").partition(".")
        code, _, measure = rest.rpartition(".")
        frame = figures.sections[section].set_index("code")
        assert text == f"{frame.at[code, measure]:,}"
        assert frame.at[code, measure]


def test_a_figure_without_an_address_is_plain_text() -> None:
    assert page(a_row(), link=lambda figure: None).links == {}


def test_what_senders_and_editors_wrote_is_shown_and_never_obeyed() -> None:
    evil = '<script>alert(1)</script>" onload="x'
    source = render(
        figures_of(a_row(product=evil, issue=evil, handler=evil, category=evil), a_closed_row(handler=evil)),
        a_cover(
            remarks={"zh-CN": evil}, prepared=Hand(evil, on(4, 1)), link=lambda figure: f'javascript:"><b>{figure}'
        ),
        "zh-CN",
    )

    assert "<script" not in source
    assert (
        "<b>" not in source.replace("<b>0", "").replace("<b><a", "") or 'href="javascript:&#34;&gt;&lt;b&gt;' in source
    )
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34; onload=&#34;x" in source


def test_remarks_are_paragraphs_of_lines_in_their_language() -> None:
    remarks = {"zh-CN": "第一段。\n\n整改措施：\n一、修复程序。", "en": "In English."}
    source = render(figures_of(), a_cover(remarks=remarks), "zh-CN")

    assert '<p class="text">第一段。</p>' in source
    assert '<p class="text">整改措施：<br>一、修复程序。</p>' in source
    assert "In English." not in source
    assert "编制人员未作补充说明。" in render(figures_of(), a_cover(remarks={"en": "x"}), "zh-CN")


@pytest.mark.parametrize(
    ("hands", "state", "shown"),
    [
        ({"prepared": Hand("redress", on(4, 1)), "reviewed": None}, "待复核", "编制：系统定时编制2026年4月1日"),
        ({"reviewed": Hand("qian.lei", on(4, 7))}, "已复核，待签发", "复核：qian.lei2026年4月7日"),
        ({"signed": Hand("sun.jia", on(4, 8, 23))}, "已签发", "签发：sun.jia2026年4月8日"),
    ],
)
def test_a_page_says_who_stands_for_it(hands: dict[str, Hand | None], state: str, shown: str) -> None:
    seen = page(a_row(), version=3, **hands)

    assert seen.table("报送机构")["版本"] == [f"第3版，{state}"]
    assert shown in seen.text


@pytest.mark.parametrize(
    ("as_at", "language", "shown", "is_preliminary"),
    [
        (APRIL, "zh-CN", "2026年3月31日24时", False),
        (on(4, 3, 9), "en", "the end of 31 March 2026", False),
        (on(3, 17, 12), "zh-CN", "2026年3月17日12:00", True),
        (on(3, 17, 12), "en", "12:00 on 17 March 2026", True),
    ],
)
def test_a_page_names_its_cut_off(as_at: datetime, language: str, shown: str, is_preliminary: bool) -> None:
    seen = page(figures=figures_of(a_row(), as_at=as_at), language=language)

    assert shown in seen.text
    assert ("期中数据" in seen.text or "interim figures" in seen.text) is is_preliminary


def test_a_page_names_the_ledgers_cut_off_beside_that_of_the_period() -> None:
    facts = page(figures=figures_of(a_row(), as_at=on(4, 3, 9))).table("报送机构")

    assert facts["数据截止"] == ["2026年3月31日24时（北京时间）"]
    assert facts["台账时点"] == ["2026年4月3日09:00（北京时间）；此后登记的内容不计入本版"]


@pytest.mark.parametrize(("language", "mark"), [("zh-CN", "待核实"), ("en", "to verify")])
def test_a_figure_that_rests_on_an_unverified_rule_is_marked(language: str, mark: str) -> None:
    pack = a_cover().pack

    def marks(confidence: str | None) -> int:
        clocks = (
            ()
            if confidence is None
            else tuple(one.model_copy(update={"confidence": confidence, "unread": False}) for one in pack.clocks)
        )
        changed = pack.model_copy(update={"clocks": clocks})
        return render(figures_of(a_row()), a_cover(pack=changed), language).count(f'<span class="verify">{mark}</span>')

    assert marks("H") == 0
    assert marks("M") == 9  # two cards, two chapters, review, follow-up, and three rules
    assert marks(None) == 0


@BOTH
@pytest.mark.parametrize("regime", ["uk-disp", "au-rg271", "us-cfpb", "in-rbi", "eu-base"])
def test_any_regime_has_a_summary_in_its_own_name(language: str, regime: str) -> None:
    pack = load_pack(regime)
    seen = page(a_row(), language=language, pack=pack)

    assert pack.title.word(language) in seen.text
    assert {rule.title.zh for rule in pack.clocks if rule.duty == "answer" and rule.nature == "duty"} <= set(
        Page(render(figures_of(), a_cover(pack=pack), "zh-CN")).table("本报告所依据的时限")
    )


def test_warnings_say_what_a_gap_is() -> None:
    seen = page(figures=rich_figures())
    warned = seen.table("类型")

    assert warned["异常增多"] == ["产品／轻舟消费贷", "2026年3月9日至2026年3月13日", "31", "9.4", "<0.0001"]
    assert warned["数据缺口"] == ["渠道／热线转办", "2026年3月20日至2026年3月26日", "0", "8.8", "0.0002"]
    assert "“数据缺口”表示数据未送达，不代表投诉减少。" in seen.text


def test_a_period_without_warnings_says_so() -> None:
    empty = {name: table.iloc[:0] for name, table in rich_figures().sections.items() if name.startswith("warning")}

    assert "报告期内未触发预警。" in page(figures=figures_of(a_row()).with_sections(empty)).text


def test_conformance_shows_only_what_deviated() -> None:
    figures = figures_of(a_row()).with_sections(conformance(conforming=40, not_followed_up=3, no_decision=0, history=2))
    seen = page(figures=figures)

    assert "流程符合规定的40件，历史导入、不作检查的2件" in seen.text
    assert list(seen.table("办理流程合规情况")) == ["办理流程合规情况", "符合规定流程", "未回访", "历史导入，不作检查"]


def test_the_same_figures_give_the_same_page() -> None:
    again = figures_of(a_row(), a_closed_row())

    for language in ("zh-CN", "en"):
        assert render(again, a_cover(), language) == render(figures_of(a_row(), a_closed_row()), a_cover(), language)


def test_the_page_is_made_for_paper() -> None:
    source = render(figures_of(a_row()), a_cover(), "zh-CN")

    assert "@page { size: A4;" in source
    assert "thead { display: table-header-group; }" in source  # the head again on each page
    assert "tr { break-inside: avoid; }" in source
    assert 'content: counter(page) " / " counter(pages)' in source
