"""How much a pool may take over: per market, per hour, and by concentration; and how it works its inventory down."""

import pytest
from tests.ground import blank_state, give, open_account
from tests.plain import plain

from solvent.codes import SystemAccount
from solvent.risk import pool
from solvent.state.windows import record_taken
from solvent.units import PPM

VAULT = SystemAccount.VAULT


def venue(**fields: int):
    """Two markets at 1,000, backed by the first pool, which holds the venue's vault; `backing_` fields of market 0."""
    state = blank_state(instruments=2, positions=16)
    state.pools[0].used = 1
    state.vaults[0].account = VAULT
    for name, value in fields.items():
        table = state.backings[0] if name.startswith("backing_") else state.pools[0]
        table[name.removeprefix("backing_")] = value
    return state


def room(state, lots: int, equity: int = 10**6, already: int = 0) -> int:
    return int(plain(pool.room_lots)(state, 0, lots, equity, already))


def test_without_bounds_everything_is_taken() -> None:
    assert room(venue(), 500) == 500
    assert room(venue(), -500) == 500


@pytest.mark.parametrize(
    ("held", "lots", "most"), [(0, 90, 50), (20, 90, 30), (-20, 90, 70), (60, 90, 0), (20, -90, 70)]
)
def test_the_cap_of_a_market_counts_what_is_held_on_that_side(held: int, lots: int, most: int) -> None:
    state = venue(backing_cap_quanta=50_000)
    give(state, VAULT, 0, held, 0)
    assert room(state, lots) == most


def test_the_caps_of_an_hour_count_what_was_taken_in_it_and_in_this_step() -> None:
    state = venue(backing_hour_cap_quanta=40_000)
    plain(record_taken)(state, 0, 15_500)
    assert room(state, 90) == 24
    state = venue(hour_cap_quanta=40_000)
    plain(record_taken)(state, 1, 15_500)
    assert room(state, 90) == 24
    assert room(state, 90, already=4_500) == 20
    assert room(state, 90, already=50_000) == 0
    state.venue[0].time_ns += 2 * 3_600 * 10**9
    assert room(state, 90) == 40


@pytest.mark.parametrize(
    ("correlation", "held", "other", "lots", "most"),
    [
        (0, 0, 0, 90, 50),  # 5 % of a million is 50 lots at 1,000
        (0, 0, 30, 90, 20),  # every position counts
        (0, 0, -30, 90, 20),
        (PPM, 0, 30, 90, 20),  # only the net counts
        (PPM, 0, -30, 90, 80),
        (500_000, 0, -30, 90, 50),  # half and half: (x - 30) / 2 + (x + 30) / 2
        (0, -40, 0, 90, 90),  # forty net what is held, fifty more are room
        (0, -40, 60, 90, 40),  # beyond the bound already: netting is no concentration
        (0, 0, 0, -90, 50),
        (PPM, 0, 30, -90, 80),
    ],
)
def test_concentration_is_a_share_of_the_equity(correlation, held, other, lots, most) -> None:
    state = venue(concentration_ppm=50_000, correlation_ppm=correlation)
    give(state, VAULT, 0, held, 0)
    give(state, VAULT, 1, other, 0)
    assert room(state, lots) == most


def test_a_pool_without_equity_takes_only_what_nets() -> None:
    state = venue(concentration_ppm=50_000)
    give(state, VAULT, 0, -7, 0)
    assert room(state, 90, equity=-5) == 7


@pytest.mark.parametrize(
    ("excess", "depth", "lots"), [(80, 0, 80), (-80, 100, 25), (3, 100, 3), (80, 1, 1), (5, 100, 5)]
)
def test_the_next_order_of_a_pool_is_a_share_of_the_depth(excess: int, depth: int, lots: int) -> None:
    state = venue(unwind_depth_ppm=250_000, unwind_whole_quanta=5_000)
    assert plain(pool.unwind_lots)(state.pools[0], state.contracts[0], excess, depth, 1_000) == lots


def test_inventory_is_told_net_and_gross_of_all_markets_but_one() -> None:
    state = venue()
    account = open_account(state)
    give(state, account, 0, 5, 0)
    give(state, account, 1, -3, 0)
    assert plain(pool.inventory)(state, account, 0) == (-3_000, 3_000)
    assert plain(pool.inventory)(state, account, -1) == (2_000, 8_000)


def test_what_a_pool_took_in_its_markets_counts_and_what_others_took_does_not() -> None:
    state = blank_state(instruments=2)
    state.backings[1].pool = 1
    for instrument, taken in ((0, 500), (1, 7_000)):
        plain(record_taken)(state, instrument, taken)
    assert plain(pool.taken_by_pool)(state, 0) == 500
    assert plain(pool.taken_by_pool)(state, 1) == 7_000
