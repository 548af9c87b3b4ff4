"""What a scenario or a venue must say about each instrument, and how its sizes become whole numbers.

    linear     one lot x one tick = lot_size x tick_size x 10^settlement_decimals    quanta, a whole number >= 1
    inverse    one lot / one tick = lot_size / tick_size x 10^settlement_decimals    likewise; a lot is a sum of the
                                                                                     quote currency, settled in the coin

The largest position, at the highest price of a linear and the lowest of an inverse contract, is inside VALUE_MAX, so
that no value can overflow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Final, Literal, NamedTuple

from solvent.state.terms import SOURCES_MAX
from solvent.units import LIMIT, VALUE_MAX

Tell = Callable[[str, str, str], None]
"""(path, problem, remedy) of one fault."""

PRICE_MAX_TICKS: Final = 2**31
"""As the machine's bound: a price times parts per million stays inside 64 bits."""

DECIMALS_MAX: Final = 9
"""With more, VALUE_MAX would be less than 18 million of the settlement currency."""

_SIZES: Final = ("lot_size", "tick_size", "price_max", "position_max")
_OPTIONAL: Final = ("open_interest_cap_size", "open_interest_cap_notional", "depth_size", "supply_size", "price_min")

KINDS: Final = ("linear", "inverse", "option")

OPTION_TYPES: Final = ("call", "put")


@dataclass(frozen=True, slots=True)
class Feed:
    """One price source of an instrument: a spot market, a perpetual elsewhere, or the venue's own mark."""

    name: str
    kind: Literal["spot", "perp", "mark"]


@dataclass(frozen=True, slots=True)
class Option:
    """What an option is: `underlying` is the symbol of the market it is margined and settled by, the strike its price.

    `expiry_ns` counts from the Unix epoch. With `in_coin` the option is quoted, margined and paid in the settlement
    currency as a coin (Deribit's inverse options); otherwise in the currency the underlying is quoted in.
    """

    underlying: str
    type: Literal["call", "put"]
    strike: Decimal
    expiry_ns: int
    in_coin: bool = False


@dataclass(frozen=True, slots=True)
class Contract:
    """One instrument, in the units of the trade.

    `base` selects its brackets and prices collateral of that name. A `position_max` of zero is an instrument
    that only prices collateral. Caps of its own replace the rulebook's. `depth_size` is what the book takes within
    1 % of the price on a calm day, one side; `supply_size` how much of the asset circulates. An inverse contract is one
    whose size is a sum of the quote currency and whose value is paid in the coin it prices; without `kind` it is what
    the rulebook's product says. `price_min` is the lowest price it may have, one tick if none is given. An `option` has
    the kind of that name; its size counts units of the underlying and its price is its premium.
    """

    symbol: str
    base: str
    lot_size: Decimal
    tick_size: Decimal
    price_max: Decimal
    position_max: Decimal
    feeds: tuple[Feed, ...]
    open_interest_cap_size: Decimal | None = None
    open_interest_cap_notional: Decimal | None = None
    depth_size: Decimal | None = None
    supply_size: Decimal | None = None
    kind: Literal["linear", "inverse", "option"] | None = None
    price_min: Decimal | None = None
    option: Option | None = None


class Scale(NamedTuple):
    """A contract in whole numbers."""

    quanta_per_lot_tick: int
    price_max_ticks: int
    lots_max: int
    price_min_ticks: int = 0


def scale_of(contract: Contract, settlement_decimals: int, tell: Tell) -> Scale | None:
    """The contract in lots, ticks and quanta, or None when it has none; every reason is told."""
    place = f"contract {contract.symbol}"
    sound = contract.kind is None or contract.kind in KINDS
    if not sound:
        tell(f"{place}.kind", f"`{contract.kind}` is no kind of contract", "Write linear, inverse or option.")
    is_inverse = contract.kind == "inverse"
    for name in (*_SIZES, *_OPTIONAL):
        given = getattr(contract, name)
        if given is None and name in _OPTIONAL:
            continue
        least = Decimal(0) if name == "position_max" else None
        if not isinstance(given, Decimal) or not given.is_finite() or given < 0 or (given == 0 and least is None):
            tell(f"{place}.{name}", f"{given!r} is not a size above zero", "Give it as a Decimal.")
            sound = False
    if not sound:
        return None
    lot, tick = Fraction(contract.lot_size), Fraction(contract.tick_size)
    per_lot_tick = (lot / tick if is_inverse else lot * tick) * 10**settlement_decimals
    ticks = Fraction(contract.price_max) / tick
    lots = Fraction(contract.position_max) / lot
    if per_lot_tick.denominator != 1:
        word = "over" if is_inverse else "times"
        tell(
            f"{place}.tick_size",
            f"one lot {word} one tick is {float(per_lot_tick):g} quanta, not a whole number",
            "Use a tick_size that divides the lot_size, or more settlement decimals."
            if is_inverse
            else "Use a larger lot_size or tick_size, or more settlement decimals.",
        )
        return None
    lowest = Fraction(contract.price_min or contract.tick_size) / tick
    wholes = [("price_max", ticks, "tick_size"), ("position_max", lots, "lot_size"), ("price_min", lowest, "tick_size")]
    for name, count, step in wholes:
        if count.denominator != 1:
            tell(f"{place}.{name}", f"it is not a whole number of {step}", f"Write a multiple of {step}.")
            sound = False
    if ticks > PRICE_MAX_TICKS:
        most = contract.tick_size * PRICE_MAX_TICKS
        tell(
            f"{place}.price_max",
            "it is more than 2^31 ticks",
            f"Write at most {most}, or a larger tick_size.",
        )
        sound = False
    if lowest > ticks:
        tell(f"{place}.price_min", "it is above price_max", "Write a lower one.")
        sound = False
    if is_inverse:
        if ceil(max(lots, Fraction(1)) * per_lot_tick / lowest) > VALUE_MAX or per_lot_tick > LIMIT:
            tell(
                f"{place}.position_max",
                "the largest position at the lowest price is worth more than 2^54 quanta",
                f"Write at most {int(VALUE_MAX * lowest / per_lot_tick) * contract.lot_size}, a higher price_min, or"
                " fewer decimals.",
            )
            sound = False
        return Scale(int(per_lot_tick), int(ticks), int(lots), int(lowest)) if sound else None
    # an instrument that only prices collateral is held to the bound as if it had one lot
    if max(lots, Fraction(1)) * ticks * per_lot_tick > VALUE_MAX:
        most_lots = int(VALUE_MAX / (ticks * per_lot_tick))
        tell(
            f"{place}.position_max",
            "the largest position at the highest price is worth more than 2^54 quanta",
            f"Write at most {most_lots * contract.lot_size}, a smaller price_max, or fewer decimals.",
        )
        sound = False
    return Scale(int(per_lot_tick), int(ticks), int(lots), int(lowest)) if sound else None


class OptionScale(NamedTuple):
    """An option in whole numbers: row and strike of its underlying, and what one lot is of it."""

    underlying: int
    strike_ticks: int
    is_put: int
    expiry_ns: int
    unit_quanta: int
    in_coin: int


def option_of(
    contract: Contract, contracts: Sequence[Contract], settlement_decimals: int, tell: Tell
) -> OptionScale | None:
    """The option in ticks of its underlying and quanta, or None where it is none; every reason is told."""
    option = contract.option
    place = f"contract {contract.symbol}.option"
    if (option is None) != (contract.kind != "option"):
        problem = "this contract is no option" if option is not None else "an option needs a type, strike and expiry"
        tell(place, problem, 'Give both kind = "option" and its option, or neither.')
        return None
    if option is None:
        return None
    known = len(contracts)
    row = next((row for row, other in enumerate(contracts) if other.symbol == option.underlying), known)
    sound = True
    if row == known or contracts[row].kind == "option":
        tell(f"{place}.underlying", f"`{option.underlying}` is no market an option can follow", "Name a listed market.")
        return None
    if option.type not in OPTION_TYPES:
        tell(f"{place}.type", f"`{option.type}` is no type of option", "Write call or put.")
        sound = False
    tick = Fraction(contracts[row].tick_size)
    strike = Fraction(option.strike) / tick
    if strike.denominator != 1 or not 1 <= strike <= PRICE_MAX_TICKS:
        tell(f"{place}.strike", f"{option.strike} is no price of {option.underlying}", "Write a multiple of its tick.")
        sound = False
    if not 0 < option.expiry_ns <= LIMIT:
        tell(f"{place}.expiry", "it is no moment after 1970", "Write nanoseconds, or a date and time in UTC.")
        sound = False
    unit = Fraction(contract.lot_size) * (1 if option.in_coin else tick) * 10**settlement_decimals
    if unit.denominator != 1:
        what = "one lot" if option.in_coin else "one lot times one tick of the underlying"
        tell(f"{place}.underlying", f"{what} is {float(unit):g} quanta, not a whole number", "Use a larger lot_size.")
        return None
    dearest = 1 if option.in_coin else max(Fraction(contracts[row].price_max) / tick, strike)
    if Fraction(contract.position_max) / Fraction(contract.lot_size) * unit * dearest > VALUE_MAX:
        most = int(VALUE_MAX / (dearest * unit)) * contract.lot_size
        tell(
            f"contract {contract.symbol}.position_max",
            "the largest position is more than 2^54 quanta of the underlying at its highest price",
            f"Write at most {most}, or fewer decimals.",
        )
        sound = False
    if not sound:
        return None
    return OptionScale(row, int(strike), int(option.type == "put"), option.expiry_ns, int(unit), int(option.in_coin))


def check_feeds(contract: Contract, tell: Tell) -> None:
    """At least one feed, at most what the machine hears, each name once and of a known kind."""
    place = f"contract {contract.symbol}.feeds"
    names = [feed.name for feed in contract.feeds]
    if not 1 <= len(names) <= SOURCES_MAX:
        tell(place, f"there are {len(names)} feeds", f"Name 1 to {SOURCES_MAX}; without one there is no mark.")
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        tell(place, f"`{name}` stands here twice", 'Name them apart, as "binance" and "binance_perp".')
    for feed in contract.feeds:
        if feed.kind not in ("spot", "perp", "mark"):
            tell(place, f"`{feed.kind}` is no kind of feed", "Write spot, perp or mark.")


def check_symbols(contracts: Sequence[Contract], tell: Tell) -> None:
    """There is something to trade, and every symbol stands once."""
    if not contracts:
        tell("contracts", "there are none", "Name at least one instrument.")
    symbols = [contract.symbol for contract in contracts]
    for symbol in dict.fromkeys(symbol for symbol in symbols if symbols.count(symbol) > 1):
        tell(f"contract {symbol}", "this symbol stands here twice", "Give every instrument its own.")
