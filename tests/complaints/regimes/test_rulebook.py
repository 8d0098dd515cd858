from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from complaints.calendars.files import CalendarFile
from complaints.calendars.model import Standing
from complaints.errors.settings import SettingError
from complaints.regimes.rulebook import load_pack, packaged_rulebook

BOOK = packaged_rulebook()
KOLKATA = ZoneInfo("Asia/Kolkata")
SHANGHAI = ZoneInfo("Asia/Shanghai")
LAST_SECOND = datetime(2026, 6, 30, 23, 59, 59, tzinfo=KOLKATA)


def a_pack(regime="cn-nfra", **changes):
    return load_pack(regime).model_copy(update=changes)


def a_calendar(**changes):
    values = {"name": "cn-public", "version": "9.1", "extends": "cn-public", "year": {}}
    return CalendarFile.model_validate(values | changes)


def a_year(*off, standing="published"):
    return {"standing": standing, "off": [(day, "放假", "holiday") for day in off], "work": []}


# --- which version applies -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("received_at", "version"),
    [
        (datetime(2025, 1, 1, tzinfo=UTC), "2021"),
        (LAST_SECOND, "2021"),
        (LAST_SECOND + timedelta(seconds=1), "2026"),
        (datetime(2026, 6, 30, 18, 29, 59, tzinfo=UTC), "2021"),  # the same second, as the ledger has it
        (datetime(2026, 6, 30, 18, 30, tzinfo=UTC), "2026"),  # midnight in Kolkata, still June in London
        (datetime(2026, 7, 1, 1, 0, tzinfo=SHANGHAI), "2021"),  # July in Shanghai, 22:30 of 30 June in Kolkata
        (datetime(2030, 1, 1, tzinfo=UTC), "2026"),
    ],
)
def test_the_day_of_receipt_in_the_regime_s_own_zone_chooses_the_version(received_at, version):
    assert BOOK.in_force("in-rbi", received_at).version == version


def test_what_was_received_before_the_first_version_falls_under_that_one():
    assert BOOK.in_force("in-rbi", datetime(2009, 5, 1, tzinfo=UTC)).version == "2021"
    assert BOOK.in_force("cn-nfra", datetime(2019, 12, 31, tzinfo=UTC)).version == "2020-3"


def test_what_was_received_after_the_last_version_ended_falls_under_that_one():
    repealed = a_pack(version="2026-1", valid_from=date(2026, 1, 1), valid_to=date(2026, 12, 31))
    before = a_pack(valid_to=date(2025, 12, 31))
    book = BOOK.with_packs([repealed, before])

    assert book.in_force("cn-nfra", datetime(2027, 3, 1, tzinfo=UTC)).version == "2026-1"


def test_what_was_received_between_two_versions_falls_under_the_earlier():
    later = a_pack(version="2028-1", valid_from=date(2028, 1, 1))
    book = BOOK.with_packs([later, a_pack(valid_to=date(2025, 12, 31))])

    assert book.in_force("cn-nfra", datetime(2027, 3, 1, tzinfo=UTC)).version == "2020-3"


def test_of_two_versions_that_begin_on_one_day_the_one_brought_in_later_applies():
    book = BOOK.with_packs([a_pack(version="2020-3-firm")])

    assert book.in_force("cn-nfra", datetime(2026, 3, 2, tzinfo=UTC)).version == "2020-3-firm"
    assert book.pack("cn-nfra", "2020-3").version == "2020-3"


def test_the_leading_regime_is_not_a_further_one_too():
    lead, others = BOOK.choose("cn-nfra", ["cn-nfra", "in-rbi", "cn-pbc"], LAST_SECOND)

    assert lead.name == "cn-nfra"
    assert [(one.name, one.version) for one in others] == [("in-rbi", "2021"), ("cn-pbc", "2020-5")]


# --- packs ---------------------------------------------------------------------------------------


def test_without_a_version_the_newest_is_meant():
    assert load_pack("in-rbi").version == BOOK.pack("in-rbi").version == "2026"
    assert BOOK.pack("in-rbi", "2021").version == "2021"


def test_a_regime_that_is_not_there_names_those_that_are():
    with pytest.raises(SettingError, match=r"no regime pack 'cn-nfrb'. Choose one of: .*cn-nfra.*us-reg-z"):
        load_pack("cn-nfrb")


def test_a_regime_that_is_not_there_is_not_in_force_either():
    with pytest.raises(SettingError, match="no regime pack"):
        BOOK.in_force("cn-nfrb", LAST_SECOND)


def test_a_version_that_is_not_there_names_those_that_are():
    with pytest.raises(SettingError, match=r"no version '2020' of 'in-rbi'. Known are: 2021, 2026"):
        BOOK.pack("in-rbi", "2020")


def test_the_same_version_of_a_pack_is_replaced():
    book = BOOK.with_packs([a_pack(revision=9)])

    assert book.pack("cn-nfra", "2020-3").revision == 9
    assert len(book.packs["cn-nfra"]) == 1
    assert BOOK.pack("cn-nfra").revision == 4


def test_a_new_regime_stands_beside_the_others():
    book = BOOK.with_packs([a_pack(name="our-rules")])

    assert book.pack("our-rules").name == "our-rules"
    assert set(book.packs) == {*BOOK.packs, "our-rules"}


# --- calendars -----------------------------------------------------------------------------------


def test_every_calendar_that_a_pack_names_is_there():
    names = {pack.calendar for versions in BOOK.packs.values() for pack in versions}

    assert {BOOK.calendar(name).name for name in names} == names


def test_a_calendar_that_is_not_there_names_those_that_are():
    with pytest.raises(SettingError, match=r"no calendar 'cn-privat'. Choose one of: .*cn-public"):
        BOOK.calendar("cn-privat")


def test_a_year_brought_in_reaches_the_calendar_and_those_that_follow_it():
    day = date(2031, 1, 2)  # a Thursday
    book = BOOK.with_calendars([a_calendar(year={2031: a_year(day)})])

    for name in ("cn-public", "cn-finance"):
        assert BOOK.calendar(name).is_working(day)
        assert BOOK.calendar(name).standing(2031) is not Standing.PUBLISHED
        assert not book.calendar(name).is_working(day)
        assert book.calendar(name).standing(2031) is Standing.PUBLISHED


def test_a_year_brought_in_leaves_the_other_years_as_they_are():
    book = BOOK.with_calendars([a_calendar(year={2031: a_year(date(2031, 1, 2))})])

    assert not book.calendar("cn-public").is_working(date(2026, 5, 1))
    assert book.calendar("cn-public").version == "9.1"


def test_calendars_brought_in_one_after_another_are_all_known():
    first, second = a_calendar(year={2031: a_year(date(2031, 1, 2))}), a_calendar(year={2032: a_year(date(2032, 1, 2))})

    book = BOOK.with_calendars([first]).with_calendars([second])

    assert not book.calendar("cn-finance").is_working(date(2031, 1, 2))
    assert not book.calendar("cn-finance").is_working(date(2032, 1, 2))
    assert book.updates == (first, second)


def test_the_later_of_two_files_for_one_year_counts():
    files = [a_calendar(year={2031: a_year(date(2031, 1, 2))}), a_calendar(year={2031: a_year(date(2031, 1, 3))})]

    calendar = BOOK.with_calendars(files).calendar("cn-public")

    assert calendar.is_working(date(2031, 1, 2))
    assert not calendar.is_working(date(2031, 1, 3))


def test_a_calendar_of_the_firm_may_follow_another_and_be_brought_up_to_date():
    own = a_calendar(name="own", version="1", extends="cn-finance")
    update = a_calendar(name="own", version="2", extends="own", year={2031: a_year(date(2031, 1, 2))})

    book = BOOK.with_calendars([own, update])

    assert not book.calendar("own").is_working(date(2031, 1, 2))
    assert book.calendar("cn-finance").is_working(date(2031, 1, 2))
    assert book.calendar("own").version == "2"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ([a_calendar(name="own", extends="nowhere")], "there is no calendar 'nowhere'"),
        ([a_calendar(name="own", extends="own")], "'own' extends itself"),
        ([a_calendar(name="one", extends="two"), a_calendar(name="two", extends="one")], "extends itself"),
    ],
)
def test_a_calendar_that_follows_nothing_is_refused(files, reason):
    with pytest.raises(SettingError, match=reason):
        BOOK.with_calendars(files)


def test_nothing_brought_in_is_the_same_rulebook():
    assert BOOK.with_calendars([]) is BOOK


def test_packs_and_the_office_outlast_a_calendar_brought_in():
    book = BOOK.with_packs([a_pack(name="our-rules")]).for_office("hong-kong")

    after = book.with_calendars([a_calendar(year={2031: a_year(date(2031, 1, 2))})])

    assert after.pack("our-rules").name == "our-rules"
    assert after.office.name == "hong-kong"
    assert BOOK.office.name == "cn-public"
