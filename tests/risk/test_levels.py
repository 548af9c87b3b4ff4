"""The matrix of levels and commands, tried exhaustively on the machine, and the reopening auction against all prices."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.plain import plain
from tests.risk.test_oracle_table import SECOND, A, B, C, D, Market, terms_of

from solvent.codes import Action, Metric, Mode, Refusal, SystemAccount
from solvent.commands import (
    Advance,
    CommandKind,
    ContributeFund,
    CrossAuction,
    Deposit,
    EnactTerms,
    FundingTick,
    JoinVault,
    LeaveVault,
    OpenAccount,
    PriceReport,
    RecordAct,
    ReleaseOrder,
    ReportInterest,
    ReserveOrder,
    SetLeverage,
    SetMode,
    SetVenueMode,
    StageTerm,
    Trade,
    TransferMargin,
    Withdraw,
)
from solvent.events import EventKind
from solvent.risk.auction import uniform_price
from solvent.state.levels import ALLOWED, is_allowed


def test_each_level_allows_a_part_of_the_one_before_and_traders_at_least_what_is_done_to_them() -> None:
    for mode, stricter in itertools.pairwise(Mode):
        assert ALLOWED[stricter] & ~ALLOWED[mode] == 0
    for mode in Mode:
        allowed = {action for action in Action if plain(is_allowed)(mode, action)}
        assert {Action.DEPOSIT, Action.CANCEL} <= allowed
        assert Action.LIQUIDATE not in allowed or Action.REDUCE in allowed


def commands(market: Market):
    """(action, command) of every kind; B is long and C short, A and D are flat, and D is of B's owner.

    `None` for what no level decides: prices, time, rules, levels themselves, and facts that have already happened.
    """
    now = market.time
    return [
        (Action.DEPOSIT, Deposit(now, A, 5)),
        (Action.CANCEL, ReleaseOrder(now, D, 0, 2, 900)),
        (Action.REDUCE, Trade(now, C, B, 0, 1, 1_000)),
        (Action.REDUCE, ReserveOrder(now, B, 0, -1, 1_100)),
        (Action.OPEN, Trade(now, A, B, 0, 1, 1_000)),
        (Action.OPEN, ReserveOrder(now, A, 0, 1, 900)),
        (Action.OPEN, SetLeverage(now, B, 0, 3)),
        (Action.WITHDRAW, Withdraw(now, B, 5)),
        (Action.WITHDRAW, Withdraw(now, B, 1, 1)),
        (Action.WITHDRAW, TransferMargin(now, B, D, 5)),
        (Action.MINT, JoinVault(now, B, 50)),
        (Action.FUND, FundingTick(now, 0, 10)),
        (None, PriceReport(now + 1, 0, 0, 1_000, now + 1)),
        (None, Advance(now + 1, 1)),
        (None, OpenAccount(now + 1, int(market.state.venue[0].account_count), 1, 1)),
        (None, ContributeFund(now + 1, SystemAccount.VENUE_FUND, 5)),
        (None, StageTerm(now + 1, 0, int(market.state.cells[0]))),
        (None, EnactTerms(now + 1, 2)),
        (None, RecordAct(now + 1, 1, 1)),
    ]


ELSEWHERE = {
    CommandKind.LIST_INSTRUMENT: "a market that is listed has no level yet",
    CommandKind.LIQUIDATION_FILL: "a fill is a fact: an order of before the halt may have been filled",
    CommandKind.COLLATERAL_SALE: "likewise",
    CommandKind.LEAVE_VAULT: "test_the_vault_is_left_where_money_may_leave",
    CommandKind.SET_MODE: "the operator's own",
    CommandKind.SET_VENUE_MODE: "the operator's own",
    CommandKind.REPORT_INTEREST: "test_an_auction_takes_interest_and_no_other_level_does",
    CommandKind.CROSS_AUCTION: "likewise",
}


def ready() -> Market:
    terms = terms_of()
    asset = terms.assets[1]
    asset.used, asset.price_instrument, asset.value_num, asset.value_den = 1, 1, 1, 1
    market = Market(terms)
    market.state.accounts[D].owner = market.state.accounts[B].owner
    market.do(Deposit(market.time, B, 5, 1))
    market.do(Trade(market.time, B, C, 0, 10, 1_000))
    market.do(ReserveOrder(market.time, D, 0, 2, 900))
    return market


def test_every_kind_of_command_is_in_the_matrix_or_says_why_not() -> None:
    tried = {command.kind for _action, command in commands(ready())}
    of_this_file = {kind for kind in CommandKind if kind <= CommandKind.CROSS_AUCTION}
    assert tried | set(ELSEWHERE) == of_this_file
    assert not tried & set(ELSEWHERE)


@pytest.mark.parametrize("of_venue", [False, True])
@pytest.mark.parametrize("mode", list(Mode))
def test_every_command_at_every_level(mode: Mode, of_venue: bool) -> None:
    market = ready()
    market.do(SetVenueMode(market.time, mode) if of_venue else SetMode(market.time, 0, mode))
    for action, command in commands(market):
        answer = market.answer(command)
        allowed = action is None or plain(is_allowed)(mode, action)
        assert (answer == Refusal.NONE) == allowed, f"{command} in {mode.name}: {answer.name}"
    other = market.answer(Trade(market.time, A, B, 1, 1, 1_000))
    assert (other == Refusal.NONE) == (not of_venue or plain(is_allowed)(mode, Action.OPEN))


@pytest.mark.parametrize("mode", list(Mode))
def test_the_vault_is_left_where_money_may_leave(mode: Mode) -> None:
    market = Market(terms_of())
    assert market.answer(JoinVault(market.time, D, 50)) == Refusal.NONE
    shares = int(market.state.accounts[D].vault_shares)
    market.do(SetVenueMode(market.time, mode))
    answer = market.answer(LeaveVault(market.time, D, shares))
    assert (answer == Refusal.NONE) == plain(is_allowed)(mode, Action.WITHDRAW)


@pytest.mark.parametrize("of_venue", [False, True])
@pytest.mark.parametrize("mode", list(Mode))
def test_an_auction_takes_interest_and_no_other_level_does(mode: Mode, of_venue: bool) -> None:
    market = Market(terms_of())
    market.do(SetMode(market.time, 0, Mode.AUCTION))
    market.do(SetVenueMode(market.time, mode) if of_venue else SetMode(market.time, 0, mode))
    is_open = mode == Mode.AUCTION or (of_venue and mode < Mode.AUCTION)
    for lots in (3, -3):
        assert (market.answer(ReportInterest(market.time, 0, lots, 1_000)) == Refusal.NONE) == is_open
    assert (market.answer(CrossAuction(market.time, 0)) == Refusal.NONE) == is_open


@pytest.mark.parametrize("mode", list(Mode))
def test_liquidation_follows_the_level_and_whoever_was_healthy_at_the_pause_has_a_grace(mode: Mode) -> None:
    terms = terms_of()
    terms.policy[0].grace_ns = 30 * SECOND
    market = Market(terms)
    market.do(Trade(market.time, A, B, 0, 100, 1_000))
    market.do(Withdraw(market.time, A, 89_000))
    market.do(SetMode(market.time, 0, mode))
    market.price(930)
    assert market.state.accounts[A].status == 1
    told = market.do(Advance(market.time, 5))["kind"]
    acts = EventKind.LIQUIDATION_ORDERED in told
    assert acts == plain(is_allowed)(mode, Action.LIQUIDATE)
    if not acts:
        market.do(SetMode(market.time, 0, Mode.ACTIVE))
        assert EventKind.ACCOUNT_WAITING in market.do(Advance(market.time, 5))["kind"]
        market.time += 29 * SECOND
        market.price(930, after=0)
        assert EventKind.ACCOUNT_WAITING in market.do(Advance(market.time, 5))["kind"]
        market.price(930)
        assert EventKind.LIQUIDATION_ORDERED in market.do(Advance(market.time, 5))["kind"]


def breaker(terms, metric: Metric, threshold: int, window_s: int, mode: Mode, release_s: int = 60, exit_ppm: int = 0):
    row = terms.breakers[0]
    row.used, row.metric, row.move_ppm, row.window_ns = 1, metric, threshold, window_s * SECOND
    row.mode, row.release_ns, row.exit_ppm = mode, release_s * SECOND, exit_ppm
    return terms


def mode_of(market: Market) -> Mode:
    return Mode(max(int(market.state.instruments[0].mode), int(market.state.venue[0].mode)))


def test_many_small_steps_trip_the_band_and_dwell_and_hysteresis_hold_it() -> None:
    market = Market(breaker(terms_of(), Metric.PRICE_BAND, 100_000, 60, Mode.REDUCE_ONLY, 60, 50_000))
    modes = []
    for step in range(1, 12):
        market.price(1_000 - 10 * step, after=2)
        modes.append(mode_of(market))
    assert modes.index(Mode.REDUCE_ONLY) == 9  # 900 / 1000, whatever the number of steps
    market.price(891, after=50)
    market.do(Advance(market.time, 1))
    assert mode_of(market) == Mode.REDUCE_ONLY
    market.price(891, after=70)
    market.do(Advance(market.time, 1))
    assert mode_of(market) == Mode.ACTIVE


@pytest.mark.parametrize(
    ("metric", "threshold", "window"),
    [
        (Metric.VOLATILITY, 300_000, 60),
        (Metric.DISPERSION, 50_000, 60),
        (Metric.STALENESS, 1_000_000, 20),
        (Metric.OPEN_INTEREST, 900_000, 60),
        (Metric.LIQUIDATIONS, 100_000, 60),
        (Metric.OUTFLOW, 200_000, 60),
        (Metric.FUND_DRAWDOWN, 500_000, 60),
        (Metric.TIME_JUMP, 1_000_000, 30),
    ],
)
def test_each_trigger_trips_by_itself_and_a_command_lets_go(metric: Metric, threshold: int, window: int) -> None:
    terms = breaker(terms_of(stale_ns=0), metric, threshold, window, Mode.CAUTION)
    terms.breakers[0].by_command = 1
    terms.markets[0].depth_lots = 100
    market = Market(terms)
    market.do(Advance(market.time, 1))
    assert mode_of(market) == Mode.ACTIVE
    if metric == Metric.VOLATILITY:
        for step in range(12):
            market.price(1_000 + 30 * (step % 2))
    elif metric == Metric.DISPERSION:
        market.price(1_060, [2])
    elif metric in (Metric.STALENESS, Metric.TIME_JUMP):
        market.time += (window + 1) * SECOND
    elif metric == Metric.OPEN_INTEREST:
        market.do(Trade(market.time, A, B, 0, 90, 1_000))
    elif metric == Metric.OUTFLOW:
        market.time += 70 * SECOND  # what came in a minute ago no longer counts against what leaves
        market.do(Withdraw(market.time, A, 90_000))
    elif metric == Metric.LIQUIDATIONS:
        from solvent.state.windows import record_flow

        market.do(Trade(market.time, A, B, 0, 90, 1_000))
        plain(record_flow)(market.state, 0, 10_000, 0)
    else:
        market.state.accounts[3].wallet_quanta += 100
        market.state.accounts[0].wallet_quanta -= 100
        market.do(Advance(market.time, 1))
        market.state.accounts[3].wallet_quanta -= 60
        market.state.accounts[0].wallet_quanta += 60
    market.do(Advance(market.time, 1))
    assert mode_of(market) == Mode.CAUTION
    market.time += SECOND
    market.do(SetMode(market.time, 0, Mode.ACTIVE))
    market.do(SetVenueMode(market.time, Mode.ACTIVE))
    assert mode_of(market) == Mode.ACTIVE


def test_a_market_reopens_at_the_one_price_of_its_auction() -> None:
    market = Market(terms_of())
    now = market.time
    market.do(SetMode(now, 0, Mode.AUCTION))
    assert market.answer(CrossAuction(now, 0)) == Refusal.NO_INTEREST
    for lots, price in ((5, 1_010), (5, 1_000), (-4, 990), (-4, 1_005)):
        assert market.answer(ReportInterest(now, 0, lots, price)) == Refusal.NONE
    assert market.answer(Trade(now, A, B, 0, 5, 1_005)) == Refusal.MARKET_IN_AUCTION
    crossed = market.do(CrossAuction(now, 0))
    assert (int(crossed["price_ticks"][0]), int(crossed["lots"][0])) == (1_005, 5)
    assert market.answer(Trade(now, A, B, 0, 5, 1_004)) == Refusal.MARKET_IN_AUCTION
    assert market.answer(Trade(now, A, B, 0, 5, 1_005)) == Refusal.NONE
    market.do(SetMode(now, 0, Mode.ACTIVE))
    assert not market.state.interest.price_ticks.any()
    assert market.answer(ReportInterest(now, 0, 1, 1)) == Refusal.MARKET_IN_AUCTION


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=9))
def test_the_one_price_trades_most_and_leaves_least(rows) -> None:
    import numpy as np

    interest = {price: (bids, asks) for price, bids, asks in rows}
    columns = [np.array(column, dtype=np.int64) for column in zip(*[(p, *v) for p, v in interest.items()], strict=True)]
    price, lots = plain(uniform_price)(*columns, len(interest), 20)

    def traded(at):
        wanted = sum(bids for p, (bids, _asks) in interest.items() if p >= at)
        offered = sum(asks for p, (_bids, asks) in interest.items() if p <= at)
        return min(wanted, offered), -abs(wanted - offered)

    best = max(traded(at) for at in interest)
    assert lots == best[0]
    if lots:
        assert traded(price) == best
