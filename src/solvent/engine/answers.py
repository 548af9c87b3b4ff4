"""What can be asked of one account, under any rulebook: what it has, what it must hold, and where it would be closed.

    answers_of(engine, account) -> AccountAnswers

Every number is the machine's own judgement. A liquidation price is the first mark, other marks as they are, at which
the account is distressed. Where a position is judged by marginal brackets, by a rate that does not move with its price
or by nothing, it solves

    equity + lots x unit x (P - mark) = others + rate x |lots| x unit x P - deduction + what the level adds

and the whole ticks around the root are judged exactly; elsewhere, or if no tick around it is the edge, the marks
between the bounds of the contract are searched by halving. A bankruptcy price is the same with nothing required.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Any, Final

from solvent.codes import AccountKind, ContractKind, Driver, Level, Schedule, Status
from solvent.engine.engine import Engine
from solvent.engine.explain import Judged, NotExplainable, Sheet, plain
from solvent.engine.winners import deleveraging_places
from solvent.risk.margin.curve import curve_rate_ppb
from solvent.units import PPB, PPM

CLOSED_FORM: Final = "closed form"
SEARCH: Final = "search"

TICKS_TRIED_MAX: Final = 64
"""Around a root; where a quantum is more ticks than this, halving is quicker than trying them."""


@dataclass(frozen=True, slots=True)
class LevelAnswer:
    """One rung of the margin ladder, in quanta; the ratio is equity over requirement, rounded down."""

    level: str
    equity_quanta: int
    requirement_quanta: int
    margin_ratio_ppm: int | None


@dataclass(frozen=True, slots=True)
class PositionAnswer:
    """One position: prices in ticks, None where there is no such mark inside the contract's bounds.

    `distance_ppm` is how far the mark is from the liquidation price, as a share of the mark. The place among those who
    would be deleveraged counts from 1; None for a position without a gain.
    """

    instrument: int
    symbol: str
    lots: int
    mark_ticks: int
    liquidation_ticks: int | None
    liquidation_by: str
    bankruptcy_ticks: int | None
    distance_ppm: int | None
    adl_rank: int | None
    adl_of: int | None
    adl_policy: str


@dataclass(frozen=True, slots=True)
class AccountAnswers:
    """One account at one sequence. `headroom_ppm` is equity above maintenance as a share of all notional."""

    account: int
    sequence: int
    status: str
    levels: tuple[LevelAnswer, ...]
    headroom_ppm: int | None
    positions: tuple[PositionAnswer, ...]


def answers_of(engine: Engine, account: int) -> AccountAnswers:
    """Everything above for one account, as the engine stands. Raises NotExplainable for an account there is not."""
    state = engine.state
    count = int(state.venue[0].account_count)
    if not 0 <= account < count:
        raise NotExplainable(f"There is no account {account}; the last one opened by then is {count - 1}.")
    sheet = Sheet(state, account)
    levels = tuple(_level(level, sheet.judge(level)) for level in Level if state.levels[level].used == 1)
    judged = sheet.judge(Level.MAINTENANCE)
    headroom = (judged.equity - judged.requirement) * PPM // judged.notional if judged.notional else None
    held = [row for row in sheet.positions() if sheet.tables.positions[row].lots != 0]
    return AccountAnswers(
        account=account,
        sequence=engine.sequence,
        status=Status(int(sheet.account.status)).name.lower(),
        levels=levels,
        headroom_ppm=headroom,
        positions=tuple(_position(engine, sheet, account, row) for row in held),
    )


def _level(level: Level, judged: Judged) -> LevelAnswer:
    ratio = judged.equity * PPM // judged.requirement if judged.requirement > 0 else None
    return LevelAnswer(level.name.lower(), judged.equity, judged.requirement, ratio)


def _position(engine: Engine, sheet: Sheet, account: int, row: int) -> PositionAnswer:
    position = sheet.tables.positions[row]
    instrument = int(position.instrument)
    mark = int(sheet.tables.instruments[instrument].mark_ticks)
    liquidation, way = liquidation_price(sheet, row)
    place = deleveraging_places(engine.state, account, instrument)
    symbols = engine.genesis.symbols
    return PositionAnswer(
        instrument=instrument,
        symbol=symbols[instrument] if instrument < len(symbols) else str(instrument),
        lots=int(position.lots),
        mark_ticks=mark,
        liquidation_ticks=liquidation,
        liquidation_by=way,
        bankruptcy_ticks=bankruptcy_price(sheet, row),
        distance_ppm=abs(mark - liquidation) * PPM // mark if liquidation is not None and mark else None,
        adl_rank=place["rank"] if place else None,
        adl_of=place["of"] if place else None,
        adl_policy=place["policy"] if place else "",
    )


def is_distressed(sheet: Sheet, judged: Judged) -> bool:
    """True when the first stage of the ladder acts; the venue's own accounts only when they are bankrupt."""
    if sheet.account.kind == AccountKind.SYSTEM or (judged.requirement == 0 and judged.equity >= 0):
        return judged.equity < 0
    return judged.equity - judged.requirement - int(sheet.tables.stages[0].or_equal) < 0


def liquidation_price(sheet: Sheet, row: int) -> tuple[int | None, str]:
    """(first mark at which the account is distressed, how it was found); None when there is none."""

    def is_bad(judged: Judged) -> bool:
        return is_distressed(sheet, judged)

    for root in _roots(sheet, row):
        found = _edge_at(sheet, row, root, is_bad)
        if found is not None:
            return found, CLOSED_FORM
    edges = sheet.edges(row, is_bad)
    return (edges[0], SEARCH) if edges else (None, "")


def bankruptcy_price(sheet: Sheet, row: int) -> int | None:
    """First mark at which equity is below zero; None when there is none."""

    def is_bad(judged: Judged) -> bool:
        return judged.equity < 0

    now, slope = _line_of(sheet, row)
    root = _price_at(sheet, row, now - slope * sheet.judge(Level.MAINTENANCE).equity)
    found = _edge_at(sheet, row, root, is_bad) if root is not None else None
    if found is not None:
        return found
    edges = sheet.edges(row, is_bad)
    return edges[0] if edges else None


def _line_of(sheet: Sheet, row: int) -> tuple[Fraction, int]:
    """Notional of a position at the mark, exact, and whether its equity rises (1) or falls (-1) with it.

    Equity is a straight line in the notional for both kinds of contract; only what price it belongs to differs.
    """
    position = sheet.tables.positions[row]
    contract = sheet.tables.contracts[position.instrument]
    mark, lots = int(sheet.tables.instruments[position.instrument].mark_ticks), int(position.lots)
    size = abs(lots) * int(contract.quanta_per_lot_tick)
    side = 1 if lots > 0 else -1
    if contract.kind == ContractKind.INVERSE:
        return Fraction(size, max(mark, 1)), -side
    return Fraction(size * mark), side


def _price_at(sheet: Sheet, row: int, notional: Fraction) -> Fraction | None:
    """The price at which the position has this notional; None when there is none."""
    position = sheet.tables.positions[row]
    contract = sheet.tables.contracts[position.instrument]
    size = abs(int(position.lots)) * int(contract.quanta_per_lot_tick)
    if notional <= 0:
        return None
    return size / notional if contract.kind == ContractKind.INVERSE else notional / size


def _prices_others(sheet: Sheet, row: int) -> bool:
    """True when the market also prices collateral of the account or its options: the line below would be bent."""
    instrument = int(sheet.tables.positions[row].instrument)
    for place in sheet.positions():
        other = int(sheet.tables.positions[place].instrument)
        is_option = sheet.tables.contracts[other].kind == ContractKind.OPTION
        if is_option and int(sheet.tables.options[other].underlying) == instrument:
            return True
    assets = sheet.tables.assets
    return any(
        int(assets[int(sheet.tables.holdings[place].asset)].price_instrument) == instrument
        for place in sheet.holdings()
    )


def _roots(sheet: Sheet, row: int) -> list[Fraction]:
    """Prices at which equity equals the requirement on one of its straight pieces; empty where it has none."""
    schedule = sheet.schedule(Level.MAINTENANCE, row)
    kind = Schedule(int(schedule.kind))
    if _prices_others(sheet, row) or schedule.reward_ppm or schedule.premium_num:
        return []
    lots = int(sheet.tables.positions[row].lots)
    pieces: list[tuple[Fraction, Fraction, int, int | None]] = []  # rate, deduction, from, to
    if kind == Schedule.ZERO:
        pieces = [(Fraction(0), Fraction(0), 0, None)]
    elif kind == Schedule.CURVE and schedule.driver in (Driver.NONE, Driver.SIZE):
        driver = abs(lots) if schedule.driver == Driver.SIZE else 0
        rate = Fraction(int(plain(curve_rate_ppb)(schedule, driver)), PPB) * Fraction(int(schedule.scale_ppm), PPM)
        pieces = [(rate, Fraction(0), 0, None)]
    elif kind == Schedule.BRACKETS_MARGINAL:
        first, denominator = int(schedule.first_bracket), int(schedule.denominator)
        rows: Any = sheet.tables.brackets[first : first + int(schedule.bracket_count)]
        floors = [*rows.floor_quanta.tolist(), None]
        for place, bracket in enumerate(rows):
            deduction = int(bracket.deduction_whole) + Fraction(int(bracket.deduction_rest), denominator)
            pieces.append((Fraction(int(bracket.numerator), denominator), deduction, floors[place], floors[place + 1]))
    else:
        return []
    now, slope = _line_of(sheet, row)
    judged = sheet.judge(Level.MAINTENANCE)
    own = sheet.alone(Level.MAINTENANCE, row).requirement
    others = judged.requirement - own
    share = Fraction(int(schedule.add_ppm), PPM)
    roots: list[Fraction] = []
    for rate, deduction, low, high in pieces:
        # E0 + slope x (N - N0) = others + fixed + (rate + share) x N - deduction, with N the notional
        if slope == rate + share:
            continue
        level = others + int(schedule.add_fixed_quanta) - deduction - judged.equity + slope * now
        notional = level / (slope - rate - share)
        price = _price_at(sheet, row, notional)
        if price is not None and low <= notional and (high is None or notional <= high):
            roots.append(price)
    mark = int(sheet.tables.instruments[sheet.tables.positions[row].instrument].mark_ticks)
    return sorted(roots, key=lambda price: abs(price - mark))


def _edge_at(sheet: Sheet, row: int, root: Fraction, is_bad: Any) -> int | None:
    """The tick around a root at which the account begins to be bad, coming from the mark; None when it is none."""
    position = sheet.tables.positions[row]
    market = sheet.tables.instruments[position.instrument]
    contract = sheet.tables.contracts[position.instrument]
    most = int(contract.price_max_ticks)
    now = int(market.mark_ticks)
    try:
        if is_bad(sheet.judge(Level.MAINTENANCE)):
            return None  # from inside the bad side the search tells the edge of getting well
        near = floor(root)
        reach = 2
        if contract.kind == ContractKind.INVERSE:
            # a quantum may be many ticks: the whole account rounds by a few, so its edge is a few quanta from the root
            size = abs(int(position.lots)) * int(contract.quanta_per_lot_tick)
            reach += 4 * (near * near // size)
            if reach > TICKS_TRIED_MAX:
                return None
        ticks = [tick for tick in range(near - reach, near + reach + 2) if 1 <= tick <= most]
        ticks = [tick for tick in ticks if tick != now]
        states: dict[int, bool] = {}
        for tick in ticks:
            market.mark_ticks = tick
            states[tick] = bool(is_bad(sheet.judge(Level.MAINTENANCE)))
        below = [tick for tick in ticks if tick < now and states[tick]]
        above = [tick for tick in ticks if tick > now and states[tick]]
        if below and (max(below) + 1 == now or states.get(max(below) + 1) is False):
            return max(below)
        if above and (min(above) - 1 == now or states.get(min(above) - 1) is False):
            return min(above)
        return None
    finally:
        market.mark_ticks = now
