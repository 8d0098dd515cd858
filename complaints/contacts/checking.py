"""Contact rules of debt collection: when, how often and whom a collector may contact, checked against a contact log.

The rules are facts of a regime pack (``[[contacts]]``). Five kinds: forbidden hours, frequency, cool-down after a
conversation, third persons, and a stop on request. A rule judges the contacts that it covers (by medium, role,
purpose, outcome) one by one; whatever else is in the log can only add findings, never excuse one. What excuses a
contact (a consent, the debtor's being unreachable, an answer to what the person began) stands on its own record.

Times are those of the person contacted. Where several places are indicated, a contact must be in order in each of
them, by the hour and by the days that are counted.

No finding repeats who was contacted, at which number or for which debt: it names records by their ids.
"""

import re
import tomllib
from collections.abc import Iterable

from pydantic import (
    ValidationError,
)

from complaints.contacts.attempts import ContactAttempt, by_time
from complaints.contacts.base import Violation
from complaints.contacts.rules import ContactRule, ContactRules
from complaints.errors.settings import RuleFileInvalid
from complaints.rulefile import first_error


def read_rules(text: str, where: str) -> ContactRules:
    """Read a set of contact rules.

    Args:
        text: The file's content.
        where: Its name, for the error.

    Raises:
        RuleFileInvalid: the first thing that is wrong, with its line.
    """
    try:
        return ContactRules.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as wrong:
        line = re.search(r"line (\d+)", str(wrong))
        raise RuleFileInvalid(where, int(line[1]) if line else 0, "", str(wrong)) from None
    except ValidationError as wrong:
        raise first_error(wrong, text, where) from None


def check(rules: Iterable[ContactRule], log: Iterable[ContactAttempt]) -> list[Violation]:
    """Return every contact that is not as the rules have it.

    The order of the log does not matter, and further contacts never excuse one.

    Args:
        rules: Such as the ``contacts`` of a pack.
        log: The contacts of the firm and all its agencies, each with an id of its own.

    Returns:
        One violation for each rule and contact, in the order of time.
    """
    in_order = sorted(log, key=by_time)
    place = {one.id: place for place, one in enumerate(in_order)}
    found = [violation for rule in rules for violation in rule.violations(in_order)]
    return sorted(found, key=lambda one: (place[one.record], one.rule))
