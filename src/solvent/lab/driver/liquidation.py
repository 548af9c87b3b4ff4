"""Answers to the orders of the liquidation engine, and time passing."""

from solvent.codes import Level
from solvent.commands import Advance, CollateralSale, Command, LiquidationFill
from solvent.lab.driver.setting import MINUTE, SECOND, Setting


def _ask_fill(world: Setting) -> Command | None:
    chance, books = world.random, world.books
    orders = [
        (account, reference, instrument, position)
        for account, reference in world.references()
        for instrument, position in books.accounts[account].positions.items()
        if position.ordered
    ]
    if not orders:
        return None
    account, reference, instrument, position = chance.choice(orders)
    lots = chance.choice([abs(position.ordered), chance.randint(1, abs(position.ordered)), 1])
    mark = books.marks[instrument]
    price = chance.choice([mark, position.limit or mark, round(mark * chance.gauss(1, 0.03))])
    if chance.random() < 0.1:
        lots += 1
    if chance.random() < 0.1 and position.limit:
        price = position.limit + (-1 if position.lots > 0 else 1)
    if chance.random() < 0.05:
        reference += chance.choice([-1, 1])
    others = [number for number in world.kinds if number != account]
    opposite = [number for number in others if books.lots_of(number, instrument) * position.lots < 0]
    rich = sorted(others, key=lambda number: -books.accounts[number].wallet if number in books.accounts else 0)
    other = chance.choice(chance.choice([opposite or others, others, rich[:3]]))
    return LiquidationFill(world.time_ns, account, other, instrument, lots, max(price, 0), reference)


def _ask_sale(world: Setting) -> Command | None:
    chance = world.random
    books = world.books
    holders = [pair for pair in world.references() if max(books.accounts[pair[0]].holdings.values(), default=0) > 0]
    if not holders:
        return None
    account, reference = chance.choice(holders)
    held = [item for item in books.accounts[account].holdings.items() if item[1] > 0]
    asset, amount = chance.choice(held)
    sold = chance.choice([amount, amount, chance.randint(1, amount), amount + 1])
    worth = books.collateral_value(asset, sold, Level.MAINTENANCE)
    return CollateralSale(world.time_ns, account, asset, sold, worth * chance.randint(0, 120) // 100, reference)


def _ask_advance(world: Setting) -> Command:
    most = int(world.books.rules.policy["advance_max"])
    count = world.random.choice([1, most, most, most, most + 1, 0]) if world.random.random() < 0.3 else most
    return Advance(world.time_ns, count)


def _ask_wait(world: Setting) -> Command:
    world.time_ns += world.random.choice([30 * SECOND, MINUTE, 11 * MINUTE])
    return _ask_advance(world)


ASKS = {
    "fill": _ask_fill,
    "sale": _ask_sale,
    "advance": _ask_advance,
    "wait": _ask_wait,
}
"""What may be asked, by name; how often is said in `world.WEIGHTS`."""
