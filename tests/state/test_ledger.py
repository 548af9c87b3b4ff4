"""The ledger: whatever passes from hand to hand, money and lots sum to what they were."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ground import blank_state, give, give_collateral, open_account
from tests.plain import plain

from solvent.state import ledger
from solvent.state.positions import take_position

PEOPLE = 4
trades = st.lists(
    st.tuples(
        st.integers(0, PEOPLE - 1),
        st.integers(0, PEOPLE - 1),
        st.integers(0, 1),
        st.integers(1, 50),
        st.integers(1, 5_000),
    ),
    max_size=25,
)


def swap(state, buyer, seller, market, lots, price):
    sides = [plain(take_position)(state, account, market) for account in (buyer, seller)]
    plain(ledger.exchange)(state, *sides, lots, price)
    return sides


def used(state):
    return state.positions[: int(state.venue[0].position_count)]


def venue():
    state = blank_state(instruments=2)
    state.contracts.quanta_per_lot_tick[:] = (3, 10)
    return state, [open_account(state) for _ in range(PEOPLE)]


@settings(max_examples=120)
@given(trades)
def test_any_trades_leave_both_laws_as_they_were(dealt) -> None:
    state, people = venue()
    paid = dict.fromkeys(people, 0)
    held = {(account, market): 0 for account in people for market in range(2)}
    for buyer, seller, market, lots, price in dealt:
        if buyer == seller:
            continue
        a, b = people[buyer], people[seller]
        swap(state, a, b, market, lots, price)
        value = lots * price * int(state.contracts[market].quanta_per_lot_tick)
        paid[a] += value
        paid[b] -= value
        held[a, market] += lots
        held[b, market] -= lots
    assert plain(ledger.money_imbalance)(state) == 0
    for market in range(2):
        assert plain(ledger.lots_imbalance)(state, market) == (0, 0)
        longs = sum(max(lots, 0) for (_account, where), lots in held.items() if where == market)
        assert state.instruments[market].open_interest_lots == longs
    for account in people:
        # what was realised and what is still open is what was paid, to the quantum
        cost = sum(int(row.cost_quanta) for row in used(state) if row.account == account)
        assert cost - int(state.accounts[account].wallet_quanta) == paid[account]
    for row in used(state):
        if row.account >= 0:
            assert row.lots == held[int(row.account), int(row.instrument)]
            assert row.lots != 0 or row.cost_quanta == 0


@settings(max_examples=200)
@given(
    held=st.integers(-100, 100).filter(bool),
    cost=st.integers(-(10**7), 10**7),
    part=st.fractions("1/100", 1),
    price=st.integers(1, 5_000),
)
def test_closing_realises_the_share_of_the_cost_that_is_closed(held, cost, part, price) -> None:
    state, (anna, ben, *_others) = venue()
    row = give(state, anna, 0, held, cost)
    closed = max(floor(abs(held) * part), 1)
    sides = (anna, ben) if held < 0 else (ben, anna)
    swap(state, *sides, 0, closed, price)
    released = floor(Fraction(cost * closed, abs(held)))
    value = (closed if held > 0 else -closed) * price * 3
    assert state.accounts[anna].wallet_quanta == value - released
    assert state.positions[row].cost_quanta == cost - released
    assert abs(state.positions[row].lots) == abs(held) - closed


@pytest.mark.parametrize("sign", [1, -1])
def test_a_trade_through_zero_closes_the_old_and_opens_the_new(sign) -> None:
    state, (anna, ben, *_others) = venue()
    row = give(state, anna, 0, 10 * sign, 10 * sign * 100 * 3)
    sides = (ben, anna) if sign > 0 else (anna, ben)
    swap(state, *sides, 0, 15, 120)
    assert state.accounts[anna].wallet_quanta == sign * 10 * 20 * 3
    assert (state.positions[row].lots, state.positions[row].cost_quanta) == (-5 * sign, -5 * sign * 120 * 3)


@given(st.lists(st.tuples(st.integers(0, PEOPLE - 1), st.integers(0, PEOPLE - 1), st.integers(0, 2**60)), max_size=8))
@settings(max_examples=50)
def test_a_posting_takes_from_one_what_it_gives_to_the_other(postings) -> None:
    state, people = venue()
    wallets = dict.fromkeys(people, 0)
    for debit, credit, amount in postings:
        amount //= 8
        plain(ledger.post)(state, people[debit], people[credit], amount)
        wallets[people[debit]] -= amount
        wallets[people[credit]] += amount
    assert {account: int(state.accounts[account].wallet_quanta) for account in people} == wallets
    assert plain(ledger.money_imbalance)(state) == 0


def test_a_holding_changes_by_what_is_brought_or_taken() -> None:
    state, (anna, *_others) = venue()
    row = give_collateral(state, anna, 1, 5)
    plain(ledger.hold)(state, anna, row, 7)
    plain(ledger.hold)(state, anna, row, -4)
    assert state.holdings[row].amount_quanta == 8


@pytest.mark.parametrize(("wallet", "cost", "imbalance"), [(5, 0, 5), (0, 5, -5), (5, 5, 0)])
def test_an_imbalance_shows(wallet, cost, imbalance) -> None:
    state, (anna, *_others) = venue()
    state.accounts[anna].wallet_quanta = wallet
    give(state, anna, 0, 1, cost)
    assert plain(ledger.money_imbalance)(state) == imbalance
    assert plain(ledger.lots_imbalance)(state, 0) == (1, 1)
    assert plain(ledger.lots_imbalance)(state, 1) == (0, 0)
