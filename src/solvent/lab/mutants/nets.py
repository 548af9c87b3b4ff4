"""What a fault is caught with: the rig itself, in pieces small enough that each fault meets only those it must meet.

    arithmetic   functions of `units` against exact integers and fractions, at the edges
    tests        those of single rules and of the laws, each test a net, where the sources stand beside them
    stories      the short stories of the campaign, followed by the auditor
    twins        two machines that must agree: accounts in another order, sides mirrored, units rescaled
    worlds       seeded worlds, followed by the auditor and entered again half-way (the law RESTART)

A net raises when it finds something, and is silent otherwise.
"""

import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

from solvent import units
from solvent.lab.campaign.directed import DIRECTED
from solvent.lab.campaign.story import tell_story
from solvent.lab.metamorphic import TWINS

WORLD_COMMANDS = 360
WORLDS = (11, 2, 3, 7, 23, 31, 5, 16, 40, 17)
QUICK_WORLDS = 4


class ArithmeticWrong(AssertionError):
    """A function of `units` does not give the exact number."""


class Net(NamedTuple):
    """One thing that can catch a fault: it raises when it does."""

    name: str
    cast: Callable[[], object]


def nets(*, quick: bool = False) -> Iterator[Net]:
    """Every net but the tests; of the quick ones, arithmetic and the first worlds."""
    yield Net("arithmetic", arithmetic)
    if not quick:
        for story in DIRECTED:
            yield Net(f"story {story.__name__}", story)
        for twin in TWINS:
            yield Net(f"twins {twin.__name__}", _of(twin, 1))
    for seed in WORLDS[:QUICK_WORLDS] if quick else WORLDS:
        yield Net(f"world {seed}", _of(world, seed))


def _of(function: Callable[[int], object], seed: int) -> Callable[[], object]:
    return lambda: function(seed)


def world(seed: int) -> None:
    """Raises the first broken law of a world."""
    story = tell_story(seed, WORLD_COMMANDS, 1)
    if story.broken is not None:
        raise story.broken


def arithmetic() -> None:
    """The rounding in a function's name is the rounding of the exact quotient."""
    chance = random.Random(1)
    edges = [0, 1, 2, 3, 7, 10**6, 2**31, 2**53, 2**61, units.LIMIT - 1, units.LIMIT]
    for number in range(500):
        a, b, c = (chance.choice(edges) if chance.random() < 0.5 else chance.randrange(units.LIMIT) for _ in range(3))
        if number % 3 == 0:
            a, b, c = a % 1_000, b % 1_000, c % 1_000
        a, c = a * chance.choice([1, -1]), max(c, 1)
        exact = Fraction(a * b, c)
        for function, rounded in (
            (units.mul_div_down, floor(exact)),
            (units.mul_div_up, ceil(exact)),
            (units.mul_div_nearest, floor(exact + Fraction(1, 2))),
        ):
            held = max(min(rounded, units.LIMIT), -units.LIMIT)
            if function(a, b, c) != held:
                raise ArithmeticWrong(f"{function.__name__}({a}, {b}, {c}) is not {held}")
