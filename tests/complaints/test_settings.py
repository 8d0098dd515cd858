import pytest
from pydantic import ValidationError

from complaints.settings import Firm, Settings

BARE = {"EMAIL": "spy@example.org", "TELEPHONE": "110", "NAME_ZH": "别的公司", "ADDRESS_EN": "Elsewhere"}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home folder without a settings file."""
    monkeypatch.setenv("REDRESS_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_what_others_put_into_the_environment_changes_nothing_about_the_firm(monkeypatch, case):
    before = Firm()
    for name, value in BARE.items():
        monkeypatch.setenv(case(name), value)

    assert Firm() == Settings().firm == before
    assert before.email == "complaints@example.com"


def test_the_firms_own_variables_count_alone_and_through_the_settings(monkeypatch):
    monkeypatch.setenv("EMAIL", "spy@example.org")
    monkeypatch.setenv("REDRESS_FIRM__EMAIL", "tousu@firm.example.cn")

    assert Firm().email == Settings().firm.email == "tousu@firm.example.cn"
    assert Settings().firm.telephone == Firm().telephone == Firm.model_fields["telephone"].default


def test_the_file_says_who_the_firm_is_but_for_what_the_environment_says(home, monkeypatch):
    (home / "redress.toml").write_text('[firm]\nemail = "file@example.cn"\ntelephone = "021-1"\n')
    monkeypatch.setenv("REDRESS_FIRM__EMAIL", "tousu@firm.example.cn")
    monkeypatch.setenv("TELEPHONE", "110")

    firm = Settings().firm
    assert (firm.email, firm.telephone) == ("tousu@firm.example.cn", "021-1")


@pytest.mark.parametrize(
    ("written", "urls"),
    [
        ("wecombot://KEY", ["wecombot://KEY"]),
        ("wecombot://KEY mailto://a:b@firm.cn?to=c,d", ["wecombot://KEY", "mailto://a:b@firm.cn?to=c,d"]),
        ("wecombot://KEY, feishu://TOKEN", ["wecombot://KEY", "feishu://TOKEN"]),
        ('["wecombot://KEY", "feishu://TOKEN"]', ["wecombot://KEY", "feishu://TOKEN"]),
        ("", []),
    ],
)
def test_a_role_is_told_by_one_url_or_by_several(monkeypatch, written, urls):
    monkeypatch.setenv("REDRESS_ALERTS__HEAD_OF_COMPLAINTS", written)

    assert [url.get_secret_value() for url in Settings().alerts["head_of_complaints"]] == urls
    assert "KEY" not in repr(Settings())


def test_alerts_can_stand_in_the_file(home):
    (home / "redress.toml").write_text('alert_language = "en"\n[alerts]\nhandler = ["wecombot://KEY"]\n')

    assert Settings().alert_language == "en"
    assert [url.get_secret_value() for url in Settings().alerts["handler"]] == ["wecombot://KEY"]


def test_a_role_that_nobody_knows_is_refused(monkeypatch):
    monkeypatch.setenv("REDRESS_ALERTS__BOSS", "wecombot://KEY")

    with pytest.raises(ValidationError, match="handler"):
        Settings()
