"""The statistics of past months: the same columns and bytes every time, nothing personal, up to date."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest

from complaints import acts
from complaints.adapters.archive.monthly import LEFT_OUT, write_statistics
from complaints.adapters.store import Store
from complaints.reception import receive
from complaints.regimes.rulebook import load_pack
from complaints.reporting.frame import COLUMNS
from complaints.reporting.own_words import NOT_SHOWN
from complaints.words import Closure, Kind, Stage
from tests.builders import REGIME, a_complaint, advance
from tests.complaints.adapters.archive.cases import IDENTITY, Firm

SHANGHAI = ZoneInfo("Asia/Shanghai")
JANUARY, MARCH = datetime(2026, 1, 15, tzinfo=SHANGHAI), datetime(2026, 3, 31, 23, 59, 59, tzinfo=SHANGHAI)


def a_past_case(store: Store, reference: str, closed_at: datetime, **changes) -> None:
    """A matter of history, closed at some time."""
    complaint = a_complaint(number=reference, **changes)
    with store.write() as session:
        case = receive(reference, load_pack(REGIME), complaint, "crm", closed_at - timedelta(days=3), history=True)
        case.record(acts.Closed(closure=Closure.HISTORY, closed_at=closed_at), store.now(session))
        store.add(session, case)


def read(path):
    """A month's rows."""
    return pq.read_table(path).to_pylist()


def test_each_month_that_is_over_has_a_file_with_the_cases_closed_in_it(store: Store, tmp_path):
    a_past_case(store, "TS260101-2222222", JANUARY)
    a_past_case(store, "TS260301-2222222", MARCH)
    a_past_case(store, "TS260301-3333333", MARCH + timedelta(seconds=1))  # April in Shanghai

    paths = write_statistics(store, tmp_path, store.now())

    months = {path.stem: [row["reference"] for row in read(path)] for path in paths}
    assert months == {
        "2026-01": ["TS260101-2222222"],
        "2026-03": ["TS260301-2222222"],
        "2026-04": ["TS260301-3333333"],
    }
    assert {path.parent for path in paths} == {tmp_path / "statistics" / REGIME}


def test_every_month_has_the_same_columns_and_nobody_in_it(store: Store, tmp_path):
    a_past_case(store, "TS260101-2222222", JANUARY)
    a_past_case(store, "TS260301-2222222", MARCH, kind=Kind.SUGGESTION, amount=None, category=None, product=None)

    schemas = [pq.read_schema(path).remove_metadata() for path in write_statistics(store, tmp_path, store.now())]

    assert schemas[0] == schemas[1]
    assert set(schemas[0].names) == COLUMNS.keys() - LEFT_OUT
    for path in tmp_path.rglob("*.parquet"):
        words = str(read(path))
        assert not [one for one in ("林知夏", "lin.zhixia", "账户服务费", "crm") if one in words]


def test_what_a_sender_put_into_a_product_name_is_not_kept_there(store: Store, tmp_path):
    a_past_case(store, "TS260101-2222222", JANUARY, product="王小明13812345678的分期")

    (path,) = write_statistics(store, tmp_path, store.now())

    assert b"13812345678" not in path.read_bytes()
    assert read(path)[0]["product"].startswith(NOT_SHOWN)


def test_of_a_report_is_left_that_there_was_one(store: Store, tmp_path):
    a_past_case(store, "TS260101-2222222", JANUARY, kind=Kind.REPORT, region="CN-SH", product=IDENTITY[0])

    (row,) = read(write_statistics(store, tmp_path, store.now())[0])

    assert (row["kind"], row["reference"], row["closed_at"]) == ("report", "TS260101-2222222", JANUARY)
    told = ("product", "region", "channel", "category", "cause", "party_type", "represented", "issue")
    assert [row[name] for name in told] == [None] * len(told)


def test_the_same_cut_off_gives_the_same_bytes(store: Store, tmp_path):
    a_past_case(store, "TS260101-2222222", JANUARY)
    a_past_case(store, "TS260101-3333333", JANUARY + timedelta(days=1), amount={"value": "9.90"})
    as_at = store.now()

    first, second = (write_statistics(store, tmp_path / name, as_at)[0].read_bytes() for name in ("a", "b"))

    assert first == second
    metadata = pq.read_metadata(next(tmp_path.glob("a/statistics/*/*.parquet"))).metadata
    assert metadata[b"as_at"].decode() == as_at.isoformat()


def test_a_month_is_written_again_only_when_one_of_its_cases_has_changed(store: Store, tmp_path):
    a_past_case(store, "TS260101-2222222", JANUARY)
    a_past_case(store, "TS260301-2222222", MARCH)
    assert len(write_statistics(store, tmp_path, store.now())) == 2
    assert write_statistics(store, tmp_path, store.now()) == []

    a_past_case(store, "TS260301-3333333", MARCH - timedelta(days=1))
    (path,) = write_statistics(store, tmp_path, store.now())
    assert path.stem == "2026-03"
    assert len(read(path)) == 2

    with store.open_case("TS260101-2222222") as desk:
        desk.case.record(acts.Viewed(what="complainant"), desk.now, "li.wei")
    assert [one.stem for one in write_statistics(store, tmp_path, store.now())] == ["2026-01"]


@pytest.mark.parametrize("spoilt", [b"", b"nonsense"])
def test_a_file_that_cannot_be_read_is_written_again(store: Store, tmp_path, spoilt: bytes):
    a_past_case(store, "TS260101-2222222", JANUARY)
    (path,) = write_statistics(store, tmp_path, store.now())
    path.write_bytes(spoilt)

    assert write_statistics(store, tmp_path, store.now()) == [path]
    assert len(read(path)) == 1


def test_a_month_that_is_not_over_has_no_file(store: Store, tmp_path):
    a_past_case(store, "TS260301-2222222", store.now() - timedelta(seconds=1))

    assert write_statistics(store, tmp_path, datetime.now(UTC)) == []


def test_a_month_whose_only_case_was_taken_up_again_loses_it(small_firm: Firm):
    store, folder = small_firm.store, small_firm.folder
    store.make_demo(datetime(2026, 1, 10, tzinfo=SHANGHAI))
    reference = small_firm.a_closed_case()
    store.move_time(datetime(2026, 2, 10, tzinfo=SHANGHAI))
    (january,) = write_statistics(store, folder, store.now())
    assert [row["reference"] for row in read(january)] == [reference]

    with store.open_case(reference) as desk:
        desk.case.record(acts.Reopened(reason="mistake"), desk.now, "li.wei")
        advance(desk.case, Stage.CLOSED, now=desk.now)
    store.move_time(datetime(2026, 3, 10, tzinfo=SHANGHAI))
    february, again = write_statistics(store, folder, store.now())

    assert again == january
    assert (read(january), [row["reference"] for row in read(february)]) == ([], [reference])
    assert write_statistics(store, folder, store.now()) == []
