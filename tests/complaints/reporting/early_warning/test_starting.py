"""What it costs to have early warning at hand."""

import subprocess
import sys


def test_a_worker_that_knows_early_warning_has_not_yet_loaded_what_computes_it() -> None:
    code = "import sys, complaints.adapters.extra_sections; print('scipy' in sys.modules)"

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "False"
