"""What the makers of returns are given."""

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from complaints.calendars.model import WorkingCalendar
from complaints.regimes.model import Pack, ReportRule
from complaints.reporting.periods import Period
from complaints.reporting.returns.data import ReturnData
from complaints.reporting.returns.population import Population
from complaints.settings import Firm


@dataclass(frozen=True, eq=False)
class Order:
    """A return that is to be made.

    Attributes:
        rule: The pack's rule for it; None: the pack has none, as for a layout that is no return.
        as_at: What was known then.
        calendar: The regime's working days.
        frame: The cases (see :mod:`complaints.reporting.frame`), with the columns of
            :data:`~complaints.reporting.returns.population.NUMBERS`.
        people: The complaints of the period among them.
    """

    pack: Pack
    rule: ReportRule | None
    period: Period
    as_at: datetime
    firm: Firm
    data: ReturnData
    calendar: WorkingCalendar
    frame: pd.DataFrame
    people: Population
