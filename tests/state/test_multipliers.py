"""Multipliers of the requirement: what the terms ask for, and which side's multiplier counts."""

import pytest
from tests.ground import blank_state
from tests.plain import plain

from solvent.codes import Level, Mode
from solvent.state import multipliers
from solvent.units import PPM


@pytest.mark.parametrize(
    ("asked", "before", "charged"),
    [
        ({}, 0, PPM),
        ({"volatility_ppm": 1_500_000, "concentration_ppm": 1_200_000}, 0, 1_700_000),  # added, not averaged
        ({"volatility_ppm": 1_500_000, "depth_ppm": 900_000}, 0, 1_500_000),  # nothing makes it cheaper
        ({"volatility_ppm": 1_400_000, "stressed_ppm": 2_000_000, "stressed_weight_ppm": 250_000}, 0, 1_550_000),
        ({"floor_ppm": 1_100_000}, 0, 1_100_000),
        ({"volatility_ppm": 1_200_000, "buffer_ppm": 250_000}, 0, 1_500_000),
        ({"volatility_ppm": 1_400_000, "buffer_ppm": 250_000}, 1_500_000, 1_500_000),  # the buffer is eaten
        ({"volatility_ppm": 1_600_000, "buffer_ppm": 250_000}, 1_500_000, 1_600_000),  # and exhausted
        ({"volatility_ppm": 1_100_000, "buffer_ppm": 250_000}, 1_500_000, 1_375_000),  # and full again
        ({"volatility_ppm": 20_000_000, "depth_ppm": 20_000_000}, 0, 20_000_000),
    ],
)
def test_what_the_terms_ask_for(asked: dict[str, int], before: int, charged: int) -> None:
    state = blank_state()
    for name, value in asked.items():
        state.dynamics[1][name] = value
    assert plain(multipliers.target_ppm)(state, 0, 1, before) == charged
    assert plain(multipliers.target_ppm)(state, 0, 0, 0) == PPM


def test_each_side_pays_its_own_and_open_orders_the_dearer() -> None:
    state = blank_state()
    market = state.instruments[0]
    market.maintenance_long_ppm, market.maintenance_short_ppm = 1_200_000, 1_500_000
    market.initial_long_ppm = 1_300_000
    scaled = plain(multipliers.scaled_up)
    assert scaled(state, Level.MAINTENANCE, 0, 5, False, 101) == 122
    assert scaled(state, Level.MAINTENANCE, 0, -5, False, 101) == 152
    assert scaled(state, Level.MAINTENANCE, 0, 5, True, 101) == 152
    assert scaled(state, Level.MAINTENANCE, 0, 0, False, 101) == 152
    assert scaled(state, Level.INITIAL, 0, 5, False, 100) == 130
    assert scaled(state, Level.INITIAL, 0, -5, False, 100) == 100
    assert scaled(state, Level.INITIAL, 0, -5, True, 0) == 0
    state.policy[0].caution_initial_ppm = 2_000_000
    assert scaled(state, Level.INITIAL, 0, 5, False, 100) == 130
    market.mode = Mode.CAUTION
    assert scaled(state, Level.INITIAL, 0, 5, False, 100) == 260
    assert scaled(state, Level.MAINTENANCE, 0, 5, False, 100) == 120
