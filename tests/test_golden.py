"""Every golden journal replays to the digests it was made with, step by step."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from tests.golden.make import EVERY

from solvent.commands import COMMAND_DTYPE
from solvent.engine.engine import Engine, Genesis

GOLDENS = sorted((Path(__file__).parent / "golden").glob("*.npz"))


def test_there_is_a_golden() -> None:
    assert GOLDENS


@pytest.mark.parametrize("file", GOLDENS, ids=lambda file: file.stem)
def test_a_golden_journal_replays(file) -> None:
    kept = np.load(file)
    commands = kept["commands"].view(COMMAND_DTYPE)
    engine = Engine.in_memory(msgspec.msgpack.decode(kept["genesis"].tobytes(), type=Genesis))
    for place, first in enumerate(range(0, len(commands), EVERY)):
        engine.submit(commands[first : first + EVERY])
        assert engine.digest() == kept["digests"][place], f"after command {first + EVERY}"
