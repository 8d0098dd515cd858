"""Text as it was typed: lines that a mail program broke for transport are joined again (RFC 3676)."""

from typing import Final

SIGNATURE: Final = "-- "


def unflow(text: str, *, delete_space: bool = False) -> str:
    r"""Join the lines of a text sent as ``format=flowed``.

    Args:
        text: The text with its lines ending in ``\n``.
        delete_space: ``delsp=yes``: the blank that ends a line was added (as for Chinese, which has none).
    """
    paragraphs: list[tuple[int, list[str]]] = []
    goes_on = False
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        words = line[depth:].removeprefix(" ")
        flows = words.endswith(" ") and words != SIGNATURE
        kept = words[:-1] if flows and delete_space else words
        if goes_on and paragraphs[-1][0] == depth and words != SIGNATURE:
            paragraphs[-1][1].append(kept)
        else:
            paragraphs.append((depth, [kept]))
        goes_on = flows
    return "\n".join("> " * min(depth, 20) + "".join(words) for depth, words in paragraphs)
