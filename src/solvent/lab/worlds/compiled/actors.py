"""Who acts beside the machine: the plan's commands, panic withdrawals, members that run from the vault."""

from solvent.codes import Status, SystemAccount
from solvent.commands import CommandKind
from solvent.lab.worlds.compiled.batch import new_command, room_left
from solvent.lab.worlds.compiled.linking import world_kernel
from solvent.lab.worlds.compiled.stream import ACTORS, uniform
from solvent.lab.worlds.compiled.tables import Cursor, Rate, Setting
from solvent.lab.worlds.compiled.trading import provider, sweep
from solvent.state.tables import NONE

PANIC_STEPS = 60


@world_kernel
def follow_plan(state, given, going, now, step):
    """What was planned for this step: a trade without a price is done in the book, against the market makers."""
    for i in range(given.plan_first[step], given.plan_first[step + 1]):
        if room_left(going) < 1:
            break
        planned = given.plan[i]
        if planned.kind == CommandKind.TRADE and planned.price_ticks == 0:
            buys = planned.counterparty == 0
            who = planned.account if buys else planned.counterparty
            k = planned.instrument
            lots, ticks = sweep(state, given, going, k, planned.lots if buys else -planned.lots, 0, 1e18)
            if lots == 0:
                continue
            command = new_command(going, CommandKind.TRADE, now)
            other = provider(given, going, who)
            command.account = who if buys else other
            command.counterparty = other if buys else who
            command.instrument = k
            command.lots = abs(lots)
            command.price_ticks = ticks
            continue
        place = going.cursor[Cursor.BATCH]
        going.cursor[Cursor.BATCH] = place + 1
        going.batch[place] = planned
        going.batch[place].time_ns = now


@world_kernel
def vault_worth(state):
    """Wallet of the vault plus what its positions are worth above their cost at the mark."""
    worth = int(state.accounts[SystemAccount.VAULT].wallet_quanta)
    row = state.accounts[SystemAccount.VAULT].first_position
    while row != NONE:
        position = state.positions[row]
        mark = state.instruments[position.instrument].mark_ticks
        per_lot_tick = state.contracts[position.instrument].quanta_per_lot_tick
        worth += int(position.lots * mark * per_lot_tick - position.cost_quanta)
        row = position.next
    return worth


@world_kernel
def panic(state, given, going, now, step):
    """After a fall, some traders take cash out; providers leave a vault that has lost too much."""
    rates = given.rates
    if rates[Rate.PANIC_PART] > 0.0:
        back = max(step - PANIC_STEPS, 0)
        fall = 0.0
        for k in range(going.returns.shape[1]):
            fall += going.returns[back, k] - going.returns[step, k]
        fall /= going.returns.shape[1]
        if fall > rates[Rate.PANIC_FALL]:
            first = given.settings[Setting.USER_FIRST]
            users = int(state.venue[0].account_count) - first
            count = int(users * rates[Rate.PANIC_SHARE])
            for i in range(min(count, 256)):
                if room_left(going) < 1:
                    break
                u = uniform(
                    given.settings[Setting.SEED],
                    given.settings[Setting.SCENARIO],
                    going.cursor[Cursor.PATH],
                    ACTORS,
                    step * 256 + i,
                )
                account = first + min(int(u * users), users - 1)
                terms = state.accounts[account]
                amount = int(terms.wallet_quanta * rates[Rate.PANIC_PART])
                if terms.status == Status.SOUND and amount > 0:
                    command = new_command(going, CommandKind.WITHDRAW, now)
                    command.account = account
                    command.amount_quanta = amount
    if rates[Rate.RUN_PART] > 0.0:
        worth = vault_worth(state)
        if worth > going.cursor[Cursor.VAULT_BEST]:
            going.cursor[Cursor.VAULT_BEST] = worth
        if worth < (1.0 - rates[Rate.RUN_FALL]) * going.cursor[Cursor.VAULT_BEST]:
            first = given.settings[Setting.PROVIDER_FIRST]
            for account in range(first, first + given.settings[Setting.PROVIDERS]):
                terms = state.accounts[account]
                shares = int(terms.vault_shares * rates[Rate.RUN_PART])
                kind = CommandKind.LEAVE_VAULT + 0
                if state.pools[0].notice_ns > 0:
                    # first the notice, once; what was given notice of leaves when it is over
                    if terms.notice_shares == 0:
                        kind = CommandKind.GIVE_NOTICE + 0
                    else:
                        shares = terms.notice_shares if now >= terms.notice_until_ns else 0
                if shares > 0 and room_left(going) > 0:
                    command = new_command(going, kind, now)
                    command.account = account
                    command.shares = shares
