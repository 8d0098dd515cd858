import re

import pytest

from complaints.letters import render_letter
from complaints.links import LENGTH, cases_name, fits, link_token, opens_summary, status_link, summary_link
from complaints.sealing import CaseKey, MasterKey
from complaints.settings import Firm
from complaints.words import LANGUAGES, Stage
from tests.builders import MONDAY, REFERENCE, a_case

KEY = CaseKey(REFERENCE, bytes(32))
LINK = status_link("https://complaints.example.cn/", REFERENCE, KEY)


def test_a_token_has_at_least_a_hundred_bits_and_can_be_typed():
    assert re.fullmatch(rf"[a-z2-7]{{{LENGTH}}}", link_token(KEY))
    assert LENGTH * 5 >= 100


def test_the_token_of_a_key_is_always_the_same():
    assert link_token(KEY) == link_token(CaseKey(REFERENCE, bytes(32))) == "ug3xbkfn45qedak3ovz4kig4wz"


def test_no_two_cases_and_no_two_keys_share_a_token():
    others = [CaseKey("TS260302-7K3M9QY", bytes(32)), CaseKey(REFERENCE, bytes([1] * 32))]

    assert len({link_token(one) for one in (KEY, *others)}) == 3


def test_a_token_fits_however_its_letters_were_typed():
    assert fits(KEY, link_token(KEY).upper())


@pytest.mark.parametrize("token", ["", "a", "a" * LENGTH, link_token(KEY)[:-1], link_token(KEY) + "a", "密" * 26])
def test_no_other_token_fits(token):
    assert not fits(KEY, token)


def test_a_link_says_reference_and_token_and_no_more():
    assert f"https://complaints.example.cn/c/{REFERENCE}/{link_token(KEY)}" == LINK


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("letter", "stage"),
    [
        ("acknowledgement", Stage.RECEIVED),
        ("materials_request", Stage.UNDER_INVESTIGATION),
        ("follow_up_survey", Stage.PUT_RIGHT),
    ],
)
def test_letters_carry_the_link_in_both_parts_where_there_is_one(letter, stage, language):
    case = a_case(stage, language=language)
    with_link = render_letter(case, letter, Firm(), MONDAY, link=LINK)
    without = render_letter(case, letter, Firm(), MONDAY)

    assert f'href="{LINK}"' in with_link.html
    assert f"\n{LINK}\n" in with_link.text  # on a line of its own: no mail program takes a mark with it
    assert "http" not in without.text


@pytest.mark.parametrize("letter", ["report_receipt", "suggestion_thanks"])
def test_other_letters_carry_no_link(letter):
    assert LINK not in render_letter(a_case(), letter, Firm(), MONDAY, link=LINK).html


# --- summaries ----------------------------------------------------------------------------------

MASTER = MasterKey(bytes(32), "a test")
SUMMARY = summary_link("https://complaints.example.cn/", "2026-01.en.html", MASTER)


def test_the_link_of_a_summary_opens_it_and_no_other_file():
    token = SUMMARY.rpartition("/")[2]

    assert f"https://complaints.example.cn/summaries/2026-01.en.html/{token}" == SUMMARY
    assert re.fullmatch(rf"[a-z2-7]{{{LENGTH}}}", token)
    assert opens_summary("2026-01.en.html", token, MASTER)
    assert not opens_summary("2026-02.en.html", token, MASTER)
    assert not opens_summary("2026-01.en.html", token, MasterKey(bytes([1] * 32), "another firm"))


@pytest.mark.parametrize("token", ["", "a" * LENGTH, "密" * LENGTH])
def test_no_other_token_opens_a_summary(token):
    assert not opens_summary("2026-01.en.html", token, MASTER)


def test_the_list_of_the_cases_behind_a_figure_has_a_link_of_its_own():
    web, mail = (
        cases_name("cn-nfra.2026-01.v1", figure) for figure in ("channel.web.received", "channel.email.received")
    )
    token = summary_link("", web, MASTER).rpartition("/")[2]

    assert re.fullmatch(r"cn-nfra\.2026-01\.v1\.cases-[0-9a-f]{16}", web)  # a product's name may stand in no address
    assert opens_summary(web, token, MASTER)
    assert not opens_summary(mail, token, MASTER)
