from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.repeats import MOST, Traces, compared, suggest
from complaints.signs import signs_of
from complaints.words import Likeness, RepeatGrade
from tests.builders import MONDAY, a_complaint
from tests.complaints.test_signs import ENGLISH, KEY, OTHER_STORY, STORY

LIN = {"name": "林知夏", "contacts": [{"kind": "phone", "value": "13800000101"}]}
BROTHER = {"name": "林知秋", "contacts": [{"kind": "phone", "value": "+86 138 0000 0101"}]}
AGENT = {
    "name": "某某咨询",
    "relation": "代理",
    "authority": "委托书",
    "contacts": [{"kind": "phone", "value": "17000000000"}],
}
TEMPLATE = (
    "尊敬的领导：本人因生活困难无力偿还，贵公司收取的利息、担保费、服务费合计超过法定上限，违反监管规定，"
    "要求退还全部息费，停止催收，删除征信不良记录，并在十五日内书面答复，否则将向监管部门继续反映。"
)


def traces(reference="TS260302-AAAAAAA", days=0, **changes):
    complaint = a_complaint(**{"narrative": STORY, "amount": None, "product": None, "complainant": LIN} | changes)
    amount = (complaint.amount.value, complaint.amount.currency) if complaint.amount else None
    received_at = MONDAY + timedelta(days=days)
    return Traces(reference, received_at, signs_of(complaint, KEY), complaint.product, amount)


def later(**changes):
    return traces("TS260305-BBBBBBB", changes.pop("days", 3), **changes)


def person(name, phone=None, **more):
    contacts = [{"kind": "phone", "value": phone}] if phone else []
    return {"name": name, "contacts": contacts} | more


PAIRS = [
    pytest.param(traces(), later(), "likely", "phone name time wording", id="same person, same words"),
    pytest.param(
        traces(contract="QZ-0001", amount={"value": "257"}),
        later(
            contract="qz 0001", amount={"value": "257"}, narrative="又来问一次，那两笔服务费什么时候退给我，请给答复。"
        ),
        "likely",
        "phone name account amount time",
        id="same person, account and amount, told in other words",
    ),
    pytest.param(
        traces(product="轻舟消费贷", happened_on="2026-03-01"),
        later(product="轻舟 消费贷", happened_on="2026-03-01", narrative=OTHER_STORY),
        "likely",
        "phone name product day time",
        id="same person, product and day",
    ),
    pytest.param(
        traces(contract="QZ-0001"),
        later(contract="QZ-0001", narrative=OTHER_STORY),
        "possible",
        "phone name account time",
        id="same person and account, another story",
    ),
    pytest.param(
        traces(product="轻舟消费贷"),
        later(product="安居房贷", narrative=OTHER_STORY),
        None,
        "",
        id="same person, other matter",
    ),
    pytest.param(
        traces(product="轻舟消费贷"),
        later(product="轻舟消费贷", narrative=OTHER_STORY, days=200),
        None,
        "",
        id="same person and product, other words, half a year later",
    ),
    pytest.param(
        traces(narrative=TEMPLATE, product="轻舟消费贷"),
        later(narrative=TEMPLATE, product="轻舟消费贷", complainant=person("赵一鸣", "13800000202")),
        None,
        "",
        id="template letters by different people",
    ),
    pytest.param(
        traces(narrative=TEMPLATE, product="轻舟消费贷", representative=AGENT, complainant=person("林知夏")),
        later(narrative=TEMPLATE, product="轻舟消费贷", representative=AGENT, complainant=person("赵一鸣")),
        None,
        "",
        id="template letters that one agency sends for two people",
    ),
    pytest.param(
        traces(narrative=TEMPLATE, product="轻舟消费贷", representative=AGENT, complainant=person("王伟")),
        later(narrative=TEMPLATE, product="轻舟消费贷", representative=AGENT, complainant=person("王伟")),
        "possible",
        "name agent product time wording",
        id="one agency, one name, which may be two people's",
    ),
    pytest.param(
        traces(narrative=TEMPLATE, complainant=person("林知夏", "17000000000")),
        later(narrative=TEMPLATE, complainant=person("赵一鸣", "17000000000")),
        None,
        "",
        id="template letters for two people, the agency's telephone given as theirs",
    ),
    pytest.param(
        traces(narrative=TEMPLATE, contract="QZ-0001"),
        later(narrative=TEMPLATE, contract="QZ-0001", complainant={}),
        "possible",
        "account time wording",
        id="template letters about one account, once without a name",
    ),
    pytest.param(
        traces(product="轻舟消费贷"),
        later(product="轻舟消费贷", complainant=person("林知夏", "13800000110")),
        "possible",
        "name product time wording",
        id="a slip in the telephone number",
    ),
    pytest.param(
        traces(narrative=OTHER_STORY, product="轻舟消费贷"),
        later(product="轻舟消费贷", complainant=person("林知夏", "13900000909")),
        None,
        "",
        id="the same name, nothing else but the product",
    ),
    pytest.param(
        traces(product="轻舟消费贷"),
        later(product="轻舟消费贷", complainant=BROTHER, narrative=OTHER_STORY),
        None,
        "",
        id="a family shares a telephone",
    ),
    pytest.param(
        traces(contract="QZ-0001"),
        later(contract="QZ-0001", complainant=BROTHER),
        "possible",
        "phone account time wording other_name",
        id="a brother writes about the same account",
    ),
    pytest.param(
        traces(complainant=person("王伟", "13800000101", identity_number="310101198001011237"), contract="QZ-0001"),
        later(complainant=person("王伟", "13800000101", identity_number="310101197902022349"), product="轻舟消费贷"),
        None,
        "",
        id="two people of one name and telephone, told apart by their identity numbers",
    ),
    pytest.param(
        traces(complainant=person("林知夏", identity_number="310101198001011237"), product="轻舟消费贷"),
        later(complainant=person("林志夏", "13700000303", identity_number="310101800101123"), product="轻舟消费贷"),
        "likely",
        "identity product time wording other_name",
        id="one identity number in its two forms, the name misheard",
    ),
    pytest.param(
        traces(
            narrative=ENGLISH,
            complainant={"name": "Mary Smith", "contacts": [{"kind": "email", "value": "mary@example.com"}]},
        ),
        later(
            narrative=ENGLISH.replace("four times", "six times"),
            complainant={"name": "SMITH, Mary", "contacts": [{"kind": "email", "value": "Mary@Example.com"}]},
        ),
        "likely",
        "email name time wording",
        id="in English",
    ),
    pytest.param(
        traces(complainant={}, narrative=TEMPLATE),
        later(complainant={}, narrative=TEMPLATE),
        None,
        "",
        id="nobody gave a name",
    ),
]


@pytest.mark.parametrize(("earlier", "later", "grade", "reasons"), PAIRS)
def test_two_complaints_are_the_same_for_reasons_that_are_told(earlier, later, grade, reasons):
    found = compared(later, earlier)

    assert (found.grade if found else None, " ".join(found.reasons) if found else "") == (grade, reasons)


@pytest.mark.parametrize(("earlier", "later", "grade", "reasons"), PAIRS)
def test_it_does_not_matter_which_of_the_two_is_asked_about(earlier, later, grade, reasons):
    there, back = compared(later, earlier), compared(earlier, later)

    assert (there and (there.grade, there.reasons)) == (back and (back.grade, back.reasons))


@given(st.text(min_size=40, max_size=300), st.integers(0, 400), st.booleans())
def test_people_without_anything_in_common_are_never_suggested_whatever_they_write(text, days, one_product):
    text = text if text.strip() and all(ord(one) >= 32 for one in text) else TEMPLATE
    product = "轻舟消费贷" if one_product else None
    mine = traces(narrative=text, product=product, amount={"value": "257"}, happened_on="2026-03-01")
    other = later(
        narrative=text,
        product=product,
        amount={"value": "257"},
        happened_on="2026-03-01",
        complainant=person("赵一鸣", "13800000202"),
        days=days,
    )

    assert compared(mine, other) is None


def test_a_complaint_is_no_repeat_of_itself():
    assert suggest(traces(), [traces()]) == ()


def test_the_likeliest_come_first_and_the_many_are_cut():
    possible = [
        replace(later(contract="QZ-0001", narrative=OTHER_STORY), reference=f"TS-P{number:02}") for number in range(9)
    ]
    likely = [replace(later(contract="QZ-0001"), reference=f"TS-L{number:02}") for number in range(4)]

    found = suggest(traces(contract="QZ-0001"), [*possible, *likely])

    assert len(found) == MOST
    assert [one.reference for one in found[:5]] == ["TS-L00", "TS-L01", "TS-L02", "TS-L03", "TS-P00"]
    assert found[0].grade is RepeatGrade.LIKELY
    assert found[0].reasons[0] is Likeness.PHONE
