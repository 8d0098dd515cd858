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
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from complaints.calendars.files import ENGLISH, Day, english, read_calendar
from complaints.calendars.recipes import CHINESE, OBSERVED, RECIPES, Disagreement, Recipe
from complaints.words import Title

DATA: Final = Path(__file__).parent / "data"
HEAD: Final = "# Written by complaints.calendars.make: change that, not this."
VERSION: Final = "2026.1"  # another one with every change of the data
SINCE: Final = 2020
MEASURE: Final = "https://www.gov.cn/gongbao/2024/issue_11726/202411/content_6989774.html"

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
