"""Commands that name what does not exist, or carry numbers beyond every bound."""

from collections.abc import Sequence

from solvent.codes import SystemAccount
from solvent.commands import (
    CollateralSale,
    Command,
    ContributeFund,
    Deposit,
    EnactTerms,
    FundingTick,
    JoinVault,
    LeaveVault,
    LiquidationFill,
    ListInstrument,
    OpenAccount,
    PriceReport,
    ReserveOrder,
    SetLeverage,
    StageTerm,
    Trade,
    Withdraw,
)
from solvent.lab.driver.setting import MINUTE, Setting
from solvent.state.terms import SOURCES_MAX


def _ask_nonsense(world: Setting) -> Command:
    """Commands that name what does not exist, or carry numbers beyond every bound."""
    chance = world.random
    account = chance.choice([-1, 0, int(SystemAccount.FUNDING), world.first + 39, 60, 2**31 - 1, world.trader()])
    number = chance.choice([0, -1, 2**62, 2**63 - 1, -(2**63), 1])
    instrument = chance.choice([-1, world.instruments, world.instruments + 5, world.market()])
    source = chance.choice([-1, SOURCES_MAX, 5, 0])
    now = chance.choice([world.time_ns, 0, -1, 2**62, world.time_ns - MINUTE])
    commands: Sequence[Command] = (
        Deposit(now, account, number, chance.choice([0, -1, 3, 16])),
        Withdraw(now, account, number, chance.choice([0, -1, 3, 16])),
        Trade(now, account, world.trader(), instrument, number, 1),
        Trade(now, world.trader(), account, instrument, 1, number),
        PriceReport(now, instrument, source, number, world.time_ns),
        PriceReport(world.time_ns, world.market(), 0, 5, world.time_ns + chance.choice([MINUTE, -MINUTE])),
        LiquidationFill(now, account, world.trader(), instrument, 1, 1, number),
        CollateralSale(now, account, 1, number, 1, 1),
        ContributeFund(now, account, number),
        JoinVault(now, account, number),
        LeaveVault(now, account, number),
        OpenAccount(now, account, 1, chance.choice([0, 1, 3])),
        ListInstrument(now, instrument),
        ReserveOrder(now, account, instrument, number, 1),
        FundingTick(now, instrument, number),
        SetLeverage(now, account, instrument, 5),
        EnactTerms(now, chance.choice([0, 1, 7])),
        StageTerm(now, chance.choice([-1, 10**6]), 1),
    )
    return chance.choice(commands)


ASKS = {
    "nonsense": _ask_nonsense,
}
"""What may be asked, by name; how often is said in `world.WEIGHTS`."""
