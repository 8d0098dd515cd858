"""A summary as one self-contained page, for the screen, for A4 and for the PDF that is made of it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from markupsafe import Markup

from complaints.letters import environment, show_date
from complaints.regimes.model import ClockRule, Duty, Nature, Pack
from complaints.reporting.charts import DARK, LIGHT, MIDDLE, Bar, Series, bars, columns
from complaints.reporting.contents import HEADS, Contents, number, share
from complaints.reporting.cover import Cover, Hand
from complaints.reporting.figures import Figures, Sections
from complaints.reporting.labels import measure_title, period_title
from complaints.reporting.periods import PeriodKind
from complaints.reporting.versions import SYSTEM
from complaints.reporting.warnings_part import warnings_part
from complaints.words import ZH, Title

_MOST_BARS: Final = 12

_RECEIVED: Final = (
    "received",
    "complaints",
    Title(zh="投诉", en="complaints"),
    Title(zh="咨询、建议、举报等", en="other matters"),
)
_CHARTS: Final[Mapping[str, tuple[str, str, Title, Title, Title]]] = {
    "category": (*_RECEIVED, Title(zh="按投诉内容类别统计的接收件数", en="Matters received by category")),
    "cause": (*_RECEIVED, Title(zh="按投诉原因统计的接收件数", en="Matters received by cause")),
    "channel": (*_RECEIVED, Title(zh="按接收渠道统计的接收件数", en="Matters received by channel")),
    "handled": (
        "cases",
        "late",
        Title(zh="超期", en="late"),
        Title(zh="未超期", en="not late"),
        Title(zh="按办理用时统计的投诉件数", en="Complaints handled by the days they took"),
    ),
    "open_by_age": (
        "open",
        "overdue",
        Title(zh="超期未答复", en="overdue"),
        Title(zh="其他未结", en="other open matters"),
        Title(zh="按接收后天数统计的期末未结件数", en="Matters open at the end by days since receipt"),
    ),
}
"""The sections that have bars: the measure, its dark part, the words for dark and light, and the title."""


def render(figures: Figures, cover: Cover, language: str) -> str:
    """Return a summary as an HTML page that loads nothing.

    A part that rests on a rule whose source is not sure is marked "to verify". Every number that has cases behind it
    is a link to them where ``cover.link`` gives an address.

    Args:
        figures: The period.
        cover: Who reports, which version it is, and who stands for it.
        language: "zh-CN" or "en".
    """
    contents = Contents(figures, language, cover.link)
    rules = _rules(cover.pack)
    firm = {name: getattr(cover.firm, f"{name}_{'zh' if language == ZH else 'en'}") for name in ("name", "address")}
    return (
        environment()
        .get_template(f"summaries/{language}.html")
        .render(
            contents=contents,
            cover=cover,
            firm=firm,
            pack=cover.pack,
            kind=str(figures.period.kind),
            period=period_title(figures.period).word(language),
            first_day=show_date(figures.period.first_day, language),
            last_day=show_date(figures.period.last_day, language),
            until=_show_instant(figures.until.astimezone(figures.zone), language),
            as_at=_show_instant(figures.as_at.astimezone(figures.zone), language),
            is_preliminary=figures.until < figures.period.span(figures.zone)[1],
            rules=rules,
            to_verify={part for part, of_part in rules.items() if any(rule.to_verify for rule in of_part)},
            charts=_charts(figures, contents, language),
            warnings=warnings_part(figures, contents, language),
            has_conformance="conformance" in figures.sections,
            hands={step: _shown_hand(getattr(cover, step), figures, language) for step in _HANDS},
            remarks=[one.splitlines() for one in cover.remarks.get(language, "").split("\n\n") if one.strip()],
            number=number,
            share=share,
        )
    )


_HANDS: Final = ("prepared", "reviewed", "signed")


def _rules(pack: Pack) -> dict[str, tuple[ClockRule, ...]]:
    """Return the rules that each part of the summary rests on."""
    duties = [rule for rule in pack.clocks if rule.nature is Nature.DUTY]
    answers = tuple(rule for rule in duties if rule.duty is Duty.ANSWER)
    return {
        "answer": answers,
        "review": tuple(rule for rule in duties if rule.duty is Duty.REVIEW),
        "follow_up": tuple(rule for rule in pack.clocks if rule.name == "follow-up"),
    }


def _show_instant(at: datetime, language: str) -> str:
    if at.time() == at.min.time():  # the day before has just ended
        day = show_date(at - timedelta(days=1), language)
        return f"{day}24时" if language == ZH else f"the end of {day}"
    return f"{show_date(at, language)}{at:%H:%M}" if language == ZH else f"{at:%H:%M} on {show_date(at, language)}"


def _shown_hand(hand: Hand | None, figures: Figures, language: str) -> tuple[str, str] | None:
    if hand is None:
        return None
    by = Title(zh="系统定时编制", en="the schedule").word(language) if hand.by == SYSTEM else hand.by
    return by, show_date(hand.at.astimezone(figures.zone), language)


# --- charts -----------------------------------------------------------------------------------------


def _charts(figures: Figures, contents: Contents, language: str) -> dict[str, Markup]:
    """Return the charts by section; none of a section in which there is nothing."""
    found = {name: _bars(contents, name, language) for name in _CHARTS}
    if contents.sum("dimension_time", "received"):
        found["dimension_time"] = _course_of_time(figures, contents, language)
    return {name: chart for name, chart in found.items() if chart}


def _bars(contents: Contents, section: str, language: str) -> Markup:
    measure, part, dark, light, title = _CHARTS[section]
    codes = [str(code) for code in contents.figures.sections[section]["code"]]
    rows = [
        Bar(
            contents.label(section, code),
            int(contents.value(section, code, measure) or 0),
            int(contents.value(section, code, part) or 0),
        )
        for code in codes[:_MOST_BARS]
    ]
    if not any(row.value for row in rows):
        return Markup("")
    shown = title.word(language)
    if len(codes) > _MOST_BARS:
        shown += Title(zh=f"（前{_MOST_BARS}项）", en=f" (the first {_MOST_BARS})").word(language)
    return bars(f"by-{section}", shown, rows, dark.word(language), light.word(language))


def _course_of_time(figures: Figures, contents: Contents, language: str) -> Markup:
    """Return the weeks of a month, or the months of what is longer beside those of earlier periods."""
    names = [contents.label("dimension_time", str(code)) for code in figures.sections["dimension_time"]["code"]]
    complaints = measure_title("dimension_time", "complaints").word(language)
    if figures.period.kind is PeriodKind.MONTH:
        received = measure_title("dimension_time", "received").word(language)
        series = [
            Series(received, LIGHT, _over_time(figures.sections, "received")),
            Series(complaints, DARK, _over_time(figures.sections, "complaints")),
        ]
        title = Title(zh="每周接收和投诉件数", en="Matters and complaints received in each week")
    else:
        names = [name.removeprefix(f"{figures.period.first_day.year}年").split(" ")[0] for name in names]
        series = [Series(complaints, DARK, _over_time(figures.sections, "complaints"))]
        if contents.compares_twice:
            series.append(Series(HEADS["before"].word(language), MIDDLE, _over_time(figures.before, "complaints")))
        earlier = _over_time(figures.year_before, "complaints")
        series.append(Series(HEADS["year_before"].word(language), LIGHT, earlier))
        title = Title(zh="各月投诉件数及与以前期间的比较", en="Complaints in each month, beside earlier periods")
    return columns("over-time", title.word(language), names, series)


def _over_time(sections: Sections, measure: str) -> list[int]:
    return [int(one) for one in sections["dimension_time"][measure]]
