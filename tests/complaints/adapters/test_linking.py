from sqlalchemy import event, update

from complaints.adapters.linking import open_link, secret_token
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseKeyRow
from tests.builders import file_complaint

NOBODYS = "TS260302-7K3M9QX"


def token_of(store: Store, reference: str) -> str:
    token = secret_token(store, reference)
    assert token
    return token


def test_the_secret_link_opens_its_case(store):
    reference = file_complaint(store)
    opened = open_link(store, reference, token_of(store, reference))

    assert opened is not None
    assert opened.reference == reference


def test_a_link_opens_however_its_letters_were_typed(store):
    reference = file_complaint(store)

    assert open_link(store, reference.lower(), token_of(store, reference).upper())


def test_no_other_link_opens_anything(store):
    reference, other = file_complaint(store), file_complaint(store, number="CRM-0002")
    token = token_of(store, reference)

    for wrong_reference, wrong_token in (
        (other, token),
        (reference, token_of(store, other)),
        (reference, ""),
        (NOBODYS, token),
        ("", token),
        (reference + "\x00", token),
        ("TS000000-2222222", token),
        ("'; DROP TABLE cases --", token),
    ):
        assert open_link(store, wrong_reference, wrong_token) is None


def test_a_link_dies_with_the_key_of_its_case(store):
    reference = file_complaint(store)
    token = token_of(store, reference)
    with store.write() as session:
        session.execute(update(CaseKeyRow).where(CaseKeyRow.reference == reference).values(wrapped=None))

    assert open_link(store, reference, token) is None
    assert secret_token(store, reference) is None


def test_a_wrong_token_and_an_unknown_reference_cost_the_same_work(store):
    reference = file_complaint(store)
    statements: list[str] = []

    @event.listens_for(store.engine, "before_cursor_execute")
    def note(connection, cursor, statement, *_):
        statements.append(statement)

    asked = []
    for one in (reference, NOBODYS):
        statements.clear()
        assert open_link(store, one, "a" * 26) is None
        asked.append(list(statements))
    event.remove(store.engine, "before_cursor_execute", note)

    assert asked[0] == asked[1]
    assert not [one for one in asked[0] if "ledger" in one]
