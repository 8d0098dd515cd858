import pytest

from complaints import words
from complaints.acts import ACTS
from complaints.adapters.tables import CaseRow, ClockRow, EntryRow
from complaints.answers import Question
from complaints.calendars.files import packaged_names
from complaints.regimes import model
from complaints.regimes.rulebook import packaged_rulebook
from complaints.words import Worded

LISTS = [
    one
    for module in (words, model)
    for one in vars(module).values()
    if isinstance(one, type) and issubclass(one, Worded) and one is not Worded and one.__module__ == module.__name__
]


@pytest.mark.parametrize("codes", LISTS, ids=lambda codes: codes.__name__)
def test_every_code_has_a_word_in_both_languages(codes):
    for code in codes:
        assert code.word("zh-CN") == code.zh != ""
        assert code.word("en") == code.en != ""
        assert code.both == f"{code.zh} · {code.en}"


@pytest.mark.parametrize("codes", LISTS, ids=lambda codes: codes.__name__)
def test_no_two_codes_are_worded_alike(codes):
    assert len({code.zh for code in codes}) == len({code.en for code in codes}) == len(codes)


@pytest.mark.parametrize(
    ("codes", "column"),
    [
        (words.Stage, CaseRow.stage),
        (Question, CaseRow.asks),
        (words.Channel, CaseRow.channel),
        (words.PartyType, CaseRow.party_type),
        (words.Kind, CaseRow.kind),
        (words.Category, CaseRow.category),
        (words.Cause, CaseRow.cause),
        (words.Severity, CaseRow.severity),
        (words.Urgency, CaseRow.urgency),
        (words.Outcome, CaseRow.outcome),
        (words.Remedy, CaseRow.remedy),
        (words.Satisfaction, CaseRow.satisfaction),
        (words.Closure, CaseRow.closure),
        (ACTS, EntryRow.kind),
        (model.Nature, ClockRow.nature),
        (packaged_names(), ClockRow.calendar),
    ],
    ids=lambda value: getattr(value, "__name__", None) or getattr(value, "key", "acts"),
)
def test_every_code_fits_into_its_column(codes, column):
    assert max(map(len, codes)) <= column.type.length


def test_the_longest_name_of_a_further_regime_s_clock_fits_into_its_column():
    packs = [pack for versions in packaged_rulebook().packs.values() for pack in versions]
    names = [f"{pack.name}/{rule.name}" for pack in packs for rule in pack.clocks]

    assert max(map(len, names)) <= ClockRow.name.type.length


def test_a_code_is_shown_bare_in_text_and_json():
    assert f"{words.Kind.REPORT}" == str(words.Kind.REPORT) == words.Kind.REPORT.value == "report"
