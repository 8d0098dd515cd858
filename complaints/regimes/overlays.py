"""Packs laid over one another: how they are put together, and what a firm may not loosen."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from complaints.deadlines import Unit
from complaints.errors.settings import RuleFileInvalid
from complaints.regimes.model import ANY_CASE, ClockRule, ExtensionRule, Nature, Pack
from complaints.rulefile import line_of

Location = tuple[str | int, ...]

FACTS: Final = ("clocks", "suspensions", "paths", "letters", "contacts", "reports", "retention", "provisions")
"""The lists of a pack whose entries are facts."""

LISTS: Final = ("circumstances", "events", *FACTS)
"""The lists of a pack whose entries have names."""


def overlaid(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a pack with another laid over it.

    Tables of a list are matched by ``name`` (sources by ``id``) and merged field by field; new ones are added; a list
    whose tables have no name, such as the ladders, takes the place of the other. ``remove`` names those to leave out,
    such as ``remove = { clocks = ["follow-up"] }``.
    """
    result = {**base, **{key: value for key, value in over.items() if key != "remove"}}
    for key, value in over.items():
        below = base.get(key)
        if isinstance(below, list) and _is_named(below) and _is_named(value):
            result[key] = _merged(below, value)
        elif isinstance(value, dict) and isinstance(below, dict):
            result[key] = {**below, **value}
    for key, names in over.get("remove", {}).items():
        result[key] = [one for one in result.get(key, ()) if name_of(one) not in names]
    return result


def name_of(one: Any) -> object:
    """Return the name of a table of a list, or None where it has none."""
    return one.get("name", one.get("id")) if isinstance(one, Mapping) else None


def _is_named(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name_of(one), str) for one in value)


def _merged(base: Sequence[Mapping[str, Any]], over: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return two lists of named tables as one; what is named twice in the upper list stays twice, to be found."""
    changes = {name_of(one): one for one in reversed(over)}
    below = [{**one, **changes.get(name_of(one), {})} for one in base]
    known, placed = {name_of(one) for one in base}, set()
    for one in over:
        name = name_of(one)
        if name not in known or name in placed:
            below.append(dict(one))
        placed.add(name)
    return list(below)


def refuse_unknown_removals(base: Mapping[str, Any], over: Mapping[str, Any], text: str, where: str) -> None:
    """Refuse an overlay that leaves out what is not there.

    Raises:
        RuleFileInvalid: with the line.
    """
    remove = over.get("remove", {})
    if not isinstance(remove, Mapping) or not all(isinstance(names, list) for names in remove.values()):
        reason = 'write it as remove = { clocks = ["follow-up"] }'
        raise RuleFileInvalid(where, line_of(text, ("remove",)), "remove", reason)
    for key, names in remove.items():
        known = [name_of(one) for one in base.get(key, ())] if key in (*LISTS, "sources") else []
        for name in names:
            if name not in known:
                reason = f"'{name}' is not there, so it cannot be left out"
                raise RuleFileInvalid(where, line_of(text, ("remove", key)), f"remove.{key}", reason)


def loosened(pack: Pack, base: Pack) -> Iterator[tuple[Location, str]]:
    """A firm may be stricter than what is known to be the rule, not laxer."""
    rules = {rule.name: (position, rule) for position, rule in enumerate(pack.clocks)}
    for known in base.clocks:
        if known.nature is not Nature.DUTY or known.to_verify:
            continue
        if known.name not in rules:
            yield ("remove", "clocks"), f"'{known.name}' is a duty of {known.article.en}; keep it"
            continue
        position, rule = rules[known.name]
        yield from _laxer(rule, known, ("clocks", position))
        if rule.named_date and not known.named_date:
            yield ("clocks", position, "named_date"), f"an authority cannot lengthen {known.article.en}; leave it out"


def _laxer(rule: ClockRule, known: ClockRule, here: Location) -> Iterator[tuple[Location, str]]:
    article = known.article.en
    if rule.nature is not Nature.DUTY:
        yield (*here, "nature"), f"it is a duty of {article}; keep it one"
    if _may_be_longer((rule.budget, rule.unit), (known.budget, known.unit)):
        given, limit = f"{rule.budget} {rule.unit}", f"{known.budget} {known.unit}"
        yield (*here, "budget"), f"{given} may be longer than the {limit} of {article}; keep to it"
    if rule.starts != known.starts:
        yield (*here, "starts"), f"{article} counts from '{known.starts}'; keep to it"
    if added := set(rule.ends) - set(known.ends):
        yield (*here, "ends"), f"'{min(added)}' does not do the duty of {article}; leave it out"
    if rule.when not in (known.when, ANY_CASE):
        yield (*here, "when"), f"{article} applies to other cases, too; leave it as it is"
    yield from _laxer_pauses(rule, known, here)
    for position, tier in enumerate(rule.extensions):
        if _is_laxer_tier(tier, rule, known):
            yield (*here, "extensions", position), f"{article} allows no such extension ('{tier.name}'); keep to it"


def _laxer_pauses(rule: ClockRule, known: ClockRule, here: Location) -> Iterator[tuple[Location, str]]:
    article = known.article.en
    for position, pause in enumerate(rule.pauses):
        allowed = known.pause(pause.name)
        if allowed is None:
            yield (*here, "pauses", position), f"{article} allows no such pause ('{pause.name}'); leave it out"
        elif dropped := set(allowed.ends) - set(pause.ends):
            yield (*here, "pauses", position), f"'{min(dropped)}' ends the pause of {article}; keep it"


def _is_laxer_tier(tier: ExtensionRule, rule: ClockRule, known: ClockRule) -> bool:
    allowed = known.extension(tier.name)
    if allowed is None or tier.total is not allowed.total:
        return True
    if allowed.budget is None:
        return False
    unit, limit = tier.unit or rule.unit, allowed.unit or known.unit
    return tier.budget is None or _may_be_longer((tier.budget, unit), (allowed.budget, limit))


_DAYS: Final[Mapping[Unit, tuple[float, float]]] = {
    Unit.HOURS: (1 / 24, 1 / 24),
    Unit.CALENDAR_DAYS: (1, 1),
    Unit.WORKING_DAYS: (1, float("inf")),
    Unit.WORKING_MINUTES: (1 / 1440, float("inf")),
    Unit.WEEKS: (7, 7),
    Unit.MONTHS: (28, 31),
}
"""How many calendar days a unit has at least and at most; a holiday may last for ever, as far as we know."""


def _may_be_longer(given: tuple[int, Unit], limit: tuple[int, Unit]) -> bool:
    """Whether a budget may end later than another."""
    (value, unit), (most, known) = given, limit
    if unit is known:
        return value > most
    rest_of_the_last_day = unit.ends_with_a_day and not known.ends_with_a_day
    return value * _DAYS[unit][1] + rest_of_the_last_day > most * _DAYS[known][0]
