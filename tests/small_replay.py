"""A replay small enough to be played without the compiler; run as a script it prints its digest."""

import sys
from dataclasses import replace

from solvent.engine.engine import Engine
from solvent.lab.replay import play
from solvent.lab.scenario import NANOSECONDS, read_scenario
from solvent.rulebook.document import read_rulebook


def small_story():
    """Twelve minutes around the low of 10 October 2025, a step every fifteen seconds."""
    story = read_scenario("2025-10-10")
    start = story.start_ns + 25 * 60 * NANOSECONDS
    markets = tuple(
        replace(market, waypoints=((start, market.waypoints[2][1]), *[p for p in market.waypoints if p[0] > start]))
        for market in story.markets[:3]
    )
    funds = dict(story.funds) | {"vault": story.funds["vault"] / 100, "venue_fund": story.funds["venue_fund"] / 100}
    return replace(
        story, markets=markets, start_ns=start, end_ns=start + 720 * NANOSECONDS, step_ns=15 * NANOSECONDS, funds=funds
    )


def played(seed=1, accounts=120, rulebook="solvent"):
    """The small story, played."""
    return play(small_story(), read_rulebook(rulebook), seed=seed, accounts=accounts)


def digest_in_batches(run, size):
    """Digest of the same commands sent `size` at a time."""
    import numpy as np

    commands = np.concatenate(run.recording.commands)
    engine = Engine.in_memory(run.genesis)
    for first in range(0, len(commands), size):
        engine.submit(commands[first : first + size])
    return engine.digest()


if __name__ == "__main__":
    sys.stdout.write(played().engine.digest() + "\n")
