"""The words of the complainants' pages: all there, in both languages, and none for nothing."""

import re
from pathlib import Path
from string import Formatter

import pytest

from complaints.words import EN, LANGUAGES, ZH
from deployments.pages.words import WORDS, speaker

ROOT = Path(__file__).parents[2]
SOURCES = [*(ROOT / "deployments/pages").glob("*.py"), *(ROOT / "templates/pages").glob("*.html")]
MADE_UP = ("kind_", "party_", "survey_", "done_", "wrong_")
"""Names that are put together from a field and a choice."""


def placeholders(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("name", WORDS)
def test_both_languages_say_the_same(name: str) -> None:
    both = WORDS[name]

    assert placeholders(both.zh) == placeholders(both.en)
    assert re.search(r"[\u4e00-\u9fff]", both.zh)
    assert not re.search(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]", both.en)


@pytest.mark.parametrize("name", [name for name in WORDS if not name.startswith(MADE_UP)])
def test_no_words_are_kept_for_nothing(name: str) -> None:
    assert any(f'"{name}"' in one.read_text(encoding="utf-8") for one in SOURCES if one.name != "words.py")


def test_templates_hold_no_words_of_their_own() -> None:
    for template in (ROOT / "templates/pages").glob("*.html"):
        assert not re.search(r"[\u4e00-\u9fff]", template.read_text(encoding="utf-8").replace("中文", ""))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_stands_in_braces_is_filled_in(language: str) -> None:
    assert "021" in speaker(language)("nothing_here", telephone="021")
    assert speaker(ZH)("send") == "提交"
    assert speaker(EN)("send") == "Send"
