"""``redress doctor``: each thing that can be wrong gets its grade and its cure, and no secret is printed."""

import json
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from complaints.adapters import pdf
from complaints.adapters.archive import paper as case_file
from complaints.adapters.pdf import PdfUnavailable
from complaints.sealing import MasterKey
from complaints.settings import settings
from deployments.doctor import machine
from deployments.doctor.examination import examine
from deployments.doctor.finding import Finding
from deployments.doctor.machine import WANTED
from deployments.doctor.prefect_server import ALWAYS, KEPT, OF_MANY, OF_OTHERS
from tests.deployments.conftest import Installation, Substitute
from tests.evidence_places import fake_clamd

PASSWORD = "pass-word"


def finding(what: str) -> Finding:
    """The one finding about something."""
    (found,) = [one for one in examine(settings()) if one.what == what]
    return found


def grades() -> Mapping[str, str]:
    return {one.what: one.grade for one in examine(settings())}


@pytest.fixture(autouse=True)
def _an_installation(firm: Installation) -> None:
    """Every test here begins with an installation of its own."""


# --- what is found -----------------------------------------------------------------------------


def test_a_fresh_installation_has_nothing_bad() -> None:
    calendars = {what: grade for what, grade in grades().items() if what.startswith("calendar ")}
    assert calendars.keys() == {"calendar cn-public", "calendar cn-finance"}
    assert "bad" not in calendars.values(), "next year's arrangement comes late in the year: a note"
    assert {
        what: grade
        for what, grade in grades().items()
        if what not in {*calendars, "PDF of summaries", "PDF of case files"}
    } == {
        "Python": "ok",
        "prefect": "ok",
        "fastapi": "ok",
        "sqlalchemy": "ok",
        "home folder": "ok",
        "case database": "ok",
        "master key": "ok",
        "regimes": "ok",
        "mail server": "note",
        "mailbox": "note",
        "senders at the door": "note",
        "evidence store": "note",
        "virus scanner": "note",
        "place of anchors": "note",
        "anchors": "note",
        "erased cases with a key": "ok",
        "files of erased cases": "ok",
        "alerts": "note",
        "Prefect's server": "note",
    }


@pytest.mark.parametrize(("what", "sets"), [("summaries", pdf), ("case files", case_file)])
def test_a_machine_that_makes_no_pdf_is_told_the_cure(
    monkeypatch: pytest.MonkeyPatch, what: str, sets: ModuleType
) -> None:
    def unavailable(_: str) -> bytes:
        raise PdfUnavailable("there is no font")

    monkeypatch.setattr(sets, "to_pdf", unavailable)

    found = finding(f"PDF of {what}")
    assert (found.grade, "apt-get install" in found.cure) == ("note", True)


def lose_the_key(firm: Installation) -> None:
    (firm.home / "master.key").unlink()


def put_another_key(firm: Installation) -> None:
    lose_the_key(firm)
    MasterKey.create(firm.home / "master.key")


def let_others_read_the_key(firm: Installation) -> None:
    (firm.home / "master.key").chmod(0o640)


def let_others_read_the_home(firm: Installation) -> None:
    firm.home.chmod(0o750)


def spoil_the_database(firm: Installation) -> None:
    (firm.home / "cases.db").write_bytes(b"no database" * 1000)


def name_a_new_home(firm: Installation) -> None:
    firm.set(REDRESS_HOME=str(firm.home / "new"))


def make_an_empty_database(firm: Installation) -> None:
    (firm.home / "empty.db").touch()
    firm.set(REDRESS_DATABASE_URL=f"sqlite:///{firm.home / 'empty.db'}")


def database(url: str) -> Callable[[Installation], None]:
    return lambda firm: firm.set(REDRESS_DATABASE_URL=url)


@pytest.mark.parametrize(
    ("happens", "what", "grade", "found", "cure"),
    [
        pytest.param(let_others_read_the_home, "home folder", "bad", "mode 750", "chmod 700", id="home for others"),
        pytest.param(name_a_new_home, "home folder", "note", "not there yet", "redress up", id="no home yet"),
        pytest.param(name_a_new_home, "case database", "note", "not there yet", "redress up", id="no database yet"),
        pytest.param(make_an_empty_database, "case database", "note", "not up to date", "redress up", id="no schema"),
        pytest.param(lose_the_key, "case database", "bad", "cases.db", "backup", id="no key"),
        pytest.param(put_another_key, "case database", "bad", "cases.db", "belongs to", id="another key"),
        pytest.param(let_others_read_the_key, "case database", "bad", "cases.db", "chmod 600", id="key for everybody"),
        pytest.param(spoil_the_database, "case database", "bad", "DatabaseError", "is it there", id="corrupt"),
        pytest.param(
            database(f"postgresql://redress:{PASSWORD}@127.0.0.1:1/cases"),
            *("case database", "bad", "127.0.0.1:1/cases: OperationalError", "reachable"),
            id="PostgreSQL is away",
        ),
        pytest.param(
            database(f"mysql://redress:{PASSWORD}@127.0.0.1/cases"),
            *("case database", "bad", "127.0.0.1/cases", "postgresql://"),
            id="MySQL",
        ),
        pytest.param(
            database(f"redress:{PASSWORD}@127.0.0.1"),
            *("case database", "bad", "ArgumentError", "is it there"),
            id="no address",
        ),
    ],
)
def test_what_is_wrong_gets_its_grade_and_its_cure(
    firm: Installation, happens: Callable[[Installation], None], what: str, grade: str, found: str, cure: str
) -> None:
    happens(firm)

    one = finding(what)

    assert one.grade == grade
    assert found in one.found
    assert cure in one.cure


@pytest.mark.parametrize(
    ("setting", "value", "cure"),
    [
        ("REDRESS_REGIME", "cn-nfrb", "there is no regime pack 'cn-nfrb'"),
        ("REDRESS_FURTHER_REGIMES", '["uk-dips"]', "there is no regime pack 'uk-dips'"),
        ("REDRESS_OFFICE_CALENDAR", "cn-privat", "there is no calendar 'cn-privat'"),
    ],
)
def test_a_regime_or_calendar_that_is_not_there_is_bad(firm: Installation, setting: str, value: str, cure: str) -> None:
    firm.set(**{setting: value})

    assert finding("rules").grade == "bad"
    assert cure in finding("rules").cure


@pytest.mark.parametrize(("url", "grade"), [("json://127.0.0.1:1/", "ok"), (f"wecombot:/{PASSWORD}", "bad")])
def test_an_address_for_alerts_is_looked_at_but_not_shown(firm: Installation, url: str, grade: str) -> None:
    firm.set(REDRESS_ALERTS__HANDLER=url)

    one = finding("alerts to handler")

    assert one.grade == grade
    assert PASSWORD not in one.found + one.cure


def test_looking_makes_nothing(firm: Installation) -> None:
    new = firm.home / "new"
    firm.set(REDRESS_HOME=str(new))
    examine(settings())
    new.mkdir(mode=0o700)

    examine(settings())

    assert list(new.iterdir()) == []


def test_a_mail_server_and_senders_are_named(firm: Installation) -> None:
    firm.set(
        REDRESS_SMTP_URL=f"smtp://redress:{PASSWORD}@127.0.0.1:25",
        REDRESS_WEBHOOK_SECRETS__crm="whsec_AAAA",
        REDRESS_WEBHOOK_SECRETS__hotline="whsec_AAAA",
    )

    assert finding("mail server").grade == "ok"
    assert finding("senders at the door") == Finding("ok", "senders at the door", "crm, hotline")


def test_without_a_mail_server_it_says_where_letters_are(firm: Installation) -> None:
    one = finding("mail server")

    assert str(firm.home / "letters") in one.found
    assert "REDRESS_SMTP_URL" in one.cure


@pytest.mark.parametrize(
    ("package", "version", "grade"),
    [
        ("prefect", "3.8.7", "bad"),
        ("prefect", "3.8.8", "ok"),
        ("prefect", "3.8.8.dev1", "ok"),
        ("prefect", "3.8.12", "ok"),
        ("prefect", "3.9", "bad"),
        ("prefect", "3.9.0rc1", "bad"),
        ("prefect", "4.0", "bad"),
        ("fastapi", "0.138.9", "bad"),
        ("fastapi", "0.139.0", "ok"),
        ("fastapi", "0.149.9", "ok"),
        ("fastapi", "0.150.0", "bad"),
        ("sqlalchemy", "2.0.35", "bad"),
        ("sqlalchemy", "2.0.36", "ok"),
        ("sqlalchemy", "2.1.0b1", "bad"),
    ],
)
def test_a_package_out_of_its_bounds_is_bad(
    package: str, version: str, grade: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "version", lambda name: version if name == package else "0")

    one = finding(package)

    assert (one.grade, one.found) == (grade, version)
    assert one.cure.startswith("install with -c constraints.txt") == (grade == "bad")


@pytest.mark.parametrize(
    ("version", "grade"), [("3.10.14", "bad"), ("3.11.0", "ok"), ("3.13.5", "ok"), ("3.14.0", "bad"), ("4.0.0", "bad")]
)
def test_a_python_out_of_its_bounds_is_bad(version: str, grade: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "python_version_tuple", lambda: tuple(version.split(".")))

    assert finding("Python").grade == grade


# --- Prefect's server --------------------------------------------------------------------------


Tell = Callable[[int, bytes], None]


@pytest.fixture
def tell(firm: Installation, prefect: Substitute) -> Tell:
    """Sets what Prefect's server answers when it is asked for its settings."""
    firm.set(REDRESS_PREFECT_API_URL=f"http://redress:{PASSWORD}@{prefect.address}/api")
    return lambda status, body: prefect.answers.update({"/api/admin/settings": (status, body)})


def server_settings(*, expirations: Any = False, analytics: Any = False, **more: Any) -> bytes:
    found = {"services": {"pause_expirations": {"enabled": expirations}}, "analytics_enabled": analytics}
    return json.dumps({"server": found | more}).encode()


EXPIRATIONS = "Prefect: server.services.pause_expirations.enabled"
ANALYTICS = "Prefect: server.analytics_enabled"


def test_the_settings_that_redress_starts_prefect_with_are_fine(tell: Tell) -> None:
    tell(200, server_settings(expirations=False, analytics=False))

    assert [grades()[what] for what in ("Prefect's server", EXPIRATIONS, ANALYTICS)] == ["ok", "ok", "ok"]


def test_prefects_dangerous_defaults_are_bad(tell: Tell) -> None:
    tell(200, server_settings(expirations=True, analytics=True))

    assert [finding(what).grade for what in (EXPIRATIONS, ANALYTICS)] == ["bad", "bad"]
    assert "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_ENABLED=false" in finding(EXPIRATIONS).cure
    assert "PREFECT_SERVER_ANALYTICS_ENABLED=false" in finding(ANALYTICS).cure


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"server": null}', b'{"server": {"services": []}}'])
def test_a_server_that_does_not_tell_its_settings_is_noted(tell: Tell, body: bytes) -> None:
    tell(200, body)

    assert [grades()[what] for what in ("Prefect's server", EXPIRATIONS, ANALYTICS)] == ["ok", "note", "note"]


@pytest.mark.parametrize(("status", "body"), [(200, b"<html>"), (404, b""), (500, b"")])
def test_what_is_no_prefect_server_does_not_answer(tell: Tell, status: int, body: bytes) -> None:
    tell(status, body)

    one = finding("Prefect's server")

    assert (one.grade, "does not answer" in one.found) == ("note", True)


@pytest.mark.parametrize("url", ["http://[", "nonsense", "http://127.0.0.1:1/api"])
def test_an_address_where_nothing_is_does_not_answer(firm: Installation, url: str) -> None:
    firm.set(REDRESS_PREFECT_API_URL=url)

    assert finding("Prefect's server").grade == "note"


LOOKED_AT = [*(wanted.path for wanted in (*ALWAYS, *OF_OTHERS, *OF_MANY)), KEPT]


@pytest.mark.parametrize("path", LOOKED_AT, ids=".".join)
def test_every_setting_looked_at_is_one_of_this_prefect(path: tuple[str, ...]) -> None:
    """A setting that Prefect renames would be noted as untold for ever, and never be bad."""
    from prefect.settings import get_current_settings

    value: Any = get_current_settings().model_dump()
    for name in path:
        assert name in value
        value = value[name]


def test_a_key_for_prefects_cloud_is_noted_but_not_shown(firm: Installation) -> None:
    firm.set(PREFECT_API_KEY=PASSWORD)

    assert finding("PREFECT_API_KEY").grade == "note"
    assert PASSWORD not in repr(examine(settings()))


# --- what is printed ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://redress:{PASSWORD}@127.0.0.1:1/cases",
        f"postgresql://redress:at@{PASSWORD}@127.0.0.1:1/cases",
        f"postgresql://127.0.0.1:1/cases?user=redress&password={PASSWORD}",
        f"postgresql+psycopg://redress:{PASSWORD}@127.0.0.1:port/cases",
        f"mysql://redress:{PASSWORD}@127.0.0.1/cases",
        f"redress:{PASSWORD}@127.0.0.1/cases",
    ],
)
def test_no_password_is_printed(firm: Installation, tell: Tell, url: str) -> None:
    tell(200, server_settings(expirations=True, analytics=True))
    firm.set(
        REDRESS_DATABASE_URL=url,
        REDRESS_SMTP_URL=f"smtp://redress:{PASSWORD}@127.0.0.1:25",
        REDRESS_WEBHOOK_SECRETS__crm=PASSWORD,
        PREFECT_API_KEY=PASSWORD,
    )

    assert PASSWORD not in repr(examine(settings()))


def test_whatever_is_not_ok_has_a_cure(firm: Installation) -> None:
    let_others_read_the_home(firm)
    let_others_read_the_key(firm)
    firm.set(PREFECT_API_KEY=PASSWORD)

    not_ok = [one for one in examine(settings()) if one.grade != "ok"]

    assert len(not_ok) >= 5
    assert not [one for one in not_ok if not one.cure]


def test_the_bounds_are_those_of_the_project() -> None:
    """``pyproject.toml`` says which versions are installed, the doctor which are well."""
    from importlib.metadata import requires

    declared = {line.split(";")[0].replace(" ", "") for line in requires("redress") or ()}
    for package, (least, unfit) in WANTED.items():
        bounds = {f">={'.'.join(map(str, least))}", f"<{'.'.join(map(str, unfit))}"}
        (line,) = [one for one in declared if one.startswith((f"{package}>", f"{package}<"))]
        assert set(line.removeprefix(package).split(",")) == bounds


# --- evidence ----------------------------------------------------------------------------------


def test_an_evidence_store_that_can_be_written_is_ok_and_left_empty(firm: Installation) -> None:
    folder = firm.home / "evidence"
    folder.mkdir()

    assert finding("evidence store").grade == "ok"
    assert list(folder.iterdir()) == []


def test_an_evidence_store_that_is_not_there_yet_is_not_made_by_looking(firm: Installation) -> None:
    assert finding("evidence store").grade == "note"
    assert not (firm.home / "evidence").exists()


@pytest.mark.parametrize("url", [f"nothing://user:{PASSWORD}@host/x", "/dev/null/evidence", "/proc"])
def test_an_evidence_store_that_cannot_be_written_is_bad(firm: Installation, url: str) -> None:
    firm.set(REDRESS_EVIDENCE_URL=url)

    found = finding("evidence store")

    assert found.grade == "bad"
    assert PASSWORD not in str(found)


def test_a_virus_scanner_that_is_away_is_bad(firm: Installation) -> None:
    with fake_clamd() as clamd:
        firm.set(REDRESS_VIRUS_SCANNER_URL=clamd.url)
        assert finding("virus scanner").grade == "ok"

    assert finding("virus scanner").grade == "bad"


def test_a_mailbox_is_looked_into_and_left_as_it_is(firm: Installation, tmp_path: Path) -> None:
    for part in ("new", "cur", "tmp"):
        (tmp_path / part).mkdir()
    (tmp_path / "new" / "1").write_bytes(b"Subject: x\n\n")
    firm.set(REDRESS_MAILBOX_URL=f"maildir://{tmp_path}")

    assert finding("mailbox") == Finding("ok", "mailbox", "1 mails wait")
    assert (tmp_path / "new" / "1").exists()


def test_mails_that_lie_for_a_person_are_counted(firm: Installation, tmp_path: Path) -> None:
    for part in ("new", "cur", "tmp", ".Redress.held/new", ".Redress.held/cur"):
        (tmp_path / part).mkdir(parents=True)
    (tmp_path / ".Redress.held" / "cur" / "1:2,").write_bytes(b"Subject: x\n\n")
    firm.set(REDRESS_MAILBOX_URL=f"maildir://{tmp_path}")

    found = finding("mailbox")

    assert (found.grade, found.found) == ("note", "0 mails wait; for a person: 1 in Redress/held")


@pytest.mark.parametrize("url", [f"imap://redress:{PASSWORD}@127.0.0.1:9/INBOX", f"pop3://redress:{PASSWORD}@host"])
def test_a_mailbox_that_cannot_be_read_is_bad(firm: Installation, url: str) -> None:
    firm.set(REDRESS_MAILBOX_URL=url)

    found = finding("mailbox")

    assert found.grade == "bad"
    assert PASSWORD not in str(found)
