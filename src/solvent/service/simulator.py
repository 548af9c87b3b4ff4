"""An order book that answers liquidation orders over a WebSocket, as a venue would: for tests and demonstrations.

Each market has levels on both sides of a mid price, every one of the same notional, a step apart. An order takes what
is there up to its limit, level by level, and waits for the book to refill. It repeats every fill until it was taken,
keeps one order per id, and can be told to misbehave: be silent, drop connections, repeat fills, come too late. A fill
that was refused has happened all the same: it is told again after a while, and again after twice as long.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Any, Final

import msgspec

LEVELS: Final = 12
EXCHANGE_COST: Final = Decimal("0.01")
"""What selling collateral or buying a debt costs against the price, as a share."""
AGAIN_S: Final = 2.0
AGAIN_MAX_S: Final = 60.0
encode: Final = msgspec.json.Encoder().encode


class Book:
    """One market's book."""

    def __init__(self, lot_size: str, tick_size: str, depth: float, step_ppm: int = 200) -> None:
        self.lot = Decimal(lot_size)
        self.tick = Decimal(tick_size)
        self.mid = 0.0
        self.depth = depth
        self.step_ppm = step_ppm
        self.left = {"sell": [depth / LEVELS] * LEVELS, "buy": [depth / LEVELS] * LEVELS}

    def refill(self, share: float) -> None:
        """Bring back a share of what was taken."""
        full = self.depth / LEVELS
        for side in self.left.values():
            for place, left in enumerate(side):
                side[place] = left + (full - left) * share

    def take(
        self, side: str, size: Decimal, limit: Decimal | None, most: int = LEVELS
    ) -> list[tuple[Decimal, Decimal]]:
        """(size, price) of what an order takes now, from at most so many levels."""
        taken: list[tuple[Decimal, Decimal]] = []
        if self.mid <= 0:
            return taken
        sign = -1 if side == "sell" else 1
        for place in range(LEVELS):
            away = 1 + sign * (place + 0.5) * self.step_ppm / 1e6
            price = (Decimal(repr(self.mid * away)) / self.tick).quantize(Decimal(1), ROUND_DOWN) * self.tick
            if limit is not None and (price < limit if side == "sell" else price > limit):
                break
            there = Decimal(repr(self.left[side][place])) / price
            part = (min(size, there) / self.lot).quantize(Decimal(1), ROUND_DOWN) * self.lot
            if part <= 0:
                continue
            self.left[side][place] -= float(part * price)
            size -= part
            taken.append((part, price))
            if size <= 0 or len(taken) >= most:
                break
        return taken


class OrderBookSimulator:
    """Books, orders, and the socket."""

    def __init__(
        self,
        books: dict[str, Book],
        counterparties: Callable[[], Sequence[int]],
        refill: float = 0.1,
        asset_prices: Callable[[str], float] | None = None,
    ) -> None:
        self.books = books
        self.counterparties = counterparties
        self.refill = refill
        self.asset_prices = asset_prices or (lambda _asset: 0.0)
        self.orders: dict[str, dict[str, Any]] = {}
        self.untaken: dict[str, dict[str, Any]] = {}
        self.refused: dict[str, tuple[float, float]] = {}
        self.seen: set[str] = set()
        self.silent = False
        self.repeat_fills = 1
        self.cancelled: list[str] = []
        self.answers: list[dict[str, Any]] = []
        self.port = 0
        self._numbers = itertools.count(1)
        self._turn = itertools.count()
        self._sockets: set[Any] = set()
        self._prefix = ""

    async def run(self, port: int = 0, ready: asyncio.Event | None = None, every_s: float = 0.05) -> None:
        """Serve until cancelled."""
        from websockets.asyncio.server import serve

        async with serve(self._talk, "127.0.0.1", port) as server:
            self.port = next(iter(server.sockets)).getsockname()[1]
            self._prefix = f"sim{id(server):x}"
            if ready is not None:
                ready.set()
            while True:
                await asyncio.sleep(every_s)
                for book in self.books.values():
                    book.refill(self.refill)
                await self._match()
                await self._tell_again()

    async def drop_connections(self) -> None:
        """Close every socket, as a network would."""
        for socket in tuple(self._sockets):
            await socket.close()

    async def _talk(self, socket: Any) -> None:
        from websockets.exceptions import ConnectionClosed

        self._sockets.add(socket)
        try:
            for fill in tuple(self.untaken.values()):
                await socket.send(encode(fill).decode())
            async for message in socket:
                self._hear(msgspec.json.decode(message))
        except ConnectionClosed:
            pass
        finally:
            self._sockets.discard(socket)

    def _hear(self, told: dict[str, Any]) -> None:
        if told["type"] in ("order", "collateral", "debt") and told["order"] not in self.seen:
            self.seen.add(told["order"])
            self.orders[told["order"]] = told | {"left": Decimal(told["size" if told["type"] == "order" else "amount"])}
        elif told["type"] == "cancel":
            self.cancelled.append(told["order"])
            self.orders.pop(told["order"], None)
        elif told["type"] == "taken":
            self.answers.append(told)
            if told["accepted"]:
                self.untaken.pop(told["fill"], None)
                self.refused.pop(told["fill"], None)
            else:
                _at, wait = self.refused.get(told["fill"], (0.0, AGAIN_S / 2))
                wait = min(2 * wait, AGAIN_MAX_S)
                self.refused[told["fill"]] = time.monotonic() + wait, wait

    async def _match(self) -> None:
        if self.silent:
            return
        for order in tuple(self.orders.values()):
            if order["type"] != "order":
                await self._exchange(order)
                continue
            limit = Decimal(order["limit"]) if order["limit"] is not None else None
            # a level at a time: what is no longer wanted can still be cancelled in between
            for size, price in self.books[order["market"]].take(order["side"], order["left"], limit, 1):
                order["left"] -= size
                await self._tell(order, size, price)
            if order["left"] <= 0:
                self.orders.pop(order["order"], None)

    async def _exchange(self, order: dict[str, Any]) -> None:
        """Sell an asset a little below its price, or buy it a little above, all at once; nothing while it has none."""
        price = Decimal(repr(self.asset_prices(order["asset"])))
        if price <= 0:
            return
        self.orders.pop(order["order"], None)
        is_debt = order["type"] == "debt"
        money = (order["left"] * price * (1 + EXCHANGE_COST if is_debt else 1 - EXCHANGE_COST)).quantize(
            Decimal("1e-6")
        )
        fill = {"type": "bought" if is_debt else "sold", "fill": f"{self._prefix}-{next(self._numbers)}"}
        fill |= {"order": order["order"], "amount": order["amount"], "cost" if is_debt else "proceeds": f"{money:f}"}
        self.untaken[fill["fill"]] = fill
        await self._send(fill, self.repeat_fills)

    async def _tell(self, order: dict[str, Any], size: Decimal, price: Decimal) -> None:
        listed = self.counterparties()
        fill = {
            "type": "fill",
            "fill": f"{self._prefix}-{next(self._numbers)}",
            "order": order["order"],
            "size": f"{size:f}",
            "price": f"{price:f}",
            "counterparty": listed[next(self._turn) % len(listed)],
        }
        self.untaken[fill["fill"]] = fill
        await self._send(fill, self.repeat_fills)

    async def _tell_again(self) -> None:
        now = time.monotonic()
        for name, (due, wait) in tuple(self.refused.items()):
            if now >= due and name in self.untaken:
                self.refused[name] = now + wait, wait
                await self._send(self.untaken[name], 1)

    async def _send(self, fill: dict[str, Any], times: int) -> None:
        from websockets.exceptions import ConnectionClosed

        for socket in tuple(self._sockets):
            try:
                for _ in range(times):
                    await socket.send(encode(fill).decode())
            except ConnectionClosed:
                self._sockets.discard(socket)
