"""Complaints that arrive at the same moment share a transaction, and none of them notices."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier

from pydantic import ValidationError
from sqlalchemy import event, func, select

from complaints.adapters.filing import Filed
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow, DeliveryRow, StartRow
from complaints.adapters.together import MOST, Filing, Together
from complaints.adapters.verify import verify
from complaints.errors.base import ComplaintError
from complaints.errors.case import AnswerRefused
from complaints.errors.intake import DeliveryIdTaken, NumberTaken
from complaints.intake import Complaint
from tests.builders import a_complaint

REGIME = "cn-nfra"


def file_at_once(together: Together, filings: Sequence[Filing]) -> list[Future]:
    """File what has come in while the thread was at work."""
    together._waiting.extend(filings)
    together._file_waiting()
    return [filing.answer for filing in filings]


def a_filing(number: int | None, delivery: str | None = None, **changes: object) -> Filing:
    complaint = a_complaint(number=f"CRM-{number}" if number else None, **changes)
    return Filing(lambda: complaint, "crm", delivery or f"msg-{number}")


def file_one(together: Together, number: int) -> Filed:
    return together.file(lambda: a_complaint(number=f"CRM-{number}"), "crm", f"msg-{number}").result(20)


def rows(store: Store, table: type) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_several_are_stored_in_one_transaction_each_with_its_ledger_its_delivery_and_the_run_it_is_owed(store: Store):
    commits: list[object] = []

    def note(connection: object) -> None:
        commits.append(connection)

    event.listen(store.engine, "commit", note)

    answers = file_at_once(Together(store, REGIME), [a_filing(number) for number in range(1, 9)])

    event.remove(store.engine, "commit", note)
    assert len(commits) == 1
    assert len({answer.result().reference for answer in answers}) == 8
    assert all(answer.result().is_new for answer in answers)
    assert [rows(store, table) for table in (CaseRow, DeliveryRow, StartRow)] == [8, 8, 8]
    assert verify(store).breaks == []


def test_what_is_known_or_comes_twice_at_once_is_the_case_that_it_was_the_first_time(store: Store):
    together = Together(store, REGIME)
    before = file_one(together, 1)

    known, by_number, new, again = file_at_once(
        together,
        [a_filing(1), a_filing(1, "msg-of-the-same-number"), a_filing(2), a_filing(2)],
    )

    assert known.result().reference == by_number.result().reference == before.reference
    assert new.result().reference == again.result().reference != before.reference
    assert [one.result().is_new for one in (known, by_number, new, again)] == [False, False, True, False]
    assert rows(store, CaseRow) == 2


def test_one_that_is_refused_spoils_none_of_the_others(store: Store):
    together = Together(store, REGIME)
    file_one(together, 1)

    wrong = [
        a_filing(1, narrative="等等,另一件事"),
        a_filing(3, "msg-1"),
        a_filing(4, circumstances=("unheard-of",)),
    ]
    good = [a_filing(number) for number in (5, 6)]
    answers = file_at_once(together, [*wrong, *good])

    assert [type(answer.exception()) for answer in answers[:3]] == [DeliveryIdTaken, DeliveryIdTaken, AnswerRefused]
    assert all(answer.result().is_new for answer in answers[3:])
    assert rows(store, CaseRow) == 3
    assert verify(store).breaks == []


def test_a_number_with_other_content_is_refused_also_among_others(store: Store):
    together = Together(store, REGIME)
    file_one(together, 1)

    other, good = file_at_once(together, [a_filing(1, "msg-2", narrative="另一件事"), a_filing(2)])

    assert isinstance(other.exception(), NumberTaken)
    assert good.result().is_new


def test_many_threads_get_the_answers_to_what_they_brought(store: Store):
    together, threads = Together(store, REGIME), 12
    together_now = Barrier(threads)

    def bring(number: int) -> tuple[int, str]:
        together_now.wait()
        return number, file_one(together, number).reference

    with ThreadPoolExecutor(threads) as pool:
        brought = dict(pool.map(bring, range(threads)))

    for number, reference in brought.items():
        assert store.read_case(reference).facts.number == f"CRM-{number}"
    assert rows(store, CaseRow) == threads


def test_where_nothing_can_be_stored_everybody_is_told(store: Store):
    class Away(ComplaintError):
        """The case database is away."""

    class Gone(Store):
        def file(self, *_: object, **__: object):
            raise Away

        def file_new(self, *_: object):
            raise Away

    gone = Gone(store.url, store.key_file)
    answers = file_at_once(Together(gone, REGIME), [a_filing(1), a_filing(2)])

    assert all(isinstance(answer.exception(), Away) for answer in answers)


def test_more_than_fit_into_one_transaction_are_stored_too(store: Store):
    together = Together(store, REGIME)

    answers = [
        together.file(lambda number=number: a_complaint(number=f"CRM-{number}"), "crm", f"msg-{number}")
        for number in range(2 * MOST + 10)
    ]

    assert all(answer.result(20).is_new for answer in answers)
    assert rows(store, CaseRow) == 2 * MOST + 10


def test_what_cannot_be_read_is_told_to_whoever_sent_it_and_spoils_none_of_the_others(store: Store):
    unreadable = Filing(lambda: Complaint.model_validate({}), "crm", "msg-0")

    wrong, *good = file_at_once(Together(store, REGIME), [unreadable, a_filing(1), a_filing(2)])

    assert isinstance(wrong.exception(), ValidationError)
    assert all(answer.result().is_new for answer in good)


def test_a_bug_that_one_complaint_brings_up_keeps_nobody_else_waiting(store: Store):
    class Buggy(Store):
        def file_new(self, *_: object):
            raise OverflowError

    answers = file_at_once(Together(Buggy(store.url, store.key_file), REGIME), [a_filing(1), a_filing(2)])

    assert all(answer.result(0).is_new for answer in answers)


def test_what_nobody_waits_for_any_more_is_not_stored(store: Store):
    gone = a_filing(1)
    gone.answer.cancel()

    file_at_once(Together(store, REGIME), [gone, a_filing(2)])

    assert rows(store, CaseRow) == 1
