"""Oracle: which reports are believed, and the mark they make, against a median found by brute force."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ground import blank_state, column, give_collateral, open_account, set_asset
from tests.plain import plain

from solvent.codes import Answer, Breach, Condition, Estimator, MarkCombiner, Refusal, SourceKind
from solvent.risk import oracle
from solvent.state.windows import record_mark

SECOND = 10**9
NOW = 10**18


def feeds(state, *rows):
    """(kind, weight, price, age in s) of the sources of market 0."""
    for source, (kind, weight, price, age) in enumerate(rows):
        state.feeds[source] = (weight, kind, 10 * SECOND, 0, *[0] * 6)
        state.reports[source].price_ticks = price
        state.reports[source].source_time_ns = NOW - int(age * SECOND)
    return state


def medians(prices, weights) -> set[int]:
    """Every price with at most half of the weight on either side."""
    total = sum(weights)
    found = set()
    for price in prices:
        below = sum(weight for other, weight in zip(prices, weights, strict=True) if other < price)
        above = sum(weight for other, weight in zip(prices, weights, strict=True) if other > price)
        if 2 * below <= total and 2 * above <= total:
            found.add(price)
    return found


@settings(max_examples=400)
@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(1, 5)), min_size=1, max_size=8),
    st.integers(0, 13),
)
def test_theweighted_median_is_a_median_and_at_a_tie_the_one_nearer_to_the_mark(rows, near) -> None:
    prices, weights = [price for price, _weight in rows], [weight for _price, weight in rows]
    found = int(plain(oracle.weighted_median)(column(prices), column(weights), len(rows), near))
    allowed = medians(prices, weights)
    assert found in allowed
    if len(allowed) == 2:
        assert found == min(allowed, key=lambda price: (abs(price - near), price))


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({}, Refusal.NONE),
        ({"source": 1}, Refusal.SOURCE_UNKNOWN),
        ({"price": 0}, Refusal.PRICE_OUT_OF_RANGE),
        ({"price": -1}, Refusal.PRICE_OUT_OF_RANGE),
        ({"price": 2**31}, Refusal.REPORT_STEP),
        ({"price": 2**31 + 1}, Refusal.PRICE_OUT_OF_RANGE),
        ({"ahead": 2.0}, Refusal.NONE),
        ({"ahead": 2.000000001}, Refusal.REPORT_FROM_FUTURE),
        ({"ahead": -10.0, "last": 11}, Refusal.NONE),
        ({"ahead": -10.000000001, "last": 11}, Refusal.REPORT_STALE),
        ({"ahead": -5.0}, Refusal.REPORT_STALE),
        ({"ahead": -4.999999999}, Refusal.NONE),
        ({"price": 1_100}, Refusal.NONE),
        ({"price": 1_101}, Refusal.REPORT_STEP),
        ({"price": 900}, Refusal.NONE),
        ({"price": 899}, Refusal.REPORT_STEP),
        ({"price": 5, "last": 10}, Refusal.REPORT_STEP),
        ({"price": 5, "last": 10.000000001}, Refusal.NONE),
    ],
)
def test_a_report_is_believed_or_refused(told, reason) -> None:
    state = blank_state()
    state.policy[0].future_max_ns = 2 * SECOND
    state.feeds[0] = (1, SourceKind.SPOT, 10 * SECOND, 100_000, *[0] * 6)
    state.reports[0].price_ticks = 1_000
    state.reports[0].source_time_ns = NOW - int(Fraction(str(told.get("last", 5))) * SECOND)
    at = NOW + int(Fraction(str(told.get("ahead", 0))) * SECOND)
    assert (
        plain(oracle.refusal_of_report)(state, 0, told.get("source", 0), told.get("price", 1_000), at, 0, 0) == reason
    )


def test_without_guards_any_newer_report_is_believed() -> None:
    state = blank_state()
    state.feeds[0].weight = 1
    state.reports[0].price_ticks, state.reports[0].source_time_ns = 1_000, 5
    assert plain(oracle.refusal_of_report)(state, 0, 0, 2**31, 6, 0, 0) == Refusal.NONE
    assert plain(oracle.refusal_of_report)(state, 0, 0, 1, 5, 0, 0) == Refusal.REPORT_STALE


SPOT, PERP, MARK = SourceKind.SPOT, SourceKind.PERP, SourceKind.MARK


@pytest.mark.parametrize(
    ("combiner", "heard", "least", "rows", "mark"),
    [
        (MarkCombiner.MEDIAN, (SPOT,), 1, [], 0),
        (MarkCombiner.MEDIAN, (SPOT,), 1, [(SPOT, 1, 90, 0), (SPOT, 1, 100, 0), (SPOT, 1, 500, 0)], 100),
        (MarkCombiner.MEDIAN, (SPOT,), 1, [(SPOT, 1, 90, 0), (SPOT, 1, 100, 0), (SPOT, 3, 500, 0)], 500),
        # too old counts as absent, at the limit it does not
        (MarkCombiner.MEDIAN, (SPOT,), 1, [(SPOT, 1, 90, 10), (SPOT, 1, 100, 10.5)], 90),
        (MarkCombiner.MEDIAN, (SPOT,), 2, [(SPOT, 1, 90, 10), (SPOT, 1, 100, 10.5)], 0),
        # the minimum counts reports of all kinds together
        (MarkCombiner.MEDIAN, (SPOT, PERP), 2, [(SPOT, 1, 900, 0), (PERP, 1, 1_300, 0)], 900),
        (MarkCombiner.MEDIAN, (SPOT, PERP), 3, [(SPOT, 1, 900, 0), (PERP, 1, 1_300, 0)], 0),
        # a kind nobody listens to is not heard
        (MarkCombiner.MEDIAN, (SPOT,), 1, [(SPOT, 1, 90, 0), (PERP, 1, 100, 0)], 90),
        (MarkCombiner.MEDIAN, (SPOT, PERP, MARK), 1, [(SPOT, 1, 90, 0), (PERP, 1, 95, 0), (MARK, 1, 500, 0)], 95),
        # never the mean of two: the one nearer to the mark of 1,000
        (MarkCombiner.MEDIAN, (SPOT, MARK), 1, [(SPOT, 1, 1_200, 0), (MARK, 1, 900, 0)], 900),
        (MarkCombiner.FIRST, (SPOT, PERP, MARK), 1, [(SPOT, 1, 90, 0), (PERP, 1, 95, 0), (MARK, 1, 500, 0)], 500),
        (MarkCombiner.FIRST, (SPOT, PERP, MARK), 1, [(SPOT, 1, 90, 0), (PERP, 1, 95, 0), (MARK, 1, 500, 11)], 90),
        (MarkCombiner.FIRST, (SPOT, PERP, MARK), 1, [(SPOT, 1, 90, 11), (PERP, 1, 95, 0)], 95),
    ],
)
def test_the_mark_of_what_is_fresh(combiner, heard, least, rows, mark) -> None:
    state = feeds(blank_state(), *rows)
    policy = state.policy[0]
    policy.mark_combiner, policy.sources_min = combiner, least
    policy.mark_components = sum(1 << kind for kind in heard)
    assert plain(oracle.mark_of)(state, 0)[0] == mark


@settings(max_examples=150)
@given(prices=st.lists(st.integers(900, 1_100), min_size=3, max_size=9), lie=st.integers(1, 2**31))
def test_one_liar_of_three_or_more_moves_the_mark_no_further_than_the_honest_reach(prices, lie) -> None:
    state = feeds(blank_state(), *((SPOT, 1, price, 0) for price in [lie, *prices[1:]]))
    state.policy[0].mark_combiner, state.policy[0].mark_components = MarkCombiner.MEDIAN, 1
    assert min(prices[1:]) <= plain(oracle.mark_of)(state, 0)[0] <= max(prices[1:])


def test_of_no_prices_there_is_no_location() -> None:
    none = column([0])
    assert plain(oracle.location)(0, 0, none, none, none, 0, 5) == 0


def test_of_two_prices_one_is_taken_and_never_their_mean() -> None:
    for estimator in Estimator:
        prices, weights, members = column([90, 110]), column([1, 1]), column([0, 0])
        assert plain(oracle.location)(estimator, 0, prices, weights, members, 2, 93) == 90
        prices, weights = column([90, 110]), column([1, 1])
        assert plain(oracle.location)(estimator, 0, prices, weights, members, 2, 107) == 110
    mean = plain(oracle.location)(Estimator.WEIGHTED_MEAN, 0, column([90, 100, 110]), column([1, 1, 3]), members, 3, 5)
    assert mean == 104


def guarded(**pricing):
    """A market at 1,000 with one spot and one own source; the guards given."""
    state = blank_state()
    state.policy[0].mark_components, state.policy[0].mark_combiner = 7, MarkCombiner.FIRST
    for source, kind in enumerate((SourceKind.SPOT, SourceKind.MARK)):
        state.feeds[source].weight, state.feeds[source].kind = 1, kind
    for name, value in pricing.items():
        state.pricing[0][name] = value
    return state


def says(state, source, ticks):
    """(mark, which guard clamped it) when a source says so; the mark is then in force."""
    state.reports[source].price_ticks = ticks
    state.reports[source].source_time_ns = int(state.venue[0].time_ns)
    found = plain(oracle.mark_of)(state, 0)
    if found[0]:
        before = int(state.instruments[0].mark_ticks)
        plain(record_mark)(state, 0, before, int(found[0]))
        state.instruments[0].mark_ticks = found[0]
    return int(found[0]), int(found[6])


@pytest.mark.parametrize("breach", list(Breach))
def test_small_steps_walk_no_further_in_an_hour_than_the_band_of_the_hour(breach) -> None:
    state = guarded(hour_ppm=50_000, anchor_breach=breach)
    marks = []
    for step in range(1, 20):
        state.venue[0].time_ns += 60 * SECOND
        marks.append(says(state, 0, 1_000 + 7 * step)[0])
    assert max(marks) == (1_050 if breach == Breach.CLAMP else 1_049)
    state.venue[0].time_ns += 2 * 3_600 * SECOND
    assert says(state, 0, 1_070)[0] == 1_070


def test_the_own_book_moves_the_mark_within_its_band_around_what_others_say() -> None:
    state = guarded(own_band_ppm=10_000)
    assert says(state, 0, 1_000) == (1_000, 0)
    assert says(state, 1, 1_009) == (1_009, 0)
    assert says(state, 1, 1_200) == (1_010, oracle.BY_OWN_BAND)
    assert says(state, 1, 500) == (990, oracle.BY_OWN_BAND)


@pytest.mark.parametrize(("inner", "mark"), [(Estimator.MEDIAN, 100), (Estimator.WEIGHTED_MEDIAN, 104)])
def test_a_committee_has_one_voice_for_each_member_and_its_weight(inner, mark) -> None:
    """Member 1 says 100, 100 and 104 (weights 1, 1, 3), member 2 says 130: two voices, and the first weighs more."""
    told = ([100, 130, 100, 104], [1, 2, 1, 3], [1, 2, 1, 1])
    prices, weights, members = (column(row + [0] * 12) for row in told)
    assert plain(oracle.location)(Estimator.COMMITTEE, inner, prices, weights, members, 4, 0) == mark


def test_a_doubtful_price_of_collateral_counts_at_the_best_of_the_hour() -> None:
    state = blank_state(instruments=2)
    account = open_account(state)
    set_asset(state, 1, 1, 1, 1, 800_000, 900_000)
    give_collateral(state, account, 1, 10)
    state.venue[0].time_ns = NOW
    for ticks in (1_000, 1_100, 1_000):
        plain(record_mark)(state, 1, ticks, ticks)
    state.instruments[1].mark_ticks = 1_000
    assert plain(oracle.doubt_of)(state, account) == 0
    state.pricing[1].stale_ns = 1
    state.instruments[1].mark_time_ns = NOW - SECOND
    state.remedies[Condition.STALE].liquidate = Answer.REFUSE
    state.instruments[1].conditions = 1 << Condition.STALE
    assert plain(oracle.doubt_of)(state, account) == 900  # a hundred ticks more on ten, at nine tenths


def test_one_step_of_the_mark_is_made_in_steps_or_waits_until_the_mark_in_force_is_old() -> None:
    state = guarded(step_ppm=20_000, step_breach=Breach.CLAMP)
    assert [says(state, 0, 1_100) for _turn in range(2)] == [(1_020, oracle.BY_STEP), (1_040, oracle.BY_STEP)]
    assert says(state, 0, 900) == (1_020, oracle.BY_STEP)
    assert says(state, 0, 1_030) == (1_030, 0)
    state = guarded(step_ppm=20_000, stale_ns=60 * SECOND)
    state.instruments[0].mark_time_ns = state.venue[0].time_ns
    assert says(state, 0, 1_100) == (0, 0)
    state.venue[0].time_ns += 61 * SECOND
    assert says(state, 0, 1_100) == (1_100, 0)
    small = guarded(step_ppm=1, step_breach=Breach.CLAMP)
    assert says(small, 0, 1_100) == (1_001, oracle.BY_STEP)  # never a step of nothing: it would stand for ever


@pytest.mark.parametrize(("breaches", "mark", "dropped"), [(0, 1_000, 0b10100), (3, 1_000, 0b10100), (2, 1_010, 0)])
def test_where_too_many_stand_apart_nobody_knows_who_lies(breaches, mark, dropped) -> None:
    state = guarded(deviation_ppm=50_000, breaches_min=breaches)
    for source, (ticks, weight) in enumerate(((1_000, 9), (1_010, 1), (2_000, 1), (1_010, 1), (3_000, 1))):
        state.feeds[source].weight, state.feeds[source].kind = weight, SourceKind.SPOT
        state.reports[source].price_ticks, state.reports[source].source_time_ns = ticks, state.venue[0].time_ns
    found = plain(oracle.mark_of)(state, 0)
    # the heavy source decides a weighted median; the median of all counts each once
    assert (int(found[0]), int(found[3])) == (mark, dropped)
