"""Makes the golden journal of a release. Goldens are added, never changed: a build that cannot replay one is broken.

python -m tests.golden.make NAME
"""

import sys
from pathlib import Path

import msgspec
import numpy as np
from tests.small_replay import played

from solvent.engine.engine import Engine

EVERY = 200


def make(name: str) -> None:
    """Write commands, genesis and the digests along the way."""
    run = played(seed=7, accounts=60)
    commands = np.concatenate(run.recording.commands)
    engine = Engine.in_memory(run.genesis)
    digests = []
    for first in range(0, len(commands), EVERY):
        engine.submit(commands[first : first + EVERY])
        digests.append(engine.digest())
    place = Path(__file__).parent
    np.savez_compressed(
        place / f"{name}.npz",
        commands=commands.view(np.uint8),
        genesis=np.frombuffer(msgspec.msgpack.encode(run.genesis), dtype=np.uint8),
        digests=np.array(digests),
    )


if __name__ == "__main__":
    make(sys.argv[1])
