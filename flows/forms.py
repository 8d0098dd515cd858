"""The operators' forms, shown by Prefect under *Resume*: one for each question a case can ask.

Labels are bilingual; what is stored is the code. A form never shows personal data: the case sheet above it
carries the reference, the clocks and where the case stands, no more.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any, Final

from prefect.input import RunInput
from pydantic import Field, create_model

from complaints.answers import Question
from complaints.case import Case
from complaints.sheet import case_sheet
from complaints.words import (
    Basis,
    BreachCause,
    Category,
    Cause,
    Conclusion,
    GiveUpReason,
    Outcome,
    Remedy,
    Repair,
    ReportResult,
    Satisfaction,
    Severity,
    Topic,
    Worded,
)

UNCHANGED: Final = "不变 · unchanged"
NOT_GIVEN: Final = "— 不适用 · not applicable"


def _choices(words: type[Worded], *extra: str) -> type[Enum]:
    """Return the bilingual choices of a code list, after ``extra`` ones that stand for no code."""
    members = {f"none_{number}": label for number, label in enumerate(extra)}
    return Enum(words.__name__, members | {word.name: word.both for word in words})  # type: ignore[return-value] # mypy: an Enum made by call


def _codes(*lists: type[Worded]) -> Mapping[str, str]:
    return {word.both: word.value for words in lists for word in words}


def _form(name: str, **fields: Any) -> type[RunInput]:
    by = Field(title="经办人工号 · your staff number", pattern=r"^[A-Za-z0-9._-]{2,32}$", examples=["li.wei"])
    return create_model(name, __base__=RunInput, answered_by=(str, by), **fields)


def _choice(words: type[Worded], title: str, default: Worded | None = None, *extra: str) -> tuple[Any, Any]:
    choices = _choices(words, *extra)
    if extra:
        return choices, Field(default=choices(extra[0]), title=title)
    if default is not None:
        return choices, Field(default=choices(default.both), title=title)
    return choices, Field(title=title)


_NO_NAMES: Final = "请勿填写姓名、电话、账号 · no names, telephone or account numbers"


def _words(title: str, *, needed: bool = False) -> tuple[Any, Any]:
    if needed:
        return str, Field(title=title, description=_NO_NAMES, min_length=1, max_length=20_000)
    return str, Field(default="", title=title, description=_NO_NAMES, max_length=20_000)


_DONE_ON: Final = Field(title="完成日期 · done on")

FORMS: Final[Mapping[Question, type[RunInput]]] = {
    Question.FINDING: _form(
        "Finding",
        conclusion=_choice(Conclusion, "调查结论 · conclusion"),
        basis=_choice(Basis, "依据 · basis", Basis.RECORDS),
        severity=_choice(Severity, "严重程度 · severity", Severity.ORDINARY),
        cause=_choice(Cause, "投诉原因 · cause", Cause.GENERAL),
        category=_choice(Category, "业务类别 · category", None, UNCHANGED),
        reasons=_words("核实情况（写入告知书） · what was verified (goes into the letter)", needed=True),
    ),
    Question.DECISION: _form(
        "Decision",
        outcome=_choice(Outcome, "处理决定 · decision"),
        remedy=_choice(Remedy, "补救措施 · remedy", Remedy.NONE),
        amount=(str, Field(default="0", title="金额 · amount", pattern=r"^\s*\d{1,14}(\.\d{1,2})?\s*$")),
        currency=(str, Field(default="CNY", title="币种 · currency", pattern="^[A-Z]{3}$")),
        basis=_choice(Basis, "依据 · basis", Basis.CONTRACT),
        reasons=_words("理由（写入告知书） · reasons (go into the letter)", needed=True),
    ),
    Question.REMEDY: _form(
        "Remedy",
        done_on=(date, _DONE_ON),
        voucher=(str, Field(title="凭证号 · voucher number", min_length=3, max_length=64)),
    ),
    Question.FOLLOW_UP: _form(
        "FollowUp",
        satisfaction=_choice(Satisfaction, "满意度 · satisfaction"),
        lesson=_words("经验教训 · lesson learned"),
    ),
    Question.REPLY: _form(
        "Reply",
        topic=_choice(Topic, "答复主题 · topic of the answer"),
        words=_words("补充说明 · in your own words"),
    ),
    Question.REPORT: _form(
        "Report",
        result=_choice(ReportResult, "核查结果 · result"),
        basis=_choice(Basis, "依据 · basis", Basis.RECORDS),
    ),
    Question.DELIVERY: _form(
        "Delivery",
        choice=_choice(Repair, "如何处理 · what to do"),
        contact=(int, Field(default=0, ge=0, le=99, title="联系方式序号 · number of the other contact")),
        reason=_choice(GiveUpReason, "放弃原因 · reason for giving up", None, NOT_GIVEN),
    ),
    Question.BREACH: _form(
        "Breach",
        cause=_choice(BreachCause, "超期原因 · why the limit was missed"),
    ),
}

_CODE_OF: Final = _codes(
    Conclusion,
    Basis,
    Severity,
    Cause,
    Category,
    Outcome,
    Remedy,
    Satisfaction,
    Topic,
    ReportResult,
    Repair,
    GiveUpReason,
    BreachCause,
)


def form_for(case: Case, question: Question, now: datetime) -> type[RunInput]:
    """Return the form of ``question`` with the case sheet above it."""
    return FORMS[question].with_initial_data(description=case_sheet(case, now))


def read_form(answer: RunInput) -> tuple[dict[str, Any], str]:
    """Return the codes that an operator chose, and the operator's staff number."""
    values = answer.model_dump()
    by = values.pop("answered_by")
    codes = {name: value.value if isinstance(value, Enum) else value for name, value in values.items()}
    given = {name: _CODE_OF.get(value, value) for name, value in codes.items() if value not in (UNCHANGED, NOT_GIVEN)}
    return {name: value.strip() if isinstance(value, str) else value for name, value in given.items()}, by


def fill_form(question: Question, values: Mapping[str, Any], by: str) -> dict[str, Any]:
    """Return what Prefect's page would send for an answer given in codes."""
    fields = FORMS[question].model_fields
    label = {code: both for both, code in _CODE_OF.items()}
    filled: dict[str, Any] = {"answered_by": by}
    for name, value in values.items():
        annotation = fields[name].annotation
        is_choice = isinstance(annotation, type) and issubclass(annotation, Enum)
        filled[name] = _label(annotation, str(value), label) if is_choice else value
    return filled


def _label(choices: Any, code: str, label: Mapping[str, str]) -> str:
    return next((choice.value for choice in choices if _CODE_OF.get(choice.value) == code), label.get(code, code))
