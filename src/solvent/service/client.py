"""A small client: typed calls over the public interface, the same that any other program may use.

    with Client("http://127.0.0.1:8700", key) as venue:
        answer = venue.deposit(account=12, amount="1000")
        venue.account(12).levels[0].surplus
        for frame in venue.events(from_sequence=1): ...

Amounts are decimal strings both ways. Each call takes an identifier of its own, so that a repeated one (after a lost
connection, for example) is answered as the first and not carried out twice.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec
import numpy as np

from solvent.service.wire import DESCRIBED


class Refusal(msgspec.Struct, frozen=True):
    """Why a command changed nothing."""

    number: int
    name: str
    sentence: str


class Answer(msgspec.Struct, frozen=True):
    """What became of one command."""

    sequence: int
    accepted: bool
    refusal: Refusal | None = None


class Answers(msgspec.Struct, frozen=True):
    """What became of one request."""

    id: str
    first_sequence: int
    duplicate: bool
    answers: list[Answer]


class BatchAnswer(msgspec.Struct, frozen=True):
    """What became of one burst; `refused` holds (offset, number of the refusal)."""

    id: str
    first_sequence: int
    count: int
    duplicate: bool
    refused: list[tuple[int, int]]


class LevelView(msgspec.Struct, frozen=True):
    """An account at one level of the margin ladder, in the settlement currency."""

    level: str
    equity: str
    requirement: str
    surplus: str
    gains: str
    notional: str


class AdlPlace(msgspec.Struct, frozen=True):
    """A place among the winners of one side."""

    rank: int
    of: int
    policy: str


class PositionView(msgspec.Struct, frozen=True):
    """One position."""

    market: str
    side: str
    size: str
    cost: str
    value: str
    gain: str
    mark: str
    leverage: int | None = None
    liquidation_price: str | None = None
    bankruptcy_price: str | None = None
    adl: AdlPlace | None = None


class AccountView(msgspec.Struct, frozen=True):
    """One account."""

    account: int
    sequence: int
    owner: str
    kind: str
    status: str
    wallet: str
    levels: list[LevelView]
    positions: list[PositionView]
    queue_place: int | None = None


class ServiceProblem(Exception):
    """A request the service did not serve; `code` is for programs, `str()` for people."""

    def __init__(self, status: int, code: str, sentence: str, remedy: str) -> None:
        super().__init__(f"{sentence} {remedy}".strip())
        self.status = status
        self.code = code


Wanted = TypeVar("Wanted")


class Client:
    """One connection to one service. Not to be shared between threads."""

    def __init__(self, url: str, key: str, timeout_s: float = 10.0) -> None:
        import httpx

        self._url = url.rstrip("/")
        self._key = key
        headers = {"authorization": f"Bearer {key}"}
        # certificates take longer to load than a request takes, and without TLS there is nothing to check
        verify = self._url.startswith("https")
        self._http = httpx.Client(base_url=self._url, headers=headers, timeout=timeout_s, verify=verify)

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    # --- any request ---------------------------------------------------------------------------------------

    def get(self, path: str, wanted: type[Wanted] = dict, **query: int | str) -> Wanted:  # type: ignore[assignment]
        """Read a route, as a type. Raises ServiceProblem."""
        return self._answer(self._http.get(path, params=query), wanted)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask for an act. Raises ServiceProblem."""
        return self._answer(self._http.post(path, json=body), dict)

    def delete(self, path: str) -> dict[str, Any]:
        """Take something away. Raises ServiceProblem."""
        return self._answer(self._http.delete(path), dict)

    def _answer(self, answer: Any, wanted: type[Wanted]) -> Wanted:
        if answer.status_code != 200:
            try:
                told = msgspec.json.decode(answer.content)["error"]
            except (msgspec.DecodeError, KeyError, TypeError):
                raise ServiceProblem(answer.status_code, "unknown", answer.text[:200], "") from None
            raise ServiceProblem(answer.status_code, told["code"], told["sentence"], told["remedy"])
        return msgspec.json.decode(answer.content, type=wanted)

    def submit(self, commands: Sequence[dict[str, Any]], identifier: str = "") -> Answers:
        """Commands as they stand in the OpenAPI document, each with its `kind`. Raises ServiceProblem."""
        body = {"id": identifier or secrets.token_hex(12), "commands": list(commands)}
        return self._answer(self._http.post("/v1/commands", json=body), Answers)

    def burst(self, records: np.ndarray, identifier: str = "") -> BatchAnswer:
        """Trades and price reports as records of solvent.commands, times zero. Raises ServiceProblem."""
        headers = {
            "content-type": "application/octet-stream",
            "idempotency-key": identifier or secrets.token_hex(12),
        }
        return self._answer(self._http.post("/v1/batch", content=records.tobytes(), headers=headers), BatchAnswer)

    def _one(self, kind: str, **fields: Any) -> Answer:
        given = {name: value for name, value in fields.items() if value is not None}
        return self.submit([{"kind": kind, **given}]).answers[0]

    # --- commands ------------------------------------------------------------------------------------------

    def open_account(self, account: int, owner: int, account_kind: str = "cross") -> Answer:
        """Open a margin account: the next free number, see `venue()`."""
        return self._one("open_account", account=account, owner=str(owner), account_kind=account_kind)

    def deposit(self, account: int, amount: str, asset: str = "") -> Answer:
        """Bring money or collateral in."""
        return self._one("deposit", account=account, amount=amount, asset=asset)

    def withdraw(self, account: int, amount: str, asset: str = "") -> Answer:
        """Take money or collateral out."""
        return self._one("withdraw", account=account, amount=amount, asset=asset)

    def trade(
        self, buyer: int, seller: int, market: str, size: str, price: str, fee: str = "0", seller_fee: str = "0"
    ) -> Answer:
        """Report a fill between two accounts."""
        return self._one(
            "trade", account=buyer, counterparty=seller, market=market, size=size, price=price, fee=fee,
            counter_fee=seller_fee,
        )  # fmt: skip

    def report_price(self, market: str, source: str, price: str, source_time_ns: int) -> Answer:
        """Report what a source tells."""
        return self._one("price_report", market=market, source=source, price=price, source_time_ns=str(source_time_ns))

    def reserve_order(self, account: int, market: str, size: str, price: str) -> Answer:
        """Count an open order: bids above zero, offers below."""
        return self._one("reserve_order", account=account, market=market, size=size, price=price)

    def release_order(self, account: int, market: str, size: str, price: str) -> Answer:
        """Stop counting an open order or part of it."""
        return self._one("release_order", account=account, market=market, size=size, price=price)

    def set_leverage(self, account: int, market: str, leverage: int) -> Answer:
        """Choose a position's leverage."""
        return self._one("set_leverage", account=account, market=market, leverage=leverage)

    def tick_funding(self, market: str, rate: str) -> Answer:
        """Longs pay this part of the notional to shorts."""
        return self._one("funding_tick", market=market, rate=rate)

    def fill_liquidation(
        self, account: int, counterparty: int, market: str, size: str, price: str, reference: str
    ) -> Answer:
        """Report a fill of a liquidation order."""
        return self._one(
            "liquidation_fill", account=account, counterparty=counterparty, market=market, size=size, price=price,
            reference=reference,
        )  # fmt: skip

    def set_mode(self, market: str, mode: str) -> Answer:
        """Put a market into a mode: active, reduce_only or halted."""
        return self._one("set_mode", market=market, mode=mode)

    def contribute_fund(self, account: int, amount: str) -> Answer:
        """Bring money in for a fund, the venue's capital or the open deficit."""
        return self._one("contribute_fund", account=account, amount=amount)

    # --- views ---------------------------------------------------------------------------------------------

    def venue(self) -> dict[str, Any]:
        """Names, numbers and scales."""
        return self.get("/v1/venue")

    def account(self, account: int) -> AccountView:
        """One account."""
        return self.get(f"/v1/accounts/{account}", AccountView)

    def explain(self, account: int) -> dict[str, Any]:
        """How the account's numbers came to be."""
        return self.get(f"/v1/accounts/{account}/explain")

    def events(
        self,
        from_sequence: int = 0,
        kinds: Sequence[str] = (),
        channels: Sequence[str] = ("events",),
        wait_s: float | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Frames of the stream, for ever; the channel `hello` tells where memory goes on.

        Raises TimeoutError when nothing comes for `wait_s`.
        """
        from websockets.sync.client import connect

        url = "ws" + self._url.removeprefix("http") + "/v1/stream"
        with connect(url, additional_headers={"authorization": f"Bearer {self._key}"}, max_size=None) as socket:
            wanted = {"channels": list(channels), "from_sequence": from_sequence, "kinds": list(kinds)}
            socket.send(msgspec.json.encode(wanted).decode())
            while True:
                yield msgspec.json.decode(socket.recv(wait_s))


def known_commands() -> list[str]:
    """The kinds `submit` takes."""
    return [kind.name.lower() for kind in DESCRIBED]
