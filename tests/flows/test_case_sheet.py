"""The case sheet on the page of a case's run."""

from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.objects import Artifact

from complaints.answers import Question
from flows.runs import prefect_client, wake_case
from tests.flows.running import Running


def sheets(reference: str) -> list[Artifact]:
    """All versions of a case's sheet that Prefect keeps."""
    with prefect_client() as client:
        key = ArtifactFilterKey(any_=[f"case-{reference.lower()}"])
        return client.read_artifacts(artifact_filter=ArtifactFilter(key=key))


def until_it_says(redress: Running, reference: str, words: str) -> Artifact:
    """Wait until the only sheet of a case says something."""

    def said() -> list[Artifact]:
        return [one for one in sheets(reference) if words in str(one.data)]

    (one,) = redress.until(said, f"the sheet of {reference} says {words}", 20)
    assert isinstance(one, Artifact)
    return one


def test_the_sheet_is_changed_in_place_each_time_the_run_rests_and_names_nobody(redress: Running) -> None:
    reference = redress.file(complainant={"name": "林知夏", "contacts": [{"kind": "phone", "value": "13800000101"}]})
    redress.until_asked(reference, Question.FINDING)
    first = until_it_says(redress, reference, "under investigation")

    redress.answer(reference, Question.FINDING)
    redress.until_asked(reference, Question.DECISION)
    second = until_it_says(redress, reference, "investigated")
    with redress.store.open_case(reference) as desk:
        desk.case.withdraw("li.wei", desk.now)
    wake_case(reference)
    third = until_it_says(redress, reference, "closed")

    assert first.id == second.id == third.id
    assert len(sheets(reference)) == 1
    assert first.flow_run_id == redress.run(reference).id
    assert "as of" in (third.description or "")
    assert not any(word in str(one.data) for one in (first, second, third) for word in ("林知夏", "13800000101"))


def test_a_sheet_that_somebody_deleted_is_made_again(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    made = until_it_says(redress, reference, "under investigation")
    with prefect_client() as client:
        client.delete_artifact(made.id)

    redress.answer(reference, Question.FINDING)
    redress.until_asked(reference, Question.DECISION)

    assert until_it_says(redress, reference, "investigated").id != made.id
    redress.withdraw_all()
