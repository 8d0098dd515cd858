import hashlib
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

from complaints.intake import Complaint, Money
from tests.builders import EMAIL, MONDAY, a_complaint, complaint_values

A_LAWYER = {"name": "周", "relation": "律师"}


def contact(kind, value):
    return {"complainant": {"contacts": [{"kind": kind, "value": value}]}}


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        # what is not there, or not known
        ({"narrative": ""}, "narrative", "at least 1 character"),
        ({"narrative": " \n "}, "narrative", "at least 1 character"),
        ({"narrative": None}, "narrative", "valid string"),
        ({"narrativ": "text"}, "narrativ", "not permitted"),
        ({"channel": "pigeon"}, "channel", "'web'"),
        ({"kind": "grumble"}, "kind", "'complaint'"),
        ({"category": "weather"}, "category", "'fees'"),
        ({"cause": "weather"}, "cause", "'forbidden_time'"),
        ({"language": "fr"}, "language", "pattern"),
        # text
        ({"narrative": "a\x00b"}, "narrative", "control characters"),
        ({"narrative": "a\x1bb"}, "narrative", "control characters"),
        ({"narrative": "x" * 40_001}, "narrative", "at most 40000"),
        ({"narrative": "half a letter: \ud83d"}, "narrative", "unicode"),
        ({"complainant": {"name": "x" * 201}}, "complainant.name", "at most 200"),
        ({"complainant": {"name": ""}}, "complainant.name", "at least 1 character"),
        ({"product": "x" * 501}, "product", "at most 500"),
        ({"number": "x" * 501}, "number", "at most 500"),
        # contacts
        (contact("email", "name.example.cn"), "complainant.contacts.0", "not an e-mail address"),
        (contact("email", "@example.cn"), "complainant.contacts.0", "not an e-mail address"),
        (contact("email", "name@localhost"), "complainant.contacts.0", "not an e-mail address"),
        (contact("email", "two words@example.cn"), "complainant.contacts.0", "not an e-mail address"),
        (contact("email", "a@b.cn\nBcc: all@b.cn"), "complainant.contacts.0", "e-mail|one line"),
        (contact("phone", "call me"), "complainant.contacts.0", "not a telephone number"),
        (contact("post", "1 Example Road\r\nShanghai"), "complainant.contacts.0", "one line"),
        (contact("fax", "123456"), "complainant.contacts.0.kind", "'post'"),
        ({"complainant": {"contacts": [EMAIL] * 11}}, "complainant.contacts", "at most 10"),
        # the representative
        ({"representative": A_LAWYER}, "representative.authority", "required"),
        ({"representative": A_LAWYER | {"authority": ""}}, "representative.authority", "at least 1"),
        # money
        ({"amount": {"value": "-0.01"}}, "amount.value", "greater than or equal to 0"),
        ({"amount": {"value": "0.001"}}, "amount.value", "2 decimal places"),
        ({"amount": {"value": "NaN"}}, "amount.value", "finite number"),
        ({"amount": {"value": "Infinity"}}, "amount.value", "finite number"),
        ({"amount": {"value": "1E+500"}}, "amount.value", "digits"),
        ({"amount": {"value": "1", "currency": "cny"}}, "amount.currency", "pattern"),
        ({"amount": "128.50"}, "amount", "dictionary|instance of Money"),
        # place and time
        ({"region": "Shanghai"}, "region", "pattern"),
        ({"happened_on": "2026-02-29"}, "happened_on", "date"),
        ({"received_at": "2026-03-02T09:00:00"}, "received_at", "timezone"),
        ({"received_at": "2026-03-02"}, "received_at", "timezone"),
        ({"received_at": "0001-01-01T00:00:00+08:00"}, "received_at", "is out of range"),
        ({"received_at": "9999-12-31T23:59:59-08:00"}, "received_at", "is out of range"),
        # what rules depend on
        ({"circumstances": ["Very complex"]}, "circumstances.0", "pattern"),
        ({"circumstances": ["complex"] * 21}, "circumstances", "at most 20"),
        ({"events": {"Sent to portal": "2026-03-02T09:00:00Z"}}, "events.Sent to portal.[key]", "pattern"),
        ({"events": {"sent_to_portal": "2026-03-02T09:00:00"}}, "events.sent_to_portal", "timezone"),
        ({"events": {"sent_to_portal": "yesterday"}}, "events.sent_to_portal", "datetime"),
        # evidence
        ({"evidence": [{"name": "a.jpg", "size": -1}]}, "evidence.0.size", "greater than or equal to 0"),
        ({"evidence": [{"name": "a.jpg", "sha256": "abc"}]}, "evidence.0.sha256", "pattern"),
        ({"evidence": [{"name": "a.jpg"}] * 51}, "evidence", "at most 50"),
    ],
    ids=lambda value: ascii(value)[:60] if isinstance(value, dict) else "",
)
def test_bad_input_names_the_field_and_the_reason(changes, field, reason):
    with pytest.raises(ValidationError) as wrong:
        a_complaint(**changes)

    first = wrong.value.errors()[0]
    assert ".".join(str(part) for part in first["loc"]) == field
    assert any(part in first["msg"] for part in reason.split("|")), first["msg"]


@pytest.mark.parametrize(
    "changes",
    [
        {"narrative": "line one\nline two\tand a tab"},
        {"language": "en\n"},  # white space around a value is not an error
        contact("phone", "+86 21 5550 0000"),
        {"region": "CN"},
        {"region": "CN-31"},
        {"amount": {"value": "0"}},
        {"amount": {"value": "99999999999999.99"}},
        {"received_at": "2026-03-02T09:00:00+08:00"},
        {"happened_on": "2028-02-29"},
        {"circumstances": ["complex", "branch_result"], "events": {"sent_to_portal": "2026-03-02T09:00:00+08:00"}},
    ],
    ids=ascii,
)
def test_good_input_is_taken(changes):
    assert a_complaint(**changes)


@pytest.mark.parametrize("missing", ["channel", "narrative"])
def test_a_complaint_needs_a_channel_and_a_story(missing):
    values = complaint_values()
    del values[missing]

    with pytest.raises(ValidationError, match="Field required"):
        Complaint.model_validate(values)


def test_a_channel_and_a_story_are_enough():
    complaint = Complaint.model_validate({"channel": "counter", "narrative": "柜员态度差。"})

    assert (complaint.language, complaint.complainant.name, complaint.kind) == ("zh-CN", None, None)


@pytest.mark.parametrize("field", ["number", "product", "contract", "respondent"])
def test_a_blank_cell_of_a_spreadsheet_is_no_value(field):
    assert getattr(a_complaint(**{field: "  "}), field) is None


def test_an_error_does_not_repeat_what_the_person_wrote():
    with pytest.raises(ValidationError) as wrong:
        a_complaint(narrative="my number is 13800000101\x00")

    assert "13800000101" not in str(wrong.value)


def test_the_same_content_has_the_same_fingerprint():
    assert a_complaint().fingerprint == a_complaint().fingerprint


@pytest.mark.parametrize(
    "changes",
    [
        {"narrative": "账户服务费被扣了三次。"},
        {"amount": {"value": "128.51"}},
        {"amount": {"value": "128.50", "currency": "USD"}},
        {"complainant": {"name": "林知秋", "contacts": [EMAIL]}},
        {"received_at": MONDAY},
        {"urgent": True},
        {"circumstances": ["complex"]},
        {"events": {"new_facts": MONDAY}},
    ],
)
def test_other_content_has_another_fingerprint(changes):
    assert a_complaint(**changes).fingerprint != a_complaint().fingerprint


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"amount": {"value": "128.50"}}, {"amount": {"value": "128.5"}}),
        ({"amount": {"value": "100"}}, {"amount": {"value": "1E+2"}}),
        ({"received_at": MONDAY}, {"received_at": MONDAY.astimezone(UTC)}),
        ({"narrative": "扣款"}, {"narrative": " 扣款 "}),
        ({"product": ""}, {"product": None}),
        ({"events": {"new_facts": MONDAY}}, {"events": {"new_facts": MONDAY.astimezone(UTC)}}),
        ({"circumstances": [], "events": {}}, {}),
    ],
)
def test_the_same_thing_written_another_way_has_the_same_fingerprint(one, other):
    assert a_complaint(**one).fingerprint == a_complaint(**other).fingerprint


def test_a_complaint_that_was_delivered_before_there_were_circumstances_is_still_known_again():
    was = "d2b97b6c1406fb3ee738ab26ef16fdb84e21c4da159f5aebb771a88e78ff22a3"

    assert a_complaint().fingerprint == was


def test_the_fingerprint_survives_being_stored():
    complaint = a_complaint(received_at=MONDAY, amount={"value": "1E+2"}, happened_on="2026-02-27")

    stored = Complaint.model_validate_json(complaint.model_dump_json())

    assert stored.fingerprint == complaint.fingerprint
    assert stored.received_at == datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def test_money_is_shown_with_its_currency_and_two_decimals():
    assert str(Money(value=Decimal("12345.6"), currency="CNY")) == "CNY 12,345.60"


def test_names_of_product_and_issue_that_are_not_stated_leave_the_fingerprint_as_it_was():
    plain = a_complaint()

    assert a_complaint(sub_product=None, issue=" ").fingerprint == plain.fingerprint
    assert len({one.fingerprint for one in (plain, a_complaint(issue="扣费"), a_complaint(sub_product="扣费"))}) == 3
    values = plain.model_dump(mode="json", exclude={"sub_product", "issue", "circumstances", "events", "transfer"})
    before = hashlib.sha256(json.dumps(values, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    assert plain.fingerprint == before
