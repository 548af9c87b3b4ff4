"""Liquidation orders out to the venue, fills back: the reference adapter, over the WebSocket a venue offers for orders.

The messages are those of `venue_messages.py`. Time is the machine's: an order that is not filled in time is cancelled
by the next `Advance`, told as an event, and the account goes on to the next stage, whether the venue answers or not. A
fill that crossed the cancel on its way has happened all the same: it counts against the order that stands in the place
of the cancelled one, and without such an order it is reported as the trade it is. A fill the machine accepts in no form
is an alert and stands in `/v1/fills`: the books of both differ, and somebody must look. Told again it is tried again
(docs/decisions, "Fills that cross a cancel").
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict
from typing import Any, Final

import msgspec
import numpy as np

from solvent.commands import CommandKind
from solvent.events import EventKind
from solvent.service.desk import Answer, refusal_words
from solvent.service.gateway import SERVICE, Block
from solvent.service.problems import Problem
from solvent.service.strict import BODY_BYTES_MAX
from solvent.service.venue_messages import MESSAGES, Bought, Fill, Rejected, Reported
from solvent.service.wire import DESCRIBED
from solvent.state.tables import NONE
from solvent.state.whole import queued_accounts

LOG: Final = logging.getLogger("solvent.orders")
OUTGOING_MAX: Final = 100_000
RETRY_MAX_S: Final = 5.0
TAKEN_AT_ONCE: Final = 256
"""Messages of the venue that may wait for the disk together."""


encode: Final = msgspec.json.Encoder().encode
ATTEMPTS_MAX: Final = 16
"""Times a fill that is told again and again is tried anew: each leaves commands in the journal."""
UNBOOKED_MAX: Final = 1_000
ID_MAX: Final = 48
"""Longer ids of fills are known by their hash: the journal's identifiers have 64 characters."""
REMEMBERED_MAX: Final = 20_000
"""Orders whose side is remembered after they are gone, for fills that come late."""
_WANTED: Final = np.array(
    [
        int(kind)
        for kind in (
            EventKind.LIQUIDATION_ORDERED,
            EventKind.LIQUIDATION_CANCELLED,
            EventKind.COLLATERAL_ORDERED,
            EventKind.UNWIND_ORDERED,
            EventKind.LIQUIDATION_FILLED,
            EventKind.COLLATERAL_SOLD,
            EventKind.DEBT_ORDERED,
            EventKind.DEBT_COVERED,
        )
    ]
)


_FILLED: Final = (EventKind.LIQUIDATION_FILLED, EventKind.COLLATERAL_SOLD, EventKind.DEBT_COVERED)


class VenueOrders:
    """The adapter of one venue."""

    def __init__(self, service: Any, url: str) -> None:
        self.service = service
        self.url = url
        self.connected = False
        self.open: dict[str, dict[str, Any]] = {}
        self.refused = 0
        self.taken = 0
        self.late_by = {"next": 0, "late": 0}
        self._late: OrderedDict[str, None] = OrderedDict()
        self._sides: OrderedDict[str, str] = OrderedDict()
        self.unbooked: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._unwinds: dict[int, tuple[str, int]] = {}
        self._wanted: dict[str, int] = {}
        self.rejected = 0
        self._room = asyncio.Semaphore(TAKEN_AT_ONCE)
        self._taking: set[asyncio.Task[None]] = set()
        self._outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue(OUTGOING_MAX)
        service.gateway.listeners.append(self.hear)

    @property
    def late(self) -> int:
        """Fills that crossed their cancel and were accepted: against the next order, or as trades."""
        return sum(self.late_by.values())

    def hear(self, block: Block) -> None:
        """Orders and cancels of a block, in their order."""
        events = np.asarray(block.events)
        chosen = events[np.isin(events["kind"], _WANTED)]
        for event in chosen:
            if event["kind"] in _FILLED:
                self._filled(event)
                continue
            told = self._told(event)
            if event["kind"] == EventKind.LIQUIDATION_CANCELLED:
                self.open.pop(told["order"], None)
                told = {"type": "cancel", "order": told["order"]}
            else:
                self.open[told["order"]] = told
                self._sides[told["order"]] = told.get("side", "")
                if len(self._sides) > REMEMBERED_MAX:
                    self._sides.popitem(last=False)
            self._say(told)
        if self._unwinds:
            self._end_unwinds()

    def _filled(self, event: Any) -> None:
        """Forget an order that has nothing left."""
        account, reference = int(event["account"]), int(event["reference"])
        if event["kind"] != EventKind.LIQUIDATION_FILLED:
            letter = "a" if event["kind"] == EventKind.COLLATERAL_SOLD else "d"
            order = f"{account}-{letter}{int(event['asset'])}-{reference}"
            self._wanted[order] = self._wanted.get(order, 0) - int(event["amount_quanta"])
            if self._wanted[order] <= 0:
                del self._wanted[order]
                self.open.pop(order, None)
        elif self._reference(account, int(event["instrument"])) != reference:
            self.open.pop(f"{account}-{int(event['instrument'])}-{reference}", None)

    def _say(self, told: dict[str, Any]) -> None:
        if self.connected and not self._outgoing.full():
            self._outgoing.put_nowait(told)

    def _end_unwinds(self) -> None:
        """Take back the orders of pools that are over: the machine lets them end without an event."""
        for instrument, (order, reference) in tuple(self._unwinds.items()):
            if self._unwinding(instrument) == reference:
                continue
            if self._unwinds.get(instrument) == (order, reference):
                del self._unwinds[instrument]
            if self.open.pop(order, None) is not None:
                self._say({"type": "cancel", "order": order})

    def _unwinding(self, instrument: int) -> int:
        """Reference of the order by which the pool of a market unwinds now; 0 for none."""
        state = self.service.gateway.engine.state
        unwind = state.unwinds[instrument]
        stands = int(unwind.lots) != 0 and int(state.venue[0].time_ns) < int(unwind.until_ns)
        return int(unwind.reference) if stands else 0

    def _told(self, event: Any) -> dict[str, Any]:
        wire, account = self.service.wire, int(event["account"])
        if event["kind"] in (EventKind.COLLATERAL_ORDERED, EventKind.DEBT_ORDERED):
            asset, is_debt = int(event["asset"]), event["kind"] == EventKind.DEBT_ORDERED
            order = f"{account}-{'d' if is_debt else 'a'}{asset}-{int(event['reference'])}"
            self._wanted[order] = int(event["amount_quanta"])
            return {
                "type": "debt" if is_debt else "collateral",
                "order": order,
                "account": account,
                "asset": wire.venue.asset_names.get(asset, str(asset)),
                "amount": wire.amount(asset, int(event["amount_quanta"])),
            }
        instrument, reference = int(event["instrument"]), int(event["reference"])
        lots, limit = int(event["lots"]), int(event["price_ticks"])
        if event["kind"] == EventKind.UNWIND_ORDERED:
            before = self._unwinds.get(instrument)
            if before is not None and self.open.pop(before[0], None) is not None:
                self._say({"type": "cancel", "order": before[0]})
            return self._unwind(account, instrument, lots, limit, reference)
        return self._order(account, instrument, lots, limit, reference)

    def _order(self, account: int, instrument: int, lots: int, limit: int, reference: int) -> dict[str, Any]:
        wire = self.service.wire
        return {
            "type": "order",
            "order": f"{account}-{instrument}-{reference}",
            "account": account,
            "market": wire.venue.symbols[instrument],
            "side": "sell" if lots < 0 else "buy",
            "size": wire.size(instrument, abs(lots)),
            "limit": wire.price(instrument, limit) if limit else None,
            "reduce_only": True,
            "purpose": "liquidation",
        }

    def _unwind(self, account: int, instrument: int, lots: int, limit: int, reference: int) -> dict[str, Any]:
        """The order of a pool, remembered until the machine has another or none."""
        state = self.service.gateway.engine.state
        order = f"{account}-u{instrument}-{reference}"
        self._unwinds[instrument] = (order, reference)
        return self._order(account, instrument, lots, limit, reference) | {
            "order": order,
            "reduce_only": int(state.backings[instrument].target_lots) == 0,
            "purpose": "unwind",
            "until_ns": str(int(state.unwinds[instrument].until_ns)),
        }

    def standing(self) -> dict[str, dict[str, Any]]:
        """Every order the machine has in the market now, from its state."""
        state = self.service.gateway.engine.state
        found: dict[str, dict[str, Any]] = {}
        for account in queued_accounts(state).tolist():
            row = int(state.accounts[account].first_position)
            while row != NONE:
                position = state.positions[row]
                if position.orders != NONE and state.orders[int(position.orders)].ordered_lots != 0:
                    orders = state.orders[int(position.orders)]
                    order = self._order(
                        account,
                        int(position.instrument),
                        -int(orders.ordered_lots),
                        int(orders.limit_ticks),
                        int(state.accounts[account].order_reference),
                    )
                    found[order["order"]] = order
                row = int(position.next)
        for instrument, unwind in enumerate(state.unwinds):
            if self._unwinding(instrument):
                account = int(state.vaults[int(state.backings[instrument].pool)].account)
                lots, limit = int(unwind.lots), int(unwind.limit_ticks)
                told = self._unwind(account, instrument, lots, limit, int(unwind.reference))
                found[told["order"]] = told
        return found

    def told(self) -> dict[str, Any]:
        """Orders at the venue now, and fills that stand in no book here, the newest first."""
        return {
            "connected": self.connected,
            "taken": self.taken,
            "late": self.late,
            "refused": self.refused,
            "rejected": self.rejected,
            "orders": list(self.open.values())[:UNBOOKED_MAX],
            "unbooked": list(reversed(self.unbooked.values())),
        }

    async def run(self, _service: Any = None) -> None:
        """Stay connected for ever; what was missed is sent again after each connection."""
        from websockets.asyncio.client import connect
        from websockets.exceptions import WebSocketException

        wait = 0.1
        while True:
            try:
                async with connect(self.url, max_size=BODY_BYTES_MAX, open_timeout=5) as socket:
                    wait = 0.1
                    await self._talk(socket)
            except (OSError, TimeoutError, WebSocketException) as error:
                LOG.warning("the venue's order socket is closed: %s", type(error).__name__)
            finally:
                self.connected = False
            await asyncio.sleep(wait)
            wait = min(wait * 2, RETRY_MAX_S)

    async def _talk(self, socket: Any) -> None:
        while not self._outgoing.empty():
            self._outgoing.get_nowait()
        collateral = {name: told for name, told in self.open.items() if told["type"] != "order"}
        self.open = {**self.standing(), **collateral}
        self.connected = True
        await socket.send(encode({"type": "hello", "venue": self.service.wire.venue.name}).decode())
        for order in tuple(self.open.values()):
            await socket.send(encode(order).decode())
        sender = asyncio.create_task(self._send(socket))
        try:
            async for message in socket:
                # one after the other they would wait for the disk one after the other, and be late for it; each is
                # handed to the gateway before the next task begins, so their order is kept
                await self._room.acquire()
                task = asyncio.create_task(self._take(message))
                self._taking.add(task)
                task.add_done_callback(self._taken)
        finally:
            sender.cancel()

    def _taken(self, task: asyncio.Task[None]) -> None:
        self._taking.discard(task)
        self._room.release()
        if not task.cancelled() and (mistake := task.exception()) is not None:
            LOG.error("a message of the venue met a mistake of ours", exc_info=mistake)

    async def _send(self, socket: Any) -> None:
        while True:
            await socket.send(encode(await self._outgoing.get()).decode())

    async def _take(self, message: str | bytes) -> None:
        try:
            told = MESSAGES.decode(message)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            LOG.error("the venue sent what cannot be read: %s", error)
            self.service.alerts.raise_alert(
                "fill_refused", "unreadable", "The venue sent a message that cannot be read."
            )
            return
        if isinstance(told, Rejected):
            self.rejected += 1
            LOG.warning("the venue rejected an order", extra={"order": told.order, "reason": told.reason})
            return
        answer = await self.fill(told)
        if answer is not None:
            await self._outgoing.put({"type": "taken", "fill": told.fill, **answer})

    async def fill(self, told: Reported) -> dict[str, Any] | None:
        """Carry a fill out, once; give what the venue is told, or None where the service takes nothing now."""
        try:
            records = self.service.wire.records([self._command(told)])
        except (Problem, ValueError, IndexError, KeyError) as error:
            return self._refuse(told, str(error))
        fingerprint = hashlib.blake2b(encode(told), digest_size=16).digest()
        answer = await self._try("fill", told, records, fingerprint)
        whys: list[str] = []
        if isinstance(answer, Answer) and answer.refused:
            whys.append(_named(answer))
            answer = await self._as_late(told, answer, fingerprint, whys)
        if answer is None:
            return None
        if isinstance(answer, str):
            return self._refuse(told, answer)
        if answer.refused:
            return self._refuse(told, "; ".join(whys)) | {"sequence": answer.first_sequence}
        self.taken += 1
        self.unbooked.pop(told.fill, None)
        return {"sequence": answer.first_sequence, "accepted": True}

    async def _try(self, form: str, told: Reported, records: bytes, fingerprint: bytes) -> Answer | str | None:
        """Ask for one form of a fill: what it was answered if it was accepted once, else anew.

        The same identifier is answered the same for ever, so each time a refused fill is told again it has another.
        """
        name = (
            told.fill if len(told.fill) <= ID_MAX else hashlib.blake2b(told.fill.encode(), digest_size=16).hexdigest()
        )
        answer: Answer | str | None = None
        for attempt in range(ATTEMPTS_MAX):
            identifier = f"{form}-{name}" if attempt == 0 else f"{form}-{name}.{attempt}"
            answer, is_old = await self._submit(records, identifier, fingerprint)
            if not isinstance(answer, Answer) or not answer.refused or not is_old:
                break
        return answer

    async def _as_late(self, told: Reported, first: Answer, fingerprint: bytes, whys: list[str]) -> Answer | str | None:
        """A fill that crossed its cancel, in the forms the machine has for it; else `first`, and `whys` grows."""
        forms = {"next": ("as one of the next order", self._as_next), "late": ("as a trade", self._as_trade)}
        for prefix, (words, form) in forms.items():
            command = form(told)
            if command is None:
                continue
            records = self.service.wire.records([command])
            answer = await self._try(prefix, told, records, fingerprint)
            if not isinstance(answer, Answer):
                return answer
            if not answer.refused:
                self.late_by[prefix] += told.fill not in self._late
                self._late[told.fill] = None
                if len(self._late) > REMEMBERED_MAX:
                    self._late.popitem(last=False)
                return answer
            whys.append(f"{words} {_named(answer)}")
        return first

    def _as_next(self, told: Reported) -> Any:
        """A fill of an earlier order of an account, as one of the order that stands in its place; None without one."""
        if not isinstance(told, Fill) or told.order.count("-") != 2:
            return None
        account, row, reference = told.order.split("-")
        instrument = int(row.removeprefix("u"))
        standing = self._unwinding(instrument) if row.startswith("u") else self._reference(int(account), instrument)
        if standing in (0, int(reference)):
            return None
        return self._command(msgspec.structs.replace(told, order=f"{account}-{row}-{standing}"))

    def _reference(self, account: int, instrument: int) -> int:
        """Reference of the order an account has in a market now; 0 for none."""
        state = self.service.gateway.engine.state
        if not 0 <= account < int(state.venue[0].account_count):
            return 0
        row = int(state.accounts[account].first_position)
        while row != NONE:
            position = state.positions[row]
            if int(position.instrument) == instrument:
                orders = int(position.orders)
                stands = orders != NONE and int(state.orders[orders].ordered_lots) != 0
                return int(state.accounts[account].order_reference) if stands else 0
            row = int(position.next)
        return 0

    def _as_trade(self, told: Reported) -> Any:
        """A fill of an order that is no more, as the trade that has happened; None where its side is not known."""
        side = self._sides.get(told.order)
        # a pool's account trades by its own orders only
        if not isinstance(told, Fill) or not side or "u" in told.order:
            return None
        account, row, reference = told.order.split("-")
        buyer, seller = (int(account), told.counterparty) if side == "buy" else (told.counterparty, int(account))
        return DESCRIBED[CommandKind.TRADE](
            account=buyer,
            counterparty=seller,
            market=self.service.wire.venue.symbols[int(row)],
            size=told.size,
            price=told.price,
            reference=int(reference),
        )

    async def _submit(self, records: bytes, identifier: str, fingerprint: bytes) -> tuple[Answer | str | None, bool]:
        """The answer, or why there can be none, or None where the service takes nothing now; and whether it is old."""
        while True:
            try:
                future, is_old = self.service.gateway.submit(SERVICE, records, identifier, fingerprint)
                return await asyncio.shield(future), is_old
            except Problem as problem:
                if problem.code == "queue_full":
                    await asyncio.sleep(0.05)
                    continue
                if problem.code == "id_reused":
                    return problem.sentence, False
                return None, False  # halted or stopping: not taken, so the venue sends it again

    def _refuse(self, told: Reported, why: str) -> dict[str, Any]:
        self.refused += 1
        sentence = f"Fill {told.fill[:40]} of order {told.order[:40]} was not accepted: {why}"
        self._keep_unbooked(told, why)
        self.service.alerts.raise_alert("fill_refused", self._market(told.order), sentence)
        LOG.error("a fill was not accepted: %s", sentence)
        return {"sequence": 0, "accepted": False, "why": why}

    def _keep_unbooked(self, told: Reported, why: str) -> None:
        """A fill that has happened at the venue and stands in no book here, until it is told again and taken."""
        before = self.unbooked.pop(told.fill, None)
        fields = msgspec.structs.asdict(told)
        self.unbooked[told.fill] = fields | {
            "market": self._market(told.order),
            "why": why,
            "first_s": before["first_s"] if before else round(time.time(), 3),
            "times": before["times"] + 1 if before else 1,
        }
        if len(self.unbooked) > UNBOOKED_MAX:
            self.unbooked.popitem(last=False)

    def _market(self, order: str) -> str:
        """What an alert is about: one for each market, however many fills it is for."""
        row = order.split("-")[1].removeprefix("u") if order.count("-") == 2 else ""
        symbols = self.service.wire.venue.symbols
        return symbols[int(row)] if row.isascii() and row.isdigit() and int(row) < len(symbols) else "no market"

    def _command(self, told: Reported) -> Any:
        account, middle, reference = told.order.split("-")
        venue = self.service.wire.venue
        if not isinstance(told, Fill):
            is_debt = isinstance(told, Bought)
            return DESCRIBED[CommandKind.COVER_DEBT if is_debt else CommandKind.COLLATERAL_SALE](
                account=int(account),
                asset=venue.asset_names[int(middle.removeprefix("d" if is_debt else "a"))],
                amount=told.amount,
                proceeds=told.cost if isinstance(told, Bought) else told.proceeds,
                reference=int(reference),
            )
        kind = CommandKind.UNWIND_FILL if middle.startswith("u") else CommandKind.LIQUIDATION_FILL
        return DESCRIBED[kind](
            account=int(account),
            counterparty=told.counterparty,
            market=venue.symbols[int(middle.removeprefix("u"))],
            size=told.size,
            price=told.price,
            reference=int(reference),
        )


def _named(answer: Answer) -> str:
    """The refusal of a single command, in words."""
    name, sentence = refusal_words(answer.refused[0])
    return f"{name}: {sentence}"
