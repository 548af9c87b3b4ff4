"""The table condition x action, cell by cell; bad input of every kind; and a manipulator who pays more than it gains.

Every cell is tried through whole commands on a compiled machine: the condition is brought about by prices and time, the
action is asked for, and it goes through or not as the cell says.
"""

import itertools

import numpy as np
import pytest
from tests.laws.machine import FIRST, START, Machine, small_terms

from solvent.codes import Answer, Condition, Estimator, Refusal, SourceKind
from solvent.commands import (
    Advance,
    Deposit,
    FundingTick,
    JoinVault,
    LeaveVault,
    ListInstrument,
    OpenAccount,
    PriceReport,
    Trade,
    Withdraw,
    pack,
)
from solvent.events import EventKind
from solvent.state.terms import SOURCES_MAX

SECOND = 10**9
A, B, C, D = range(FIRST, FIRST + 4)
ACTIONS = ("open", "reduce", "liquidate", "withdraw", "mint")
SOURCES = 5


def terms_of(**pricing):
    """Two markets with three spot, one perpetual and one own source each, and a minimum of three."""
    terms = small_terms()
    for instrument in range(2):
        for source in range(SOURCES):
            feed = terms.feeds[instrument * SOURCES_MAX + source]
            feed.weight, feed.age_max_ns = 1, 30 * SECOND
            feed.kind = (SourceKind.SPOT, SourceKind.SPOT, SourceKind.SPOT, SourceKind.PERP, SourceKind.MARK)[source]
        for name, value in {"sources_min": 3, "stale_ns": 10 * SECOND, **pricing}.items():
            terms.pricing[instrument][name] = value
    terms.policy[0].mark_combiner = 1
    terms.policy[0].future_max_ns = SECOND
    return terms


class Market:
    """A machine with four traders, and a clock."""

    def __init__(self, terms) -> None:
        self.machine = Machine(terms)
        self.time = START
        for instrument in range(2):
            self.do(ListInstrument(START, instrument))
            self.price(1_000, instrument=instrument)
        for account in (A, B, C, D):
            self.do(OpenAccount(START, account, account, 1))
            self.do(Deposit(START, account, 100_000))

    @property
    def state(self):
        return self.machine.state

    def do(self, command):
        """Events of one command."""
        return self.machine.do(pack([command]))

    def answer(self, command) -> Refusal:
        """Why it was refused, or NONE."""
        events = self.do(command)
        refused = events[events["kind"] == EventKind.COMMAND_REFUSED]
        return Refusal(int(refused["refusal"][0])) if len(refused) else Refusal.NONE

    def price(self, ticks, sources=range(SOURCES), instrument=0, after=1):
        """Every source named says the same."""
        self.time += after * SECOND
        for source in sources:
            self.do(PriceReport(self.time, instrument, source, ticks, self.time))

    def mark(self, instrument=0) -> int:
        return int(self.state.instruments[instrument].mark_ticks)


def bring_about(market: Market, condition: Condition) -> None:
    """A market whose price has exactly this fault, at the same mark."""
    if condition == Condition.STALE:
        market.time += 11 * SECOND
    elif condition == Condition.UNCERTAIN:
        market.price(1_060, [2])
    elif condition == Condition.DIVERGING:
        market.price(1_040, [3])
    else:
        market.price(1_000, [0, 1], after=25)
        market.time += 6 * SECOND  # the three others are too old now, and two do not make a mark


def asked(market: Market, action: str) -> bool:
    """Whether the action goes through now."""
    now = market.time
    if action == "open":
        return market.answer(Trade(now, C, D, 0, 1, 1_000)) == Refusal.NONE
    if action == "reduce":
        return market.answer(Trade(now, B, A, 0, 1, market.mark())) == Refusal.NONE
    if action == "withdraw":
        return market.answer(Withdraw(now, A, 1)) == Refusal.NONE
    if action == "mint":
        return market.answer(JoinVault(now, A, 100)) == Refusal.NONE
    events = market.do(Advance(now, 5))
    return bool((events["kind"] == EventKind.LIQUIDATION_ORDERED).any())


@pytest.mark.parametrize(("condition", "action"), list(itertools.product(Condition, ACTIONS)))
@pytest.mark.parametrize("answer", list(Answer))
def test_every_cell_of_the_table_does_what_it_says(condition: Condition, action: str, answer: Answer) -> None:
    terms = terms_of(dispersion_ppm=50_000, divergence_ppm=30_000)
    terms.remedies[condition][action] = answer
    if action == "reduce":
        terms.remedies[condition].liquidate = answer
    market = Market(terms)
    market.do(Trade(market.time, A, B, 0, 100, 1_000))
    if action == "liquidate":
        # distressed by funding, not by a price: no mark of the last hour would save it
        market.do(Withdraw(market.time, A, 89_000))
        market.do(FundingTick(market.time, 0, 70_000_000))
        assert market.state.accounts[A].status == 1
    bring_about(market, condition)
    assert market.mark() == 1_000
    bits = int(market.state.instruments[0].conditions)
    if condition in (Condition.UNCERTAIN, Condition.DIVERGING):
        assert bits >> condition & 1
    assert asked(market, action) == (answer != Answer.REFUSE)


def with_collateral(condition: Condition) -> Market:
    """A holds collateral that market 0 prices: its mark fell from 1,000 to 900 within the hour; B a position there."""
    terms = terms_of(dispersion_ppm=50_000, divergence_ppm=30_000)
    asset = terms.assets[1]
    asset.used, asset.price_instrument, asset.value_num, asset.value_den = 1, 0, 1, 1
    asset.initial_ppm = asset.maintenance_ppm = 500_000
    terms.policy[0].withdraw_gains = 1
    terms.policy[0].caution_initial_ppm = 1_500_000
    terms.remedies[condition].open = terms.remedies[condition].withdraw = Answer.CONSERVATIVE
    market = Market(terms)
    market.do(Deposit(market.time, A, 100, 1))
    market.price(900)
    market.price(1_000, after=60)
    return market


@pytest.mark.parametrize("condition", list(Condition))
def test_conservative_collateral_counts_at_the_lowest_of_the_hour_and_opening_costs_what_caution_asks(
    condition: Condition,
) -> None:
    market = with_collateral(condition)
    now = market.time
    assert market.answer(Withdraw(now, A, 150_001)) == Refusal.WITHDRAWAL_EXCEEDS_FREE
    bring_about(market, condition)
    now = market.time
    assert market.mark() == 1_000
    # 100,000 in cash and half of 100 x 900; at the mark it would be 150,000
    assert market.answer(Withdraw(now, A, 145_001)) == Refusal.WITHDRAWAL_EXCEEDS_FREE
    # 10 % of a market of 1,000 times one and a half
    assert market.answer(Trade(now, A, D, 0, 967, 1_000)) == Refusal.BELOW_INITIAL
    assert market.answer(Trade(now, C, D, 0, 667, 1_000)) == Refusal.BELOW_INITIAL
    assert market.answer(Trade(now, C, D, 0, 666, 1_000)) == Refusal.NONE
    assert market.answer(Withdraw(now, A, 145_000)) == Refusal.NONE


def test_two_conditions_at_once_are_two_bits_and_the_strictest_answer_counts() -> None:
    """One word for the state of an oracle would hide the second fault behind the first."""
    terms = terms_of(dispersion_ppm=50_000)
    terms.remedies[Condition.UNCERTAIN].open = Answer.CONSERVATIVE
    terms.remedies[Condition.STALE].open = Answer.REFUSE
    market = Market(terms)
    bring_about(market, Condition.UNCERTAIN)
    assert market.answer(Trade(market.time, A, B, 0, 1, 1_000)) == Refusal.NONE
    market.time += 11 * SECOND
    told = market.do(Advance(market.time, 1))
    bits = int(told[told["kind"] == EventKind.PRICE_CONDITION_CHANGED]["value"][0])
    assert bits == 1 << Condition.UNCERTAIN | 1 << Condition.STALE
    assert market.answer(Trade(market.time, A, B, 0, 1, 1_000)) == Refusal.PRICE_CONDITION


def test_the_minimum_is_met_by_the_sources_that_live_and_two_are_never_averaged() -> None:
    terms = terms_of(estimator=Estimator.WEIGHTED_MEAN, deviation_ppm=100_000)
    market = Market(terms)
    market.time += 31 * SECOND
    market.price(1_000, [0])
    market.price(1_000_000 // 10, [1])  # a thousand-fold fault of one of two that live (Synthetix, June 2019)
    assert market.mark() == 1_000
    assert int(market.state.instruments[0].conditions) >> Condition.BELOW_QUORUM & 1


@pytest.mark.parametrize("price", [0, -1, -(2**40), 10**18, 2**62 - 1, 100_001])
def test_prices_no_contract_knows_are_refused_and_change_nothing(price: int) -> None:
    market = Market(terms_of())
    before = market.state.instruments.copy()
    answer = market.answer(PriceReport(market.time + SECOND, 0, 0, price, market.time + SECOND))
    assert answer in (Refusal.PRICE_OUT_OF_RANGE, Refusal.AMOUNT_OUT_OF_RANGE)
    assert np.array_equal(before, market.state.instruments)


@pytest.mark.parametrize("shift", [-3, -2, -1, 1, 2])
def test_decimals_shifted_by_one_source_move_nothing_and_by_all_are_clamped_and_told(shift: int) -> None:
    wrong = max(int(1_000 * 10.0**shift), 1)
    market = Market(terms_of(deviation_ppm=100_000, minute_ppm=200_000, anchor_breach=1))
    market.price(wrong, [0])
    assert market.mark() == 1_000
    assert market.state.instruments[0].dropped == 1
    market.price(wrong)
    assert market.mark() in (800, 1_200)
    assert int(market.state.instruments[0].conditions) >> Condition.DIVERGING & 1


def test_duplicate_reordered_future_and_numbered_stamps() -> None:
    market = Market(terms_of())
    now = market.time + SECOND
    assert market.answer(PriceReport(now, 0, 0, 1_001, now, 7)) == Refusal.NONE
    assert market.answer(PriceReport(now, 0, 0, 1_001, now, 7)) == Refusal.REPORT_STALE
    assert market.answer(PriceReport(now + 2, 0, 0, 1_001, now + 2, 7)) == Refusal.REPORT_OUT_OF_ORDER
    assert market.answer(PriceReport(now + 3, 0, 0, 1_001, now - 1)) == Refusal.REPORT_STALE
    assert market.answer(PriceReport(now + 4, 0, 0, 1_001, now + 2 * SECOND)) == Refusal.REPORT_FROM_FUTURE
    assert market.answer(PriceReport(now + 5, 0, 0, 1_001, now + 5, 8)) == Refusal.NONE


def test_a_source_that_flaps_is_slowed_and_one_that_lies_is_outvoted() -> None:
    terms = terms_of()
    for feed in terms.feeds:
        feed.interval_min_ns = SECOND
    market = Market(terms)
    refusals = []
    for step in range(40):
        market.time += SECOND // 10
        price = 900 if step % 2 else 1_100
        refusals.append(market.answer(PriceReport(market.time, 0, 0, price, market.time)))
        assert market.mark() == 1_000
    assert refusals.count(Refusal.REPORT_TOO_SOON) == 36
    market.price(100_000, [1], after=2)
    assert market.mark() == 1_000


def test_all_that_lie_together_walk_no_further_than_the_windows_allow() -> None:
    """Invariant O4: a thousand small steps reach no further in a minute than one large one."""
    market = Market(terms_of(minute_ppm=100_000, ten_minutes_ppm=200_000, hour_ppm=300_000, anchor_breach=1))
    lie = 1_000
    reached: dict[int, int] = {}
    for step in range(7_200):
        market.time += SECOND
        lie = min(lie + 20, 100_000)
        for source in range(3):
            market.do(PriceReport(market.time, 0, source, lie, market.time))
        reached[step] = market.mark()
    assert max(mark for step, mark in reached.items() if step < 59) <= 1_100
    assert max(mark for step, mark in reached.items() if step < 599) <= 1_200
    assert max(mark for step, mark in reached.items() if step < 3_599) <= 1_300
    assert reached[7_199] > 1_300  # what everybody says for hours is believed in the end


def test_a_price_at_the_end_of_what_a_feed_can_say_is_not_believed() -> None:
    """LUNA, May 2022: the feed stood at its lowest answer while the market fell on."""
    terms = terms_of()
    for feed in terms.feeds[:SOURCES]:
        feed.floor_ticks = 100
    market = Market(terms)
    market.price(101)
    assert market.mark() == 101
    assert market.answer(PriceReport(market.time + 1, 0, 0, 100, market.time + 1)) == Refusal.REPORT_AT_BOUND
    assert market.mark() == 101


def test_a_market_without_a_source_never_has_a_mark_and_nothing_stops() -> None:
    terms = terms_of()
    terms.feeds[SOURCES_MAX : 2 * SOURCES_MAX].weight = 0
    market = Market(terms)
    assert market.mark(1) == 0
    assert market.answer(PriceReport(market.time, 1, 0, 5, market.time)) == Refusal.SOURCE_UNKNOWN
    assert market.answer(Trade(market.time, A, B, 1, 1, 5)) == Refusal.NO_MARK
    assert market.answer(Trade(market.time, A, B, 0, 1, 1_000)) == Refusal.NONE


def manipulated(band_ppm: int, fee_ppm: int) -> int:
    """Best profit of a manipulator who owns the book: opens, pushes its own price as far as it likes, closes, leaves.

    The venue's own price is free for it to set, which is the best case; the other sides are accounts that must close at
    the mark (a pool, a liquidation). Every size and every push is tried; what it gains is what it can withdraw.
    """
    best = -(10**18)
    for lots, push, sign in itertools.product((1, 10, 700), (1, 5, 20, 300, 900), (1, -1)):
        # the own book alone decides inside the band: the others say 10,000
        market = Market(terms_of(own_band_ppm=band_ppm))
        market.state.policy[0].mark_combiner = 0
        market.price(10_000)
        for account in (A, B):
            market.do(Deposit(market.time, account, 10**9))
        wealth = int(market.state.accounts[A].wallet_quanta)
        market.price(10_000 - sign * push * 10, [4])
        for side in (sign, -sign):
            price = market.mark()
            fee = -(-lots * price * fee_ppm // 1_000_000)
            buyer, seller = (A, B) if side > 0 else (B, A)
            fees = (fee, 0) if side > 0 else (0, fee)
            assert market.answer(Trade(market.time, buyer, seller, 0, lots, price, *fees)) == Refusal.NONE
            market.price(10_000 + sign * push * 10, [4])
        best = max(best, int(market.state.accounts[A].wallet_quanta) - wealth)
    return best


def test_pushing_the_own_book_costs_more_than_it_gains() -> None:
    """Invariant O6: a band of half the round trip's fees leaves no profit at any size; without it there is plenty."""
    assert manipulated(band_ppm=500, fee_ppm=500) <= 0
    assert manipulated(band_ppm=0, fee_ppm=500) > 1_000_000


def test_leaving_a_pool_waits_while_the_price_of_its_inventory_is_in_doubt() -> None:
    terms = terms_of()
    terms.remedies[Condition.STALE].withdraw = Answer.REFUSE
    market = Market(terms)
    assert market.answer(JoinVault(market.time, A, 1_000)) == Refusal.NONE
    shares = int(market.state.accounts[A].vault_shares)
    market.time += 11 * SECOND
    assert market.answer(LeaveVault(market.time, A, shares)) == Refusal.NONE  # it holds nothing there
