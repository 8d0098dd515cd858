"""An event log as OCEL 2.0 in JSON: events that are about cases, letters, clocks and handlers.

The format is one JSON object that holds all events and all objects. Events are written at once; objects wait in a
second file until the events are over, so that memory does not grow with the number of cases.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from complaints.reporting.event_log.activities import ACTIVITIES, FACTS, activity
from complaints.reporting.event_log.traces import ATTRIBUTES, SYSTEM, Event, Trace

CASE, LETTER, CLOCK, HANDLER = "case", "letter", "clock", "handler"
_BEGINNING: Final = "1970-01-01T00:00:00Z"
_TYPES: Final = {
    "history": "boolean",
    "wait": "boolean",
    "late": "boolean",
    "capped": "boolean",
    "uncertain": "boolean",
}
_TYPES_OF_NUMBERS: Final = {"round": "integer", "percent": "integer"}
_OBJECT_ATTRIBUTES: Final[dict[str, tuple[str, ...]]] = {
    CASE: ATTRIBUTES,
    LETTER: ("letter", "round"),
    CLOCK: ("clock", "nature"),
    HANDLER: ("is_system",),
}


def write_ocel(out: TextIO, spool: TextIO, traces: Iterable[Trace]) -> tuple[int, int]:
    """Write an event log; return how many cases and events it holds.

    Args:
        out: Where to, UTF-8.
        spool: A file of the moment, open to write and read, in which objects wait.
        traces: The cases; each is written and forgotten before the next is asked for.
    """
    out.write('{"objectTypes": ' + json.dumps(_object_types()))
    out.write(',\n"eventTypes": ' + json.dumps(_event_types(), ensure_ascii=False))
    out.write(',\n"events": [')
    cases = events = 0
    between = "\n"
    handlers: set[str] = set()
    mentioned: set[str] = set()  # other cases, of which the log may hold nothing else
    for trace in traces:
        for event in trace.events:
            out.write(between + _dumped(_event(trace, event)))
            between = ",\n"
            handlers.add(event.by)
            mentioned |= {event.other} if event.other else set()
        for one in _objects(trace):
            spool.write(_dumped(one) + "\n")
        cases, events = cases + 1, events + len(trace.events)
    out.write('\n],\n"objects": [')
    spool.seek(0)
    between = "\n"
    for line in spool:
        mentioned.discard(json.loads(line)["id"])
        out.write(between + line.rstrip("\n"))
        between = ",\n"
    rest = [_object(one, HANDLER, {"is_system": one == SYSTEM}, _BEGINNING) for one in sorted(handlers)]
    rest += [_object(one, CASE, {}, _BEGINNING) for one in sorted(mentioned)]
    for one in rest:
        out.write(between + _dumped(one))
        between = ",\n"
    out.write("\n]}\n")
    return cases, events


def _dumped(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _object_types() -> list[dict[str, Any]]:
    return [{"name": name, "attributes": _declared(names)} for name, names in _OBJECT_ATTRIBUTES.items()]


def _event_types() -> list[dict[str, Any]]:
    said = ("activity_zh", "activity_en", "department")
    return [
        {"name": kind, "attributes": _declared(dict.fromkeys((*said, *FACTS.get(kind, ()))))} for kind in ACTIVITIES
    ]


def _declared(names: Iterable[str]) -> list[dict[str, str]]:
    kinds = _TYPES | _TYPES_OF_NUMBERS | {"is_system": "boolean"}
    return [{"name": name, "type": kinds.get(name, "string")} for name in names]


def _event(trace: Trace, event: Event) -> dict[str, Any]:
    words = activity(event.kind)
    said = {"activity_zh": words.zh, "activity_en": words.en, "department": event.department} | event.facts
    return {
        "id": event.id,
        "type": event.kind,
        "time": _time(event.at),
        "attributes": [{"name": name, "value": _text(value)} for name, value in said.items() if value != ""],
        "relationships": [{"objectId": one, "qualifier": how} for one, how in _relations(trace, event)],
    }


def _relations(trace: Trace, event: Event) -> Iterator[tuple[str, str]]:
    yield trace.id, "of case"
    yield event.by, "done by"
    if (letter := _letter(trace, event)) is not None:
        yield letter, "about letter"
    if "clock" in event.facts:
        yield _clock(trace, event), "about clock"
    if event.other and event.kind == "merged":
        yield event.other, "into case"
    elif event.other:
        yield event.other, "about case"


def _objects(trace: Trace) -> Iterator[dict[str, Any]]:
    """Yield the case, its letters and its clocks."""
    began = _time(trace.events[0].at) if trace.events else _BEGINNING
    parts: dict[str, dict[str, Any]] = {}
    related: dict[str, str] = {}
    for event in trace.events:
        if (letter := _letter(trace, event)) is not None and letter not in parts:
            said = {"letter": event.facts["letter"], "round": event.facts.get("round", 1)}
            parts[letter] = _object(letter, LETTER, said, _time(event.at))
            related[letter] = "has letter"
        if "clock" in event.facts and (clock := _clock(trace, event)) not in parts:
            said = {name: event.facts[name] for name in ("clock", "nature") if event.facts.get(name)}
            parts[clock] = _object(clock, CLOCK, said, _time(event.at))
            related[clock] = "has clock"
    relationships = [{"objectId": one, "qualifier": how} for one, how in related.items()]
    yield _object(trace.id, CASE, trace.attributes, began) | {"relationships": relationships}
    yield from parts.values()


def _letter(trace: Trace, event: Event) -> str | None:
    if "letter" not in event.facts:
        return None
    return f"{trace.id}/letter/{event.facts['letter']}/{event.facts.get('round', 1)}"


def _clock(trace: Trace, event: Event) -> str:
    return f"{trace.id}/clock/{event.facts['clock']}"


def _object(name: str, sort: str, attributes: dict[str, Any], at: str) -> dict[str, Any]:
    said = [{"name": key, "value": _text(value), "time": at} for key, value in attributes.items()]
    return {"id": name, "type": sort, "attributes": said, "relationships": []}


def _text(value: str | int | bool) -> str:
    """Return a value as text, as the format's schema has every value."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
