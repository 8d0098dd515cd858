import pytest

from complaints.announcements import Event
from complaints.errors.settings import SettingError
from complaints.settings import Settings, settings
from tests.crm import NEXT_SECRET, SECRET

NAME = "REDRESS_RECEIVERS__CRM__"
URL = "https://crm.example.cn/hook?key=k-123"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home folder without a settings file, and a receiver that has what it needs."""
    monkeypatch.setenv("REDRESS_HOME", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


@pytest.fixture
def given(monkeypatch):
    """Settings made from an environment in which the receiver has these values."""

    def given(**values):
        for name, value in ({"URL": URL, "SECRET": SECRET} | values).items():
            monkeypatch.setenv(NAME + name, value)
        return settings()

    return given


def test_a_receiver_wants_every_event_and_nothing_personal_unless_it_says_so(given):
    made = given()
    receiver = made.receivers["crm"]

    assert receiver.url.get_secret_value() == URL
    assert receiver.events == frozenset(Event)
    assert receiver.personal is False
    assert made.wants == {"crm": frozenset(Event)}


@pytest.mark.parametrize(
    "written", ["case.opened case.closed", "case.opened, case.closed", '["case.opened","case.closed"]']
)
def test_events_are_chosen_in_one_text_or_a_list(given, written):
    assert given(EVENTS=written).wants == {"crm": {Event.OPENED, Event.CLOSED}}


@pytest.mark.parametrize("written", [f"{NEXT_SECRET} {SECRET}", f'["{NEXT_SECRET}", "{SECRET}"]'])
def test_there_can_be_several_secrets_in_the_order_given(given, written):
    secrets = [one.get_secret_value() for one in given(SECRET=written).receivers["crm"].secret]

    assert secrets == [NEXT_SECRET, SECRET]


def test_receivers_can_stand_in_the_file(home):
    table = f'[receivers.crm]\nurl = "{URL}"\nsecret = ["{SECRET}"]\nevents = ["case.closed"]\npersonal = true\n'
    (home / "redress.toml").write_text(table)

    receiver = Settings().receivers["crm"]
    assert (receiver.events, receiver.personal) == ({Event.CLOSED}, True)


def test_neither_secret_nor_address_is_shown(given):
    shown = repr(given())

    assert "k-123" not in shown
    assert SECRET not in shown


def test_the_host_of_an_address_is_shown_without_what_can_be_secret(given):
    assert given(URL="https://user:word@crm.example.cn:8443/hook?key=1").receivers["crm"].host == "crm.example.cn:8443"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/hook", "http://localhost/hook", "http://[::1]:9/hook", "http://127.3.2.1/"]
)
def test_an_address_on_this_machine_may_do_without_https(given, url):
    assert given(URL=url).receivers["crm"].is_on_this_machine


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example.cn/hook",
        "http://10.0.0.5/hook",
        "http://localhost.example.cn/hook",
        "http://127.0.0.1.example.cn/",
        "http://user@127.0.0.1@crm.example.cn/",
        "http://169.254.169.254/latest",
    ],
)
def test_an_address_elsewhere_needs_https(given, url):
    with pytest.raises(SettingError, match="https://"):
        given(URL=url)


@pytest.mark.parametrize(
    "url", ["crm.example.cn", "ftp://127.0.0.1/", "file:///etc/passwd", "https://", "https://a:b/", ""]
)
def test_what_is_no_address_is_refused(given, url):
    with pytest.raises(SettingError, match="RECEIVERS__CRM__URL"):
        given(URL=url)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_not/base64!", SECRET + "A" * 80])
def test_a_secret_that_the_scheme_does_not_know_is_refused_and_not_repeated(given, secret):
    with pytest.raises(SettingError, match="RECEIVERS__CRM__SECRET") as refused:
        given(SECRET=secret)

    assert not secret or secret == "whsec_" or secret not in str(refused.value)


def test_an_event_that_nobody_knows_is_refused(given):
    with pytest.raises(SettingError, match=r"case\.opened"):
        given(EVENTS="case.exploded")


@pytest.mark.parametrize("name", ["CRM.2", "Ä", "A B", "X" * 65])
def test_a_name_that_cannot_be_kept_is_refused(monkeypatch, name):
    monkeypatch.setenv(f"REDRESS_RECEIVERS__{name}__URL", URL)
    monkeypatch.setenv(f"REDRESS_RECEIVERS__{name}__SECRET", SECRET)

    with pytest.raises(SettingError, match="RECEIVERS"):
        settings()
