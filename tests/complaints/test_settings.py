import pytest

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
