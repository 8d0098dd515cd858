"""``redress backup`` and ``redress restore`` as an operator types them."""

import fcntl

from sqlalchemy import func, select

from complaints.adapters.tables import CaseRow
from tests.builders import file_complaint
from tests.deployments.conftest import refused


def cases_of(firm):
    with firm.store.read() as session:
        return session.scalar(select(func.count()).select_from(CaseRow))


def test_a_backup_says_what_it_holds_and_which_key_is_to_be_kept_apart(firm, redress, tmp_path):
    file_complaint(firm.store)

    answer = redress("backup", tmp_path / "backups")

    assert answer.code == 0
    assert "1 cases" in answer.words
    assert f"Keep the master key {firm.store.master.fingerprint}" in answer.words


def test_a_lost_home_folder_is_restored_with_the_key_and_the_backup(firm, redress, tmp_path):
    file_complaint(firm.store)
    (firm.home / "redress.toml").write_text('regime = "cn-nfra"\n')
    redress("backup", tmp_path / "backups")
    firm.store.engine.dispose()
    for file in (*firm.home.glob("cases.db*"), firm.home / "redress.toml"):
        file.unlink()

    answer = redress("restore", tmp_path / "backups")

    assert answer.code == 0, answer
    assert cases_of(firm) == 1
    assert (firm.home / "redress.toml").read_text() == 'regime = "cn-nfra"\n'
    assert "entries of 1 cases checked, 0 broken" in answer.words
    assert "Next: redress up" in answer.words


def test_a_restore_over_cases_must_be_said(firm, redress, tmp_path):
    file_complaint(firm.store)
    redress("backup", tmp_path / "backups")
    firm.store.engine.dispose()

    assert refused(redress("restore", tmp_path / "backups"), "holds cases", "--replace")
    assert redress("restore", tmp_path / "backups", "--replace").code == 0


def test_a_restore_is_refused_while_redress_up_runs_on_the_home_folder(firm, redress, tmp_path):
    redress("backup", tmp_path / "backups")

    with (firm.home / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        assert refused(redress("restore", tmp_path / "backups"), "'redress up' runs", "Stop it first")


def test_what_is_no_backup_is_told_so(firm, redress, tmp_path):
    assert refused(redress("restore", tmp_path), "holds no whole backup")
