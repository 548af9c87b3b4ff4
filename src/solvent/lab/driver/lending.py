"""Assets that may be owed, in every fifth world: drawn and asked for by a chance of their own."""

from random import Random

from solvent.commands import AccrueInterest, Command, CoverDebt, Deposit, Withdraw
from solvent.lab.driver.setting import MINUTE, SECOND, Setting
from solvent.state.terms import Terms
from solvent.units import PPM

SHARE_OF_COMMANDS = 0.15
WORLDS = 5


def chance_of(world: Setting) -> Random:
    """The chance that lending draws from."""
    if world.lending is None:
        world.lending = Random(world.seed * 104_743 + 5)
    return world.lending


def draw_lending(world: Setting, terms: Terms) -> None:
    """What may be owed of each asset, what it counts for, and its rate; or nothing of it."""
    if world.seed % WORLDS != 4 or not world.assets:
        return
    chance = chance_of(world)
    for asset in world.assets:
        row = terms.assets[asset]
        unit = world.start_ticks[int(row.price_instrument)] * int(row.value_num)
        row.borrow_limit_amount = max(chance.choice([10**6, 10**8, 10**10]) * int(row.value_den) // unit, 3)
        row.liability_maintenance_ppm = chance.choice([0, PPM, 1_100_000])
        row.liability_initial_ppm = max(int(row.liability_maintenance_ppm), chance.choice([PPM, 1_200_000]))
        row.lend_max_ppm = chance.choice([PPM, PPM, 900_000, 0])
        row.interest_floor_ppb = chance.choice([0, 50_000_000, 10**11])
        row.interest_base_ppb = chance.choice([0, 450_000_000])
        row.interest_above_ppb = chance.choice([0, 10**9, 10**11])
        row.interest_optimal_ppm = chance.choice([0, 750_000, PPM])
        row.interest_square = chance.randint(0, 1)
        row.interest_kept_ppm = chance.choice([0, 100_000, PPM])
        row.interest_ns = chance.choice([0, 0, SECOND, MINUTE])
    draw_lent_cash(world, terms)


def draw_lent_cash(world: Setting, terms: Terms) -> None:
    """In half of the worlds that lend, cash too."""
    chance = chance_of(world)
    if chance.random() < 0.5:
        return
    row = terms.assets[0]
    row.borrow_limit_amount, row.lend_max_ppm = chance.choice([1, 10**6, 10**9]), chance.choice([PPM, 900_000])
    row.interest_base_ppb, row.interest_optimal_ppm = chance.choice([0, 10**9, 10**11]), chance.choice([1, 800_000])
    row.interest_above_ppb, row.interest_kept_ppm = chance.choice([0, 10**9]), chance.choice([0, 100_000])
    row.interest_ns = chance.choice([0, SECOND])


def ask_lending(world: Setting) -> Command | None:
    """Something only a world that lends is asked; None leaves the turn to the others."""
    if world.lending is None:
        return None
    chance = chance_of(world)
    if chance.random() >= SHARE_OF_COMMANDS:
        return None
    return chance.choice((_lend, _borrow, _borrow, _borrow, _repay, _accrue, _accrue, _cover, _cover, _owe_cash))(
        world, chance
    )


def _lend(world: Setting, chance: Random) -> Command:
    asset = chance.choice(world.assets)
    limit = max(int(world.terms.assets[asset].borrow_limit_amount), 1)
    return Deposit(
        world.time_ns, chance.choice(list(world.kinds)), chance.choice([10 * limit, limit, limit // 3 + 1, 1]), asset
    )


def _borrow(world: Setting, chance: Random) -> Command:
    asset = chance.choice(world.assets)
    account = chance.choice(list(world.kinds))
    limit = int(world.terms.assets[asset].borrow_limit_amount)
    held = world.books.accounts[account].holdings.get(asset, 0) if account in world.books.accounts else 0
    there = world.books.holdings_by_asset().get(asset, 0)
    amount = chance.choice([held + limit, held + limit + 1, there, there + 1, max(there // 3, 1), 1, held + 1])
    return Withdraw(world.time_ns, account, max(amount, 1), asset)


def _owe_cash(world: Setting, chance: Random) -> Command:
    account = chance.choice(list(world.kinds))
    limit = int(world.terms.assets[0].borrow_limit_amount)
    wallet = world.books.accounts[account].wallet if account in world.books.accounts else 0
    amount = chance.choice([wallet + limit, wallet + limit + 1, wallet + limit // 2, wallet + 1])
    return Withdraw(world.time_ns, account, max(amount, 1))


def _debts(world: Setting, *, flagged: bool) -> list[tuple[int, int, int]]:
    return [
        (account, asset, -amount)
        for account, book in world.books.accounts.items()
        if book.flagged == flagged
        for asset, amount in book.holdings.items()
        if amount < 0
    ]


def _repay(world: Setting, chance: Random) -> Command | None:
    debts = _debts(world, flagged=False)
    if not debts:
        return None
    account, asset, owed = chance.choice(debts)
    return Deposit(world.time_ns, account, chance.choice([owed, owed + 1, max(owed // 2, 1), 1]), asset)


def _accrue(world: Setting, chance: Random) -> Command:
    return AccrueInterest(world.time_ns, chance.choice([*world.assets, 0, chance.randint(0, 16)]))


def _cover(world: Setting, chance: Random) -> Command | None:
    debts = _debts(world, flagged=True)
    if not debts:
        return None
    account, asset, owed = chance.choice(debts)
    reference = int(world.state.accounts[account].order_reference)
    terms = world.terms.assets[asset]
    mark = world.books.marks[int(terms.price_instrument)]
    bought = chance.choice([owed, owed, owed + 1, max(owed // 2, 1), 0])
    cost = bought * mark * int(terms.value_num) // int(terms.value_den)
    if chance.random() < 0.1:
        reference -= 1
    return CoverDebt(world.time_ns, account, asset, bought, cost * chance.randint(80, 300) // 100, reference)
