import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.adapters.filing import new_reference
from complaints.privacy import personal_data_in
from tests.builders import EMAIL, MONDAY, SHANGHAI, a_complaint

NUMBER = "a long number (telephone, account or identity number)"
MAIL = "an e-mail address"
PERSON = "a name or contact of the complainant"

COMPLAINT = a_complaint(
    complainant={
        "name": "林知夏",
        "identity_number": "K-77B",
        "contacts": [EMAIL, {"kind": "post", "value": "上海市徐汇区辨认路99号"}, {"kind": "portal", "value": "LZX-42"}],
    },
    representative={
        "name": "Anna Li",
        "relation": "daughter",
        "authority": "letter",
        "contacts": [{"kind": "phone", "value": "5550 0"}],
    },
    contract="HT-26-01",
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # long numbers, however they are broken up
        ("电话13800000101。", NUMBER),
        ("call 138 0000 0101", NUMBER),
        ("call 138-0000-0101", NUMBER),
        ("021-5550 0000", NUMBER),
        ("身份证310101199001010011", NUMBER),
        ("31010119900101001X", NUMBER),
        ("6222 0212 3456 7890 123", NUMBER),
        ("１３８００００００１０１", NUMBER),  # full-width digits
        ("1234567", NUMBER),
        ("123456", None),
        ("12 34 56", None),
        # amounts, articles and dates are none
        ("应退128.50元", None),
        ("应退1,234,567.80元", None),
        ("第二十条,银保监会令2020年第3号", None),
        ("2026年3月2日至2026年3月17日", None),
        ("2026-03-02", None),
        ("2026-03-02 09:00", None),
        ("从2026-03-02到2026-03-17", None),
        ("2026-03-02 2026-03-17", None),
        # but a date hides no number beside it
        ("2026-03-02 13800000101", NUMBER),
        ("138-2026-03-02-0101", NUMBER),
        ("1382026-03-020101", NUMBER),
        ("9999-99-99", NUMBER),
        # the references of cases are none either
        ("参见TS260302-7K3M9QX", None),
        ("see TS260302-2345678.", None),
        ("TS260302-23456789876543", NUMBER),
        ("XX260302-2345678", NUMBER),
        # addresses
        ("发到 someone@example.cn", MAIL),
        ("发到someone＠example.cn", MAIL),
        ("a @ b", None),
        # the complainant's own
        ("林知夏来电。", PERSON),
        ("已联系林知夏本人", PERSON),
        ("林女士来电。", None),
        ("anna li called", PERSON),
        ("ANNA LI", PERSON),
        ("Hannah Lin called", None),
        ("寄到上海市徐汇区辨认路99号。", PERSON),
        ("合同HT-26-01已核对", PERSON),
        ("合同ht-26-01已核对", PERSON),
        ("合同HT-26-011已核对", None),  # another contract
        ("证件 K-77B", PERSON),
        ("平台编号LZX-42", PERSON),
        ("分机5550 0", PERSON),
        # nothing
        ("", None),
        ("已核对扣款记录,属重复扣收。", None),
    ],
)
def test_what_an_operator_typed_is_searched_for_personal_data(text, found):
    assert personal_data_in(text, COMPLAINT) == found


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("Li", "I believe the client is right.", None),  # a short name is not found inside words
        ("Li", "Ali and Oli agree.", None),
        ("Li", "Li is right.", PERSON),
        ("Li", "这是Li说的", PERSON),
        ("Li", "Ms Li's account", PERSON),
        ("A", "A refund is due.", None),  # one letter names nobody
        ("刘", "浏览记录,刘", None),
        ("O'Neil (née Wu)", "O'NEIL (NÉE WU) called", PERSON),
        (None, "anything", None),
    ],
)
def test_a_name_is_found_as_a_word(name, text, found):
    assert personal_data_in(text, a_complaint(complainant={"name": name}, contract=None)) == found


def test_after_the_person_was_erased_numbers_and_addresses_are_still_found():
    assert personal_data_in("林知夏", None) is None
    assert personal_data_in("13800000101", None) == NUMBER
    assert personal_data_in("x@example.cn", None) == MAIL


def test_the_finding_names_the_kind_and_never_the_data():
    for text in ("13800000101", "someone@example.cn", "林知夏"):
        assert text not in personal_data_in(text, COMPLAINT)


@given(st.randoms())
def test_no_reference_that_redress_gives_is_taken_for_a_number(random):
    reference = new_reference(MONDAY, SHANGHAI, draw=random.randrange)

    assert personal_data_in(f"并入{reference}。", COMPLAINT) is None
