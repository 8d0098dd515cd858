"""The plain-text part of a letter, made from its HTML."""

import re
from html.parser import HTMLParser
from typing import Final


class TextMaker(HTMLParser):
    """Makes the plain-text part from a letter's HTML, and notes the elements it contains."""

    BREAKS: Final = frozenset({"p", "h1", "h2", "ul", "section", "table", "tr", "li", "div", "header", "footer"})
    HIDDEN: Final = frozenset({"style", "head", "title"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: set[str] = set()
        self._parts: list[str] = []
        self._hidden = 0

    @classmethod
    def parse(cls, source: str) -> "TextMaker":
        """Read a whole document."""
        maker = cls()
        maker.feed(source)
        maker.close()
        return maker

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line where the tag does; note a required element."""
        self.elements.update(value for name, value in attrs if name == "data-element" and value)
        if tag in self.HIDDEN:
            self._hidden += 1
        elif tag == "br" or tag in self.BREAKS:
            self._parts.append("\n")
        if tag == "li":
            self._parts.append("· ")
        if tag == "td" and self._parts and not self._parts[-1].endswith("\n"):
            self._parts.append("\t")

    def handle_endtag(self, tag: str) -> None:
        """End a line; a paragraph is followed by an empty one."""
        if tag in self.HIDDEN:
            self._hidden -= 1
        elif tag in ("p", "h1", "h2", "ul", "table"):
            self._parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        """Keep visible text; runs of what HTML calls white space are one space."""
        shown = re.sub(r"[ \t\n\r\f]+", " ", data)
        if not self._parts or self._parts[-1][-1] in "\n\t ":
            shown = shown.removeprefix(" ")
        if shown and not self._hidden:
            self._parts.append(shown)

    @property
    def text(self) -> str:
        """The plain text, at most one empty line between paragraphs."""
        lines: list[str] = []
        for line in "".join(self._parts).split("\n"):
            stripped = line.strip()
            if stripped or (lines and lines[-1]):
                lines.append(stripped)
        return "\n".join(lines).strip() + "\n"
