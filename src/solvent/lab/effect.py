"""The effect of a change of rules on a snapshot: who would be liquidated at unchanged prices, and what all must hold.

The snapshot is the state a journal leads to, or the opening of a scenario's people. Nothing of it moves: the same
accounts, positions and marks are judged under the terms before and under the terms after, by the machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np

from solvent.codes import AccountKind, ContractKind, Level
from solvent.compiled import plain
from solvent.engine.engine import Engine, Genesis
from solvent.lab.opening import opening_commands
from solvent.lab.paths import opening_prices, waypoint_path
from solvent.lab.population import settle_people
from solvent.lab.scenario import read_scenario
from solvent.lab.worked import FEEDS
from solvent.procedures.assess import assess_accounts
from solvent.risk.liquidation import is_breached
from solvent.rulebook.compile import compile_terms
from solvent.rulebook.contracts import Contract
from solvent.rulebook.rules import Rulebook
from solvent.state.tables import State
from solvent.state.terms import ASSETS_MAX, Terms
from solvent.state.whole import first_user_account

SHOWN_MAX: Final = 20
"""Accounts named in the answer, the worst first; the count is of all."""

WRITTEN: Final = tuple(name for name in Terms._fields if name not in ("cells", "contracts"))
"""Tables a rulebook writes."""

LISTED: Final = ("quanta_per_lot_tick", "price_max_ticks", "lots_max", "kind", "price_min_ticks")
"""What of a contract is fixed when its market is listed; the rest of its row is the rulebook's."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One account under one set of rules, in quanta."""

    equity: int
    maintenance: int
    initial: int
    distressed: bool


@dataclass(frozen=True, slots=True)
class Fallen:
    """An account that is sound before and liquidatable after."""

    account: int
    before: Standing
    after: Standing


@dataclass(frozen=True, slots=True)
class Effect:
    """The answer; totals are over all traders with a position."""

    accounts: int
    distressed_before: int
    distressed_after: int
    fallen: tuple[Fallen, ...]
    fallen_count: int
    recovered_count: int
    maintenance_quanta: tuple[int, int]
    initial_quanta: tuple[int, int]
    settlement_decimals: int

    def as_json(self) -> dict[str, Any]:
        """Plain types, money in quanta."""
        return {
            "accounts": self.accounts,
            "distressed": {"before": self.distressed_before, "after": self.distressed_after},
            "become_liquidatable": self.fallen_count,
            "recover": self.recovered_count,
            "maintenance_quanta": dict(zip(("before", "after"), self.maintenance_quanta, strict=True)),
            "initial_quanta": dict(zip(("before", "after"), self.initial_quanta, strict=True)),
            "settlement_decimals": self.settlement_decimals,
            "worst": [
                {
                    "account": one.account,
                    "equity_quanta": {"before": one.before.equity, "after": one.after.equity},
                    "maintenance_quanta": {"before": one.before.maintenance, "after": one.after.maintenance},
                }
                for one in self.fallen
            ],
        }


def effect_of(state: State, symbols: Sequence[str], decimals: int, before: Rulebook, after: Rulebook) -> Effect:
    """Both rulebooks on one state. Raises RulebookError where one of them does not fit its markets."""
    contracts = contracts_of(state, symbols, decimals)
    accounts = traders_of(state)
    old, new = (standings(under(state, book, before, contracts, decimals), accounts) for book in (before, after))
    fallen = [
        Fallen(int(account), a, b)
        for account, a, b in zip(accounts, old, new, strict=True)
        if b.distressed and not a.distressed
    ]
    fallen.sort(key=lambda one: (one.after.equity - one.after.maintenance, one.account))
    return Effect(
        accounts=len(accounts),
        distressed_before=sum(one.distressed for one in old),
        distressed_after=sum(one.distressed for one in new),
        fallen=tuple(fallen[:SHOWN_MAX]),
        fallen_count=len(fallen),
        recovered_count=sum(a.distressed and not b.distressed for a, b in zip(old, new, strict=True)),
        maintenance_quanta=(sum(one.maintenance for one in old), sum(one.maintenance for one in new)),
        initial_quanta=(sum(one.initial for one in old), sum(one.initial for one in new)),
        settlement_decimals=decimals,
    )


def traders_of(state: State) -> np.ndarray:
    """Accounts of traders that hold a position, in ascending number."""
    first, count = first_user_account(state), int(state.venue[0].account_count)
    rows = np.arange(first, count)
    held = (state.accounts.position_count[first:count] > 0) & (state.accounts.kind[first:count] != AccountKind.NONE)
    return np.asarray(rows[held])


def contracts_of(state: State, symbols: Sequence[str], decimals: int) -> list[Contract]:
    """The markets of a state as contracts: a tick is one, a lot what makes a lot at a tick worth what it is worth.

    Sizes and prices of a state are whole numbers; only their product is money, and only money is judged.
    """
    found = []
    for row, symbol in enumerate(symbols):
        terms: Any = state.contracts[row]
        lot = Decimal(int(terms.quanta_per_lot_tick)).scaleb(-decimals)  # with a tick of one, for either kind
        found.append(
            Contract(
                symbol=symbol,
                base=symbol.split("/")[0],
                lot_size=lot,
                tick_size=Decimal(1),
                price_max=Decimal(int(terms.price_max_ticks)),
                position_max=lot * int(terms.lots_max),
                feeds=FEEDS,
                kind="inverse" if terms.kind == ContractKind.INVERSE else "linear",
                price_min=Decimal(max(int(terms.price_min_ticks), 1)),
            )
        )
    return found


def under(state: State, book: Rulebook, in_force: Rulebook, contracts: list[Contract], decimals: int) -> State:
    """The same accounts and marks under a rulebook's terms; collateral it does not take is worth nothing."""
    terms = compile_terms(book, contracts, decimals).terms
    last = ASSETS_MAX - 1
    places = {asset.asset: row for row, asset in enumerate(book.collateral)}
    moved = np.full(ASSETS_MAX, last, dtype=np.int64)
    for row, asset in enumerate(in_force.collateral):
        moved[row] = places.get(asset.asset, last)
    if last not in places.values():
        terms.assets[last].value_den = 1
    holdings: Any = state.holdings.copy()
    holdings.asset[:] = moved[holdings.asset]
    tables = {name: getattr(terms, name) for name in WRITTEN}
    listed: Any = terms.contracts.copy()
    for name in LISTED:
        listed[name] = state.contracts[name]
    return state._replace(holdings=holdings, contracts=listed, **tables)


def standings(state: State, accounts: np.ndarray) -> list[Standing]:
    """How each account stands; distressed is who breaches any stage."""
    judged = {}
    for level in Level:
        answers = np.zeros((len(accounts), 4), dtype=np.int64)
        assess_accounts(state, int(level), accounts.astype(np.int64), answers)
        judged[int(level)] = answers
    stages = [stage for stage in state.stages if stage.used == 1]
    breached = plain(is_breached)
    found = []
    for row in range(len(accounts)):
        distressed = any(
            breached(stage, int(judged[int(stage.level)][row, 0]), int(judged[int(stage.level)][row, 1]))
            for stage in stages
        )
        maintenance, initial = judged[int(Level.MAINTENANCE)][row], judged[int(Level.INITIAL)][row]
        found.append(Standing(int(maintenance[0]), int(maintenance[1]), int(initial[1]), distressed))
    return found


def snapshot_of(place: Path) -> tuple[State, list[str], int]:
    """(state, symbols, decimals) a journal leads to. Raises EngineFault for what is not one."""
    with Engine.open(place, read_only=True) as engine:
        decimals = int(engine.genesis.documents.get("settlement_decimals", 6))
        return engine.state, list(engine.genesis.symbols), decimals


def opening_of(name: str, book: Rulebook, accounts: int | None, seed: int) -> tuple[State, list[str], int]:
    """(state, symbols, decimals) of a scenario's people under a rulebook, before its story begins."""
    scenario = read_scenario(name)
    path = waypoint_path(scenario, seed)
    compiled = compile_terms(book, [market.contract for market in scenario.markets])
    ticks = np.array([float(market.contract.tick_size) for market in scenario.markets])
    opening = np.maximum(np.round(opening_prices(path, len(ticks)) / ticks), 1).astype(np.int64)
    count = int(scenario.population["accounts"]) if accounts is None else accounts
    with Engine.in_memory(Genesis.of(compiled.terms, compiled.symbols, {})) as engine:
        engine.submit(opening_commands(scenario, compiled, opening))
        engine.submit(settle_people(scenario, compiled, opening, count, seed).commands)
        return engine.state, list(compiled.symbols), compiled.settlement_decimals
