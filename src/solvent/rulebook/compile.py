"""From a rulebook and the instruments it is for, to the machine's terms: kinds become rows of whole numbers.

Brackets of one schedule, at a level's scale, share the common denominator D of their rates n_k / D, so that
leverage 30 stays 1/30. Deductions follow from the floors and are never written down:

    D_0 = 0,   D_k = D_(k-1) + floor_k x (n_k - n_(k-1))     stored as D_k // D and D_k mod D, exactly

Money becomes quanta exactly; an amount with a fraction of a quantum is a fault, not a rounding. Faults of the
whole compilation are told together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, lcm
from typing import Any, Final

import numpy as np

from solvent.codes import (
    Accept,
    AdlPolicy,
    AdlPrice,
    AdlScore,
    Executor,
    FeePayee,
    MarkCombiner,
    Mode,
    PriceLimit,
    Size,
    SourceKind,
    SystemAccount,
    Tranche,
)
from solvent.codes import Level as LevelCode
from solvent.codes import Schedule as ScheduleCode
from solvent.rulebook.checks import SCORES
from solvent.rulebook.contracts import (
    DECIMALS_MAX,
    Contract,
    Feed,
    Scale,
    check_feeds,
    check_symbols,
    scale_of,
)
from solvent.rulebook.faults import Fault, RulebookError
from solvent.rulebook.locate import Path, lines_of, nearest_line
from solvent.rulebook.reading import written
from solvent.rulebook.rules import (
    DEFAULT_MARKET,
    Bracket,
    Collateral,
    Level,
    LossStage,
    Rulebook,
    Schedule,
    Stage,
)
from solvent.state.terms import LEVELS, SOURCES_MAX, Terms, TermsShape, blank_terms
from solvent.units import LIMIT, NANOSECONDS_PER_MILLISECOND, PPB, PPM, RATE_DENOMINATOR_MAX

SETTLEMENT_DECIMALS: Final = 6

BRACKET_ROOM: Final = 64
"""Room for brackets comes in steps of this many, so that a later rulebook with a few more still fits."""

FUTURE_MAX_MS: Final = 2_000
"""Clocks of honest sources differ by less."""

PAYEES: Final = {
    "trader": FeePayee.TRADER,
    "market_fund": FeePayee.MARKET_FUND,
    "insurance_fund": FeePayee.VENUE_FUND,
    "vault": FeePayee.VAULT,
    "venue_capital": FeePayee.VENUE_CAPITAL,
}

TRANCHES: Final = {
    ("insurance_fund", "market"): Tranche.MARKET_FUND,
    ("insurance_fund", "venue"): Tranche.VENUE_FUND,
    ("venue_capital", ""): Tranche.VENUE_CAPITAL,
    ("liquidity_vault", ""): Tranche.LIQUIDITY_VAULT,
    ("adl", ""): Tranche.ADL,
    ("haircut_gains", ""): Tranche.HAIRCUT_GAINS,
    ("haircut_all", ""): Tranche.HAIRCUT_ALL,
}

COMPONENTS: Final = {
    "index": SourceKind.SPOT,
    "external_perp_median": SourceKind.PERP,
    "reported_mark": SourceKind.MARK,
}

FEED_KINDS: Final = {"spot": SourceKind.SPOT, "perp": SourceKind.PERP, "mark": SourceKind.MARK}

MODES: Final = {"reduce_only": Mode.REDUCE_ONLY, "halt_market": Mode.HALTED}


@dataclass(frozen=True, slots=True)
class CompiledTerms:
    """The terms, and the numbers that names outside have in them.

    `source_ids` is by (instrument row, feed name); `notes` are sentences for whoever starts the machine.
    """

    terms: Terms
    shape: TermsShape
    symbols: tuple[str, ...]
    source_ids: dict[tuple[int, str], int]
    asset_ids: dict[str, int]
    settlement_decimals: int
    contracts: tuple[Contract, ...]
    notes: tuple[str, ...]


def compile_terms(
    rulebook: Rulebook,
    contracts: Sequence[Contract],
    settlement_decimals: int = SETTLEMENT_DECIMALS,
    *,
    room: TermsShape | None = None,
) -> CompiledTerms:
    """The rulebook for these instruments, a row each, in this order. Raises RulebookError with all faults.

    `room` keeps the shape of terms already in force, so that `change_terms` can go from them to these.
    """
    return _Compilation(rulebook, tuple(contracts), settlement_decimals, room).run()


def change_terms(old: Terms, new: Terms) -> list[tuple[int, int]]:
    """(cell, value) of everything that differs, in the order of the cells: one StageTerm each."""
    if shape_of_terms(old) != shape_of_terms(new):
        raise ValueError("The terms differ in shape; compile the new rulebook with room = shape of the old terms.")
    return [(int(cell), int(new.cells[cell])) for cell in np.flatnonzero(old.cells != new.cells)]


def shape_of_terms(terms: Terms) -> TermsShape:
    """How many instruments and brackets the terms have room for."""
    return TermsShape(len(terms.contracts), len(terms.brackets))


@dataclass(frozen=True, slots=True)
class _Rates:
    """Brackets of one schedule at one level, in whole numbers."""

    denominator: int
    rows: tuple[tuple[int, int, int, int], ...]
    rate_max_ppm: int


class _Compilation:
    """One run: rows are written as they are known, faults and notes collected."""

    def __init__(
        self, rulebook: Rulebook, contracts: tuple[Contract, ...], decimals: int, room: TermsShape | None
    ) -> None:
        self.rulebook = rulebook
        self.contracts = contracts
        self.decimals = decimals
        self.room = room
        self.lines = lines_of(rulebook.text)
        self.faults: list[Fault] = []
        self.notes: list[str] = []

    def run(self) -> CompiledTerms:
        """Everything, table by table."""
        if not 0 <= self.decimals <= DECIMALS_MAX:
            self.tell("settlement_decimals", f"{self.decimals} is out of bounds", f"Use 0 to {DECIMALS_MAX}.")
            raise RulebookError(self.rulebook.name, self.faults)
        check_symbols(self.contracts, self.tell)
        for contract in self.contracts:
            check_feeds(contract, self.tell)
        scales = [scale_of(contract, self.decimals, self.tell) for contract in self.contracts]
        brackets: dict[tuple[tuple[int, int, int, int], ...], int] = {}
        schedules = self.schedules(brackets)
        shape = self.shape(sum(map(len, brackets)))
        if self.faults:
            raise RulebookError(self.rulebook.name, self.faults)
        terms = blank_terms(shape)
        self.write_contracts(terms, [scale for scale in scales if scale is not None])
        for (level, instrument), fields in schedules.items():
            _write(terms.schedules[level * shape.instruments + instrument], fields)
        for rows, first in brackets.items():
            for place, row in enumerate(rows):
                terms.brackets[first + place] = row
        self.write_levels(terms)
        self.write_stages(terms)
        self.write_losses(terms)
        self.write_assets(terms)
        self.write_breakers(terms)
        source_ids, heard = self.write_feeds(terms)
        self.write_policy(terms, heard)
        if self.faults:
            raise RulebookError(self.rulebook.name, self.faults)
        return CompiledTerms(
            terms=terms,
            shape=shape,
            symbols=tuple(contract.symbol for contract in self.contracts),
            source_ids=source_ids,
            asset_ids={asset.asset: row for row, asset in enumerate(self.rulebook.collateral)},
            settlement_decimals=self.decimals,
            contracts=self.contracts,
            notes=tuple(dict.fromkeys(self.notes)),
        )

    def tell(self, path: str, problem: str, remedy: str) -> None:
        """A fault of what was given beside the rulebook."""
        self.faults.append(Fault(None, path, problem, remedy))

    def tell_at(self, path: Path, problem: str, remedy: str) -> None:
        """A fault of the rulebook itself."""
        fault = Fault(nearest_line(self.lines, path), written(path), problem, remedy)
        if fault not in self.faults:
            self.faults.append(fault)

    def quanta(self, amount: Decimal, path: Path) -> int:
        """An amount in quanta; told when it is no whole number of them, or too large."""
        exact = Fraction(amount) * 10**self.decimals
        if exact.denominator != 1:
            self.tell_at(path, f"{amount} is not a whole number of quanta", f"Write at most {self.decimals} decimals.")
            return 0
        if exact > LIMIT:
            self.tell_at(path, f"{amount} is more than 2^62 quanta", "Write less, or use fewer decimals.")
            return 0
        return int(exact)

    def shape(self, brackets: int) -> TermsShape:
        """Room for everything, or the room asked for."""
        needed = TermsShape(len(self.contracts), -(-max(brackets, 1) // BRACKET_ROOM) * BRACKET_ROOM)
        if self.room is None:
            return needed
        if self.room.instruments < needed.instruments or self.room.brackets < brackets:
            self.tell(
                "room",
                f"{needed.instruments} instruments and {brackets} brackets do not fit into {self.room}",
                "Remove some, or start the machine anew with more room.",
            )
        return self.room

    def schedules(
        self, brackets: dict[tuple[tuple[int, int, int, int], ...], int]
    ) -> dict[tuple[int, int], dict[str, int]]:
        """Row of every (level, instrument); equal bracket tables are stored once, in `brackets`."""
        rows: dict[tuple[int, int], dict[str, int]] = {}
        for level in self.rulebook.levels:
            schedule = self.rulebook.schedule(level.of)
            bound = self.rulebook.schedule(schedule.bounded_by) if schedule.bounded_by else schedule
            for instrument, contract in enumerate(self.contracts):
                place = (int(LevelCode[level.name.upper()]), instrument)
                if schedule.kind == "zero":
                    rows[place] = {"kind": ScheduleCode.ZERO, "denominator": 1}
                    continue
                market = next((name for name in (contract.base, DEFAULT_MARKET) if name in bound.brackets), None)
                if market is None:
                    if contract.position_max != 0:
                        self.tell_at(
                            ("margin", "schedule", self.rulebook.schedules.index(bound), "brackets"),
                            f"there are no brackets for {contract.base}",
                            f"Add {contract.base} = [ … ] or default = [ … ].",
                        )
                    rows[place] = {"kind": ScheduleCode.ZERO, "denominator": 1}
                    continue
                rates = self.rates(level, bound, market)
                first = brackets.setdefault(rates.rows, sum(map(len, brackets)))
                rows[place] = {
                    "kind": _schedule_code(schedule),
                    "first_bracket": first,
                    "bracket_count": len(rates.rows),
                    "denominator": rates.denominator,
                    "scale_ppm": int(level.scale * PPM),
                    "rate_max_ppm": rates.rate_max_ppm,
                }
        return rows

    def rates(self, level: Level, schedule: Schedule, market: str) -> _Rates:
        """One bracket table: common denominator, numerators and exact deductions."""
        path: Path = ("margin", "schedule", self.rulebook.schedules.index(schedule), "brackets", market)
        rates = [_rate(level, bracket) for bracket in schedule.brackets[market]]
        denominator = lcm(*(rate.denominator for rate in rates))
        if denominator > RATE_DENOMINATOR_MAX:
            self.tell_at(
                path,
                f"at level {level.name} the rates have the common denominator {denominator}, more than 2^31",
                "Use leverages and rates that divide each other, such as 50, 25, 20, 10.",
            )
        rows: list[tuple[int, int, int, int]] = []
        deduction = numerator = 0
        for row, (bracket, rate) in enumerate(zip(schedule.brackets[market], rates, strict=True)):
            floor = self.quanta(bracket.floor, (*path, row, "from"))
            before, numerator = numerator, int(rate * denominator)
            if schedule.mode == "marginal":
                deduction += floor * (numerator - before)
            rows.append((floor, numerator, deduction // denominator, deduction % denominator))
        return _Rates(denominator, tuple(rows), ceil(max(rates) * PPM))

    def write_contracts(self, terms: Terms, scales: Sequence[Scale]) -> None:
        """Sizes and caps; a contract's own cap replaces the rulebook's."""
        limits = self.rulebook.limits
        for row, (contract, scale) in enumerate(zip(self.contracts, scales, strict=True)):
            size = contract.open_interest_cap_size or limits.open_interest_size
            notional = contract.open_interest_cap_notional or limits.open_interest_notional
            lots = quanta = 0
            if size is not None:
                lots = min(int(Fraction(size) / Fraction(contract.lot_size)), LIMIT)
            if notional is not None:
                quanta = min(int(Fraction(notional) * 10**self.decimals), LIMIT)
            if (size is not None and lots == 0) or (notional is not None and quanta == 0):
                self.tell(
                    f"contract {contract.symbol}",
                    "the open-interest cap is less than one lot or quantum, which would mean no cap",
                    "Write a larger cap.",
                )
            terms.contracts[row] = (*scale, lots, quanta)

    def write_levels(self, terms: Terms) -> None:
        """What each rung counts."""
        for level in self.rulebook.levels:
            _write(
                terms.levels[LevelCode[level.name.upper()]],
                {
                    "used": 1,
                    "includes_orders": level.includes_orders,
                    "open_loss": level.open_loss,
                    "blocks_open": "open" in level.blocks,
                    "blocks_withdraw": "withdraw" in level.blocks,
                    "maintenance_weights": level.weights == "maintenance",
                },
            )
            if level.name == "initial" and set(level.blocks) != {"open", "withdraw"}:
                self.notes.append(
                    "The machine gates opening and withdrawing at the initial level whatever `blocks` says."
                )

    def payee(self, name: str) -> int:
        """The code of a payee; a vault may have a name of its own."""
        return PAYEES.get(name, FeePayee.VAULT)

    def residual_payee(self, stage: Stage) -> int:
        """Who gets what an account leaves: as the stage says, else the vault that took it, else the waterfall."""
        if stage.executor == "engine":
            return FeePayee.TRADER
        if stage.residual_to:
            return self.payee(stage.residual_to)
        if stage.takeover_at in ("bankruptcy", "account_transfer"):
            return FeePayee.VAULT
        last = next((loss.to for loss in self.rulebook.losses if loss.kind == "account_residual"), "trader")
        return self.payee(last)

    def write_stages(self, terms: Terms) -> None:
        """The action ladder."""
        for row, stage in enumerate(self.rulebook.stages):
            path: Path = ("liquidation", "stage", row, "size", "min_notional")
            _write(
                terms.stages[row],
                {
                    "used": 1,
                    "level": LevelCode[stage.level.upper()],
                    "or_equal": stage.or_equal,
                    "scale_ppm": int(stage.scale * PPM),
                    "executor": Executor[stage.executor.upper()],
                    "sizing": Size[stage.size.upper()],
                    "size_ppm": int((stage.share or 0) * PPM),
                    "size_min_quanta": self.quanta(stage.min_notional, path),
                    "cooldown_ns": stage.cooldown_ms * NANOSECONDS_PER_MILLISECOND,
                    "price_limit": PriceLimit[stage.price_limit.upper()],
                    "timeout_ns": stage.timeout_ms * NANOSECONDS_PER_MILLISECOND,
                    "fee_ppm": int(stage.fee * PPM),
                    "fee_payee": self.payee(stage.fee_to) if stage.fee_to else FeePayee.TRADER,
                    "residual_payee": self.residual_payee(stage),
                    "taker": SystemAccount.VAULT,
                    "accept": Accept[stage.accept.upper()],
                },
            )

    def write_losses(self, terms: Terms) -> None:
        """The waterfall; the residual of accounts is a payee of the stages, not a layer."""
        layers = [loss for loss in self.rulebook.losses if loss.kind != "account_residual"]
        for row, loss in enumerate(layers):
            terms.absorbers[row] = (1, _tranche(loss), int(loss.cap * PPM))

    def write_assets(self, terms: Terms) -> None:
        """Collateral: amount x ticks x num / den is its value. An asset nobody prices is not accepted."""
        terms.assets[0] = (1, 0, 1, 1, PPM, PPM)
        bases = [contract.base for contract in self.contracts]
        for row, asset in enumerate(self.rulebook.collateral):
            if row == 0:
                continue
            if asset.price not in bases:
                self.notes.append(f"Collateral {asset.asset} is not accepted: no instrument prices {asset.price}.")
                continue
            instrument = bases.index(asset.price)
            ratio = Fraction(self.contracts[instrument].tick_size) * Fraction(10) ** (self.decimals - asset.decimals)
            if ratio.denominator > LIMIT or int(terms.contracts[instrument].price_max_ticks) * ratio.numerator >= LIMIT:
                self.tell_at(
                    ("collateral", row, "decimals"),
                    f"the value of {asset.asset} does not fit the machine's arithmetic",
                    "Choose decimals nearer to those of the settlement currency.",
                )
                continue
            terms.assets[row] = (1, instrument, ratio.numerator, ratio.denominator, *_weights_ppm(asset))

    def write_breakers(self, terms: Terms) -> None:
        """What slows or stops a market."""
        for row, breaker in enumerate(self.rulebook.breakers):
            terms.breakers[row] = (
                1,
                int(breaker.move * PPM),
                breaker.window_ms * NANOSECONDS_PER_MILLISECOND,
                MODES[breaker.action],
                breaker.release_ms * NANOSECONDS_PER_MILLISECOND,
            )

    def write_feeds(self, terms: Terms) -> tuple[dict[tuple[int, str], int], list[int]]:
        """Sources of every instrument: their numbers, and how many of each enter its mark."""
        index = self.rulebook.index
        age = (index.age_max_ms or 0) * NANOSECONDS_PER_MILLISECOND
        step = int((index.step_max or 0) * PPM)
        mixed = {COMPONENTS[component.kind] for component in self.rulebook.mark.components}
        source_ids: dict[tuple[int, str], int] = {}
        heard: list[int] = []
        for row, contract in enumerate(self.contracts):
            count = 0
            for number, feed in enumerate(contract.feeds):
                source_ids[row, feed.name] = number
                weight = self.weight(feed)
                kind = FEED_KINDS[feed.kind]
                terms.feeds[row * SOURCES_MAX + number] = (weight, kind, age, step)
                count += weight > 0 and kind in mixed
            if count == 0:
                self.tell(
                    f"contract {contract.symbol}.feeds",
                    "none of them enters the mark",
                    "Add a feed of a kind and weight that [price.mark] listens to.",
                )
            heard.append(count)
        return source_ids, heard

    def weight(self, feed: Feed) -> int:
        """Weight of a feed: as its component or the index lists it, else the default."""
        listed = self.rulebook.index.sources if feed.kind == "spot" else ()
        for component in self.rulebook.mark.components:
            if COMPONENTS[component.kind] == FEED_KINDS[feed.kind] and component.sources:
                listed = component.sources
        return next((source.weight for source in listed if source.id == feed.name), self.rulebook.index.default_weight)

    def write_policy(self, terms: Terms, heard: Sequence[int]) -> None:
        """What holds for the venue as a whole."""
        rulebook, index, adl = self.rulebook, self.rulebook.index, self.rulebook.adl
        minimum = index.minimum_sources
        fewest = min(heard)
        if 0 < fewest < minimum:
            self.notes.append(f"Minimum of fresh sources lowered from {minimum} to {fewest}, all one instrument has.")
            minimum = fewest
        components = sum(1 << COMPONENTS[component.kind] for component in rulebook.mark.components)
        future = index.future_max_ms if index.future_max_ms is not None else FUTURE_MAX_MS
        cap = Fraction(0) if rulebook.funding.kind == "none" else rulebook.funding.cap
        _write(
            terms.policy[0],
            {
                "mark_combiner": MarkCombiner[rulebook.mark.kind.upper()],
                "mark_components": components,
                "sources_min": minimum,
                "future_max_ns": future * NANOSECONDS_PER_MILLISECOND,
                "funding_rate_max_ppb": int(cap * PPB),
                "adl_price": AdlPrice[adl.price.upper()] if adl is not None else AdlPrice.MARK,
                "adl_score": AdlScore[SCORES.get(frozenset(adl.score), "hyperliquid").upper()]
                if adl is not None
                else 0,
                "adl_policy": AdlPolicy.PRO_RATA if adl is not None and adl.combine == "pro_rata" else AdlPolicy.QUEUE,
                "withdraw_notional_ppm": int(rulebook.limits.withdraw_floor * PPM),
                "withdraw_gains": rulebook.limits.withdraw_gains,
                "advance_max": rulebook.accounts_per_advance,
                "adl_unit_quanta": int(adl.unit * 10**self.decimals) if adl is not None else 0,
            },
        )


def _write(row: Any, fields: dict[str, int]) -> None:
    """Set named fields of one row."""
    for name, value in fields.items():
        row[name] = int(value)


def _schedule_code(schedule: Schedule) -> ScheduleCode:
    if schedule.kind == "user_leverage":
        return ScheduleCode.USER_LEVERAGE
    return ScheduleCode.BRACKETS_MARGINAL if schedule.mode == "marginal" else ScheduleCode.BRACKETS_WHOLE


def _rate(level: Level, bracket: Bracket) -> Fraction:
    """Rate of a bracket at a level, its scale included."""
    return (bracket.initial if level.name == "initial" else bracket.maintenance) * level.scale


def _tranche(loss: LossStage) -> Tranche:
    return TRANCHES[loss.kind, loss.scope]


def _weights_ppm(asset: Collateral) -> tuple[int, int]:
    return int(asset.initial * PPM), int(asset.maintenance * PPM)


assert len(LevelCode) == LEVELS, "every level of the rulebook has a row"
