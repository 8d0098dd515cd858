import os
import subprocess
import sys

import pytest

from benchmarks.usage import cpu_seconds, family, memory, parent_of

SPIN = "import time\nuntil = time.process_time() + 0.3\nwhile time.process_time() < until: pass\n"
STAY = "import sys; print('up', flush=True); sys.stdin.read()"


@pytest.fixture
def parent():
    """A process that has had a child which used 0.3 s of CPU, and has another one that lives."""
    code = (
        "import subprocess, sys\n"
        f"subprocess.run([sys.executable, '-c', {SPIN!r}])\n"
        f"subprocess.run([sys.executable, '-c', {STAY!r}])\n"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.communicate()


def test_the_cpu_time_of_a_process_holds_that_of_its_children_the_ended_ones_too(parent):
    assert 0.3 <= cpu_seconds(parent) < 3


def test_a_family_is_a_process_with_its_living_descendants(parent):
    child = next(one for one in family(parent) if one != parent)

    assert len(family(parent)) == 2
    assert parent_of(child) == parent
    assert parent_of(parent) == os.getpid()


def test_memory_is_that_of_the_whole_family_and_what_is_shared_is_divided(parent):
    size = memory([parent])

    assert size.processes == 2
    assert 0 < size.proportional < size.resident


def test_a_process_that_has_ended_uses_nothing():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()

    assert cpu_seconds(process.pid) == 0
    assert memory([process.pid]).resident == 0
