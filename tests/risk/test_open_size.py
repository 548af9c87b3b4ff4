"""Open size: the worst of both sides, and below initial margin only what reduces the position stays."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ground import column
from tests.plain import plain

from solvent.risk import open_size

lots = st.integers(-100, 100)
orders = st.lists(st.tuples(st.integers(-20, 20).filter(bool), st.integers(1, 50)), max_size=8)


@settings(max_examples=200)
@given(position=lots, bids=st.integers(0, 100), asks=st.integers(0, 100))
def test_open_sizes_are_where_all_of_one_side_leads(position, bids, asks) -> None:
    buy = plain(open_size.buy_open_lots)(position, bids)
    sell = plain(open_size.sell_open_lots)(position, asks)
    assert buy == max(position + bids, 0)
    assert sell == max(asks - position, 0)
    checked = plain(open_size.checked_lots)(position, bids, asks)
    assert checked >= max(buy, sell, abs(position))
    assert checked == plain(open_size.checked_lots)(-position, asks, bids)


@settings(max_examples=200)
@given(position=lots, limit=st.integers(0, 100), waiting=st.integers(0, 50), is_buy=st.booleans())
def test_the_largest_order_ends_at_the_limit(position, limit, waiting, is_buy) -> None:
    got = plain(open_size.lots_to_limit)(position, limit, waiting, is_buy)
    towards = position if is_buy else -position
    assert got >= 0
    assert got == 0 or towards + waiting + got == limit


@settings(max_examples=400)
@given(position=lots, waiting=orders)
def test_what_stays_reduces_the_position_and_is_no_larger(position, waiting) -> None:
    size, price = column([s for s, _p in waiting]), column([p for _s, p in waiting])
    cancelled = column([0] * len(waiting))
    number = plain(open_size.cancelled_orders)(position, size, price, len(waiting), cancelled)
    assert number == int(cancelled.sum())
    kept = [(int(s), int(p)) for s, p, gone in zip(size, price, cancelled, strict=True) if not gone]
    assert all(s * position < 0 for s, _p in kept)
    assert sum(abs(s) for s, _p in kept) <= abs(position)
    gone = [(int(s), int(p)) for s, p, out in zip(size, price, cancelled, strict=True) if out and int(s) * position < 0]
    # nothing that went was more aggressive than what stayed, and without need none of them went
    towards = 1 if position > 0 else -1
    assert all(towards * p >= towards * q for _s, p in gone for _t, q in kept)
    if gone:
        least = max(gone, key=lambda order: -towards * order[1])
        same = [s for s, p in gone if p == least[1]]
        assert sum(abs(s) for s, _p in kept) + max(map(abs, same)) > abs(position) or len(same) > 1
