"""What a refused command, and the event of an accepted one, must repeat and may not change."""

from solvent.codes import ContractKind, Mode, Refusal, Schedule
from solvent.commands import CommandKind
from solvent.lab.clerk.books import (
    VENUE_MODE,
)
from solvent.lab.clerk.compiled import step
from solvent.lab.clerk.laws import (
    MARGIN,
    REFUSED,
    TOLD,
)
from solvent.lab.clerk.ledger import is_trader


@step
def check_repeated(clerk, event, command):
    """The event of the command itself repeats its fields."""
    mask = clerk.repeated[command.kind]
    same = (
        (mask & 1 == 0 or event.account == command.account)
        and (mask & 2 == 0 or event.counterparty == command.counterparty)
        and (mask & 4 == 0 or event.instrument == command.instrument)
        and (mask & 8 == 0 or event.lots == command.lots)
        and (mask & 16 == 0 or event.price_ticks == command.price_ticks)
        and (mask & 32 == 0 or event.amount_quanta == command.amount_quanta)
        and (mask & 64 == 0 or event.fee_quanta == command.fee_quanta)
        and (mask & 128 == 0 or event.counter_fee_quanta == command.counter_fee_quanta)
        and (mask & 256 == 0 or event.shares == command.shares)
        and (mask & 512 == 0 or event.reference == command.reference)
        and (mask & 1024 == 0 or event.asset == command.asset)
        and (mask & 2048 == 0 or event.cell == command.cell)
    )
    return 0 if same else TOLD + 50


@step
def check_refused(state, clerk, event, command, before, now):
    """A refused command changes nothing but the sequence, and says why."""
    if event.refusal == Refusal.NONE or event.value != command.kind:
        return REFUSED + 1
    if event.account != command.account or event.counterparty != command.counterparty:
        return REFUSED + 2
    if event.instrument != command.instrument or event.lots != command.lots or event.reference != command.reference:
        return REFUSED + 3
    if event.price_ticks != command.price_ticks or event.amount_quanta != command.amount_quanta:
        return REFUSED + 4
    if before != now:
        return REFUSED + 5
    return check_reducing_allowed(state, clerk, event, command)


@step
def level_of(clerk, market):
    """The stricter of the market's mode and the venue's."""
    return max(clerk.mode[market], clerk.note[VENUE_MODE])


@step
def check_reducing_allowed(state, clerk, event, command):
    """Two sides that both reduce at the mark without fees are allowed, unless the market is halted or in auction."""
    if command.kind != CommandKind.TRADE:
        return 0
    refusal = event.refusal
    if refusal == Refusal.AMOUNT_OUT_OF_RANGE:
        return 0
    if refusal == Refusal.MARKET_HALTED or refusal == Refusal.MARKET_IN_AUCTION:
        market = command.instrument
        if market < 0 or market >= clerk.mark.shape[0]:
            return 0
        level = level_of(clerk, market)
        # while interest is collected for one price nobody trades at another
        wanted = Mode.HALTED if refusal == Refusal.MARKET_HALTED else Mode.AUCTION
        return 0 if level == wanted else MARGIN + 5
    if refusal == Refusal.TIME_OUT_OF_RANGE or refusal == Refusal.FIELD_NOT_USED:
        return 0
    if refusal == Refusal.EXPIRED:
        return 0  # an option after its time: nothing trades, everything is settled
    if refusal == Refusal.PRICE_CONDITION:
        return 0  # whether the rulebook lets a doubtful price stop reductions, the auditor knows
    buyer = command.account
    seller = command.counterparty
    market = command.instrument
    rooms = clerk.wallet.shape[0]
    if buyer < 0 or buyer >= rooms or seller < 0 or seller >= rooms or market < 0 or market >= clerk.mark.shape[0]:
        return 0
    if not is_trader(clerk, buyer) or not is_trader(clerk, seller):
        return 0
    if command.fee_quanta != 0 or command.counter_fee_quanta != 0 or command.lots < 1:
        return 0
    if command.price_ticks != clerk.mark[market] or command.price_ticks == 0:
        return 0
    for level in range(state.levels.shape[0]):
        if state.schedules[level * clerk.mark.shape[0] + market].kind == Schedule.SCENARIO:
            return 0  # one leg of a hedge: reducing it alone asks for more
    if state.contracts[market].kind == ContractKind.INVERSE:
        if clerk.lots[buyer, market] != -command.lots or clerk.lots[seller, market] != command.lots:
            return 0  # an inverse value is rounded at every size: a part closed at the mark may cost a quantum
    if clerk.lots[buyer, market] <= -command.lots and clerk.lots[seller, market] >= command.lots:
        return MARGIN + 1
    return 0
