"""Charts as inline SVG: told apart by lightness and outline, so that grey print shows them as well as a screen.

Each has a title and a description for those who cannot see it; the table beside it has every number.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from markupsafe import Markup

DARK: Final = "#2f4b66"
MIDDLE: Final = "#93a9bf"
LIGHT: Final = "#dbe3eb"
_INK: Final = "#1c1c1c"
_WIDTH: Final = 640
_LINE: Final = 26  # half-width characters of a label that takes two lines
_LONGEST: Final = 340  # beside the longest bar there is room for a number of ten digits
_FAMILY: Final = "Noto Sans CJK SC, Source Han Sans SC, sans-serif"  # for paper; on a screen that of the page counts


class Bar(NamedTuple):
    """A bar: what it stands for, how long it is, and how much of it is dark."""

    label: str
    value: int
    dark: int


class Series(NamedTuple):
    """One column of every group: its name, its shade, and a value for each group, or None."""

    name: str
    shade: str
    values: Sequence[int | None]


class Day(NamedTuple):
    """A day of a warning's chart: what came in, what was expected, and within what band it usually lies."""

    label: str
    observed: int
    lower: int | None
    upper: int | None
    gap: bool


def bars(name: str, title: str, rows: Sequence[Bar], dark: str, light: str) -> Markup:
    """Return horizontal bars, one a row.

    Args:
        name: For the ids; once on a page.
        title: What is shown.
        rows: From above; the chart is as high as they need.
        dark: What the dark part of a bar stands for.
        light: What the rest of it stands for.
    """
    most = max((row.value for row in rows), default=0) or 1
    foot = len(rows) * 26 + 8
    said = "; ".join(f"{row.label}: {row.value:,} ({dark} {row.dark:,})" for row in rows)
    parts = []
    for place, row in enumerate(rows):
        y, width, part = place * 26 + 4, row.value / most * _LONGEST, row.dark / most * _LONGEST
        parts += [
            *_label(192, y, row.label),
            _box(200, y + 2, width, 17, LIGHT),
            _box(200, y + 2, part, 17, DARK),
            _text(208 + width, y + 15, f"{row.value:,}"),
        ]
    parts += [_line(200, 2, 200, foot - 4), *_legend(foot + 4, 200, ((dark, DARK), (light, LIGHT)))]
    return _svg(name, title, said, foot + 26, parts)


def columns(name: str, title: str, groups: Sequence[str], series: Sequence[Series]) -> Markup:
    """Return upright columns, those of a group side by side.

    Args:
        name: For the ids; once on a page.
        title: What is shown.
        groups: Their labels, from the left; a dozen at most.
        series: Columns of a group, from the left; three at most.
    """
    most = max((value for one in series for value in one.values if value), default=0) or 1
    step = _WIDTH / max(len(groups), 1)
    width = min(34.0, step * 0.8 / len(series))
    parts, said = [], []
    for place, group in enumerate(groups):
        middle = (place + 0.5) * step
        begins = middle - width * len(series) / 2
        for number, one in enumerate(series):
            if (value := one.values[place]) is None:
                continue
            height, x = value / most * 128, begins + number * width
            parts += [_box(x, 150 - height, width, height, one.shade)]
            said.append(f"{group} {one.name}: {value:,}")
            if number == 0 or len(f"{value:,}") * 6.5 <= width:  # else it would run into its neighbour's
                parts += [_text(x + width / 2, 145 - height, f"{value:,}", "middle", 11)]
        parts += [_text(middle, 167, short(group, int(step / 5.6)), "middle", 11)]
    parts += [_line(0, 150, _WIDTH, 150), *_legend(182, 4, [(one.name, one.shade) for one in series])]
    return _svg(name, title, "; ".join(said), 206, parts)


def band(name: str, title: str, days: Sequence[Day], words: tuple[str, str, str]) -> Markup:
    """Return the days of a warning: a column each, before the band in which it usually lies; a gap has a cross.

    Its title is shown, as several of them stand under one heading.

    Args:
        name: For the ids; once on a page.
        title: What is shown.
        days: From the left.
        words: What the columns, the band and the crosses stand for.
    """
    most = max((max(day.observed, day.upper or 0) for day in days), default=0) or 1
    step = 600 / max(len(days), 1)
    parts: list[Markup] = []
    for place, day in enumerate(days):
        x = 36 + place * step
        if day.lower is not None and day.upper is not None:
            high, low = 110 - day.upper / most * 100, 110 - day.lower / most * 100
            parts.append(_box(x, high, step, low - high, LIGHT, outline=False))
        if day.gap:
            parts.append(_text(x + step / 2, 108, "×", "middle", 11))
        else:
            height = day.observed / most * 100
            parts.append(_box(x + step * 0.25, 110 - height, step * 0.5, height, DARK, outline=False))
    told = [day for day in days if not day.gap and day.upper is not None and day.observed > day.upper]
    said = "; ".join([f"{day.label}: {day.observed:,} > {day.upper:,}" for day in told]) or f"{len(days)}"
    parts += [_line(36, 110, 636, 110), _text(32, 18, f"{most:,}", "end", 11), _text(32, 113, "0", "end", 11)]
    every = max(-(-len(days) // 6), 1)  # six days have their date below them
    for place, day in enumerate(days[::every]):
        x = round(36 + (place * every + 0.5) * step, 1)
        parts += [_line(x, 110, x, 114), _text(x, 127, day.label[-5:], "middle", 11)]
    parts += [*_legend(136, 36, ((words[0], DARK), (words[1], LIGHT)))]
    parts += [_text(436, 147, f"× {words[2]}", size=12)] if any(day.gap for day in days) else []
    return _svg(name, title, said, 158, parts, caption=title)


def short(label: str, width: int = 24) -> str:
    """Return a label cut to what a chart has room for, in half-width characters."""
    if _width(label) <= width:
        return label
    return label[: _fitting(label, width - 1)].rstrip() + "…"


def _width(label: str) -> int:
    """Return how wide a label is, in half-width characters."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in label)


def _fitting(label: str, width: int) -> int:
    """Return how many characters of a label have room."""
    return sum(1 for end in range(1, len(label) + 1) if _width(label[:end]) <= width)


def _label(x: float, y: float, label: str) -> list[Markup]:
    """Return the label of a bar: one line or, in smaller letters, two, parted between words where there are any."""
    if short(label) == label:
        return [_text(x, y + 15, label, "end")]
    fits = _fitting(label, _LINE)
    blank = label.rfind(" ", 0, fits + 1)
    ends = blank if blank > 0 else fits
    rest = short(label[ends:].lstrip(), _LINE)
    return [_text(x, y + 9, label[:ends], "end", 11), _text(x, y + 21, rest, "end", 11)]


def _svg(name: str, title: str, said: str, height: int, parts: Iterable[Markup], caption: str = "") -> Markup:
    return Markup(
        '<figure tabindex="0">{}'  # on a telephone it is wider than the window, and the keyboard can move it
        '<svg viewBox="0 0 {} {}" role="img" aria-labelledby="{}-title {}-desc" font-family="{}">'
        '<title id="{}-title">{}</title><desc id="{}-desc">{}.</desc>{}</svg></figure>'
    ).format(
        Markup("<figcaption>{}</figcaption>").format(caption) if caption else "",
        *(_WIDTH, height, name, name, _FAMILY, name, title, name, said),
        Markup("").join(parts),
    )


def _legend(y: float, x: float, words: Iterable[tuple[str, str]]) -> list[Markup]:
    parts = []
    for word, shade in words:
        parts += [_box(x, y, 12, 12, shade), _text(x + 18, y + 11, word, size=12)]
        x += 200
    return parts


def _text(x: float, y: float, words: str, anchor: str = "start", size: int = 13) -> Markup:
    shape = Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}" font-size="{}" fill="{}">{}</text>')
    return shape.format(x, y, anchor, size, _INK, words)


def _box(x: float, y: float, width: float, height: float, shade: str, *, outline: bool = True) -> Markup:
    edge = f' stroke="{DARK}" stroke-width="1"' if outline else ""
    return Markup(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{shade}"{edge}/>')


def _line(x1: float, y1: float, x2: float, y2: float) -> Markup:
    return Markup(f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{_INK}" stroke-width="1"/>')
