"""What operators order on Prefect's page about summaries: add remarks, review, sign off."""

from collections.abc import Callable
from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from complaints.answers import Staff
from complaints.reporting.versions import LONGEST_REMARK, Version
from complaints.settings import settings
from complaints.words import EN, ZH
from flows.orders import refusal_is_an_answer
from flows.summaries import PeriodName, Regime
from flows.summary_artifacts import show_version
from tasks import summaries

Number = Annotated[int, Field(title="版本 · version", ge=1)]
Remarks = Annotated[str, Field(max_length=LONGEST_REMARK)]


@flow(name="remark-summary", flow_run_name="remark {period}")
def remark_summary(
    period: PeriodName,
    asked_by: Staff,
    remarks_zh: Remarks = "",
    remarks_en: Remarks = "",
    version: Number | None = None,
    regime: Regime | None = None,
) -> State[Any]:
    """报告加注说明 · Put your remarks into a summary, instead of those it has; it has then to be reviewed.

    Args:
        period: 期间，如 2026-03 · which summary.
        asked_by: 编辑人工号 · your staff number.
        remarks_zh: 中文说明（不得含个人信息，以空行分段） · in Chinese; they name no person.
        remarks_en: 英文说明 · in English.
        version: 版本 · which version; the last one if left out.
        regime: 监管规则 · the regime; the leading one if left out.
    """
    remarks = {ZH: remarks_zh, EN: remarks_en}
    return _ordered(regime, lambda leading: summaries.remark(leading, period, version, remarks, asked_by))


@flow(name="review-summary", flow_run_name="review {period}")
def review_summary(
    period: PeriodName, asked_by: Staff, version: Number | None = None, regime: Regime | None = None
) -> State[Any]:
    """报告复核 · Record that you have reviewed a summary; not who prepared or edited it.

    Args:
        period: 期间，如 2026-03 · which summary.
        asked_by: 复核人工号 · your staff number.
        version: 版本 · which version; the last one if left out.
        regime: 监管规则 · the regime; the leading one if left out.
    """
    return _ordered(regime, lambda leading: summaries.review(leading, period, version, asked_by))


@flow(name="sign-summary", flow_run_name="sign {period}")
def sign_summary(
    period: PeriodName, asked_by: Staff, version: Number | None = None, regime: Regime | None = None
) -> State[Any]:
    """报告签发 · Sign a reviewed summary off, as a third person; from then on it never changes.

    Args:
        period: 期间，如 2026-03 · which summary.
        asked_by: 签发人工号 · your staff number.
        version: 版本 · which version; the last one if left out.
        regime: 监管规则 · the regime; the leading one if left out.
    """
    return _ordered(regime, lambda leading: summaries.sign(leading, period, version, asked_by))


@refusal_is_an_answer
def _ordered(regime: str | None, order: Callable[[str], Version]) -> State[Any]:
    version = order(regime or settings().regime)
    show_version(version)
    return Completed(message=f"{version.name}: {version.state.both}")
