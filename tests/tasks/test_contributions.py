"""Taking in what comes for a case, in one transaction with its files and its delivery id."""

from pathlib import Path

import pytest

from complaints.adapters.delivering import Delivery, content_of
from complaints.adapters.evidence import EvidenceStore
from complaints.adapters.store import Store
from complaints.contributions import DeliveryReceipt
from complaints.errors.case import AnswerRefused
from complaints.errors.intake import ContributionTooLate, DeliveryIdTaken
from complaints.words import Channel, Stage
from tasks import contributions
from tasks.contributions import Upload, attach, receive_materials, report_delivery, withdraw
from tests.builders import REFERENCE, a_stored_case

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
FILE = Upload("流水.pdf", PDF, "mail", note="本人从手机银行下载")
DELIVERY = Delivery("crm", "msg_1", content_of("materials", {"words": "补充"}))


@pytest.fixture(autouse=True)
def evidence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> EvidenceStore:
    """An evidence store of the test's own."""
    store = EvidenceStore(str(tmp_path / "evidence"))
    monkeypatch.setattr(contributions, "evidence_store", lambda: store)
    return store


def test_materials_bring_words_and_files_into_the_case(store: Store) -> None:
    reference = a_stored_case(store, Stage.UNDER_INVESTIGATION)

    with store.open_case(reference) as desk:
        act = receive_materials(desk, "补充", [FILE], "crm", Channel.EMAIL, "complainant", DELIVERY)

    case = store.read_case(reference)
    assert (act.number, act.words, act.evidence) == (1, "补充", (1,))
    assert case.materials == (act,)
    assert (case.evidence[0].added.name, case.evidence[0].added.note) == ("流水.pdf", "本人从手机银行下载")


def test_the_same_delivery_twice_is_one_and_is_answered_alike(store: Store) -> None:
    reference = a_stored_case(store, Stage.UNDER_INVESTIGATION)

    acts = []
    for _ in range(2):
        with store.open_case(reference) as desk:
            acts.append(receive_materials(desk, "补充", [FILE], "crm", Channel.WEB, "crm", DELIVERY))

    assert acts[0] == acts[1]
    assert len(store.read_case(reference).materials) == 1


def test_the_same_delivery_is_answered_alike_once_the_case_is_closed(store: Store) -> None:
    reference = a_stored_case(store, Stage.UNDER_INVESTIGATION)
    with store.open_case(reference) as desk:
        first = receive_materials(desk, "补充", [], "crm", Channel.WEB, "crm", DELIVERY)
    with store.open_case(reference) as desk:
        withdraw(desk, "crm")

    with store.open_case(reference) as desk:
        again = receive_materials(desk, "补充", [], "crm", Channel.WEB, "crm", DELIVERY)

    assert again == first


def test_other_content_or_another_case_under_the_same_id_is_refused(store: Store) -> None:
    reference, other = (a_stored_case(store, Stage.UNDER_INVESTIGATION, number=number) for number in ("1", "2"))
    with store.open_case(reference) as desk:
        receive_materials(desk, "补充", [], "crm", Channel.WEB, "crm", DELIVERY)

    changed = Delivery("crm", "msg_1", content_of("materials", {"words": "别的"}))
    for where, delivery in ((reference, changed), (other, DELIVERY)):
        with pytest.raises(DeliveryIdTaken), store.open_case(where) as desk:
            receive_materials(desk, "别的", [], "crm", Channel.WEB, "crm", delivery)

    assert [len(store.read_case(one).materials) for one in (reference, other)] == [1, 0]


def test_two_senders_may_use_the_same_delivery_id(store: Store) -> None:
    reference = a_stored_case(store, Stage.UNDER_INVESTIGATION)

    for sender in ("crm", "hotline"):
        delivery = Delivery(sender, "msg_1", content_of(sender))
        with store.open_case(reference) as desk:
            receive_materials(desk, "补充", [], sender, Channel.WEB, sender, delivery)

    assert [one.sender for one in store.read_case(reference).materials] == ["crm", "hotline"]


def test_a_closed_case_keeps_no_file(store: Store, evidence: EvidenceStore, tmp_path: Path) -> None:
    reference = a_stored_case(store, Stage.CLOSED)
    before = store.entries(reference)

    with pytest.raises(ContributionTooLate), store.open_case(reference) as desk:
        receive_materials(desk, "补充", [FILE], "crm", Channel.WEB, "crm")

    assert store.entries(reference) == before
    assert not list(tmp_path.glob("evidence/**/*.*"))


def test_neither_words_nor_files_are_nothing(store: Store) -> None:
    reference = a_stored_case(store, Stage.UNDER_INVESTIGATION)

    with pytest.raises(AnswerRefused, match="neither words nor files"), store.open_case(reference) as desk:
        receive_materials(desk, " \n", [], "crm", Channel.WEB, "crm")


def test_a_file_that_cannot_be_taken_is_recorded_and_the_words_are_taken(store: Store) -> None:
    reference = a_stored_case(store, Stage.UNDER_INVESTIGATION)

    with store.open_case(reference) as desk:
        act = receive_materials(desk, "补充", [Upload("a.exe", b"MZ" + bytes(64), "mail")], "m", Channel.EMAIL, "m")

    case = store.read_case(reference)
    assert (act.evidence, len(case.materials), len(case.evidence_refused)) == ((), 1, 1)


def test_files_that_come_with_a_new_complaint_are_numbered(store: Store) -> None:
    reference = a_stored_case(store)

    with store.open_case(reference) as desk:
        numbers = attach(desk, [FILE, Upload("b.txt", b"another", "web")], "web")

    assert numbers == [1, 2]


def test_a_withdrawal_is_taken_once(store: Store) -> None:
    reference = a_stored_case(store, Stage.UNDER_INVESTIGATION)

    ended = []
    for _ in range(2):
        with store.open_case(reference) as desk:
            ended.append(withdraw(desk, "crm", Channel.TELEPHONE, "不再追究。", DELIVERY))

    assert ended == [True, False]
    assert store.read_case(reference).withdrawn


def test_a_receipt_is_taken_once(store: Store) -> None:
    reference = a_stored_case(store, Stage.UNDER_INVESTIGATION, letter=True)
    with store.open_case(reference) as desk:
        desk.case.record(_sent(), desk.now)
    receipt = DeliveryReceipt(message_id=f"<{REFERENCE}-1@example.com>", status="failed", code="5.1.1")

    new = []
    for _ in range(2):
        with store.open_case(reference) as desk:
            new.append(report_delivery(desk, receipt, "mail", DELIVERY))

    assert new == [True, False]
    assert store.read_case(reference).letters["acknowledgement", 1].status == "failed"


def _sent() -> "contributions.acts.LetterSent":
    return contributions.acts.LetterSent(letter="acknowledgement", round=1, channel="email", receipt="accepted")
