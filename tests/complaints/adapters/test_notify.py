import pytest
from pydantic import SecretStr

from complaints.adapters.notify import is_usable, notify, scheme_of
from complaints.alerts import Message
from tests.http_sink import http_sink

HELLO = Message("投诉时限提醒", "TS260302-7K3M9QX 已超期\n另有 3 项")


@pytest.fixture
def sink():
    with http_sink() as sink:
        yield sink


def secrets(*urls):
    return [SecretStr(url) for url in urls]


@pytest.mark.parametrize(
    "url",
    [
        "wecombot://a1b2c3d4-1111-2222-3333-444455556666",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=a1b2c3d4-1111-2222-3333-444455556666",
        "dingtalk://0123456789abcdef",
        "dingtalk://SECabcdef@0123456789abcdef",
        "feishu://0123456789abcdef",
        "lark://0123456789abcdef",
        "mailto://clerk:password@example.cn?to=compliance@example.cn",
        "mailtos://clerk:password@smtp.example.cn:465/?from=a@example.cn&to=b@example.cn",
        "json://127.0.0.1:8080/alerts",
    ],
)
def test_the_services_that_firms_use_are_known(url):
    assert is_usable(SecretStr(url))


@pytest.mark.parametrize("url", ["", "nonsense", "carrierpigeon://loft", "wecombot://", "dingtalk://", "feishu://"])
def test_what_names_no_service_is_not_usable(url):
    assert not is_usable(SecretStr(url))


def test_a_message_arrives_as_it_was_written(sink):
    assert notify(secrets(sink.url("handler")), HELLO)

    assert sink.messages("handler") == [(HELLO.title, HELLO.text)]


def test_of_several_services_one_that_takes_it_is_enough(sink, caplog):
    sink.refuses.add("broken")

    assert notify(secrets(sink.url("broken"), "carrierpigeon://loft", sink.url("works")), HELLO)

    assert len(sink.messages("works")) == 1
    assert [record.args[0] for record in caplog.records] == ["json", "carrierpigeon"]


def test_nobody_takes_it(sink):
    sink.refuses.add("broken")

    assert not notify(secrets(sink.url("broken")), HELLO)
    assert not notify([], HELLO)


@pytest.mark.parametrize(
    "url",
    [
        "json://clerk:SECRET@127.0.0.1:1/SECRET?key=SECRET",  # nobody listens there
        "wecombot://SECRET!!",
        "dingtalk://!SECRET!",
        "SECRET",
    ],
)
def test_what_fails_is_logged_without_its_secrets(url, caplog, capfd):
    caplog.set_level("DEBUG")

    assert not notify(secrets(url), HELLO)

    assert [record.name for record in caplog.records if record.name.startswith("redress")] == ["redress.alerts"]
    output = capfd.readouterr()
    assert "SECRET" not in (caplog.text + output.out + output.err)


def test_a_service_that_breaks_stops_no_other(sink, monkeypatch):
    monkeypatch.setattr("apprise.plugins.custom_xml.NotifyXML.send", lambda *_, **__: 1 / 0)

    assert notify(secrets("xml://127.0.0.1:1/", sink.url("works")), HELLO)


def test_only_the_name_of_a_service_is_told():
    assert scheme_of(SecretStr("WeComBot://KEY")) == "wecombot"
