"""Where the real market files are, for the tests that want them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def market_data() -> Path:
    """The folder of real market files: SOLVENT_DATA, else `shared/data` beside the repository.

    The files carry no licence and are not part of the project, so most checkouts skip what needs them.
    """
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("SOLVENT_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no market data at {folder}; set SOLVENT_DATA to a folder that holds it")
    return folder
