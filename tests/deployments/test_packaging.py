"""How the project is put together: what may import what, which versions it stands on, and that all of it is found."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from complaints.letters import environment

ROOT = Path(__file__).parents[2]
LAYERS = ("complaints", "tasks", "flows", "deployments")
"""Each may import itself and those before it."""
PINS = dict(
    line.split("==") for line in (ROOT / "constraints.txt").read_text().split() if not line.startswith(("#", "--hash"))
)


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def dotted(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def imported(file: Path) -> frozenset[str]:
    """Every module that a file imports, at its top or within a function."""

    def names() -> Iterator[str]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{file}: imports are absolute"
                yield node.module or ""

    return frozenset(names())


# --- what imports what -------------------------------------------------------------------------


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_run_one_way(layer: str) -> None:
    allowed = LAYERS[: LAYERS.index(layer) + 1]
    forbidden = {*LAYERS, "tests", "templates"} - set(allowed)

    wrong = [
        f"{dotted(file)} imports {name}"
        for file in modules(layer)
        for name in imported(file)
        if name.partition(".")[0] in forbidden
    ]

    assert modules(layer)
    assert not wrong


def test_the_core_says_nothing_of_prefect_or_a_web_framework() -> None:
    frameworks = {"prefect", "fastapi", "starlette", "typer", "uvicorn", "rich"}

    assert not [
        f"{dotted(file)} imports {name}"
        for file in modules("complaints")
        for name in imported(file)
        if name.partition(".")[0] in frameworks
    ]


def test_importing_all_of_the_core_loads_neither_prefect_nor_fastapi() -> None:
    names = [dotted(file) for file in modules("complaints") if "migrations" not in file.parts]
    program = f"import sys, importlib; [importlib.import_module(name) for name in {names}]; print(*sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=60, check=True
    )

    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert {"complaints", "sqlalchemy", "pydantic"} <= loaded
    assert not {"prefect", "fastapi", "starlette"} & loaded


def test_the_command_line_does_not_load_prefect_before_its_settings_are_made() -> None:
    program = "import sys, deployments.cli; print('prefect' in sys.modules)"  # Prefect reads its settings once

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=60, check=True
    )

    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("package", [*LAYERS, "templates"])
def test_every_package_has_an_init(package: str) -> None:
    folders = {file.parent for file in modules(package)}

    assert folders
    assert not [folder for folder in folders if not (folder / "__init__.py").exists()]


@pytest.mark.parametrize("package", [*LAYERS, "templates", "tests"])
def test_every_init_is_empty(package: str) -> None:
    inits = list((ROOT / package).rglob("__init__.py"))

    assert inits
    assert not [init for init in inits if init.read_bytes()]


@pytest.mark.parametrize("package", LAYERS)
def test_no_module_is_named_like_one_of_the_standard_library(package: str) -> None:
    """A file ``flows/sched.py`` hides the standard library's from whoever puts ``flows/`` on the path."""
    names = {file.stem for file in modules(package)} - {"__init__"}

    assert not names & sys.stdlib_module_names


# --- versions ----------------------------------------------------------------------------------


def test_the_constraints_are_plain_pins_without_addresses() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()

    assert not [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+|#.*|", line)]
    assert not [line for line in lines if re.search(r"://|@|index|file:", line)]


@pytest.mark.parametrize("package", ["prefect", "fastapi", "sqlalchemy", "pydantic", "typer", "alembic"])
def test_what_is_installed_is_what_is_pinned(package: str) -> None:
    pins = {name.lower(): version for name, version in PINS.items()}

    assert importlib.metadata.version(package) == pins[package]


def test_prefect_and_fastapi_are_of_versions_that_work_together() -> None:
    def numbers(package: str) -> tuple[int, ...]:
        return tuple(int(part) for part in re.findall(r"\d+", importlib.metadata.version(package))[:3])

    assert (3, 8, 8) <= numbers("prefect") < (3, 9)
    assert (0, 139) <= numbers("fastapi") < (0, 150)


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = {re.split(r"[\[<>=; ]", line)[0] for line in (*project["dependencies"], *extras["postgres"])}
    pins = {re.sub(r"[-_.]+", "-", name).lower() for name in PINS}

    assert not wanted - pins


# --- what is shipped ---------------------------------------------------------------------------


def test_the_wheel_holds_every_layer_and_the_templates() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]

    assert set(build["targets"]["wheel"]["packages"]) == {*LAYERS, "templates"}


def test_every_template_is_found_and_can_be_read_by_jinja() -> None:
    files = {
        str(file.relative_to(ROOT / "templates"))
        for file in (ROOT / "templates").rglob("*")
        if file.is_file() and file.suffix not in (".py", ".pyc")
    }

    found = {name for name in environment().list_templates() if not name.endswith((".py", ".pyc"))}
    assert found == files
    for name in sorted(files):
        environment().get_template(name)


def test_every_letter_is_written_in_both_languages() -> None:
    folders = [folder for folder in (ROOT / "templates" / "letters").iterdir() if folder.is_dir()]

    assert folders
    for folder in folders:
        for place in (folder, *(part for part in folder.iterdir() if part.is_dir())):  # and its parts for a regime
            assert {file.name for file in place.glob("*.html")} == {"en.html", "zh-CN.html"}, place.name
