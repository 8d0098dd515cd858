"""An event log as XES (IEEE 1849-2016): one trace a case, written trace by trace.

The activity of an event (``concept:name``) is the act's name in the ledger; what people call it stands beside it in
Chinese and English, and a classifier for each lets a tool show either.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final, TextIO
from xml.sax.saxutils import quoteattr

from complaints.reporting.event_log.activities import activity
from complaints.reporting.event_log.traces import Event, Trace

_HEAD: Final = """\
<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849.2016" xes.features="">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
  <extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
  <extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
  <global scope="trace">
    <string key="concept:name" value=""/>
  </global>
  <global scope="event">
    <string key="concept:name" value=""/>
    <string key="activity_zh" value=""/>
    <string key="activity_en" value=""/>
    <string key="lifecycle:transition" value="complete"/>
    <string key="org:resource" value="redress"/>
    <date key="time:timestamp" value="1970-01-01T00:00:00.000+00:00"/>
  </global>
  <classifier name="Activity" scope="event" keys="concept:name"/>
  <classifier name="ActivityChinese" scope="event" keys="activity_zh"/>
  <classifier name="ActivityEnglish" scope="event" keys="activity_en"/>
  <classifier name="Resource" scope="event" keys="org:resource"/>
  <string key="concept:name" value="Redress"/>
  <string key="lifecycle:model" value="standard"/>
"""
_FORBIDDEN: Final = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)])


def write_xes(out: TextIO, traces: Iterable[Trace]) -> tuple[int, int]:
    """Write an event log; return how many traces and events it holds.

    Args:
        out: Where to, UTF-8.
        traces: The cases; each is written and forgotten before the next is asked for.
    """
    out.write(_HEAD)
    cases = events = 0
    for trace in traces:
        out.write("".join(_trace(trace)))
        cases, events = cases + 1, events + len(trace.events)
    out.write("</log>\n")
    return cases, events


def _trace(trace: Trace) -> Iterator[str]:
    yield "  <trace>\n"
    yield _attribute("concept:name", trace.id, "    ")
    for name, value in trace.attributes.items():
        yield _attribute(name, value, "    ")
    for event in trace.events:
        yield "    <event>\n"
        yield from (_attribute(name, value, "      ") for name, value in _of_event(event))
        yield "    </event>\n"
    yield "  </trace>\n"


def _of_event(event: Event) -> Iterator[tuple[str, str | int | bool | datetime]]:
    words = activity(event.kind)
    yield "concept:name", event.kind
    yield "activity_zh", words.zh
    yield "activity_en", words.en
    yield "lifecycle:transition", "complete"
    yield "org:resource", event.by
    if event.department:
        yield "org:group", event.department
    yield "time:timestamp", event.at
    yield from ((name, value) for name, value in event.facts.items() if name != "department")
    if event.other:
        yield "other_case", event.other


def _attribute(key: str, value: str | int | bool | datetime, indent: str) -> str:
    match value:
        case bool():
            sort, text = "boolean", "true" if value else "false"
        case int():
            sort, text = "int", str(value)
        case datetime():
            sort, text = "date", value.astimezone(UTC).isoformat(timespec="milliseconds")
        case _:
            sort, text = "string", str(value).translate(_FORBIDDEN)  # what no XML may hold
    return f"{indent}<{sort} key={quoteattr(key)} value={quoteattr(text)}/>\n"
