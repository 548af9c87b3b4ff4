"""The same days told in another way end the same."""

import pytest

from solvent.codes import Executor, Tranche
from solvent.lab.metamorphic import TWINS, Move, Telling, TwinsDiffer, day, play

SEEDS = (1, 3)


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.__name__)
@pytest.mark.parametrize("seed", SEEDS)
def test_twins_agree(twin: object, seed: int) -> None:
    assert callable(twin)
    assert twin(seed) >= 0


def test_the_days_are_hard_enough() -> None:
    outcomes = [
        play(day(seed), Telling(executor=executor, tranches=(Tranche.VENUE_FUND,)))
        for seed in SEEDS
        for executor in Executor
    ]
    assert sum(outcome.flags for outcome in outcomes) > 5
    assert any(outcome.funds[1] < 10**9 for outcome in outcomes), "no shortfall was ever paid"
    assert all(any(outcome.refused) and not all(outcome.refused) for outcome in outcomes)


def test_a_difference_is_told() -> None:
    day_one = [Move("deposit", 0, 1, 0, 5)]
    one, other = play(day_one, Telling()), play([Move("deposit", 0, 1, 0, 6)], Telling())
    assert one.differs(other) == ["wallets", "equities"]
    assert issubclass(TwinsDiffer, AssertionError)
