from benchmarks.operators import Lives, percentile
from benchmarks.play import ANSWERS, REGIME, RULES, complaint
from complaints.answers import parse_answer
from complaints.intake import Complaint
from complaints.regimes.files import check, read_pack
from complaints.regimes.rulebook import packaged_rulebook
from flows.forms import FORMS, fill_form


def rules():
    return packaged_rulebook().with_packs([read_pack(RULES, "bench.toml")])


def test_the_benchmarks_rules_are_the_home_regime_with_a_follow_up_after_an_hour():
    pack = read_pack(RULES, "bench.toml")
    base = packaged_rulebook().pack("cn-nfra")

    assert not check(pack, RULES, base, packaged_rulebook().calendars)
    laid = {one.name: one for one in rules().pack(REGIME).clocks}
    assert (laid["follow-up"].budget, laid["follow-up"].unit) == (1, "hours")
    assert {**laid, "follow-up": None} == {**{one.name: one for one in base.clocks}, "follow-up": None}


def test_every_answer_of_the_script_is_valid_and_fills_its_form():
    for question, values in ANSWERS.items():
        parse_answer(question, values)
        FORMS[question].model_validate(fill_form(question, values, "li.wei"))


def test_complaints_differ_from_each_other():
    many = [Complaint.model_validate(complaint(f"{number:06}")) for number in range(200)]

    assert len({one.fingerprint for one in many}) == 200


def test_the_percentiles_are_those_of_answers_to_forms_not_of_dates():
    lives = Lives(waited={"finding": [1.0, 2.0], "follow-up": [3.0], "until": [99.0]})

    assert lives.percentile(50) == 2
    assert lives.percentile(99) < 3
    assert percentile([5.0], 95) == 5
