"""The HTTP door as uvicorn runs it: ``deployments.door.app:app``.

First the ledger, then Prefect: what is answered with 2xx is stored for good; runs are started and woken afterwards,
and by ``reconcile-runs`` where Prefect does not answer now.
"""

import gc

from complaints.settings import settings
from deployments.environment import apply

apply(settings())  # a door that is started by itself finds the same Prefect; it reads the environment when imported

from prefect.logging.configuration import ensure_logging_setup  # noqa: E402 - after apply()

ensure_logging_setup()  # nothing that a door imports of Prefect does it by itself

from fastapi import FastAPI  # noqa: E402 - after apply()
from starlette.types import ASGIApp  # noqa: E402 - after apply()

from deployments.door import problems  # noqa: E402 - after apply()
from deployments.door.description import describe  # noqa: E402 - after apply()
from deployments.door.guard import Guard  # noqa: E402 - after apply()
from deployments.door.observed import Observed  # noqa: E402 - after apply()
from deployments.door.operation import router as operation  # noqa: E402 - after apply()
from deployments.door.routes import router  # noqa: E402 - after apply()
from deployments.pages.router import router as pages  # noqa: E402 - after apply()


def make_app() -> FastAPI:
    """Return the application behind the guard and what counts its answers."""
    made = FastAPI(
        title="Redress",
        version="1",
        description="Takes complaints in, and what belongs to them.",
        docs_url=None,  # FastAPI's pages load scripts from elsewhere, which not every firm's network can reach
        redoc_url=None,
    )
    problems.install(made)
    describe(made)
    made.include_router(router)
    made.include_router(pages)
    made.include_router(operation)
    return made


api = make_app()
# What was imported stays: looking through all of it again for garbage would stop every request for 0.1 s now and then.
gc.collect()
gc.freeze()
app: ASGIApp = Observed(Guard(api))
