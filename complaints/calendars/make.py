"""Writes the packaged calendars from their sources: ``python -m complaints.calendars.make --state-council DIR``.

A tool of the developers: it needs the packages ``holidays`` and ``chinesecalendar`` of the extra ``dev``. It writes
nothing where two sources disagree, where a year that counts as published is only estimated, or where a day has no
Chinese name. What a source gets wrong is left out by name (:attr:`Recipe.left_out`), with the reason beside it.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from complaints.calendars.files import ENGLISH, Day, english, read_calendar
from complaints.words import Title

DATA: Final = Path(__file__).parent / "data"
HEAD: Final = "# Written by complaints.calendars.make: change that, not this."
VERSION: Final = "2026.1"  # another one with every change of the data
SINCE: Final = 2020
MEASURE: Final = "https://www.gov.cn/gongbao/2024/issue_11726/202411/content_6989774.html"


class Disagreement(Exception):
    """Sources contradict each other, or one does not say enough; each line is one difference."""


@dataclass(frozen=True)
class Recipe:
    """What a calendar is made of.

    Attributes:
        name: Its name.
        zone: Where its hours are meant.
        title: What people call it.
        sources: Title and address of what the authority publishes.
        days: Returns the named days of rest of some years.
        published: The last year that the authority has published, or that the law fixes.
        expected: The last year at all.
        left_out: Days, or names of days, that the source has and the authority has not.
    """

    name: str
    zone: str
    title: Title
    sources: Mapping[str, str]
    days: Callable[[range], Mapping[date, str]]
    published: int
    expected: int = 2027
    left_out: Sequence[date | str] = field(default=())


def listed(code: str, language: str | None = None, **options: Any) -> Callable[[range], dict[date, str]]:
    """Return a source of days: a country, state or market of the package ``holidays``."""

    def days(years: range) -> dict[date, str]:
        import holidays

        if code in holidays.list_supported_financial():
            return dict(holidays.financial_holidays(code, years=years, **options))
        return dict(holidays.country_holidays(code, years=years, language=language, **options))

    return days


def australian(state: str) -> Callable[[range], dict[date, str]]:
    """Return a source of days: a state's or territory's whole days of rest."""
    return listed("AU", "en_AU", subdiv=state)


def all_over_australia(years: range) -> dict[date, str]:
    """Return the days of rest that every state and territory has, by whatever name.

    The package's own list of the country knows no substitutes, for each state appoints its own.
    """
    states = [australian(state)(years) for state in AUSTRALIA]
    common = {day: name for day, name in states[0].items() if all(day in other for other in states)}
    lost = {day for day in listed("AU", "en_AU")(years) if day not in common and day.weekday() < 5}
    if lost:
        raise Disagreement(
            "\n".join(f"au-national {day}: on the country's list, but not on every state's" for day in sorted(lost))
        )
    return common


AUSTRALIA: Final = {
    "NSW": (
        "Australia/Sydney",
        "新南威尔士州",
        "New South Wales",
        "https://www.nsw.gov.au/about-nsw/public-holidays",
        2027,
    ),
    "VIC": (
        "Australia/Melbourne",
        "维多利亚州",
        "Victoria",
        "https://business.vic.gov.au/business-information/public-holidays",
        2026,  # the Friday before the Grand Final waits for the league's fixture
    ),
    "QLD": (
        "Australia/Brisbane",
        "昆士兰州",
        "Queensland",
        "https://www.qld.gov.au/recreation/travel/holidays/public",
        2027,
    ),
    "SA": (
        "Australia/Adelaide",
        "南澳大利亚州",
        "South Australia",
        "https://www.safework.sa.gov.au/resources/public-holidays",
        2026,
    ),
    "WA": (
        "Australia/Perth",
        "西澳大利亚州",
        "Western Australia",
        "https://www.wa.gov.au/service/employment/workplace-arrangements/public-holidays-western-australia",
        2026,
    ),
    "TAS": (
        "Australia/Hobart",
        "塔斯马尼亚州",
        "Tasmania",
        "https://worksafe.tas.gov.au/topics/laws-and-compliance/public-holidays",
        2026,
    ),
    "ACT": (
        "Australia/Sydney",
        "澳大利亚首都领地",
        "Australian Capital Territory",
        "https://www.act.gov.au/living-in-the-act/public-holidays-school-terms-and-daylight-saving",
        2027,
    ),
    "NT": ("Australia/Darwin", "北领地", "Northern Territory", "https://nt.gov.au/nt-public-holidays", 2026),
}
"""Zone, names, address of the authority's list, and the last year that was seen on it."""

RECIPES: Final = (
    Recipe(
        "england-and-wales",
        "Europe/London",
        Title(zh="英格兰和威尔士银行假日", en="England and Wales: bank holidays"),
        {"UK bank holidays (GOV.UK)": "https://www.gov.uk/bank-holidays"},
        listed("GB", "en_GB", subdiv="ENG"),
        published=2027,
        expected=2028,
    ),
    Recipe(
        "us-federal",
        "America/New_York",
        Title(zh="美国联邦法定假日", en="United States: federal holidays"),
        {
            "5 U.S.C. 6103; a Saturday's holiday is observed on Friday, which the Federal Reserve Banks do not do": (
                "https://www.law.cornell.edu/uscode/text/5/6103"
            ),
            "Federal holidays (OPM)": "https://www.opm.gov/policy-data-oversight/pay-leave/federal-holidays/",
        },
        listed("US", "en_US"),
        published=2035,
        expected=2035,
    ),
    Recipe(
        "au-national",
        "Australia/Sydney",
        Title(zh="澳大利亚全国公共假日", en="Australia: public holidays of every state and territory"),
        {
            "Public holidays (Fair Work Ombudsman); here: the days that all states and territories have": (
                "https://www.fairwork.gov.au/employment-conditions/public-holidays"
            )
        },
        all_over_australia,
        published=2026,
    ),
    *(
        Recipe(
            f"au-{state.lower()}",
            zone,
            Title(zh=f"{zh}公共假日", en=f"{en}: public holidays"),
            {f"Public holidays, {en}; whole days of the whole state or territory": url},
            australian(state),
            published=published,
            # a holiday of the Brisbane district only; each other district has a day of its own
            left_out=["The Royal Queensland Show"] if state == "QLD" else [],
        )
        for state, (zone, zh, en, url, published) in AUSTRALIA.items()
    ),
    Recipe(
        "hong-kong",
        "Asia/Hong_Kong",
        Title(zh="香港公众假期（另休周六、周日）", en="Hong Kong: general holidays; Saturdays and Sundays off"),
        {"General holidays (GovHK)": "https://www.gov.hk/en/about/abouthk/holiday/index.htm"},
        listed("HK", "en_HK", categories=("public", "optional")),
        published=2027,
        # 1 October was a Sunday: the 2nd took its place, and the 3rd was a working day
        left_out=[date(2023, 10, 3)],
    ),
    Recipe(
        "singapore",
        "Asia/Singapore",
        Title(zh="新加坡公共假日（另休周六、周日）", en="Singapore: public holidays; Saturdays and Sundays off"),
        {"Public holidays (Ministry of Manpower)": "https://www.mom.gov.sg/employment-practices/public-holidays"},
        listed("SG", "en_SG"),
        published=2027,
    ),
    Recipe(
        "india",
        "Asia/Kolkata",
        Title(
            zh="印度中央政府公报假日（另休周六、周日；银行假日因邦而异）",
            en="India: holidays of the central government; Saturdays and Sundays off; banks' lists differ by state",
        ),
        {
            "Gazetted holidays of the central government": "https://www.india.gov.in/calendar",
            "Banks' holidays differ by state: section 25 of the Negotiable Instruments Act, 1881": (
                "https://www.rbi.org.in/Scripts/HolidayMatrixDisplay.aspx"
            ),
        },
        listed("IN", "en_IN"),
        published=2026,
    ),
    Recipe(
        "target",
        "Europe/Brussels",
        Title(zh="欧元区 TARGET 结算日", en="TARGET: settlement days of the euro"),
        {
            "Long-term calendar for TARGET closing days (ECB)": (
                "https://www.ecb.europa.eu/press/pr/date/2000/html/pr001214_4.en.html"
            )
        },
        listed("XECB"),
        published=2035,
        expected=2035,
    ),
)

CHINESE: Final = {
    "ANZAC Day": "澳新军团日",
    "Additional Public Holiday": "额外公共假日",
    "Adelaide Cup Day": "阿德莱德杯日",
    "Australia Day": "澳大利亚国庆日",
    "Boxing Day": "节礼日",
    "Buddha Purnima": "佛诞节",
    "Canberra Day": "堪培拉日",
    "Chinese New Year": "农历新年",
    "Ching Ming Festival": "清明节",
    "Christmas Day": "圣诞节",
    "Christmas Holiday": "圣诞节假日",
    "Christmas": "圣诞节",
    "Chung Yeung Festival": "重阳节",
    "Columbus Day": "哥伦布日",
    "Coronation of Charles III": "国王查尔斯三世加冕日",
    "Declared Public Holiday": "特别宣布的公共假日",
    "Deepavali": "屠妖节",
    "Diwali (Deepavali)": "排灯节",
    "Dr. B. R. Ambedkar's Jayanti": "安贝德卡尔博士诞辰",
    "Dussehra": "十胜节",
    "Easter Monday": "复活节星期一",
    "Easter Saturday": "复活节星期六",
    "Easter Sunday": "复活节星期日",
    "Eight Hours Day": "八小时工作制日",
    "Friday before the AFL Grand Final": "澳式足球总决赛前的星期五",
    "Good Friday": "耶稣受难日",
    "Guru Nanak's Jayanti": "古鲁那纳克诞辰",
    "Hari Raya Haji": "哈芝节",
    "Hari Raya Puasa": "开斋节",
    "Holi": "洒红节",
    "Hong Kong Special Administrative Region Establishment Day": "香港特别行政区成立纪念日",
    "Id-ul-Fitr": "开斋节",
    "Id-ul-Zuha (Bakrid)": "宰牲节",
    "Independence Day": "独立日",
    "Janmashtami (Vaishnava)": "黑天神诞辰",
    "Juneteenth National Independence Day": "六月节（国家独立日）",
    "King's Birthday": "国王诞辰",
    "Labor Day": "劳动节",
    "Labour Day": "劳动节",
    "Late Summer Bank Holiday": "夏末银行假日",
    "Lunar New Year's Day": "农历年初一",
    "Maha Shivaratri": "大湿婆节",
    "Mahatma Gandhi's Jayanti": "圣雄甘地诞辰",
    "Mahavir Jayanti": "大雄诞辰",
    "Martin Luther King Jr. Day": "马丁·路德·金纪念日",
    "May Day": "五月节",
    "Melbourne Cup Day": "墨尔本杯日",
    "Memorial Day": "阵亡将士纪念日",
    "Milad-un-Nabi": "圣纪节",
    "Muharram": "阿舒拉节",
    "National Day of Mourning for Queen Elizabeth II": "伊丽莎白二世女王全国哀悼日",
    "National Day": "国庆日",
    "New Year's Day": "元旦",
    "Picnic Day": "野餐日",
    "Platinum Jubilee of Elizabeth II": "伊丽莎白二世女王登基七十周年庆典",
    "Polling Day": "投票日",
    "Proclamation Day": "公告日",
    "Queen's Birthday": "女王诞辰",
    "Ram Navami": "罗摩诞辰",
    "Reconciliation Day": "和解日",
    "Republic Day": "共和国日",
    "Spring Bank Holiday": "春季银行假日",
    "State Funeral of Queen Elizabeth II": "伊丽莎白二世女王国葬日",
    "Thanksgiving Day": "感恩节",
    "The Birthday of the Buddha": "佛诞",
    "The day following Ching Ming Festival": "清明节翌日",
    "The day following Chung Yeung Festival": "重阳节翌日",
    "The day following Easter Monday": "复活节星期一翌日",
    "The day following Good Friday": "耶稣受难日翌日",
    "The day following Labour Day": "劳动节翌日",
    "The day following the Birthday of the Buddha": "佛诞翌日",
    "The day following the Chinese Mid-Autumn Festival": "中秋节翌日",
    "The day following the first day of January": "一月一日翌日",
    "The first day of January": "一月一日",
    "The first weekday after Christmas Day": "圣诞节后第一个工作日",
    "The fourth day of Lunar New Year": "农历年初四",
    "The second day following the Chinese Mid-Autumn Festival": "中秋节后第二日",
    "The second day of Lunar New Year": "农历年初二",
    "The second weekday after Christmas Day": "圣诞节后第二个工作日",
    "The third day of Lunar New Year": "农历年初三",
    "Tuen Ng Festival": "端午节",
    "Vesak Day": "卫塞节",
    "Veterans Day": "退伍军人节",
    "Washington's Birthday": "华盛顿诞辰纪念日",
    "Western Australia Day": "西澳大利亚日",
}
OBSERVED: Final = " (observed)"

AMENDED: Final = {
    2015: "国务院关于中国人民抗日战争暨世界反法西斯战争胜利70周年纪念日调休放假的通知",
    2019: "国务院办公厅关于调整2019年劳动节假期安排的通知",
    2020: "国务院办公厅关于延长2020年春节假期的通知",
}
"""Notices that changed an arrangement after it was published."""

COMMON_NAMES: Final = {"“五一”": "劳动节", "“五一”国际劳动节": "劳动节", "“十一”": "国庆节", "农历除夕": "除夕"}


# --- one calendar of the package ------------------------------------------------------------------


def calendar_of(recipe: Recipe) -> str:
    """Return a calendar's file.

    Raises:
        Disagreement: see the module.
    """
    years = range(SINCE, recipe.expected + 1)
    found = recipe.days(years)
    problems = [*_stale(recipe, found), *_estimated(recipe, found)]
    days = {day: name for day, name in found.items() if day.year in years and not _is_left_out(recipe, day, name)}
    problems += [
        f"{recipe.name}: '{name}' has no Chinese name" for name in sorted(_parts(days.values())) if not _chinese(name)
    ]
    if problems:
        raise Disagreement("\n".join(problems))
    named = [_named(day, name) for day, name in sorted(days.items())]
    lines = _top(recipe.name, recipe.title, recipe.zone, ["09:00-17:00"])
    for title, url in recipe.sources.items():
        lines += _source(title, url)
    for year in years:
        own = [one for one in named if one[0].year == year]
        lines += _year(year, own, expected=year > recipe.published)
    return "\n".join(lines) + "\n"


def _is_left_out(recipe: Recipe, day: date, name: str) -> bool:
    return day in recipe.left_out or name in recipe.left_out


def _stale(recipe: Recipe, found: Mapping[date, str]) -> list[str]:
    """Return what is left out and not there any more: the source was put right, or says something new."""
    return [
        f"{recipe.name}: {one} is left out, but not there"
        for one in recipe.left_out
        if one not in {*found, *found.values()}
    ]


def _estimated(recipe: Recipe, found: Mapping[date, str]) -> list[str]:
    return [
        f"{recipe.name} {day}: '{name}' is only estimated, in a published year"
        for day, name in found.items()
        if "estimated" in name and day.year <= recipe.published
    ]


def _parts(names: Iterable[str]) -> set[str]:
    return {part for name in names for part in _plain(name).split("; ")}


def _plain(name: str) -> str:
    return name.replace(" (estimated)", "").replace(", estimated)", ")")


def _chinese(name: str) -> str | None:
    known = CHINESE.get(name.removesuffix(OBSERVED))
    return f"{known}（补假）" if known and name.endswith(OBSERVED) else known


def _named(day: date, name: str) -> Day:
    parts = _plain(name).split("; ")
    if any(part.startswith("The day following") for part in parts):  # Hong Kong's own name of a substitute
        parts = [part for part in parts if not part.endswith(OBSERVED)]
    return day, "、".join(_chinese(part) or part for part in parts), " and ".join(parts)


# --- China ----------------------------------------------------------------------------------------


def china(folder: Path) -> str:
    """Return ``cn-public`` from the State Council's days.

    Raises:
        Disagreement: with ``holidays`` or ``chinesecalendar``.
    """
    papers, off, work = _arrangements(folder)
    first, last = min(papers), max(papers)
    if problems := _compared(first, last, off, work):
        raise Disagreement("\n".join(problems))
    title = Title(zh="中国工作日（国务院放假安排）", en="China: working days as the State Council arranges them")
    lines = _top("cn-public", title, "Asia/Shanghai", ["09:00-12:00", "13:00-17:00"])
    for year, addresses in papers.items():
        names = [f"国务院办公厅关于{year}年部分节假日安排的通知", AMENDED.get(year, "")]
        for name, url in zip(names, addresses, strict=False):
            lines += _source(name, url)
    lines += _source("全国年节及纪念日放假办法（2024年修订，2025年1月1日起施行）", MEASURE)
    for year, addresses in papers.items():
        lines += _year(year, _of(off, year), _of(work, year), source=addresses[0])
    lines += _year(last + 1, statutory(last + 1), source=MEASURE, expected=True)
    return "\n".join(lines) + "\n"


def _arrangements(folder: Path) -> tuple[dict[int, list[str]], dict[date, str], dict[date, str]]:
    """Return the notices of each published year, the days off and the make-up days."""
    papers: dict[int, list[str]] = {}
    off: dict[date, str] = {}
    work: dict[date, str] = {}
    for path in sorted(folder.glob("[0-9]*.json")):
        text = path.read_text(encoding="utf-8")
        file, content = read_calendar(text, path.name), json.loads(text)
        if content["days"]:
            papers[content["year"]] = content["papers"]
        years = file.year.values()
        off |= _commonly_named([*file.off, *(day for year in years for day in year.off)])
        work |= _commonly_named([*file.work, *(day for year in years for day in year.work)])
    return papers, off, work


def _commonly_named(days: Iterable[Day]) -> dict[date, str]:
    return {day: COMMON_NAMES.get(zh, zh) for day, zh, _ in days}


def _compared(first: int, last: int, off: Mapping[date, str], work: Mapping[date, str]) -> list[str]:
    """Return every day of whole years on which the three sources differ."""
    import chinese_calendar
    import holidays

    listed = holidays.country_holidays("CN", years=range(first, last + 1))
    problems, day = [], date(first, 1, 1)
    while day <= date(last, 12, 31):
        ours = day in work or (day.weekday() < 5 and day not in off)
        # its days off say nothing of make-up days; only this question does
        others = {"holidays": listed.is_working_day(day)}
        with suppress(NotImplementedError):  # a year that was arranged after its release
            others["chinesecalendar"] = chinese_calendar.is_workday(day)
        problems += [
            f"cn-public {day}: {'work' if ours else 'rest'}, but not so {who}"
            for who, says in others.items()
            if says != ours
        ]
        day += timedelta(days=1)
    return problems


def statutory(year: int) -> list[Day]:
    """Return the thirteen days that the national measure fixes, before anybody has arranged weekends around them."""
    import holidays

    found = holidays.country_holidays("CN", years=year, language="zh_CN")
    days = {day: COMMON_NAMES.get(name, name) for day, name in found.items() if "补假" not in name}
    if len(days) != 13 or not set(days.values()) <= set(ENGLISH):
        raise Disagreement(f"cn-public {year}: not the thirteen days of the measure, but {days}")
    return _of(days, year)


def _of(days: Mapping[date, str], year: int) -> list[Day]:
    return [(day, name, english(name)) for day, name in sorted(days.items()) if day.year == year]


# --- those without days of their own --------------------------------------------------------------


def finance() -> str:
    """Return ``cn-finance``: the public one, without working weekends."""
    title = Title(
        zh="中国金融机构工作日（调休上班日休息）", en="China: working days of a firm that rests on make-up days"
    )
    lines = [HEAD, 'name = "cn-finance"', f'version = "{VERSION}"', f"title = {_title(title)}"]
    lines += ['extends = "cn-public"', 'make_up_days = "rest"', ""]
    return (
        "\n".join([*lines, "[[sources]]", f"title = {_quoted('节假日依国务院办公厅放假安排；调休上班的周末不营业')}"])
        + "\n"
    )


def every_day() -> str:
    """Return ``every-day``, for limits that know no rest."""
    title = Title(zh="每日（不分工作日与休息日，全天）", en="every day, around the clock")
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    return "\n".join([*_top("every-day", title, "Asia/Shanghai", ["00:00-24:00"], days), "always = true"]) + "\n"


# --- how it is written ----------------------------------------------------------------------------


def _top(
    name: str, title: Title, zone: str, hours: list[str], days: Sequence[str] = ("mon", "tue", "wed", "thu", "fri")
) -> list[str]:
    return [
        HEAD,
        f"name = {_quoted(name)}",
        f"version = {_quoted(VERSION)}",
        f"title = {_title(title)}",
        f"zone = {_quoted(zone)}",
        f"working_weekdays = {_quoted(list(days))}",
        f"hours = {_quoted(hours)}",
    ]


def _source(title: str, url: str) -> list[str]:
    return ["", "[[sources]]", f"title = {_quoted(title)}", f"url = {_quoted(url)}"]


def _year(
    year: int, off: Sequence[Day], work: Sequence[Day] = (), *, source: str = "", expected: bool = False
) -> list[str]:
    lines = ["", f"[year.{year}]"]
    lines += ['standing = "expected"'] if expected else []
    lines += [f"source = {_quoted(source)}"] if source else []
    for key, days in (("off", off), ("work", work)):
        if days:
            lines += [f"{key} = [", *(f"  [{day}, {_quoted(zh)}, {_quoted(en)}]," for day, zh, en in days), "]"]
    return lines


def _title(title: Title) -> str:
    return f"{{ zh = {_quoted(title.zh)}, en = {_quoted(title.en)} }}"


def _quoted(value: str | list[str]) -> str:
    return json.dumps(value, ensure_ascii=False)  # strings and lists of them are written alike in JSON and TOML


def all_files(state_council: Path | None) -> dict[str, str]:
    """Return the content of every calendar's file by name; of ``cn-public`` only with the State Council's days.

    Raises:
        Disagreement: every difference that was found.
    """
    makers: dict[str, Callable[[], str]] = {"cn-finance": finance, "every-day": every_day}
    if state_council:
        makers["cn-public"] = partial(china, state_council)
    makers |= {recipe.name: partial(calendar_of, recipe) for recipe in RECIPES}
    made, problems = {}, []
    for name, make in makers.items():
        try:
            made[name] = make()
        except Disagreement as found:
            problems.append(str(found))
    if problems:
        raise Disagreement("\n".join(problems))
    return made


def main() -> int:
    """Write the files, or name every difference and write none."""
    parser = argparse.ArgumentParser(description="Write the packaged calendars.")
    parser.add_argument("--state-council", type=Path, metavar="DIR", help="days as JSON, one file for each year")
    parser.add_argument("--into", type=Path, default=DATA, metavar="DIR")
    options = parser.parse_args()
    try:
        files = all_files(options.state_council)
    except Disagreement as found:
        sys.stderr.write(f"{found}\nNothing was written.\n")
        return 1
    for name, content in files.items():
        (options.into / f"{name}.toml").write_text(content, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
