"""What every act has, and when and by whom one was done."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Act(BaseModel):
    """Base of all acts."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)
    personal: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    @cache  # asked for with every act that is read
    def kind_name(cls) -> str:
        """Return the name under which the ledger keeps this act, such as ``letter_sent``."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


@dataclass(frozen=True)
class Recorded:
    """An act, when it was done and by whom."""

    act: Act
    at: datetime
    by: str
