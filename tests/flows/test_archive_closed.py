"""The scheduled archive as a run of Prefect's."""

from complaints import acts
from complaints.adapters.archive.checking import check_package
from complaints.adapters.archive.package import find_package
from complaints.settings import settings
from complaints.words import Stage
from tests.builders import a_stored_case, an_act
from tests.flows.running import Running


def test_a_run_archives_what_is_closed_and_says_how_many(redress: Running) -> None:
    reference = a_stored_case(redress.store, Stage.CLOSED, letter=True, number="ARCHIVE-1")
    with redress.store.open_case(reference) as desk:
        desk.case.record(an_act(acts.LetterSent), desk.now)

    run = redress.deploy_and_wait("archive-closed", after_days=0)

    assert redress.store.read_case(reference).is_packed
    path = find_package(settings().archive_folder, reference)
    assert path is not None
    with redress.store.read() as session:
        assert check_package(path, redress.store.case_key(session, reference)) == []
    assert run.state is not None
    assert "cases archived" in (run.state.message or "")
