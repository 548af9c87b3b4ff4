"""Chance inside a stretch: numbers, edges beside numbers, empty commands, accounts."""

from solvent.codes import SystemAccount
from solvent.lab.clerk.compiled import step

MULTIPLIER = 25_214_903_917
BITS_48 = 2**48 - 1


@step
def chance(seed, most):
    """A number from 0 to most - 1; the state of the generator is seed[0]."""
    x = (int(seed[0]) * MULTIPLIER + 11) & BITS_48
    seed[0] = x
    return (x >> 16) % most


@step
def near(seed, number):
    """A number at, just beside, or somewhat off another."""
    pick = chance(seed, 9)
    if pick < 2:
        return number
    if pick == 2:
        return number + 1
    if pick == 3:
        return number - 1
    if pick == 4:
        return number + 2
    if pick == 5:
        return number + number // 7
    if pick == 6:
        return number - number // 3
    if pick == 7:
        return number // 2
    return number - 2


@step
def clear(command):
    """All fields zero."""
    command.time_ns = 0
    command.source_time_ns = 0
    command.lots = 0
    command.price_ticks = 0
    command.amount_quanta = 0
    command.proceeds_quanta = 0
    command.fee_quanta = 0
    command.counter_fee_quanta = 0
    command.rate_ppb = 0
    command.shares = 0
    command.value = 0
    command.reference = 0
    command.owner = 0
    command.kind = 0
    command.account = 0
    command.counterparty = 0
    command.instrument = 0
    command.source = 0
    command.asset = 0
    command.cell = 0
    command.leverage = 0
    command.mode = 0
    command.account_kind = 0
    command.count = 0
    command.version = 0


@step
def begin(command, kind):
    """An empty command of a kind."""
    clear(command)
    command.kind = kind


@step
def some_account(state, clerk, seed):
    """Any trader's account."""
    first = SystemAccount.MARKET_FUNDS + clerk.mark.shape[0]
    return first + chance(seed, max(state.venue[0].account_count - first, 1))
