"""Packs as files: read, laid over one another, and checked with the line of everything that is wrong."""

import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from pydantic import ValidationError

from complaints.acts import ACTS
from complaints.errors.settings import RuleFileInvalid, SettingError
from complaints.regimes.facts import Fact
from complaints.regimes.model import ClockRule, Condition, Nature, Pack
from complaints.regimes.overlays import FACTS, LISTS, Location, loosened, name_of, overlaid, refuse_unknown_removals
from complaints.rulefile import first_error, line_of


@dataclass(frozen=True)
class Finding:
    """Something in a pack that does not fit together."""

    line: int
    field: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.field}: {self.reason}"


# --- reading -------------------------------------------------------------------------------------


def read_pack(text: str, where: str, find: Callable[[str], Mapping[str, Any]] | None = None) -> Pack:
    """Read a pack; an overlay is laid over the pack it ``extends``.

    Args:
        text: The file's content.
        where: Its name, for the error.
        find: Returns the content of a pack by name, for overlays.

    Raises:
        RuleFileInvalid: the first thing that is wrong, with its line.
        SettingError: the pack it extends is not there.
    """
    content = parse(text, where)
    extends = content.get("extends")
    whole = content
    if isinstance(extends, str):
        base = (find or packaged_content)(extends)
        refuse_unknown_removals(base, content, text, where)
        whole = overlaid(base, content)
    try:
        return Pack.model_validate(whole)
    except ValidationError as wrong:
        raise _first_error(wrong, whole, content, text, where) from None


def parse(text: str, where: str) -> dict[str, Any]:
    """Read TOML.

    Raises:
        RuleFileInvalid: it is none.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        line = str(wrong).partition("line ")[2].partition(",")[0]
        raise RuleFileInvalid(where, int(line) if line.isdigit() else 0, "", str(wrong)) from None


def _first_error(
    wrong: ValidationError, whole: Mapping[str, Any], content: Mapping[str, Any], text: str, where: str
) -> RuleFileInvalid:
    """Return the first error, at its place in the file that was read."""
    error = first_error(wrong, text, where)
    location = tuple(int(part) if part.isdigit() else part for part in error.field.split("."))
    place = _in_file(location, {key: _names_of(whole.get(key)) for key in whole}, content)
    return RuleFileInvalid(where, line_of(text, place), error.field, error.reason)


def _names_of(value: object) -> list[object]:
    return [name_of(one) for one in value] if isinstance(value, list) else []


def _in_file(location: Location, names: Mapping[str, Sequence[object]], content: Mapping[str, Any]) -> Location:
    """Return where a field of a pack stands in the file it was read from, which may be an overlay.

    Args:
        location: The field, in the whole pack.
        names: The names of the whole pack's lists.
        content: What the file says.
    """
    if len(location) < 2 or not isinstance(location[1], int):
        return location
    key, position, rest = str(location[0]), location[1], location[2:]
    if key == "contacts" and rest:
        rest = rest[1:] if rest[0] in ("hours", "frequency", "cool_down", "third_person", "stop") else rest
    mine, name = _names_of(content.get(key)), names.get(key, ())[position : position + 1]
    if "extends" not in content or not name or name[0] is None:
        return (key, position, *rest)
    earlier = [one for one in names[key][:position] if one == name[0]]
    places = [number for number, one in enumerate(mine) if one == name[0]]
    return (key, places[len(earlier)], *rest) if len(earlier) < len(places) else ("extends",)


# --- checking ------------------------------------------------------------------------------------


def check(pack: Pack, text: str, base: Pack | None = None, calendars: Collection[str] | None = None) -> list[Finding]:
    """Return everything in a pack that does not fit together, in the order of its lines.

    Args:
        pack: The pack, overlays applied.
        text: The file it was read from, for the lines.
        base: The pack it is laid over.
        calendars: The names of all calendars; None: calendars are not looked at.
    """
    found = [*_names(pack), *_wording(pack), *_clocks(pack), *_references(pack)]
    if base:
        found += loosened(pack, base)
    if calendars is not None:
        found += _calendars(pack, calendars)
    names = {key: [name_of(one.model_dump(include={"name", "id"})) for one in getattr(pack, key)] for key in _ENTRIES}
    content = tomllib.loads(text)
    findings = [
        Finding(line_of(text, _in_file(where, names, content)), ".".join(map(str, where)), reason)
        for where, reason in found
    ]
    return sorted(findings, key=lambda one: one.line)


_ENTRIES: Final = (*LISTS, "sources", "ladders")


def facts_of(pack: Pack) -> Iterator[tuple[Location, Fact]]:
    """Yield every fact of a pack with its place, tiers and pauses included."""
    for key in FACTS:
        for position, one in enumerate(getattr(pack, key)):
            yield (key, position), one
            if isinstance(one, ClockRule):
                for field in ("extensions", "pauses"):
                    for number, below in enumerate(getattr(one, field)):
                        yield (key, position, field, number), below


def _names(pack: Pack) -> Iterator[tuple[Location, str]]:
    for key in LISTS:
        yield from _twice((key,), [one.name for one in getattr(pack, key)])
    yield from _twice(("sources",), [one.id for one in pack.sources], "id")
    for position, rule in enumerate(pack.clocks):
        yield from _twice(("clocks", position, "extensions"), [one.name for one in rule.extensions])
        yield from _twice(("clocks", position, "pauses"), [one.name for one in rule.pauses])
    for position, event in enumerate(pack.events):
        if event.name in ACTS:
            yield ("events", position, "name"), f"'{event.name}' is an act of the ledger already; choose another name"
    yield from _ladders(pack)
    if pack.valid_to and pack.valid_to < pack.valid_from:
        yield ("valid_to",), "lies before valid_from"


def _twice(place: Location, names: Sequence[str], field: str = "name") -> Iterator[tuple[Location, str]]:
    seen: set[str] = set()
    for position, name in enumerate(names):
        if name in seen:
            yield (*place, position, field), f"'{name}' is there twice"
        seen.add(name)


def _ladders(pack: Pack) -> Iterator[tuple[Location, str]]:
    seen: set[str] = set()
    for position, ladder in enumerate(pack.ladders):
        for severity in ladder.severities or ("all other severities",):
            if severity in seen:
                yield ("ladders", position), f"there is a ladder for {severity} before this one"
            seen.add(severity)


def _wording(pack: Pack) -> Iterator[tuple[Location, str]]:
    for place, fact in facts_of(pack):
        if not (fact.article.zh.strip() and fact.article.en.strip()):
            yield (*place, "article"), "name the article in both languages, or say that it is the firm's own standard"


def _clocks(pack: Pack) -> Iterator[tuple[Location, str]]:
    for position, rule in enumerate(pack.clocks):
        here = ("clocks", position)
        for field in ("starts", "ends", "restarts"):
            value = getattr(rule, field)
            for name in (value,) if isinstance(value, str) else value:
                yield from _moment(pack, name, (*here, field))
        if rule.nature is Nature.DUTY and not rule.ends:
            yield (*here, "ends"), "nothing ends this duty; name the act that does it"
        if rule.starts in rule.ends:
            yield (*here, "ends"), f"'{rule.starts}' cannot both start and end it"
        for number, pause in enumerate(rule.pauses):
            for name in pause.ends:
                yield from _moment(pack, name, (*here, "pauses", number, "ends"))
        yield from _conditions(pack, rule.when, (*here, "when"))
        yield from _tiers(pack, rule, here)


def _moment(pack: Pack, name: str, place: Location) -> Iterator[tuple[Location, str]]:
    if name not in ACTS and not pack.knows_event(name):
        yield place, f"'{name}' is no act and no event of this pack; declare it under [[events]]"


def _tiers(pack: Pack, rule: ClockRule, here: Location) -> Iterator[tuple[Location, str]]:
    known = {one.name for one in pack.circumstances}
    earlier: set[str] = set()
    for position, tier in enumerate(rule.extensions):
        place = (*here, "extensions", position)
        if tier.after and tier.after not in earlier:
            yield (*place, "after"), f"'{tier.after}' is no tier before this one"
        if tier.budget is None and not tier.by_date:
            yield (*place, "budget"), "say by how much, or by_date = true"
        if tier.total and tier.budget and tier.unit in (None, rule.unit) and tier.budget <= rule.budget:
            yield (*place, "budget"), f"{tier.budget} in all is no longer than the {rule.budget} of the rule"
        for name in tier.needs:
            if name not in known:
                yield (*place, "needs"), f"'{name}' is no circumstance of this pack"
        earlier.add(tier.name)


def _conditions(pack: Pack, condition: Condition, place: Location) -> Iterator[tuple[Location, str]]:
    known = {one.name for one in pack.circumstances}
    for name in (*condition.circumstances, *condition.without):
        if name not in known:
            yield place, f"'{name}' is no circumstance of this pack; declare it under [[circumstances]]"


def _references(pack: Pack) -> Iterator[tuple[Location, str]]:
    yield from _conditions(pack, pack.when, ("when",))
    for key in ("suspensions", "letters", "retention"):
        for position, one in enumerate(getattr(pack, key)):
            yield from _conditions(pack, one.when, (key, position, "when"))
    for position, kept in enumerate(pack.retention):
        yield from _moment(pack, kept.starts, ("retention", position, "starts"))
    yield from _suspensions(pack)
    yield from _paths(pack)
    sources = {source.id for source in pack.sources}
    for place, fact in facts_of(pack):
        for ref in fact.refs:
            if ref not in sources:
                yield (*place, "refs"), f"there is no source '{ref}'; declare it under [[sources]]"


def _suspensions(pack: Pack) -> Iterator[tuple[Location, str]]:
    clocks = {rule.name for rule in pack.clocks}
    for position, one in enumerate(pack.suspensions):
        for name in one.clocks:
            if name not in clocks:
                yield ("suspensions", position, "clocks"), f"there is no clock '{name}'"
        if one.ends < one.begins:
            yield ("suspensions", position, "ends"), "lies before it begins"
        if one.received_from and one.received_to and one.received_to < one.received_from:
            yield ("suspensions", position, "received_to"), "lies before received_from"


def _paths(pack: Pack) -> Iterator[tuple[Location, str]]:
    clocks, known = {rule.name for rule in pack.clocks}, {one.name for one in pack.circumstances}
    for position, path in enumerate(pack.paths):
        place = ("paths", position)
        yield from _moment(pack, path.on, (*place, "on"))
        for field, names in (("within", (path.within,)), ("replaces", path.replaces)):
            for name in names:
                if name not in clocks:
                    yield (*place, field), f"there is no clock '{name}'"
        for name in path.unless:
            if name not in known:
                yield (*place, "unless"), f"'{name}' is no circumstance of this pack"


def _calendars(pack: Pack, calendars: Collection[str]) -> Iterator[tuple[Location, str]]:
    if pack.calendar not in calendars:
        yield ("calendar",), f"there is no calendar '{pack.calendar}'"
    for position, rule in enumerate(pack.clocks):
        if rule.calendar and rule.calendar not in calendars:
            yield ("clocks", position, "calendar"), f"there is no calendar '{rule.calendar}'"


# --- what comes along ----------------------------------------------------------------------------

_FOLDER: Final = "packs"


@cache
def packaged_files() -> Mapping[str, str]:
    """Return the packaged packs' texts by file name."""
    folder = resources.files("complaints.regimes") / _FOLDER
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda one: one.name)
    return {entry.name: entry.read_text(encoding="utf-8") for entry in files}


@cache
def packaged() -> tuple[Pack, ...]:
    """Return every packaged pack, in every version."""
    return tuple(read_pack(text, name) for name, text in packaged_files().items())


def packaged_content(name: str) -> Mapping[str, Any]:
    """Return the content of the newest packaged version of a pack, for an overlay.

    Raises:
        SettingError: there is none.
    """
    fitting = [one for one in _contents() if one.get("name") == name]
    if not fitting:
        raise unknown_regime(name, {str(one.get("name")) for one in _contents()})
    return max(fitting, key=lambda one: one["valid_from"])


@cache
def _contents() -> tuple[Mapping[str, Any], ...]:
    return tuple(parse(text, file) for file, text in packaged_files().items())


def unknown_regime(name: str, known: set[str]) -> SettingError:
    """Return the error for a regime that nobody has heard of."""
    return SettingError("regime", f"there is no regime pack '{name}'", f"Choose one of: {', '.join(sorted(known))}")
