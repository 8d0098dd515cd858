import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, inspect, select, text, update

from complaints import acts, timekeeping
from complaints.adapters.entries import replay
from complaints.adapters.filing import Filed, new_reference
from complaints.adapters.projection import CLOCK_COLUMNS, case_columns, clock_columns
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseKeyRow, CaseRow, ClockRow, DeliveryRow, EntryRow, LetterRow
from complaints.adapters.verify import verify
from complaints.answers import Question
from complaints.errors.case import AnsweredAlready, AnswerRefused, CaseConflict, UnknownCase
from complaints.errors.intake import DeliveryIdTaken, NumberTaken
from complaints.errors.sealing import KeyDestroyed, SealBroken
from complaints.errors.settings import SettingError
from complaints.words import Closure, Kind, Stage
from tests.builders import (
    MONDAY,
    REGIME,
    SHANGHAI,
    WAYS,
    a_complaint,
    a_decision,
    a_finding,
    a_follow_up,
    a_letter,
    a_remedy_done,
    a_repair,
    a_reply,
    a_stored_case,
    advance,
    an_act,
    fail_letter,
    file_complaint,
    prepare_letter,
)


def count(store, table):
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(table))


def row_of(store, reference):
    with store.read() as session:
        return session.get_one(CaseRow, reference)


def together(*jobs):
    """Run jobs in threads that start at the same moment; return what each gave back or raised."""
    start = threading.Barrier(len(jobs))

    def run(job):
        start.wait()
        try:
            return job()
        except Exception as error:  # whatever it is, the test judges it
            return error

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


# --- round trip ---------------------------------------------------------------------------------


def test_a_filed_complaint_comes_back_as_it_was_sent(store):
    complaint = a_complaint(
        received_at=MONDAY,
        happened_on="2026-02-27",
        region="CN-31",
        representative={"name": "周律师", "relation": "律师", "authority": "授权委托书"},
        evidence=[{"name": "流水.pdf", "size": 96_512, "sha256": "7" * 64}],
    )

    filed = store.file(complaint, "crm", REGIME)

    case = store.read_case(filed.reference)
    assert filed.is_new
    assert case.complaint == complaint
    assert (case.stage, case.facts.sender, case.facts.received_at) == (Stage.RECEIVED, "crm", MONDAY)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_case_is_the_same_after_every_step_of_its_way(store, kind):
    reference = file_complaint(store, kind=kind)

    for act in WAYS[kind]:
        with store.open_case(reference) as desk:
            desk.case.record(act, desk.now, "li.wei")
        assert store.read_case(reference) == desk.case

    assert desk.case.stage is Stage.ARCHIVED


@pytest.mark.parametrize("kind", list(Kind))
def test_the_columns_beside_the_ledger_are_those_that_follow_from_it(store, kind):
    reference = file_complaint(store, kind=kind)

    for stage in Stage:
        with suppress(ValueError), store.open_case(reference) as desk:  # not every kind comes to every stage
            advance(desk.case, stage, now=desk.now)

        row = row_of(store, reference)
        with store.read() as session:
            key = store.case_key(session, reference)
            clocks = session.scalars(select(ClockRow).where(ClockRow.reference == reference)).all()
        again = replay(reference, row.regime, store.entries(reference), key)
        assert {name: getattr(row, name) for name in case_columns(again)} == case_columns(again)
        assert {
            clock.name: {column: getattr(clock, column) for column in CLOCK_COLUMNS} for clock in clocks
        } == clock_columns(again)
        assert (row.version, row.head) == (len(store.entries(reference)), store.entries(reference)[-1].hash)


def test_a_redress_that_was_paid_is_counted_to_the_cent(store):
    paid = an_act(acts.Decided, amount=Decimal("0.10"))
    reference = file_complaint(store)

    with store.open_case(reference) as desk:
        advance(desk.case, Stage.ANSWERED, now=desk.now, instead=[paid])
    assert row_of(store, reference).redress_paid is None  # promised, not paid yet

    with store.open_case(reference) as desk:
        advance(desk.case, Stage.PUT_RIGHT, now=desk.now)
    assert row_of(store, reference).redress_paid == Decimal("0.10")


def test_an_instant_keeps_its_microseconds_and_is_read_in_utc(store):
    received_at = datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=SHANGHAI)

    stored = row_of(store, file_complaint(store, received_at=received_at)).received_at

    assert stored == received_at
    assert stored.tzinfo is UTC


def test_looking_at_a_case_writes_nothing(store):
    reference = a_stored_case(store, Stage.ASSESSED)
    before = row_of(store, reference).version

    with store.open_case(reference):
        pass

    assert row_of(store, reference).version == before


def test_an_error_in_the_middle_of_a_step_leaves_nothing_behind(store):
    reference = a_stored_case(store)
    before = store.entries(reference)

    with pytest.raises(RuntimeError), store.open_case(reference) as desk:  # noqa: PT012 - what is done before the error is the point
        desk.case.record(acts.Acknowledged(), desk.now)
        desk.keep_letter("acknowledgement", 1, a_letter())
        desk.session.flush()
        raise RuntimeError("the worker was killed")

    assert store.entries(reference) == before
    assert row_of(store, reference).stage == Stage.RECEIVED
    assert count(store, LetterRow) == 0


def test_a_case_that_is_not_there_is_unknown(store):
    with pytest.raises(UnknownCase, match="There is no case TS000000-NOTHERE"):
        store.read_case("TS000000-NOTHERE")

    with pytest.raises(UnknownCase), store.open_case("TS000000-NOTHERE"):
        pass


def test_cases_are_listed_newest_first(store):
    oldest, newest, middle = (
        a_stored_case(store, stage, number=None, received_at=MONDAY + timedelta(days=days))
        for days, stage in [(0, Stage.RECEIVED), (2, Stage.CLOSED), (1, Stage.ASSESSED)]
    )

    assert [row.reference for row in store.list_cases()] == [newest, middle, oldest]
    assert [row.reference for row in store.list_cases(limit=1)] == [newest]
    assert [row.reference for row in store.list_cases(only_open=True)] == [middle, oldest]
    assert [row.reference for row in store.list_cases(stage="assessed")] == [middle]
    assert store.open_references() == [oldest, middle]


# --- letters ------------------------------------------------------------------------------------


def test_a_letter_is_kept_as_it_was_rendered(store):
    reference = a_stored_case(store, letter=True)

    assert store.read_letter(reference, "acknowledgement", 1) == a_letter()


def test_a_letter_can_be_read_in_the_step_that_prepared_it(store):
    reference = a_stored_case(store)

    with store.open_case(reference) as desk:
        desk.keep_letter("acknowledgement", 1, a_letter())

        assert desk.letter("acknowledgement", 1) == a_letter()
        assert desk.letter_row("acknowledgement", 1).attempt == 0


# --- personal data ------------------------------------------------------------------------------

MARKS = {
    "name": "MARK-name-林知夏",
    "identity_number": "MARK-identity-310101199001011234",
    "email": "MARK-email@example.cn",
    "phone": "MARK-phone-13800000101",
    "post": "MARK-post-示例路1号",
    "representative": "MARK-representative-周律师",
    "relation": "MARK-relation-胞兄",
    "authority": "MARK-authority-授权委托书",
    "representative_email": "MARK-lawyer@example.cn",
    "respondent": "MARK-respondent-张三",
    "contract": "MARK-contract-QZ-2025",
    "place": "MARK-place-浦东",
    "narrative": "MARK-narrative-扣款两次",
    "wanted": "MARK-wanted-退款",
    "evidence": "MARK-evidence-林知夏.jpg",
    "source": "MARK-source-本人截图",
    "materials": "MARK-materials-请补充",
    "finding": "MARK-finding-已核对",
    "decision": "MARK-decision-退还",
    "lesson": "MARK-lesson-查重",
    "words": "MARK-words-可随时",
    "letter": "MARK-letter-您好",
    "recipient": "MARK-recipient@example.cn",
}


def a_marked_life(store):
    """A complaint with a mark in everything personal, led through everything that can be said about it."""
    reference = file_complaint(
        store,
        complainant={
            "name": MARKS["name"],
            "identity_number": MARKS["identity_number"],
            "contacts": [{"kind": kind, "value": MARKS[kind]} for kind in ("email", "phone", "post")],
        },
        representative={
            "name": MARKS["representative"],
            "relation": MARKS["relation"],
            "authority": MARKS["authority"],
            "contacts": [{"kind": "email", "value": MARKS["representative_email"]}],
        },
        respondent=MARKS["respondent"],
        contract=MARKS["contract"],
        place=MARKS["place"],
        narrative=MARKS["narrative"],
        wanted=MARKS["wanted"],
        evidence=[{"name": MARKS["evidence"], "source": MARKS["source"]}],
    )
    rendered = a_letter(MARKS["letter"])
    with store.open_case(reference) as desk:
        case, now = desk.case, desk.now
        prepare_letter(case, now=now, sha256=rendered.sha256, recipient=MARKS["recipient"])
        desk.keep_letter("acknowledgement", 1, rendered)
        fail_letter(case, now=now)
        case.answer(Question.DELIVERY, a_repair(choice="other_contact", contact=4), "li.wei", now)
        advance(case, Stage.UNDER_INVESTIGATION, now=now)
        materials = a_finding(conclusion="need_materials", reasons=MARKS["materials"])
        case.answer(Question.FINDING, materials, "li.wei", now)
        case.answer(Question.FINDING, a_finding(reasons=MARKS["finding"]), "li.wei", now)
        case.answer(Question.DECISION, a_decision(reasons=MARKS["decision"]), "li.wei", now)
        case.record(acts.Answered(), now)
        done = a_remedy_done(done_on=now.astimezone(case.pack.tz).date())
        case.answer(Question.REMEDY, done, "li.wei", now)
        case.record(acts.FollowUpOpened(), now)
        case.answer(Question.FOLLOW_UP, a_follow_up(lesson=MARKS["lesson"]), "li.wei", now)
    consultation = a_stored_case(store, Stage.ASSESSED, kind=Kind.CONSULTATION, number=None)
    with store.open_case(consultation) as desk:
        desk.case.answer(Question.REPLY, a_reply(words=MARKS["words"]), "li.wei", desk.now)
    return reference


def everything_stored(store):
    """Every value of every column of every table, as bytes, each with where it is."""
    with store.engine.connect() as connection:
        for table in inspect(connection).get_table_names():
            for row in connection.execute(text(f'SELECT * FROM "{table}"')).mappings():
                for column, value in row.items():
                    yield f"{table}.{column}", value if isinstance(value, bytes) else str(value).encode()


def test_personal_data_is_nowhere_in_clear(store):
    a_marked_life(store)

    stored = list(everything_stored(store))

    assert {"ledger.facts", "ledger.sealed", "letters.sealed", "cases.head"} <= {where for where, _ in stored}
    assert [where for where, value in stored if b"MARK-" in value] == []


def test_personal_data_is_not_in_the_files_of_sqlite_either(sqlite, key_file):
    store = Store(sqlite.migrated(), key_file)
    a_marked_life(store)

    file = Path(store.engine.url.database)
    content = b"".join(one.read_bytes() for one in file.parent.glob(f"{file.name}*"))  # with its write-ahead log

    assert b"clock_started" in content  # it is the right file, and what was written is in it
    assert b"MARK-" not in content


def test_personal_data_comes_back_to_who_has_the_key(store):
    case = store.read_case(a_marked_life(store))

    assert case.complaint.complainant.name == MARKS["name"]
    assert case.found.reasons == MARKS["finding"]
    assert case.followed_up.lesson == MARKS["lesson"]
    assert case.letters["acknowledgement", 1].recipient == MARKS["representative_email"]


def test_two_cases_with_the_same_content_look_different(store):
    one, other = (a_stored_case(store, number=None) for _ in range(2))

    assert store.entries(one)[0].sealed != store.entries(other)[0].sealed


def test_destroying_the_key_erases_the_person_and_leaves_the_facts(store):
    reference = a_stored_case(store, Stage.PUT_RIGHT, letter=True)
    columns = case_columns(store.read_case(reference))
    with store.write() as session:
        session.get_one(CaseKeyRow, reference).wrapped = None

    case = store.read_case(reference)

    assert (case.complaint, case.found.reasons, case.decided.reasons) == (None, None, None)
    assert case_columns(case) == columns
    with pytest.raises(KeyDestroyed, match="was erased"):
        store.read_letter(reference, "acknowledgement", 1)
    with pytest.raises(KeyDestroyed), store.open_case(reference) as desk:  # noqa: PT012 - what is done before the error is the point
        desk.case.record(acts.FollowUpOpened(), desk.now)
        desk.case.answer(Question.FOLLOW_UP, a_follow_up(lesson="新的个人信息"), "li.wei", desk.now)
    with store.open_case(reference) as desk:  # what is not personal can still be recorded
        desk.case.record(acts.Closed(closure=Closure.WITHDRAWN), desk.now)
    assert row_of(store, reference).stage == Stage.CLOSED


# --- two writers --------------------------------------------------------------------------------


def test_of_two_who_answer_at_the_same_moment_the_first_wins_and_the_other_is_told(store):
    reference = a_stored_case(store, Stage.UNDER_INVESTIGATION)

    def answer(by):
        with store.open_case(reference) as desk:
            time.sleep(0.1)  # the other one comes meanwhile
            desk.case.answer(Question.FINDING, a_finding(), by, desk.now)

    results = together(lambda: answer("li.wei"), lambda: answer("wang.fang"))

    winner, loser = ("li.wei", 1) if results[0] is None else ("wang.fang", 0)
    assert isinstance(results[loser], AnsweredAlready)
    assert results[loser].by == winner
    assert store.read_case(reference).answered_by[Question.FINDING] == winner
    assert [entry.kind for entry in store.entries(reference)].count("found") == 1


def test_of_two_workers_one_takes_a_letter_from_the_outbox(store):
    """No act is recorded when a send begins, so the version of the case alone would not tell them apart."""
    reference = a_stored_case(store, letter=True)

    def take():
        with store.open_case(reference) as desk:
            row = desk.letter_row("acknowledgement", 1)
            if row.sending_since:
                return False
            time.sleep(0.1)
            row.sending_since = desk.now
            row.attempt += 1
            return True

    assert sorted(together(take, take)) == [False, True]
    with store.read() as session:
        assert session.get_one(LetterRow, (reference, "acknowledgement", 1)).attempt == 1


def test_a_letter_that_somebody_else_put_into_the_outbox_is_a_conflict(store):
    reference = a_stored_case(store, letter=True)
    before = store.entries(reference)

    with pytest.raises(CaseConflict), store.open_case(reference) as desk:  # noqa: PT012 - what is done before the error is the point
        desk.keep_letter("acknowledgement", 1, a_letter())
        prepare_letter(desk.case, now=desk.now)

    assert store.entries(reference) == before


def test_a_writer_who_read_an_older_version_is_told_and_saves_nothing(store):
    reference = a_stored_case(store, Stage.UNDER_INVESTIGATION)
    before = store.entries(reference)

    with pytest.raises(CaseConflict) as conflict, store.open_case(reference) as desk:  # noqa: PT012 - what is done before the error is the point
        desk.case.answer(Question.FINDING, a_finding(), "li.wei", desk.now)
        desk.session.execute(update(CaseRow).values(version=CaseRow.version + 1))  # as if somebody else had saved

    assert conflict.value.args == (reference, len(before))
    assert store.entries(reference) == before
    assert row_of(store, reference).version == len(before)


def test_an_entry_that_somebody_else_added_is_a_conflict(store):
    reference = a_stored_case(store)
    before = store.entries(reference)

    with pytest.raises(CaseConflict), store.open_case(reference) as desk:  # noqa: PT012 - what is done before the error is the point
        desk.case.record(acts.Acknowledged(), desk.now)
        forged = EntryRow(**(before[-1].__dict__ | {"seq": len(before) + 1}))
        desk.session.add(forged)

    assert store.entries(reference) == before


def test_many_who_write_to_one_case_all_get_through(store):
    reference = a_stored_case(store)

    def look_on():
        with store.open_case(reference) as desk:
            desk.case.record(acts.Viewed(what="complainant"), desk.now)

    assert together(*[look_on] * 8) == [None] * 8
    assert [entry.kind for entry in store.entries(reference)].count("viewed") == 8
    assert verify(store).breaks == []


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"facts": "no JSON"}, id="no JSON"),
        pytest.param({"facts": "[]"}, id="no object"),
        pytest.param({"facts": '{"channel": "pigeon"}'}, id="not what the act holds"),
        pytest.param({"kind": "no_such_act", "sealed": None}, id="no known act"),
        pytest.param({"sealed": b"x" * 40}, id="another seal"),
    ],
)
def test_a_case_whose_ledger_cannot_be_read_says_so_and_how_to_find_out_more(store, changes):
    reference = a_stored_case(store)
    with store.write() as session:
        session.execute(update(EntryRow).where(EntryRow.reference == reference, EntryRow.seq == 1).values(**changes))
    before = store.entries(reference)

    def change_it(reference):
        with store.open_case(reference):
            pass

    for use in (store.read_case, lambda reference: store.read_letter(reference, "acknowledgement", 1), change_it):
        with pytest.raises(SealBroken) as broken:
            use(reference)
        assert str(broken.value) == f"Data of case {reference} was altered. Run 'redress verify {reference}'."

    assert store.entries(reference) == before
    assert [one.reference for one in verify(store).breaks] == [reference]


# --- filing -------------------------------------------------------------------------------------


def test_filing_the_same_delivery_twice_gives_the_same_reference(store):
    first = store.file(a_complaint(number=None), "crm", REGIME, "msg-1")

    again = store.file(a_complaint(number=None), "crm", REGIME, "msg-1")

    assert again == Filed(first.reference, is_new=False)
    assert count(store, CaseRow) == 1


def test_filing_the_same_number_twice_gives_the_same_reference(store):
    first = store.file(a_complaint(number="CRM-7"), "crm", REGIME, "msg-1")

    again = store.file(a_complaint(number="CRM-7"), "crm", REGIME, "msg-2")

    assert again == Filed(first.reference, is_new=False)
    assert count(store, CaseRow) == 1


def test_the_same_number_with_other_content_is_refused_and_stores_nothing(store):
    first = store.file(a_complaint(number="CRM-7"), "crm", REGIME)

    with pytest.raises(NumberTaken) as taken:
        store.file(a_complaint(number="CRM-7", narrative="另一件事。"), "crm", REGIME, "msg-2")

    assert taken.value.reference == first.reference
    assert (count(store, CaseRow), count(store, DeliveryRow)) == (1, 0)


def test_the_same_delivery_id_with_other_content_is_refused_and_stores_nothing(store):
    first = store.file(a_complaint(number=None), "crm", REGIME, "msg-1")
    other = a_complaint(number=None, narrative="另一件事。")

    with pytest.raises(DeliveryIdTaken) as taken:
        store.file(other, "crm", REGIME, "msg-1")

    assert (taken.value.delivery_id, taken.value.reference) == ("msg-1", first.reference)
    assert (count(store, CaseRow), count(store, DeliveryRow)) == (1, 1)
    assert store.file(other, "crm", REGIME, "msg-2").is_new


def test_a_delivery_id_used_again_is_refused_though_its_number_is_new(store):
    store.file(a_complaint(number="CRM-7"), "crm", REGIME, "msg-1")

    with pytest.raises(DeliveryIdTaken):
        store.file(a_complaint(number="CRM-8"), "crm", REGIME, "msg-1")

    assert count(store, CaseRow) == 1


def test_one_delivery_id_with_other_content_at_the_same_moment_goes_to_one_of_them(store):
    contents = [a_complaint(number=None, narrative=f"第{one}件事。") for one in range(4)]

    results = together(*[lambda one=one: store.file(one, "crm", REGIME, "msg-1") for one in contents])

    assert sorted(type(result).__name__ for result in results) == [*["DeliveryIdTaken"] * 3, "Filed"]
    assert (count(store, CaseRow), count(store, DeliveryRow)) == (1, 1)


@pytest.mark.parametrize("narrative", ["账户服务费被扣了两次。", "另一件事。"])
def test_the_delivery_of_an_erased_person_is_still_known(store, narrative):
    """Nobody can tell any more what was in it."""
    first = store.file(a_complaint(number=None), "crm", REGIME, "msg-1")
    with store.write() as session:
        session.get_one(CaseKeyRow, first.reference).wrapped = None

    again = store.file(a_complaint(number=None, narrative=narrative), "crm", REGIME, "msg-1")

    assert again == Filed(first.reference, is_new=False)


def test_the_number_of_an_erased_person_is_refused_aloud(store):
    """Nobody can tell any more whether it is the same complaint: a new one must not be lost as if it were known."""
    first = store.file(a_complaint(number="CRM-7"), "crm", REGIME)
    with store.write() as session:
        session.get_one(CaseKeyRow, first.reference).wrapped = None

    with pytest.raises(NumberTaken) as taken:
        store.file(a_complaint(number="CRM-7"), "crm", REGIME)

    assert taken.value.args == ("CRM-7", first.reference)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"number": "CRM-7", "sender": "crm"}, {"number": "CRM-7", "sender": "hotline"}),
        ({"number": None, "delivery_id": "m", "sender": "crm"}, {"number": None, "delivery_id": "m", "sender": "app"}),
        ({"number": None}, {"number": None}),
    ],
    ids=["number of another sender", "delivery of another sender", "neither number nor delivery"],
)
def test_what_cannot_be_known_as_the_same_is_another_case(store, one, other):
    assert file_complaint(store, **one) != file_complaint(store, **other)


def test_the_same_delivery_from_eight_threads_at_once_makes_one_case(store):
    complaint = a_complaint(number=None)

    filed = together(*[lambda: store.file(complaint, "crm", REGIME, "msg-1")] * 8)

    assert len({one.reference for one in filed}) == 1
    assert [one.is_new for one in filed].count(True) == 1
    assert (count(store, CaseRow), count(store, DeliveryRow), count(store, CaseKeyRow)) == (1, 1, 1)


def test_the_same_number_from_eight_threads_at_once_makes_one_case(store):
    complaint = a_complaint(number="CRM-7")

    filed = together(*[lambda: store.file(complaint, "crm", REGIME)] * 8)

    assert len({one.reference for one in filed}) == 1
    assert count(store, CaseRow) == 1


def test_one_number_with_other_content_at_the_same_moment_goes_to_one_of_them(store):
    contents = [a_complaint(number="CRM-7", narrative=f"第{one}件事。") for one in range(4)]

    results = together(*[lambda one=one: store.file(one, "crm", REGIME) for one in contents])

    assert sorted(type(result).__name__ for result in results) == ["Filed", *["NumberTaken"] * 3]
    assert count(store, CaseRow) == 1


def test_different_complaints_from_eight_threads_at_once_are_all_kept(store):
    jobs = [
        lambda one=one: store.file(a_complaint(number=f"CRM-{one}"), "crm", REGIME, f"msg-{one}") for one in range(8)
    ]

    assert all(one.is_new for one in together(*jobs))
    assert count(store, CaseRow) == 8


def test_a_complaint_from_the_future_is_refused_and_nothing_is_stored(store):
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    with pytest.raises(AnswerRefused) as refused:
        store.file(a_complaint(received_at=tomorrow), "crm", REGIME, "msg-1")

    assert refused.value.field == "received_at"
    assert [count(store, table) for table in (CaseRow, EntryRow, CaseKeyRow, ClockRow, DeliveryRow)] == [0] * 5


def test_a_complaint_under_an_unknown_regime_is_refused_and_nothing_is_stored(store):
    with pytest.raises(SettingError, match="no regime pack"):
        store.file(a_complaint(), "crm", "atlantis")

    assert count(store, CaseRow) == 0


@pytest.mark.parametrize(
    ("sender", "delivery_id", "field"),
    [("s" * 65, "msg-1", "sender"), ("crm", "m" * 129, "delivery_id"), ("crm", "m\x00", "delivery_id")],
    ids=["sender", "delivery id", "control character"],
)
def test_a_sender_or_a_delivery_id_that_no_column_can_hold_is_refused_on_every_database(
    store, sender, delivery_id, field
):
    with pytest.raises(AnswerRefused) as refused:
        store.file(a_complaint(), sender, REGIME, delivery_id)

    assert refused.value.field == field
    assert count(store, CaseRow) == 0


@pytest.mark.parametrize(
    "changes", [{"number": "号" * 500}, {"product": "品" * 500}, {"narrative": "😀" * 5000}], ids=ascii
)
def test_the_longest_values_that_are_valid_can_be_stored(store, changes):
    complaint = a_complaint(**changes)

    assert store.read_case(store.file(complaint, "s" * 64, REGIME, "m" * 128).reference).complaint == complaint


def test_the_largest_amount_that_is_valid_can_be_stored(store):
    reference = file_complaint(store, amount={"value": "99999999999999.99"})

    assert row_of(store, reference).amount == Decimal("99999999999999.99")


def test_a_reference_shows_the_day_in_the_regimes_zone():
    just_after_midnight_in_shanghai = datetime(2026, 3, 1, 16, 30, tzinfo=UTC)

    assert new_reference(just_after_midnight_in_shanghai, SHANGHAI, draw=lambda _: 0) == "TS260302-2222222"


def test_a_reference_has_no_letters_that_are_mistaken_for_others():
    drawn = "".join(new_reference(MONDAY, SHANGHAI)[9:] for _ in range(200))

    assert not set(drawn) & set("0O1ILU")


# --- regimes --------------------------------------------------------------------------------------


def test_further_regimes_run_beside_the_leading_one_where_their_condition_holds(store):
    credit, fees = (a_complaint(number=None, category=category) for category in ("credit_report", "fees"))

    cases = [
        store.read_case(store.file(one, "crm", REGIME, further=["cn-credit", "cn-pbc"]).reference)
        for one in (credit, fees)
    ]

    assert [pack.name for pack in cases[0].packs] == ["cn-nfra", "cn-credit"]
    assert [name for name in cases[0].clocks if name.startswith("cn-credit/")]
    assert [pack.name for pack in cases[1].packs] == ["cn-nfra"]
    assert {name for name, _ in cases[1].facts.further} == {"cn-credit", "cn-pbc"}
    assert verify(store).breaks == []


def test_the_version_of_a_regime_is_chosen_by_the_day_of_receipt_and_kept(store):
    received_at = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)
    reference = store.file(a_complaint(received_at=received_at), "crm", "in-rbi").reference

    case = store.read_case(reference)

    assert (case.facts.regime_version, case.pack.version) == ("2021", "2021")
    assert case.rules.pack("in-rbi").version == "2026"


def test_a_complaint_with_a_circumstance_that_no_regime_knows_leaves_no_trace(store):
    with pytest.raises(AnswerRefused, match="no regime of this case knows 'blue'"):
        file_complaint(store, circumstances=["blue"])

    assert store.list_cases() == []


def test_why_a_clock_was_paused_or_extended_is_sealed_and_comes_back_from_the_ledger(store):
    reference = file_complaint(store, circumstances=["complex"])
    with store.open_case(reference) as desk:
        given = {"reason": "等待林知夏的病历。", "proof": "JD-2026-18"}
        timekeeping.pause(desk.case, "decision", "appraisal", "li.wei", desk.now, **given)
        timekeeping.extend(desk.case, "decision", "complex", "li.wei", desk.now, reason="等待林知夏的病历。")

    case = store.read_case(reference)
    assert case.clocks["decision"].pauses[0].reason == case.clocks["decision"].extensions[0].reason
    assert case.clocks["decision"].pauses[0].reason == "等待林知夏的病历。"
    assert [one.seq for one in store.entries(reference) if "林知夏" in one.facts] == []
    assert clock_row(store, reference).paused
    assert verify(store).breaks == []


def clock_row(store, reference, name="decision"):
    with store.read() as session:
        return session.get_one(ClockRow, (reference, name))
