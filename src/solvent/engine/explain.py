"""Explanation: how a number came to be, and why an account is where it is.

    explain_account(engine or directory, account, sequence)     equity, requirements, thresholds and prices, as a tree
    explain_charges(directory, account, first, last)            every movement of its money, each as a tree

A node that `adds` is exactly the sum of its children; any other number follows from its children by its `rule`. Both
stories rest on the machine itself. An account is copied onto a sheet of its own, where `assess_accounts` judges the
whole of it or one position alone. For charges the journal is replayed without being written to, and every command that
moved the account is walked on the sheet, event by event, by the ledger's own function: so equity and requirement are
known at each event, and at the end of the command the sheet must be what the machine made of the account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, NamedTuple, TypeVar, final

import msgspec
import numpy as np

from solvent.codes import (
    AccountKind,
    AdlPolicy,
    AdlScore,
    Driver,
    Executor,
    Level,
    Mode,
    Schedule,
    Status,
    SystemAccount,
    Tranche,
    Weighting,
)
from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.engine.engine import Engine, Genesis
from solvent.engine.journal import Journal
from solvent.engine.room import Machine, fresh_watch, make_room
from solvent.engine.winners import deleveraging_places
from solvent.events import EVENT_DTYPE, EventKind, Tape, blank_tape
from solvent.procedures.advance import room_for_one_account
from solvent.procedures.apply import apply, room_for_command
from solvent.procedures.assess import assess_accounts
from solvent.risk.deleverage import score_of
from solvent.risk.funding import due_up, next_index
from solvent.risk.liquidation import is_breached, penalty_of, threshold_up
from solvent.risk.margin import bracket_row
from solvent.risk.margin.curve import curve_rate_ppb, driver_of
from solvent.risk.margin.position import additions_up
from solvent.risk.waterfall import take
from solvent.rulebook.compile.loss import TRANCHES
from solvent.rulebook.document import Rulebook, RulebookError, parse_rulebook
from solvent.state.ledger import _exchange_side
from solvent.state.tables import NONE, State
from solvent.state.whole import FIRST_TABLES, copy_state, queued_accounts
from solvent.units import FUNDING_SCALE, LIMIT, PPB, PPM, mul_div_down, mul_div_up

STRETCH_COMMANDS: Final = 1 << 16
"""Commands replayed between two copies of the state; a stretch that moved the account is replayed once more."""

TICKS_SHOWN_MAX: Final = 24
"""Funding ticks told one by one; what came before them is one number."""

EVERYBODYS: Final = (SystemAccount.EXTERNAL, SystemAccount.FEES, SystemAccount.FUNDING)
"""Accounts that move with nearly every command: their movements are told as those of the accounts on the other side."""

SCORE_FORMULAS: Final = {
    AdlScore.HYPERLIQUID: "(mark / entry) x (notional / equity)",
    AdlScore.BINANCE: "(gain / wallet) x (requirement / equity)",
    AdlScore.BITMEX: "(gain / entry value) x (value / equity)",
    AdlScore.LIGHTER: "(value / equity) x gain",
    AdlScore.OKX: "(gain / requirement) x (requirement / equity)",
    AdlScore.GAIN: "gain",
}
"""What each score multiplies."""

F = TypeVar("F", bound=Callable[..., Any])
Place = str | Path


class NotExplainable(Exception):
    """What was asked for does not exist; `str()` is the sentence that says so."""


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One number or fact: what it is, the rule that made it, where the rule stands, and what it was made from."""

    label: str
    value: int | None = None
    unit: str = ""
    rule: str = ""
    source: str = ""
    adds: bool = False
    children: tuple[Node, ...] = ()


class Judged(NamedTuple):
    """What `assess_accounts` answers."""

    equity: int
    requirement: int
    gains: int
    notional: int


class Realised(NamedTuple):
    """What an exchange closed: signed lots, what they were worth at the price, what they had cost, the cash made."""

    closed_lots: int
    proceeds: int
    cost_share: int
    result: int


def number(
    label: str, value: int | None, unit: str = "quanta", rule: str = "", source: str = "", *inputs: Node
) -> Node:
    """A number and what its rule made it from."""
    return Node(label=label, value=value, unit=unit, rule=rule, source=source, children=inputs)


def total(label: str, parts: Iterable[Node], rule: str = "", source: str = "", unit: str = "quanta") -> Node:
    """A number that is the sum of its parts."""
    children = tuple(parts)
    value = sum(part.value or 0 for part in children)
    assert all(part.unit == unit for part in children), "a sum has one unit"
    return Node(label=label, value=value, unit=unit, rule=rule, source=source, adds=True, children=children)


def fact(label: str, rule: str, *inputs: Node, source: str = "") -> Node:
    """Something that is no number."""
    return Node(label=label, rule=rule, source=source, children=inputs)


def plain(kernel: F) -> F:
    """A kernel as Python, for those that only read a row: compiled for a whole state it would take half a minute."""
    found: F = getattr(kernel, "py_func", kernel)
    return found


# --- one account on a sheet of its own ---------------------------------------------------------------------


def _chain(table: Any, first: int) -> list[int]:
    rows: list[int] = []
    while first != NONE:
        rows.append(first)
        first = int(table[first].next)
    return rows


def _some_rows(table: Any, rows: list[int], spare: int) -> Any:
    """Copies of the rows, linked in their order, and blank rows after them."""
    copied = np.zeros(len(rows) + spare, dtype=table.dtype).view(np.recarray)
    if rows:
        copied[: len(rows)] = table[np.array(rows)]
        copied.next[: len(rows)] = [*range(1, len(rows)), NONE]
    return copied


def _assess(tables: State, level: int, accounts: np.ndarray) -> np.ndarray:
    answers = np.zeros((len(accounts), 4), dtype=np.int64)
    assess_accounts(tables, int(level), accounts, answers)
    return answers


@final
class Sheet:
    """A copy of one account under the terms and marks of a state; changing it changes nothing else."""

    def __init__(self, state: State, account: int) -> None:
        row = state.accounts[account]
        rows, held = _chain(state.positions, int(row.first_position)), _chain(state.holdings, int(row.first_holding))
        accounts = _some_rows(state.accounts[account : account + 1], [], 1)
        accounts[0] = row
        accounts[0].first_position = 0 if rows else NONE
        accounts[0].first_holding = 0 if held else NONE
        positions = _some_rows(state.positions, rows, len(state.instruments))
        positions.account = 0
        ordered = [place for place in range(len(rows)) if positions[place].orders != NONE]
        orders = np.zeros(len(ordered) + 1, dtype=state.orders.dtype).view(np.recarray)
        for place, position in enumerate(ordered):
            orders[place] = state.orders[int(positions[position].orders)]
            positions[position].orders = place
        self.count = len(rows)
        self.tables = state._replace(
            accounts=accounts,
            positions=positions,
            orders=orders,
            holdings=_some_rows(state.holdings, held, 1),
            instruments=state.instruments.copy(),
        )

    @property
    def account(self) -> Any:
        """The account's row."""
        return self.tables.accounts[0]

    def positions(self) -> list[int]:
        """Rows of its positions, in the machine's order."""
        return _chain(self.tables.positions, int(self.account.first_position))

    def holdings(self) -> list[int]:
        """Rows of its collateral, in the machine's order."""
        return _chain(self.tables.holdings, int(self.account.first_holding))

    def schedule(self, level: int, row: int) -> Any:
        """The schedule a position is judged by at a level."""
        return self.tables.schedules[level * len(self.tables.instruments) + int(self.tables.positions[row].instrument)]

    def judge(self, level: int) -> Judged:
        """The whole account at a level."""
        return Judged(*_assess(self.tables, level, np.zeros(1, dtype=np.int64))[0].tolist())

    def alone(self, level: int, position: int = NONE, holding: int = NONE, **changes: int) -> Judged:
        """One position or holding as if the account had nothing else, with fields of the position changed."""
        accounts, positions, holdings = (
            table.copy() for table in (self.tables.accounts, self.tables.positions, self.tables.holdings)
        )
        accounts[0].wallet_quanta, accounts[0].first_position, accounts[0].first_holding = 0, position, holding
        positions.next = NONE
        holdings.next = NONE
        for name, value in changes.items():
            positions[position][name] = value
        tables = self.tables._replace(accounts=accounts, positions=positions, holdings=holdings)
        return Judged(*_assess(tables, level, np.zeros(1, dtype=np.int64))[0].tolist())

    def edges(self, row: int, is_bad: Callable[[Judged], bool]) -> list[int]:
        """Marks nearest below and above, other marks fixed, at which the account begins to be bad.

        Between two floors of brackets equity less requirement moves one way only, so each such piece is halved.
        """
        position = self.tables.positions[row]
        market, contract = self.tables.instruments[position.instrument], self.tables.contracts[position.instrument]
        now, price_max = int(market.mark_ticks), int(contract.price_max_ticks)
        per_tick = abs(int(position.lots)) * int(contract.quanta_per_lot_tick)
        schedule = self.tables.schedules[Level.MAINTENANCE * len(self.tables.instruments) + int(position.instrument)]
        first = int(schedule.first_bracket)
        floors = self.tables.brackets.floor_quanta[first : first + int(schedule.bracket_count)].tolist()
        stops = {mark for floor in floors for mark in (-(-floor // per_tick) - 1, -(-floor // per_tick))}
        stops = {mark for mark in stops if 1 < mark < price_max} | {1, price_max}

        def bad(mark: int) -> bool:
            market.mark_ticks = mark
            return is_bad(self.judge(Level.MAINTENANCE))

        here = bad(now)
        found: list[int] = []
        for path in (sorted((mark for mark in stops if mark < now), reverse=True), sorted(m for m in stops if m > now)):
            near = now
            for far in path:
                if bad(far) != here:
                    while abs(far - near) > 1:
                        middle = (near + far) // 2
                        near, far = (middle, far) if bad(middle) == here else (near, middle)
                    found.append(near if here else far)
                    break
                near = far
        market.mark_ticks = now
        return sorted(found, key=lambda mark: abs(mark - now))

    def pay(self, amount: int) -> None:
        """Cash leaves the account, or comes when negative."""
        self.account.wallet_quanta -= amount

    def exchange(self, instrument: int, lots: int, price_ticks: int) -> Realised:
        """The account buys signed lots at a price, by the ledger's own function."""
        row = self._take(instrument)
        position = self.tables.positions[row]
        held, cost, wallet = int(position.lots), int(position.cost_quanta), int(self.account.wallet_quanta)
        plain(_exchange_side)(self.tables, row, lots, price_ticks)
        closed = 0 if held * lots >= 0 else max(min(lots, abs(held)), -abs(held))
        result = int(self.account.wallet_quanta) - wallet
        proceeds = -closed * price_ticks * int(self.tables.contracts[instrument].quanta_per_lot_tick)
        assert closed == 0 or abs(closed) != abs(held) or proceeds - result == cost, "closing all takes all the cost"
        return Realised(closed, proceeds, proceeds - result, result)

    def _take(self, instrument: int) -> int:
        """Row of the position, every position accrued as the machine does before contracts move."""
        found = NONE
        for row in self.positions():
            position = self.tables.positions[row]
            index = int(self.tables.instruments[position.instrument].funding_index)
            assert due_up(int(position.lots), index - int(position.funding_index)) == 0, "funding was told before"
            position.funding_index = index
            found = row if position.instrument == instrument else found
        if found == NONE:
            found, self.count = self.count, self.count + 1
            position = self.tables.positions[found]
            position.instrument, position.orders, position.next = instrument, NONE, int(self.account.first_position)
            position.funding_index = self.tables.instruments[instrument].funding_index
            self.account.first_position = found
        return found

    def books(self) -> tuple[int, dict[int, tuple[int, int]]]:
        """Wallet, and lots and cost by instrument: what must be as the machine has it."""
        rows = [self.tables.positions[row] for row in self.positions()]
        held = {int(row.instrument): (int(row.lots), int(row.cost_quanta)) for row in rows if row.lots != 0}
        return int(self.account.wallet_quanta), held


# --- what the rules are called -----------------------------------------------------------------------------


@final
class Rules:
    """Names of things, from the documents the venue started from; plain numbers where there are none."""

    def __init__(self, genesis: Genesis) -> None:
        self.symbols = genesis.symbols
        self.name = genesis.documents.get("rulebook_name", "rulebook")
        self.book: Rulebook | None = None
        text = genesis.documents.get("rulebook")
        if text is not None:
            try:
                self.book = parse_rulebook(text, self.name, template=True)
            except RulebookError:
                self.book = None  # a text of another schema explains nothing, and the terms are in the state

    def symbol(self, instrument: int) -> str:
        """What the market is called."""
        return self.symbols[instrument] if 0 <= instrument < len(self.symbols) else f"instrument {instrument}"

    def asset(self, asset: int) -> str:
        """What the collateral is called."""
        if self.book is not None and asset < len(self.book.collateral):
            return self.book.collateral[asset].asset
        return "the settlement currency" if asset == 0 else f"asset {asset}"

    def unit(self, asset: int) -> str:
        """The unit an amount of an asset has."""
        return "quanta" if asset == 0 else f"quanta of {self.asset(asset)}"

    def stage(self, row: int) -> str:
        """The stage as the rulebook calls it."""
        if self.book is not None and 0 <= row < len(self.book.stages):
            return self.book.stages[row].id
        return str(row)

    def stage_source(self, row: int) -> str:
        """Where the stage stands."""
        return f"{self.name}, liquidation.stage {self.stage(row)}"

    def level_source(self, level: int) -> str:
        """Where the level stands."""
        name = Level(level).name.lower()
        found = [item for item in self.book.levels if item.name == name] if self.book is not None else []
        return f"{self.name}, margin.level {name}" + (f", schedule {found[0].of}" if found else "")

    def tranche_source(self, tranche: int) -> str:
        """Where the layer of the waterfall stands."""
        if self.book is not None:
            for row, loss in enumerate(self.book.losses):
                if TRANCHES.get((loss.kind, loss.scope)) == tranche:
                    return f"{self.name}, loss.stage {row + 1} {loss.kind} {loss.scope}".rstrip()
        return f"{self.name}, loss tranche {_words(Tranche(tranche))}"


def _words(code: Any) -> str:
    return str(code.name).lower().replace("_", " ")


def account_name(account: int, system: bool) -> str:
    """How an account is called in a sentence."""
    if not system:
        return f"account {account}"
    if account >= SystemAccount.MARKET_FUNDS:
        return f"fund of market {account - SystemAccount.MARKET_FUNDS}"
    names = {int(row): _words(row) for row in SystemAccount}
    return names.get(account, f"system account {account}")


def _value_of(lots: int, mark: int, per_lot_tick: int, label: str = "value") -> Node:
    return number(
        label,
        lots * mark * per_lot_tick,
        "quanta",
        "lots x mark x quanta per lot and tick",
        "",
        number("lots", lots, "lots"),
        number("mark", mark, "ticks"),
        number("quanta per lot and tick", per_lot_tick, "quanta"),
    )


# --- one account, now --------------------------------------------------------------------------------------


def explain_account(engine_or_directory: Engine | Place, account: int, sequence: int | None = None) -> Node:
    """Why the account is where it is, after command `sequence` or now. Raises NotExplainable and EngineFault."""
    if isinstance(engine_or_directory, Engine):
        engine = engine_or_directory
        if sequence not in (None, engine.sequence):
            raise NotExplainable(
                f"This engine is at sequence {engine.sequence}; for {sequence} give the directory of its journal."
            )
        return _account_tree(engine, account)
    if sequence is not None and sequence < 0:
        raise NotExplainable(f"There is no sequence {sequence}; the first command has sequence 1.")
    place = Path(engine_or_directory)
    with Engine.open(place, read_only=True, until=sequence) as engine:
        if sequence is not None and engine.sequence != sequence:
            raise NotExplainable(f"The journal ends at sequence {engine.sequence}; {sequence} is beyond it.")
        return _account_tree(engine, account)


def _account_tree(engine: Engine, account: int) -> Node:
    state = engine.state
    _require_account(state, account)
    rules, sheet = Rules(engine.genesis), Sheet(state, account)
    levels = [level for level in Level if state.levels[level].used == 1]
    held = [row for row in sheet.positions() if sheet.tables.positions[row].lots != 0]
    return fact(
        account_name(account, bool(sheet.account.kind == AccountKind.SYSTEM)),
        _where(state, sheet, rules, account),
        _standing(state, sheet, rules, account),
        *(_level_tree(sheet, rules, level) for level in levels),
        _ladder_tree(sheet, rules),
        *(_prices_tree(state, sheet, rules, row, account) for row in held),
        source=f"sequence {engine.sequence}, terms version {int(state.venue[0].terms_version)}",
    )


def _require_account(state: State, account: int) -> None:
    count = int(state.venue[0].account_count)
    if not 0 <= account < count:
        raise NotExplainable(f"There is no account {account}; the last one opened by then is {count - 1}.")


def _where(state: State, sheet: Sheet, rules: Rules, account: int) -> str:
    row = sheet.account
    if row.status == Status.SOUND:
        equity, requirement, _gains, _notional = sheet.judge(Level.MAINTENANCE)
        if row.kind == AccountKind.SYSTEM:
            return "the venue's own account"
        return "sound: equity covers maintenance" if equity >= requirement else "sound: nothing is required of it"
    waiting = queued_accounts(state).tolist()
    text = f"distressed since sequence {int(row.flagged_sequence)}"
    if account in waiting:
        text += f", place {waiting.index(account) + 1} of {len(waiting)} in the queue"
    if row.order_stage != NONE:
        text += f", stage {rules.stage(int(row.order_stage))} has ordered at sequence {int(row.order_reference)}"
    return text


def _standing(state: State, sheet: Sheet, rules: Rules, account: int) -> Node:
    row = sheet.account
    parts = [
        fact("kind", _words(AccountKind(int(row.kind)))),
        fact("status", _words(Status(int(row.status)))),
        number("owner", int(row.owner), "owner"),
    ]
    if row.status == Status.DISTRESSED:
        waiting = queued_accounts(state).tolist()
        parts.append(number("flagged at", int(row.flagged_sequence), "sequence"))
        if account in waiting:
            parts.append(number("place in the queue", waiting.index(account) + 1, "", f"of {len(waiting)}"))
        if row.order_stage != NONE:
            stage = int(row.order_stage)
            until = number("order runs until", int(row.order_until_ns), "ns")
            parts.append(fact("stage in force", rules.stage(stage), until, source=rules.stage_source(stage)))
    if row.vault_shares != 0:
        parts.append(number("vault shares", int(row.vault_shares), "shares"))
    for place in sheet.positions():
        position = sheet.tables.positions[place]
        if position.orders == NONE:
            continue
        orders, symbol = sheet.tables.orders[position.orders], rules.symbol(int(position.instrument))
        for name, lots, at, unit in (
            ("bids", int(orders.bid_lots), int(orders.bid_quanta), "quanta"),
            ("offers", int(orders.ask_lots), int(orders.ask_quanta), "quanta"),
            ("with the liquidation engine", int(orders.ordered_lots), int(orders.limit_ticks), "ticks"),
        ):
            if lots != 0:
                parts.append(number(f"{symbol}: {name}", lots, "lots", "", "", number("at", at, unit)))
    for place in sheet.positions():
        instrument = int(sheet.tables.positions[place].instrument)
        mode = Mode(int(state.instruments[instrument].mode))
        if mode != Mode.ACTIVE:
            parts.append(fact(f"{rules.symbol(instrument)}: mode", _words(mode)))
    return fact("standing", "", *parts)


def _level_tree(sheet: Sheet, rules: Rules, level: int) -> Node:
    """Equity, requirement and what is between them, at one level; the sums are the machine's, or we stop."""
    judged = sheet.judge(level)
    parts = [number("wallet", int(sheet.account.wallet_quanta))]
    parts += [_gain_tree(sheet, rules, row) for row in sheet.positions() if sheet.tables.positions[row].lots != 0]
    parts += [_collateral_tree(sheet, rules, level, row) for row in sheet.holdings()]
    equity = total("equity", parts, "wallet + results of positions + weighted collateral, funding due always taken off")
    alone = [row for row in sheet.positions() if sheet.schedule(level, row).kind != Schedule.SCENARIO]
    required = [_requirement_tree(sheet, rules, level, row) for row in alone]
    if len(alone) < len(sheet.positions()):
        required.append(
            _scenario_tree(sheet, rules, level, judged.requirement - sum(part.value or 0 for part in required))
        )
    requirement = total("requirement", required, "sum over positions", rules.level_source(level))
    if (equity.value, requirement.value) != (judged.equity, judged.requirement):
        raise AssertionError(f"explained {equity.value} over {requirement.value}, the machine judges {judged}")
    headroom = total(
        "headroom",
        [number("equity", judged.equity), number("less requirement", -judged.requirement)],
        "equity - requirement",
    )
    ratio = mul_div_down(judged.equity, PPM, judged.requirement) if judged.requirement > 0 else None
    return fact(
        f"level {_words(Level(level))}",
        "",
        equity,
        requirement,
        headroom,
        number("margin ratio", None if ratio is None else int(ratio), "ppm", "equity / requirement, rounded down"),
        source=rules.level_source(level),
    )


def _gain_tree(sheet: Sheet, rules: Rules, row: int) -> Node:
    position = sheet.tables.positions[row]
    market, lots = sheet.tables.instruments[position.instrument], int(position.lots)
    per_lot_tick = int(sheet.tables.contracts[position.instrument].quanta_per_lot_tick)
    change = int(market.funding_index) - int(position.funding_index)
    symbol = rules.symbol(int(position.instrument))
    tree = total(
        f"{symbol}: result at the mark",
        [
            _value_of(lots, int(market.mark_ticks), per_lot_tick),
            number("less cost", -int(position.cost_quanta), "quanta", "what its lots were entered for"),
            number(
                "less funding due",
                -int(due_up(lots, change)),
                "quanta",
                f"lots x (index now - index settled) / {FUNDING_SCALE}, rounded up",
                "",
                number("lots", lots, "lots"),
                number("index now", int(market.funding_index), "index"),
                number("index settled", int(position.funding_index), "index"),
            ),
        ],
        "value - cost - funding due",
    )
    assert tree.value == sheet.alone(Level.MAINTENANCE, row).equity, "the machine's gain of this position"
    return tree


def _collateral_tree(sheet: Sheet, rules: Rules, level: int, row: int) -> Node:
    holding = sheet.tables.holdings[row]
    terms = sheet.tables.assets[holding.asset]
    is_maintenance = bool(sheet.tables.levels[level].maintenance_weights == 1)
    name = rules.asset(int(holding.asset))
    instrument = int(terms.price_instrument)
    return number(
        f"{name}: collateral",
        sheet.alone(level, holding=row).equity,
        "quanta",
        "amount x mark x multiplier / divisor x weight, each rounded down",
        f"{rules.name}, collateral {name}",
        number("amount", int(holding.amount_quanta), rules.unit(int(holding.asset))),
        number(f"mark of {rules.symbol(instrument)}", int(sheet.tables.instruments[instrument].mark_ticks), "ticks"),
        number("multiplier", int(terms.value_num), ""),
        number("divisor", int(terms.value_den), ""),
        _weight_of(terms, is_maintenance),
    )


def _weight_of(terms: Any, is_maintenance: bool) -> Node:
    """What share of the value counts."""
    if terms.weighting == Weighting.IMPACT:
        rate = f"amount x {int(terms.impact_num)} / {int(terms.impact_den)} ppm"
        least, most = int(terms.impact_floor_ppm), int(terms.impact_cap_ppm)
        return fact("weight", f"1 - {rate}, at least {least} and at most {most} ppm less")
    if terms.weighting != Weighting.FIXED:
        return fact("weight", f"{int(terms.bracket_count)} slices, each with its own")
    return number("weight", int(terms.maintenance_ppm if is_maintenance else terms.initial_ppm), "ppm")


def _scenario_tree(sheet: Sheet, rules: Rules, level: int, asked: int) -> Node:
    """Positions shocked together: what they ask for, and what each would lose in the scenario that hurts most."""
    tables = sheet.tables
    count = len(tables.instruments)
    held: list[tuple[int, int]] = []
    for row in sheet.positions():
        position = tables.positions[row]
        if sheet.schedule(level, row).kind == Schedule.SCENARIO and position.lots != 0:
            instrument = int(position.instrument)
            unit = int(tables.instruments[instrument].mark_ticks) * int(
                tables.contracts[instrument].quanta_per_lot_tick
            )
            held.append((instrument, int(position.lots) * unit))
    losses = [
        sum(-value * int(tables.shocks[scenario * count + instrument].move_ppb) for instrument, value in held)
        for scenario in range(int(tables.policy[0].scenario_count))
    ]
    worst = max(range(len(losses)), key=losses.__getitem__, default=0)
    moves = [
        number(
            f"{rules.symbol(instrument)}: loss",
            -(value * int(tables.shocks[worst * count + instrument].move_ppb) // PPB),
            "quanta",
            "- value x move",
            "",
            number("value", value),
            number("move", int(tables.shocks[worst * count + instrument].move_ppb), "ppb"),
        )
        for instrument, value in held
    ]
    return number(
        "positions under scenarios",
        asked,
        "quanta",
        "scale x (largest loss and the charges), by risk unit, and what orders and the level add",
        rules.level_source(level),
        number("scenarios", len(losses), ""),
        fact("the one that hurts most", f"number {worst + 1}" if losses else "", *moves),
    )


def _requirement_tree(sheet: Sheet, rules: Rules, level: int, row: int) -> Node:
    """What one position must hold at a level, with its open orders at their worst where the level counts them."""
    position = sheet.tables.positions[row]
    lots, instrument = int(position.lots), int(position.instrument)
    label = f"{rules.symbol(instrument)}: requirement"
    terms = sheet.tables.levels[level]
    if position.orders == NONE or terms.includes_orders == 0:
        return _exposure_tree(sheet, rules, level, row, abs(lots), label)
    orders = sheet.tables.orders[position.orders]
    bids, asks = int(orders.bid_lots), int(orders.ask_lots)
    worst = max(abs(lots), abs(lots + bids), abs(lots - asks))
    parts = [_exposure_tree(sheet, rules, level, row, worst, "exposure at its worst")]
    if terms.open_loss == 1:
        per_lot = int(sheet.tables.instruments[instrument].mark_ticks)
        per_lot *= int(sheet.tables.contracts[instrument].quanta_per_lot_tick)
        for name, count, priced, loss in (
            ("open loss of bids", bids, int(orders.bid_quanta), int(orders.bid_quanta) - bids * per_lot),
            ("open loss of offers", asks, int(orders.ask_quanta), asks * per_lot - int(orders.ask_quanta)),
        ):
            inputs = (
                number("lots", count, "lots"),
                number("at their prices", priced),
                number("at the mark", count * per_lot),
            )
            parts.append(number(name, max(loss, 0), "quanta", "what filling them would lose at once", "", *inputs))
    tree = total(label, parts, "larger of position, all bids filled, all offers filled", rules.level_source(level))
    assert tree.value == sheet.alone(level, row).requirement, "the machine's requirement with open orders"
    return tree


def _exposure_tree(sheet: Sheet, rules: Rules, level: int, row: int, lots: int, label: str) -> Node:
    """The schedule's answer to one notional: the machine's number, and the row of the table it comes from."""
    position = sheet.tables.positions[row]
    instrument = int(position.instrument)
    schedule = sheet.tables.schedules[level * len(sheet.tables.instruments) + instrument]
    notional = _value_of(
        lots,
        int(sheet.tables.instruments[instrument].mark_ticks),
        int(sheet.tables.contracts[instrument].quanta_per_lot_tick),
        "notional",
    )
    size = notional.value or 0
    value = sheet.alone(level, row, lots=lots, orders=NONE).requirement
    source = rules.level_source(level)
    extra = int(plain(additions_up)(schedule, lots, size)) if size else 0
    if extra:
        rest = value - extra
        return total(
            label,
            [
                _schedule_tree(sheet, rules, level, row, lots, "by the rates", notional, rest),
                number("what the level adds", extra, "quanta", "fixed, share of the notional, reward, premium", source),
            ],
            "rates + additions",
            source,
        )
    return _schedule_tree(sheet, rules, level, row, lots, label, notional, value)


def _schedule_tree(
    sheet: Sheet, rules: Rules, level: int, row: int, lots: int, label: str, notional: Node, value: int
) -> Node:
    """What the rates alone ask of a size."""
    position = sheet.tables.positions[row]
    instrument, leverage = int(position.instrument), int(position.leverage)
    schedule = sheet.tables.schedules[level * len(sheet.tables.instruments) + instrument]
    kind = Schedule(int(schedule.kind))
    size = notional.value or 0
    source = rules.level_source(level)
    if kind == Schedule.CURVE:
        driver = int(plain(driver_of)(sheet.tables, int(schedule.driver), instrument, lots, size))
        return number(
            label,
            value,
            "quanta",
            "notional x rate x scale, rounded up at each step",
            source,
            notional,
            number(
                "rate",
                int(plain(curve_rate_ppb)(schedule, driver)),
                "ppb",
                "base + slope x (driver - threshold), held between floor and cap",
                "",
                number("driver", driver, _words(Driver(int(schedule.driver)))),
            ),
            number("scale", int(schedule.scale_ppm), "ppm"),
        )
    if kind == Schedule.ZERO or schedule.bracket_count == 0:
        return number(label, value, "quanta", "nothing is required", source, notional)
    found = int(plain(bracket_row)(sheet.tables, schedule, lots if kind == Schedule.BRACKETS_BY_SIZE else size))
    bracket = sheet.tables.brackets[found]
    rate = [
        number("bracket from", int(bracket.floor_quanta), "quanta", f"row {found - int(schedule.first_bracket) + 1}"),
        number("numerator", int(bracket.numerator), ""),
        number("denominator", int(schedule.denominator), ""),
    ]
    if kind in (Schedule.BRACKETS_WHOLE, Schedule.BRACKETS_BY_SIZE):
        rule = "notional x numerator / denominator, rounded up"
    else:
        rule = "(notional x numerator - deduction) / denominator, rounded up"
        whole = int(bracket.deduction_whole) * int(schedule.denominator) + int(bracket.deduction_rest)
        rate.append(number("deduction", whole, "", "what lower brackets ask less, times the denominator"))
    if kind != Schedule.USER_LEVERAGE or leverage == 0:
        return number(label, value, "quanta", rule, source, notional, *rate)
    bound = sheet.alone(level, row, lots=lots, orders=NONE, leverage=0).requirement
    bound -= int(plain(additions_up)(schedule, lots, size)) if size else 0
    chosen = int(mul_div_up(size, int(schedule.scale_ppm), PPM * leverage))
    return number(
        label,
        value,
        "quanta",
        "the larger of notional / leverage and what the brackets bound it by",
        source,
        number(
            "by the leverage chosen",
            chosen,
            "quanta",
            "notional x scale / leverage, rounded up",
            "",
            notional,
            number("scale", int(schedule.scale_ppm), "ppm"),
            number("leverage", leverage, ""),
        ),
        number("by the brackets", bound, "quanta", rule, source, notional, *rate),
    )


def _ladder_tree(sheet: Sheet, rules: Rules) -> Node:
    """The action ladder as this account sees it: each threshold, and whether it is breached."""
    steps: list[Node] = []
    for row, stage in enumerate(sheet.tables.stages):
        if stage.used == 0:
            continue
        equity, requirement, _gains, _notional = sheet.judge(int(stage.level))
        breached = bool(plain(is_breached)(stage, equity, requirement))
        sign = "<=" if stage.or_equal == 1 else "<"
        steps.append(
            number(
                f"stage {rules.stage(row)}",
                int(threshold_up(requirement, int(stage.scale_ppm))),
                "quanta",
                f"{_words(Executor(int(stage.executor)))} acts when equity {sign} scale x requirement: "
                + ("breached" if breached else "not breached"),
                rules.stage_source(row),
                number("equity", equity),
                number(f"requirement at {_words(Level(int(stage.level)))}", requirement),
                number("scale", int(stage.scale_ppm), "ppm"),
            )
        )
    return fact("action ladder", "of the breached stages the one with the smallest threshold acts first", *steps)


def _prices_tree(state: State, sheet: Sheet, rules: Rules, row: int, account: int) -> Node:
    position = sheet.tables.positions[row]
    or_equal, is_system = int(sheet.tables.stages[0].or_equal), bool(sheet.account.kind == AccountKind.SYSTEM)

    def is_bankrupt(judged: Judged) -> bool:
        return judged.equity < 0

    def is_distressed(judged: Judged) -> bool:
        if is_system:
            return judged.equity < 0
        surplus = judged.equity - judged.requirement - or_equal
        return surplus < 0 and not (judged.requirement == 0 and judged.equity >= 0)

    mark = int(sheet.tables.instruments[position.instrument].mark_ticks)

    def price(label: str, is_bad: Callable[[Judged], bool], meaning: str) -> Node:
        edges = sheet.edges(row, is_bad)
        others = [number("on the other side too", edge, "ticks") for edge in edges[1:]]
        rule = f"the first mark at which {meaning}, other marks as they are"
        if not edges:
            is_always = is_bad(sheet.judge(Level.MAINTENANCE))
            rule = f"{meaning} at every mark" if is_always else f"there is no mark at which {meaning}"
        return number(label, edges[0] if edges else None, "ticks", rule, "", *others)

    liquidation = price("liquidation price", is_distressed, "the account is distressed")
    return fact(
        f"{rules.symbol(int(position.instrument))}: prices",
        "",
        number("mark", mark, "ticks"),
        liquidation,
        number(
            "distance to liquidation",
            abs(mark - liquidation.value) * PPM // mark if liquidation.value is not None and mark else None,
            "ppm",
            "of the mark, rounded down",
        ),
        price("bankruptcy price", is_bankrupt, "equity is below zero"),
        _place_tree(state, account, int(position.instrument)),
    )


def _place_tree(state: State, account: int, instrument: int) -> Node:
    """Where the account stands among those who would close against a default in this market."""
    place = deleveraging_places(state, account, instrument)
    if place is None:
        return fact("place for deleveraging", "none: only a position with a gain is deleveraged")
    rule = f"of {place['of']} winners on its side, {_words(AdlPolicy(int(state.policy[0].adl_policy)))}"
    return number("place for deleveraging", place["rank"], "", rule)


# --- everything that was charged ---------------------------------------------------------------------------

_PAIRED: Final = (
    EventKind.MARGIN_TRANSFERRED,
    EventKind.TRADED,
    EventKind.LIQUIDATION_FILLED,
    EventKind.PENALTY_CHARGED,
    EventKind.POSITION_TAKEN_OVER,
    EventKind.RESIDUAL_TAKEN,
    EventKind.POSITION_DELEVERAGED,
    EventKind.TRANCHE_DRAWN,
)
_SINGLE: Final = (
    EventKind.DEPOSITED,
    EventKind.WITHDRAWN,
    EventKind.FUNDING_PAID,
    EventKind.COLLATERAL_SOLD,
    EventKind.FUND_CONTRIBUTED,
    EventKind.VAULT_JOINED,
    EventKind.VAULT_LEFT,
    EventKind.DEFICIT_OPENED,
)


def explain_charges(
    directory: Place, account: int, from_sequence: int = 1, to_sequence: int | None = None
) -> list[Node]:
    """Every event of these commands that moved the account's money, in order: what it did to the wallet, and why.

    The values in quanta add up to the change of the wallet. Raises NotExplainable and EngineFault.
    """
    place = Path(directory)
    if account in EVERYBODYS:
        name = _words(SystemAccount(account))
        raise NotExplainable(f"Account {account} ({name}) moves with every account; ask for the one on the other side.")
    with Journal.open(place, COMMAND_DTYPE, read_only=True) as journal:
        last = journal.head_sequence if to_sequence is None else to_sequence
        if not 1 <= from_sequence <= journal.head_sequence + 1 or not 0 <= last <= journal.head_sequence:
            asked = f"{from_sequence} to {last}"
            raise NotExplainable(f"The journal holds sequences 1 to {journal.head_sequence}; {asked} is beyond it.")
        with Engine.open(place, until=from_sequence - 1) as engine:
            replay, walk = _Replay(engine.state), _Walk(Rules(engine.genesis), account)
        told: list[Node] = []
        for first, records in _stretches(journal, from_sequence, last):
            before = copy_state(replay.state)
            events = replay.run(records)
            walk.remember(events)
            touched = np.unique(events["sequence"][_moves(events, account)])
            if len(touched):
                told += _told_again(before, records, first, touched.tolist(), events, walk)
    _require_account(replay.state, account)
    return told


def _stretches(journal: Journal, first: int, last: int) -> Iterator[tuple[int, np.ndarray]]:
    """The commands in pieces of some size, whatever the size of the journal's blocks."""
    waiting: list[np.ndarray] = []
    start = first
    for begins, records in journal.blocks(first):
        piece = records[: max(last - begins + 1, 0)]
        waiting.append(piece)
        if begins + len(records) > last or sum(map(len, waiting)) >= STRETCH_COMMANDS:
            joined = np.concatenate(waiting)
            if len(joined):
                yield start, joined
            start, waiting = start + len(joined), []
        if begins + len(records) > last:
            return
    if waiting:
        yield start, np.concatenate(waiting)


def _moves(events: np.ndarray, account: int) -> Any:
    """Which events moved money of the account."""
    kinds = events["kind"]
    moved = np.isin(kinds, _PAIRED + _SINGLE) & (events["account"] == account)
    moved |= np.isin(kinds, _PAIRED) & (events["counterparty"] == account)
    if account == SystemAccount.VAULT:
        moved |= np.isin(kinds, (EventKind.VAULT_JOINED, EventKind.VAULT_LEFT))
    if account == SystemAccount.DEFICIT:
        moved |= kinds == EventKind.DEFICIT_OPENED
    return moved


def _told_again(
    before: State, records: np.ndarray, first: int, touched: list[int], events: np.ndarray, walk: _Walk
) -> list[Node]:
    """Replay a stretch that moved the account, stopping before each command that did."""
    replay = _Replay(before)
    done = first
    told: list[Node] = []
    for sequence in touched:
        replay.run(records[done - first : sequence - first])
        command = records[sequence - first : sequence - first + 1]
        expected = events[events["sequence"] == sequence]
        sheet = Sheet(replay.state, walk.account)
        reasons: dict[tuple[int, int], Node] = {}
        mine = (expected["kind"] == EventKind.POSITION_DELEVERAGED) & (expected["counterparty"] == walk.account)
        if mine.any():
            parts = []
            for visited, part in replay.visits(command):
                parts.append(part)
                for event in part[(part["kind"] == EventKind.POSITION_DELEVERAGED)]:
                    if event["counterparty"] == walk.account:
                        key = int(event["account"]), int(event["instrument"])
                        reasons[key] = why_deleveraged(visited, event, walk.account)
            again = np.concatenate(parts)
        else:
            again = replay.run(command)
        if again.tobytes() != expected.tobytes():
            raise AssertionError(f"sequence {sequence} told something else when it was replayed")
        told += walk.command(sheet, CommandKind(int(command[0]["kind"])), sequence, again, reasons)
        if sheet.books() != Sheet(replay.state, walk.account).books():
            raise AssertionError(f"the events of sequence {sequence} do not explain account {walk.account}")
        done = sequence + 1
    return told


@final
class _Replay:
    """The machine without a journal: commands in, events out, and between two visits of an Advance if asked."""

    def __init__(self, state: State) -> None:
        self._machine = Machine(state, fresh_watch(state))
        self._tape = blank_tape(STRETCH_COMMANDS)
        self._kept: State | None = None

    @property
    def state(self) -> State:
        """The tables now."""
        return self._machine.state

    def run(self, records: np.ndarray) -> np.ndarray:
        """Apply commands and give their events."""
        parts: list[np.ndarray] = [np.zeros(0, dtype=EVENT_DTYPE)]
        commands = records.view(np.recarray)
        if len(commands):
            self._machine = make_room(self._machine, commands)
        first = 0
        while first < len(commands):
            first, part = self._apply(commands, first, self._tape)
            parts.append(part)
            if self._tape.meter[1] >= len(self._tape.records):
                self._tape = blank_tape(2 * int(self._tape.meter[1]))
        return np.concatenate(parts)

    def visits(self, command: np.ndarray) -> Iterator[tuple[State, np.ndarray]]:
        """The events of one command account by account, each with the state before them, good until the next.

        A tape with room for one account makes the machine stop after it; the result does not depend on the room.
        """
        commands = command.view(np.recarray)
        self._machine = make_room(self._machine, commands)
        first = 0
        while first == 0:
            room = max(int(plain(rule)(self.state)) for rule in (room_for_one_account, room_for_command))
            if room > len(self._tape.records):
                self._tape = blank_tape(2 * room)
            before = self._keep()
            short: Any = self._tape.records[:room]
            first, part = self._apply(commands, 0, Tape(short, self._tape.meter))
            assert first == 1 or len(part) > 0, "a visit has room"
            yield before, part

    def _keep(self) -> State:
        """A copy of the state, written over the last one while it fits: fresh memory would cost most of the time."""
        kept, state = self._kept, self.state
        tables = (*FIRST_TABLES, "cells", "staged")
        if kept is None or any(len(getattr(kept, name)) != len(getattr(state, name)) for name in tables):
            self._kept = copy_state(state)
            return self._kept
        for name in tables:
            # as bytes: NumPy copies records field by field
            np.copyto(getattr(kept, name).view(np.uint8), getattr(state, name).view(np.uint8))
        return kept

    def _apply(self, commands: Any, first: int, tape: Tape) -> tuple[int, np.ndarray]:
        tape.meter[:] = 0
        done = apply(self._machine.state, self._machine.watch, tape, commands, first)
        count = int(tape.meter[0])
        assert count < len(tape.records), "the argument about room holds"
        return int(done), np.array(tape.records[:count], dtype=EVENT_DTYPE)


def why_deleveraged(state: State, event: Any, account: int) -> Node:
    """Why these contracts were closed against this winner: its place in the queue, or its share of all winners."""
    instrument, price, policy = int(event["instrument"]), int(event["price_ticks"]), state.policy[0]
    per_lot_tick = int(state.contracts[instrument].quanta_per_lot_tick)
    rows = np.flatnonzero(state.positions.instrument[: int(state.venue[0].position_count)] == instrument)
    table: Any = state.positions[rows]
    lots_owed = int(table.lots[table.account == int(event["account"])][0])
    value = table.lots * price * per_lot_tick
    chosen = (table.account != NONE) & (table.lots * np.sign(lots_owed) < 0) & (value > table.cost_quanta)
    chosen[chosen] &= state.accounts.status[table.account[chosen]] == Status.SOUND
    judged = _assess(state, Level.MAINTENANCE, table.account[chosen].astype(np.int64))
    required = _required_alone(state, rows[chosen])
    moved = (table.lots * (int(state.instruments[instrument].mark_ticks) - price) * per_lot_tick)[chosen]
    free = judged[:, 0] - moved - (judged[:, 1] - required) - int(state.stages[0].or_equal)
    able = (moved <= 0) | (free >= 0)  # closing away from the mark makes nobody liquidatable
    if policy.adl_policy == AdlPolicy.QUEUE:
        able &= judged[:, 0] > 0
    judged, required, chosen[chosen] = judged[able], required[able], able
    rows, table, value = rows[chosen], table[chosen], value[chosen]
    available = np.abs(table.lots)
    mine = int(np.flatnonzero(table.account == account)[0])
    shared = (
        number("lots to be closed", abs(lots_owed), "lots", f"those of account {int(event['account'])}"),
        number("lots of this account", int(available[mine]), "lots"),
    )
    if policy.adl_policy == AdlPolicy.PRO_RATA:
        return fact(
            "why this account",
            "every winner closes in proportion to its lots, in pieces; which ends of pieces fall to whom is drawn by a "
            "start that the event keys, so that neither number nor splitting helps",
            *shared,
            number("lots of all winners", int(available.sum()), "lots"),
            number("winners", len(rows), "accounts"),
            number("share of all winners", int(available[mine]) * PPM // int(available.sum()), "ppm"),
            number("piece", max(int(policy.adl_unit_quanta) // (price * per_lot_tick), 1), "lots"),
        )
    scores = [
        int(
            score_of(
                int(policy.adl_score),
                int(table.lots[k]),
                int(value[k]),
                int(table.cost_quanta[k]),
                int(value[k] - table.cost_quanta[k]),
                int(state.accounts.wallet_quanta[table.account[k]]),
                int(judged[k, 0]),
                int(required[k]),
            )
        )
        for k in range(len(rows))
    ]
    ahead = [k for k in range(len(rows)) if (-scores[k], table.account[k]) < (-scores[mine], account)]
    return fact(
        "why this account",
        f"winners close in the order of their score ({_words(AdlScore(int(policy.adl_score)))}), as the visit began",
        *shared,
        number("rank", len(ahead) + 1, "", f"of {len(rows)} winners"),
        number("lots ahead of it", int(available[ahead].sum()), "lots"),
        number(
            "score",
            scores[mine],
            "",
            SCORE_FORMULAS[AdlScore(int(policy.adl_score))],
            "",
            number("value", int(value[mine])),
            number("cost", int(table.cost_quanta[mine])),
            number("wallet", int(state.accounts.wallet_quanta[account])),
            number("equity", int(judged[mine, 0])),
            number("requirement of the position", int(required[mine])),
        ),
    )


def _required_alone(state: State, rows: np.ndarray) -> np.ndarray:
    """Maintenance requirement of each position row: each on an account of its own."""
    accounts = np.zeros(len(rows), dtype=state.accounts.dtype).view(np.recarray)
    accounts.first_position = np.arange(len(rows))
    accounts.first_holding = NONE
    positions = state.positions[rows]
    positions.next = NONE
    answers = _assess(state._replace(accounts=accounts, positions=positions), Level.MAINTENANCE, np.arange(len(rows)))
    return answers[:, 1]


@final
class _Walk:
    """The events of one command, carried out on the account's sheet one after the other, each told as a tree."""

    def __init__(self, rules: Rules, account: int) -> None:
        self.rules = rules
        self.account = account
        self._flags: list[Any] = []
        self._orders: dict[tuple[int, int], Any] = {}
        self._ticks: dict[int, list[Any]] = {}

    def remember(self, events: np.ndarray) -> None:
        """Keep what later trees refer to: flags and orders of this account, funding of every market."""
        own = events["account"] == self.account
        for event in _as_told(events[own & (events["kind"] == EventKind.ACCOUNT_FLAGGED)]):
            self._flags.append(event)
        for event in _as_told(events[own & (events["kind"] == EventKind.LIQUIDATION_ORDERED)]):
            self._orders[event.reference, event.instrument] = event
        for event in _as_told(events[events["kind"] == EventKind.FUNDING_TICKED]):
            self._ticks.setdefault(event.instrument, []).append(event)

    def command(
        self, sheet: Sheet, kind: CommandKind, sequence: int, events: np.ndarray, reasons: dict[tuple[int, int], Node]
    ) -> list[Node]:
        """The trees of one command's events, and the sheet as they leave it."""
        self.sheet, self.events, self.reasons, self.sequence = sheet, _as_told(events), reasons, sequence
        self.source = f"{''.join(word.capitalize() for word in kind.name.split('_'))}, sequence {sequence}"
        self.before_closing: int | None = None
        moves = _moves(events, self.account)
        told = [self._told(event) for event, moved in zip(self.events, moves, strict=True) if moved]
        return [node for node in told if node is not None]

    def _told(self, event: Any) -> Node | None:
        kind = EventKind(event.kind)
        if kind == EventKind.FUNDING_PAID:
            return self._funding(event)
        if kind == EventKind.TRADED:
            return self._trade(event)
        if kind in (EventKind.LIQUIDATION_FILLED, EventKind.POSITION_TAKEN_OVER, EventKind.POSITION_DELEVERAGED):
            return self._closing(event)
        if kind == EventKind.PENALTY_CHARGED:
            return self._penalty(event)
        if kind == EventKind.TRANCHE_DRAWN:
            return self._tranche(event)
        return self._movement(event)

    def _name(self, account: int) -> str:
        first_user = SystemAccount.MARKET_FUNDS + len(self.sheet.tables.instruments)
        return account_name(account, account < first_user)

    def _moment(self) -> Node:
        """The account as the event found it."""
        judged = self.sheet.judge(Level.MAINTENANCE)
        return fact(
            "the account before it",
            "",
            number("equity", judged.equity),
            number("requirement at maintenance", judged.requirement),
            number("wallet", int(self.sheet.account.wallet_quanta)),
        )

    def _movement(self, event: Any) -> Node | None:
        """Money that came or went because somebody asked for it, or because a stage or a deficit says so."""
        kind, mine = EventKind(event.kind), event.account == self.account
        amount, asset, other = event.amount_quanta, event.asset, event.counterparty if mine else event.account
        rules, sources = "as the command asks", self.source
        inputs: list[Node] = []
        if kind == EventKind.DEPOSITED:
            label = f"deposit of {self.rules.asset(asset)}"
        elif kind == EventKind.WITHDRAWN:
            label, amount = f"withdrawal of {self.rules.asset(asset)}", -amount
        elif kind == EventKind.MARGIN_TRANSFERRED:
            label = f"margin {'to' if mine else 'from'} {self._name(other)}"
            amount = -amount if mine else amount
        elif kind == EventKind.FUND_CONTRIBUTED:
            label = "contribution from outside"
        elif kind in (EventKind.VAULT_JOINED, EventKind.VAULT_LEFT):
            leaves = kind == EventKind.VAULT_LEFT
            label = f"vault shares {'sold' if leaves else 'bought'}" + ("" if mine else f" by {self._name(other)}")
            amount = amount if leaves == mine else -amount
            rules = "shares x (vault equity + 1) / (all shares + 1,000,000), rounded in the vault's favour"
            inputs = [number("shares", event.shares, "shares")]
        elif kind == EventKind.COLLATERAL_SOLD:
            label, amount = f"proceeds of {self.rules.asset(asset)} sold", event.value
            rules = "what the sale brought, as the venue reports it"
            inputs = [number("sold", event.amount_quanta, self.rules.unit(asset)), *self._flag()]
            asset = 0
        elif kind == EventKind.RESIDUAL_TAKEN:
            label = f"what was left of {self._name(other)}"
            if mine:
                label, amount = f"what was left, to {self._name(other)}", -amount
            rules, sources = "all cash left after the stage, to the payee it names", self._staged(event.stage)
            inputs = [self._moment()] if mine else []
        else:
            assert kind == EventKind.DEFICIT_OPENED, "every kind that moves money is told"
            label = "shortfall nobody could bear"
            rules = "declared shortfall - what every layer paid, an open deficit until somebody covers it"
            inputs = [self._layers(event.account)]
            if not mine:
                label, amount = f"{label}, of {self._name(other)}", -amount
        if asset == 0:
            self.sheet.pay(-amount)
        return number(label, amount, self.rules.unit(asset), rules, sources, *inputs)

    def _staged(self, stage: int) -> str:
        return f"{self.rules.stage_source(stage)}; {self.source}"

    def _funding(self, event: Any) -> Node:
        row = next(
            row for row in self.sheet.positions() if self.sheet.tables.positions[row].instrument == event.instrument
        )
        position = self.sheet.tables.positions[row]
        market = self.sheet.tables.instruments[event.instrument]
        before, now = int(position.funding_index), int(market.funding_index)
        assert event.amount_quanta == due_up(event.lots, now - before), "what was posted is what the index says"
        position.funding_index = now
        self.sheet.pay(event.amount_quanta)
        symbol = self.rules.symbol(event.instrument)
        return number(
            f"{symbol}: funding {'paid' if event.amount_quanta > 0 else 'received'}",
            -event.amount_quanta,
            "quanta",
            f"-(lots x change of the index / {FUNDING_SCALE}, rounded up)",
            self.source,
            number("lots", event.lots, "lots"),
            self._index_change(event.instrument, now - before),
        )

    def _index_change(self, instrument: int, change: int) -> Node:
        """The ticks that moved the index, the latest first."""
        per_lot_tick = int(self.sheet.tables.contracts[instrument].quanta_per_lot_tick)
        parts: list[Node] = []
        left = change
        for tick in reversed(self._ticks.get(instrument, [])):
            if left == 0 or len(parts) == TICKS_SHOWN_MAX:
                break
            if tick.sequence > self.sequence:
                continue
            step = int(next_index(0, tick.price_ticks * per_lot_tick, tick.value))
            rate = number("rate", tick.value, "ppb")
            mark = number("mark", tick.price_ticks, "ticks")
            rule = f"value of a lot x rate x {FUNDING_SCALE}, to the nearest"
            parts.append(number("tick", step, "index", rule, f"FundingTick, sequence {tick.sequence}", rate, mark))
            left -= step
        if left != 0:
            parts.append(number("ticks before these", left, "index"))
        return total("change of the index since it last settled", parts, unit="index")

    def _realised(self, instrument: int, lots: int, price: int) -> tuple[int, list[Node]]:
        """Exchange on the sheet; (cash made, its tree when something was closed)."""
        made = self.sheet.exchange(instrument, lots, price)
        if made.closed_lots == 0:
            return made.result, []
        per_lot_tick = int(self.sheet.tables.contracts[instrument].quanta_per_lot_tick)
        proceeds = _value_of(-made.closed_lots, price, per_lot_tick, "value closed")
        proceeds = msgspec.structs.replace(
            proceeds,
            rule="lots closed x price x quanta per lot and tick",
            children=(proceeds.children[0], number("price", price, "ticks"), proceeds.children[2]),
        )
        cost = number("less their cost", -made.cost_share, "quanta", "share of the cost held, rounded down")
        return made.result, [total("result of what was closed", [proceeds, cost], "value closed - its cost")]

    def _trade(self, event: Any) -> Node | None:
        bought = event.account == self.account
        lots = event.lots if bought else -event.lots
        fee = event.fee_quanta if bought else event.counter_fee_quanta
        _result, parts = self._realised(event.instrument, lots, event.price_ticks)
        self.sheet.pay(fee)
        if fee != 0:
            per_lot_tick = int(self.sheet.tables.contracts[event.instrument].quanta_per_lot_tick)
            value = event.lots * event.price_ticks * per_lot_tick
            rule = "as the venue charged it in the command, at most the value traded"
            rate = number("share of the value", abs(fee) * PPM // value, "ppm")
            parts.append(number("fee" if fee > 0 else "rebate", -fee, "quanta", rule, "", number("value", value), rate))
        if not parts:
            return None  # opening moves cost, not cash
        symbol = self.rules.symbol(event.instrument)
        label = f"{symbol}: {'bought' if bought else 'sold'} {event.lots:,} lots at {event.price_ticks:,} ticks"
        return total(label, parts, "result of what was closed - fee", self.source)

    def _closing(self, event: Any) -> Node | None:
        """A close-out, a takeover or a deleveraging, on either side."""
        kind, mine = EventKind(event.kind), event.account == self.account
        if kind == EventKind.LIQUIDATION_FILLED:
            change = event.lots if mine else -event.lots
        else:
            change = -event.lots if mine else event.lots
        moment = self._moment()
        if mine and self.before_closing is None:
            self.before_closing = self.sheet.judge(Level.MAINTENANCE).equity
        result, parts = self._realised(event.instrument, change, event.price_ticks)
        if not parts and kind == EventKind.LIQUIDATION_FILLED:
            return None
        symbol = self.rules.symbol(event.instrument)
        other = self._name(event.counterparty if mine else event.account)
        parts += [moment]
        if kind == EventKind.LIQUIDATION_FILLED:
            label = f"{symbol}: {'liquidation, closed with' if mine else 'filled a liquidation of'} {other}"
            rule = "filled in the market at the price the venue reports, within the order's limit"
            parts += self._order(event)
        elif kind == EventKind.POSITION_TAKEN_OVER:
            label = f"{symbol}: taken over by {other}" if mine else f"{symbol}: taken over from {other}"
            rule = "the backstop takes the whole position at the mark"
        else:
            label = f"{symbol}: deleveraged against {other}"
            rule = "contracts closed at the deleveraging price"
            parts += self._deleveraged(event, change, mine)
        if mine:
            parts += self._flag()
        rule += ": the result of what was closed"
        return number(label, result, "quanta", rule, self._staged(event.stage), *parts)

    def _deleveraged(self, event: Any, change: int, mine: bool) -> list[Node]:
        if mine:
            return []
        mark = int(self.sheet.tables.instruments[event.instrument].mark_ticks)
        per_lot_tick = int(self.sheet.tables.contracts[event.instrument].quanta_per_lot_tick)
        given_up = number(
            "given up against the mark",
            -change * (mark - event.price_ticks) * per_lot_tick,
            "quanta",
            "lots closed x (mark - price) x quanta per lot and tick",
            "",
            number("mark", mark, "ticks"),
            number("price", event.price_ticks, "ticks"),
        )
        return [given_up, self.reasons[event.account, event.instrument]]

    def _flag(self) -> list[Node]:
        """When the account was flagged, if that lies in the commands asked for."""
        flags = [flag for flag in self._flags if flag.sequence <= self.sequence]
        if not flags:
            return []
        last = flags[-1]
        inputs = number("equity", last.equity_quanta), number("requirement at maintenance", last.requirement_quanta)
        rule = "equity was not what the first stage asks"
        return [fact("flagged", rule, *inputs, source=f"sequence {last.sequence}")]

    def _order(self, event: Any) -> list[Node]:
        order = self._orders.get((event.reference, event.instrument))
        if order is None or event.account != self.account:
            return []
        limit = number("limit", order.price_ticks or None, "ticks", "" if order.price_ticks else "none")
        inputs = (
            number("lots ordered", order.lots, "lots"),
            limit,
            number("equity", order.equity_quanta),
            number("requirement at maintenance", order.requirement_quanta),
        )
        rule = f"stage {self.rules.stage(order.stage)}"
        return [fact("the order", rule, *inputs, source=f"sequence {order.sequence}")]

    def _penalty(self, event: Any) -> Node:
        mine, stage = event.account == self.account, self.sheet.tables.stages[event.stage]
        fee_ppm = int(stage.fee_ppm)
        inputs = [
            number("value closed", event.value),
            number("penalty rate", fee_ppm, "ppm", "", self.rules.stage_source(event.stage)),
            number("uncapped", int(mul_div_up(event.value, fee_ppm, PPM)), "quanta", "value x rate, rounded up"),
            number("equity after closing", event.equity_quanta),
        ]
        other = self._name(event.counterparty if mine else event.account)
        label, amount = f"penalty from {other}", event.amount_quanta
        if mine:
            assert self.before_closing is not None, "a penalty follows the closing it is for"
            assert self.sheet.judge(Level.MAINTENANCE).equity == event.equity_quanta, "the equity the machine saw"
            expected = penalty_of(event.value, fee_ppm, min(event.equity_quanta, self.before_closing))
            assert expected == event.amount_quanta, "the penalty follows from these numbers"
            inputs += [number("equity before closing", self.before_closing), *self._flag()]
            label, amount = f"penalty to {other}", -event.amount_quanta
            if event.counterparty == self.account:
                amount = 0
        self.sheet.pay(-amount)
        rule = "value x rate, never more than the equity before or after closing, never below zero"
        return number(label, amount, "quanta", rule, self._staged(event.stage), *inputs)

    def _layers(self, defaulter: int) -> Node:
        """The declared shortfall as the sum of what each layer paid and what stayed open."""
        paid: dict[int, int] = {}
        declared = still_open = 0
        for event in self.events:
            if event.account != defaulter:
                continue
            if event.kind == EventKind.SHORTFALL_DECLARED:
                declared += event.amount_quanta
            elif event.kind == EventKind.TRANCHE_DRAWN:
                paid[event.tranche] = paid.get(event.tranche, 0) + event.amount_quanta
            elif event.kind == EventKind.DEFICIT_OPENED:
                still_open += event.amount_quanta
        parts = [
            number(_words(Tranche(tranche)), amount, "quanta", "", self.rules.tranche_source(tranche))
            for tranche, amount in paid.items()
        ]
        if still_open:
            parts.append(number("open deficit", still_open, "quanta", "nobody could bear it"))
        tree = total(f"shortfall of {self._name(defaulter)}", parts, "declared = what each layer paid, in this order")
        assert tree.value == declared, "a shortfall is paid exactly"
        return tree

    def _tranche(self, event: Any) -> Node:
        """A layer's payment, from the side of whoever pays it or of the account it is for."""
        layers, tranche, amount = self._layers(event.account), event.tranche, event.amount_quanta
        name, source = _words(Tranche(tranche)), f"{self.rules.tranche_source(tranche)}; {self.source}"
        if event.account == self.account:
            if event.counterparty == self.account:
                paid = number("paid by that price", amount)
                rule = "the deleveraging price was better than the mark: that part of the loss was never posted"
                return number("shortfall met by the deleveraging price", 0, "quanta", rule, source, paid, layers)
            self.sheet.pay(-amount)
            label = f"loss paid for it by {self._name(event.counterparty)} ({name})"
            return number(label, amount, "quanta", "each layer pays what is left, as far as it can", source, layers)
        moment = self._moment()
        bears = self._bearable(tranche, event.account)
        assert amount <= (bears.value or 0), "nobody is charged more than it can bear"
        self.sheet.pay(amount)
        draws = [
            each
            for each in self.events
            if each.kind == EventKind.TRANCHE_DRAWN and (each.account, each.tranche) == (event.account, tranche)
        ]
        layer = sum(each.amount_quanta for each in draws)
        return number(
            f"loss of {self._name(event.account)} ({name})",
            -amount,
            "quanta",
            "in proportion to what each payer of the layer can bear, rounded cumulatively"
            if tranche >= Tranche.ADL
            else "what is left to pay, as far as the layer's means and its cap allow",
            source,
            number("defaulter", event.account, "account", f"flagged at sequence {event.reference}"),
            layers,
            number("this layer paid", layer, "quanta", f"shared by {len(draws)}"),
            number("share of this account", amount * PPM // layer, "ppm"),
            bears,
            moment,
        )

    def _bearable(self, tranche: int, defaulter: int) -> Node:
        """What the payer could be charged by this layer at this moment."""
        judged, wallet = self.sheet.judge(Level.MAINTENANCE), int(self.sheet.account.wallet_quanta)
        if tranche < Tranche.ADL:
            means = min(judged.equity, wallet) if tranche == Tranche.LIQUIDITY_VAULT else wallet
            layers = self.sheet.tables.absorbers
            cap = next(int(layer.cap_ppm) for layer in layers if layer.used == 1 and layer.tranche == tranche)
            inputs = number("means", means), number("cap for one default", cap, "ppm")
            able = int(take(LIMIT, means, cap))
            return number("could bear", able, "quanta", "means x cap, rounded down", "", *inputs)
        or_equal = int(self.sheet.tables.stages[0].or_equal)
        free = judged.equity - judged.requirement - or_equal
        inputs = number("equity", judged.equity), number("requirement at maintenance", judged.requirement)
        if tranche == Tranche.HAIRCUT_ALL:
            return number("could bear", max(free, 0), "quanta", "equity - requirement, not below zero", "", *inputs)
        if tranche == Tranche.ADL:
            closed = (event for event in self.events if event.kind == EventKind.POSITION_DELEVERAGED)
            mine = (event for event in closed if (event.account, event.counterparty) == (defaulter, self.account))
            label, most = "gains it closed at", sum(max(event.value, 0) for event in mine)
        else:
            rows = self.sheet.positions()
            label, most = "gains it holds", sum(max(self.sheet.alone(Level.MAINTENANCE, row).equity, 0) for row in rows)
        rule = "the smaller of its gains and equity - requirement, not below zero"
        return number("could bear", max(min(free, most), 0), "quanta", rule, "", *inputs, number(label, most))


def _as_told(events: np.ndarray) -> list[Any]:
    """Events with plain integers as fields."""
    names = events.dtype.names or ()
    return [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in events.tolist()]
