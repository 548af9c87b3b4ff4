"""Worked numbers: each line is crossed at its price and not a tick before, and equity is what arithmetic says."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvent.compiled import plain
from solvent.lab.worked import DECIMALS, Position, contract_for, example_of, work
from solvent.risk.threshold_price import threshold_ticks_down, threshold_ticks_up
from solvent.rulebook.document import read_rulebook

BOOKS = {name: read_rulebook(name) for name in ("solvent", "hyperliquid", "binance_usdm")}


@settings(max_examples=40)
@given(
    book=st.sampled_from(sorted(BOOKS)),
    price=st.integers(1, 10**6),
    size=st.integers(-50, 50).filter(bool),
    share=st.integers(20, 90),
)
def test_bankruptcy_is_where_the_deposit_is_gone(book, price, size, share) -> None:
    deposit = Decimal(price * abs(size) * share // 100 + 1)
    position = Position("BTC", Decimal(price), Decimal(size), deposit=deposit)
    worked = work(BOOKS[book], position)
    assert worked.equity_quanta == int(deposit.scaleb(DECIMALS))
    assert worked.notional_quanta == price * abs(size) * 10**DECIMALS
    tick = contract_for(position, "USD").tick_size
    exact = Decimal(price) - deposit / size
    lines = {line.what: line.price for line in worked.lines}
    bankrupt = lines["bankruptcy"]
    if exact < tick or bankrupt is None:
        assert exact < tick or exact > position.price * 20 - tick
        return
    # strictly beyond the exact price, by at most one tick
    beyond = (exact - bankrupt) if size > 0 else (bankrupt - exact)
    assert 0 < beyond <= tick
    # whoever acts does so before the account is bankrupt, or at once
    for what, line in lines.items():
        assert line is not None
        assert (line >= bankrupt) if size > 0 else (line <= bankrupt), what


@pytest.mark.parametrize("name", sorted(BOOKS))
def test_the_example_opens_with_room_to_spare(name) -> None:
    worked = work(BOOKS[name], example_of(BOOKS[name]))
    assert worked.requirements_quanta["maintenance"] <= worked.requirements_quanta["initial"]
    assert worked.free_quanta > 0
    assert all(line.price != worked.position.price for line in worked.lines)


def test_a_distressed_position_is_told_at_its_own_price() -> None:
    worked = work(BOOKS["solvent"], Position("BTC", Decimal(60_000), Decimal(1), deposit=Decimal(100)))
    assert worked.lines[0].price == Decimal(60_000)
    assert worked.free_quanta == 0


@settings(max_examples=60)
@given(price=st.integers(10, 10**5), size=st.integers(-40, 40).filter(bool), share=st.integers(30, 90))
def test_the_closed_form_and_the_machines_search_meet_at_the_same_tick(price, size, share) -> None:
    position = Position("BTC", Decimal(price), Decimal(size), deposit=Decimal(price * abs(size) * share // 100 + 1))
    rule = BOOKS["solvent"]
    searched = {line.what: line.price for line in work(rule, position).lines}["stage reduce"]
    tick = contract_for(position, "USD").tick_size
    # one lot of one quantum a tick; BTC's first bracket: 1 % of the notional, good up to 20 million
    if price * abs(size) > 5 * 10**6 or searched is None:
        return
    scale = Decimal(10**DECIMALS)
    per = int(tick * scale * abs(size))
    cash = int(position.deposit * scale) - int(price * size * scale)
    side = 1 if size > 0 else -1
    if side > 0:
        last_sound = plain(threshold_ticks_up)(side, per, cash, 1, 100, 0)
        assert searched == (last_sound - 1) * tick
    else:
        last_sound = plain(threshold_ticks_down)(side, per, cash, 1, 100, 0)
        assert searched == (last_sound + 1) * tick


@pytest.mark.parametrize("size", [Decimal(100_000), Decimal(-100_000), Decimal("-0.5")])
def test_an_inverse_rulebook_is_worked_in_its_coin(size: Decimal) -> None:
    rules = read_rulebook("bitmex")
    worked = work(rules, Position("XBT", Decimal(50_000), size))
    coins = abs(size) / 50_000 * 10**8
    assert worked.inverse
    assert worked.notional_quanta == coins
    assert 0 <= worked.requirements_quanta["maintenance"] - coins * 55 / 10_000 < 2
    lines = {line.what: line.price for line in worked.lines}
    # the deposit is lost where the coins owed, or owed back, have moved by as much
    side = 1 if size > 0 else -1
    exact = abs(size) * 10**8 / (coins + side * worked.deposit_quanta)
    bankrupt = lines["bankruptcy"]
    assert bankrupt is not None
    assert abs(bankrupt - exact) <= Decimal("0.1") + exact * 2 / coins
