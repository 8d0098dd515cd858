import re
import tomllib

import pytest

from complaints.calendars.files import packaged_names
from complaints.errors.settings import RuleFileInvalid, SettingError
from complaints.regimes.files import Finding, check, packaged_content, packaged_files, parse, read_pack
from complaints.regimes.overlays import overlaid
from complaints.regimes.rulebook import load_pack
from complaints.words import Severity

# A small pack in which everything fits together. Tests change one thing and mark its line with "#!".
PACK = """\
name = "own"
version = "1"
valid_from = 2026-01-01
valid_to = 2026-12-31
zone = "Asia/Shanghai"
calendar = "cn-public"
when = { circumstances = ["complex"] }

[title]
zh = "本机构规则"
en = "own rules"

[[sources]]
id = "S1"
title = "a text"

[[circumstances]]
name = "complex"
title = { zh = "复杂", en = "complex" }

[[events]]
name = "resolved"
title = { zh = "已解决", en = "resolved" }

[[clocks]]
name = "decision"
title = { zh = "处理决定", en = "decision" }
duty = "answer"
budget = 15
unit = "calendar_days"
starts = "received"
ends = ["answered", "closed"]
when = { without = ["complex"] }
article = { zh = "第一条", en = "art. 1" }
refs = ["S1"]
confidence = "H"

[[clocks.extensions]]
name = "first"
title = { zh = "第一次延期", en = "first" }
budget = 30
total = true
needs = ["complex"]
article = { zh = "第二条", en = "art. 2" }
confidence = "H"

[[clocks.extensions]]
name = "second"
title = { zh = "第二次延期", en = "second" }
budget = 30
after = "first"
article = { zh = "第二条", en = "art. 2" }
confidence = "H"

[[clocks.pauses]]
name = "appraisal"
title = { zh = "鉴定", en = "appraisal" }
article = { zh = "第三条", en = "art. 3" }
confidence = "H"

[[clocks]]
name = "early"
title = { zh = "提前解决", en = "early" }
nature = "window"
budget = 3
unit = "working_days"
starts = "received"
ends = ["resolved"]
article = { zh = "第四条", en = "art. 4" }
confidence = "M"

[[suspensions]]
name = "class"
title = { zh = "类别性中止", en = "class" }
begins = 2026-02-01
ends = 2026-02-28
received_from = 2026-01-01
received_to = 2026-01-31
clocks = ["decision"]
when = { circumstances = ["complex"] }
article = { zh = "第五条", en = "art. 5" }
confidence = "H"

[[paths]]
name = "settled"
title = { zh = "已和解", en = "settled" }
on = "resolved"
within = "early"
replaces = ["decision"]
unless = ["complex"]
article = { zh = "第六条", en = "art. 6" }
confidence = "H"

[[letters]]
name = "decision"
elements = ["outcome"]
when = { circumstances = ["complex"] }
article = { zh = "第七条", en = "art. 7" }
confidence = "H"

[[retention]]
name = "files"
title = { zh = "档案", en = "files" }
starts = "closed"
years = 5
article = { zh = "第八条", en = "art. 8" }
confidence = "H"

[[contacts]]
kind = "hours"
name = "night"
title = { zh = "夜间", en = "night" }
forbidden = { from = "22:00", before = "08:00" }
roles = ["debtor"]
article = { zh = "第九条", en = "art. 9" }
confidence = "H"

[[ladders]]
marks = [{ percent = 50, tell = ["handler"] }]

[[ladders]]
severities = ["major"]
marks = [{ percent = 80, tell = ["supervisor"] }]
"""


def changed(old, new, nth=0):
    """The pack with one text replaced: its first place, or the nth after that."""
    places = [found.start() for found in re.finditer(re.escape(old), PACK)]
    at = places[nth]
    return PACK[:at] + new + PACK[at + len(old) :]


def marked(text):
    """The line that a test marked; where it marked none, the one that it changed."""
    if "#!" in text:
        return 1 + text[: text.index("#!")].count("\n")
    same = zip(text.splitlines(), PACK.splitlines(), strict=False)
    return next(number for number, (mine, theirs) in enumerate(same, 1) if mine != theirs)


def findings(text, **more):
    return check(read_pack(text, "own.toml"), text, **more)


def test_a_pack_in_which_everything_fits_together_has_no_findings():
    assert findings(PACK, calendars=packaged_names()) == []


# --- what cannot be read -------------------------------------------------------------------------


UNREADABLE = [
    ("budget = 15", "budget = 0 #!", 0, "clocks.0.budget", "greater than 0"),
    ('"calendar_days"', '"days" #!', 0, "clocks.0.unit", "Input should be 'hours'"),
    ('confidence = "H"', 'confidence = "sure" #!', 0, "clocks.0.confidence", "match pattern"),
    ('duty = "answer"', 'ending = "answered" #!', 0, "clocks.0.ending", "not permitted"),
    ('duty = "answer"', "wait = true #!", 0, "clocks.0.wait", "not permitted"),
    ('{ zh = "第一条", en = "art. 1" }', '{ zh = "第一条" } #!', 0, "clocks.0.article.en", "Field required"),
    ("budget = 30", 'budget = "many" #!', 1, "clocks.0.extensions.1.budget", "valid integer"),
    ('nature = "window"', 'nature = "door" #!', 0, "clocks.1.nature", "'duty', 'wait' or 'window'"),
    ("percent = 50, tell = [", "percent = 150, tell = [ #!\n", 0, "ladders.0.marks.0.percent", "less than 100"),
    ('tell = ["supervisor"] }]', 'tell = ["boss"] }] #!', 0, "ladders.1.marks.0.tell.0", "Input should be"),
    ('"Asia/Shanghai"', '"Asia/Peking" #!', 0, "zone", "no zone of the IANA database"),
    ('name = "own"', 'name = "Own Rules" #!', 0, "name", "match pattern"),
    ("valid_from = 2026-01-01", 'valid_from = "soon" #!', 0, "valid_from", "date"),
    ("years = 5", "years = -5 #!", 0, "retention.0.years", "greater than 0"),
    (
        '{ from = "22:00", before = "08:00" }',
        '{ from = "08:00", before = "08:00" } #!',
        0,
        "contacts.0.hours.forbidden",
        "two different times",
    ),
]


@pytest.mark.parametrize(("old", "new", "nth", "field", "reason"), UNREADABLE)
def test_a_mistake_is_named_with_its_line(old, new, nth, field, reason):
    text = changed(old, new, nth)

    with pytest.raises(RuleFileInvalid, match=re.escape(reason)) as wrong:
        read_pack(text, "own.toml")

    assert (wrong.value.field, wrong.value.line) == (field, marked(text))


def test_what_is_missing_is_named_with_the_line_of_its_table():
    text = changed('[[letters]]\nname = "decision"\nelements = ["outcome"]', '[[letters]] #!\nname = "decision"')

    with pytest.raises(RuleFileInvalid, match="Field required") as wrong:
        read_pack(text, "own.toml")

    assert (wrong.value.field, wrong.value.line) == ("letters.0.elements", marked(text))


def test_a_contact_rule_of_an_unknown_kind_is_named_with_the_line_of_its_table():
    text = changed('[[contacts]]\nkind = "hours"', '[[contacts]] #!\nkind = "days"')

    with pytest.raises(RuleFileInvalid, match="expected tags") as wrong:
        read_pack(text, "own.toml")

    assert (wrong.value.field, wrong.value.line) == ("contacts.0", marked(text))


def test_what_is_no_toml_names_the_line():
    text = changed('unit = "calendar_days"', 'unit = "calendar_days #!')

    with pytest.raises(RuleFileInvalid) as wrong:
        read_pack(text, "own.toml")

    assert str(wrong.value).startswith(f"own.toml, line {marked(text)}: ")


def test_a_file_that_ends_too_early_is_refused_without_a_line():
    with pytest.raises(RuleFileInvalid, match=r"^own\.toml: "):
        parse("name = [", "own.toml")


def test_remove_belongs_to_a_pack_that_is_laid_over_another():
    with pytest.raises(RuleFileInvalid, match="remove"):
        read_pack('remove = { clocks = ["decision"] }\n' + PACK, "own.toml")


# --- what does not fit together ------------------------------------------------------------------


TWICE = """\
[[retention]]
name = "files" #!
title = { zh = "档案", en = "files" }
starts = "closed"
years = 6
article = { zh = "第八条", en = "art. 8" }
confidence = "H"

[[contacts]]"""
NO_FIGURE = """\
[[clocks.extensions]] #!
name = "second"
title = { zh = "第二次延期", en = "second" }
"""
AN_ACT = """\
name = "answered" #!
title = { zh = "已答复", en = "answered" }

[[events]]
name = "resolved\""""
NO_MOMENT = "is no act and no event"

UNFIT = [
    ("valid_to = 2026-12-31", "valid_to = 2025-12-31 #!", 0, "valid_to", "lies before valid_from"),
    ('["complex"] }', '["complexx"] } #!', 0, "when", "'complexx' is no circumstance"),
    ("[[contacts]]", TWICE, 0, "retention.1.name", "'files' is there twice"),
    ('name = "second"', 'name = "first" #!', 0, "clocks.0.extensions.1.name", "'first' is there twice"),
    ('id = "S1"', 'id = "S1"\ntitle = "x"\n[[sources]]\nid = "S1" #!', 0, "sources.1.id", "'S1' is there twice"),
    ('name = "resolved"', AN_ACT, 0, "events.0.name", "is an act of the ledger already"),
    ('starts = "received"', 'starts = "recieved" #!', 0, "clocks.0.starts", NO_MOMENT),
    ('ends = ["answered"', 'ends = ["answerd" #!\n', 0, "clocks.0.ends", NO_MOMENT),
    ('duty = "answer"', 'restarts = ["new_facts"] #!', 0, "clocks.0.restarts", NO_MOMENT),
    ('ends = ["answered", "closed"]', "ends = [] #!", 0, "clocks.0.ends", "nothing ends this duty"),
    ('ends = ["answered"', 'ends = ["received" #!\n', 0, "clocks.0.ends", "cannot both start and end it"),
    ('without = ["complex"]', 'without = ["urgent"]', 0, "clocks.0.when", "'urgent' is no circumstance"),
    ('after = "first"', 'after = "third" #!', 0, "clocks.0.extensions.1.after", "'third' is no tier before"),
    ('needs = ["complex"]', 'after = "second" #!', 0, "clocks.0.extensions.0.after", "'second' is no tier before"),
    ('needs = ["complex"]', 'needs = ["special"] #!', 0, "clocks.0.extensions.0.needs", "is no circumstance"),
    (NO_FIGURE.replace(" #!", "") + "budget = 30\n", NO_FIGURE, 0, "clocks.0.extensions.1.budget", "say by how much"),
    ("budget = 30", "budget = 15 #!", 0, "clocks.0.extensions.0.budget", "15 in all is no longer than the 15"),
    ('{ zh = "第三条"', '{ zh = " "', 0, "clocks.0.pauses.0.article", "in both languages"),
    ('refs = ["S1"]', 'refs = ["S9"] #!', 0, "clocks.0.refs", "there is no source 'S9'"),
    ('en = "appraisal" }', 'en = "x" }\nrefs = ["S9"] #!', 0, "clocks.0.pauses.0.refs", "there is no source 'S9'"),
    ('en = "appraisal" }', 'en = "x" }\nends = ["thunder"] #!', 0, "clocks.0.pauses.0.ends", NO_MOMENT),
    ('clocks = ["decision"]', 'clocks = ["decison"] #!', 0, "suspensions.0.clocks", "there is no clock 'decison'"),
    ("ends = 2026-02-28", "ends = 2026-01-28 #!", 0, "suspensions.0.ends", "lies before it begins"),
    ("to = 2026-01-31", "to = 2025-01-31 #!", 0, "suspensions.0.received_to", "lies before received_from"),
    ('circumstances = ["complex"] }', 'circumstances = ["urgent"] }', 1, "suspensions.0.when", "no circumstance"),
    ('on = "resolved"', 'on = "settled" #!', 0, "paths.0.on", NO_MOMENT),
    ('within = "early"', 'within = "soon" #!', 0, "paths.0.within", "there is no clock 'soon'"),
    ('replaces = ["decision"]', 'replaces = ["answer"] #!', 0, "paths.0.replaces", "there is no clock 'answer'"),
    ('unless = ["complex"]', 'unless = ["urgent"] #!', 0, "paths.0.unless", "'urgent' is no circumstance"),
    ('circumstances = ["complex"] }', 'circumstances = ["urgent"] }', 2, "letters.0.when", "no circumstance"),
    ('starts = "closed"', 'starts = "the_end" #!', 0, "retention.0.starts", NO_MOMENT),
    ('[[ladders]]\nseverities = ["major"]', "[[ladders]] #!", 0, "ladders.1", "a ladder for all other severities"),
]


@pytest.mark.parametrize(("old", "new", "nth", "field", "reason"), UNFIT)
def test_what_does_not_fit_together_is_found_with_its_line(old, new, nth, field, reason):
    text = changed(old, new, nth)

    (found,) = findings(text)

    assert found.field == field
    assert reason in found.reason
    assert found.line == marked(text)


def test_everything_that_is_wrong_is_found_in_the_order_of_its_lines():
    text = PACK.replace('after = "first"', 'after = "third"').replace('starts = "received"', 'starts = "recieved"')

    found = findings(text)

    assert [one.field for one in found] == ["clocks.0.starts", "clocks.0.extensions.1.after", "clocks.1.starts"]
    assert [one.line for one in found] == sorted(one.line for one in found)


def test_a_finding_reads_as_a_sentence_with_its_line():
    assert str(Finding(7, "clocks.0.ends", "nothing ends it")) == "line 7: clocks.0.ends: nothing ends it"


def test_a_calendar_that_nobody_has_is_found_where_calendars_are_known():
    text = changed('"cn-public"', '"cn-privat" #!').replace('nature = "window"', 'nature = "window"\ncalendar = "moon"')

    of_the_pack, of_the_clock = findings(text, calendars=packaged_names())

    assert (of_the_pack.line, of_the_pack.reason) == (marked(text), "there is no calendar 'cn-privat'")
    assert (of_the_clock.field, of_the_clock.reason) == ("clocks.1.calendar", "there is no calendar 'moon'")
    assert findings(text) == []


# --- packs laid over another ---------------------------------------------------------------------

OVER = 'extends = "cn-nfra"\nname = "our-rules"\n'


A_PAUSE = """\
[[clocks.pauses]]
name = "lunch"
title = { zh = "午休", en = "lunch" }
article = { zh = "本机构标准", en = "firm's own standard" }
confidence = "H"
"""


def over(text):
    return read_pack(OVER + text, "our.toml")


def loosened(text):
    return check(over(text), OVER + text, load_pack("cn-nfra"))


def test_an_overlay_may_not_let_a_clock_stand_still_after_what_it_waited_for_has_come():
    base = PACK.replace('en = "appraisal" }', 'en = "appraisal" }\nends = ["materials_received"]')
    pause = A_PAUSE.replace('"lunch"\ntitle', '"appraisal"\ntitle')
    text = f'extends = "own"\nversion = "2"\n[[clocks]]\nname = "decision"\n{pause}'
    known = read_pack(base, "own.toml")
    pack = read_pack(text, "our.toml", lambda name: {"own": tomllib.loads(base)}[name])

    assert any("'materials_received' ends the pause" in one.reason for one in check(pack, text, known))


def test_an_overlay_changes_what_it_names_and_keeps_the_rest():
    pack = over('[[clocks]]\nname = "decision"\nbudget = 10\n')

    rule, base = pack.clock("decision"), load_pack("cn-nfra").clock("decision")
    assert pack.name == "our-rules"
    assert rule == base.model_copy(update={"budget": 10})
    assert [one.name for one in pack.clocks] == [one.name for one in load_pack("cn-nfra").clocks]
    assert pack.title == load_pack("cn-nfra").title


def test_an_overlay_adds_what_the_other_does_not_have():
    clock = tomllib.loads(PACK)["clocks"][1] | {"name": "own-clock", "ends": ["closed"]}

    whole = overlaid(packaged_content("cn-nfra"), {"name": "our-rules", "clocks": [clock]})

    assert [one["name"] for one in whole["clocks"]][-1] == "own-clock"
    assert len(whole["clocks"]) == len(load_pack("cn-nfra").clocks) + 1


def test_an_overlay_leaves_out_what_it_removes():
    remove = '[remove]\nclocks = ["follow-up"]\nletters = ["acknowledgement"]\n'

    pack = over(remove + 'reports = ["local-bureau"]\nsources = ["S20"]\n')

    assert "follow-up" not in [one.name for one in pack.clocks]
    assert pack.letter("acknowledgement") is None
    assert "S20" not in [one.id for one in pack.sources]
    assert [one.name for one in pack.reports] == ["yearly-disclosure"]


def test_the_ladders_of_an_overlay_take_the_place_of_the_others():
    pack = over('[[ladders]]\nmarks = [{ percent = 90, tell = ["compliance"] }]\n')

    assert len(pack.ladders) == 1
    assert [mark.percent for mark in pack.ladder(Severity.MAJOR).marks] == [90]


def test_a_source_of_an_overlay_takes_the_place_of_the_one_with_its_id():
    pack = over('[[sources]]\nid = "S1"\ntitle = "the law itself"\n[[sources]]\nid = "F1"\ntitle = "our manual"\n')

    assert [one.title for one in pack.sources if one.id == "S1"] == ["the law itself"]
    assert pack.sources[-1].id == "F1"


def test_the_title_of_an_overlay_may_change_in_one_language():
    assert over('[title]\nen = "our rules"\n').title.en == "our rules"
    assert over('[title]\nen = "our rules"\n').title.zh == load_pack("cn-nfra").title.zh


def test_a_condition_of_an_overlay_takes_the_place_of_the_other():
    pack = over('[[clocks]]\nname = "review-request"\nwhen = { kinds = ["complaint"] }\n')

    assert pack.clock("review-request").when.circumstances == ()


def test_an_overlay_of_a_regime_that_is_not_there_names_those_that_are():
    with pytest.raises(SettingError, match=r"no regime pack 'cn-nfrb'. Choose one of: .*cn-nfra"):
        read_pack('extends = "cn-nfrb"\n', "our.toml")


def test_an_overlay_is_laid_over_what_it_is_given():
    base = tomllib.loads(PACK)

    pack = read_pack('extends = "own"\nversion = "2"\n', "our.toml", lambda name: {"own": base}[name])

    assert (pack.name, pack.version, len(pack.clocks)) == ("own", "2", 2)


def test_the_newest_version_is_what_an_overlay_is_laid_over():
    assert packaged_content("in-rbi")["version"] == "2026"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('remove = { clocks = ["folow-up"] }\n', 3, "'folow-up' is not there, so it cannot be left out"),
        ('remove = { clock = ["follow-up"] }\n', 3, "'follow-up' is not there, so it cannot be left out"),
        ('note = { zh = "x", en = "x" }\n[remove]\nclocks = "follow-up"\n', 4, "write it as remove"),
    ],
)
def test_what_is_not_there_cannot_be_removed(text, line, reason):
    with pytest.raises(RuleFileInvalid, match=re.escape(reason)) as wrong:
        over(text)

    assert wrong.value.line == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('\n[[clocks]]\nname = "follow-up"\nbudget = 0\n', 6),
        ('\n[[clocks]]\nname = "new-one"\nbudget = 5\n', 4),  # what is missing stands nowhere: its table is named
        ('\n[[letters]]\nname = "decline"\nelements = "reason"\n', 6),
        ("\n[[clocks]]\nbudget = 5\n", 4),
    ],
)
def test_a_mistake_in_an_overlay_is_named_with_the_overlay_s_own_line(text, line):
    with pytest.raises(RuleFileInvalid) as wrong:
        over(text)

    assert wrong.value.line == line


def test_what_does_not_fit_in_an_overlay_is_found_at_the_overlay_s_own_line():
    text = '\n[[clocks]]\nname = "review"\nbudget = 20\nends = ["reviewed"]\n'

    (found,) = check(over(text), OVER + text)

    assert (found.line, found.field) == (7, "clocks.4.ends")


def test_the_same_name_twice_in_an_overlay_is_found():
    text = '\n[[clocks]]\nname = "decision"\nbudget = 10\n'
    again = '[[clocks]]\nname = "decision"\nbudget = 5\n'
    full = packaged_content("cn-nfra")["clocks"][1]

    whole = overlaid({"clocks": [full]}, tomllib.loads(text + again))

    assert [(one["name"], one["budget"]) for one in whole["clocks"]] == [("decision", 10), ("decision", 5)]


def test_what_an_overlay_breaks_in_the_other_pack_is_found_at_its_extends():
    text = 'remove = { events = ["review_told"] }\n'

    (found,) = check(over(text), OVER + text)

    assert (found.line, found.reason.split(";")[0]) == (1, "'review_told' is no act and no event of this pack")


# --- what a firm may not loosen ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            '[[clocks]]\nname = "decision"\nbudget = 16\n',
            "16 calendar_days may be longer than the 15 calendar_days of art. 18",
        ),
        ('[[clocks]]\nname = "decision"\nnature = "wait"\n', "it is a duty of art. 18; keep it one"),
        ('remove = { clocks = ["decision"] }\n', "'decision' is a duty of art. 18; keep it"),
        ('[[clocks]]\nname = "decision"\nstarts = "assessed"\n', "art. 18 counts from 'received'"),
        ('[[clocks]]\nname = "decision"\nends = ["answered", "decided"]\n', "'decided' does not do the duty"),
        ('[[clocks]]\nname = "decision"\nwhen = { kinds = ["complaint"] }\n', "art. 18 applies to other cases, too"),
        ('[[clocks]]\nname = "decision"\nnamed_date = true\n', "an authority cannot lengthen art. 18"),
        (f'[[clocks]]\nname = "decision"\n{A_PAUSE}', "art. 18 allows no such pause ('lunch')"),
    ],
)
def test_a_known_duty_is_not_loosened(text, reason):
    found = loosened(text)

    assert len(found) == 1
    assert reason in found[0].reason
    assert found[0].line > 2


@pytest.mark.parametrize(
    "text",
    [
        '[[clocks]]\nname = "decision"\nbudget = 15\n',
        '[[clocks]]\nname = "decision"\nbudget = 10\n',
        '[[clocks]]\nname = "decision"\nroll = "next_working_day"\n',  # whether it is moved was not verified
        '[[clocks]]\nname = "review"\nbudget = 60\n',  # M: a default, not settled law
        '[[clocks]]\nname = "acknowledgement"\nbudget = 48\n',  # L: the firm's own standard
        '[[clocks]]\nname = "review-request"\nbudget = 60\n',  # a window: the firm may give more
        'remove = { clocks = ["acknowledgement", "review"] }\n',
    ],
)
def test_a_firm_may_be_stricter_and_choose_where_nothing_is_settled(text):
    assert loosened(text) == []


@pytest.mark.parametrize(
    ("tier", "allowed"),
    [
        ('name = "complex"\nbudget = 30\ntotal = true', True),
        ('name = "complex"\nbudget = 20\ntotal = true', True),
        ('name = "complex"\nbudget = 40\ntotal = true', False),
        ('name = "complex"\nbudget = 30', False),  # thirty more instead of thirty in all
        ('name = "complex"\nbudget = 30\nunit = "working_days"\ntotal = true', False),
        ('name = "complex"\nby_date = true\ntotal = true', False),
        ('name = "third"\nbudget = 5', False),
    ],
)
def test_an_overlay_lengthens_a_known_duty_no_further_than_the_rule_does(tier, allowed):
    article = 'title = { zh = "x", en = "x" }\narticle = { zh = "x", en = "x" }\nconfidence = "H"\n'

    found = loosened(f'[[clocks]]\nname = "decision"\n\n[[clocks.extensions]]\n{tier}\n{article}')

    assert [one.field for one in found] == ([] if allowed else ["clocks.1.extensions.0"])
    assert [one.line for one in found] == ([] if allowed else [6])


def test_where_the_rule_sets_no_end_an_overlay_may_set_one():
    text = 'extends = "uk-disp"\n[[clocks]]\nname = "decision"\n'
    text += '[[clocks.extensions]]\nname = "delay-letter"\nbudget = 90\nby_date = true\n'
    text += 'title = { zh = "x", en = "x" }\narticle = { zh = "x", en = "x" }\nconfidence = "H"\n'

    pack = read_pack(text, "our.toml")

    assert pack.clock("decision").extensions[0].budget == 90
    assert check(pack, text, load_pack("uk-disp")) == []


@pytest.mark.parametrize(
    ("regime", "clock", "limit", "allowed"),
    [
        ("cn-credit", "objection", 'budget = 2\nunit = "weeks"', True),  # 20 calendar days
        ("cn-credit", "objection", 'budget = 3\nunit = "weeks"', False),
        ("cn-credit", "objection", 'budget = 480\nunit = "hours"', True),
        ("cn-credit", "objection", 'budget = 1\nunit = "months"', False),
        ("cn-credit", "objection", 'budget = 20\nunit = "working_days"', False),
        ("cn-credit", "objection", 'budget = 2\nunit = "working_days"', False),  # a holiday may be any length
        ("cn-pbc", "data-leak", 'budget = 2\nunit = "calendar_days"', True),  # 72 hours
        ("cn-pbc", "data-leak", 'budget = 3\nunit = "calendar_days"', False),  # the last day lasts until 24:00
        ("sg-fa", "acknowledgement", 'budget = 2\nunit = "calendar_days"', True),  # 2 working days
        ("us-reg-z", "resolution", 'budget = 2\nunit = "months"', True),  # 62 of 90 calendar days
    ],
)
def test_another_unit_is_taken_where_it_cannot_be_longer(regime, clock, limit, allowed):
    text = f'extends = "{regime}"\n[[clocks]]\nname = "{clock}"\n{limit}\n'

    found = check(read_pack(text, "our.toml"), text, load_pack(regime))

    assert (found == []) is allowed


def test_another_unit_of_a_clock_is_that_of_its_tiers_too_and_may_lengthen_them():
    found = loosened('[[clocks]]\nname = "decision"\nbudget = 2\nunit = "weeks"\n')

    assert [one.field for one in found] == ["clocks.1.extensions.0", "clocks.1.extensions.1"]


def test_every_packaged_file_is_read_once_and_kept():
    assert packaged_files() is packaged_files()
