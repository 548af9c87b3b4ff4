"""A venue's own document: which currency it settles in, which markets it lists, who tells their prices.

    [venue]      name = "example"   settlement = "USDC"   decimals = 6   fund_target = "5000000"
    [[market]]   symbol = "BTC/USDC:USDC"  base = "BTC"  lot_size = "0.0001"  tick_size = "0.1"
                 price_max = "2000000"  position_max = "8000"
                 depth_size = "300"  supply_size = "19900000"     # what caps may be multiples of; both may be left out
                 feeds = [{ name = "binance", kind = "perp" }, { name = "own_book", kind = "mark" }]
    [[market]]   symbol = "BTC/USD:BTC"    base = "BTC"  kind = "inverse"  lot_size = "1"  price_min = "1000"  …
    [[market]]   symbol = "BTC/USDC:USDC-261225-100000-C"  kind = "option"  …    after the market it follows
                 option = { type = "call", strike = "100000", underlying = "BTC/USDC:USDC",
                            expiry = 2026-12-25T08:00:00Z, settled_in = "quote" }        # or in "coin"

And the door at which the decimals of the world become the machine's integers and back: a size in lots, a price in
ticks, an amount in quanta. What is no whole number of them is refused, never rounded.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import msgspec

from solvent.rulebook.compile import CompiledTerms, compile_terms
from solvent.rulebook.contracts import Contract, Feed, Option
from solvent.rulebook.document import parse_rulebook
from solvent.rulebook.faults import Fault, RulebookError
from solvent.rulebook.rules import Rulebook

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SECOND_NS: Final = 10**9

_DECIMAL: Final = re.compile(r"-?[0-9]{1,19}(?:\.[0-9]{1,18})?", re.ASCII)


class NotRepresentable(ValueError):
    """A decimal that is none, or no whole number of the unit; the message says which and what to write."""


class Step(NamedTuple):
    """One unit as numerator / 10^decimals: 0.25 is (25, 2)."""

    numerator: int
    decimals: int

    @staticmethod
    def of(size: Decimal) -> Step:
        """The unit of a decimal size above zero."""
        _sign, digits, exponent = size.normalize().as_tuple()
        number = int("".join(map(str, digits)))
        power = int(exponent)
        return Step(number * 10**power, 0) if power > 0 else Step(number, -power)

    def count(self, text: str) -> int:
        """How many units a decimal is, exactly. Raises NotRepresentable."""
        if _DECIMAL.fullmatch(text) is None:
            raise NotRepresentable(f"{text[:40]!r} is no decimal; write digits and at most one point, as 12.5")
        whole, _point, rest = text.partition(".")
        units: int
        units, left = divmod(int(whole + rest) * 10**self.decimals, self.numerator * 10 ** len(rest))
        if left:
            raise NotRepresentable(f"{text} is no whole number of {self.text(1)}")
        return units

    def text(self, count: int) -> str:
        """So many units as a decimal."""
        number = count * self.numerator
        if self.decimals == 0:
            return str(number)
        digits = str(abs(number)).rjust(self.decimals + 1, "0")
        return f"{'-' if number < 0 else ''}{digits[: -self.decimals]}.{digits[-self.decimals :]}"


_SIZES: Final = ("lot_size", "tick_size", "price_max", "position_max")
_OPTIONAL: Final = ("depth_size", "supply_size", "open_interest_cap_size", "open_interest_cap_notional", "price_min")


class _Feed(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    kind: str


class _Option(msgspec.Struct, forbid_unknown_fields=True):
    type: str
    strike: str
    underlying: str
    expiry: datetime
    settled_in: Literal["quote", "coin"] = "quote"


class _Market(msgspec.Struct, forbid_unknown_fields=True):
    symbol: str
    base: str
    lot_size: str
    tick_size: str
    price_max: str
    position_max: str
    feeds: list[_Feed]
    depth_size: str | None = None
    supply_size: str | None = None
    open_interest_cap_size: str | None = None
    open_interest_cap_notional: str | None = None
    kind: str | None = None
    price_min: str | None = None
    option: _Option | None = None


class _Venue(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    settlement: str
    decimals: int = 6
    fund_target: str = "0"


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    venue: _Venue
    market: list[_Market]


class Venue:
    """A venue's document joined to the rulebook it runs under: names, numbers and scales of everything."""

    def __init__(self, name: str, settlement: str, compiled: CompiledTerms, rulebook: Rulebook) -> None:
        self.name = name
        self.settlement = settlement
        self.compiled = compiled
        self.rulebook = rulebook
        self.fund_target_quanta = 0
        self.money = Step(1, compiled.settlement_decimals)
        self.symbols: tuple[str, ...] = compiled.symbols
        self.instruments: Mapping[str, int] = {symbol: row for row, symbol in enumerate(compiled.symbols)}
        self.lots = tuple(Step.of(contract.lot_size) for contract in compiled.contracts)
        self.ticks = tuple(Step.of(contract.tick_size) for contract in compiled.contracts)
        # an option ends at a price of its underlying
        ends = [
            self.instruments[one.option.underlying] if one.option else row for row, one in enumerate(compiled.contracts)
        ]
        self.settlement_ticks = tuple(self.ticks[row] for row in ends)
        names = dict(compiled.asset_ids)
        decimals = {asset.asset: asset.decimals for asset in rulebook.collateral}
        self.assets: Mapping[str, int] = {settlement: 0} | {asset: row for asset, row in names.items() if row}
        self.asset_names = {row: asset for asset, row in self.assets.items()}
        self.asset_steps = {0: self.money} | {row: Step(1, decimals[asset]) for asset, row in names.items() if row}
        self.sources = compiled.source_ids
        self.source_names = {(row, number): feed for (row, feed), number in compiled.source_ids.items()}


def read_venue(place: str | Path) -> str:
    """The text of a venue's document. Raises RulebookError when there is none."""
    try:
        return Path(place).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        remedy = "Name a readable UTF-8 file."
        raise RulebookError(str(place), [Fault(None, "", f"it cannot be read ({error})", remedy)]) from None


def parse_venue(text: str, rulebook_text: str, rulebook_name: str) -> Venue:
    """The venue a document describes, under a rulebook. Raises RulebookError with what is wrong."""
    try:
        given = msgspec.convert(tomllib.loads(text), _Document)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        remedy = "Compare with the example at the top of solvent/market/venue.py."
        raise RulebookError("venue document", [Fault(None, "", str(error), remedy)]) from None
    faults: list[Fault] = []
    contracts = [_contract(market, faults) for market in given.market]
    if faults:
        raise RulebookError("venue document", faults)
    rulebook = parse_rulebook(rulebook_text, rulebook_name)
    compiled = compile_terms(rulebook, [contract for contract in contracts if contract], given.venue.decimals)
    venue = Venue(given.venue.name, given.venue.settlement, compiled, rulebook)
    try:
        venue.fund_target_quanta = venue.money.count(given.venue.fund_target)
    except NotRepresentable as error:
        raise RulebookError(
            "venue document", [Fault(None, "venue.fund_target", str(error), 'Write "5000000".')]
        ) from None
    return venue


def venue_text(
    name: str, settlement: str, contracts: Sequence[Contract], decimals: int = 6, fund_target: str = "0"
) -> str:
    """A document that describes these contracts."""
    lines = ["[venue]", f'name = "{name}"', f'settlement = "{settlement}"', f"decimals = {decimals}"]
    lines.append(f'fund_target = "{fund_target}"')
    for contract in contracts:
        feeds = ", ".join(f'{{ name = "{feed.name}", kind = "{feed.kind}" }}' for feed in contract.feeds)
        lines += ["", "[[market]]", f'symbol = "{contract.symbol}"', f'base = "{contract.base}"']
        for field in (*_SIZES, *_OPTIONAL):
            size = getattr(contract, field)
            if size is not None:
                # a depth in base is a quotient: eight decimals of it are enough for a cap
                lines.append(f'{field} = "{size if field in _SIZES else format(size, ".8f")}"')
        if contract.kind is not None:
            lines.append(f'kind = "{contract.kind}"')
        if contract.option is not None:
            lines.append(f"option = {option_text(contract.option)}")
        lines.append(f"feeds = [{feeds}]")
    return "\n".join(lines) + "\n"


def option_text(option: Option) -> str:
    """An option as a document says it, its expiry to the second."""
    expiry = (EPOCH + timedelta(seconds=option.expiry_ns // SECOND_NS)).strftime("%Y-%m-%dT%H:%M:%SZ")
    paid = "coin" if option.in_coin else "quote"
    return (
        f'{{ type = "{option.type}", strike = "{option.strike}", underlying = "{option.underlying}", '
        f'expiry = {expiry}, settled_in = "{paid}" }}'
    )


def _option(market: _Market, faults: list[Fault]) -> Option | None:
    given = market.option
    if given is None:
        return None
    place = f"market {market.symbol}.option"
    if _DECIMAL.fullmatch(given.strike) is None or given.strike.startswith("-"):
        faults.append(Fault(None, f"{place}.strike", f"{given.strike!r} is no decimal", 'Write "100000".'))
        return None
    if given.expiry.tzinfo is None:
        faults.append(Fault(None, f"{place}.expiry", "it has no time zone", "Write 2026-12-25T08:00:00Z."))
        return None
    seconds = (given.expiry - EPOCH) // timedelta(seconds=1)
    kind: Any = given.type  # checked by compile
    return Option(given.underlying, kind, Decimal(given.strike), seconds * SECOND_NS, given.settled_in == "coin")


def _contract(market: _Market, faults: list[Fault]) -> Contract | None:
    sizes: dict[str, Decimal] = {}
    for field in (*_SIZES, *_OPTIONAL):
        text = getattr(market, field)
        if text is None:
            continue
        if _DECIMAL.fullmatch(text) is None or text.startswith("-"):
            faults.append(Fault(None, f"market {market.symbol}.{field}", f"{text!r} is no decimal", 'Write "0.1".'))
        else:
            sizes[field] = Decimal(text)
    if not sizes.keys() >= set(_SIZES):
        return None
    kinds: Any = [Feed(feed.name, feed.kind) for feed in market.feeds]  # type: ignore[arg-type]  # checked by compile
    kind: Any = market.kind  # checked by compile
    option = _option(market, faults)
    return Contract(symbol=market.symbol, base=market.base, feeds=tuple(kinds), kind=kind, option=option, **sizes)
