"""What is thrown at a ground with a fault in it: the rig itself, in the order in which it finds most for its time.

    arithmetic   functions of `units` against exact integers and fractions, at the edges
    worlds       seeded worlds, followed by the auditor, and entered again half-way (the law RESTART)
    tests        those of single rules, where the sources stand beside them
    directed     the short stories of the campaign, followed by the auditor
    twins        two machines that must agree: accounts in another order, sides mirrored, units rescaled
    worlds       more of them, for what is left of the time

A trial yields the number of commands it has done, now and then; it raises when it finds something.
"""

import contextlib
import os
import random
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from math import ceil, floor

from solvent import units
from solvent.lab.campaign.directed import DIRECTED
from solvent.lab.campaign.story import tell_story
from solvent.lab.metamorphic import TWINS

WORLD_COMMANDS = 360
FIRST_WORLDS = (11, 2, 3, 7)
OTHER_WORLDS = (23, 31, 5, 16, 40, 17)
TESTS = (
    "laws/test_found_by_chance.py",
    "risk/test_deleverage.py",
    "risk/test_liquidation.py",
    "risk/test_breaker.py",
    "risk/test_waterfall.py",
    "risk/test_pool.py",
    "risk/test_limits.py",
    "risk/test_margin.py",
    "risk/test_funding.py",
    "risk/test_oracle.py",
    "state/test_positions.py",
    "state/test_ledger.py",
)


class ArithmeticWrong(AssertionError):
    """A function of `units` does not give the exact number."""


class TestFailed(AssertionError):
    """A test of a single rule failed."""


def arithmetic(_commands_max: int) -> Iterator[int]:
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
    yield 0


def tests(_commands_max: int) -> Iterator[int]:
    """The tests of single rules, where the sources stand beside them; nothing in an installed package."""
    from pathlib import Path

    folder = Path(__file__).resolve().parents[4]
    files = [str(folder / "tests" / name) for name in TESTS if (folder / "tests" / name).is_file()]
    if not files:
        return
    import warnings

    import pytest
    from hypothesis import settings

    settings.register_profile("short", max_examples=25, deadline=None)
    settings.load_profile("short")
    # a warning of the runner about itself is no finding
    line = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider", "-o", "filterwarnings=", "--rootdir", str(folder), *files]
    with open(os.devnull, "w") as nothing, contextlib.redirect_stdout(nothing), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answer = pytest.main(line)
    if answer != pytest.ExitCode.OK:
        raise TestFailed(f"the tests of single rules end with {pytest.ExitCode(answer).name}")
    yield 0


def directed(_commands_max: int) -> Iterator[int]:
    """Short stories for rare things."""
    for story in reversed(DIRECTED):  # the longest last
        yield story()[1]


def first_worlds(_commands_max: int) -> Iterator[int]:
    """The worlds in which most happens."""
    yield from _worlds(FIRST_WORLDS)


def more_worlds(commands_max: int) -> Iterator[int]:
    """Others, for what is left of the time."""
    yield from _worlds([*OTHER_WORLDS, *range(101, 101 + commands_max // WORLD_COMMANDS)])


def _worlds(seeds: Iterable[int]) -> Iterator[int]:
    for seed in seeds:
        story = tell_story(seed, WORLD_COMMANDS, 1)
        if story.broken is not None:
            raise story.broken
        yield len(story.records)


def twins(_commands_max: int) -> Iterator[int]:
    """Two machines that must agree."""
    for twin in TWINS:
        yield twin(1)


TRIALS: tuple[Callable[[int], Iterator[int]], ...] = (arithmetic, first_worlds, tests, directed, twins, more_worlds)

QUICK_TRIALS = (arithmetic, first_worlds)
