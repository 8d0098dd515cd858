import pytest
from sqlalchemy import func, select, text

from complaints import acts
from complaints.adapters.archive.contents import case_files
from complaints.adapters.archive.reading import read_source
from complaints.adapters.repeating import (
    find_repeats,
    forget_signs,
    list_suggested,
    merge_cases,
    renew_signs,
    sign_rows,
    signs_key,
    stages_of,
    unmerge_case,
)
from complaints.adapters.tables import ClockRow, SignRow
from complaints.adapters.verify import verify
from complaints.corrections import correct
from complaints.errors.case import MergeRefused, NotMerged, UnknownCase
from complaints.signs import signs_of
from complaints.words import Closure, Likeness, RepeatGrade, Stage
from tests.builders import EMAIL, PHONE, a_complaint, a_stored_case, advance, an_act, file_complaint
from tests.complaints.adapters.test_store import together
from tests.complaints.test_signs import ENGLISH, STORY

LIN = {"name": "林知夏", "identity_number": "310101198001011237", "contacts": [EMAIL, PHONE]}


def signs(store, reference):
    with store.read() as session:
        return {(row.kind, row.sign) for row in session.scalars(select(SignRow).where(SignRow.reference == reference))}


def a_pair(store, stage=Stage.UNDER_INVESTIGATION, **changes):
    """Two cases of the same complaint; the earlier, then the later."""
    values = {"narrative": STORY, "complainant": LIN, "number": None} | changes
    return a_stored_case(store, stage, **values), a_stored_case(store, stage, **values)


# --- signs --------------------------------------------------------------------------------------


def test_the_signs_of_a_complaint_are_stored_with_its_case(store):
    reference = file_complaint(store, narrative=STORY, complainant=LIN, contract="QZ-0001")

    assert {kind for kind, _ in signs(store, reference)} == {"name", "identity", "email", "phone", "account", "wording"}


def test_a_report_leaves_no_sign_that_could_lead_to_its_reporter(store):
    assert signs(store, file_complaint(store, kind="report", complainant=LIN, contract="QZ-0001")) == set()


def test_a_contact_that_becomes_known_later_leaves_its_sign(store):
    other = a_stored_case(store, Stage.ASSESSED, number=None, complainant={"name": "林知夏", "contacts": [PHONE]})
    reference = a_stored_case(store, Stage.ASSESSED, number=None, complainant={"name": "林知夏", "contacts": [EMAIL]})
    before = signs(store, reference)
    with store.open_case(reference) as desk:
        desk.case.record(acts.ContactAdded(contact=PHONE), desk.now, "li.wei")

    assert {kind for kind, _ in signs(store, reference) - before} == {"phone"}
    assert before < signs(store, reference)
    assert Likeness.PHONE in next(one for one in find_repeats(store, reference) if one.reference == other).reasons


def test_a_record_that_its_source_corrects_leaves_the_signs_that_it_has_now(store):
    reference = file_complaint(store, complainant=LIN)
    case = store.read_case(reference)
    case.received = case.received.model_copy(update={"history": True})
    corrected = a_complaint(complainant={"name": "林志夏", "contacts": [EMAIL]})
    correct(case, corrected, store.now(), "crm")
    with store.write() as session:
        renew_signs(session, case, store.master)

    assert signs(store, reference) == {(kind, sign) for kind, sign in signs_of(corrected, signs_key(store.master))}


def test_no_clear_word_of_a_person_is_in_the_table_of_signs(store):
    file_complaint(store, narrative=ENGLISH, complainant=LIN, contract="QZ-0001")

    with store.read() as session:
        stored = " ".join(map(str, session.execute(text("SELECT * FROM signs")).all()))
    for personal in ("林知夏", "310101198001011237", "13800000101", "lin.zhixia", "QZ-0001", "qz0001", "overdraft"):
        assert personal not in stored


def test_another_firm_s_key_gives_other_signs(store):
    assert signs_key(store.master) != store.master.key
    assert len(signs_key(store.master)) == 32


def test_a_case_is_stored_with_its_signs_or_not_at_all(store):
    with pytest.raises(ZeroDivisionError):
        store.file(a_complaint(), "crm", "cn-nfra", attach=lambda desk: 1 / 0)

    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(SignRow)) == 0


def test_forgetting_the_signs_of_a_case_twice_leaves_those_of_others(store):
    first, second = a_pair(store)
    for _ in range(2):
        with store.write() as session:
            forget_signs(session, first)

    assert signs(store, first) == set()
    assert signs(store, second)
    assert find_repeats(store, second) == ()


def test_an_erased_person_leaves_no_sign(store):
    case = store.read_case(file_complaint(store))
    case.received = case.received.model_copy(update={"complaint": None})

    assert sign_rows(case, store.master) == []


# --- finding ------------------------------------------------------------------------------------


def test_the_same_complaint_is_found_with_its_reasons(store):
    first, second = a_pair(store)

    (found,) = find_repeats(store, second)

    assert (found.reference, found.grade) == (first, RepeatGrade.LIKELY)
    assert set(found.reasons) >= {Likeness.IDENTITY, Likeness.PHONE, Likeness.PRODUCT, Likeness.WORDING}


def test_template_letters_of_different_people_are_not_found(store):
    for name, phone in (("林知夏", "13800000101"), ("赵一鸣", "13800000202"), ("孙晓", "13800000303")):
        contacts = [{"kind": "phone", "value": phone}]
        reference = a_stored_case(
            store, Stage.ASSESSED, narrative=STORY, number=None, complainant={"name": name, "contacts": contacts}
        )

    assert find_repeats(store, reference) == ()


def test_a_report_is_neither_found_nor_finds_anything(store):
    report = a_stored_case(store, Stage.ASSESSED, narrative=STORY, complainant=LIN, number=None, kind="report")
    complaint = a_stored_case(store, Stage.ASSESSED, narrative=STORY, complainant=LIN, number=None)

    assert find_repeats(store, complaint) == find_repeats(store, report) == ()


def test_a_case_that_may_still_prove_to_be_a_report_is_not_found(store):
    values = {"narrative": STORY, "complainant": LIN, "number": None}
    unknown = file_complaint(store, kind=None, **values)
    complaint = a_stored_case(store, Stage.ASSESSED, **values)
    assert find_repeats(store, complaint) == ()

    with store.open_case(unknown) as desk:
        desk.case.record(an_act(acts.Acknowledged), desk.now)
        desk.case.record(an_act(acts.Assessed), desk.now)

    assert [one.reference for one in find_repeats(store, complaint)] == [unknown]


def test_what_was_suggested_is_listed_while_the_case_is_open(store):
    first, second = a_pair(store)
    with store.open_case(second) as desk:
        desk.case.record(acts.RepeatsSuggested(repeats=find_repeats(store, second)), desk.now)

    ((listed, repeats),) = list_suggested(store, 50)
    assert (listed, repeats[0].reference) == (second, first)
    assert stages_of(store, [first, second]) == dict.fromkeys((first, second), Stage.UNDER_INVESTIGATION)

    merge_cases(store, second, first, "c.zhao")
    assert list_suggested(store, 50) == []
    assert not verify(store).breaks


def test_a_suggestion_that_was_followed_is_listed_no_more(store):
    first, second = a_pair(store)
    with store.open_case(first) as desk:
        desk.case.record(acts.RepeatsSuggested(repeats=find_repeats(store, first)), desk.now)

    merge_cases(store, second, first, "c.zhao")
    assert list_suggested(store, 50) == []
    unmerge_case(store, second, "c.zhao")
    assert [one for one, _ in list_suggested(store, 50)] == [first]


# --- merging ------------------------------------------------------------------------------------


def test_merged_undone_and_merged_again_the_ledger_holds_after_each(store):
    first, second = a_pair(store)
    for _ in range(2):
        assert merge_cases(store, second, first, "c.zhao", reason="同一笔扣费。")
        assert not merge_cases(store, second, first, "c.zhao")
        assert store.read_case(second).closed.closure is Closure.MERGED
        assert list(store.read_case(first).absorbed) == [second]
        assert not verify(store).breaks

        assert unmerge_case(store, second, "c.zhao") == first
        assert store.read_case(second).stage is Stage.UNDER_INVESTIGATION
        assert not verify(store).breaks


def test_the_clocks_of_a_case_that_was_merged_by_mistake_are_watched_again(store):
    first, second = a_pair(store)
    before = [(one.name, one.next_at, one.running) for one in clock_rows(store, second)]
    merge_cases(store, second, first, "c.zhao")
    assert not any(one.running for one in clock_rows(store, second))

    unmerge_case(store, second, "c.zhao")

    assert [(one.name, one.next_at, one.running) for one in clock_rows(store, second)] == before


def clock_rows(store, reference):
    with store.read() as session:
        return session.scalars(select(ClockRow).where(ClockRow.reference == reference).order_by(ClockRow.name)).all()


def test_what_is_refused_changes_neither_case(store):
    first, second = a_pair(store)
    entries = len(store.entries(first)), len(store.entries(second))

    with pytest.raises(MergeRefused):
        merge_cases(store, first, second, "c.zhao")
    with pytest.raises(MergeRefused, match="same case"):
        merge_cases(store, first, first, "c.zhao")
    with pytest.raises(NotMerged):
        unmerge_case(store, second, "c.zhao")
    with pytest.raises(UnknownCase):
        merge_cases(store, second, "TS260302-9999999", "c.zhao")

    assert (len(store.entries(first)), len(store.entries(second))) == entries


def test_of_a_merger_either_both_sides_are_written_or_none(store, monkeypatch):
    first, second = a_pair(store)
    before = [store.entries(one) for one in (first, second)]
    save, saved = store._save, []

    def break_at_the_second(session, case, *rest):
        saved.append(case.reference)
        if len(saved) == 2:
            raise ConnectionError("the database went away")
        save(session, case, *rest)

    monkeypatch.setattr(store, "_save", break_at_the_second)
    with pytest.raises(ConnectionError):
        merge_cases(store, second, first, "c.zhao")

    assert [store.entries(one) for one in (first, second)] == before


def test_new_facts_move_the_due_time_of_the_earlier_case(store):
    first, second = a_pair(store)
    with store.open_case(first) as desk:
        began = desk.case.clocks["decision"].started_at

    merge_cases(store, second, first, "c.zhao", new_facts=True)
    clock = store.read_case(first).clocks["decision"]
    assert clock.started_at == store.read_case(second).facts.received_at > began

    unmerge_case(store, second, "c.zhao")
    assert store.read_case(first).clocks["decision"].started_at == began
    assert not verify(store).breaks


# --- at once ------------------------------------------------------------------------------------


def test_two_who_merge_the_same_cases_at_once_merge_them_once(store):
    first, second = a_pair(store)

    done = together(*[lambda: merge_cases(store, second, first, "c.zhao")] * 4)

    assert sorted(done) == [False, False, False, True]
    assert [entry.kind for entry in store.entries(first)].count("absorbed") == 1
    assert not verify(store).breaks


def test_a_chain_that_two_would_make_at_once_is_refused_to_one(store):
    first, second = a_pair(store)
    third = a_stored_case(store, Stage.UNDER_INVESTIGATION, narrative=STORY, complainant=LIN, number=None)

    done = together(
        lambda: merge_cases(store, third, second, "c.zhao"), lambda: merge_cases(store, second, first, "li.wei")
    )

    assert sum(one is True for one in done) == 1
    assert sum(isinstance(one, MergeRefused) for one in done) == 1
    assert not verify(store).breaks


def test_who_opens_two_cases_the_other_way_round_waits_for_nobody_for_ever(store):
    first, second = a_pair(store)

    def note(*references):
        for _ in range(10):
            with store.open_cases(*references) as desks:
                for desk in desks.values():
                    desk.case.record(an_act(acts.Viewed), desk.now, "li.wei")

    assert together(lambda: note(first, second), lambda: note(second, first)) == [None, None]
    assert [entry.kind for entry in store.entries(first)].count("viewed") == 20


def test_merging_and_undoing_at_once_leaves_both_cases_telling_the_same(store):
    first, second = a_pair(store)
    merge_cases(store, second, first, "c.zhao")

    together(
        lambda: unmerge_case(store, second, "c.zhao"),
        lambda: merge_cases(store, second, first, "li.wei"),
        lambda: unmerge_case(store, second, "h.chen"),
    )

    assert bool(store.read_case(second).merged) == (second in store.read_case(first).absorbed)
    assert not verify(store).breaks


def test_the_archived_files_of_both_cases_tell_of_the_merger(store):
    first, second = a_pair(store)
    merge_cases(store, second, first, "c.zhao", reason="同一笔扣费。")
    with store.open_case(first) as desk:
        advance(desk.case, Stage.CLOSED, now=desk.now)

    for reference, other, zh, en in (
        (first, second, "并案办理", "Answers for"),
        (second, first, "并入案件", "Merged into"),
    ):
        pages = case_files(read_source(store, reference)).values()
        for title in (zh, en):
            assert any(title in page and other in page for page in pages)
        assert not any("absorbed<" in page or "merged<" in page for page in pages), "each act has words of its own"
