"""Rows of positions, orders and holdings against a dict of lists: found, taken, given back, never mixed up."""

import random
from typing import Any

import pytest
from tests.ground import blank_state, open_account
from tests.plain import plain

from solvent.state import positions as rows
from solvent.state.tables import NONE

MARKETS = 5


def chain(table: Any, first: int, link: str = "next") -> list[int]:
    found, row = [], int(first)
    while row != NONE:
        assert row not in found, "the list goes in circles"
        found.append(row)
        row = int(table[row][link])
    return found


def check(
    state: Any, table: Any, count: int, free: int, first: str, held: str, key: str, model: dict[int, list[int]]
) -> None:
    """The lists are those of the model, newest first; every other row is free; nobody shares a row."""
    taken: set[int] = set()
    for account, keys in model.items():
        listed = chain(table, state.accounts[account][first])
        assert [int(table[row][key]) for row in listed] == keys
        assert {int(table[row].account) for row in listed} <= {account}
        assert state.accounts[account][held] == len(keys)
        assert not taken & set(listed)
        taken |= set(listed)
    idle = chain(table, free)
    assert set(idle) | taken == set(range(count))
    assert not set(idle) & taken
    assert {int(table[row].account) for row in idle} <= {NONE}


@pytest.mark.parametrize("seed", range(6))
def test_positions_follow_a_dict_of_lists(seed) -> None:
    chance = random.Random(seed)
    state = blank_state(instruments=MARKETS, positions=40)
    model: dict[int, list[int]] = {open_account(state): [] for _ in range(6)}
    most = 0
    for step in range(250):
        account, market = chance.choice(list(model)), chance.randrange(MARKETS)
        row = plain(rows.find_position)(state, account, market)
        assert (row == NONE) == (market not in model[account])
        if chance.random() < 0.55:
            state.instruments[market].funding_index = step
            taken = plain(rows.take_position)(state, account, market)
            if row == NONE:
                model[account].insert(0, market)
                position = state.positions[taken]
                assert (position.lots, position.cost_quanta, position.leverage, position.orders) == (0, 0, 0, NONE)
                assert position.funding_index == step, "a new position owes nothing of the past"
                assert plain(rows.is_empty)(position)
            else:
                assert taken == row
        elif row != NONE:
            plain(rows.free_position)(state, account, row)
            model[account].remove(market)
        venue = state.venue[0]
        most = max(most, sum(map(len, model.values())))
        assert venue.position_count == most, "free rows are used again before new ones"
        check(
            state, state.positions, most, venue.position_free, "first_position", "position_count", "instrument", model
        )


@pytest.mark.parametrize("seed", range(6))
def test_holdings_follow_a_dict_of_lists(seed) -> None:
    chance = random.Random(seed)
    state = blank_state(holdings=40)
    model: dict[int, list[int]] = {open_account(state): [] for _ in range(6)}
    most = 0
    for _step in range(250):
        account, asset = chance.choice(list(model)), chance.randrange(1, 6)
        row = plain(rows.find_holding)(state, account, asset)
        assert (row == NONE) == (asset not in model[account])
        if chance.random() < 0.55:
            taken = plain(rows.take_holding)(state, account, asset)
            if row == NONE:
                model[account].insert(0, asset)
                assert state.holdings[taken].amount_quanta == 0
            else:
                assert taken == row
        elif row != NONE:
            plain(rows.free_holding)(state, account, row)
            model[account].remove(asset)
        venue = state.venue[0]
        most = max(most, sum(map(len, model.values())))
        assert venue.holding_count == most
        check(state, state.holdings, most, venue.holding_free, "first_holding", "holding_count", "asset", model)


@pytest.mark.parametrize("field", ["bid_lots", "ask_lots", "ordered_lots"])
def test_a_row_of_orders_is_kept_while_anything_is_in_it_and_given_back_after(field) -> None:
    state = blank_state(instruments=2)
    account = open_account(state)
    first, second = (plain(rows.take_position)(state, account, market) for market in range(2))
    row = plain(rows.take_orders)(state, first)
    assert plain(rows.take_orders)(state, first) == row
    assert plain(rows.take_orders)(state, second) != row
    state.orders[row][field] = 3
    plain(rows.free_orders_if_empty)(state, first)
    assert state.positions[first].orders == row
    assert not plain(rows.is_empty)(state.positions[first])
    assert plain(rows.ordered_lots)(state, first) == (3 if field == "ordered_lots" else 0)
    state.orders[row][field] = 0
    plain(rows.free_orders_if_empty)(state, first)
    plain(rows.free_orders_if_empty)(state, first)
    assert state.positions[first].orders == NONE
    assert plain(rows.is_empty)(state.positions[first])
    third = plain(rows.take_position)(state, open_account(state), 0)
    assert plain(rows.take_orders)(state, third) == row
    assert state.orders[row].position == third


def test_a_position_with_a_leverage_is_remembered() -> None:
    state = blank_state()
    row = plain(rows.take_position)(state, open_account(state), 0)
    state.positions[row].leverage = 3
    assert not plain(rows.is_empty)(state.positions[row])


def test_a_position_without_orders_has_none_with_the_engine() -> None:
    state = blank_state()
    row = plain(rows.take_position)(state, open_account(state), 0)
    assert plain(rows.ordered_lots)(state, row) == 0
