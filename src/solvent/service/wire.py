"""Commands and events as the outside writes them: names instead of row numbers, decimal strings instead of integers.

Both directions are made from the records themselves (`solvent.commands`, `solvent.events`): a kind that is added to
the machine is spoken here at once. A field of the record has one name and one scale outside:

    instrument -> market   "BTC/USDC:USDC"          lots        -> size     "0.25", whole lots
    source     -> source   "binance"                price_ticks -> price    "112000.5", whole ticks
    asset      -> asset    "USDC"                   *_quanta    -> *        "100.25", whole quanta
    mode       -> mode     "reduce_only"            rate_ppb    -> rate     "0.0001", of the notional
    cell -> cell, a name as "stages[2].timeout_ns" (`naming.py`), or its number
    source_time_ns -> source_time_ns, an integer or its digits in a string; time_ns is stamped here, never sent

Integers that may pass 2^53 (times, owners, references, shares) are written as strings, because some readers of JSON
would round them; both forms are read.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, Final

import msgspec
import numpy as np

from solvent.codes import REFUSAL_SENTENCES, AccountKind, Action, Condition, Mode, Refusal, Tranche
from solvent.commands import COMMAND_DTYPE, COMMANDS, CommandKind
from solvent.events import EventKind
from solvent.market.venue import NotRepresentable, Step, Venue
from solvent.service.naming import TermNames
from solvent.service.problems import Fault, Problem
from solvent.service.telling import ALL_FIELDS, EVENT_FIELDS, EVENT_NAMES, EVENT_PLACES, MEANINGS

COMMANDS_MAX: Final = 256
"""Commands in one JSON request; more go through the binary endpoint."""

RATE: Final = Step(1, 9)
MILLIONTHS: Final = Step(1, 6)
_INT64: Final = range(-(2**63), 2**63)
_INT32: Final = range(-(2**31), 2**31)

OUTSIDE: Final = {
    "instrument": "market",
    "lots": "size",
    "price_ticks": "price",
    "amount_quanta": "amount",
    "proceeds_quanta": "proceeds",
    "fee_quanta": "fee",
    "counter_fee_quanta": "counter_fee",
    "equity_quanta": "equity",
    "requirement_quanta": "requirement",
    "rate_ppb": "rate",
}
_WORDS: Final = {"market", "source", "asset", "mode", "account_kind"}
_DECIMALS: Final = {"size", "price", "amount", "proceeds", "fee", "counter_fee", "rate"}
MODES: Final = {mode.name.lower(): int(mode) for mode in Mode}
ACCOUNT_KINDS: Final = {kind.name.lower(): int(kind) for kind in AccountKind if kind != AccountKind.NONE}


def outside(name: str) -> str:
    """What a field of the record is called outside."""
    return OUTSIDE.get(name, name)


def kind_name(kind: int) -> str:
    """What a kind of command is called outside."""
    return CommandKind(kind).name.lower()


def _described(kind: CommandKind) -> type[msgspec.Struct]:
    """The kind as a strict structure of JSON."""
    columns: list[Any] = []
    for field in fields(COMMANDS[kind]):
        if field.name == "time_ns":
            continue
        name = outside(field.name)
        wanted: Any = int | str
        if name in _WORDS or name in _DECIMALS:
            wanted = str
        default: Any = msgspec.NODEFAULT
        if field.default is not MISSING:
            default = "" if wanted is str else field.default
        columns.append((name, wanted, default))
    columns.sort(key=lambda column: column[2] is not msgspec.NODEFAULT)
    described: type[msgspec.Struct] = msgspec.defstruct(
        "".join(word.capitalize() for word in kind.name.split("_")),
        columns,
        tag_field="kind",
        tag=kind_name(kind),
        forbid_unknown_fields=True,
        frozen=True,
        namespace={"__doc__": (COMMANDS[kind].__doc__ or "").strip()},
    )
    return described


DESCRIBED: Final = {kind: _described(kind) for kind in CommandKind}
"""Command kind -> its structure outside."""

_KIND_OF: Final = {described: kind for kind, described in DESCRIBED.items()}

_KIND: Final = EVENT_PLACES["kind"]
_SEQUENCE: Final = EVENT_PLACES["sequence"]
_TIME: Final = EVENT_PLACES["time_ns"]
_VERSION: Final = EVENT_PLACES["price_version"]
_INSTRUMENT: Final = EVENT_PLACES["instrument"]
_ASSET: Final = EVENT_PLACES["asset"]

_Any: Any = None
for _one in DESCRIBED.values():
    _Any = _one if _Any is None else _Any | _one


class CommandsBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A request: commands that are taken in this order, under an identifier the client never uses for anything else."""

    id: str
    commands: list[_Any]


BODY_DECODER: Final = msgspec.json.Decoder(CommandsBody)

_NAMES: Final = tuple(COMMAND_DTYPE.names or ())
_PLACE: Final = {name: place for place, name in enumerate(_NAMES)}
_CODES: Final = {8: "q", 4: "i", 2: "h", 1: "b"}
_PACK: Final = struct.Struct("<" + "".join(_CODES[COMMAND_DTYPE[name].itemsize] for name in _NAMES))
assert _PACK.size == COMMAND_DTYPE.itemsize, "the record has no hidden bytes"


class Wire:
    """Both directions for one venue."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self.terms = TermNames(venue)
        self._readers: dict[type, list[tuple[str, int, int, Callable[[Any, Any], int]]]] = {
            described: [
                (outside(field.name), _PLACE[field.name], COMMAND_DTYPE[field.name].itemsize, self._reader(field.name))
                for field in fields(COMMANDS[kind])
                if field.name != "time_ns"
            ]
            for kind, described in DESCRIBED.items()
        }

    # --- in ------------------------------------------------------------------------------------------------

    def records(self, commands: Sequence[Any]) -> bytes:
        """Commands as records of the machine, their times still zero. Raises Problem with every fault at once."""
        if not 1 <= len(commands) <= COMMANDS_MAX:
            raise Problem(
                "out_of_range", f"A request holds 1 to {COMMANDS_MAX} commands.", "Split it, or use /v1/batch."
            )
        faults: list[Fault] = []
        parts: list[bytes] = []
        for number, command in enumerate(commands):
            values = [0] * len(_NAMES)
            values[_PLACE["kind"]] = int(_KIND_OF[type(command)])
            before = len(faults)
            for name, place, width, read in self._readers[type(command)]:
                try:
                    value = read(command, getattr(command, name))
                    if value not in (_INT64 if width == 8 else _INT32):
                        raise NotRepresentable(f"{value} is beyond what a record holds")
                    values[place] = value
                except NotRepresentable as fault:
                    faults.append(Fault(f"commands[{number}].{name}", str(fault)))
            if len(faults) == before:
                parts.append(_PACK.pack(*values))
        if faults:
            what = (
                f"{len(faults)} fields cannot be taken"
                if len(faults) > 1
                else f"{faults[0].place}: {faults[0].problem}"
            )
            raise Problem("out_of_range", f"{what}.", "Nothing was taken; mend the faults and send again.", faults)
        return b"".join(parts)

    def _market(self, command: Any) -> int:
        row = self.venue.instruments.get(command.market)
        if row is None:
            raise NotRepresentable(
                f"there is no market {command.market[:40]!r} here; known: {known(self.venue.symbols)}"
            )
        return row

    def _asset(self, command: Any) -> int:
        name = getattr(command, "asset", "") or self.venue.settlement
        row = self.venue.assets.get(name)
        if row is None:
            raise NotRepresentable(f"there is no asset {name[:40]!r} here; known: {known(self.venue.assets)}")
        return row

    def _reader(self, field: str) -> Callable[[Any, Any], int]:
        venue = self.venue
        name = outside(field)

        def scaled(steps: Sequence[Step]) -> Callable[[Any, Any], int]:
            def read(command: Any, text: Any) -> int:
                row = venue.instruments.get(command.market)
                # an unknown market is told once, at its own field
                return steps[row].count(text) if row is not None else 0

            return read

        def price(command: Any, text: Any) -> int:
            ends = type(command) is DESCRIBED[CommandKind.SETTLE_MARKET]
            return scaled(venue.settlement_ticks if ends else venue.ticks)(command, text)

        def source(command: Any, text: Any) -> int:
            row = venue.instruments.get(command.market)
            number = venue.sources.get((row, text)) if row is not None else 0
            if number is None:
                feeds = [feed for (market, feed) in venue.sources if market == row]
                raise NotRepresentable(f"there is no source {text[:40]!r} for this market; known: {known(feeds)}")
            return number

        def amount(command: Any, text: Any) -> int:
            name = getattr(command, "asset", "") or venue.settlement
            return venue.asset_steps[venue.assets[name]].count(text) if name in venue.assets else 0

        def money(_command: Any, text: Any) -> int:
            return venue.money.count(text) if text != "" else 0

        def rate(_command: Any, text: Any) -> int:
            return RATE.count(text)

        def word(words: Mapping[str, int]) -> Callable[[Any, Any], int]:
            def read(_command: Any, text: Any) -> int:
                if text not in words:
                    raise NotRepresentable(f"{text[:40]!r} is none of {known(words)}")
                return words[text]

            return read

        def whole(_command: Any, given: Any) -> int:
            if isinstance(given, int):
                return given
            if not given.removeprefix("-").isascii() or not given.removeprefix("-").isdigit() or len(given) > 20:
                raise NotRepresentable(f"{given[:40]!r} is no whole number")
            return int(given)

        def term(command: Any, given: Any) -> int:
            is_name = isinstance(given, str) and not given.removeprefix("-").isdigit()
            return self.terms.cell(given) if is_name else whole(command, given)

        readers: dict[str, Callable[[Any, Any], int]] = {
            "market": lambda command, _text: self._market(command),
            "asset": lambda command, _text: self._asset(command),
            "size": scaled(venue.lots),
            "price": price,
            "source": source,
            "amount": amount,
            "proceeds": money,
            "fee": money,
            "counter_fee": money,
            "rate": rate,
            "mode": word(MODES),
            "account_kind": word(ACCOUNT_KINDS),
            "cell": term,
        }
        return readers.get(name, whole)

    # --- out -----------------------------------------------------------------------------------------------

    def size(self, instrument: int, lots: int) -> str:
        """Lots of a market as a decimal."""
        return self.venue.lots[instrument].text(lots)

    def price(self, instrument: int, ticks: int) -> str:
        """Ticks of a market as a decimal."""
        return self.venue.ticks[instrument].text(ticks)

    def money(self, quanta: int) -> str:
        """Quanta of the settlement currency as a decimal."""
        return self.venue.money.text(quanta)

    def amount(self, asset: int, quanta: int) -> str:
        """Quanta of an asset as a decimal."""
        return self.venue.asset_steps.get(asset, self.venue.money).text(quanta)

    def events(self, events: np.ndarray) -> list[dict[str, Any]]:
        """Events as they are told outside, each with the fields its kind has."""
        return [self._event(row) for row in events.tolist()]

    def _event(self, row: tuple[Any, ...]) -> dict[str, Any]:
        kind = row[_KIND]
        told: dict[str, Any] = {
            "sequence": row[_SEQUENCE],
            "time_ns": str(row[_TIME]),
            "kind": EVENT_NAMES[kind],
            "price_version": row[_VERSION],
        }
        instrument, asset = row[_INSTRUMENT], row[_ASSET]
        inside = 0 <= instrument < len(self.venue.symbols)
        meanings = MEANINGS.get(kind, {})
        fields_told = EVENT_FIELDS.get(kind)
        if fields_told is None:
            fields_told = tuple(one for one in ALL_FIELDS if row[one[1]] or one[0] == "instrument")
        for name, place in fields_told:
            value = row[place]
            if name in meanings:
                meaning, unit = meanings[name]
                told[meaning] = self._meant(unit, value, instrument if inside else None)
            elif name == "instrument":
                told["market"] = self.venue.symbols[value] if inside else None
            elif name == "lots":
                told["size"] = self.size(instrument, value) if inside else str(value)
            elif name == "price_ticks":
                told["price"] = self._told_price(kind, instrument, value) if inside else str(value)
            elif name == "amount_quanta":
                told["amount"] = self.amount(asset, value)
            elif name == "cell":
                told["cell"] = value
                told["term"] = self.terms.named(value).name
            elif name == "asset":
                told["asset"] = self.venue.asset_names.get(value, str(value))
            elif name == "refusal":
                reason = Refusal(value)
                told["refusal"] = {"number": value, "name": reason.name, "sentence": REFUSAL_SENTENCES[reason]}
            elif name == "mode":
                told["mode"] = Mode(value).name.lower()
            elif name == "tranche":
                told["tranche"] = Tranche(value).name.lower()
            elif name in ("value", "shares", "reference"):
                told[name] = str(value)
            elif name in OUTSIDE:
                told[OUTSIDE[name]] = self.money(value)
            else:
                told[name] = value
        return told

    def _told_price(self, kind: int, instrument: int, ticks: int) -> str:
        """The price of an event; where a market ended it is the one it ended at."""
        if kind in (EventKind.MARKET_SETTLED, EventKind.POSITION_SETTLED):
            return self.venue.settlement_ticks[instrument].text(ticks)
        return self.price(instrument, ticks)

    def _meant(self, unit: str, value: int, instrument: int | None) -> Any:
        """A field that means something of its own in one kind of event, in the unit it has there."""
        if unit == "money":
            return self.money(value)
        if unit == "size" and instrument is not None:
            return self.size(instrument, value)
        if unit == "price" and instrument is not None:
            return self.price(instrument, value)
        if unit == "rate":
            return RATE.text(value)
        if unit == "ppm":
            return MILLIONTHS.text(value)
        if unit == "mode":
            return Mode(value).name.lower()
        if unit == "command":
            return kind_name(value) if value in COMMANDS else str(value)
        if unit == "count":
            return value
        if unit == "side":
            return "long" if value > 0 else "short"
        if unit == "actions":
            return [action.name.lower() for action in Action if value >> action & 1]
        if unit == "conditions":
            return [condition.name.lower() for condition in Condition if value >> condition & 1]
        if unit == "sources" and instrument is not None:
            names = self.venue.source_names
            return [name for (row, number), name in names.items() if row == instrument and value >> number & 1]
        return str(value)


def known(names: Any) -> str:
    """A few of the names there are, for a sentence."""
    listed = list(names)
    return ", ".join(listed[:8]) + (f" and {len(listed) - 8} more" if len(listed) > 8 else "")
