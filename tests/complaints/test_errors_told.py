"""How an error is told where others read it: its type, the step, the place; its words only where they are ours."""

import json

from complaints.errors.case import UnknownCase
from complaints.errors.telling import name_of, place_of, said_by
from complaints.settings import settings
from tasks.desk import carrier

NAME = "林知夏"


def raised(act, *arguments):
    try:
        act(*arguments)
    except Exception as error:
        return error


def test_the_words_of_other_libraries_are_left_out_and_ours_are_told():
    assert said_by(ValueError(NAME)) == name_of(ValueError(NAME)) == "ValueError"
    assert "There is no case" in said_by(UnknownCase("TS260302-7K3M9QX"))


def test_the_place_names_the_step_and_where_of_ours_it_ended(monkeypatch):
    monkeypatch.setattr(settings(), "smtp_url", "http://wrong")

    place = place_of(raised(carrier, "email"))

    assert place.startswith("carrier, tasks/desk.py:")
    assert " → complaints/adapters/mail.py:" in place


def test_of_an_error_elsewhere_the_last_place_is_told_without_its_folder():
    assert place_of(raised(json.loads, NAME)).startswith("raw_decode, decoder.py:")


def test_an_error_that_was_never_raised_has_no_place():
    assert place_of(ValueError(NAME)) == ""
