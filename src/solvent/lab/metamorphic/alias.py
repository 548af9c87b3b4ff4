"""Every pair of roles filled by one account, the venue's own included: the auditor finds each answer lawful."""

from dataclasses import fields
from typing import Any

import numpy as np

from solvent.codes import AdlPolicy, Executor
from solvent.commands import COMMAND_DTYPE, COMMANDS, CommandKind, Deposit, ListInstrument, OpenAccount, Trade, pack
from solvent.commands import PriceReport as Report
from solvent.lab.auditor import Auditor
from solvent.lab.driver import START_NS
from solvent.lab.metamorphic.telling import ACCOUNTS, FIRST, MARKETS, SECOND, START_TICKS, Telling, day, machine_of

ALL_ROLES = ("account", "counterparty")
"""Fields of a command that name an account."""
AMOUNTS = {
    "lots": 1,
    "amount_quanta": 5,
    "proceeds_quanta": 5,
    "shares": 1,
    "leverage": 2,
    "count": 1,
    "account_kind": 1,
}


def alias(seed: int) -> int:
    """Each kind of command, with one account in all its roles, for every account there is, and some there are not."""
    machine = machine_of(Telling(executor=Executor.ADL))
    machine.state.policy[0].adl_policy = AdlPolicy.PRO_RATA
    auditor = Auditor(machine.state)
    time = START_NS
    done = 0

    def ask(record: Any) -> None:
        nonlocal done
        events = machine.do(record, keep=True)
        auditor.check(record[0], events, machine.before, machine.state)
        done += 1

    for market in range(MARKETS):
        ask(pack([ListInstrument(time, market)]))
        ask(pack([Report(time, market, 0, START_TICKS, time)]))
    for place in range(ACCOUNTS):
        ask(pack([OpenAccount(time, FIRST + place, 1, 1)]))
        ask(pack([Deposit(time, FIRST + place, 500_000)]))
    for move in day(seed, ("trade",), count=12):
        time += SECOND
        one, other = FIRST + move.account, FIRST + move.other
        ask(pack([Trade(time, one, other, move.market, 1 + move.amount % 50, START_TICKS)]))
    for kind in CommandKind:
        used = {field.name for field in fields(COMMANDS[kind])}
        for role in (*range(FIRST + 2), FIRST + ACCOUNTS, -1):
            for roles in [ALL_ROLES] if used.issuperset(ALL_ROLES) else [[name] for name in ALL_ROLES if name in used]:
                record = np.zeros(1, COMMAND_DTYPE).view(np.recarray)
                record.kind, record.time_ns = kind, time
                for name in roles:
                    record[name] = role
                for name in used & set(AMOUNTS):
                    record[name] = AMOUNTS[name]
                if "price_ticks" in used:
                    record.price_ticks = START_TICKS
                ask(record)
    return done
