"""Stories of markets that end: options written, endangered by either of their prices, expired; contracts delisted."""

from collections import Counter

from solvent.codes import Action, ContractKind, Executor, Level, Metric, Mode, Schedule, SystemAccount, Tranche
from solvent.commands import (
    Advance,
    ContributeFund,
    Deposit,
    EnactTerms,
    FundingTick,
    JoinVault,
    LeaveVault,
    ListInstrument,
    OpenAccount,
    ReserveOrder,
    SetLeverage,
    SetMode,
    SettleMarket,
    SetVenueMode,
    StageTerm,
    Trade,
    Withdraw,
)
from solvent.lab.campaign.directed import SECOND, Telling, plain_terms
from solvent.lab.driver import START_NS
from solvent.state.terms import Terms, TermsShape, cell_address
from solvent.units import PPB, PPM

EXPIRY_NS = START_NS + 3_600 * SECOND


def write_option(terms: Terms, instrument: int, *, strike: int, is_put: int = 0, in_coin: int = 0) -> None:
    """Make a market an option on the first one, at Deribit's shares of the underlying, expiring in an hour."""
    contract, option = terms.contracts[instrument], terms.options[instrument]
    contract.kind = ContractKind.OPTION
    option.underlying, option.strike_ticks, option.is_put, option.in_coin = 0, strike, is_put, in_coin
    option.unit_quanta = 7_000 if in_coin else 1
    option.expiry_ns = EXPIRY_NS
    for level, share, least in ((Level.INITIAL, 15, 10), (Level.MAINTENANCE, 7, 7)):
        schedule = terms.schedules[level * len(terms.contracts) + instrument]
        schedule.kind, schedule.scale_ppm, schedule.bracket_count = Schedule.OPTION, PPM, 0
        schedule.base_ppb, schedule.floor_ppb, schedule.cap_ppb = share * PPB // 100, least * PPB // 100, 7 * PPB // 100
        schedule.rate_max_ppm = 0


def option_terms() -> Terms:
    """A perpetual, a call and a put on it, and a call paid in coin."""
    terms = plain_terms(4, Executor.ENGINE, (Tranche.MARKET_FUND, Tranche.HAIRCUT_ALL))
    write_option(terms, 1, strike=1_100)
    write_option(terms, 2, strike=900, is_put=1)
    write_option(terms, 3, strike=1_000, in_coin=1)
    return terms


def expiring_options() -> tuple[Counter[str], int]:
    """Calls and puts are written and bought, endangered by the underlying alone, and settled at their expiry."""
    terms = option_terms()
    terms.levels[Level.INITIAL].includes_orders = 1
    telling = Telling(terms)
    first = SystemAccount.MARKET_FUNDS + 4
    telling.play(ListInstrument(START_NS, 1))  # what it is settled by is not listed yet
    for instrument in range(4):
        telling.play(ListInstrument(START_NS, instrument))
    for place, amount in enumerate((60_000, 60_000, 6_050, 300_000)):
        telling.play(OpenAccount(START_NS, first + place, place, 1))
        telling.play(Deposit(START_NS, first + place, amount))
    telling.play(ContributeFund(START_NS, SystemAccount.MARKET_FUNDS + 1, 5_000))
    telling.price(1, 40)
    telling.play(Trade(telling.time, first, first + 1, 1, 10, 40))  # no price of the underlying
    telling.price(0, 1_000)
    telling.price(2, 30)
    telling.price(3, 500)
    now = telling.time
    telling.play(Trade(now, first, first + 1, 1, 100, 41))
    telling.play(Trade(now, first + 1, first, 2, 100, 30))
    telling.play(Trade(now, first + 3, first + 1, 3, 3, 500))
    telling.play(Trade(now, first + 3, first + 2, 1, 61, 40))  # a lot more than its equity bears
    telling.play(Trade(now, first + 3, first + 2, 1, 60, 40))
    telling.play(Trade(now, first + 3, first, 0, 50, 1_000))
    telling.play(ReserveOrder(now, first + 3, 2, -20, 35))
    telling.play(ReserveOrder(now, first + 3, 1, 20, 35))
    telling.play(ReserveOrder(now, first + 3, 1, -500, 45))  # offers count as if they were sold
    telling.play(SetLeverage(now, first + 1, 1, 5))
    telling.play(FundingTick(now, 0, 1_000_000))
    telling.play(FundingTick(now, 1, 1_000_000))
    telling.play(SettleMarket(now, 1, 1_150))  # too early
    telling.play(SettleMarket(now, 0, 1_150))  # open
    telling.price(0, 1_450)
    telling.play(Advance(telling.time, 5))
    telling.time = EXPIRY_NS
    telling.play(Trade(EXPIRY_NS, first, first + 3, 1, 1, 50))
    telling.play(ReserveOrder(EXPIRY_NS, first, 1, 1, 50))
    for instrument in (9, -1):
        telling.play(SettleMarket(EXPIRY_NS, instrument, 1_453))
    telling.play(SettleMarket(EXPIRY_NS, 1, 0))
    telling.play(SetMode(EXPIRY_NS, 0, Mode.HALTED))
    telling.play(SettleMarket(EXPIRY_NS, 0, 1_453))  # options still look at it
    for instrument in (1, 2, 3):
        telling.play(SettleMarket(EXPIRY_NS, instrument, 1_453))
    telling.play(SettleMarket(EXPIRY_NS, 1, 1_453))
    telling.play(ListInstrument(EXPIRY_NS, 1))
    telling.play(SettleMarket(EXPIRY_NS, 0, 1_460))
    telling.play(Advance(EXPIRY_NS, 5))
    telling.play(Trade(EXPIRY_NS, first, first + 3, 0, 1, 1_000))
    strike = cell_address(TermsShape(4, 8), "options", 1, "strike_ticks")
    telling.play(StageTerm(EXPIRY_NS, strike, 1_200))
    telling.play(EnactTerms(EXPIRY_NS, 2))
    return telling.reach, telling.told


def fixed_option() -> tuple[Counter[str], int]:
    """What a listed option is may not change under its holders."""
    terms = option_terms()
    asset = terms.assets[1]
    asset.used, asset.price_instrument, asset.value_num, asset.value_den = 1, 0, 1, 1
    telling = Telling(terms)
    for instrument in range(2):
        telling.play(ListInstrument(START_NS, instrument))
    telling.play(SettleMarket(START_NS, 2, 900))  # not listed
    telling.play(SetMode(START_NS, 0, Mode.HALTED))
    telling.play(SettleMarket(START_NS, 0, 1_000))  # it prices collateral
    telling.play(StageTerm(START_NS, cell_address(TermsShape(4, 8), "options", 1, "strike_ticks"), 1_200))
    telling.play(EnactTerms(START_NS, 2))
    return telling.reach, telling.told


def delisted_inverse() -> tuple[Counter[str], int]:
    """An inverse market is delisted at the venue's price: everybody is paid rounded down, the rest is its fund's."""
    terms = plain_terms(1, Executor.ENGINE, (Tranche.MARKET_FUND,))
    contract = terms.contracts[0]
    contract.kind, contract.quanta_per_lot_tick, contract.price_min_ticks = ContractKind.INVERSE, 1_000_000, 100
    telling = Telling(terms)
    first = SystemAccount.MARKET_FUNDS + 1
    telling.play(ListInstrument(START_NS, 0))
    for place in range(4):
        telling.play(OpenAccount(START_NS, first + place, place, 1))
        telling.play(Deposit(START_NS, first + place, 50_000))
    telling.price(0, 1_000)
    for place, lots in ((1, 7), (2, 3), (3, 1)):
        telling.play(Trade(telling.time, first, first + place, 0, lots, 1_000))
    telling.play(FundingTick(telling.time, 0, 3_000_000))
    telling.play(SetMode(telling.time, 0, Mode.HALTED))
    telling.play(SettleMarket(telling.time, 0, 1_007))
    return telling.reach, telling.told


def held_back() -> tuple[Counter[str], int]:
    """Breakers that stop one action alone: liquidation while a mark jumps, withdrawals while a fund is outweighed."""
    terms = plain_terms(1, Executor.ENGINE, (Tranche.VENUE_FUND,))
    move, insolvent = terms.breakers[0], terms.breakers[1]
    move.used, move.metric, move.move_ppm, move.window_ns = 1, Metric.MARK_MOVE, 100_000, 60 * SECOND
    move.release_ns, move.blocks = 10 * SECOND, 1 << Action.LIQUIDATE | 1 << Action.WITHDRAW
    insolvent.used, insolvent.metric, insolvent.move_ppm = 1, Metric.INSOLVENT_REQUIREMENT, PPM + 1
    insolvent.blocks, insolvent.by_command = 1 << Action.WITHDRAW, 1
    jump = terms.breakers[2]
    jump.used, jump.metric, jump.move_ppm, jump.window_ns = 1, Metric.TIME_JUMP, PPM, 60 * SECOND
    jump.blocks = 1 << Action.WITHDRAW
    terms.policy[0].withdraw_charge = 1  # the gate of every loss is open: only the breaker holds money back
    telling = Telling(terms)
    first = SystemAccount.MARKET_FUNDS + 1
    telling.play(ListInstrument(START_NS, 0))
    for place, amount in enumerate((11_000, 60_000, 500_000)):
        telling.play(OpenAccount(START_NS, first + place, place, 1))
        telling.play(Deposit(START_NS, first + place, amount))
    telling.play(ContributeFund(START_NS, SystemAccount.VENUE_FUND, 3_000))
    telling.play(JoinVault(START_NS, first + 2, 5_000))
    telling.time += 61 * SECOND
    telling.play(Advance(telling.time, 5))
    telling.play(LeaveVault(telling.time, first + 2, 1_000))
    telling.play(Advance(telling.time, 5))
    telling.price(0, 1_000)
    telling.play(Trade(telling.time, first, first + 1, 0, 100, 1_000))
    telling.price(0, 850)
    telling.play(Withdraw(telling.time, first + 1, 1))
    telling.play(Advance(telling.time, 5))  # nobody is closed while the market is held
    telling.play(Withdraw(telling.time, first + 2, 1))
    telling.time += 11 * SECOND
    telling.play(Advance(telling.time, 5))
    telling.price(0, 851)
    telling.play(SetVenueMode(telling.time, Mode.ACTIVE))
    telling.play(Withdraw(telling.time, first + 2, 1))
    telling.price(0, 700)
    telling.play(SetMode(telling.time, 0, Mode.ACTIVE))
    telling.play(Advance(telling.time, 5))
    return telling.reach, telling.told


def skewed_pool() -> tuple[Counter[str], int]:
    """A pool takes positions at the price the skew moves: worse for each than the one before."""
    terms = plain_terms(1, Executor.BACKSTOP_VAULT, (Tranche.LIQUIDITY_VAULT,))
    terms.markets[0].fill_skew_lots = 2_000
    telling = Telling(terms)
    first = SystemAccount.MARKET_FUNDS + 1
    telling.play(ListInstrument(START_NS, 0))
    for place, amount in enumerate((11_000, 11_100, 10_200, 500_000, 11_000)):
        telling.play(OpenAccount(START_NS, first + place, place, 1))
        telling.play(Deposit(START_NS, first + place, amount))
    telling.play(ContributeFund(START_NS, SystemAccount.VAULT, 500_000))
    telling.price(0, 1_000)
    for place in range(3):
        telling.play(Trade(telling.time, first + place, first + 3, 0, 100, 1_000))
    telling.price(0, 935)
    telling.play(Advance(telling.time, 5))
    telling.price(0, 850)
    telling.play(Trade(telling.time, first + 3, first + 4, 0, 100, 850))
    telling.price(0, 925)  # a short is bought in: the skew is on its side now
    telling.play(Advance(telling.time, 5))
    return telling.reach, telling.told


ENDED = (expiring_options, fixed_option, delisted_inverse, held_back, skewed_pool)
