"""The operators' forms: every choice is bilingual on the page and a code in the ledger."""

import json
from enum import Enum

import pytest

from complaints.answers import ANSWERS, Question, parse_answer
from flows.forms import FORMS, fill_form, read_form
from tests.flows.running import PLAY


@pytest.mark.parametrize("question", Question)
def test_every_question_has_a_form_with_the_fields_of_its_answer(question: Question) -> None:
    asked = set(FORMS[question].model_fields) - {"answered_by"}
    assert asked == set(ANSWERS[question].model_fields)


@pytest.mark.parametrize("question", Question)
def test_what_is_filled_in_by_codes_is_read_back_as_the_same_answer(question: Question) -> None:
    answer = FORMS[question].model_validate(fill_form(question, PLAY[question], "li.wei"))
    values, by = read_form(answer)
    assert by == "li.wei"
    assert parse_answer(question, values) == parse_answer(question, PLAY[question])


@pytest.mark.parametrize("question", Question)
def test_every_choice_of_a_form_is_a_code_of_its_answer(question: Question) -> None:
    for name, field in FORMS[question].model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Enum):
            for choice in field.annotation:
                values, _ = read_form(FORMS[question].model_construct(answered_by="x", **{name: choice}))
                wanted = ANSWERS[question].model_fields[name].annotation
                assert not values.get(name) or values[name] in [str(one) for one in words_of(wanted)]


def words_of(annotation: object) -> list[str]:
    """Return the codes of a field, also of an optional one."""
    kinds = getattr(annotation, "__args__", (annotation,))
    return [str(one) for kind in kinds if isinstance(kind, type) and issubclass(kind, Enum) for one in kind]


@pytest.mark.parametrize("question", Question)
def test_every_label_is_in_both_languages(question: Question) -> None:
    schema = FORMS[question].model_json_schema()
    for name, field in schema["properties"].items():
        assert "·" in field["title"], f"{name}: {field['title']}"
    for choices in schema.get("$defs", {}).values():
        for label in choices.get("enum", []):
            assert "·" in label, label
    json.dumps(schema)
