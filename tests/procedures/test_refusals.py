"""Refusals that stories rarely meet: each asked for in a venue where nothing else is wrong, and nothing is changed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.laws.machine import FIRST, START, Machine, small_terms

from solvent.codes import Action, Answer, Condition, Mode, Refusal, SystemAccount
from solvent.commands import (
    Advance,
    CollateralSale,
    Command,
    ContributeFund,
    CrossAuction,
    Deposit,
    FundingTick,
    JoinVault,
    LeaveVault,
    LiquidationFill,
    ListInstrument,
    OpenAccount,
    PriceReport,
    ReleaseOrder,
    ReportInterest,
    ReserveOrder,
    SetLeverage,
    SetMode,
    SetVenueMode,
    StageTerm,
    Trade,
    TransferMargin,
    UnwindFill,
    Withdraw,
    pack,
)
from solvent.events import EventKind
from solvent.state.terms import BREAKERS_MAX
from solvent.state.whole import digest
from solvent.units import LIMIT, WALLET_MAX

A, B, C = range(FIRST, FIRST + 3)
ASSET, BARE = 1, 2


class Venue:
    """Two listed markets (the second without a price), three traders with money, one of them with collateral."""

    def __init__(self) -> None:
        terms = small_terms()
        for row in (ASSET, BARE, *range(3, 16)):
            asset = terms.assets[row]
            asset.used, asset.value_num, asset.value_den = 1, 1, 1
            asset.initial_ppm, asset.maintenance_ppm = 800_000, 900_000
        self.machine = Machine(terms)
        self.time = START
        for instrument in range(2):
            self.do(ListInstrument(START, instrument))
        self.do(PriceReport(START, 0, 0, 1_000, START))
        for account in (A, B, C):
            self.do(OpenAccount(START, account, account, 1))
            self.do(Deposit(START, account, 100_000))
        self.do(Deposit(START, C, 50, ASSET))

    @property
    def state(self) -> Any:
        return self.machine.state

    def do(self, command: Command) -> Any:
        return self.machine.do(pack([command]))


def as_it_is(venue: Venue) -> None:
    pass


def in_auction(venue: Venue) -> None:
    venue.do(SetMode(START, 0, Mode.AUCTION))


def a_full_auction(venue: Venue) -> None:
    in_auction(venue)
    rows = len(venue.state.interest) // 2
    for price in range(1, rows + 1):
        assert len(venue.do(ReportInterest(START, 0, 1, price))) == 1


def in_liquidation(venue: Venue) -> None:
    """C holds collateral and a long; its price fell, and the engine has an order in the market."""
    venue.do(Trade(START, C, A, 0, 100, 1_000))
    venue.do(Withdraw(START, C, 75_000))
    venue.do(PriceReport(START + 10**9, 0, 0, 545, START + 10**9))
    venue.do(Advance(START + 10**9, 5))
    assert venue.state.accounts[C].status == 1
    assert venue.state.accounts[C].order_reference > 0


def much_outside(venue: Venue) -> None:
    venue.state.accounts[SystemAccount.EXTERNAL].wallet_quanta = -WALLET_MAX


def liquidated_and_much_outside(venue: Venue) -> None:
    in_liquidation(venue)
    much_outside(venue)


def far_index(venue: Venue) -> None:
    venue.state.instruments[0].funding_index = LIMIT // 2 - 1


def beyond_a_wallet(venue: Venue) -> None:
    venue.state.accounts[A].wallet_quanta = WALLET_MAX + 1


def many_positions(venue: Venue) -> None:
    venue.state.accounts[A].position_count = 64


def all_holdings(venue: Venue) -> None:
    venue.state.accounts[C].holding_count = 16


def no_unit(venue: Venue) -> None:
    venue.state.contracts[1].price_max_ticks = 0
    venue.state.assets[BARE].price_instrument = 1


def maintenance_asks_more(venue: Venue) -> None:
    """An account whose fixed addition at the maintenance level stands above everything else."""
    venue.state.schedules[2].add_fixed_quanta = 99_999


def nobody_withdraws_or_trades_on_a_stale_price(venue: Venue) -> None:
    """A is long at a price that is stale by now."""
    venue.do(Trade(START, A, B, 0, 10, 1_000))
    venue.do(Trade(START, A, C, 0, 10, 1_000))
    venue.state.accounts[B].owner = A
    venue.state.pricing[0].stale_ns = 1
    venue.state.remedies[Condition.STALE].withdraw = Answer.REFUSE
    venue.state.remedies[Condition.STALE].open = Answer.REFUSE
    venue.time += 10**9


def long_in_two_markets_and_one_halted(instrument: int) -> Callable[[Venue], None]:
    def prepare(venue: Venue) -> None:
        venue.do(PriceReport(START, 1, 0, 1_000, START))
        for market in range(2):
            venue.do(Trade(START, A, B, market, 10, 1_000))
        venue.do(SetMode(START, instrument, Mode.HALTED))

    return prepare


def one_owner_whose_withdrawals_a_breaker_holds(venue: Venue) -> None:
    venue.state.accounts[B].owner = A
    breaker, place = venue.state.breakers[0], len(venue.state.instruments)
    breaker.used, breaker.blocks = 1, 1 << Action.WITHDRAW
    venue.state.anchors[place * BREAKERS_MAX].engaged = 1


def a_venue_that_is_full(venue: Venue) -> None:
    venue.state.policy[0].open_interest_quanta = 1


def an_ask_of_ten(venue: Venue) -> None:
    venue.do(ReserveOrder(START, A, 0, -10, 1_000))


def reference_of(venue: Venue) -> int:
    return int(venue.state.accounts[C].order_reference)


def a_share_each(venue: Venue) -> None:
    venue.do(JoinVault(START, A, 1_000))
    assert venue.state.accounts[A].vault_shares > 0


def gated_with_shares(venue: Venue) -> None:
    a_share_each(venue)
    venue.state.venue[0].open_deficit_quanta = 1


def a_doubted_vault(venue: Venue) -> None:
    """The vault holds a position whose price is stale, and the oracle table lets nobody withdraw on such a price."""
    a_share_each(venue)
    venue.do(Trade(START, B, A, 0, 10, 1_000))
    row = int(venue.state.accounts[B].first_position)
    venue.state.positions[row].account = SystemAccount.VAULT
    venue.state.accounts[SystemAccount.VAULT].first_position = row
    venue.state.accounts[B].first_position = -1
    venue.state.pricing[0].stale_ns = 1
    venue.state.remedies[Condition.STALE].withdraw = Answer.REFUSE
    venue.time += 10**9


TABLE: list[tuple[str, Callable[[Venue], None], Callable[[Venue], Command], str]] = [
    ("nothing sold", in_liquidation, lambda v: CollateralSale(v.time, C, ASSET, 0, 1, 1), "AMOUNT_OUT_OF_RANGE"),
    (
        "proceeds below zero",
        in_liquidation,
        lambda v: CollateralSale(v.time, C, ASSET, 1, -1, 1),
        "AMOUNT_OUT_OF_RANGE",
    ),
    ("another order", in_liquidation, lambda v: CollateralSale(v.time, C, ASSET, 1, 1, 99), "REFERENCE_UNKNOWN"),
    (
        "more than is outside",
        liquidated_and_much_outside,
        lambda v: CollateralSale(v.time, C, ASSET, 1, 1, int(v.state.accounts[C].order_reference)),
        "AMOUNT_OUT_OF_RANGE",
    ),
    (
        "no collateral of it",
        in_liquidation,
        lambda v: CollateralSale(v.time, C, BARE, 1, 1, int(v.state.accounts[C].order_reference)),
        "HOLDING_TOO_SMALL",
    ),
    (
        "nobody in liquidation",
        as_it_is,
        lambda v: CollateralSale(v.time, C, ASSET, 1, 1, 1),
        "NO_LIQUIDATION_ORDER",
    ),
    ("funding without a mark", as_it_is, lambda v: FundingTick(v.time, 1, 5), "NO_MARK"),
    ("funding beyond the index", far_index, lambda v: FundingTick(v.time, 0, 10**9), "RATE_OUT_OF_RANGE"),
    ("interest in nothing", in_auction, lambda v: ReportInterest(v.time, 0, 0, 5), "LOTS_OUT_OF_RANGE"),
    ("interest in too much", in_auction, lambda v: ReportInterest(v.time, 0, -100_001, 5), "LOTS_OUT_OF_RANGE"),
    ("interest at no price", in_auction, lambda v: ReportInterest(v.time, 0, 1, 0), "PRICE_OUT_OF_RANGE"),
    (
        "interest beyond the price",
        in_auction,
        lambda v: ReportInterest(v.time, 0, 1, 100_001),
        "PRICE_OUT_OF_RANGE",
    ),
    ("no place for an interest", a_full_auction, lambda v: ReportInterest(v.time, 0, 1, 9_999), "INTEREST_FULL"),
    ("an auction of no market", in_auction, lambda v: CrossAuction(v.time, 2), "INSTRUMENT_UNKNOWN"),
    ("an auction that is none", as_it_is, lambda v: CrossAuction(v.time, 0), "MARKET_IN_AUCTION"),
    ("an auction of nobody", in_auction, lambda v: CrossAuction(v.time, 0), "NO_INTEREST"),
    (
        "a fund trades",
        as_it_is,
        lambda v: Trade(v.time, SystemAccount.VENUE_FUND, B, 0, 1, 1_000),
        "ACCOUNT_IS_SYSTEM",
    ),
    (
        "nobody buys, as a pool that is not open",
        as_it_is,
        lambda v: Trade(v.time, -1, B, 0, 1, 1_000),
        "ACCOUNT_UNKNOWN",
    ),
    ("nobody sells", as_it_is, lambda v: Trade(v.time, A, -1, 0, 1, 1_000), "COUNTERPARTY_UNKNOWN"),
    ("shares of nobody", as_it_is, lambda v: JoinVault(v.time, A, 1_000, -1), "POOL_UNKNOWN"),
    ("nobody is closed", as_it_is, lambda v: LiquidationFill(v.time, -1, B, 0, 1, 1_000, 1), "ACCOUNT_UNKNOWN"),
    ("nobody unwinds", as_it_is, lambda v: UnwindFill(v.time, -1, B, 0, 1, 1_000, 1), "POOL_UNKNOWN"),
    (
        "a wallet beyond its bound",
        beyond_a_wallet,
        lambda v: Trade(v.time, A, B, 0, 1, 1_000),
        "AMOUNT_OUT_OF_RANGE",
    ),
    ("too many positions to trade", many_positions, lambda v: Trade(v.time, A, B, 0, 1, 1_000), "POSITIONS_FULL"),
    (
        "too many positions to reserve",
        many_positions,
        lambda v: ReserveOrder(v.time, A, 0, 1, 1_000),
        "POSITIONS_FULL",
    ),
    ("too many positions for leverage", many_positions, lambda v: SetLeverage(v.time, A, 0, 5), "POSITIONS_FULL"),
    ("below maintenance", maintenance_asks_more, lambda v: Trade(v.time, A, B, 0, 100, 1_000), "BELOW_MAINTENANCE"),
    ("an order at no price", as_it_is, lambda v: ReserveOrder(v.time, A, 0, 1, 0), "PRICE_OUT_OF_RANGE"),
    ("an order without a mark", as_it_is, lambda v: ReserveOrder(v.time, A, 1, 1, 5), "NO_MARK"),
    ("a release of nothing", as_it_is, lambda v: ReleaseOrder(v.time, A, 0, 1, 5), "ORDER_NOT_RESERVED"),
    ("an unknown asset in", as_it_is, lambda v: Deposit(v.time, A, 5, 16), "ASSET_UNKNOWN"),
    ("an unknown asset out", as_it_is, lambda v: Withdraw(v.time, A, 5, -1), "ASSET_UNKNOWN"),
    ("more money than there may be", much_outside, lambda v: Deposit(v.time, A, 1), "AMOUNT_OUT_OF_RANGE"),
    ("one asset too many", all_holdings, lambda v: Deposit(v.time, C, 1, BARE), "POSITIONS_FULL"),
    (
        "more of an asset than its value may be",
        as_it_is,
        lambda v: Deposit(v.time, C, 2**55, ASSET),
        "AMOUNT_OUT_OF_RANGE",
    ),
    ("an asset nobody prices", no_unit, lambda v: Deposit(v.time, C, 1, BARE), "NO_MARK"),
    ("collateral out in liquidation", in_liquidation, lambda v: Withdraw(v.time, C, 1, ASSET), "IN_LIQUIDATION"),
    ("more collateral than is held", as_it_is, lambda v: Withdraw(v.time, C, 51, ASSET), "HOLDING_TOO_SMALL"),
    (
        "a contribution of nothing",
        as_it_is,
        lambda v: ContributeFund(v.time, SystemAccount.VENUE_FUND, 0),
        "AMOUNT_OUT_OF_RANGE",
    ),
    (
        "a contribution beyond all money",
        much_outside,
        lambda v: ContributeFund(v.time, SystemAccount.VENUE_FUND, 1),
        "AMOUNT_OUT_OF_RANGE",
    ),
    (
        "more than the deficit",
        as_it_is,
        lambda v: ContributeFund(v.time, SystemAccount.DEFICIT, 1),
        "AMOUNT_OUT_OF_RANGE",
    ),
    ("leaving the vault in a loss", gated_with_shares, lambda v: LeaveVault(v.time, A, 1), "WITHDRAWALS_GATED"),
    ("leaving a doubted vault", a_doubted_vault, lambda v: LeaveVault(v.time, A, 1), "PRICE_CONDITION"),
    ("an account of no kind", as_it_is, lambda v: OpenAccount(v.time, C + 1, 1, 9), "VARIANT_UNKNOWN"),
    ("an account that is not the next", as_it_is, lambda v: OpenAccount(v.time, C + 2, 1, 1), "ACCOUNT_NOT_NEXT"),
    ("an account that is there", as_it_is, lambda v: OpenAccount(v.time, A, 1, 1), "ACCOUNT_EXISTS"),
    (
        "an account that is a fund's",
        as_it_is,
        lambda v: OpenAccount(v.time, SystemAccount.VAULT, 1, 1),
        "ACCOUNT_IS_SYSTEM",
    ),
    ("cash that is not there", as_it_is, lambda v: Withdraw(v.time, C, 100_001), "WITHDRAWAL_EXCEEDS_FREE"),
    ("nobody withdraws", as_it_is, lambda v: Withdraw(v.time, C + 1, 1), "ACCOUNT_UNKNOWN"),
    *(
        (
            f"withdrawing while the {name} of two markets is halted",
            long_in_two_markets_and_one_halted(instrument),
            lambda v: Withdraw(v.time, A, 1),
            "MARKET_HALTED",
        )
        for instrument, name in enumerate(("first", "second"))
    ),
    ("nobody transfers", as_it_is, lambda v: TransferMargin(v.time, C + 1, A, 1), "ACCOUNT_UNKNOWN"),
    ("nobody joins", as_it_is, lambda v: JoinVault(v.time, C + 1, 1), "ACCOUNT_UNKNOWN"),
    ("joining with nothing", as_it_is, lambda v: JoinVault(v.time, A, 0), "AMOUNT_OUT_OF_RANGE"),
    ("nobody leaves", as_it_is, lambda v: LeaveVault(v.time, C + 1, 1), "ACCOUNT_UNKNOWN"),
    (
        "a transfer on a doubtful price",
        nobody_withdraws_or_trades_on_a_stale_price,
        lambda v: TransferMargin(v.time, A, B, 1),
        "PRICE_CONDITION",
    ),
    (
        "a transfer a breaker holds",
        one_owner_whose_withdrawals_a_breaker_holds,
        lambda v: TransferMargin(v.time, A, B, 1),
        "ACTION_BLOCKED",
    ),
    ("a contribution to a trader", as_it_is, lambda v: ContributeFund(v.time, A, 1), "ACCOUNT_UNKNOWN"),
    ("a trade in no market", as_it_is, lambda v: Trade(v.time, A, B, 2, 1, 1_000), "INSTRUMENT_UNKNOWN"),
    ("a trade at no price", as_it_is, lambda v: Trade(v.time, A, B, 0, 1, 0), "PRICE_OUT_OF_RANGE"),
    (
        "a venue that holds enough",
        a_venue_that_is_full,
        lambda v: Trade(v.time, A, B, 0, 1, 1_000),
        "OPEN_INTEREST_CAP",
    ),
    ("an order in no market", as_it_is, lambda v: ReserveOrder(v.time, A, 2, 1, 1_000), "INSTRUMENT_UNKNOWN"),
    ("nobody's order", as_it_is, lambda v: ReserveOrder(v.time, C + 1, 0, 1, 1_000), "ACCOUNT_UNKNOWN"),
    (
        "an order on a doubtful price",
        nobody_withdraws_or_trades_on_a_stale_price,
        lambda v: ReserveOrder(v.time, A, 0, 1, 1_000),
        "PRICE_CONDITION",
    ),
    ("nobody's release", as_it_is, lambda v: ReleaseOrder(v.time, C + 1, 0, 1, 1_000), "ACCOUNT_UNKNOWN"),
    ("more of an ask than stands", an_ask_of_ten, lambda v: ReleaseOrder(v.time, A, 0, -11, 900), "ORDER_NOT_RESERVED"),
    ("nobody's leverage", as_it_is, lambda v: SetLeverage(v.time, C + 1, 0, 5), "ACCOUNT_UNKNOWN"),
    ("leverage in liquidation", in_liquidation, lambda v: SetLeverage(v.time, C, 0, 5), "IN_LIQUIDATION"),
    (
        "a fill in no market",
        in_liquidation,
        lambda v: LiquidationFill(v.time, C, B, 2, 1, 545, reference_of(v)),
        "INSTRUMENT_UNKNOWN",
    ),
    (
        "a fill of nobody",
        in_liquidation,
        lambda v: LiquidationFill(v.time, C + 1, B, 0, 1, 545, reference_of(v)),
        "ACCOUNT_UNKNOWN",
    ),
    (
        "a fill at no price",
        in_liquidation,
        lambda v: LiquidationFill(v.time, C, B, 0, 1, 0, reference_of(v)),
        "PRICE_OUT_OF_RANGE",
    ),
    (
        "a fill for who cannot bear it",
        lambda v: (in_liquidation(v), v.do(Withdraw(START + 10**9, B, 99_999))),
        lambda v: LiquidationFill(v.time + 10**9, C, B, 0, 1, 545, reference_of(v)),
        "BELOW_INITIAL",
    ),
    ("a sale of nobody", in_liquidation, lambda v: CollateralSale(v.time, C + 1, ASSET, 1, 1, 1), "ACCOUNT_UNKNOWN"),
    ("a market that is none", as_it_is, lambda v: ListInstrument(v.time, 2), "INSTRUMENT_UNKNOWN"),
    ("a market that is listed", as_it_is, lambda v: ListInstrument(v.time, 1), "INSTRUMENT_LISTED"),
    ("a cell that is none", as_it_is, lambda v: StageTerm(v.time, len(v.state.cells), 1), "CELL_UNKNOWN"),
    ("a source that is none", as_it_is, lambda v: PriceReport(v.time, 0, 8, 1_000, v.time), "SOURCE_UNKNOWN"),
    ("a mode that is none", as_it_is, lambda v: SetMode(v.time, 0, 9), "VARIANT_UNKNOWN"),
    ("a venue's mode that is none", as_it_is, lambda v: SetVenueMode(v.time, 9), "VARIANT_UNKNOWN"),
    ("interest in no market", as_it_is, lambda v: ReportInterest(v.time, 2, 1, 1_000), "INSTRUMENT_UNKNOWN"),
    ("an amount beyond all bounds", as_it_is, lambda v: Deposit(v.time, A, LIMIT + 1), "AMOUNT_OUT_OF_RANGE"),
    ("no time", as_it_is, lambda v: Deposit(0, A, 1), "TIME_OUT_OF_RANGE"),
    (
        "a transfer to a fund",
        as_it_is,
        lambda v: TransferMargin(v.time, A, SystemAccount.VAULT, 1),
        "COUNTERPARTY_UNKNOWN",
    ),
]


@pytest.mark.parametrize(("words", "prepare", "ask", "refusal"), TABLE, ids=[row[0] for row in TABLE])
def test_it_is_refused_for_this_reason_and_changes_nothing(words, prepare, ask, refusal: str) -> None:
    venue = Venue()
    prepare(venue)
    before = digest(venue.state)
    sequence = int(venue.state.venue[0].sequence)
    events = venue.do(ask(venue))
    assert [(int(event["kind"]), Refusal(int(event["refusal"])).name) for event in events] == [
        (EventKind.COMMAND_REFUSED, refusal)
    ]
    venue.state.venue[0].sequence = sequence
    assert digest(venue.state) == before
    assert np.all(venue.state.venue.advance_left == 0)


def test_nobody_buys_shares_of_a_vault_that_owes() -> None:
    venue = Venue()
    venue.state.accounts[SystemAccount.VAULT].wallet_quanta = -1
    events = venue.do(JoinVault(START, A, 1_000))
    assert [Refusal(int(event["refusal"])) for event in events] == [Refusal.WITHDRAWALS_GATED]
