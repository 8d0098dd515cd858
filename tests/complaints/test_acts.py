"""The acts stand by subject, and are used as one: none may be forgotten, or what it wrote cannot be read again."""

import importlib
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

from complaints import acts, acts_by_subject
from complaints.acts import ACTS, Act

ROOT = Path(__file__).parents[2]
SUBJECTS = [part.name for part in pkgutil.iter_modules(acts_by_subject.__path__, f"{acts_by_subject.__name__}.")]
by_subject = pytest.mark.parametrize("subject", SUBJECTS, ids=lambda name: name.rpartition(".")[2])

KINDS_IN_EVERY_ORDER = """
import importlib, json, sys
found = {}
for subject in sys.argv[1:]:
    for name in [name for name in sys.modules if name.partition(".")[0] == "complaints"]:
        del sys.modules[name]
    importlib.import_module(subject)
    found[subject] = sorted(importlib.import_module("complaints.acts").ACTS)
print(json.dumps(found))
"""


@by_subject
def test_whatever_a_subject_holds_is_found_among_the_acts(subject):
    held = {
        name: one
        for name, one in vars(importlib.import_module(subject)).items()
        if isinstance(one, type) and one.__module__ == subject
    }

    assert held
    assert {name: getattr(acts, name, None) for name in held} == held


@by_subject
def test_every_act_of_a_subject_is_read_from_the_ledger_by_its_name(subject):
    held = {
        one
        for one in vars(importlib.import_module(subject)).values()
        if isinstance(one, type) and issubclass(one, Act) and one is not Act and one.__module__ == subject
    }

    assert held <= set(ACTS.values())
    assert all(ACTS[act.kind_name()] is act for act in held)


def test_no_kind_is_missing_whichever_subject_was_imported_first():
    done = subprocess.run(
        [sys.executable, "-c", KINDS_IN_EVERY_ORDER, *SUBJECTS],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=True,
    )

    assert json.loads(done.stdout) == dict.fromkeys(SUBJECTS, sorted(ACTS))
