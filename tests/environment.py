"""Where the tests live: a home folder and ports of their own, set before anything imports Prefect."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from deployments.environment import apply
from tests.ports import free_port

HOME = Path(tempfile.mkdtemp(prefix="redress-tests-"))
_MADE_BY = os.getpid()


@atexit.register
def _tidy_up() -> None:
    if os.getpid() == _MADE_BY:  # a forked process has inherited this, and ends before the tests do
        shutil.rmtree(HOME, ignore_errors=True)


for name in [name for name in os.environ if name.startswith(("REDRESS_", "PREFECT_")) and "TEST" not in name]:
    del os.environ[name]  # whatever the developer has set must not change a result
os.environ |= {
    "REDRESS_HOME": str(HOME),
    "REDRESS_PREFECT_PORT": str(free_port()),
    "REDRESS_DOOR_PORT": str(free_port()),
    "REDRESS_SMTP_URL": f"smtp://127.0.0.1:{free_port()}",
    "REDRESS_MAIL_RETRY_DELAYS_SECONDS": "[0.1, 0.2]",
    "REDRESS_MAIL_TIMEOUT_SECONDS": "5",
    "REDRESS_WEBHOOK_SECRETS__CRM": "whsec_dGVzdHMgb25seSwgbm90IGEgc2VjcmV0IQ==",
    "REDRESS_SWEEP_SECONDS": "3600",  # the tests say when to sweep
}

from complaints.settings import settings  # noqa: E402 - reads what was just set

apply(settings())
