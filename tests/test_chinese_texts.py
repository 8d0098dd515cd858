"""Chinese that a person reads has Chinese punctuation: 「，。：；（）」, never 「,」 or 「(」 beside a character."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PACKAGES = ("complaints", "deployments", "flows", "tasks", "templates")
HALF_WIDTH = re.compile(r"[一-鿿》）、，。；：！？][,;:!?()]|[,;:!?()][一-鿿《（【]")
ENGLISH = re.compile(r"\b(a|an|and|are|for|in|is|of|see|the|to)\b", re.IGNORECASE)
"""A sentence with one of these is English, and may quote Chinese in its own brackets."""
PATTERN = re.compile(r"\(\?|\\[dsw]|\[\^|\.encode\(")
"""What is looked for in the texts of others, and code."""
LEFT_AS_IT_IS = re.compile(r"\([0-9A-Za-z]+\)|\[[^\]\"']*\]")
"""A law is quoted as it numbers itself (第1034(b)条), and a list of JSON as JSON writes it."""
JINJA = re.compile(r"\{%.*?%\}|\{\{.*?\}\}")


def wrong(text: str) -> list[str]:
    """Return the Chinese parts of a text that have half-width punctuation."""
    if PATTERN.search(text):
        return []
    parts = (part.strip() for line in text.splitlines() for part in line.split(" · "))
    return [part for part in parts if HALF_WIDTH.search(LEFT_AS_IT_IS.sub("", part)) and not is_english(part)]


def is_english(part: str) -> bool:
    return bool(ENGLISH.search(JINJA.sub("", part)))


def strings(file: Path) -> Iterator[str]:
    """Yield every text in a file of a package."""
    content = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        for node in ast.walk(ast.parse(content)):
            if isinstance(node, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "_" for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
    elif file.suffix == ".toml":
        yield from leaves(tomllib.loads(content))
    elif file.suffix in (".yaml", ".yml"):
        yield from leaves(yaml.safe_load(content))
    else:
        yield content


def leaves(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        node = [*node, *node.values()]
    if isinstance(node, list):
        for one in node:
            yield from leaves(one)
    elif isinstance(node, str):
        yield node


KINDS = {".py", ".toml", ".yaml", ".yml", ".html", ".j2", ".txt", ".typ", ".json"}
FILES = [
    pytest.param(file, id=str(file.relative_to(ROOT)))
    for package in PACKAGES
    for file in sorted((ROOT / package).rglob("*"))
    if file.suffix in KINDS and re.search("[一-鿿]", file.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("file", FILES)
def test_chinese_has_chinese_punctuation(file: Path) -> None:
    assert [part for text in strings(file) for part in wrong(text)] == []


@pytest.mark.parametrize(
    ("text", "is_wrong"),
    [
        ("办理时限已过,请处理", True),
        ("核实情况(写入告知书) · what was verified (goes into the letter)", True),
        ("（一）:", True),
        ("核实情况（写入告知书） · what was verified (goes into the letter)", False),
        ("多德-弗兰克法第1034(b)条；公司平台手册", False),
        ("an authorisation code (授权码) made for IMAP", False),
        (r"(?:自动回复|自动答复)", False),
    ],
)
def test_what_counts_as_wrong(text: str, is_wrong: bool) -> None:
    assert bool(wrong(text)) == is_wrong
