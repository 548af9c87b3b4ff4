"""Prices near the next trigger, jumps, modes and funding."""

from random import Random

from solvent.codes import Mode
from solvent.commands import (
    Command,
    CrossAuction,
    FundingTick,
    ReportInterest,
    ReportPremium,
    SetMode,
    SettleFunding,
    SetVenueMode,
    Trade,
)
from solvent.lab.driver.setting import Setting


def _ask_price(world: Setting) -> Command:
    instrument = world.market()
    mark = world.books.marks[instrument] or world.start_ticks[instrument]
    return world.price_of(instrument, round(mark * world.random.gauss(1, 0.01)))


def _ask_jump(world: Setting) -> Command:
    instrument = world.market()
    mark = world.books.marks[instrument] or world.start_ticks[instrument]
    if world.random.random() < 0.4:
        mark = world.start_ticks[instrument]
    return world.all_sources(instrument, round(mark * world.random.uniform(0.7, 1.3)))


def _ask_trigger(world: Setting) -> Command | None:
    """A price at, one below or one above where some account becomes distressed."""
    places = world.held(flagged=False)
    if not places:
        return None
    account, instrument = world.random.choice(places)
    books = world.books
    lots = books.lots_of(account, instrument)
    kept = books.marks[instrument]
    most = int(world.terms.contracts[instrument].price_max_ticks)
    low, high = (1, kept) if lots > 0 else (kept, most)
    while low + 1 < high:
        middle = (low + high) // 2
        books.marks[instrument] = middle
        sound = books.surplus(account) >= 0
        if sound == (lots > 0):
            high = middle
        else:
            low = middle
    books.marks[instrument] = kept
    ticks = low + world.random.choice([-1, 0, 0, 1, 1, 2])
    if abs(ticks - kept) > kept // 3 and world.random.random() < 0.7:
        return None
    return world.all_sources(instrument, ticks)


def _ask_mode(world: Setting) -> Command:
    if world.random.random() < 0.6:
        instrument = next((i for i, mode in enumerate(world.books.modes[:-1]) if mode), world.market())
        return SetMode(world.time_ns, instrument, Mode.ACTIVE)
    return SetMode(world.time_ns, world.market(), world.random.choice([1, 2, 3, 3, 3, 4, 5]))


def _ask_venue_mode(world: Setting) -> Command:
    mode = Mode.ACTIVE if world.books.modes[-1] or world.random.random() < 0.5 else world.random.randint(1, 5)
    return SetVenueMode(world.time_ns, mode)


def _ask_auction(world: Setting) -> Command | None:
    """Interest on both sides of a mark, the crossing, and trades at its price and beside it."""
    open_auctions = [i for i, mode in enumerate(world.books.modes[:-1]) if mode == Mode.AUCTION]
    if not open_auctions:
        return ReportInterest(world.time_ns, world.market(), 1, 1) if world.random.random() < 0.1 else None
    instrument = world.random.choice(open_auctions)
    mark = world.books.marks[instrument] or world.start_ticks[instrument]
    cross = int(world.state.instruments[instrument].cross_ticks)
    if cross and world.random.random() < 0.7:
        buyer, seller = world.random.sample(list(world.kinds), 2)
        price = cross + world.random.choice([0, 0, 0, 1])
        return Trade(world.time_ns, buyer, seller, instrument, world.random.randint(1, 3), price)
    if world.random.random() < 0.25:
        return CrossAuction(world.time_ns, instrument)
    sign = world.random.choice([-1, 1])
    price = round(mark * (1 + sign * world.random.uniform(-0.01, 0.03)))  # most bids are above most offers: they meet
    return ReportInterest(world.time_ns, instrument, sign * world.random.randint(1, 9), max(price, 1))


def _ask_funding(world: Setting) -> Command:
    other = Random(world.books.sequence)  # a chance of its own, so that worlds of before stay what they were
    if other.random() < 0.6:
        instrument = world.market()
        if other.random() < 0.5:
            return SettleFunding(world.time_ns, instrument)
        return ReportPremium(world.time_ns, instrument, other.choice([0, 1, -400_000, 3_000_000, 10**9, 10**9 + 1]))
    most = int(world.books.rules.policy["funding_rate_max_ppb"])
    rate = world.random.choice([most, -most, most + 1, world.random.randint(-most, most) // 50, 1, -1])
    return FundingTick(world.time_ns, world.market(), rate)


ASKS = {
    "price": _ask_price,
    "jump": _ask_jump,
    "trigger": _ask_trigger,
    "mode": _ask_mode,
    "venue_mode": _ask_venue_mode,
    "auction": _ask_auction,
    "funding": _ask_funding,
}
"""What may be asked, by name; how often is said in `world.WEIGHTS`."""
