"""Worked numbers: each line is crossed at its price and not a tick before, and equity is what arithmetic says."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvent.lab.worked import DECIMALS, Position, contract_for, example_of, work
from solvent.rulebook.document import read_rulebook

BOOKS = {name: read_rulebook(name) for name in ("solvent", "hyperliquid", "binance_usdm")}


@settings(max_examples=40, deadline=None)
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
