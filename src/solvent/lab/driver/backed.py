"""Pools, keepers, bidders and routes of a world, in a third of the worlds; drawn from a chance of their own.

So the worlds of seeds kept from earlier are what they were: nothing here takes from the world's other chance.
"""

from random import Random
from typing import Any

from solvent.codes import Executor, OfferPrice, Size
from solvent.commands import (
    BidShare,
    ClaimLiquidation,
    Command,
    EndorseKeeper,
    GiveNotice,
    JoinVault,
    LeaveVault,
    OpenPool,
    UnwindFill,
)
from solvent.compiled import plain
from solvent.lab.driver.setting import MINUTE, SECOND, Setting
from solvent.state.terms import STAGES_MAX, Terms
from solvent.state.values import notional_up
from solvent.units import PPM

SHARE_OF_WORLDS = 0.35
SHARE_OF_COMMANDS = 0.2


def chance_of(world: Setting) -> Random:
    """The chance that pools and keepers draw from."""
    if world.backing is None:
        world.backing = Random(world.seed * 104_729 + 3)
    return world.backing


def draw_backed(world: Setting, terms: Terms) -> None:
    """Pools with caps, stages that offer, routes by cost and shares of a loss; or nothing of it."""
    chance = chance_of(world)
    world.is_backed = chance.random() < SHARE_OF_WORLDS
    if not world.is_backed:
        return
    unit = int(plain(notional_up)(terms.contracts[0], 10, world.start_ticks[0]))
    terms.policy[0].withdraw_charge = chance.randint(0, 1)
    terms.policy[0].routes = chance.choice([0, 0, 1])
    for row in range(2):
        pool = terms.pools[row]
        pool.used = 1
        pool.notice_ns = chance.choice([0, 0, 30 * SECOND])
        pool.deposit_cap_quanta = chance.choice([0, 20 * unit])
        pool.hour_cap_quanta = chance.choice([0, 0, 10 * unit])
        pool.concentration_ppm = chance.choice([0, 500_000, 3 * PPM])
        pool.correlation_ppm = chance.choice([0, 300_000, PPM])
        pool.unwind_ns = chance.choice([0, SECOND, MINUTE])
        pool.unwind_depth_ppm = chance.choice([1, 100_000, PPM])
        pool.unwind_limit_ppm = chance.choice([0, 20_000, PPM])
        pool.unwind_whole_quanta = chance.choice([0, unit])
    for instrument in range(world.instruments):
        backing = terms.backings[instrument]
        backing.pool = chance.choice([0, 0, 1])
        backing.cap_quanta = chance.choice([0, 0, 5 * unit])
        backing.hour_cap_quanta = chance.choice([0, 0, 5 * unit])
        backing.discount_ppm = chance.choice([0, 0, 10_000])
    for row in range(STAGES_MAX):
        _draw_offer(chance, terms, row)
        if terms.stages[row].executor in (Executor.KEEPER, Executor.AUCTION):
            _draw_fees(Random(world.seed * 7_919 + row), terms.offers[row])


def _draw_offer(chance: Random, terms: Terms, row: int) -> None:
    stage, offer = terms.stages[row], terms.offers[row]
    if not stage.used:
        return
    offer.volatility_ppm, offer.depth_ppm = chance.choice([0, PPM]), chance.choice([0, 500_000])
    if stage.executor != Executor.ENGINE or chance.random() < 0.4:
        return
    stage.executor = chance.choice([Executor.KEEPER, Executor.AUCTION])
    stage.timeout_ns = chance.choice([SECOND, MINUTE])
    offer.price = chance.choice(list(OfferPrice))
    offer.start_ppm, offer.first_ppm = chance.choice([PPM, 990_000, 1_200_000]), chance.choice([980_000, 700_000])
    offer.first_ns, offer.slope_ppm = chance.choice([SECOND, MINUTE]), chance.choice([10_000, PPM])
    offer.second_ppm, offer.second_ns = chance.choice([0, 500_000]), chance.choice([0, MINUTE])
    offer.cut_ppm, offer.step_ns = chance.choice([990_000, 900_000]), chance.choice([SECOND, 7 * SECOND])
    offer.reset_ns, offer.endorsed = chance.choice([0, 30 * SECOND]), chance.choice([0, 0, 1])
    offer.reward_flat_quanta, offer.reward_ppm = chance.choice([0, 10]), chance.choice([0, 2_000])
    offer.reward_max_quanta = chance.choice([0, 1_000])
    if stage.executor == Executor.AUCTION and chance.random() < 0.5:
        offer.portfolio, offer.buffer_ppm, stage.sizing = 1, 150_000, Size.FULL


def _draw_fees(chance: Random, offer: Any) -> None:
    offer.reset_below_ppm = chance.choice([0, 900_000])
    offer.start_fee_ppm, offer.start_fee_payee = chance.choice([0, 0, 5_000]), chance.choice([1, 2, 4])
    offer.bonus_fee_ppm, offer.bonus_fee_payee = chance.choice([0, 0, 100_000]), chance.choice([1, 2, 4])


def ask_backed(world: Setting) -> Command | None:
    """Something only a world with pools and keepers is asked; None leaves the turn to the others."""
    if not world.is_backed:
        return None
    chance = chance_of(world)
    if chance.random() >= SHARE_OF_COMMANDS:
        return None
    return chance.choice((_claim, _claim, _claim, _bid, _endorse, _pool, _unwind, _unwind))(world, chance)


def _claim(world: Setting, chance: Random) -> Command | None:
    books = world.books
    offers = [
        (account, reference, instrument, position)
        for account, reference in world.references()
        for instrument, position in books.accounts[account].positions.items()
        if position.ordered
    ]
    if not offers:
        return None
    account, reference, instrument, position = chance.choice(offers)
    lots = chance.choice([abs(position.ordered), chance.randint(1, abs(position.ordered)), abs(position.ordered) + 1])
    keeper = chance.choice(list(world.kinds))
    if chance.random() < 0.1:
        reference -= 1
    worst = chance.choice([0, 0, books.marks[instrument]])
    return ClaimLiquidation(world.time_ns, account, keeper, instrument, lots, reference, worst)


def _bid(world: Setting, chance: Random) -> Command | None:
    flagged = world.references()
    if not flagged:
        return None
    account, reference = chance.choice(flagged)
    share = chance.choice([PPM, 500_000, 100_000, 10_000, 1, 0])
    return BidShare(
        world.time_ns, account, chance.choice(list(world.kinds)), share, reference, chance.choice([0, 10**7])
    )


def _endorse(world: Setting, chance: Random) -> Command:
    return EndorseKeeper(world.time_ns, chance.choice(list(world.kinds)), chance.choice([0, 1, 1, 1]))


def _pool(world: Setting, chance: Random) -> Command:
    books = world.books
    pool = books.vaults[1].account
    if pool < 0 and chance.random() < 0.5:
        return OpenPool(world.time_ns, len(books.accounts), chance.choice([1, 1, 1, 2]))
    account = chance.choice(list(world.kinds))
    shares = books.accounts[account].shares if account in books.accounts else 0
    if shares and chance.random() < 0.7:
        part = max(shares // chance.choice([1, 2]), 1)
        if chance.random() < 0.5:
            return GiveNotice(world.time_ns, account, part)
        return LeaveVault(world.time_ns, account, part)
    free = books.free(account) if account in books.accounts else 1
    return JoinVault(world.time_ns, account, max(free // 3, 1), max(pool, 0))


def _unwind(world: Setting, chance: Random) -> Command | None:
    orders = [(row, order) for row, order in enumerate(world.books.unwinds) if order.lots]
    if not orders:
        return None
    instrument, order = chance.choice(orders)
    lots = chance.choice([abs(order.lots), chance.randint(1, abs(order.lots)), abs(order.lots) + 1])
    price = chance.choice([order.limit, world.books.marks[instrument], order.limit - 1])
    pool = world.books.pool_of(instrument)
    other = chance.choice(list(world.kinds))
    return UnwindFill(world.time_ns, pool, other, instrument, lots, max(price, 0), order.reference)
