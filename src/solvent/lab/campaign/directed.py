"""Short stories written by hand for what chance meets too rarely, followed by the auditor like any other."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from solvent.codes import (
    AdlPrice,
    Authority,
    ContractKind,
    Executor,
    FundingKind,
    Level,
    Mode,
    Schedule,
    SystemAccount,
    Tranche,
)
from solvent.commands import (
    COMMAND_DTYPE,
    Advance,
    Command,
    ContributeFund,
    CrossAuction,
    Deposit,
    EnactTerms,
    JoinVault,
    LeaveVault,
    LiquidationFill,
    ListInstrument,
    OpenAccount,
    PriceReport,
    ProposeTerms,
    ReportInterest,
    ReportPremium,
    ReserveOrder,
    SetLeverage,
    SetMode,
    SettleFunding,
    StageTerm,
    Trade,
    VetoTerms,
    VoteTerms,
    Withdraw,
    pack,
    unpack,
)
from solvent.events import EventKind
from solvent.lab.auditor import Auditor
from solvent.lab.campaign.machine import Machine
from solvent.lab.driver import START_NS, Setting, met
from solvent.state.terms import INTEREST_MAX, SOURCES_MAX, Terms, TermsShape, blank_terms, cell_address
from solvent.state.whole import new_state
from solvent.units import PPM

SECOND = 1_000_000_000


class Telling:
    """A machine and its auditor; every command played is checked, and what it met is counted."""

    def __init__(self, terms: Terms) -> None:
        rooms = 12 + len(terms.contracts)
        self.machine = Machine(new_state(terms, accounts=rooms, positions=4 * rooms, orders=rooms, holdings=rooms))
        self.auditor = Auditor(self.machine.state)
        self.time = START_NS
        self.reach: Counter[str] = Counter()
        self.told = 0
        self.setting = Setting(0)
        self.setting.books = self.auditor.books

    def play(self, command: Command | Any) -> Any:
        """One command (or one record), audited. Raises LawBroken."""
        record = command if isinstance(command, np.ndarray) else pack([command])
        events = self.machine.do(record, keep=True)
        self.auditor.check(record[0], events, self.machine.before, self.machine.state)
        self.told += 1
        try:
            self.reach += Counter(met(self.setting, unpack(record)[0], events))
        except ValueError:  # a record of no kind
            self.reach[f"event {EventKind.COMMAND_REFUSED.name}"] += 1
            self.reach["refusal KIND_UNKNOWN"] += 1
        return events

    def price(self, instrument: int, ticks: int) -> Any:
        """A report of the first source, one second later."""
        self.time += SECOND
        return self.play(PriceReport(self.time, instrument, 0, ticks, self.time))


def plain_terms(instruments: int, executor: Executor, tranches: tuple[Tranche, ...]) -> Terms:
    """Every market at 10 % initial and 5 % maintenance, one stage, no penalty."""
    terms = blank_terms(TermsShape(instruments, 2 * instruments))
    for instrument in range(instruments):
        contract = terms.contracts[instrument]
        contract.quanta_per_lot_tick, contract.price_max_ticks, contract.lots_max = 1, 100_000, 100_000
        terms.feeds[instrument * SOURCES_MAX].weight = 1
        for level, rate in ((Level.INITIAL, 100_000), (Level.MAINTENANCE, 50_000)):
            schedule = terms.schedules[level * instruments + instrument]
            schedule.kind, schedule.denominator, schedule.scale_ppm = Schedule.BRACKETS_MARGINAL, PPM, PPM
            schedule.first_bracket, schedule.bracket_count = 2 * instrument + level, 1
            schedule.rate_max_ppm = rate
            terms.brackets[2 * instrument + level].numerator = rate
    for level in (Level.INITIAL, Level.MAINTENANCE):
        terms.levels[level].used = 1
    stage = terms.stages[0]
    stage.used, stage.level, stage.scale_ppm, stage.executor = 1, Level.MAINTENANCE, PPM, executor
    stage.timeout_ns = 60 * SECOND
    for place, tranche in enumerate(tranches):
        terms.absorbers[place].used, terms.absorbers[place].tranche, terms.absorbers[place].cap_ppm = 1, tranche, PPM
    terms.assets[0].used = 1
    policy = terms.policy[0]
    policy.mark_components, policy.sources_min, policy.advance_max = 7, 1, 10
    policy.funding_rate_max_ppb, policy.adl_price = 1_000_000_000, AdlPrice.BANKRUPTCY
    return terms


def many_markets() -> tuple[Counter[str], int]:
    """More markets than an account may hold, and what is refused before a market has a price."""
    count = 66
    terms = plain_terms(count, Executor.ENGINE, (Tranche.MARKET_FUND,))
    terms.contracts[count - 1].kind = ContractKind.INVERSE  # a market the watch has no certificate for
    terms.feeds[SOURCES_MAX].interval_min_ns = SECOND  # the second market's source may speak once a second
    telling = Telling(terms)
    first = SystemAccount.MARKET_FUNDS + count
    for instrument in range(count):
        telling.play(ListInstrument(START_NS, instrument))
    telling.play(ListInstrument(START_NS, 0))
    telling.play(OpenAccount(START_NS, first, 1, 1))
    telling.play(OpenAccount(START_NS, first + 1, 1, 1))
    telling.play(OpenAccount(START_NS, first, 1, 1))
    telling.play(OpenAccount(START_NS, first + 7, 1, 1))
    telling.play(Trade(START_NS, first, first + 1, 0, 1, 1))
    telling.play(PriceReport(START_NS, 0, 1, 5, START_NS))
    for instrument in range(65):
        telling.play(SetLeverage(START_NS, first, instrument, 5))
    telling.price(0, 100)
    telling.play(Deposit(START_NS, first, 1_000))
    telling.play(Deposit(START_NS, first + 1, 1_000))
    telling.play(Trade(START_NS, first, first + 1, 0, 10, 100))
    telling.price(0, 60)
    for later, number in ((1, 7), (2, 7)):  # a source that numbers its reports repeats a number
        telling.play(PriceReport(telling.time + later, 0, 0, 60, telling.time + later, number))
    for soon in (0, SECOND // 10):
        telling.play(PriceReport(telling.time + soon, 1, 0, 100, telling.time + soon))
    telling.time += SECOND
    blank = np.zeros(1, COMMAND_DTYPE).view(np.recarray)
    blank.time_ns = START_NS
    for kind in (0, -1, 2**31 - 1):
        blank.kind = kind
        telling.play(blank.copy())
    unused = pack([SetMode(START_NS, 0, 0)])
    unused.owner = 1
    telling.play(unused)
    return telling.reach, telling.told


def default_at_a_fifth_less(telling: Telling, first: int) -> None:
    """The first account buys from the second, the price falls beyond its means, and the third takes what it held."""
    telling.play(Trade(telling.time, first, first + 1, 0, 100, 1_000))
    telling.price(0, 800)
    telling.play(Advance(telling.time, 5))
    reference = int(telling.machine.state.accounts[first].order_reference)
    telling.play(LiquidationFill(telling.time, first, first + 2, 0, 100, 800, reference))
    telling.play(Advance(telling.time, 5))


def empty_vault() -> tuple[Counter[str], int]:
    """The vault pays for a default with all it has; its member's shares are worth nothing."""
    telling = Telling(plain_terms(2, Executor.ENGINE, (Tranche.LIQUIDITY_VAULT, Tranche.HAIRCUT_ALL)))
    first = SystemAccount.MARKET_FUNDS + 2
    telling.play(ListInstrument(START_NS, 0))
    for place, amount in enumerate((11_000, 60_000, 500_000, 5_000)):
        telling.play(OpenAccount(START_NS, first + place, 1, 1))
        telling.play(Deposit(START_NS, first + place, amount))
    telling.price(0, 1_000)
    telling.play(JoinVault(START_NS, first + 3, 4_000))
    default_at_a_fifth_less(telling, first)
    telling.play(LeaveVault(telling.time, first + 3, 1))
    return telling.reach, telling.told


def closed_at_the_mark_before() -> tuple[Counter[str], int]:
    """A fall beyond the account's means: its winner closes at the mark before the last one and so bears the loss."""
    terms = plain_terms(1, Executor.ADL, (Tranche.ADL,))
    terms.policy[0].adl_price = AdlPrice.PREVIOUS_MARK
    telling = Telling(terms)
    first = SystemAccount.MARKET_FUNDS + 1
    telling.play(ListInstrument(START_NS, 0))
    for place, amount in enumerate((11_000, 60_000)):
        telling.play(OpenAccount(START_NS, first + place, 1, 1))
        telling.play(Deposit(START_NS, first + place, amount))
    telling.price(0, 1_000)
    telling.play(Trade(telling.time, first, first + 1, 0, 100, 1_000))
    for ticks in (950, 800):
        telling.price(0, ticks)
    telling.play(Advance(telling.time, 5))
    return telling.reach, telling.told


def a_block_that_draws_little() -> tuple[Counter[str], int]:
    """A default of which the fund may pay a ninth in one block; the rest is asked of the winners."""
    terms = plain_terms(1, Executor.ENGINE, (Tranche.VENUE_FUND, Tranche.HAIRCUT_ALL))
    terms.policy[0].block_draw_quanta = 1_000
    telling = Telling(terms)
    first = SystemAccount.MARKET_FUNDS + 1
    telling.play(ListInstrument(START_NS, 0))
    for place, amount in enumerate((11_000, 60_000, 500_000)):
        telling.play(OpenAccount(START_NS, first + place, 1, 1))
        telling.play(Deposit(START_NS, first + place, amount))
    telling.play(ContributeFund(START_NS, SystemAccount.VENUE_FUND, 100_000))
    telling.price(0, 1_000)
    default_at_a_fifth_less(telling, first)
    return telling.reach, telling.told


def burdened_vault() -> tuple[Counter[str], int]:
    """The vault keeps what the positions it took over require, until it defaults itself; assets that nobody accepts.

    What a contract was listed with may not change under it.
    """
    telling = Telling(plain_terms(1, Executor.BACKSTOP_VAULT, (Tranche.HAIRCUT_ALL,)))
    first = SystemAccount.MARKET_FUNDS + 1
    telling.play(ListInstrument(START_NS, 0))
    for place, amount in enumerate((11_000, 60_000, 500_000, 5_000)):
        telling.play(OpenAccount(START_NS, first + place, 1, 1))
        telling.play(Deposit(START_NS, first + place, amount))
    telling.play(Deposit(START_NS, first, 5, 7))
    telling.play(ContributeFund(START_NS, SystemAccount.FEES, 5))
    telling.price(0, 1_000)
    telling.play(JoinVault(START_NS, first + 3, 4_000))
    telling.play(Trade(telling.time, first, first + 1, 0, 100, 1_000))
    telling.price(0, 930)
    telling.play(Advance(telling.time, 5))
    telling.play(LeaveVault(telling.time, first + 3, 1_000_000))
    telling.play(LeaveVault(telling.time, first + 3, 3_000_000))
    telling.price(0, 800)
    telling.play(Advance(telling.time, 5))
    telling.play(StageTerm(telling.time, 0, 2))  # the unit of the first contract
    telling.play(EnactTerms(telling.time, 2))
    return telling.reach, telling.told


def crowded_auction() -> tuple[Counter[str], int]:
    """More prices are named in one auction than it has rows for; at those it has, interest may still be added."""
    telling = Telling(plain_terms(1, Executor.ENGINE, (Tranche.MARKET_FUND,)))
    telling.play(ListInstrument(START_NS, 0))
    telling.price(0, 1_000)
    telling.play(SetMode(telling.time, 0, Mode.AUCTION))
    for place in range(INTEREST_MAX + 1):
        telling.play(ReportInterest(telling.time, 0, 2 if place % 2 else -2, 1_010 - place))
    telling.play(ReportInterest(telling.time, 0, 3, 1_010))
    telling.play(CrossAuction(telling.time, 0))
    return telling.reach, telling.told


def caps_reached() -> tuple[Counter[str], int]:
    """Every cap is met: of a position, an owner, orders, all markets, collateral that ramps, and what leaves."""
    terms = plain_terms(2, Executor.ENGINE, (Tranche.MARKET_FUND,))
    market = terms.markets[0]
    market.position_lots, market.owner_lots, market.order_band_ppm = 10, 12, 50_000
    terms.policy[0].open_interest_quanta = 15_000
    terms.policy[0].outflow_ppm, terms.policy[0].outflow_least_quanta = 100_000, 5_000
    asset = terms.assets[1]
    asset.used, asset.price_instrument, asset.value_num, asset.value_den = 1, 1, 1, 1
    asset.maintenance_ppm = asset.initial_ppm = 500_000
    asset.cap_amount, asset.ramp_start_ns, asset.ramp_ns = 100, START_NS, 100 * SECOND
    telling = Telling(terms)
    first = SystemAccount.MARKET_FUNDS + 2
    for instrument in range(2):
        telling.play(ListInstrument(START_NS, instrument))
    for place in range(3):
        telling.play(OpenAccount(START_NS, first + place, 1 + place // 2, 1))  # the first two have one owner
        telling.play(Deposit(START_NS, first + place, 20_000))
    telling.price(0, 1_000)
    telling.price(1, 1_000)
    now = telling.time
    telling.play(Trade(now, first, first + 2, 0, 11, 1_000))
    telling.play(Trade(now, first, first + 1, 0, 7, 1_000))
    telling.play(Trade(now, first, first + 2, 0, 8, 1_000))
    telling.play(Trade(now, first, first + 2, 0, 1, 1_051))
    telling.play(ReserveOrder(now, first, 0, 2, 990))
    telling.play(ReserveOrder(now, first, 0, 1, 990))
    telling.play(Trade(now, first, first + 2, 1, 8, 1_000))
    telling.play(Deposit(now, first, 3, 1))
    telling.play(Deposit(now, first, 2, 1))
    telling.time += 80 * SECOND
    telling.play(Withdraw(telling.time, first + 1, 6_201))
    telling.play(Withdraw(telling.time, first, 1, 1))
    telling.play(Withdraw(telling.time, first + 1, 5_000))
    return telling.reach, telling.told


def governed_venue() -> tuple[Counter[str], int]:
    """Rules change by proposal: every way it is refused, one ended, one enacted."""
    terms = plain_terms(1, Executor.ENGINE, (Tranche.VENUE_FUND,))
    terms.stages[0].fee_ppm = 10_000
    terms.governing[0].enforced, terms.governing[0].votes_needed = 1, 2
    for seat, role in enumerate((Authority.COUNCIL, Authority.COUNCIL, Authority.GUARDIAN)):
        terms.seats[seat].role = role
    for corridor in terms.corridors:
        corridor.step_max_ppm, corridor.notice_ns, corridor.authority = 200_000, SECOND, Authority.COUNCIL
    telling = Telling(terms)
    first = SystemAccount.MARKET_FUNDS + 1
    telling.play(ListInstrument(START_NS, 0))
    for place in range(2):
        telling.play(OpenAccount(START_NS, first + place, place + 1, 1))
        telling.play(Deposit(START_NS, first + place, 11_000))
    telling.price(0, 1_000)
    telling.play(Trade(telling.time, first, first + 1, 0, 100, 1_000))
    shape = TermsShape(1, 2)
    fee = cell_address(shape, "stages", 0, "fee_ppm")
    telling.play(ProposeTerms(telling.time, 2, 1))
    telling.play(EnactTerms(telling.time, 2))
    for value, seat in ((13_000, 1), (12_000, 3), (12_000, 1)):
        telling.play(StageTerm(telling.time, fee, value))
        telling.play(ProposeTerms(telling.time, 2, seat))
    telling.play(VetoTerms(telling.time, 2, 3))
    telling.play(StageTerm(telling.time, fee, 12_000))
    telling.play(ProposeTerms(telling.time, 2, 1))
    telling.play(StageTerm(telling.time, fee, 1))
    telling.play(EnactTerms(telling.time, 2))
    telling.time += SECOND
    telling.play(EnactTerms(telling.time, 2))
    telling.play(VoteTerms(telling.time, 2, 1))
    telling.play(VoteTerms(telling.time, 2, 2))
    telling.play(EnactTerms(telling.time, 2))
    telling.price(0, 945)
    for table, row, field, value in (
        ("brackets", Level.MAINTENANCE, "numerator", 60_000),
        ("schedules", Level.MAINTENANCE, "rate_max_ppm", 60_000),
    ):
        telling.play(StageTerm(telling.time, cell_address(shape, table, row, field), value))
    telling.play(ProposeTerms(telling.time, 3, 1))
    return telling.reach, telling.told


def computed_funding() -> tuple[Counter[str], int]:
    """A market that computes its funding, and one that is told it."""
    terms = plain_terms(2, Executor.ENGINE, (Tranche.VENUE_FUND,))
    row = terms.funding[0]
    row.kind, row.interest_ppb, row.clamp_ppb = FundingKind.CLAMPED_PREMIUM, 100_000, 500_000
    row.period_ns, row.interval_ns, row.multiplier_ppm = 8 * SECOND, SECOND, PPM
    telling = Telling(terms)
    for instrument in range(2):
        telling.play(ListInstrument(START_NS, instrument))
        telling.price(instrument, 1_000)
    telling.play(SettleFunding(telling.time, 1))
    telling.play(SettleFunding(telling.time, 0))
    telling.play(ReportPremium(telling.time, 0, 3_000_000))
    telling.play(SettleFunding(telling.time, 0))
    telling.play(ReportPremium(telling.time, 0, -3_000_000))
    telling.play(SettleFunding(telling.time, 0))
    telling.time += SECOND
    telling.play(SettleFunding(telling.time, 0))
    return telling.reach, telling.told


DIRECTED: tuple[Callable[[], tuple[Counter[str], int]], ...] = (
    many_markets,
    empty_vault,
    a_block_that_draws_little,
    closed_at_the_mark_before,
    burdened_vault,
    caps_reached,
    crowded_auction,
    governed_venue,
    computed_funding,
)
