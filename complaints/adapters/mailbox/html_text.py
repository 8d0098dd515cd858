"""A mail's HTML as text: what a reader would see, with the targets of links; nothing is fetched or run."""

import html
import re
from collections import Counter
from typing import Final

from complaints.adapters.mailbox.charsets import clean

LARGEST: Final = 1_000_000
"""Characters of HTML that are read; programs wrap a page of words in a hundred times as much markup."""

_TAG: Final = re.compile(
    r"</?([A-Za-z][A-Za-z0-9:-]{0,30})((?:[^<>\"']|\"[^\"<>]{0,20000}\"|'[^'<>]{0,20000}'){0,4000})/?>"
)
_ATTRIBUTE: Final = re.compile(r"([A-Za-z-]{1,40})\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_HIDING: Final = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d]*[1-9])|mso-hide\s*:\s*all|opacity\s*:\s*0(?![.\d])",
    re.IGNORECASE,
)
_DROPPED: Final = frozenset(
    {"script", "style", "head", "title", "template", "noscript", "iframe", "object", "svg", "select"}
)
_VOID: Final = frozenset({"br", "hr", "img", "input", "meta", "link", "col", "area", "base", "wbr", "source", "embed"})
_LINES: Final = frozenset({"div", "tr", "li", "dt", "dd", "address", "center", "caption", "option"})
_PARAGRAPHS: Final = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "pre", "section", "blockquote"}
)
DEEPEST: Final = 1000
"""Open tags that are remembered; deeper ones are read as if they stood side by side."""


def text_of_html(source: str) -> str:
    """Return the visible text of an HTML mail, at most one empty line between paragraphs."""
    return _Reader().read(clean(source[:LARGEST]))


class _Reader:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self.open: list[tuple[str, bool, str]] = []  # tag, whether it hides, where a link leads
        self.named: Counter[str] = Counter()  # the same tags, counted: an end without a beginning is found at once
        self.hidden = 0

    def read(self, source: str) -> str:
        at = 0
        while (start := source.find("<", at)) >= 0:
            self._say(source[at:start])
            at = self._markup(source, start)
        self._say(source[at:])
        return _tidy("".join(self.parts))

    def _markup(self, source: str, start: int) -> int:
        """Read the markup that begins at ``start``; return where it ends."""
        for opens, closes in (("<!--", "-->"), ("<!", ">"), ("<?", ">")):
            if source.startswith(opens, start):
                end = source.find(closes, start)
                return end + len(closes) if end >= 0 else len(source)
        tag = _TAG.match(source, start)
        if tag is None:
            self._say("<")
            return start + 1
        name = tag[1].casefold()
        if source.startswith("</", start):
            self._close(name)
        else:
            self._open(name, tag[2])
            if name in ("script", "style") and not tag[0].endswith("/>"):
                return self._after(name, source, tag.end())
        return tag.end()

    def _after(self, name: str, source: str, start: int) -> int:
        """Skip what is no HTML; a script that never ends hides the rest."""
        end = re.compile(f"</{name}", re.IGNORECASE).search(source, start)
        return end.start() if end else len(source)

    def _open(self, name: str, raw: str) -> None:
        attributes = {one[0].casefold(): html.unescape(one[1] or one[2] or one[3]) for one in _ATTRIBUTE.findall(raw)}
        self._break(name)
        if name == "li":
            self._say("· ")
        if name == "td" and self.parts and not self.parts[-1].endswith("\n"):
            self.parts.append("" if self.hidden else "\t")
        if name == "img" and (alt := attributes.get("alt", "").strip()):
            self._say(f"[{alt[:200]}]", raw=True)
        if name in _VOID or len(self.open) >= DEEPEST:
            return
        words = re.sub(r"\"[^\"]*\"|'[^']*'", "", raw).casefold().split()
        hides = name in _DROPPED or "hidden" in words or bool(_HIDING.search(attributes.get("style", "")))
        self.open.append((name, hides, attributes.get("href", "") if name == "a" else ""))
        self.named[name] += 1
        self.hidden += hides

    def _close(self, name: str) -> None:
        tag = ""
        while self.named[name] and tag != name:
            tag, hides, target = self.open.pop()
            self.named[tag] -= 1
            if tag == "a":
                self._point(target)
            self.hidden -= hides
            self._break(tag)

    def _point(self, target: str) -> None:
        """Say where a link leads, unless its words are that already."""
        address = target.strip()
        kind = address.partition(":")[0].casefold()
        shown = "".join(self.parts[-3:])
        if kind in ("http", "https", "mailto", "ftp", "tel") and address.partition(":")[2].strip("/") not in shown:
            self._say(f" <{address[:2000]}>", raw=True)

    def _break(self, name: str) -> None:
        at_start = not self.parts or self.parts[-1].endswith("\n")
        if self.hidden:
            return
        if name in ("br", "hr") or (name in _LINES and not at_start):
            self.parts.append("\n")
        elif name in _PARAGRAPHS:
            self.parts.append("\n\n")

    def _say(self, text: str, *, raw: bool = False) -> None:
        """Keep what is visible; runs of what HTML calls white space are one space."""
        if text and not self.hidden:
            shown = re.sub(r"[ \t\n\r\f]+", " ", text)
            self.parts.append(shown if raw else html.unescape(shown))


def _tidy(text: str) -> str:
    lines: list[str] = []
    for line in clean(text).replace("\xa0", " ").replace("\u200b", "").split("\n"):
        stripped = re.sub(r" {2,}", " ", line).strip(" ")
        if stripped.strip() or (lines and lines[-1]):
            lines.append(stripped.rstrip() if stripped.strip() else "")
    return "\n".join(lines).strip()
