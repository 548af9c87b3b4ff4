"""The independent auditor: follows every command with slow books of its own and stops at the first broken law.

The machine tells what it did; the auditor books it again in plain Python, asks of every event whether the rules
allowed it, and compares its books with the machine's tables afterwards. It does not choose stages or winners, it
checks the choice. Laws, as named in `LawBroken.law` (docs of the laws: design section 11):

    SEQUENCE    gap-free sequence, time that never falls, one price version in force
    REFUSED     a refused command changes nothing but the sequence, and says why
    TOLD        an accepted command is told once, with its own fields, and nothing else happens
    LEDGER      wallets, costs, lots, holdings, fees, funds and open interest equal the auditor's; all sums are zero
    STRUCTURE   lists, counters and the queue agree with the rows
    SCAN        the flagged accounts are the distressed ones, no more and no fewer
    JUDGED      equity and requirement written in events are right
    MARGIN      who takes more risk has the initial margin; who reduces does not lose health; reducing is allowed
    OUTFLOW     nobody leaves ahead of a loss, nor with what the position needs
    LIQUIDATION only shrinks, inside its order, at the price of its stage
    PENALTY     charged = credited = the stage's fee, never more than the equity
    DELEVERAGE  against opposite, profitable, sound positions, at the rulebook's price
    WATERFALL   layers in order, each to its cap before the next, the sum exact, nobody beyond what it bears
    FUNDING     owed amounts exact, rounded against the account, the suspense account never short
    TERMS       new rules are the staged rules
"""

from collections import Counter, namedtuple
from dataclasses import dataclass, field, fields
from fractions import Fraction
from typing import Any

import numpy as np

from solvent.codes import (
    REFUSAL_SENTENCES,
    AccountKind,
    AdlPrice,
    Executor,
    FeePayee,
    Level,
    Mode,
    PriceLimit,
    Refusal,
    Status,
    SystemAccount,
    Tranche,
)
from solvent.commands import CommandKind, unpack
from solvent.events import EVENT_DTYPE, EventKind
from solvent.lab.books import NOBODY, AccountBook, Books, Rules, ceil_ratio, rows_of
from solvent.units import FUNDING_SCALE, LIMIT, PPB, PPM

VIRTUAL_SHARES = 1_000
VIRTUAL_QUANTA = 1
PLAIN_TABLES = ("accounts", "positions", "orders", "holdings", "instruments", "reports", "anchors", "cells", "staged")

record_of: Any = namedtuple  # the fields are the columns of the table, not a literal
Event = record_of("Event", EVENT_DTYPE.names or ())

PRIMARY = {
    CommandKind.LIST_INSTRUMENT: EventKind.INSTRUMENT_LISTED,
    CommandKind.OPEN_ACCOUNT: EventKind.ACCOUNT_OPENED,
    CommandKind.DEPOSIT: EventKind.DEPOSITED,
    CommandKind.WITHDRAW: EventKind.WITHDRAWN,
    CommandKind.TRANSFER_MARGIN: EventKind.MARGIN_TRANSFERRED,
    CommandKind.TRADE: EventKind.TRADED,
    CommandKind.RESERVE_ORDER: EventKind.ORDER_RESERVED,
    CommandKind.RELEASE_ORDER: EventKind.ORDER_RELEASED,
    CommandKind.SET_LEVERAGE: EventKind.LEVERAGE_SET,
    CommandKind.FUNDING_TICK: EventKind.FUNDING_TICKED,
    CommandKind.LIQUIDATION_FILL: EventKind.LIQUIDATION_FILLED,
    CommandKind.COLLATERAL_SALE: EventKind.COLLATERAL_SOLD,
    CommandKind.CONTRIBUTE_FUND: EventKind.FUND_CONTRIBUTED,
    CommandKind.JOIN_VAULT: EventKind.VAULT_JOINED,
    CommandKind.LEAVE_VAULT: EventKind.VAULT_LEFT,
    CommandKind.STAGE_TERM: EventKind.TERM_STAGED,
    CommandKind.ENACT_TERMS: EventKind.TERMS_ENACTED,
}
"""The event that tells an accepted command itself; prices, modes and time may pass without one."""

_ANYWHERE = {
    EventKind.FUNDING_PAID,
    EventKind.ACCOUNT_FLAGGED,
    EventKind.WITHDRAWALS_GATED,
    EventKind.WITHDRAWALS_RELEASED,
}
_ALSO = {
    CommandKind.PRICE_REPORT: {EventKind.MARK_MOVED, EventKind.MODE_CHANGED},
    CommandKind.SET_MODE: {EventKind.MODE_CHANGED},
    CommandKind.LIQUIDATION_FILL: {EventKind.PENALTY_CHARGED},
    CommandKind.CONTRIBUTE_FUND: {EventKind.DEFICIT_COVERED},
    CommandKind.ADVANCE: {
        EventKind.MODE_CHANGED,
        EventKind.ORDER_RELEASED,
        EventKind.ACCOUNT_RECOVERED,
        EventKind.LIQUIDATION_ORDERED,
        EventKind.LIQUIDATION_CANCELLED,
        EventKind.PENALTY_CHARGED,
        EventKind.COLLATERAL_ORDERED,
        EventKind.POSITION_TAKEN_OVER,
        EventKind.RESIDUAL_TAKEN,
        EventKind.POSITION_DELEVERAGED,
        EventKind.SHORTFALL_DECLARED,
        EventKind.TRANCHE_DRAWN,
        EventKind.DEFICIT_OPENED,
        EventKind.DEFAULT_CLOSED,
        EventKind.ACCOUNT_WAITING,
    },
}
_OUTFLOWS = (CommandKind.WITHDRAW, CommandKind.TRANSFER_MARGIN, CommandKind.JOIN_VAULT, CommandKind.LEAVE_VAULT)


class LawBroken(AssertionError):
    """The machine did what no rule allows."""

    def __init__(self, law: str, detail: str) -> None:
        super().__init__(f"{law}: {detail}")
        self.law = law
        self.detail = detail


def require(law: str, holds: bool, detail: str) -> None:
    """Raise LawBroken unless the law holds."""
    if not holds:
        raise LawBroken(law, detail)


@dataclass(slots=True)
class _Case:
    """A shortfall on its way through the waterfall."""

    account: int
    declared: int
    by_price: int
    remaining: int
    layer: int = 0
    means: dict[int, int] | None = None
    room: int = 0
    paid: Counter[int] = field(default_factory=Counter)
    entries: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class _Side:
    """What one side of a trade was before it."""

    account: int
    held: int
    bought: int
    equity: int
    requirement: int

    @property
    def reduces(self) -> bool:
        return self.held * self.bought < 0 and abs(self.bought) <= abs(self.held)


class Auditor:
    """Follows one machine. `check` after every command; `books` may be read by whoever drives the machine."""

    def __init__(self, state: Any) -> None:
        self.books = Books.read(state)
        self.cells: list[int] = state.cells.tolist()
        self.staged: list[int] = state.staged.tolist()
        venue = state.venue[0]
        self.gated = bool(venue.negative_count > 0 or venue.open_deficit_quanta > 0)
        accounts = rows_of(state.accounts)
        self.default_instrument = {i: row["default_instrument"] for i, row in enumerate(accounts)}
        self.flagged_sequence = {i: row["flagged_sequence"] for i, row in enumerate(accounts)}
        self.order_reference = {i: row["order_reference"] for i, row in enumerate(accounts)}
        self.order_stage = {i: row["order_stage"] for i, row in enumerate(accounts)}
        self.collateral_in = dict(self.books.holdings_by_asset())
        self.index_steps = [0] * len(self.books.marks)
        self.roundings = 0
        self.commands = 0
        self.command: Any = None
        self._reset()

    def _reset(self) -> None:
        self.told: Counter[int] = Counter()
        self.flagged_now: set[int] = set()
        self.visit_equity: dict[int, int] = {}
        self.winners: dict[int, Counter[int]] = {}
        self.winner_entries: dict[int, Counter[int]] = {}
        self.case: _Case | None = None
        self.penalty: tuple[int, int, int, int, int] | None = None
        self.sides: list[_Side] = []
        self.initial_before = 0

    # The whole check -----------------------------------------------------------------------------------------------

    def check(self, record: Any, events: Any, state_before: Any, state_after: Any) -> None:
        """Book one command again and compare; raises LawBroken.

        `state_before` may be None: refusals are then compared ledger by ledger instead of table by table.
        """
        self._reset()
        self.commands += 1
        self.books.sequence += 1
        told = [Event(*row) for row in events.tolist()]
        venue = rows_of(state_after.venue)[0]
        require(
            "SEQUENCE",
            venue["sequence"] == self.books.sequence,
            f"sequence is {venue['sequence']}, not {self.books.sequence}",
        )
        for event in told:
            require("SEQUENCE", event.sequence == self.books.sequence, f"event cites {event.sequence}")
        if any(event.kind == EventKind.COMMAND_REFUSED for event in told):
            self._check_refusal(record, told, state_before, state_after)
        else:
            self._check_accepted(record, told, state_before, state_after)
        self._compare(state_after)
        self._structure(state_after)
        self._laws()

    def _check_refusal(self, record: Any, told: list[Any], before: Any, after: Any) -> None:
        require("REFUSED", len(told) == 1, f"{len(told)} events in a refused command")
        event = told[0]
        known = event.refusal in list(Refusal) and event.refusal != Refusal.NONE
        require("REFUSED", known and bool(REFUSAL_SENTENCES.get(Refusal(event.refusal))), f"reason {event.refusal}")
        require("REFUSED", event.value == int(record["kind"]), "the refusal names another kind of command")
        for name in ("account", "counterparty", "instrument", "lots", "price_ticks", "amount_quanta", "reference"):
            require("REFUSED", getattr(event, name) == int(record[name]), f"the refusal changed {name}")
        if before is not None:
            for name in PLAIN_TABLES:
                same = np.array_equal(getattr(before, name), getattr(after, name))
                require("REFUSED", same, f"refused ({Refusal(event.refusal).name}), but table {name} changed")
            require("REFUSED", np.array_equal(before.queue, after.queue), "refused, but the queue changed")
            old, new = rows_of(before.venue)[0], rows_of(after.venue)[0]
            changed = [name for name in old if old[name] != new[name] and name != "sequence"]
            require("REFUSED", not changed, f"refused, but the venue's {changed} changed")
        if record["kind"] == CommandKind.TRADE and event.refusal != Refusal.FIELD_NOT_USED:
            self._check_reducing_allowed(unpack([record])[0], Refusal(event.refusal))

    def _check_reducing_allowed(self, command: Any, refusal: Refusal) -> None:
        """R9: two sides that both reduce at the mark without fees are always allowed, unless the market is halted."""
        books = self.books
        if refusal in (Refusal.AMOUNT_OUT_OF_RANGE, Refusal.MARKET_HALTED, Refusal.TIME_OUT_OF_RANGE):
            return
        pair = (command.account, command.counterparty)
        if any(number not in books.accounts or not books.accounts[number].is_trader for number in pair):
            return
        if not 0 <= command.instrument < len(books.marks) or command.fee_quanta or command.counter_fee_quanta:
            return
        if command.lots < 1 or command.price_ticks != books.marks[command.instrument] or not command.price_ticks:
            return
        buyer, seller = (books.lots_of(number, command.instrument) for number in pair)
        reduces = buyer <= -command.lots and seller >= command.lots
        require("MARGIN", not reduces, f"{command} only reduces, at the mark, and was refused as {refusal.name}")

    def _check_accepted(self, record: Any, told: list[Any], before: Any, after: Any) -> None:
        command = unpack([record])[0]
        self.command = command
        kind = command.kind
        books = self.books
        books.time_ns = max(books.time_ns, command.time_ns)
        self._before(command)
        allowed = _ANYWHERE | _ALSO.get(kind, set()) | ({PRIMARY[kind]} if kind in PRIMARY else set())
        self.after = after
        for event in told:
            require("SEQUENCE", event.time_ns == books.time_ns, f"event at {event.time_ns}, not {books.time_ns}")
            require("TOLD", event.kind in allowed, f"{EventKind(event.kind).name} after {kind.name}")
            self.told[event.kind] += 1
            if self.penalty is not None and event.kind != EventKind.PENALTY_CHARGED:
                self._no_penalty_due()
            if self.case is not None and event.kind not in (
                EventKind.TRANCHE_DRAWN,
                EventKind.ACCOUNT_FLAGGED,
                EventKind.WITHDRAWALS_GATED,
                EventKind.DEFICIT_OPENED,
            ):
                self._close_case()
            getattr(self, "_on_" + EventKind(event.kind).name.lower())(event)
            if event.kind == EventKind.MARK_MOVED:
                books.price_version += 1
            require("SEQUENCE", event.price_version == books.price_version, f"price version {event.price_version}")
        if self.penalty is not None:
            self._no_penalty_due()
        if self.case is not None:
            self._close_case()
        if kind in PRIMARY:
            times = self.told[PRIMARY[kind]]
            require("TOLD", times == 1, f"{PRIMARY[kind].name} told {times} times after {kind.name}")
        self._after(command)

    # Before and after the command ----------------------------------------------------------------------------------

    def _before(self, command: Any) -> None:
        books = self.books
        kind = command.kind
        if kind in _OUTFLOWS:
            require("OUTFLOW", books.open_deficit == 0, f"{command} left while a deficit is open")
            negative = books.negative_accounts()
            require("OUTFLOW", not negative, f"{command} left while accounts {negative} have negative equity")
        if kind == CommandKind.TRADE:
            self.sides = [
                self._side(command.account, command.instrument, command.lots),
                self._side(command.counterparty, command.instrument, -command.lots),
            ]
            mode = books.modes[command.instrument]
            require("MARGIN", mode != Mode.HALTED, "a trade in a halted market")
            if mode == Mode.REDUCE_ONLY:
                require("MARGIN", all(side.reduces for side in self.sides), "a reduce-only market grew a position")
        if kind == CommandKind.SET_LEVERAGE:
            self.initial_before = books.requirement(command.account, Level.INITIAL)
        if kind == CommandKind.LIQUIDATION_FILL:
            ordered = books.position(command.account, command.instrument).ordered
            bought = command.lots if ordered > 0 else -command.lots
            self.sides = [self._side(command.counterparty, command.instrument, bought)]
        if kind == CommandKind.PRICE_REPORT:
            place = command.instrument * books.rules.sources + command.source
            require("SEQUENCE", command.source_time_ns > books.reports[place][1], "a report that is not newer")
            books.reports[place] = (command.price_ticks, command.source_time_ns)

    def _side(self, account: int, instrument: int, bought: int) -> _Side:
        books = self.books
        held = books.lots_of(account, instrument)
        return _Side(account, held, bought, books.equity(account), books.requirement(account))

    def _after(self, command: Any) -> None:
        books = self.books
        kind = command.kind
        for side in self.sides:
            self._check_side(side, command.instrument)
        if kind == CommandKind.TRADE:
            self._check_caps(command.instrument)
        if kind == CommandKind.RESERVE_ORDER and books.rules.levels[Level.INITIAL]["includes_orders"]:
            self._check_initial(command.account)
        if kind == CommandKind.SET_LEVERAGE:
            required = books.requirement(command.account, Level.INITIAL)
            if required > self.initial_before:
                self._check_initial(command.account)
        if kind in (CommandKind.WITHDRAW, CommandKind.TRANSFER_MARGIN, CommandKind.JOIN_VAULT):
            account = command.account
            free = books.free(account)
            require("OUTFLOW", free >= 0, f"after {command} the free amount is {free}")
            require("OUTFLOW", account not in self.flagged_now, f"{command} made its own account distressed")
            if not books.rules.policy["withdraw_gains"] and not (kind == CommandKind.WITHDRAW and command.asset):
                require("OUTFLOW", books.accounts[account].wallet >= 0, f"{command} took gains that are not cash")
        if kind == CommandKind.LEAVE_VAULT:
            left = books.equity(SystemAccount.VAULT, Level.INITIAL)
            needed = books.requirement(SystemAccount.VAULT, Level.INITIAL)
            require("OUTFLOW", left >= needed, f"{command} left the vault with {left} of {needed}")
        if kind == CommandKind.ADVANCE:
            winners = {winner for found in self.winners.values() for winner in found}
            hurt = sorted(winners & self.flagged_now)
            require("DELEVERAGE", not hurt, f"deleveraging made {hurt} distressed")

    def _check_initial(self, account: int) -> None:
        books = self.books
        equity, required = books.equity(account, Level.INITIAL), books.requirement(account, Level.INITIAL)
        require("MARGIN", equity >= required, f"account {account}: equity {equity} below initial {required}")

    def _check_side(self, side: _Side, instrument: int) -> None:
        books = self.books
        account = books.accounts[side.account]
        if not account.is_trader:
            require("MARGIN", side.reduces, f"system account {side.account} opened a position")
            return
        equity, required = books.equity(side.account), books.requirement(side.account)
        if not side.reduces:
            require("MARGIN", not account.flagged, f"account {side.account} opened while in liquidation or into it")
            self._check_initial(side.account)
            most = books.rules.contracts[instrument]["lots_max"]
            require("MARGIN", abs(books.lots_of(side.account, instrument)) <= most, "beyond the position limit")
            if account.kind == AccountKind.ISOLATED:
                require("MARGIN", len(account.positions) == 1, f"isolated account {side.account} holds two markets")
            return
        initial = books.equity(side.account, Level.INITIAL), books.requirement(side.account, Level.INITIAL)
        if initial[0] >= initial[1] and not account.flagged:
            return
        if side.equity <= 0:
            require("MARGIN", equity >= side.equity, f"a reduction of bankrupt {side.account} lost more")
            return
        holds = equity >= 0 and equity * side.requirement >= side.equity * required
        require("MARGIN", holds, f"a reduction lowered the health of {side.account}")

    def _check_caps(self, instrument: int) -> None:
        """An open interest that grew is inside its caps."""
        books = self.books
        grown = sum(max(side.held + side.bought, 0) - max(side.held, 0) for side in self.sides)
        if grown <= 0:
            return
        contract = books.rules.contracts[instrument]
        lots, unit = books.open_interest[instrument], books.marks[instrument] * books.per_lot_tick(instrument)
        cap_lots, cap_quanta = contract["open_interest_cap_lots"], contract["open_interest_cap_quanta"]
        inside = (not cap_lots or lots <= cap_lots) and (not cap_quanta or lots * unit <= cap_quanta)
        require("MARGIN", inside, f"open interest {lots} of market {instrument} is beyond its cap")

    # Events: the commands themselves --------------------------------------------------------------------------------

    def _same_fields(self, event: Any, *, but: tuple[str, ...] = ()) -> None:
        for name in (column.name for column in fields(self.command)):
            if name in Event._fields and name not in but and name != "time_ns":
                told, asked = getattr(event, name), getattr(self.command, name)
                require(
                    "TOLD", told == asked, f"{EventKind(event.kind).name}.{name} is {told}, the command says {asked}"
                )

    def _on_instrument_listed(self, event: Any) -> None:
        self._same_fields(event)
        self.books.listed[event.instrument] = 1

    def _on_account_opened(self, event: Any) -> None:
        self._same_fields(event)
        kind = self.command.account_kind
        for number in range(max(self.books.accounts) + 1, event.account + 1):
            self.books.accounts[number] = AccountBook(AccountKind.NONE)
        require("TOLD", self.books.accounts[event.account].kind == AccountKind.NONE, "opened twice")
        self.books.accounts[event.account] = AccountBook(kind, self.command.owner)
        self.default_instrument[event.account] = NOBODY
        self.order_stage[event.account] = NOBODY

    def _on_deposited(self, event: Any) -> None:
        self._same_fields(event)
        if event.asset == 0:
            self.books.move(SystemAccount.EXTERNAL, event.account, event.amount_quanta)
        else:
            self._hold(event.account, event.asset, event.amount_quanta)

    def _on_withdrawn(self, event: Any) -> None:
        self._same_fields(event)
        if event.asset == 0:
            self.books.move(event.account, SystemAccount.EXTERNAL, event.amount_quanta)
        else:
            self._hold(event.account, event.asset, -event.amount_quanta)

    def _hold(self, account: int, asset: int, amount: int) -> None:
        holdings = self.books.accounts[account].holdings
        holdings[asset] = holdings.get(asset, 0) + amount
        require("LEDGER", holdings[asset] >= 0, f"account {account} holds {holdings[asset]} of asset {asset}")
        if holdings[asset] == 0:
            del holdings[asset]
        self.collateral_in[asset] = self.collateral_in.get(asset, 0) + amount

    def _on_margin_transferred(self, event: Any) -> None:
        self._same_fields(event)
        owners = {self.books.accounts[number].owner for number in (event.account, event.counterparty)}
        require("OUTFLOW", len(owners) == 1, "margin moved between two owners")
        self.books.move(event.account, event.counterparty, event.amount_quanta)

    def _on_traded(self, event: Any) -> None:
        self._same_fields(event)
        self._exchange(event.account, event.counterparty, event.instrument, event.lots, event.price_ticks)
        self.books.move(event.account, SystemAccount.FEES, event.fee_quanta)
        self.books.move(event.counterparty, SystemAccount.FEES, event.counter_fee_quanta)

    def _exchange(self, buyer: int, seller: int, instrument: int, lots: int, price: int) -> None:
        """Before contracts move, all funding of both sides is settled; what is left rounds to nothing."""
        for account in (buyer, seller):
            position = self.books.accounts[account].positions.get(instrument)
            if position is None or position.index == self.books.indices[instrument]:
                continue
            due = self.books.funding_due(instrument, position)
            require("FUNDING", due == 0, f"account {account} moved lots with {due} of funding owed")
            position.index = self.books.indices[instrument]
            self.roundings += 1
        self.books.exchange(buyer, seller, instrument, lots, price)

    def _on_order_reserved(self, event: Any) -> None:
        self._same_fields(event)
        position = self.books.position(event.account, event.instrument)
        value = abs(event.lots) * event.price_ticks * self.books.per_lot_tick(event.instrument)
        if event.lots > 0:
            position.bid_lots += event.lots
            position.bid_quanta += value
        else:
            position.ask_lots -= event.lots
            position.ask_quanta += value

    def _on_order_released(self, event: Any) -> None:
        position = self.books.position(event.account, event.instrument)
        if self.command.kind == CommandKind.ADVANCE:
            require("LIQUIDATION", self.books.accounts[event.account].flagged, "orders of a sound account dropped")
            require("TOLD", event.lots == position.bid_lots - position.ask_lots, "dropped orders told wrongly")
            position.bid_lots = position.bid_quanta = position.ask_lots = position.ask_quanta = 0
            return
        self._same_fields(event)
        value = abs(event.lots) * event.price_ticks * self.books.per_lot_tick(event.instrument)
        if event.lots > 0:
            position.bid_lots -= event.lots
            position.bid_quanta -= value
        else:
            position.ask_lots += event.lots
            position.ask_quanta -= value
        left = (position.bid_lots, position.bid_quanta, position.ask_lots, position.ask_quanta)
        require("LEDGER", min(left) >= 0, f"orders left {left}")

    def _on_leverage_set(self, event: Any) -> None:
        self._same_fields(event)
        require("TOLD", event.value == self.command.leverage, "another leverage")
        self.books.position(event.account, event.instrument).leverage = self.command.leverage

    def _on_fund_contributed(self, event: Any) -> None:
        self._same_fields(event)
        self.books.move(SystemAccount.EXTERNAL, event.account, event.amount_quanta)
        if event.account == SystemAccount.DEFICIT:
            self.books.open_deficit -= event.amount_quanta
            require("WATERFALL", self.books.open_deficit >= 0, "more than the deficit was covered")

    def _on_deficit_covered(self, event: Any) -> None:
        require("TOLD", event.value == self.books.open_deficit, f"deficit told {event.value}")
        require("TOLD", event.amount_quanta == self.command.amount_quanta, "another amount covered")

    def _on_vault_joined(self, event: Any) -> None:
        self._same_fields(event)
        books = self.books
        value, shares = books.equity(SystemAccount.VAULT) + VIRTUAL_QUANTA, books.vault_shares + VIRTUAL_SHARES
        fair = event.amount_quanta * shares // value
        require("LEDGER", event.shares == fair > 0, f"{event.amount_quanta} bought {event.shares} shares, not {fair}")
        books.move(event.account, SystemAccount.VAULT, event.amount_quanta)
        books.accounts[event.account].shares += event.shares
        books.vault_shares += event.shares

    def _on_vault_left(self, event: Any) -> None:
        self._same_fields(event)
        books = self.books
        value, shares = books.equity(SystemAccount.VAULT) + VIRTUAL_QUANTA, books.vault_shares + VIRTUAL_SHARES
        fair = event.shares * value // shares
        require(
            "LEDGER", event.amount_quanta == fair, f"{event.shares} shares fetched {event.amount_quanta}, not {fair}"
        )
        books.move(SystemAccount.VAULT, event.account, event.amount_quanta)
        books.accounts[event.account].shares -= event.shares
        books.vault_shares -= event.shares
        require("LEDGER", books.accounts[event.account].shares >= 0, "sold shares it did not have")

    def _on_term_staged(self, event: Any) -> None:
        self._same_fields(event)
        require("TERMS", event.amount_quanta == self.staged[event.cell], "the old value is told wrongly")
        self.staged[event.cell] = event.value

    def _on_terms_enacted(self, event: Any) -> None:
        require("TERMS", event.value == self.command.version == self.books.terms_version + 1, f"version {event.value}")
        require("TERMS", self.after.cells.tolist() == self.staged, "the rules in force are not the staged ones")
        self.cells = list(self.staged)
        self.books.terms_version += 1
        self.books.rules = Rules(self.after)

    # Events: prices, funding, judgement -----------------------------------------------------------------------------

    def _on_mark_moved(self, event: Any) -> None:
        books = self.books
        require("TOLD", event.instrument == self.command.instrument, "another market's mark moved")
        require(
            "TOLD", event.value == books.marks[event.instrument] != event.price_ticks, "the old mark is told wrongly"
        )
        reports = books.reports[event.instrument * books.rules.sources :][: books.rules.sources]
        known = [price for price, _time in reports]
        require("SEQUENCE", event.price_ticks in known, f"mark {event.price_ticks} was never reported: {known}")
        books.previous_marks[event.instrument] = books.marks[event.instrument]
        books.marks[event.instrument] = event.price_ticks

    def _on_mode_changed(self, event: Any) -> None:
        books = self.books
        require("TOLD", event.value == books.modes[event.instrument] != event.mode, "the old mode is told wrongly")
        if self.command.kind == CommandKind.PRICE_REPORT:
            require("TOLD", event.mode > event.value, "a breaker loosened a market")
        elif self.command.kind == CommandKind.ADVANCE:
            require("TOLD", event.mode < event.value, "time tightened a market")
        else:
            self._same_fields(event)
        books.modes[event.instrument] = event.mode

    def _on_funding_ticked(self, event: Any) -> None:
        books = self.books
        require("TOLD", event.value == self.command.rate_ppb, "another rate")
        require("TOLD", event.price_ticks == books.marks[event.instrument], "funding at another mark")
        rate_max = books.rules.policy["funding_rate_max_ppb"]
        require("FUNDING", abs(event.value) <= rate_max, f"rate {event.value} beyond {rate_max}")
        unit = books.marks[event.instrument] * books.per_lot_tick(event.instrument)
        size = (2 * unit * abs(event.value) * FUNDING_SCALE + PPB) // (2 * PPB)
        books.indices[event.instrument] += size if event.value >= 0 else -size

    def _on_funding_paid(self, event: Any) -> None:
        books = self.books
        position = books.position(event.account, event.instrument)
        due = books.funding_due(event.instrument, position)
        require("FUNDING", event.amount_quanta == due != 0, f"paid {event.amount_quanta} of {due}")
        require("FUNDING", event.lots == position.lots, f"funding of {event.lots} lots, held {position.lots}")
        books.move(event.account, SystemAccount.FUNDING, due)
        position.index = books.indices[event.instrument]
        self.roundings += 1

    def _judged(self, event: Any) -> None:
        equity, required = self.books.equity(event.account), self.books.requirement(event.account)
        told = (event.equity_quanta, event.requirement_quanta)
        name = EventKind(event.kind).name
        require("JUDGED", told == (equity, required), f"{name} {event.account}: {told}, not {(equity, required)}")

    def _on_account_flagged(self, event: Any) -> None:
        books = self.books
        account = books.accounts[event.account]
        self._judged(event)
        require("SCAN", not account.flagged, f"account {event.account} flagged twice")
        below = books.surplus(event.account) < 0 if account.is_trader else event.equity_quanta < 0
        require("SCAN", below, f"account {event.account} flagged with surplus {books.surplus(event.account)}")
        sizes = {instrument: books.notional(event.account, instrument) for instrument in account.positions}
        largest = max(sizes.values(), default=0)
        require("JUDGED", max(event.amount_quanta, 0) == largest, f"largest notional {event.amount_quanta}")
        if largest > 0:
            require("JUDGED", sizes.get(event.instrument) == largest, f"market {event.instrument} is not the largest")
        account.flagged = True
        self.flagged_now.add(event.account)
        self.default_instrument[event.account] = event.instrument
        self.flagged_sequence[event.account] = books.sequence
        self.order_stage[event.account] = NOBODY

    def _on_account_waiting(self, event: Any) -> None:
        require("LIQUIDATION", self.books.accounts[event.account].flagged, "a sound account waits")
        self._judged(event)

    def _leave(self, event: Any) -> None:
        account = self.books.accounts[event.account]
        require("SCAN", account.flagged, f"account {event.account} left a queue it was not in")
        require("TOLD", event.amount_quanta == account.wallet, "the wallet is told wrongly")
        require("TOLD", event.reference == self.flagged_sequence[event.account], "the flagging is cited wrongly")
        for position in account.positions.values():
            left = position.ordered or position.bid_lots or position.ask_lots
            require("LIQUIDATION", not left, f"account {event.account} left liquidation with open orders")
        account.flagged = False
        self.default_instrument[event.account] = NOBODY
        self.order_stage[event.account] = NOBODY

    def _on_account_recovered(self, event: Any) -> None:
        account = self.books.accounts[event.account]
        if account.is_trader:
            surplus = self.books.surplus(event.account)
            require("SCAN", surplus >= 0, f"account {event.account} recovered with surplus {surplus}")
        else:
            require("SCAN", self.books.equity(event.account) >= 0, "the vault recovered below zero")
        self._leave(event)

    def _on_default_closed(self, event: Any) -> None:
        account = self.books.accounts[event.account]
        require("LIQUIDATION", account.is_flat, f"case of {event.account} closed with positions")
        require("WATERFALL", account.wallet >= 0, f"case of {event.account} closed with wallet {account.wallet}")
        self._leave(event)

    # Events: the liquidation ----------------------------------------------------------------------------------------

    def _stage(self, event: Any, executor: Executor) -> dict[str, int]:
        """The stage an event names: in use, of this executor, on a flagged account below its threshold."""
        books = self.books
        require("LIQUIDATION", books.accounts[event.account].flagged, f"account {event.account} is not in liquidation")
        require("LIQUIDATION", 0 <= event.stage < len(books.rules.stages), f"stage {event.stage}")
        stage: dict[str, int] = books.rules.stages[event.stage]
        require(
            "LIQUIDATION", stage["used"] == 1 and stage["executor"] == executor, f"stage {event.stage} acts elsewhere"
        )
        require("LIQUIDATION", not books.is_halted(event.instrument), f"acted in halted market {event.instrument}")
        return stage

    def _visit(self, event: Any) -> int:
        """Equity when the engine began to close positions of the account in this command."""
        if event.account not in self.visit_equity:
            self.visit_equity[event.account] = self.books.equity(event.account)
            breached = self.books.is_breached(event.account, event.stage)
            require("LIQUIDATION", breached, f"stage {event.stage} acted on {event.account} above its threshold")
        return self.visit_equity[event.account]

    def _on_liquidation_ordered(self, event: Any) -> None:
        books = self.books
        stage = self._stage(event, Executor.ENGINE)
        self._judged(event)
        self._visit(event)
        position = books.position(event.account, event.instrument)
        opposite = event.lots * position.lots < 0 and abs(event.lots) <= abs(position.lots)
        require("LIQUIDATION", opposite, f"order for {event.lots} of a position of {position.lots}")
        require("LIQUIDATION", position.ordered == 0, "a second order while one is in the market")
        require("TOLD", event.amount_quanta == books.notional(event.account, event.instrument), "notional told wrongly")
        require("TOLD", event.reference == books.sequence, "the order has another reference")
        if stage["price_limit"] == PriceLimit.NONE:
            require("LIQUIDATION", event.price_ticks == 0, "a limit where the stage has none")
        else:
            self._check_bankruptcy_limit(event, position.lots)
        position.ordered = -event.lots
        position.limit = event.price_ticks
        self.order_reference[event.account] = event.reference
        self.order_stage[event.account] = event.stage

    def _check_bankruptcy_limit(self, event: Any, lots: int) -> None:
        """Closing all at the limit costs at most the position's share of the equity; one tick further costs more."""
        books = self.books
        own = books.position_requirement(event.account, event.instrument, Level.MAINTENANCE)
        if event.requirement_quanta > 0:
            share = event.equity_quanta * own // event.requirement_quanta
        else:
            open_count = sum(
                position.lots != 0 and not books.is_halted(instrument)
                for instrument, position in books.accounts[event.account].positions.items()
            )
            share = event.equity_quanta // open_count
        unit = abs(lots) * books.per_lot_tick(event.instrument)
        move = books.marks[event.instrument] - event.price_ticks
        loss = unit * (move if lots > 0 else -move)
        price_max = books.rules.contracts[event.instrument]["price_max_ticks"]
        if event.price_ticks in (1, price_max):
            return
        require("LIQUIDATION", loss <= share < loss + unit, f"limit {event.price_ticks} loses {loss} of {share}")

    def _on_liquidation_cancelled(self, event: Any) -> None:
        position = self.books.position(event.account, event.instrument)
        require("TOLD", event.lots == -position.ordered != 0, f"cancelled {event.lots} of {-position.ordered}")
        require("TOLD", event.reference == self.order_reference[event.account], "cancelled another order")
        position.ordered = position.limit = 0

    def _on_liquidation_filled(self, event: Any) -> None:
        books = self.books
        account = books.accounts[event.account]
        self._same_fields(event, but=("lots",))
        require("LIQUIDATION", account.flagged, f"account {event.account} is not in liquidation")
        position = books.position(event.account, event.instrument)
        inside = event.lots * position.ordered < 0 and abs(event.lots) <= abs(position.ordered)
        require("LIQUIDATION", inside, f"fill of {event.lots}, ordered {-position.ordered}")
        require("LIQUIDATION", abs(event.lots) == self.command.lots, "another number of lots")
        require("LIQUIDATION", event.reference == self.order_reference[event.account], "another order was filled")
        require("LIQUIDATION", event.stage == self.order_stage[event.account], "another stage's order was filled")
        if position.limit:
            good = event.price_ticks >= position.limit if position.lots > 0 else event.price_ticks <= position.limit
            require("LIQUIDATION", good, f"filled at {event.price_ticks} beyond {position.limit}")
        value = self.command.lots * event.price_ticks * books.per_lot_tick(event.instrument)
        require("TOLD", event.amount_quanta == value, f"value {event.amount_quanta}, not {value}")
        equity = books.equity(event.account)
        position.ordered += event.lots
        if event.lots < 0:
            self._exchange(event.counterparty, event.account, event.instrument, self.command.lots, event.price_ticks)
        else:
            self._exchange(event.account, event.counterparty, event.instrument, self.command.lots, event.price_ticks)
        self.penalty = (event.account, event.stage, event.instrument, value, equity)

    def _penalty_due(self) -> int:
        assert self.penalty is not None
        account, stage, _instrument, value, equity_before = self.penalty
        fee = ceil_ratio(value * self.books.rules.stages[stage]["fee_ppm"], PPM)
        return min(fee, max(0, min(equity_before, self.books.equity(account))))

    def _no_penalty_due(self) -> None:
        due = self._penalty_due()
        require("PENALTY", due == 0, f"no penalty charged, {due} were due: {self.penalty}")
        self.penalty = None

    def _on_penalty_charged(self, event: Any) -> None:
        require("PENALTY", self.penalty is not None, "a penalty without a fill")
        assert self.penalty is not None
        account, stage, instrument, value, equity_before = self.penalty
        due = self._penalty_due()
        told = (event.account, event.stage, event.instrument, event.value)
        require("PENALTY", told == (account, stage, instrument, value), f"penalty for {told}, not {self.penalty}")
        require("PENALTY", event.amount_quanta <= max(0, equity_before), "penalty beyond the equity before")
        require("PENALTY", event.amount_quanta == due > 0, f"penalty {event.amount_quanta}, due {due}")
        require("JUDGED", event.equity_quanta == self.books.equity(account), "equity told wrongly")
        payee = self._payee(self.books.rules.stages[stage]["fee_payee"], account, instrument)
        require("PENALTY", event.counterparty == payee, f"penalty to {event.counterparty}, not {payee}")
        self.books.move(account, payee, event.amount_quanta)
        self.penalty = None

    def _payee(self, payee: int, account: int, instrument: int) -> int:
        return {
            FeePayee.TRADER: account,
            FeePayee.MARKET_FUND: SystemAccount.MARKET_FUNDS + instrument,
            FeePayee.VENUE_FUND: SystemAccount.VENUE_FUND,
            FeePayee.VAULT: SystemAccount.VAULT,
            FeePayee.VENUE_CAPITAL: SystemAccount.VENUE_CAPITAL,
        }[FeePayee(payee)]

    def _on_collateral_ordered(self, event: Any) -> None:
        account = self.books.accounts[event.account]
        require("LIQUIDATION", account.flagged and account.is_flat, "collateral ordered before the positions")
        require("LIQUIDATION", account.wallet < 0, "collateral ordered without a debt")
        require("TOLD", event.amount_quanta == account.holdings.get(event.asset), "another amount of collateral")
        require("TOLD", event.value == -account.wallet, "another debt")
        require("TOLD", event.reference == self.books.sequence, "the order has another reference")
        self.order_reference[event.account] = event.reference
        self.order_stage[event.account] = 0

    def _on_collateral_sold(self, event: Any) -> None:
        self._same_fields(event)
        require("LIQUIDATION", self.books.accounts[event.account].flagged, "collateral of a sound account sold")
        require("LIQUIDATION", event.reference == self.order_reference[event.account], "another order was filled")
        require("TOLD", event.value == self.command.proceeds_quanta, "other proceeds")
        self._hold(event.account, event.asset, -event.amount_quanta)
        self.books.move(SystemAccount.EXTERNAL, event.account, event.value)

    def _on_position_taken_over(self, event: Any) -> None:
        books = self.books
        self._stage(event, Executor.BACKSTOP_VAULT)
        equity = self._visit(event)
        require("LIQUIDATION", event.counterparty == SystemAccount.VAULT != event.account, "taken over by a stranger")
        require("LIQUIDATION", event.price_ticks == books.marks[event.instrument], "takeover away from the mark")
        held = books.lots_of(event.account, event.instrument)
        require("LIQUIDATION", event.lots == held != 0, f"took {event.lots} of {held}")
        value = books.notional(event.account, event.instrument)
        require("TOLD", event.amount_quanta == value, f"value {event.amount_quanta}, not {value}")
        buyer, seller = (event.counterparty, event.account) if held > 0 else (event.account, event.counterparty)
        self._exchange(buyer, seller, event.instrument, abs(held), event.price_ticks)
        self.penalty = (event.account, event.stage, event.instrument, value, equity)

    def _on_residual_taken(self, event: Any) -> None:
        books = self.books
        account = books.accounts[event.account]
        stage = books.rules.stages[event.stage]
        require("LIQUIDATION", event.account in self.visit_equity, "a residual without a takeover")
        require("LIQUIDATION", stage["executor"] != Executor.ENGINE, "a residual of a market order")
        require("LIQUIDATION", account.flagged and account.is_flat and account.is_trader, "a residual too early")
        require(
            "PENALTY", event.amount_quanta == account.wallet > 0, f"residual {event.amount_quanta} of {account.wallet}"
        )
        payee = self._payee(stage["residual_payee"], event.account, self.default_instrument[event.account])
        require(
            "PENALTY", event.counterparty == payee != event.account, f"residual to {event.counterparty}, not {payee}"
        )
        books.move(event.account, payee, event.amount_quanta)

    def _on_position_deleveraged(self, event: Any) -> None:
        books = self.books
        self._stage(event, Executor.ADL)
        self._visit(event)
        winner = books.accounts[event.counterparty]
        lots = abs(event.lots)
        held, other = (
            books.lots_of(event.account, event.instrument),
            books.lots_of(event.counterparty, event.instrument),
        )
        require("DELEVERAGE", event.counterparty != event.account and not winner.flagged, "deleveraged against itself")
        require("DELEVERAGE", held * other < 0 < lots, f"deleveraged {held} against {other}")
        require("DELEVERAGE", lots <= min(abs(held), abs(other)), f"{lots} lots of {held} against {other}")
        require("DELEVERAGE", event.lots * held > 0, "the sign of the lots is told wrongly")
        mark, previous = books.marks[event.instrument], books.previous_marks[event.instrument]
        allowed = {mark}
        if books.rules.policy["adl_price"] == AdlPrice.PREVIOUS_MARK and previous:
            # a previous mark that would cost the defaulter more may give way to the mark
            allowed = {previous, max(mark, previous) if held > 0 else min(mark, previous)}
        price = event.price_ticks
        require("DELEVERAGE", price in allowed, f"deleveraged at {price}, not at one of {allowed}")
        unit = price * books.per_lot_tick(event.instrument)
        position = books.position(event.counterparty, event.instrument)
        require("DELEVERAGE", other * unit > position.cost, f"{event.counterparty} has no gain at {price}")
        sign = 1 if other > 0 else -1
        gain = sign * lots * unit - books.cost_share(position, lots)
        require("DELEVERAGE", event.value == gain, f"gain {event.value}, not {gain}")
        require("TOLD", event.amount_quanta == lots * unit, "value told wrongly")
        buyer, seller = (event.counterparty, event.account) if held > 0 else (event.account, event.counterparty)
        self._exchange(buyer, seller, event.instrument, lots, price)
        self.winners.setdefault(event.account, Counter())[event.counterparty] += max(gain, 0)
        self.winner_entries.setdefault(event.account, Counter())[event.counterparty] += 1

    # Events: the waterfall ------------------------------------------------------------------------------------------

    def _on_shortfall_declared(self, event: Any) -> None:
        books = self.books
        account = books.accounts[event.account]
        require("WATERFALL", self.case is None, "a shortfall inside another")
        require("WATERFALL", account.flagged and account.is_flat, "a shortfall of an account that still has positions")
        owed = max(-account.wallet, 0)
        declared = owed
        by_price = books.rules.policy["adl_price"] == AdlPrice.PREVIOUS_MARK and event.account in self.winners
        if by_price and not account.holdings:
            declared = max(owed, -self.visit_equity[event.account])
        if event.account in self.visit_equity:
            lost = max(-self.visit_equity[event.account], 0)
            require("WATERFALL", declared <= lost, f"{declared} to pay for an equity of {-lost} at the mark")
        require("WATERFALL", event.amount_quanta == declared > 0, f"declared {event.amount_quanta}, is {declared}")
        require("TOLD", event.reference == self.flagged_sequence[event.account], "the flagging is cited wrongly")
        self.case = _Case(event.account, declared, declared - owed, owed)

    def _able(self, account: int) -> int:
        """What an account can be charged without falling below its threshold."""
        books = self.books
        return books.equity(account) - books.requirement(account) - books.rules.first_margin

    def _means(self, case: _Case, tranche: int) -> dict[int, int]:
        """Who stands behind a layer and what each could pay now; caps not yet applied."""
        books = self.books
        if tranche == Tranche.MARKET_FUND:
            market = self.default_instrument[case.account]
            if market == NOBODY:
                return {}
            fund = SystemAccount.MARKET_FUNDS + market
            return {fund: books.accounts[fund].wallet}
        if tranche in (Tranche.VENUE_FUND, Tranche.VENUE_CAPITAL):
            owner = SystemAccount.VENUE_FUND if tranche == Tranche.VENUE_FUND else SystemAccount.VENUE_CAPITAL
            return {owner: books.accounts[owner].wallet}
        if tranche == Tranche.LIQUIDITY_VAULT:
            if case.account == SystemAccount.VAULT:
                return {}
            vault = SystemAccount.VAULT
            return {vault: min(books.equity(vault), books.accounts[vault].wallet)}
        if tranche == Tranche.ADL:
            if books.rules.policy["adl_price"] != AdlPrice.BANKRUPTCY:
                return {}  # at a mark the winners lose their position, and nothing more
            gains = self.winners.get(case.account, Counter())
            return {winner: min(gain, self._able(winner)) for winner, gain in gains.items()}
        means = {}
        for number, book in books.accounts.items():
            if number == case.account or book.flagged or not book.is_trader:
                continue
            means[number] = self._able(number)
            if tranche == Tranche.HAIRCUT_GAINS:
                positions = book.positions.items()
                won = sum(max(books.gain(instrument, position), 0) for instrument, position in positions)
                means[number] = min(means[number], won)
        return means

    def _enter_layer(self, case: _Case) -> None:
        absorber = self.books.rules.absorbers[case.layer]
        means = {payer: amount for payer, amount in self._means(case, absorber["tranche"]).items() if amount > 0}
        total = sum(means.values())
        if absorber["tranche"] < Tranche.ADL:
            total = total * absorber["cap_ppm"] // PPM
        case.means, case.room = means, min(case.remaining, total)
        case.paid.clear()
        case.entries.clear()

    def _leave_layer(self, case: _Case) -> None:
        """A layer is left when it has paid all it could or all that was asked, shared in proportion."""
        if case.means is None:
            self._enter_layer(case)
        assert case.means is not None
        name = Tranche(self.books.rules.absorbers[case.layer]["tranche"]).name
        paid = sum(case.paid.values())
        require("WATERFALL", paid == case.room, f"{name} paid {paid} of {case.room} before the next layer")
        total = sum(case.means.values())
        entries = self.winner_entries.get(case.account, Counter()) if name == "ADL" else Counter()
        for payer, able in case.means.items():
            fair = Fraction(case.room * able, total)
            slack = max(entries[payer], 1)
            require("WATERFALL", abs(case.paid[payer] - fair) < slack, f"{payer} paid {case.paid[payer]} of {fair}")
        case.remaining -= paid
        case.layer += 1
        case.means = None

    def _on_tranche_drawn(self, event: Any) -> None:
        case = self.case
        require("WATERFALL", case is not None and event.account == case.account, "a layer without a shortfall")
        assert case is not None
        require("TOLD", event.reference == self.flagged_sequence[event.account], "the flagging is cited wrongly")
        if case.by_price:
            paid = (event.counterparty, event.tranche, event.amount_quanta)
            expected = (event.account, Tranche.ADL, case.by_price)
            require("WATERFALL", paid == expected, f"paid by price {paid}, not {expected}")
            case.by_price = 0
            return
        absorbers = self.books.rules.absorbers
        while case.layer < len(absorbers) and absorbers[case.layer]["tranche"] != event.tranche:
            self._leave_layer(case)
        require("WATERFALL", case.layer < len(absorbers), f"{Tranche(event.tranche).name} out of order")
        if case.means is None:
            self._enter_layer(case)
        assert case.means is not None
        payer = event.counterparty
        require(
            "WATERFALL", payer in case.means, f"account {payer} does not stand behind {Tranche(event.tranche).name}"
        )
        case.paid[payer] += event.amount_quanta
        case.entries[payer] += 1
        require("WATERFALL", event.amount_quanta > 0, "an empty draw")
        require("WATERFALL", case.paid[payer] <= case.means[payer], f"{payer} paid beyond what it bears")
        self.books.move(payer, event.account, event.amount_quanta)

    def _walk_to_end(self, case: _Case) -> None:
        while case.layer < len(self.books.rules.absorbers):
            self._leave_layer(case)

    def _on_deficit_opened(self, event: Any) -> None:
        case = self.case
        require("WATERFALL", case is not None and event.account == case.account, "a deficit without a shortfall")
        assert case is not None
        require("WATERFALL", case.by_price == 0, "the part paid by price was not told")
        self._walk_to_end(case)
        require(
            "WATERFALL",
            event.amount_quanta == case.remaining > 0,
            f"deficit {event.amount_quanta}, is {case.remaining}",
        )
        self.books.move(SystemAccount.DEFICIT, event.account, event.amount_quanta)
        self.books.open_deficit += event.amount_quanta
        require("TOLD", event.value == self.books.open_deficit, "the open deficit is told wrongly")
        case.remaining = 0
        case.layer = len(self.books.rules.absorbers)

    def _close_case(self) -> None:
        case = self.case
        assert case is not None
        self._walk_to_end(case)
        require("WATERFALL", case.by_price == 0, "the part paid by price was not told")
        require("WATERFALL", case.remaining == 0, f"{case.remaining} of {case.declared} have no payer")
        self.case = None

    def _on_withdrawals_gated(self, event: Any) -> None:
        require("OUTFLOW", not self.gated, "gated twice")
        self.gated = True

    def _on_withdrawals_released(self, event: Any) -> None:
        require("OUTFLOW", self.gated, "released twice")
        self.gated = False

    # Afterwards: books against tables, and the laws of the whole ----------------------------------------------------

    def _compare(self, state: Any) -> None:
        own, found = self.books, Books.read(state, self.books.rules)
        for number, book in own.accounts.items():
            other = found.accounts.get(number)
            require("LEDGER", other is not None, f"account {number} is missing")
            assert other is not None
            for instrument, theirs in list(other.positions.items()):
                ours = book.positions.get(instrument)
                if theirs.is_blank():
                    del other.positions[instrument]
                elif ours is not None and ours.index != theirs.index:
                    settled = theirs.index == own.indices[instrument] and own.funding_due(instrument, ours) == 0
                    require("FUNDING", settled or not ours.lots, f"index of {number} in market {instrument} moved")
                    ours.index = theirs.index
                    self.roundings += 1
            for instrument in [i for i, position in book.positions.items() if position.is_blank()]:
                del book.positions[instrument]
            require("LEDGER", book == other, f"account {number}: the tables say {other}, the books {book}")
        require("LEDGER", len(own.accounts) == len(found.accounts), "accounts that nobody opened")
        for name in (
            "marks",
            "previous_marks",
            "indices",
            "open_interest",
            "modes",
            "listed",
            "reports",
            "time_ns",
            "price_version",
            "terms_version",
            "vault_shares",
            "open_deficit",
        ):
            ours, theirs = getattr(own, name), getattr(found, name)
            require("LEDGER", ours == theirs, f"{name}: the tables say {theirs}, the books {ours}")
        require("TERMS", state.cells.tolist() == self.cells, "the rules changed without enactment")
        require("TERMS", state.staged.tolist() == self.staged, "the staged rules changed without a command")

    def _structure(self, state: Any) -> None:
        venue = rows_of(state.venue)[0]
        accounts = rows_of(state.accounts[: venue["account_count"]])
        for table, first, count, used in (
            ("positions", "first_position", "position_count", venue["position_count"]),
            ("holdings", "first_holding", "holding_count", venue["holding_count"]),
        ):
            rows = rows_of(getattr(state, table)[:used])
            chained = 0
            for number, account in enumerate(accounts):
                row, length = account[first], 0
                while row != NOBODY and length <= used:
                    require("STRUCTURE", rows[row]["account"] == number, f"{table} row {row} is in the wrong list")
                    row, length = rows[row]["next"], length + 1
                require("STRUCTURE", length == account[count], f"{table} of {number}: {length}, not {account[count]}")
                chained += length
            owned = sum(row["account"] != NOBODY for row in rows)
            require("STRUCTURE", chained == owned, f"{owned} {table} rows, {chained} in lists")
            self._free_list(rows, venue[table[:-1] + "_free"], used - owned, table)
        orders = rows_of(state.orders[: venue["orders_count"]])
        owners = [(i, row["orders"]) for i, row in enumerate(rows_of(state.positions[: venue["position_count"]]))]
        owners = [(i, row) for i, row in owners if row != NOBODY and state.positions[i].account != NOBODY]
        for position, row in owners:
            require("STRUCTURE", orders[row]["position"] == position, f"orders row {row} is not position {position}'s")
        self._free_list(orders, venue["orders_free"], venue["orders_count"] - len(owners), "orders")
        head, size = venue["queue_head"], len(state.queue)
        queue = [int(state.queue[(head + i) % size]) for i in range(venue["queue_count"])]
        flagged = sorted(number for number, row in enumerate(accounts) if row["status"] == Status.DISTRESSED)
        require("SCAN", sorted(queue) == flagged, f"queue {queue}, flagged {flagged}")
        negative = [number for number, row in enumerate(accounts) if row["negative"]]
        require(
            "STRUCTURE", len(negative) == venue["negative_count"], f"negative {negative}, {venue['negative_count']}"
        )
        require("STRUCTURE", set(negative) <= set(flagged), f"negative {negative} outside the queue {flagged}")
        require("STRUCTURE", self.gated == bool(negative or self.books.open_deficit), "the gate was not told")
        require("STRUCTURE", venue["advance_left"] == 0, "a command is half done")
        for number, kept_row in enumerate(accounts):
            told = kept_row["default_instrument"], kept_row["order_stage"]
            kept = self.default_instrument.get(number, NOBODY), self.order_stage.get(number, NOBODY)
            require("STRUCTURE", told == kept, f"account {number}: case {told}, not {kept}")

    def _free_list(self, rows: list[dict[str, int]], first: int, expected: int, table: str) -> None:
        length = 0
        while first != NOBODY and length <= len(rows):
            first, length = rows[first]["next"], length + 1
        require("STRUCTURE", length == expected, f"{length} free {table} rows, {expected} unused")

    def _laws(self) -> None:
        books = self.books
        wallets = sum(book.wallet for book in books.accounts.values())
        costs = sum(position.cost for book in books.accounts.values() for position in book.positions.values())
        require("LEDGER", wallets == costs, f"wallets {wallets}, costs {costs}")
        for instrument in range(len(books.marks)):
            lots = [books.lots_of(number, instrument) for number in books.accounts]
            require("LEDGER", sum(lots) == 0, f"market {instrument}: lots sum to {sum(lots)}")
            longs = sum(held for held in lots if held > 0)
            require("LEDGER", longs == books.open_interest[instrument], f"market {instrument}: open interest")
        held, came = (
            books.holdings_by_asset(),
            {asset: amount for asset, amount in self.collateral_in.items() if amount},
        )
        require("LEDGER", held == came, f"collateral held {held}, brought {came}")
        shares = sum(book.shares for book in books.accounts.values())
        require("LEDGER", shares == books.vault_shares, f"vault shares {shares}, told {books.vault_shares}")
        deficit = -books.accounts[SystemAccount.DEFICIT].wallet
        require("WATERFALL", deficit == books.open_deficit >= 0, f"deficit {deficit}, open {books.open_deficit}")
        for number, book in books.accounts.items():
            if book.kind == AccountKind.SYSTEM and number not in (
                SystemAccount.EXTERNAL,
                SystemAccount.VAULT,
                SystemAccount.FUNDING,
                SystemAccount.DEFICIT,
            ):
                require("WATERFALL", book.wallet >= 0, f"fund {number} is at {book.wallet}")
            require("LEDGER", abs(book.wallet) < LIMIT, f"wallet {number} is at {book.wallet}")
        self._funding_law()
        for number, book in books.accounts.items():
            if book.is_trader and not book.flagged:
                surplus = books.surplus(number)
                require("SCAN", surplus >= 0, f"account {number} has surplus {surplus} and is not flagged")

    def _funding_law(self) -> None:
        """M5: the suspense account holds what is still owed, and the rounding, less than one quantum a settlement."""
        books = self.books
        owed = Fraction(0)
        for book in books.accounts.values():
            for instrument, position in book.positions.items():
                owed += Fraction(position.lots * (books.indices[instrument] - position.index), FUNDING_SCALE)
        left = books.accounts[SystemAccount.FUNDING].wallet + owed
        require("FUNDING", 0 <= left <= self.roundings, f"suspense {left} after {self.roundings} settlements")
