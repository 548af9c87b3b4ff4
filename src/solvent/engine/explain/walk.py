"""The events of one command carried out on an account's sheet, one after the other by the ledger's own function.

So equity and requirement are known at each event, and each movement of money is told with what it was made from.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Final, final

import msgspec
import numpy as np

from solvent.codes import (
    FeeBase,
    Level,
    SystemAccount,
    Tranche,
)
from solvent.commands import CommandKind
from solvent.engine.explain.names import Rules, account_name, words
from solvent.engine.explain.node import Node, fact, number, plain, total, value_of
from solvent.engine.explain.sheet import Sheet
from solvent.events import EventKind
from solvent.risk.funding import due_up, next_index
from solvent.risk.liquidation import penalty_of
from solvent.risk.waterfall import take
from solvent.state.options import is_option as is_option_at
from solvent.state.values import lot_price, marked_quanta, traded_quanta
from solvent.units import FUNDING_SCALE, LIMIT, PPM, mul_div_up

PENALTY_OF: Final = {
    FeeBase.VALUE: "value closed",
    FeeBase.REQUIREMENT: "maintenance freed",
    FeeBase.IMPROVEMENT: "better than the limit",
    FeeBase.DEBT: "debt in the value closed",
}
"""What a penalty is a share of, in the words of the tree."""

TICKS_SHOWN_MAX: Final = 24
"""Funding ticks told one by one; what came before them is one number."""


_PAIRED: Final = (
    EventKind.MARGIN_TRANSFERRED,
    EventKind.TRADED,
    EventKind.LIQUIDATION_FILLED,
    EventKind.PENALTY_CHARGED,
    EventKind.POSITION_TAKEN_OVER,
    EventKind.RESIDUAL_TAKEN,
    EventKind.POSITION_DELEVERAGED,
    EventKind.TRANCHE_DRAWN,
    EventKind.POSITION_CLAIMED,
    EventKind.KEEPER_REWARDED,
    EventKind.SHARE_TAKEN,
    EventKind.START_CHARGED,
    EventKind.BONUS_SHARED,
    EventKind.POOL_UNWOUND,
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
    EventKind.WITHDRAWAL_CHARGED,
    EventKind.POSITION_SETTLED,
    EventKind.INTEREST_POSTED,
    EventKind.DEBT_COVERED,
)


_FILLS: Final = (EventKind.LIQUIDATION_FILLED, EventKind.POSITION_CLAIMED, EventKind.POOL_UNWOUND)
"""Closings whose `lots` are what the account itself bought."""

_CLOSINGS: Final = (*_FILLS, EventKind.POSITION_TAKEN_OVER, EventKind.POSITION_DELEVERAGED)


def moves_money(events: np.ndarray, account: int) -> Any:
    """Which events moved money of the account."""
    kinds = events["kind"]
    moved = np.isin(kinds, _PAIRED + _SINGLE) & (events["account"] == account)
    moved |= np.isin(kinds, _PAIRED) & (events["counterparty"] == account)
    if account == SystemAccount.VAULT:
        moved |= np.isin(kinds, (EventKind.VAULT_JOINED, EventKind.VAULT_LEFT)) & (events["counterparty"] == 0)
    moved |= np.isin(kinds, (EventKind.VAULT_JOINED, EventKind.VAULT_LEFT)) & (
        (events["counterparty"] == account) & (account > 0)
    )
    if account in (SystemAccount.DEFICIT, SystemAccount.VENUE_FUND):
        moved |= kinds == EventKind.WITHDRAWAL_CHARGED
    if account == SystemAccount.DEFICIT:
        moved |= kinds == EventKind.DEFICIT_OPENED
    if account >= SystemAccount.MARKET_FUNDS:
        moved |= (kinds == EventKind.MARKET_SETTLED) & (events["instrument"] == account - SystemAccount.MARKET_FUNDS)
    return moved


@final
class Walk:
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
        moves = moves_money(events, self.account)
        told = [self._told(event) for event, moved in zip(self.events, moves, strict=True) if moved]
        return [node for node in told if node is not None]

    def _told(self, event: Any) -> Node | None:
        kind = EventKind(event.kind)
        if kind == EventKind.FUNDING_PAID:
            return self._funding(event)
        if kind == EventKind.TRADED:
            return self._trade(event)
        if kind == EventKind.POSITION_SETTLED:
            return self._settled(event)
        if kind in _CLOSINGS:
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
            label, amount = f"withdrawal of {self.rules.asset(asset)}", -amount + event.fee_quanta
            if event.fee_quanta:
                rules = "as the command asks, less the share of a loss without payer"
        elif kind == EventKind.WITHDRAWAL_CHARGED:
            rules = "amount x loss without payer / (money of the accounts + that loss), rounded up"
            inputs = [number("loss without payer", event.requirement_quanta), number("money", event.equity_quanta)]
            label, amount = self._share_borne(event)
        elif kind == EventKind.KEEPER_REWARDED:
            label = f"reward of keeper {self._name(event.counterparty)}" if mine else "reward for closing"
            amount = -amount if mine else amount
            rules, sources = (
                "flat + share of the value, between its bounds, at most the penalty",
                self._staged(event.stage),
            )
            inputs = [number("value closed", event.value)]
        elif kind == EventKind.START_CHARGED:
            label = (
                f"beginning of an offer, to {self._name(other)}" if mine else f"beginning paid by {self._name(other)}"
            )
            amount = -amount if mine else amount
            rules, sources = "what is offered x rate, rounded up, at most the equity", self._staged(event.stage)
            inputs = [number("offered", event.value), number("equity", event.equity_quanta)]
        elif kind == EventKind.BONUS_SHARED:
            label = (
                f"share of the bonus, to {self._name(other)}" if mine else f"share of the bonus of {self._name(other)}"
            )
            amount = -amount if mine else amount
            rules, sources = "bonus x rate, rounded up", self._staged(event.stage)
            inputs = [number("bonus", event.value)]
        elif kind == EventKind.SHARE_TAKEN:
            label = f"discount for {self._name(other)}, who took a share" if mine else "discount on the share taken"
            amount = -amount if mine else amount
            rules = "equity (or requirement, once bankrupt) x discount x requirement freed / requirement, rounded down"
            sources = self._staged(event.stage)
            inputs = [
                number("share", event.value, "ppm"),
                number("requirement freed", event.lots),
                number("equity", event.equity_quanta),
                number("requirement", event.requirement_quanta),
            ]
        elif kind == EventKind.MARGIN_TRANSFERRED:
            label = f"margin {'to' if mine else 'from'} {self._name(other)}"
            amount = -amount if mine else amount
        elif kind == EventKind.MARKET_SETTLED:
            label, rules = "what rounding left of a market that ended", "payments rounded down, the rest of nothing"
        elif kind == EventKind.FUND_CONTRIBUTED:
            label = "contribution from outside"
        elif kind in (EventKind.VAULT_JOINED, EventKind.VAULT_LEFT):
            leaves = kind == EventKind.VAULT_LEFT
            label = f"vault shares {'sold' if leaves else 'bought'}" + ("" if mine else f" by {self._name(other)}")
            amount = amount if leaves == mine else -amount
            rules = "shares x (pool equity + 1) / (all shares + 1,000), rounded in the vault's favour"
            inputs = [number("shares", event.shares, "shares")]
        elif kind == EventKind.COLLATERAL_SOLD:
            label, amount = f"proceeds of {self.rules.asset(asset)} sold", event.value
            rules = "what the sale brought, as the venue reports it"
            inputs = [number("sold", event.amount_quanta, self.rules.unit(asset)), *self._flag()]
            asset = 0
        elif kind == EventKind.DEBT_COVERED:
            label, amount = f"cost of {self.rules.asset(asset)} bought back", -event.value
            rules = "what buying it cost, as the venue reports it"
            inputs = [number("bought back", event.amount_quanta, self.rules.unit(asset)), *self._flag()]
            asset = 0
        elif kind == EventKind.INTEREST_POSTED:
            label = f"interest on {self.rules.asset(asset)} {'owed' if amount < 0 else 'held'}"
            rules = "owed x rate x time / year, rounded up; held x interest paid / deposits, rounded down"
            inputs = [number("left", event.value, self.rules.unit(asset))]
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

    def _share_borne(self, event: Any) -> tuple[str, int]:
        """Name and amount of a leaver's share of a loss, on the side of this account."""
        if event.account == self.account:
            return "share of a loss without payer", -event.amount_quanta
        covered = event.value if self.account == SystemAccount.DEFICIT else event.amount_quanta - event.value
        return f"share of the loss borne by {self._name(event.account)}", covered

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

    def _settled(self, event: Any) -> Node:
        """A position that ended with its market: what it was paid, less its cost and the funding it owed."""
        instrument = event.instrument
        tables = self.sheet.tables
        row = next(row for row in self.sheet.positions() if tables.positions[row].instrument == instrument)
        is_option = bool(plain(is_option_at)(tables, instrument))
        self.sheet.end(row, event.amount_quanta, event.fee_quanta)
        rule = "lots x worth at the price, rounded down"
        inputs = [number("lots", event.lots, "lots"), number("price", event.price_ticks, "ticks")]
        if is_option:
            option = tables.options[instrument]
            kind = "put" if option.is_put else "call"
            rule = f"what a {kind} pays at this price of its underlying, rounded down"
            inputs.append(number("strike", int(option.strike_ticks), "ticks"))
        parts = [
            number("value", event.amount_quanta, "quanta", rule, "", *inputs),
            number("less its cost", event.value - event.amount_quanta),
        ]
        if event.fee_quanta:
            parts.append(number("less funding due", -event.fee_quanta))
        label = f"{self.rules.symbol(instrument)}: settled, the market has ended"
        return total(label, parts, "value - cost - funding due", self.source)

    def _index_change(self, instrument: int, change: int) -> Node:
        """The ticks that moved the index, the latest first."""
        contract = self.sheet.tables.contracts[instrument]
        parts: list[Node] = []
        left = change
        for tick in reversed(self._ticks.get(instrument, [])):
            if left == 0 or len(parts) == TICKS_SHOWN_MAX:
                break
            if tick.sequence > self.sequence:
                continue
            lot_num, lot_den = plain(lot_price)(contract, tick.price_ticks)
            step = int(next_index(0, lot_num, lot_den, tick.value))
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
        contract = self.sheet.tables.contracts[instrument]
        proceeds = value_of(contract, -made.closed_lots, price, "value closed", traded_quanta)
        proceeds = msgspec.structs.replace(
            proceeds,
            rule=proceeds.rule.replace("lots", "lots closed", 1).replace("mark", "price"),
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
            contract = self.sheet.tables.contracts[event.instrument]
            value = abs(int(plain(traded_quanta)(contract, event.lots, event.price_ticks)))
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
        change = event.lots if mine == (kind in _FILLS) else -event.lots
        moment = self._moment()
        if mine and kind != EventKind.POOL_UNWOUND and self.before_closing is None:
            self.before_closing = self.sheet.judge(Level.MAINTENANCE).equity
        result, parts = self._realised(event.instrument, change, event.price_ticks)
        if not parts and kind in _FILLS:
            return None
        symbol = self.rules.symbol(event.instrument)
        other = self._name(event.counterparty if mine else event.account)
        parts += [moment]
        if kind == EventKind.LIQUIDATION_FILLED:
            label = f"{symbol}: {'liquidation, closed with' if mine else 'filled a liquidation of'} {other}"
            rule = "filled in the market at the price the venue reports, within the order's limit"
            parts += self._order(event)
        elif kind == EventKind.POSITION_CLAIMED:
            label = f"{symbol}: {'claimed by' if mine else 'claimed from'} {other}"
            rule = "a keeper's or bidder's claim, at the mark times the factor of the moment"
        elif kind == EventKind.POOL_UNWOUND:
            label = f"{symbol}: {'inventory worked down with' if mine else 'took inventory of'} {other}"
            rule = "the pool's order towards its target, at the price the venue reports, within its limit"
            parts += [number("cost against the mark", event.value)] if mine else []
        elif kind == EventKind.POSITION_TAKEN_OVER:
            label = f"{symbol}: taken over by {other}" if mine else f"{symbol}: taken over from {other}"
            rule = "the backstop takes the whole position at the mark"
        else:
            label = f"{symbol}: deleveraged against {other}"
            rule = "contracts closed at the deleveraging price"
            parts += self._deleveraged(event, change, mine)
        if mine and kind != EventKind.POOL_UNWOUND:
            parts += self._flag()
        rule += ": the result of what was closed"
        source = self.source if kind == EventKind.POOL_UNWOUND else self._staged(event.stage)
        return number(label, result, "quanta", rule, source, *parts)

    def _deleveraged(self, event: Any, change: int, mine: bool) -> list[Node]:
        if mine:
            return []
        mark = int(self.sheet.tables.instruments[event.instrument].mark_ticks)
        contract = self.sheet.tables.contracts[event.instrument]
        there, here = (int(plain(marked_quanta)(contract, -change, price)) for price in (mark, event.price_ticks))
        given_up = number(
            "given up against the mark",
            there - here,
            "quanta",
            "value of the lots closed at the mark - at the price",
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
            number(PENALTY_OF[FeeBase(stage.fee_base)], event.value),
            number("penalty rate", fee_ppm, "ppm", "", self.rules.stage_source(event.stage)),
            number("uncapped", int(mul_div_up(event.value, fee_ppm, PPM)), "quanta", "that x rate, rounded up"),
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
        rule = "that x rate, never more than the equity before or after closing, never below zero"
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
            number(words(Tranche(tranche)), amount, "quanta", "", self.rules.tranche_source(tranche))
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
        name, source = words(Tranche(tranche)), f"{self.rules.tranche_source(tranche)}; {self.source}"
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
