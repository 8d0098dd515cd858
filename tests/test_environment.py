import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_home_of_the_tests_is_removed_by_the_process_that_made_it_and_no_other():
    script = """
import os, sys
from tests.environment import HOME
if not os.fork():
    sys.exit()
os.wait()
(HOME / "left behind").touch()
print(HOME)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    home = Path(done.stdout.strip())
    assert home.name.startswith("redress-tests-")
    assert not home.exists()
