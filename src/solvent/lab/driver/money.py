"""Money in and out, near the free margin; funds, collateral and the vault."""

from solvent.codes import SystemAccount
from solvent.commands import Command, ContributeFund, Deposit, JoinVault, LeaveVault, TransferMargin, Withdraw
from solvent.lab.driver.setting import Setting


def _ask_deposit(world: Setting) -> Command:
    account = world.trader()
    amount = world.amount()
    if account in world.books.accounts and world.random.random() < 0.5:
        amount = max(world.near(-world.books.surplus(account)), 1)
    return Deposit(world.time_ns, account, amount)


def _ask_withdraw(world: Setting) -> Command:
    account = world.trader()
    amount = world.near(world.books.free(account)) if account in world.books.accounts else 1
    return Withdraw(world.time_ns, account, amount)


def _ask_transfer(world: Setting) -> Command:
    account = world.trader()
    same = [number for number, owner in world.owners.items() if owner == world.owners[account]]
    other = world.random.choice(same if world.random.random() < 0.8 else list(world.kinds))
    amount = world.near(world.books.free(account)) if account in world.books.accounts else 1
    return TransferMargin(world.time_ns, account, other, amount)


def _ask_collateral_in(world: Setting) -> Command | None:
    if not world.assets:
        return None
    asset = world.random.choice(world.assets)
    terms = world.terms.assets[asset]
    unit = world.start_ticks[int(terms.price_instrument)] * int(terms.value_num)
    amount = max(world.amount() * int(terms.value_den) // unit, 1)
    if world.random.random() < 0.1:
        amount = 1
    return Deposit(world.time_ns, world.trader(), amount, asset)


def _ask_collateral_out(world: Setting) -> Command | None:
    holders = [
        (account, asset, amount)
        for account in world.kinds
        if account in world.books.accounts
        for asset, amount in world.books.accounts[account].holdings.items()
    ]
    if not holders:
        return None
    account, asset, amount = world.random.choice(holders)
    return Withdraw(world.time_ns, account, max(world.near(amount), 0), asset)


def _ask_fund(world: Setting) -> Command:
    deficit = world.books.open_deficit
    if deficit and world.random.random() < 0.8:
        amount = world.random.choice([deficit, deficit, deficit + 1, max(deficit // 2, 1)])
        return ContributeFund(world.time_ns, SystemAccount.DEFICIT, amount)
    fund = world.random.choice(list(SystemAccount))
    return ContributeFund(world.time_ns, fund, max(world.amount() // 10, 1))


def _ask_vault(world: Setting) -> Command:
    account = world.trader()
    if account in world.books.accounts and world.books.accounts[account].shares and world.random.random() < 0.6:
        return LeaveVault(world.time_ns, account, max(world.near(world.books.accounts[account].shares), 0))
    free = world.books.free(account) if account in world.books.accounts else 1
    return JoinVault(world.time_ns, account, world.random.choice([free, free + 1, max(free // 3, 1), 1]))


ASKS = {
    "deposit": _ask_deposit,
    "withdraw": _ask_withdraw,
    "transfer": _ask_transfer,
    "collateral_in": _ask_collateral_in,
    "collateral_out": _ask_collateral_out,
    "fund": _ask_fund,
    "vault": _ask_vault,
}
"""What may be asked, by name; how often is said in `world.WEIGHTS`."""
