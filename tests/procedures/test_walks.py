"""The numbers of docs/walks/price.md and docs/walks/default.md, by the machine itself."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from tests.plain import plain

from solvent.codes import (
    AccountKind,
    AdlPrice,
    Executor,
    Level,
    PriceLimit,
    Schedule,
    SourceKind,
    SystemAccount,
    Tranche,
)
from solvent.commands import (
    Advance,
    Command,
    ContributeFund,
    Deposit,
    LiquidationFill,
    ListInstrument,
    OpenAccount,
    PriceReport,
    Trade,
    pack,
)
from solvent.events import EventKind, blank_tape
from solvent.procedures.apply import apply
from solvent.risk.watch import DEAD, FALLS, RISES, blank_watch, trigger_ticks
from solvent.state.ledger import lots_imbalance, money_imbalance
from solvent.state.terms import Terms, TermsShape, blank_terms
from solvent.state.whole import first_user_account, new_state
from solvent.units import PPM

SECOND = 10**9
USDC = 10**6
FUND = int(SystemAccount.MARKET_FUNDS)


def terms() -> Terms:
    """One market: 20x initial, 40x maintenance, one order in the market, then deleveraging."""
    made = blank_terms(TermsShape(instruments=1, brackets=2))
    contract = made.contracts[0]
    contract.quanta_per_lot_tick = 10
    contract.price_max_ticks = 2**24
    contract.lots_max = 10**6
    made.feeds[0].weight = 1
    made.feeds[0].kind = SourceKind.MARK
    for level, leverage in ((Level.INITIAL, 20), (Level.MAINTENANCE, 40)):
        schedule = made.schedules[level]
        schedule.kind = Schedule.BRACKETS_MARGINAL
        schedule.first_bracket = level
        schedule.bracket_count = 1
        schedule.denominator = leverage
        schedule.rate_max_ppm = PPM // leverage
        made.brackets[level].numerator = 1
        made.levels[level].used = 1
    order, deleveraging = made.stages[0], made.stages[1]
    order.used = deleveraging.used = 1
    order.level = deleveraging.level = Level.MAINTENANCE
    order.scale_ppm = PPM
    order.executor = Executor.ENGINE
    order.price_limit = PriceLimit.BANKRUPTCY
    order.timeout_ns = SECOND
    deleveraging.executor = Executor.ADL
    for row, tranche in enumerate((Tranche.MARKET_FUND, Tranche.ADL, Tranche.HAIRCUT_GAINS)):
        made.absorbers[row].used = 1
        made.absorbers[row].tranche = tranche
        made.absorbers[row].cap_ppm = PPM
    made.assets[0].used = 1
    policy = made.policy[0]
    policy.mark_components = 1 << SourceKind.MARK
    policy.sources_min = 1
    policy.advance_max = 100
    policy.adl_price = AdlPrice.BANKRUPTCY
    return made


class Venue:
    """A machine without an engine around it: what is submitted is applied, what is told is returned."""

    def __init__(self) -> None:
        self.state = new_state(terms())
        tables = self.state.accounts, self.state.positions, self.state.holdings
        self.watch = blank_watch(np.array([64, 64]), *(len(table) for table in tables))
        self.tape = blank_tape(8192)
        self.members = [first_user_account(self.state) + place for place in range(4)]
        a, b, c, _d = self.members
        opening: list[Command] = [ListInstrument(SECOND, 0), PriceReport(2 * SECOND, 0, 0, 600_000, 2 * SECOND)]
        for owner, (account, money) in enumerate(zip(self.members, (4_000, 20_000, 6_000, 50_000), strict=True)):
            opening += [OpenAccount(3 * SECOND, account, owner, AccountKind.CROSS)]
            opening += [Deposit(3 * SECOND, account, money * USDC)]
        opening += [ContributeFund(3 * SECOND, FUND, 500 * USDC)]
        opening += [Trade(4 * SECOND, a, b, 0, 6_000, 600_000), Trade(4 * SECOND, a, c, 0, 4_000, 600_000)]
        self.submit(opening)

    def submit(self, commands: Sequence[Command]) -> list[dict[str, Any]]:
        """The events, fields that are zero left out."""
        self.tape.meter[0] = 0
        assert apply(self.state, self.watch, self.tape, pack(commands), 0) == len(commands)
        assert plain(money_imbalance)(self.state) == 0
        assert plain(lots_imbalance)(self.state, 0) == (0, 0)
        told = []
        for record in self.tape.records[: self.tape.meter[0]]:
            event = {name: int(record[name]) for name in record.dtype.names if record[name]}
            told.append({"kind": EventKind(event.pop("kind")).name, **event})
        return told

    def report(self, second: int, price_ticks: int) -> list[dict[str, Any]]:
        return self.submit([PriceReport(second * SECOND, 0, 0, price_ticks, second * SECOND)])

    def triggers(self) -> list[int]:
        """Longs as they are, shorts below zero."""
        found = []
        for side in (FALLS, RISES):
            column = self.watch.columns[side]
            for key in self.watch.keys[column.first : column.first + column.capacity]:
                if key != DEAD:
                    ticks = plain(trigger_ticks)(side, key)
                    found.append(ticks if side == FALLS else -ticks)
        return sorted(found)


def shown(events: list[dict[str, Any]], *fields: str) -> list[tuple[Any, ...]]:
    return [(event["kind"], *(event.get(field, 0) for field in fields)) for event in events]


def test_one_price() -> None:
    venue = Venue()
    a = venue.members[0]
    assert venue.triggers() == [-910_569, -731_707, 575_001]

    assert shown(venue.report(5, 575_500), "price_ticks") == [("MARK_MOVED", 575_500)]
    assert venue.triggers() == [-910_569, -731_707, 575_001]

    assert shown(venue.report(6, 574_900), "price_ticks") == [("MARK_MOVED", 574_900)]
    assert venue.triggers() == [-910_569, -731_707, 574_373]

    told = venue.report(7, 574_300)
    assert shown(told, "account", "equity_quanta", "requirement_quanta") == [
        ("MARK_MOVED", 0, 0, 0),
        ("ACCOUNT_FLAGGED", a, 1_430 * USDC, 1_435_750_000),
        ("WORKLIST_TOLD", 0, 0, 0),
    ]
    assert venue.triggers() == [-910_569, -731_707]


def test_one_default() -> None:
    venue = Venue()
    a, b, c, d = venue.members
    venue.report(7, 574_300)

    told = venue.submit([Advance(8 * SECOND, 10)])
    assert shown(told, "lots", "price_ticks") == [("LIQUIDATION_ORDERED", -10_000, 560_000)]
    reference = told[0]["reference"]

    told = venue.submit([LiquidationFill(8 * SECOND, a, d, 0, 2_000, 573_000, reference)])
    assert shown(told, "lots", "price_ticks", "counterparty") == [("LIQUIDATION_FILLED", -2_000, 573_000, d)]
    assert int(venue.state.accounts[a].wallet_quanta) == 3_460 * USDC

    venue.report(9, 550_000)
    told = venue.submit([Advance(10 * SECOND, 10)])
    assert shown(told, "counterparty", "lots", "amount_quanta") == [
        ("WITHDRAWALS_GATED", 0, 0, 0),
        ("LIQUIDATION_CANCELLED", 0, -8_000, 0),
        ("POSITION_DELEVERAGED", b, 4_000, 22_000 * USDC),
        ("POSITION_DELEVERAGED", c, 4_000, 22_000 * USDC),
        ("SHORTFALL_DECLARED", 0, 0, 540 * USDC),
        ("TRANCHE_DRAWN", FUND, 0, 500 * USDC),
        ("TRANCHE_DRAWN", b, 0, 20 * USDC),
        ("TRANCHE_DRAWN", c, 0, 20 * USDC),
        ("WITHDRAWALS_RELEASED", 0, 0, 0),
        ("DEFAULT_CLOSED", 0, 0, 0),
    ]
    assert [int(venue.state.accounts[member].wallet_quanta) for member in venue.members] == [
        0,
        21_980 * USDC,
        7_980 * USDC,
        50_000 * USDC,
    ]
