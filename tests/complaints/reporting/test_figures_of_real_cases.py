"""Cases that were merged, taken up again or erased within the month, from the ledger to the figures."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pandas as pd
import pytest
from sqlalchemy import update

from complaints import acts
from complaints.adapters.frames import load_frame
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseKeyRow
from complaints.case import Case
from complaints.merging import merge, unmerge
from complaints.reception import receive
from complaints.regimes.rulebook import load_pack
from complaints.reporting.figures import Figures, make_figures
from complaints.reporting.periods import Period
from complaints.words import Stage
from tests.builders import REGIME, SHANGHAI, a_complaint, advance, an_act
from tests.complaints.reporting.rows import APRIL, TICK, measure, on, totals

MARCH = Period.parse("2026-03")


def received(reference: str, at: datetime) -> Case:
    """A complaint that was just received."""
    return receive(reference, load_pack(REGIME), a_complaint(number=reference), "crm", at)


def closed(reference: str = "A") -> Case:
    """A complaint of 2 March, told on the 9th that it was upheld, with a refund paid; closed on the 19th."""
    case = received(reference, on(3, 2))
    advance(case, Stage.ANSWERED, now=on(3, 9))
    advance(case, Stage.CLOSED, now=on(3, 19))
    return case


def merged() -> list[Case]:
    """A complaint of 1 March, and the same again on the 2nd; merged on the 5th."""
    first, second = received("A", on(3, 1)), received("B", on(3, 2))
    merge(second, first, "li.wei", on(3, 5))
    return [first, second]


def separated() -> list[Case]:
    """Merged, and separated again on the 20th."""
    first, second = merged()
    unmerge(second, first, "li.wei", on(3, 20))
    return [first, second]


def reopened() -> list[Case]:
    """Closed on the 19th, taken up again on the 25th."""
    case = closed()
    case.record(an_act(acts.Reopened), on(3, 25), "wu.min")
    return [case]


def paid_twice() -> list[Case]:
    """Paid on 3 March, taken up again on the 25th, and paid once more on 2 April."""
    [case] = reopened()
    advance(case, Stage.ANSWERED, now=on(3, 30))
    case.record(an_act(acts.PutRight, done_on=on(4, 2).date()), on(4, 2), "li.wei")
    return [case]


def erased() -> list[Case]:
    """Closed on the 19th, the person erased on the 30th."""
    case = closed()
    case.record(an_act(acts.Erased), on(3, 30), "wu.min")
    return [case]


def figures_of(store: Store, cases: list[Case], as_at: datetime) -> Figures:
    """The figures of March 2026 at a cut-off, of cases that are stored now."""
    with store.write() as session:
        store.add_many(session, cases)
    return known_at(store, as_at)


def known_at(store: Store, as_at: datetime) -> Figures:
    """The figures of March 2026 at a cut-off."""
    windows = [one.span(SHANGHAI) for one in (MARCH, MARCH.before, MARCH.year_before)]
    return make_figures(load_frame(store, as_at, windows=windows, regime=REGIME), MARCH, SHANGHAI, as_at)


ONE = {"matters": 1, "complaints": 1, "complaints_deduplicated": 1}
TWO = {"matters": 2, "complaints": 2, "complaints_deduplicated": 2}


@pytest.mark.parametrize(
    ("story", "expected", "still_open"),
    [
        pytest.param(merged, TWO | {"complaints_deduplicated": 1, "repeat": 2, "closed": 1}, 1, id="merged"),
        pytest.param(separated, TWO, 2, id="merged and separated again"),
        pytest.param(reopened, ONE | {"reopened": 1}, 1, id="taken up again"),
        pytest.param(erased, ONE | {"closed": 1}, 0, id="erased"),
    ],
)
def test_the_month_counts_what_became_of_a_case_within_it(
    store: Store, story: Callable[[], list[Case]], expected: dict[str, int], still_open: int
) -> None:
    figures = figures_of(store, story(), APRIL)

    assert totals(figures) == expected
    assert sum(measure(figures, "open_by_age", "open").values()) == still_open


def test_what_was_paid_stays_paid_in_its_month_whatever_becomes_of_the_case(store: Store) -> None:
    first = figures_of(store, paid_twice(), on(3, 20))

    known = [known_at(store, at) for at in (on(3, 26), on(5, 1))]
    april = make_figures(
        load_frame(store, on(5, 1), windows=[MARCH.after.span(SHANGHAI)], regime=REGIME),
        MARCH.after,
        SHANGHAI,
        on(5, 1),
    )

    amounts = measure(first, "redress", "amount")
    assert amounts == {"CNY": Decimal("128.50")}
    assert [measure(one, "redress", "amount") for one in known] == [amounts, amounts]
    assert measure(april, "redress", "amount") == amounts


def test_an_erasure_changes_no_figure_of_any_cut_off(store: Store) -> None:
    before = figures_of(store, erased(), on(3, 30))  # what was recorded at that very moment is not known yet
    with store.write() as session:
        session.execute(update(CaseKeyRow).values(wrapped=None))

    after = known_at(store, on(3, 30) + TICK)

    assert measure(after, "redress", "amount") == measure(before, "redress", "amount") != {}
    assert measure(after, "product", "received") == {"轻舟消费贷": 1}
    for name, section in known_at(store, on(3, 30)).sections.items():
        pd.testing.assert_frame_equal(section, before.sections[name])
        pd.testing.assert_frame_equal(section, after.sections[name])


def test_a_cut_off_knows_only_what_was_recorded_before(store: Store) -> None:
    figures_of(store, reopened(), APRIL)

    as_at = {day: totals(known_at(store, on(3, day, 11))) for day in (2, 18, 20, 26)}

    assert as_at == {2: ONE, 18: ONE, 20: ONE | {"closed": 1}, 26: ONE | {"reopened": 1}}
