from complaints.adapters.linking import open_link, secret_token
from complaints.settings import settings
from tasks.letters import prepare_letter
from tests.builders import file_complaint


def acknowledged(store, **complaint):
    reference = file_complaint(store, **complaint)
    prepare_letter.fn(reference, "acknowledgement", 1)
    return reference, store.read_letter(reference, "acknowledgement", 1).text


def test_where_complainants_reach_their_pages_the_letter_carries_the_secret_link(store, monkeypatch):
    monkeypatch.setenv("REDRESS_PUBLIC_URL", "https://complaints.example.cn/")
    settings.cache_clear()
    reference, text = acknowledged(store)

    (link,) = [line for line in text.splitlines() if line.startswith("https://")]
    assert link == f"https://complaints.example.cn/c/{reference}/{secret_token(store, reference)}"
    assert open_link(store, *link.split("/")[-2:]) is not None


def test_where_they_reach_none_a_letter_carries_no_link(store):
    assert "http" not in acknowledged(store)[1]


def test_a_letter_that_was_prepared_keeps_its_words_when_the_address_changes(store, monkeypatch):
    reference, before = acknowledged(store)
    monkeypatch.setenv("REDRESS_PUBLIC_URL", "https://complaints.example.cn")
    settings.cache_clear()
    prepare_letter.fn(reference, "acknowledgement", 1)

    assert store.read_letter(reference, "acknowledgement", 1).text == before
