"""The monthly regulatory summary: figures from a DataFrame of cases, and the files made from them.

What happens after the cut-off changes no figure, except that a later finding may move a case to another category.
Redress counts in the month in which its case is closed, so that every amount is reported exactly once.
"""

import csv
import io
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow
from complaints.errors import SettingError
from complaints.regimes.model import Pack
from complaints.reporting.monthly_html import render_summary
from complaints.settings import Firm
from complaints.words import LANGUAGES, Closure, Kind, Outcome, Satisfaction
