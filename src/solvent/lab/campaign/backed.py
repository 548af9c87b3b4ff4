"""Stories of pools, keepers, bidders and routes, told to the auditor: what drawn worlds meet too seldom."""

from collections import Counter

import numpy as np

from solvent.codes import Executor, FeePayee, Level, OfferPrice, SystemAccount, Tranche
from solvent.commands import (
    Advance,
    BidShare,
    ClaimLiquidation,
    ContributeFund,
    Deposit,
    EndorseKeeper,
    GiveNotice,
    JoinVault,
    LeaveVault,
    LiquidationFill,
    ListInstrument,
    OpenAccount,
    OpenPool,
    Trade,
    UnwindFill,
    Withdraw,
)
from solvent.lab.campaign.directed import SECOND, Telling, plain_terms
from solvent.lab.driver import START_NS
from solvent.state.terms import Terms
from solvent.units import PPM


def opened(terms: Terms, amounts: tuple[int, ...]) -> tuple[Telling, int]:
    """A telling with every market listed and priced at 1,000, and an account for each amount; the first of them."""
    telling = Telling(terms)
    markets = len(terms.contracts)
    first = SystemAccount.MARKET_FUNDS + markets
    for instrument in range(markets):
        telling.play(ListInstrument(START_NS, instrument))
        telling.price(instrument, 1_000)
    for place, amount in enumerate(amounts):
        telling.play(OpenAccount(telling.time, first + place, place, 1))
        telling.play(Deposit(telling.time, first + place, amount))
    return telling, first


def pool_terms() -> Terms:
    """Two markets, each with a pool of its own; the second pool has every bound a pool may have."""
    terms = plain_terms(2, Executor.BACKSTOP_VAULT, (Tranche.LIQUIDITY_VAULT,))
    terms.pools[0].used = terms.pools[1].used = 1
    pool, backing = terms.pools[1], terms.backings[1]
    pool.notice_ns, pool.deposit_cap_quanta, pool.hour_cap_quanta = 60 * SECOND, 60_000, 150_000
    pool.concentration_ppm, pool.correlation_ppm = 2 * PPM, 500_000
    pool.unwind_ns, pool.unwind_depth_ppm, pool.unwind_limit_ppm = 10 * SECOND, 100_000, 20_000
    backing.pool, backing.cap_quanta, backing.hour_cap_quanta, backing.discount_ppm = 1, 80_000, 120_000, 1_000
    terms.markets[1].depth_lots = 200
    terms.policy[0].withdraw_charge = 1
    return terms


def ring_fenced() -> tuple[Counter[str], int]:
    """Joined, noticed and left; taken over up to the room; unwound step by step; a deficit that leavers share."""
    telling, first = opened(pool_terms(), (11_000, 60_000, 500_000, 80_000, 11_000))
    member, pool = first + 3, first + 5
    telling.play(OpenPool(telling.time, pool, 3))
    telling.play(OpenPool(telling.time, pool + 1, 1))
    telling.play(OpenPool(telling.time, pool, 1))
    telling.play(OpenPool(telling.time, pool + 1, 1))
    telling.play(JoinVault(telling.time, member, 1_000, first))
    telling.play(JoinVault(telling.time, member, 50_000, pool))
    telling.play(JoinVault(telling.time, member, 20_000, pool))
    telling.play(JoinVault(telling.time, member, 100))
    telling.play(GiveNotice(telling.time, member, 10**12))
    telling.play(LeaveVault(telling.time, member, 1_000_000))
    telling.play(GiveNotice(telling.time, member, 1_000_000))
    telling.play(LeaveVault(telling.time, member, 1_000_000))
    telling.time += 60 * SECOND
    telling.play(LeaveVault(telling.time, member, 1_000_000))
    telling.play(ContributeFund(telling.time, SystemAccount.VAULT, 10_000))
    telling.play(Trade(telling.time, first, first + 1, 1, 100, 1_000))
    telling.price(1, 930)
    telling.play(Advance(telling.time, 5))
    telling.time += SECOND
    telling.play(Advance(telling.time, 5))
    order = telling.machine.state.unwinds[1]
    reference, other = int(order.reference), first + 2
    for command in (
        UnwindFill(telling.time, SystemAccount.VAULT, other, 1, 5, 930, reference),
        UnwindFill(telling.time, pool, other, 1, 50, 930, reference),
        UnwindFill(telling.time, pool, other, 1, 5, 930, reference - 1),
        UnwindFill(telling.time, pool, other, 1, 5, 700, reference),
        UnwindFill(telling.time, pool, other, 1, 5, 925, reference),
    ):
        telling.play(command)
    telling.play(Trade(telling.time, first + 4, first + 2, 0, 100, 1_000))
    telling.price(0, 600)
    telling.play(Withdraw(telling.time, first + 2, 1_000))
    for _turn in range(3):
        telling.time += SECOND
        telling.play(Advance(telling.time, 5))
    telling.play(Withdraw(telling.time, first + 2, 10_000))
    return telling.reach, telling.told


def keeper_terms() -> Terms:
    """Keepers first, then shares of the whole account, then whatever is left while it is bankrupt."""
    terms = plain_terms(2, Executor.KEEPER, (Tranche.VENUE_FUND, Tranche.HAIRCUT_ALL))
    stages, offers = terms.stages, terms.offers
    for row, (scale, executor) in enumerate(
        ((PPM, Executor.KEEPER), (600_000, Executor.AUCTION), (0, Executor.AUCTION))
    ):
        stages[row].used, stages[row].level, stages[row].scale_ppm = 1, Level.MAINTENANCE, scale
        stages[row].executor, stages[row].timeout_ns = executor, 30 * SECOND
    stages[0].fee_ppm, stages[0].fee_payee = 10_000, 1
    offers[0].price, offers[0].start_ppm, offers[0].endorsed = OfferPrice.BONUS, 995_000, 1
    offers[0].reward_flat_quanta, offers[0].reward_ppm, offers[0].reward_max_quanta = 10, 5_000, 300
    offers[0].bonus_fee_ppm, offers[0].bonus_fee_payee = 100_000, FeePayee.VENUE_CAPITAL
    offers[1].price, offers[1].portfolio, offers[1].buffer_ppm = OfferPrice.TIME, 1, 150_000
    offers[1].start_ppm, offers[1].first_ppm, offers[1].first_ns = 950_000, 700_000, 20 * SECOND
    offers[1].start_fee_ppm, offers[1].start_fee_payee = 10_000, FeePayee.VENUE_FUND
    offers[1].second_ppm, offers[1].second_ns, offers[1].reset_ns = 0, 5 * SECOND, 25 * SECOND
    offers[2].price, offers[2].start_ppm, offers[2].cut_ppm, offers[2].step_ns = OfferPrice.STAIRS, PPM, 990_000, SECOND
    return terms


def reference_of(telling: Telling, account: int) -> int:
    """Reference of the account's last offer."""
    return int(telling.machine.state.accounts[account].order_reference)


def kept() -> tuple[Counter[str], int]:
    """Claimed by whoever is first, late, twice, untrusted; a portfolio in shares; a bankrupt account by stairs."""
    telling, first = opened(keeper_terms(), (16_000, 90_000, 900_000, 900_000, 50_000))
    loser, keeper, rival = first, first + 2, first + 3
    telling.play(Trade(telling.time, loser, first + 1, 0, 80, 1_000))
    telling.play(Trade(telling.time, loser, first + 1, 1, 40, 1_000))
    telling.play(EndorseKeeper(telling.time, keeper, 1))
    telling.play(EndorseKeeper(telling.time, keeper, 2))
    telling.play(ClaimLiquidation(telling.time, loser, keeper, 0, 1, 1))
    telling.price(0, 860)
    telling.play(Advance(telling.time, 5))
    reference = reference_of(telling, loser)
    for command in (
        ClaimLiquidation(telling.time, loser, rival, 0, 10, reference),
        ClaimLiquidation(telling.time, loser, keeper, 0, 10, reference - 1),
        ClaimLiquidation(telling.time, loser, keeper, 0, 10, reference, 860),
        ClaimLiquidation(telling.time, loser, keeper, 0, 10, reference),
        ClaimLiquidation(telling.time, loser, keeper, 0, 71, reference),
        LiquidationFill(telling.time, loser, keeper, 0, 10, 870, reference),
        BidShare(telling.time, loser, keeper, 100_000, reference),
    ):
        telling.play(command)
    telling.play(ClaimLiquidation(telling.time + 30 * SECOND, loser, keeper, 0, 10, reference))
    telling.price(0, 820)
    telling.time += 30 * SECOND
    telling.play(Advance(telling.time, 5))
    reference = reference_of(telling, loser)
    telling.time += SECOND
    for command in (
        BidShare(telling.time, loser, rival, PPM, reference),
        BidShare(telling.time, loser, rival, 100_000, reference, 900_000_000),
        BidShare(telling.time, loser, rival, 100_000, reference),
        ClaimLiquidation(telling.time, loser, rival, 0, 1, reference),
    ):
        telling.play(command)
    telling.time += 26 * SECOND
    telling.play(Advance(telling.time, 5))
    telling.price(0, 700)
    telling.time += 40 * SECOND
    telling.play(Advance(telling.time, 5))
    telling.time += 3 * SECOND
    account = telling.machine.state.accounts[loser]
    for instrument in range(2):
        for row in range(int(telling.machine.state.venue[0].position_count)):
            position = telling.machine.state.positions[row]
            if position.account == loser and position.instrument == instrument and position.lots:
                lots = int(abs(position.lots))
                claim = ClaimLiquidation(telling.time, loser, rival, instrument, lots, int(account.order_reference))
                telling.play(claim)
                break
    telling.play(Advance(telling.time, 5))
    return telling.reach, telling.told


def routed_terms() -> Terms:
    """A thin book, a pool and keepers at one threshold: the cheapest first, and none that would cost too much."""
    terms = plain_terms(1, Executor.BACKSTOP_VAULT, (Tranche.VENUE_FUND, Tranche.HAIRCUT_ALL))
    stages = terms.stages
    for row, executor in enumerate((Executor.BACKSTOP_VAULT, Executor.ENGINE, Executor.KEEPER)):
        stages[row].used, stages[row].level, stages[row].scale_ppm = 1, Level.MAINTENANCE, PPM
        stages[row].executor, stages[row].timeout_ns = executor, 30 * SECOND
    terms.pools[0].used = 1
    terms.backings[0].discount_ppm = 4_000
    terms.offers[2].start_ppm = 500_000
    terms.markets[0].depth_lots = 100
    terms.policy[0].routes = 1
    return terms


def routed() -> tuple[Counter[str], int]:
    """A large position: what the book takes cheaper than the pool goes there, the rest to the pool at once."""
    telling, first = opened(routed_terms(), (11_000, 60_000, 900_000))
    telling.play(ContributeFund(telling.time, SystemAccount.VAULT, 100_000))
    telling.play(Trade(telling.time, first, first + 1, 0, 100, 1_000))
    telling.price(0, 930)
    telling.play(Advance(telling.time, 5))
    return telling.reach, telling.told


def toxic() -> tuple[Counter[str], int]:
    """A keeper's price so low that closing would cost more health than it frees: the account waits for better."""
    terms = routed_terms()
    terms.policy[0].routes = 0
    terms.stages[0].used, terms.stages[0].executor = 1, Executor.KEEPER
    terms.offers[0].start_ppm = 900_000
    telling, first = opened(terms, (11_000, 60_000, 900_000))
    telling.play(Trade(telling.time, first, first + 1, 0, 100, 1_000))
    telling.price(0, 930)
    telling.play(Advance(telling.time, 5))
    telling.play(ClaimLiquidation(telling.time, first, first + 2, 0, 10, reference_of(telling, first)))
    return telling.reach, telling.told


def position_of(telling: Telling, account: int, instrument: int) -> int:
    """Signed lots of an account in a market."""
    table = telling.machine.state.positions[: int(telling.machine.state.venue[0].position_count)]
    own = (table["account"] == account) & (table["instrument"] == instrument)
    return int(np.sum(table["lots"][own]))


BACKED = (ring_fenced, kept, routed, toxic)
"""Stories told at the beginning of every campaign."""
