from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.ledger import Break, canonical, chain, check_chain, entry_hash, genesis
from tests.builders import MONDAY, REFERENCE

OTHER_CASE = "TS260302-ANOTHER"

instants = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
contents = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["received", "acknowledged", "found"]),
        "at": instants,
        "by": st.sampled_from(["redress", "li.wei"]),
        "facts": st.dictionaries(st.text(max_size=3), st.text(max_size=5), max_size=2).map(canonical),
        "sealed": st.none() | st.binary(max_size=20),
    }
)
ANY_VALUE = {
    "reference": st.just(OTHER_CASE),
    "kind": st.text(max_size=8),
    "at": instants,
    "by": st.text(max_size=8),
    "facts": st.text(max_size=8),
    "sealed": st.none() | st.binary(max_size=20),
    "previous": hashes,
    "hash": hashes,
}


def a_ledger(contents, reference=REFERENCE):
    """The entries of a case, chained."""
    entries, previous = [], genesis(reference)
    for seq, content in enumerate(contents, start=1):
        entries.append(chain(reference, seq, previous, **content))
        previous = entries[-1].hash
    return entries


def a_content(**changes):
    return {"kind": "found", "at": MONDAY, "by": "li.wei", "facts": "{}", "sealed": None} | changes


def three_entries():
    return a_ledger([a_content(facts=canonical({"number": number})) for number in (1, 2, 3)])


def check(entries, *, of):
    """Check entries against what the row of the case says of the true ones."""
    return check_chain(REFERENCE, entries, head=of[-1].hash, length=len(of))


def renumbered(entries):
    return [replace(entry, seq=seq) for seq, entry in enumerate(entries, start=1)]


ledgers = st.lists(contents, min_size=1, max_size=7).map(a_ledger)


@given(ledgers)
def test_a_ledger_that_nobody_touched_holds(ledger):
    assert check(ledger, of=ledger) == []


@given(ledgers, st.data())
def test_any_alteration_of_any_field_is_found_and_the_entry_named(ledger, data):
    place = data.draw(st.integers(0, len(ledger) - 1))
    field = data.draw(st.sampled_from(sorted(ANY_VALUE)))
    value = data.draw(ANY_VALUE[field].filter(lambda value: value != getattr(ledger[place], field)))

    altered = [*ledger]
    altered[place] = replace(ledger[place], **{field: value})

    first = check(altered, of=ledger)[0]
    assert first.seq == place + 1
    assert first.reason.startswith("altered")


@given(ledgers, st.data())
def test_any_removal_is_found_and_the_first_missing_entry_named(ledger, data):
    removed = data.draw(st.sets(st.integers(0, len(ledger) - 1), min_size=1))

    left = [entry for place, entry in enumerate(ledger) if place not in removed]

    first = check(left, of=ledger)[0]
    assert first.seq == min(removed) + 1
    assert "removed" in first.reason


@given(ledgers.filter(lambda ledger: len(ledger) > 1), st.data())
def test_any_other_order_is_found_and_the_first_displaced_entry_named(ledger, data):
    shuffled = data.draw(st.permutations(ledger).filter(lambda order: order != ledger))
    displaced = next(seq for seq, (one, other) in enumerate(zip(shuffled, ledger, strict=True), 1) if one != other)

    assert check(renumbered(shuffled), of=ledger)[0].seq == displaced  # as a database would show it
    assert check(shuffled, of=ledger)[0].seq == displaced  # as a file might


@given(ledgers, contents, st.data())
def test_any_entry_put_in_between_is_found_at_its_place_or_the_next(ledger, content, data):
    place = data.draw(st.integers(0, len(ledger)))
    previous = ledger[place - 1].hash if place else genesis(REFERENCE)
    forged = chain(REFERENCE, place + 1, previous, **content)  # flawless in itself

    inserted = renumbered([*ledger[:place], forged, *ledger[place:]])

    first = check(inserted, of=ledger)[0]
    assert first.seq == (place + 2 if place < len(ledger) else place + 1)


@given(ledgers, contents, st.data())
def test_a_forger_who_mends_the_chain_up_to_the_end_still_differs_from_the_case(ledger, content, data):
    place = data.draw(st.integers(0, len(ledger) - 1))
    kept = [
        {"kind": entry.kind, "at": entry.at, "by": entry.by, "facts": entry.facts, "sealed": entry.sealed}
        for entry in ledger
    ]
    kept[place] = content | {"by": "a forger"}

    assert check(a_ledger(kept), of=ledger) == [
        Break(REFERENCE, len(ledger), "the case names another last hash: the entry or the case was replaced")
    ]


@pytest.mark.parametrize(
    ("entries", "seq", "reason"),
    [
        (lambda e: e[1:], 1, "removed: entry 1 missing before entry 2"),
        (lambda e: [e[0], e[2]], 2, "removed: entry 2 missing before entry 3"),
        (lambda e: [e[2]], 1, "removed: entries 1 to 2 missing before entry 3"),
        (lambda e: e[:2], 3, "the case names 3 entries, the ledger holds 2: removed or added"),
        (lambda e: [], 1, "the case names 3 entries, the ledger holds 0: removed or added"),
        (lambda e: [*e, chain(REFERENCE, 4, e[2].hash, **a_content())], 4, "the case names 3 entries"),
        (lambda e: [e[0], e[0], e[1], e[2]], 2, "entry 1 stands where entry 2 belongs: reordered or repeated"),
        (lambda e: [e[0], replace(e[1], by="wang.fang"), e[2]], 2, "altered: 'found' does not match its hash"),
        (lambda e: [chain(REFERENCE, 1, genesis(OTHER_CASE), **a_content()), *e[1:]], 1, "not chained to the entry"),
        (lambda e: a_ledger([a_content()] * 3, OTHER_CASE), 1, "not chained to the entry"),
    ],
    ids=["first removed", "middle", "two", "last", "all", "one added", "repeated", "altered", "replaced", "other case"],
)
def test_a_break_says_what_happened_in_a_sentence(entries, seq, reason):
    true = three_entries()

    first = check(entries(true), of=true)[0]

    assert first.seq == seq
    assert first.reason.startswith(reason)
    assert str(first) == f"case {REFERENCE}, entry {seq}: {first.reason}"


def test_each_break_is_named_once():
    true = three_entries()
    altered = [replace(true[0], by="x"), true[1], replace(true[2], by="x")]

    assert [one.seq for one in check(altered, of=true)] == [1, 3]


def test_a_case_that_names_another_length_or_head_is_found():
    ledger = three_entries()

    assert check_chain(REFERENCE, ledger, head=ledger[-1].hash, length=4)[0].seq == 4
    assert check_chain(REFERENCE, ledger, head=genesis(REFERENCE), length=3)[0].seq == 3


def test_the_hash_does_not_depend_on_the_zone_in_which_an_instant_is_written():
    in_new_york = MONDAY.astimezone(timezone(timedelta(hours=-5)))

    assert chain(REFERENCE, 1, "", **a_content(at=in_new_york)) == chain(REFERENCE, 1, "", **a_content(at=MONDAY))


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        chain(REFERENCE, 1, genesis(REFERENCE), **a_content(at=datetime(2026, 3, 2)))  # noqa: DTZ001


def test_nothing_can_flow_from_one_field_into_the_next():
    assert entry_hash(REFERENCE, 1, "found", MONDAY, "ab", "c", None, "") != entry_hash(
        REFERENCE, 1, "found", MONDAY, "a", "bc", None, ""
    )


def test_nothing_sealed_is_not_the_same_as_an_empty_seal():
    nothing, empty = (chain(REFERENCE, 1, "", **a_content(sealed=sealed)) for sealed in (None, b""))

    assert nothing.hash != empty.hash


def test_the_same_facts_are_the_same_text_whatever_their_order():
    assert canonical({"b": 1, "a": "投诉"}) == canonical({"a": "投诉", "b": 1}) == '{"a":"投诉","b":1}'


def test_a_known_entry_keeps_its_hash_for_ever():
    """The stored ledgers depend on it: a change of the recipe must be a new kind of entry, never this one."""
    entry = chain(REFERENCE, 1, genesis(REFERENCE), "received", MONDAY, "crm", '{"channel":"web"}', b"\x00sealed")

    assert entry.hash == "17d01499c66a492ebea933f246f0d8c2415d8598b59acec0afec5ed1917088d9"
