"""Trades, reductions and orders near what an account can still bear."""

from solvent.codes import Level, SystemAccount
from solvent.commands import Command, ReleaseOrder, ReserveOrder, SetLeverage, Trade
from solvent.lab.driver.setting import Setting


def _most_lots(world: Setting, account: int, instrument: int, sign: int) -> int:
    """About as many lots as the account can still open."""
    books = world.books
    free = books.equity(account, Level.INITIAL) - books.requirement(account, Level.INITIAL)
    held = books.lots_of(account, instrument)
    position = books.accounts[account].positions.get(instrument)
    leverage = position.leverage if position else 0
    now = books.alone(instrument, Level.INITIAL, held, leverage)
    low, high = 0, books.rules.contracts[instrument]["lots_max"] + 2
    while low + 1 < high:
        middle = (low + high) // 2
        if books.alone(instrument, Level.INITIAL, held + sign * middle, leverage) - now <= free:
            low = middle
        else:
            high = middle
    return low


def _ask_trade(world: Setting) -> Command | None:
    chance, books = world.random, world.books
    instrument = world.market()
    mark = books.marks[instrument]
    if not mark:
        return None
    buyer, seller = chance.sample(list(world.kinds), 2)
    if chance.random() < 0.08:
        if chance.random() < 0.5:
            buyer = SystemAccount.VAULT
        else:
            seller = SystemAccount.VAULT
    traders = [number for number in (buyer, seller) if number in world.kinds]
    most = min(
        _most_lots(world, number, instrument, 1 if number == buyer else -1) if number in books.accounts else 1
        for number in traders
    )
    lots = world.near(most) if chance.random() < 0.35 else chance.randint(1, max(most, 1))
    price = mark if chance.random() < 0.6 else round(mark * chance.gauss(1, 0.02))
    value = abs(books.traded(instrument, lots, max(price, 1)))
    fee = counter_fee = 0
    if chance.random() < 0.3:
        fee = value * chance.choice([0, 1, 5]) // 10_000
        counter_fee = chance.choice([0, -fee, fee, -fee - 1, -fee // 2])
        if chance.random() < 0.5:
            fee, counter_fee = counter_fee, fee
    return Trade(world.time_ns, buyer, seller, instrument, lots, price, fee, counter_fee, chance.randrange(1_000))


def _ask_reduce(world: Setting) -> Command | None:
    """Both sides make their positions smaller, often exactly at the mark."""
    chance, books = world.random, world.books
    places = world.held()
    pairs = [
        (long, short, instrument)
        for long, instrument in places
        if books.lots_of(long, instrument) > 0
        for short, other in places
        if other == instrument and books.lots_of(short, instrument) < 0
    ]
    if not pairs:
        return None
    seller, buyer, instrument = chance.choice(pairs)
    most = min(books.lots_of(seller, instrument), -books.lots_of(buyer, instrument))
    lots = chance.choice([most, chance.randint(1, most), most + 1, 1])
    mark = books.marks[instrument]
    price = mark if chance.random() < 0.6 else round(mark * chance.gauss(1, 0.02))
    return Trade(world.time_ns, buyer, seller, instrument, lots, price)


def _ask_reserve(world: Setting) -> Command | None:
    account, instrument = world.trader(), world.market()
    mark = world.books.marks[instrument]
    if not mark or account not in world.books.accounts:
        return None
    sign = world.random.choice([1, -1])
    most = _most_lots(world, account, instrument, sign)
    lots = world.near(most) if world.random.random() < 0.4 else world.random.randint(1, max(most, 1))
    return ReserveOrder(world.time_ns, account, instrument, sign * lots, round(mark * world.random.gauss(1, 0.05)))


def _ask_release(world: Setting) -> Command | None:
    waiting = [
        (account, instrument, position)
        for account in world.kinds
        if account in world.books.accounts
        for instrument, position in world.books.accounts[account].positions.items()
        if position.bid_lots or position.ask_lots
    ]
    if not waiting:
        return None
    account, instrument, position = world.random.choice(waiting)
    bids = position.bid_lots > 0 and (position.ask_lots == 0 or world.random.random() < 0.5)
    lots, quanta = (position.bid_lots, position.bid_quanta) if bids else (position.ask_lots, position.ask_quanta)
    unit = world.books.rules.contracts[instrument]["quanta_per_lot_tick"]
    price = lots * unit // max(quanta, 1) if world.books.is_inverse(instrument) else quanta // (lots * unit)
    lots = world.near(lots) if world.random.random() < 0.3 else lots
    return ReleaseOrder(world.time_ns, account, instrument, lots if bids else -lots, price)


def _ask_leverage(world: Setting) -> Command:
    leverage = world.random.choice([0, 1, 2, 3, 5, 10, 25, 100, 1_000, 1_001])
    return SetLeverage(world.time_ns, world.trader(), world.market(), leverage)


ASKS = {
    "trade": _ask_trade,
    "reduce": _ask_reduce,
    "reserve": _ask_reserve,
    "release": _ask_release,
    "leverage": _ask_leverage,
}
"""What may be asked, by name; how often is said in `world.WEIGHTS`."""
