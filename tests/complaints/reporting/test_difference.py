"""The difference between two versions, figure by figure."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from complaints.reporting.difference import Tables, as_text, difference, difference_csv

FIGURES = ["span", "section", "code", "measure", "value"]
MEMBERS = ["section", "code", "measure", "reference"]


def tables(
    figures: list[tuple[Any, ...]],
    members: list[tuple[str, ...]] = [],  # noqa: B006 - only read
    reports: Collection[str] = (),
) -> Tables:
    """Tables as they are kept."""
    return Tables(
        pd.DataFrame(figures, columns=FIGURES, dtype="object"),
        pd.DataFrame(members, columns=MEMBERS, dtype="object").astype("category"),
        frozenset(reports),
    )


WEB = ("period", "channel", "web", "received")


def test_tables_are_the_same_in_whatever_order_they_stand() -> None:
    one = tables([(*WEB, "2"), ("before", *WEB[1:], "1")], [(*WEB[1:], "B"), (*WEB[1:], "A")])
    other = tables([("before", *WEB[1:], "1"), (*WEB, "2")], [(*WEB[1:], "A"), (*WEB[1:], "B")])

    assert one.same_as(other)
    assert difference(one, other).empty


def test_a_figure_that_stays_while_its_cases_change_is_told() -> None:
    before = tables([(*WEB, "1")], [(*WEB[1:], "A")])
    after = tables([(*WEB, "1")], [(*WEB[1:], "B")])

    assert not before.same_as(after)
    [row] = difference(before, after).to_dict("records")
    assert (row["before"], row["after"], row["added"], row["removed"]) == ("1", "1", ("B",), ("A",))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ([(*WEB, "1")], [(*WEB, "2")], ("1", "2")),
        ([], [(*WEB, "2")], (None, "2")),
        ([(*WEB, "1")], [], ("1", None)),
        ([(*WEB, None)], [(*WEB, "2")], (None, "2")),
    ],
)
def test_a_figure_that_changed_came_or_went_is_told(before: Any, after: Any, told: tuple[str | None, ...]) -> None:
    [row] = difference(tables(before), tables(after)).to_dict("records")

    assert (row["before"], row["after"]) == told


def test_figures_of_the_period_before_are_told_apart() -> None:
    before, after = (tables([(*WEB, "1"), ("before", *WEB[1:], value)]) for value in ("1", "3"))
    changed = difference(before, after)

    assert changed["span"].tolist() == ["before"]


def test_a_cell_of_the_csv_starts_no_formula() -> None:
    name = ("period", "product", "=1+1", "received")
    text = difference_csv(difference(tables([]), tables([(*name, "1")], [(*name[1:], "A")])))

    assert text.splitlines()[1] == "period,product,'=1+1,received,,1,1,0,A,"
    assert text.startswith("\ufeffspan,section,code,measure,before,after,cases_added,cases_removed,added,removed")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (Decimal("1.50"), "1.50"),
        (None, None),
        (float("nan"), None),
        (pd.NA, None),
        ("2026-03", "2026-03"),
    ],
)
def test_a_figure_as_text(value: Any, text: str | None) -> None:
    assert as_text(value) == text


def test_a_difference_names_no_report_though_it_was_none_before() -> None:
    kinds = [("kind", kind, "received") for kind in ("complaint", "report")]
    regions = [("region", code, "received") for code in ("CN-31", "confidential")]
    was = [(*kinds[0], "A"), (*regions[0], "A"), (*kinds[0], "B"), (*regions[0], "B")]
    now = [(*kinds[1], "A"), (*regions[1], "A")]
    values = [("period", *one, "2") for one in (kinds[0], regions[0])]
    later = [("period", *one, "1") for one in (kinds[1], regions[1])]

    changed = difference(tables(values, was), tables(later, now, reports=["A"]))

    assert len(changed) == 4
    assert {reference for told in (*changed["added"], *changed["removed"]) for reference in told} == {"B"}


@pytest.mark.parametrize("product", ["confidential", '"confidential"', "report"])
def test_a_product_that_is_called_like_a_report_hides_no_complaint(product: str) -> None:
    figure = ("product", product, "received")

    changed = difference(tables([("period", *figure, "0")]), tables([("period", *figure, "1")], [(*figure, "A")]))

    assert list(changed["added"]) == [("A",)]


def test_a_figure_leads_to_cases_where_there_are_any() -> None:
    some = tables([(*WEB, "1"), ("period", "channel", "app", "received", "0")], [(*WEB[1:], "A"), (*WEB[1:], "B")])

    assert some.with_cases == {WEB[1:]}
    assert tables([(*WEB, "0")]).with_cases == frozenset()
