"""What the packaged calendars are made of: whose list of holidays, what is wrong in it, the Chinese name of each day.

A tool of the developers, as :mod:`complaints.calendars.make` is, which writes the calendars from it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from complaints.words import Title


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
