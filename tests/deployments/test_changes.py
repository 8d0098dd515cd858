"""What ``redress deploy`` says of its work."""

from io import StringIO

from rich.console import Console

from deployments.changes import Change, Difference, as_json, as_table, in_a_word

MADE = Change("deployment", "archive-closed", created=True)
CHANGED = Change("deployment", "watch-deadlines", changed=(Difference("schedule", "every 60 s", "every 30 s"),))
KEPT = Change("work queue", "long", kept=(Difference("concurrency_limit", "5", "2"),))
GONE = Change("deployment", "old", gone=True)
SAME = Change("deployment", "apply-rules")


def shown(*changes: Change) -> str:
    stream = StringIO()
    Console(file=stream, width=200).print(as_table(changes))
    return stream.getvalue()


def test_the_table_says_what_was_and_what_is_and_leaves_out_what_is_as_planned() -> None:
    said = shown(MADE, CHANGED, KEPT, GONE, SAME)

    assert "schedule: every 60 s → every 30 s" in said
    assert "concurrency_limit: 5 (set by hand, left so; planned: 2)" in said
    assert "no part of Redress any more" in said
    assert "apply-rules" not in said


def test_only_what_was_created_or_changed_is_counted() -> None:
    assert in_a_word([MADE, CHANGED, KEPT, GONE, SAME]) == "1 created, 1 changed, 3 unchanged."
    assert in_a_word([KEPT, GONE, SAME]) == "Nothing changed; 3 things are on Prefect's server."


def test_programs_are_told_everything() -> None:
    assert [one["verdict"] for one in as_json([MADE, CHANGED, KEPT, GONE, SAME])] == [
        "created",
        "changed",
        "unchanged",
        "gone",
        "unchanged",
    ]
    assert as_json([KEPT])[0]["kept"] == [{"field": "concurrency_limit", "was": "5", "planned": "2"}]
