import time

import pytest

from complaints.adapters.mailbox.html_text import DEEPEST, LARGEST, text_of_html


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>第一段</p><p>第二段</p>", "第一段\n\n第二段"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<ul><li>一<li>二</ul>", "· 一\n· 二"),
        (
            "<table><tr><td>期数</td><td>金额</td></tr><tr><td>1</td><td>128.50</td></tr></table>",
            "期数\t金额\n1\t128.50",
        ),
        ("5 &lt; 6 &amp;&nbsp;7 &#8364;", "5 < 6 & 7 €"),
        ("5 < 6 and 7 > 2", "5 < 6 and 7 > 2"),
        ("<b>重</b><i>复</i>", "重复"),
        ("a\n   b\t c", "a b c"),
        ('<img src="cid:1" alt="截图">', "[截图]"),
    ],
)
def test_html_is_read_as_a_person_would_read_it(source, text):
    assert text_of_html(source) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('<a href="https://example.cn/a?x=1&amp;y=2">合同</a>', "合同 <https://example.cn/a?x=1&y=2>"),
        ('<a href="https://example.cn/">https://example.cn/</a>', "https://example.cn/"),
        ('<a href="javascript:alert(1)">点击</a>', "点击"),
        ('<a href="#top">上</a>', "上"),
        ('<a href="mailto:a@example.cn">写信</a>', "写信 <mailto:a@example.cn>"),
    ],
)
def test_a_link_says_where_it_leads_and_a_script_leads_nowhere(source, text):
    assert text_of_html(source) == text


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>alert('x')</script>",
        "<SCRIPT>if (a < b) { x = '</p>' }</SCRIPT >",
        "<style>p { color: red }</style>",
        "<head><title>x</title></head>",
        '<div style="display:none">x</div>',
        '<span style="font-size:0px">x</span>',
        '<p style="VISIBILITY : hidden">x<b>y</b></p>',
        "<p hidden>x</p>",
        "<!-- x -->",
        "<!-- <p> --",
        "<iframe>x</iframe>",
        "<?xml x ?>",
    ],
)
def test_what_a_reader_does_not_see_is_dropped(hidden):
    assert text_of_html("看得见" + hidden) == "看得见"


def test_small_print_is_still_print():
    assert text_of_html('<p style="font-size:0.8em">小字</p><p style="opacity:0.5">淡</p>') == "小字\n\n淡"


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [
        "<" * LARGEST,
        "<a " * LARGEST,
        '<a "' * LARGEST,
        "<!--" * LARGEST,
        "<i>" * DEEPEST + "</b>" * LARGEST,
        "&" * LARGEST,
    ],
    ids=["brackets", "tags", "quotes", "comments", "ends", "entities"],
)
def test_hostile_html_takes_no_longer_than_its_length(source):
    started = time.process_time()

    text_of_html(source)

    assert time.process_time() - started < 20
