"""Imports go down only, as pyproject.toml says; and the contracts would notice if they did not."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Import-linter on the checkout (or a copy of it) in `folder`."""
    return subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache", "--no-logo"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "src"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_contract_is_kept() -> None:
    linted = lint(ROOT)
    assert linted.returncode == 0, linted.stdout + linted.stderr
    assert "3 kept, 0 broken" in linted.stdout


@pytest.mark.parametrize(
    ("place", "line", "told"),
    [
        ("rooms/__init__.py", '"""A folder no floor knows."""', "solvent.rooms"),
        ("extra.py", '"""A file no floor knows."""', "solvent.extra"),
        ("risk/pool.py", "import solvent.risk.oracle", "solvent.risk.pool -> solvent.risk.oracle"),
        ("risk/pool.py", "import solvent.procedures.price", "solvent.risk.pool -> solvent.procedures.price"),
        ("state/ledger.py", "import time", "solvent.state.ledger -> time"),
        ("engine/journal.py", "import solvent.market.symbols", "solvent.engine.journal -> solvent.market.symbols"),
    ],
)
def test_a_planted_violation_is_told(tmp_path: Path, place: str, line: str, told: str) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "*_cache"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    planted = tmp_path / "src" / "solvent" / place
    planted.parent.mkdir(exist_ok=True)
    with planted.open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    linted = lint(tmp_path)
    assert linted.returncode == 1, linted.stdout + linted.stderr
    assert told in linted.stdout
