"""What answers the routes: views, acts of the operators, and blocks for followers. The table of them is `routes.py`."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
import numpy as np

from solvent.engine.faults import EngineFault
from solvent.engine.log import Log
from solvent.engine.winners import winners
from solvent.events import EVENT_DTYPE
from solvent.service.alerts import Alerts
from solvent.service.desk import Act
from solvent.service.door import HotRoutes, encode, read_body, respond
from solvent.service.gateway import Gateway
from solvent.service.history import PAGE_COMMANDS, Wanted, past_events
from solvent.service.keys import make_key
from solvent.service.opening import act_record
from solvent.service.problems import Fault, Problem
from solvent.service.roles import Caller, Role, may
from solvent.service.routes import ROUTES, Asked, Raw, Route, read_query
from solvent.service.stream import Hub
from solvent.service.strict import read_json
from solvent.service.views import Views
from solvent.service.views.markets import MODE_NAMES, matrix
from solvent.state.terms import SEATS_MAX

TICKET_S: Final = 30.0
TICKETS_MAX: Final = 1_024
READS_PER_SECOND: Final = 200
ACT_BYTES_MAX: Final = 4_096
NO_ORDERS: Final[dict[str, Any]] = {
    "connected": None,
    "taken": 0,
    "late": 0,
    "refused": 0,
    "rejected": 0,
    "orders": [],
    "unbooked": [],
}
"""What is told of the venue's orders where the process has no order socket."""


class Api:
    """The functions behind the routes."""

    def __init__(self, gateway: Gateway, views: Views, hub: Hub, hot: HotRoutes, alerts: Alerts) -> None:
        self.gateway = gateway
        self.views = views
        self.hub = hub
        self.hot = hot
        self.alerts_kept = alerts
        self.tickets: dict[str, tuple[float, Caller]] = {}
        self.metrics_text: Callable[[], bytes] = lambda: b""
        self.feeds: Callable[[], list[dict[str, Any]]] = list
        self.orders_told: Callable[[], dict[str, Any]] = lambda: dict(NO_ORDERS)
        self.crash_demo: Callable[[int], None] | None = None
        self.take_over: Callable[[str], Awaitable[None]] | None = None
        self.began_s = time.monotonic()
        self._decoders = {route.body: msgspec.json.Decoder(route.body) for route in ROUTES if route.body is not None}
        self._new_block = asyncio.Event()
        gateway.listeners.append(lambda _block: self._new_block.set())

    @property
    def status(self) -> str:
        """One word about the process."""
        if self.gateway.fault is not None:
            return "halted"
        if self.take_over is not None:
            return "standing_by"
        return "ok" if self.gateway.accepting else "stopping"

    async def serve(self, route: Route, scope: Any, receive: Any, send: Any, path: Mapping[str, int | str]) -> None:
        """Answer one request of the table."""
        try:
            caller = None
            if route.right is not None:
                caller = self.hot.caller(scope)
                if not may(caller, route.right, self.views.venue.name):
                    raise Problem(
                        "role_may_not",
                        f"Role {caller.role} of venue {caller.venue} may not do this here.",
                        f"It needs the right to {route.right}.",
                    )
                self.hot.budget.spend(caller.key, "reads", READS_PER_SECOND, 1, time.monotonic())
            query = read_query(scope["query_string"], route.params)
            body = None
            if route.body is not None:
                raw = await read_body(scope, receive, ACT_BYTES_MAX, "application/json")
                body = read_json(raw, self._decoders[route.body])
            answer: Any = getattr(self, f"answer_{route.answer}")(Asked(caller, path, query, body))
            if asyncio.iscoroutine(answer):
                answer = await answer
            if isinstance(answer, Raw):
                headers = [(b"content-type", answer.media.encode()), (b"cache-control", b"no-store")]
                headers.append((b"content-length", str(len(answer.content)).encode()))
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                await send({"type": "http.response.body", "body": answer.content})
            else:
                await respond(send, 200, encode(answer))
        except Problem as problem:
            await self.hot.refuse(send, problem)

    # --- the process ---------------------------------------------------------------------------------------

    def answer_health(self, _asked: Asked) -> dict[str, Any]:
        """Alive, and what is wrong if something is."""
        fault = self.gateway.fault
        return {
            "status": self.status,
            "sequence": self.gateway.engine.sequence,
            "waiting": self.gateway.waiting,
            "uptime_s": round(time.monotonic() - self.began_s, 1),
            "fault": type(fault).__name__ if fault is not None else None,
        }

    def answer_ready(self, asked: Asked) -> dict[str, Any]:
        """As health, and no success unless commands are taken."""
        if self.status == "ok":
            return self.answer_health(asked)
        code = "halted" if self.status == "halted" else "standing_by" if self.status == "standing_by" else "stopping"
        raise Problem(code, f"This process is {self.status.replace('_', ' ')}.", "Send commands to the one in charge.")

    def answer_metrics(self, _asked: Asked) -> Raw:
        """For Prometheus."""
        return Raw(self.metrics_text(), "text/plain; version=0.0.4; charset=utf-8")

    # --- what may be read ----------------------------------------------------------------------------------

    def answer_venue(self, _asked: Asked) -> Any:
        """Names and numbers."""
        return self.views.venue_told()

    def answer_glance(self, _asked: Asked) -> Any:
        """One screen."""
        return self.views.glance()

    def answer_markets(self, _asked: Asked) -> Any:
        """Every market."""
        return {"sequence": self.gateway.engine.sequence, "markets": self.views.markets()}

    def answer_funds(self, _asked: Asked) -> Any:
        """Funds."""
        return {"sequence": self.gateway.engine.sequence, **self.views.funds()}

    def answer_pools(self, _asked: Asked) -> Any:
        """Pools."""
        return self.views.pools.all()

    def answer_fills(self, _asked: Asked) -> Any:
        """Orders out, fills back."""
        return self.orders_told()

    def answer_terms(self, asked: Asked) -> Any:
        """Terms by name."""
        return self.views.rules.terms(asked.query["like"], asked.query["limit"])

    def answer_ladder(self, _asked: Asked) -> Any:
        """Near liquidation."""
        return self.views.ladder.told(self.views.wire)

    def answer_account(self, asked: Asked) -> Any:
        """One account."""
        return self.views.accounts.account(int(asked.path["account"]))

    def answer_explain(self, asked: Asked) -> Any:
        """One account's tree."""
        return self.views.accounts.explanation(int(asked.path["account"]))

    def answer_queue(self, _asked: Asked) -> Any:
        """The queue."""
        return self.views.queue()

    def answer_worklists(self, asked: Asked) -> Any:
        """Flagged accounts by price version."""
        kept = self.views.desk.worklists
        first, limit = asked.query["from_version"], asked.query["limit"]
        if first == 0:
            found = [kept[place] for place in range(max(len(kept) - limit, 0), len(kept))]
        else:
            if kept and first < kept[0].price_version:
                raise Problem(
                    "gone",
                    f"Worklists are kept from price version {kept[0].price_version} on.",
                    "Read older flags from /v1/events; the chain of hashes can be made again from them.",
                )
            found = [worklist for worklist in kept if worklist.price_version >= first][:limit]
        return {"head": self.views.desk.worklist_hash.hex(), "lists": [self.hub.told(worklist) for worklist in found]}

    def answer_cases(self, asked: Asked) -> Any:
        """Defaults."""
        return {"cases": self.views.losses.cases(asked.query["limit"], asked.query["losses"])}

    def answer_deficits(self, _asked: Asked) -> Any:
        """Open deficits."""
        views = self.views
        open_quanta = int(self.gateway.engine.state.venue[0].open_deficit_quanta)
        cases = [case for case in reversed(views.desk.cases) if case.deficit_quanta][:100]
        return {"open_deficit": views.wire.money(open_quanta), "cases": [views.losses.case(case) for case in cases]}

    def answer_breakers(self, _asked: Asked) -> Any:
        """Breakers and what they allow."""
        views, state = self.views, self.gateway.engine.state
        wanted = ("market", "mode", "mode_by_breaker", "operator_mode", "level", "allowed", "conditions", "breakers")
        return {
            "sequence": self.gateway.engine.sequence,
            "venue_mode": MODE_NAMES[int(state.venue[0].mode)],
            "venue_breakers": views.market_views.venue_breakers(),
            "markets": [{name: market[name] for name in wanted} for market in views.markets()],
            "matrix": matrix(),
            "remedies": views.market_views.remedies(),
        }

    def answer_adl(self, asked: Asked) -> Any:
        """Who is first to be deleveraged."""
        symbol, side = asked.query["market"], asked.query["side"]
        row = self.views.venue.instruments.get(symbol or "")
        if row is None or side not in ("long", "short"):
            raise Problem(
                "out_of_range", "There is no such market or side.", "Name a market of /v1/venue, long or short."
            )
        state = self.gateway.engine.state
        rows, scores = winners(state, row, 1 if side == "long" else -1)
        listed = [
            {
                "rank": place + 1,
                "account": int(state.positions[at].account),
                "size": self.views.wire.size(row, int(state.positions[at].lots)),
                "score": str(scores[place]),
            }
            for place, at in enumerate(rows[: asked.query["limit"]].tolist())
        ]
        return {"market": symbol, "side": side, "winners": len(rows), "first": listed}

    def answer_rulebook(self, _asked: Asked) -> Any:
        """Rules."""
        return self.views.rules.told()

    async def answer_events(self, asked: Asked) -> Any:
        """A page of events; whole sequences only, so that the next page begins after the last one."""
        first, limit = asked.query["from"], asked.query["limit"]
        newest = self.gateway.engine.sequence
        if first > newest:
            return {"first": first, "next": first, "newest": newest, "events": []}
        if first >= self.hub.oldest_sequence:
            parts: list[np.ndarray] = []
            last, count = first - 1, 0
            for _begin, end, events in self.hub.kept(first):
                parts.append(events)
                last, count = end, count + len(events)
                if count >= limit:
                    break
            found = np.concatenate(parts) if parts else np.zeros(0, dtype=EVENT_DTYPE)
        else:
            last = min(first + PAGE_COMMANDS - 1, self.hub.oldest_sequence - 1)
            found = await self.past(first, last)
        if len(found) > limit:
            # cut after a whole command
            last = int(found["sequence"][limit - 1])
            found = found[found["sequence"] <= last]
        told = self.views.wire.events(found) if len(found) else []
        return {"first": first, "next": last + 1, "newest": newest, "events": told}

    async def past(self, first: int, last: int) -> np.ndarray:
        """Events that are no longer in memory. Raises Problem."""
        log = self.gateway.engine.journal
        if log is None:
            raise Problem(
                "gone",
                f"Events are kept from sequence {self.hub.oldest_sequence} on.",
                "This process keeps no log: ask the one in charge.",
            )
        snapshots = str(self.gateway.directory or "")
        try:
            return await past_events(Wanted(log.place, snapshots, first, last))
        except (OSError, TimeoutError) as error:
            raise Problem(
                "gone", f"The journal could not be replayed here: {error}.", "Use solvent journal export."
            ) from None

    def answer_acts(self, asked: Asked) -> Any:
        """Acts of the operators."""
        acts = list(self.views.desk.acts)[-asked.query["limit"] :]
        return {"acts": [msgspec.structs.asdict(act) | {"time_ns": str(act.time_ns)} for act in reversed(acts)]}

    def answer_feeds(self, _asked: Asked) -> Any:
        """Feeds."""
        return {"feeds": self.feeds()}

    def answer_alerts(self, _asked: Asked) -> Any:
        """Alerts."""
        return {"alerts": self.alerts_kept.told()}

    def answer_digest(self, _asked: Asked) -> Any:
        """Where the state is."""
        engine = self.gateway.engine
        return {"sequence": engine.sequence, "head_hash": self.gateway.head_hash.hex(), "digest": engine.digest()}

    # --- acts ----------------------------------------------------------------------------------------------

    async def act(self, caller: Caller, act: Act) -> int:
        """Journal an act in the caller's name; give its sequence."""
        records, text = act_record(act, 0)
        future, _old = self.gateway.submit(caller, records.tobytes(), act=text)
        answer = await asyncio.shield(future)
        return answer.first_sequence

    async def answer_acknowledge(self, asked: Asked) -> Any:
        """Somebody looks after an alert."""
        assert asked.caller is not None, "the route needs a right"
        name = asked.body.alert
        if name not in self.alerts_kept.kept:
            raise Problem("not_found", f"There is no alert {name[:80]!r}.", "See /v1/alerts.")
        sequence = await self.act(asked.caller, Act(what="alert_acknowledged", detail=name))
        self.alerts_kept.acknowledge(name, asked.caller.actor)
        return {"sequence": sequence, "alert": name, "by": asked.caller.actor}

    def answer_keys(self, _asked: Asked) -> Any:
        """Keys, without what opens."""
        told = ("id", "name", "role", "venue", "sources", "per_second", "seats")
        return {"keys": [{name: getattr(key, name) for name in told} for key in self.views.desk.keys.values()]}

    async def answer_make_key(self, asked: Asked) -> Any:
        """A new key."""
        assert asked.caller is not None, "the route needs a right"
        wanted = asked.body
        roles = [role.value for role in Role if role != Role.SERVICE]
        known = {feed for _row, feed in self.views.venue.sources}
        faults = []
        if wanted.role not in roles:
            faults.append(Fault("role", f"it is none of {', '.join(roles)}"))
        if not 1 <= len(wanted.name) <= 60 or not wanted.name.isprintable():
            faults.append(Fault("name", "it has 1 to 60 printable characters"))
        if not 1 <= wanted.per_second <= 1_000_000:
            faults.append(Fault("per_second", "it is 1 to 1000000"))
        if unknown := [source for source in wanted.sources if source not in known]:
            faults.append(Fault("sources", f"{unknown[0][:40]!r} is no source of this venue"))
        if wanted.seats and wanted.role != Role.VOTER:
            faults.append(Fault("seats", "only a voter has seats of the council"))
        if not all(1 <= seat <= SEATS_MAX for seat in wanted.seats):
            faults.append(Fault("seats", f"they are 1 to {SEATS_MAX}"))
        if faults:
            raise Problem("out_of_range", "The key cannot be made.", "Mend the faults.", faults)
        key, text = make_key(
            wanted.name,
            Role(wanted.role),
            self.views.venue.name,
            tuple(wanted.sources),
            wanted.per_second,
            tuple(wanted.seats),
        )
        sequence = await self.act(asked.caller, Act(what="key_made", key=key))
        return {"sequence": sequence, "id": key.id, "name": key.name, "role": key.role, "key": text}

    async def answer_revoke_key(self, asked: Asked) -> Any:
        """A key that opens nothing from now on."""
        assert asked.caller is not None, "the route needs a right"
        number = str(asked.path["key"])
        if number not in self.views.desk.keys:
            raise Problem("not_found", "There is no such key.", "See /v1/keys.")
        sequence = await self.act(asked.caller, Act(what="key_revoked", detail=number))
        return {"sequence": sequence, "id": number}

    async def answer_snapshot(self, asked: Asked) -> Any:
        """A snapshot, now."""
        assert asked.caller is not None, "the route needs a right"
        await self.act(asked.caller, Act(what="snapshot"))
        try:
            path = await self.gateway.snapshot()
        except (OSError, EngineFault) as error:
            raise Problem("halted", f"The snapshot could not be written: {error}.", "Check the disk.") from None
        return {"sequence": int(path.name.split("-")[1]), "file": path.name}

    async def answer_takeover(self, asked: Asked) -> Any:
        """The standby becomes the one in charge."""
        if self.take_over is None:
            raise Problem("id_reused", "This process is in charge already.", "Nothing was changed.")
        await self.take_over(asked.body.digest)
        assert asked.caller is not None, "the route needs a right"
        sequence = await self.act(asked.caller, Act(what="taken_over", detail=asked.body.digest))
        return {"sequence": sequence, "status": self.status}

    def answer_ticket(self, asked: Asked) -> Any:
        """A ticket for the stream: browsers cannot send a header when they open one."""
        assert asked.caller is not None, "the route needs a right"
        now = time.monotonic()
        self.tickets = {name: kept for name, kept in self.tickets.items() if kept[0] > now}
        if len(self.tickets) >= TICKETS_MAX:
            raise Problem("too_many_requests", "Too many tickets are open.", "Wait half a minute.")
        name = secrets.token_urlsafe(24)
        self.tickets[name] = (now + TICKET_S, asked.caller)
        return {"ticket": name, "seconds": TICKET_S}

    def redeem(self, ticket: str) -> Caller:
        """Whose ticket it was; it is used up. Raises Problem."""
        kept = self.tickets.pop(ticket, None)
        if kept is None or kept[0] < time.monotonic():
            raise Problem("key_unknown", "The ticket is used up or too old.", "Take a new one at /v1/tickets.")
        return kept[1]

    def answer_crash(self, asked: Asked) -> Any:
        """The demonstration's crash."""
        if self.crash_demo is None:
            raise Problem("not_found", "This is no demonstration.", "Start with --demo.")
        if not 1 <= asked.body.percent <= 60:
            raise Problem("out_of_range", "A crash is 1 to 60 per cent.", "Ask for less.")
        self.crash_demo(asked.body.percent)
        return {"percent": asked.body.percent}

    # --- for followers -------------------------------------------------------------------------------------

    def answer_genesis(self, _asked: Asked) -> Raw:
        """The first row of the journal."""
        journal = self.gateway.engine.journal
        if journal is None:
            raise Problem("gone", "This process keeps no journal.", "")
        return Raw(msgspec.msgpack.encode((journal.created, journal.genesis)), "application/octet-stream")

    async def answer_blocks(self, asked: Asked) -> Raw:
        """Blocks as they are kept: [first, time, notes, body, previous hash, checksum], in MessagePack."""
        log = self.gateway.engine.journal
        if log is None:
            raise Problem("gone", "This process keeps no log.", "Ask the one in charge.")
        first, limit = asked.query["from"], asked.query["limit"]
        if first > self.gateway.engine.sequence and asked.query["wait_ms"]:
            self._new_block.clear()
            try:
                async with asyncio.timeout(asked.query["wait_ms"] / 1_000):
                    await self._new_block.wait()
            except TimeoutError:
                pass
        head = self.gateway.engine.sequence
        if first > head:
            return Raw(msgspec.msgpack.encode([]), "application/octet-stream")
        return Raw(await asyncio.to_thread(_blocks, log, first, head, limit), "application/octet-stream")


def _blocks(log: Log, first: int, head: int, limit: int) -> bytes:
    """Blocks read through a reader of their own: the writer is the gateway's thread's alone."""
    found: list[tuple[int, int, bytes, bytes, bytes, bytes]] = []
    size = 0
    with log.reader() as reader:
        for entry in reader.entries(first):
            if entry.first_sequence > head or len(found) >= limit or size > 8 << 20:
                break
            body = entry.records.tobytes()
            size += len(body) + len(entry.notes)
            found.append((entry.first_sequence, entry.time_ns, entry.notes, body, entry.previous_hash, entry.checksum))
    return msgspec.msgpack.encode(found)
