"""What the operators of the benchmarks play: complaints, the rules they are under, and the answers they get."""

from collections.abc import Mapping
from typing import Any, Final

from complaints.answers import Question

ANSWERS: Final[Mapping[Question, Mapping[str, str]]] = {
    Question.FINDING: {"conclusion": "substantiated", "reasons": "核对了通话录音,情况属实。"},
    Question.DECISION: {"outcome": "upheld", "remedy": "apology", "reasons": "催收人员用语不当。"},
    Question.FOLLOW_UP: {"satisfaction": "satisfied"},
}
"""What the operators answer: three forms a complaint, none of which waits for proof."""

REGIME: Final = "bench"
RULES: Final = f"""
name = "{REGIME}"
version = "1"
extends = "cn-nfra"
valid_from = 2020-01-01
title = {{ zh = "基准测试", en = "benchmark" }}

[[clocks]]
name = "follow-up"
budget = 1
unit = "hours"
"""
"""The home regime with a follow-up after an hour: time that moves for one case then harms no limit of another."""


def complaint(number: str) -> Mapping[str, Any]:
    """Return a complaint that resembles no other."""
    return {
        "number": number,
        "channel": "app",
        "kind": "complaint",
        "narrative": f"编号{number}:催收人员一天内致电{int(number) % 7 + 3}次,要求停止,并书面道歉。" * 3,
        "wanted": "停止催收,书面道歉",
        "product": "消费贷款",
        "contract": f"HT2026{number}",
        "complainant": {
            "name": f"林{chr(0x4E00 + int(number) % 2000)}{chr(0x5E00 + int(number) % 1999)}",
            "contacts": [{"kind": "email", "value": f"complainant.{number}@example.com"}],
        },
    }
