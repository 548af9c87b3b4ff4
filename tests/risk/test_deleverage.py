"""Deleveraging: scores as published, a queue that is a sort, and proportions nobody can choose a place in."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ground import column
from tests.plain import plain

from solvent.codes import AdlMetric, AdlScore
from solvent.risk import deleverage
from solvent.units import LIMIT, mix

score = plain(deleverage.score_of)
amounts = st.integers(1, 10**12)
crowds = st.lists(st.integers(1, 10**4), min_size=1, max_size=12)


def product(first: Fraction, second: Fraction) -> int:
    """Rounded down after each of the two divisions, as the ground does, and held to what a score may be."""
    return min(floor(min(floor(first * deleverage.SCORE_SCALE), LIMIT) * second), LIMIT)


@settings(max_examples=300)
@given(value=amounts, cost=amounts, equity=amounts, short=st.booleans())
def test_hyperliquids_score_is_mark_over_entry_times_notional_over_equity(value, cost, equity, short) -> None:
    sign = -1 if short else 1
    got = score(AdlScore.HYPERLIQUID, sign * value, sign * cost, 1, 1, equity, 1)
    move = Fraction(cost, value) if short else Fraction(value, cost)
    assert got == product(move, Fraction(value, equity))


@settings(max_examples=300)
@given(gain=amounts, wallet=st.integers(-(10**12), 10**12), equity=amounts, requirement=st.integers(0, 10**12))
def test_binances_score_is_gain_over_wallet_times_requirement_over_equity(gain, wallet, equity, requirement) -> None:
    got = score(AdlScore.BINANCE, 1, 1, gain, wallet, equity, requirement)
    assert got == product(Fraction(gain, max(wallet, 1)), Fraction(requirement, equity))


@settings(max_examples=300)
@given(gain=st.integers(-(10**12), 10**12), cost=amounts, value=amounts, equity=amounts, sign=st.sampled_from([-1, 1]))
def test_bitmexs_score_is_gain_over_entry_times_leverage_and_divides_a_loss_by_it(gain, cost, value, equity, sign):
    got = score(AdlScore.BITMEX, sign * value, sign * cost, gain, 1, equity, 1)
    leverage = Fraction(value, equity)
    if gain >= 0:
        assert got == product(Fraction(gain, cost), leverage)
    else:
        assert got == -product(Fraction(-gain, cost), 1 / leverage)


@settings(max_examples=200)
@given(gain=amounts, value=amounts, equity=amounts, requirement=amounts, short=st.booleans())
def test_lighters_okx_and_the_plain_score(gain, value, equity, requirement, short) -> None:
    sign = -1 if short else 1
    got = score(AdlScore.LIGHTER, sign * value, 1, gain, 1, equity, requirement)
    assert got == min(product(Fraction(value, equity), Fraction(gain, deleverage.SCORE_SCALE)), LIMIT)
    assert score(AdlScore.OKX, 1, 1, gain, 1, equity, requirement) == product(
        Fraction(gain, requirement), Fraction(requirement, equity)
    )
    assert score(AdlScore.GAIN, 1, 1, gain, 1, equity, requirement) == gain


@pytest.mark.parametrize("kind", list(AdlScore))
@pytest.mark.parametrize("equity", [0, -1, -(10**12)])
def test_an_account_without_equity_scores_nothing(kind, equity) -> None:
    assert score(kind, 100, 50, 50, 10, equity, 5) == 0


def queue(lots, available, scores, accounts):
    paired = column([-1] * len(available))
    closed = plain(deleverage.pair_queue)(
        lots, column(available), column(scores), column(accounts), len(available), paired
    )
    return int(closed), paired.tolist()


@settings(max_examples=300)
@given(
    crowd=st.lists(st.tuples(st.integers(1, 100), st.integers(0, 5)), max_size=15),
    lots=st.integers(0, 1_000),
    data=st.data(),
)
def test_the_queue_closes_as_a_sorted_list_would(crowd, lots, data) -> None:
    accounts = data.draw(st.permutations(range(100, 100 + len(crowd))))
    available, scores = [size for size, _score in crowd], [rank for _size, rank in crowd]
    closed, paired = queue(lots, available, scores, accounts)
    expected, left = [0] * len(crowd), lots
    for place in sorted(range(len(crowd)), key=lambda i: (-scores[i], accounts[i])):
        expected[place] = min(left, available[place])
        left -= expected[place]
    assert paired == expected
    assert closed == lots - left == min(lots, sum(available))


def share(lots, available, unit, key):
    paired = column([-1] * len(available))
    closed = plain(deleverage.pair_pro_rata)(lots, column(available), len(available), paired, unit, key)
    return int(closed), paired.tolist()


@settings(max_examples=300)
@given(available=crowds, lots=st.integers(0, 10**5), unit=st.integers(0, 5_000), key=st.integers(0, 2**62 - 1))
def test_pro_rata_closes_exactly_what_is_asked_and_nobody_beyond_what_he_has(available, lots, unit, key) -> None:
    closed, paired = share(lots, available, unit, key)
    assert closed == sum(paired) == min(lots, sum(available))
    assert all(0 <= part <= most for part, most in zip(paired, available, strict=True))


@settings(max_examples=200)
@given(available=crowds, part=st.fractions(0, 1), key=st.integers(0, 2**62 - 1))
def test_in_single_lots_everyone_closes_his_proportion_within_one(available, part, key) -> None:
    total = sum(available)
    lots = int(total * part)
    for closed, held in zip(share(lots, available, 1, key)[1], available, strict=True):
        assert abs(Fraction(lots * held, total) - closed) < 1


@settings(max_examples=25)
@given(
    available=st.lists(st.integers(5, 400), min_size=2, max_size=6),
    part=st.fractions("1/10", "9/10"),
    unit=st.integers(2, 40),
)
def test_over_many_keys_everyone_is_expected_to_close_his_proportion(available, part, unit) -> None:
    total = sum(available)
    lots, events = int(total * part), 400
    sums = [0] * len(available)
    for event in range(events):
        for place, closed in enumerate(share(lots, available, unit, int(plain(mix)(event, 7)))[1]):
            sums[place] += closed
    for closed, held in zip(sums, available, strict=True):
        # the last piece is cut or dealt out anew: less than one piece, beside the noise of the sample
        assert abs(closed / events - lots * held / total) <= 1 + unit


def test_over_many_events_a_small_and_a_large_winner_bear_the_same_share() -> None:
    available, lots, unit, events = [10, 90, 300, 600], 100, 50, 4_000
    sums = [0] * len(available)
    for event in range(events):
        for place, closed in enumerate(share(lots, available, unit, int(plain(mix)(event, 31)))[1]):
            sums[place] += closed
    shares = [closed / events / held for closed, held in zip(sums, available, strict=True)]
    assert all(abs(found - lots / sum(available)) < 0.01 for found in shares), shares


def test_splitting_an_account_gains_nothing_in_expectation() -> None:
    whole, split, lots, unit = [200, 100, 300], [50, 50, 50, 50, 100, 300], 120, 60
    one, many, events = 0, 0, 2_000
    for event in range(events):
        key = int(plain(mix)(event, 3))
        one += share(lots, whole, unit, key)[1][0]
        many += sum(share(lots, split, unit, key)[1][:4])
    assert abs(one / events - 40) <= 4
    assert abs(many / events - 40) <= 4


def test_a_default_of_one_piece_touches_few() -> None:
    _closed, paired = share(50, [10] * 100, 50, 12345)
    assert sum(part > 0 for part in paired) <= 6


@given(
    lots=st.sampled_from([1, -1]),
    value=amounts,
    cost=amounts,
    gain=amounts,
    wallet=amounts,
    equity=amounts,
    requirement=amounts,
)
def test_metrics_are_the_ratios_they_are_called(lots, value, cost, gain, wallet, equity, requirement) -> None:
    given_ = (lots * value, lots * cost, gain, wallet, equity, requirement)
    ratios = {
        AdlMetric.MARK_OVER_ENTRY_PRICE: Fraction(value, cost) if lots > 0 else Fraction(cost, value),
        AdlMetric.NOTIONAL_OVER_EQUITY: Fraction(value, equity),
        AdlMetric.PNL_OVER_WALLET: Fraction(gain, wallet),
        AdlMetric.MAINTENANCE_OVER_EQUITY: Fraction(requirement, equity),
        AdlMetric.PNL_OVER_ENTRY_VALUE: Fraction(gain, cost),
        AdlMetric.PNL_OVER_MARGIN: Fraction(gain, requirement),
    }
    for kind, ratio in ratios.items():
        wanted = min(floor(ratio * deleverage.SCORE_SCALE), LIMIT)
        assert plain(deleverage.metric_of)(kind, *given_) == wanted
    assert plain(deleverage.metric_of)(AdlMetric.UNREALISED_PNL, *given_) == gain


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3), st.integers(-3, 3)), min_size=1, max_size=12))
def test_ranks_of_columns_are_those_of_sorted_tuples(rows) -> None:
    columns = np.array(rows, dtype=np.int64).T.copy()
    scores = column([0] * len(rows))
    plain(deleverage.rank_columns)(columns, len(rows), 3, scores)
    places = {row: place for place, row in enumerate(sorted(set(rows)))}
    assert scores.tolist() == [places[row] for row in rows]


@given(crowds, st.integers(0, 10**5), st.integers(0, 2**62 - 1))
def test_in_turn_everyone_closes_all_until_enough_is_closed(crowd, lots, key) -> None:
    paired = column([0] * len(crowd))
    closed = plain(deleverage.pair_in_turn)(lots, column(crowd), len(crowd), paired, key)
    assert closed == sum(paired) == min(lots, sum(crowd))
    start = key % len(crowd)
    in_turn = [int(paired[(start + turn) % len(crowd)]) for turn in range(len(crowd))]
    whole = [crowd[(start + turn) % len(crowd)] for turn in range(len(crowd))]
    cut = [place for place, (part, all_) in enumerate(zip(in_turn, whole, strict=True)) if part < all_]
    assert all(part == 0 for part in in_turn[cut[0] + 1 :]) if cut else True


def test_metrics_are_read_from_the_lowest_four_bits_on() -> None:
    packed = AdlMetric.UNREALISED_PNL + 16 * AdlMetric.PNL_OVER_MARGIN
    assert [plain(deleverage.metric_at)(packed, place) for place in range(3)] == [6, 7, 0]
