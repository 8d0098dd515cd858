"""The work pool knows whose it is."""

from typing import Any

import pytest
from prefect.client.schemas.objects import WorkPool
from prefect.workers.base import BaseWorker

from complaints.errors.settings import SettingError
from complaints.settings import settings
from deployments.up import prepare
from flows.installation import check_installation, claimed, installation_of
from tasks.desk import store


@pytest.fixture(autouse=True)
def database() -> None:
    """The case database of the tests, with its key."""
    prepare(settings())


def pool(template: dict[str, Any]) -> WorkPool:
    return WorkPool.model_construct(name="redress", base_job_template=template)


def test_a_pool_that_nobody_has_claimed_is_anybodys() -> None:
    for template in ({}, BaseWorker.get_default_base_job_template()):
        assert installation_of(pool(template)) == ""
        check_installation(pool(template))


def test_a_pool_that_was_claimed_bears_the_fingerprint_of_the_master_key_and_all_else_as_before() -> None:
    template = BaseWorker.get_default_base_job_template()
    marked = claimed(template)

    assert installation_of(pool(marked)) == store().master.fingerprint
    check_installation(pool(marked))
    assert marked["job_configuration"] == template["job_configuration"]
    assert marked["variables"]["properties"].items() >= template["variables"]["properties"].items()


def test_the_pool_of_another_installation_is_refused_and_both_are_named() -> None:
    marked = claimed({})
    marked["variables"]["properties"]["installation"]["default"] = "0123456789abcdef"

    with pytest.raises(SettingError, match="belongs to installation 0123456789abcdef") as refused:
        check_installation(pool(marked))

    assert store().master.fingerprint in str(refused.value)
    assert "REDRESS_PREFECT_API_URL" in str(refused.value)
