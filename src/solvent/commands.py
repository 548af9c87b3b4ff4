"""All that may be asked of the machine: one fixed-size record, one frozen dataclass for each kind.

A field means the same thing in every kind; a kind leaves the fields it does not use at zero, and the machine
refuses a record where it did not. Users build the dataclasses and `pack` them; they never see the record.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, ClassVar

import numpy as np

from solvent.compiled import kernel


class CommandKind(IntEnum):
    """The kinds; numbers are never reused."""

    LIST_INSTRUMENT = 1
    OPEN_ACCOUNT = 2
    PRICE_REPORT = 3
    DEPOSIT = 4
    WITHDRAW = 5
    TRANSFER_MARGIN = 6
    TRADE = 7
    RESERVE_ORDER = 8
    RELEASE_ORDER = 9
    SET_LEVERAGE = 10
    FUNDING_TICK = 11
    LIQUIDATION_FILL = 12
    COLLATERAL_SALE = 13
    ADVANCE = 14
    SET_MODE = 15
    CONTRIBUTE_FUND = 16
    JOIN_VAULT = 17
    LEAVE_VAULT = 18
    STAGE_TERM = 19
    ENACT_TERMS = 20
    RECORD_ACT = 21
    SET_VENUE_MODE = 22
    REPORT_INTEREST = 23
    CROSS_AUCTION = 24
    REPORT_PREMIUM = 65
    SETTLE_FUNDING = 66
    PROPOSE_TERMS = 67
    VOTE_TERMS = 68
    VETO_TERMS = 69
    CLAIM_LIQUIDATION = 70
    ENDORSE_KEEPER = 71
    BID_SHARE = 72
    OPEN_POOL = 73
    GIVE_NOTICE = 74
    UNWIND_FILL = 75
    ACCRUE_INTEREST = 76
    COVER_DEBT = 77
    SETTLE_MARKET = 80


COMMAND_DTYPE = np.dtype(
    [
        ("time_ns", np.int64),
        ("source_time_ns", np.int64),
        ("lots", np.int64),
        ("price_ticks", np.int64),
        ("amount_quanta", np.int64),
        ("proceeds_quanta", np.int64),
        ("fee_quanta", np.int64),
        ("counter_fee_quanta", np.int64),
        ("rate_ppb", np.int64),
        ("shares", np.int64),
        ("value", np.int64),
        ("reference", np.int64),
        ("owner", np.int64),
        ("source_sequence", np.int64),
        ("kind", np.int32),
        ("account", np.int32),
        ("counterparty", np.int32),
        ("instrument", np.int32),
        ("source", np.int32),
        ("asset", np.int32),
        ("cell", np.int32),
        ("leverage", np.int32),
        ("mode", np.int32),
        ("account_kind", np.int32),
        ("count", np.int32),
        ("version", np.int32),
        ("confidence_ppm", np.int32),
        ("unused", np.int32),
    ]
)
"""One command, 168 bytes. Its sequence number is its place in the journal."""


@dataclass(frozen=True, slots=True)
class ListInstrument:
    """Open the market whose contract the terms describe in row `instrument`."""

    kind: ClassVar[CommandKind] = CommandKind.LIST_INSTRUMENT
    time_ns: int
    instrument: int


@dataclass(frozen=True, slots=True)
class OpenAccount:
    """Open the margin account `account` for `owner`; `account_kind` is AccountKind.CROSS or ISOLATED."""

    kind: ClassVar[CommandKind] = CommandKind.OPEN_ACCOUNT
    time_ns: int
    account: int
    owner: int
    account_kind: int


@dataclass(frozen=True, slots=True)
class PriceReport:
    """Source `source` tells the price of `instrument`, as it stood at `source_time_ns`; `time_ns` is its receipt.

    A source that numbers its reports gives `source_sequence`, one that knows its doubt `confidence_ppm` (half-width
    of its interval as a share of the price); zero means it does neither.
    """

    kind: ClassVar[CommandKind] = CommandKind.PRICE_REPORT
    time_ns: int
    instrument: int
    source: int
    price_ticks: int
    source_time_ns: int
    source_sequence: int = 0
    confidence_ppm: int = 0


@dataclass(frozen=True, slots=True)
class Deposit:
    """Bring `amount_quanta` of `asset` in from outside; asset 0 is the settlement currency."""

    kind: ClassVar[CommandKind] = CommandKind.DEPOSIT
    time_ns: int
    account: int
    amount_quanta: int
    asset: int = 0


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take `amount_quanta` of `asset` out."""

    kind: ClassVar[CommandKind] = CommandKind.WITHDRAW
    time_ns: int
    account: int
    amount_quanta: int
    asset: int = 0


@dataclass(frozen=True, slots=True)
class TransferMargin:
    """Move settlement currency from `account` to `counterparty`, an account of the same owner."""

    kind: ClassVar[CommandKind] = CommandKind.TRANSFER_MARGIN
    time_ns: int
    account: int
    counterparty: int
    amount_quanta: int


@dataclass(frozen=True, slots=True)
class Trade:
    """`account` buys `lots` (more than zero) from `counterparty`; each side pays its own fee to the venue."""

    kind: ClassVar[CommandKind] = CommandKind.TRADE
    time_ns: int
    account: int
    counterparty: int
    instrument: int
    lots: int
    price_ticks: int
    fee_quanta: int = 0
    counter_fee_quanta: int = 0
    reference: int = 0


@dataclass(frozen=True, slots=True)
class ReserveOrder:
    """Count an open order in the requirement: `lots` > 0 bids, `lots` < 0 offers, at `price_ticks`."""

    kind: ClassVar[CommandKind] = CommandKind.RESERVE_ORDER
    time_ns: int
    account: int
    instrument: int
    lots: int
    price_ticks: int
    reference: int = 0


@dataclass(frozen=True, slots=True)
class ReleaseOrder:
    """Stop counting an open order, or the part of it that was filled or cancelled."""

    kind: ClassVar[CommandKind] = CommandKind.RELEASE_ORDER
    time_ns: int
    account: int
    instrument: int
    lots: int
    price_ticks: int
    reference: int = 0


@dataclass(frozen=True, slots=True)
class SetLeverage:
    """Choose the leverage of the account's position in `instrument`."""

    kind: ClassVar[CommandKind] = CommandKind.SET_LEVERAGE
    time_ns: int
    account: int
    instrument: int
    leverage: int


@dataclass(frozen=True, slots=True)
class FundingTick:
    """Longs pay `rate_ppb` billionths of the mark value to shorts (shorts pay when negative)."""

    kind: ClassVar[CommandKind] = CommandKind.FUNDING_TICK
    time_ns: int
    instrument: int
    rate_ppb: int


@dataclass(frozen=True, slots=True)
class LiquidationFill:
    """`lots` (more than zero) of the liquidation order `reference` of `account` were closed with `counterparty`."""

    kind: ClassVar[CommandKind] = CommandKind.LIQUIDATION_FILL
    time_ns: int
    account: int
    counterparty: int
    instrument: int
    lots: int
    price_ticks: int
    reference: int


@dataclass(frozen=True, slots=True)
class CollateralSale:
    """`amount_quanta` of `asset` of an account in liquidation were sold outside for `proceeds_quanta`."""

    kind: ClassVar[CommandKind] = CommandKind.COLLATERAL_SALE
    time_ns: int
    account: int
    asset: int
    amount_quanta: int
    proceeds_quanta: int
    reference: int


@dataclass(frozen=True, slots=True)
class AccrueInterest:
    """Charge those who owe `asset` for the time since the last accrual, and pay those who hold it."""

    kind: ClassVar[CommandKind] = CommandKind.ACCRUE_INTEREST
    time_ns: int
    asset: int


@dataclass(frozen=True, slots=True)
class CoverDebt:
    """`amount_quanta` of `asset`, owed by an account in liquidation, were bought outside for `proceeds_quanta`."""

    kind: ClassVar[CommandKind] = CommandKind.COVER_DEBT
    time_ns: int
    account: int
    asset: int
    amount_quanta: int
    proceeds_quanta: int
    reference: int


@dataclass(frozen=True, slots=True)
class Advance:
    """Let time pass and work at most `count` accounts of the liquidation queue."""

    kind: ClassVar[CommandKind] = CommandKind.ADVANCE
    time_ns: int
    count: int


@dataclass(frozen=True, slots=True)
class SetMode:
    """Put a market into a mode of solvent.codes.Mode."""

    kind: ClassVar[CommandKind] = CommandKind.SET_MODE
    time_ns: int
    instrument: int
    mode: int


@dataclass(frozen=True, slots=True)
class ContributeFund:
    """Bring cash in for a system account: a fund, the venue's capital, or the open deficit."""

    kind: ClassVar[CommandKind] = CommandKind.CONTRIBUTE_FUND
    time_ns: int
    account: int
    amount_quanta: int


@dataclass(frozen=True, slots=True)
class JoinVault:
    """Buy shares of a pool with cash of the account; `counterparty` is the pool's account, 0 the vault."""

    kind: ClassVar[CommandKind] = CommandKind.JOIN_VAULT
    time_ns: int
    account: int
    amount_quanta: int
    counterparty: int = 0


@dataclass(frozen=True, slots=True)
class LeaveVault:
    """Sell `shares` of the account's pool back for cash, after the notice the pool asks for."""

    kind: ClassVar[CommandKind] = CommandKind.LEAVE_VAULT
    time_ns: int
    account: int
    shares: int


@dataclass(frozen=True, slots=True)
class StageTerm:
    """Write `value` into one cell of the terms that wait for enactment."""

    kind: ClassVar[CommandKind] = CommandKind.STAGE_TERM
    time_ns: int
    cell: int
    value: int


@dataclass(frozen=True, slots=True)
class EnactTerms:
    """Put the staged terms in force as `version`."""

    kind: ClassVar[CommandKind] = CommandKind.ENACT_TERMS
    time_ns: int
    version: int


@dataclass(frozen=True, slots=True)
class RecordAct:
    """Somebody did something that is no command of the machine (a key, a role, a backup): it enters the journal.

    `value` says what kind of act, `reference` is the fingerprint of the text kept beside the command. Nothing changes.
    """

    kind: ClassVar[CommandKind] = CommandKind.RECORD_ACT
    time_ns: int
    value: int
    reference: int


@dataclass(frozen=True, slots=True)
class SetVenueMode:
    """Put the whole venue into a mode of solvent.codes.Mode; a market's own counts where it is stricter."""

    kind: ClassVar[CommandKind] = CommandKind.SET_VENUE_MODE
    time_ns: int
    mode: int


@dataclass(frozen=True, slots=True)
class ReportInterest:
    """In a reopening auction `lots` are wanted (more than zero) or offered (less) at `price_ticks` or better."""

    kind: ClassVar[CommandKind] = CommandKind.REPORT_INTEREST
    time_ns: int
    instrument: int
    lots: int
    price_ticks: int


@dataclass(frozen=True, slots=True)
class CrossAuction:
    """Find the one price of a market's reopening auction."""

    kind: ClassVar[CommandKind] = CommandKind.CROSS_AUCTION
    time_ns: int
    instrument: int


@dataclass(frozen=True, slots=True)
class ReportPremium:
    """A sample of how far a market stands from its index, in billionths of it; the machine averages what it hears.

    Impact prices become a premium by solvent.risk.premium, as the venue measures it.
    """

    kind: ClassVar[CommandKind] = CommandKind.REPORT_PREMIUM
    time_ns: int
    instrument: int
    rate_ppb: int


@dataclass(frozen=True, slots=True)
class SettleFunding:
    """The market's interval is over: compute its rate as the rulebook says, and let longs owe it to shorts."""

    kind: ClassVar[CommandKind] = CommandKind.SETTLE_FUNDING
    time_ns: int
    instrument: int


@dataclass(frozen=True, slots=True)
class ProposeTerms:
    """Put the staged terms to the council as version `version`; `owner` is the seat that asks, numbered from 1.

    What is proposed is held to what one change may do and to whom it may harm; then its notice runs.
    """

    kind: ClassVar[CommandKind] = CommandKind.PROPOSE_TERMS
    time_ns: int
    version: int
    owner: int


@dataclass(frozen=True, slots=True)
class VoteTerms:
    """A seat of the council votes for the proposal that waits."""

    kind: ClassVar[CommandKind] = CommandKind.VOTE_TERMS
    time_ns: int
    version: int
    owner: int


@dataclass(frozen=True, slots=True)
class VetoTerms:
    """A guardian, or the seat that made it, ends the proposal that waits; what was staged is forgotten."""

    kind: ClassVar[CommandKind] = CommandKind.VETO_TERMS
    time_ns: int
    version: int
    owner: int


@dataclass(frozen=True, slots=True)
class ClaimLiquidation:
    """Keeper `counterparty` takes `lots` (more than zero) of the offer `reference` of `account`.

    It pays what the stage's rule says at this moment, never worse for it than `price_ticks` (0: whatever it is).
    """

    kind: ClassVar[CommandKind] = CommandKind.CLAIM_LIQUIDATION
    time_ns: int
    account: int
    counterparty: int
    instrument: int
    lots: int
    reference: int
    price_ticks: int = 0


@dataclass(frozen=True, slots=True)
class EndorseKeeper:
    """`value` 1: the account may act where only endorsed keepers may; 0: no longer."""

    kind: ClassVar[CommandKind] = CommandKind.ENDORSE_KEEPER
    time_ns: int
    account: int
    value: int


@dataclass(frozen=True, slots=True)
class BidShare:
    """Bidder `counterparty` takes `value` parts per million of every position on offer of `account`.

    Positions pass at the mark; the bidder is paid the discount of the moment. Where that is less than `rate_ppb`
    billionths nothing happens.
    """

    kind: ClassVar[CommandKind] = CommandKind.BID_SHARE
    time_ns: int
    account: int
    counterparty: int
    value: int
    reference: int
    rate_ppb: int = 0


@dataclass(frozen=True, slots=True)
class OpenPool:
    """Open pool `count` of the terms (1 or more; 0 is the vault) as account `account`, the next free number."""

    kind: ClassVar[CommandKind] = CommandKind.OPEN_POOL
    time_ns: int
    account: int
    count: int


@dataclass(frozen=True, slots=True)
class GiveNotice:
    """`shares` of the account's pool are to be sold: they may leave when the notice is over."""

    kind: ClassVar[CommandKind] = CommandKind.GIVE_NOTICE
    time_ns: int
    account: int
    shares: int


@dataclass(frozen=True, slots=True)
class UnwindFill:
    """`lots` (more than zero) of the order `reference` by which pool `account` unwinds passed to `counterparty`."""

    kind: ClassVar[CommandKind] = CommandKind.UNWIND_FILL
    time_ns: int
    account: int
    counterparty: int
    instrument: int
    lots: int
    price_ticks: int
    reference: int


@dataclass(frozen=True, slots=True)
class SettleMarket:
    """End a market: every position is paid what it is worth at `price_ticks`, and the market closes for good.

    An option is settled at or after its expiry, the price being its underlying's in ticks of that market; any other
    contract while it is halted (a delisting), at a price of its own.
    """

    kind: ClassVar[CommandKind] = CommandKind.SETTLE_MARKET
    time_ns: int
    instrument: int
    price_ticks: int


Command = (
    ListInstrument
    | OpenAccount
    | PriceReport
    | Deposit
    | Withdraw
    | TransferMargin
    | Trade
    | ReserveOrder
    | ReleaseOrder
    | SetLeverage
    | FundingTick
    | LiquidationFill
    | CollateralSale
    | Advance
    | SetMode
    | ContributeFund
    | JoinVault
    | LeaveVault
    | StageTerm
    | EnactTerms
    | SetVenueMode
    | ReportInterest
    | CrossAuction
    | ReportPremium
    | SettleFunding
    | ProposeTerms
    | VoteTerms
    | VetoTerms
    | RecordAct
    | ClaimLiquidation
    | EndorseKeeper
    | BidShare
    | OpenPool
    | GiveNotice
    | UnwindFill
    | AccrueInterest
    | CoverDebt
    | SettleMarket
)

COMMANDS: dict[CommandKind, type[Any]] = {command.kind: command for command in Command.__args__}

_NAMES = [name for name in COMMAND_DTYPE.names or () if name != "kind"]


def _used_mask(kind: int) -> int:
    used = {field.name for command in COMMANDS.values() if command.kind == kind for field in fields(command)}
    return sum(1 << place for place, name in enumerate(_NAMES) if name in used)


USED_MASKS = np.array([_used_mask(kind) for kind in range(max(CommandKind) + 1)], dtype=np.int64)
"""Bit i is set where the kind uses the i-th field of the record (the kind itself not counted)."""


def pack(commands: Iterable[Command]) -> np.recarray:
    """Commands as records, in order.

    A number too large for its field raises OverflowError, anything but a whole number TypeError: a price of 100.7 ticks
    is a fault of whoever turned decimals into ticks, and would otherwise become 100 without a word.
    """
    listed = list(commands)
    records = np.zeros(len(listed), dtype=COMMAND_DTYPE)
    for place, command in enumerate(listed):
        row = records[place]
        row["kind"] = command.kind
        for field in fields(command):
            value = getattr(command, field.name)
            if not isinstance(value, int | np.integer):
                what = f"{type(command).__name__}.{field.name} is {value!r}, not a whole number"
                raise TypeError(f"{what}; turn decimals into ticks, lots or quanta first (solvent.market.venue.Step).")
            row[field.name] = value
    return records.view(np.recarray)


def unpack(records: Sequence[Any] | np.ndarray) -> list[Command]:
    """Records as commands; a record of unknown kind raises ValueError."""
    listed: list[Command] = []
    for record in records:
        command = COMMANDS[CommandKind(int(record["kind"]))]
        listed.append(command(**{field.name: int(record[field.name]) for field in fields(command)}))
    return listed


@kernel
def fields_set(command):
    """Bit i is set where the i-th field of the record (the kind not counted) is not zero."""
    return (
        (command.time_ns != 0)
        | (command.source_time_ns != 0) << 1
        | (command.lots != 0) << 2
        | (command.price_ticks != 0) << 3
        | (command.amount_quanta != 0) << 4
        | (command.proceeds_quanta != 0) << 5
        | (command.fee_quanta != 0) << 6
        | (command.counter_fee_quanta != 0) << 7
        | (command.rate_ppb != 0) << 8
        | (command.shares != 0) << 9
        | (command.value != 0) << 10
        | (command.reference != 0) << 11
        | (command.owner != 0) << 12
        | (command.source_sequence != 0) << 13
        | (command.account != 0) << 14
        | (command.counterparty != 0) << 15
        | (command.instrument != 0) << 16
        | (command.source != 0) << 17
        | (command.asset != 0) << 18
        | (command.cell != 0) << 19
        | (command.leverage != 0) << 20
        | (command.mode != 0) << 21
        | (command.account_kind != 0) << 22
        | (command.count != 0) << 23
        | (command.version != 0) << 24
        | (command.confidence_ppm != 0) << 25
        | (command.unused != 0) << 26
    )
