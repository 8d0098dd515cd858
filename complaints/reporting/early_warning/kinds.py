"""What warnings are called. Whoever only shows them needs no more than this, and not what computes them (scipy)."""

from typing import Any, Final, cast

import pandas as pd

from complaints.words import Worded

FALSE_ALARMS_A_MONTH: Final = 2.0
"""Over all series and tests together, where nothing has changed."""


class WarningKind(Worded):
    """What a warning says."""

    SPIKE = "spike", "异常增多", "spike"
    GAP = "gap", "数据缺口", "gap in the data"
    NEW = "new", "新出现，尚无历史数据", "new, no history yet"


class Dimension(Worded):
    """By what the cases are counted."""

    TOTAL = "total", "总量", "total"
    CHANNEL = "channel", "渠道", "channel"
    PRODUCT = "product", "产品", "product"
    CAUSE = "cause", "投诉原因", "cause"
    ISSUE = "issue", "问题类型", "issue"
    DEPARTMENT = "department", "经办部门", "department"


def rows_of(warnings: pd.DataFrame) -> list[dict[str, Any]]:
    """Return warnings one by one, by the names of their columns."""
    return cast(list[dict[str, Any]], warnings.to_dict("records"))
