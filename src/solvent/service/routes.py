"""The table of routes: which there are, what right each needs, and what its query and body may hold.

One line is one route: method, path, the right, the function of `api.py` that answers, a summary, the query's parameters
and the body. `openapi.py` writes the document of it. A query that does not fit is answered with every fault; nothing is
guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from solvent.service.keys import PER_SECOND_DEFAULT
from solvent.service.problems import Fault, Problem
from solvent.service.roles import Caller, Right


class Param(NamedTuple):
    """One parameter of a query: its name, how it is read, its default and bounds, and what it means."""

    name: str
    kind: str  # int, flag, text
    default: Any
    least: int = 0
    most: int = 2**63 - 1
    meaning: str = ""


class Asked(NamedTuple):
    """A request, checked."""

    caller: Caller | None
    path: Mapping[str, int | str]
    query: Mapping[str, Any]
    body: Any


class Raw(NamedTuple):
    """An answer that is no JSON made here."""

    content: bytes
    media: str


class Route(NamedTuple):
    """One line of the table."""

    method: str
    path: str
    right: Right | None
    answer: str
    summary: str
    params: tuple[Param, ...] = ()
    body: type[Any] | None = None


class KeyWanted(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A key to be made."""

    name: str
    role: str
    sources: list[str] = []
    per_second: int = PER_SECOND_DEFAULT
    seats: list[int] = []


class Acknowledged(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An alert somebody has seen."""

    alert: str


class TakeoverWanted(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The digest the standby must have reached before it takes over."""

    digest: str


class CrashWanted(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A crash of the demonstration: how far prices fall, in per cent."""

    percent: int = 15


LIMIT = Param("limit", "int", 100, 1, 1_000, "At most so many.")
FROM = Param("from", "int", 1, 1, 2**62, "The first sequence wanted.")

ROUTES: Final = (
    Route("GET", "/health", None, "health", "Whether the process lives and takes commands."),
    Route("GET", "/ready", None, "ready", "Whether it may be sent commands: 503 while it stands by, stops or has halted."),
    Route("GET", "/metrics", Right.READ, "metrics", "Metrics in Prometheus' text format."),
    Route("GET", "/v1/venue", Right.MARKETS, "venue", "Names, numbers and scales of the venue."),
    Route("GET", "/v1/glance", Right.READ, "glance", "The venue on one screen."),
    Route("GET", "/v1/markets", Right.MARKETS, "markets", "Marks, sources, guards and modes of every market."),
    Route("GET", "/v1/funds", Right.READ, "funds", "Who stands behind the venue, and with how much."),
    Route("GET", "/v1/pools", Right.READ, "pools", "Pools: shares and their value, inventory and target, notices, unwinding."),
    Route("GET", "/v1/fills", Right.READ, "fills", "Orders at the venue now, and its fills that stand in no book here."),
    Route("GET", "/v1/ladder", Right.READ, "ladder", "Notional by distance to liquidation, and the nearest accounts."),
    Route("GET", "/v1/accounts/{account}", Right.READ, "account", "Equity, levels, prices of liquidation, ADL places."),
    Route("GET", "/v1/accounts/{account}/explain", Right.READ, "explain", "How the account's numbers came to be."),
    Route("GET", "/v1/queue", Right.READ, "queue", "The liquidation queue in its order."),
    Route(
        "GET", "/v1/worklists", Right.READ, "worklists", "Accounts flagged at each price version, chained by hash.",
        (Param("from_version", "int", 0, 0, 2**62, "The first price version wanted; 0 for the newest."), LIMIT),
    ),
    Route(
        "GET", "/v1/cases", Right.READ, "cases", "Defaults and who paid for them, the newest first.",
        (LIMIT, Param("losses", "flag", False, meaning="Only those with a shortfall.")),
    ),
    Route("GET", "/v1/deficits", Right.READ, "deficits", "What nobody could bear yet."),
    Route("GET", "/v1/breakers", Right.READ, "breakers", "Modes, breakers, and which commands each market takes."),
    Route(
        "GET", "/v1/adl", Right.READ, "adl", "Who would be deleveraged first on one side of a market.",
        (Param("market", "text", None, meaning="The market."), Param("side", "text", "long", meaning="long or short."), LIMIT),
    ),
    Route("GET", "/v1/rulebook", Right.READ, "rulebook", "The rulebook, the version in force, changes that wait."),
    Route(
        "GET", "/v1/terms", Right.READ, "terms", "Terms in force by name, and under whose rule each is changed.",
        (Param("like", "text", "", meaning="Only names that hold this."), Param("limit", "int", 200, 1, 5_000, "At most so many.")),
    ),
    Route(
        "GET", "/v1/events", Right.READ, "events", "Events from any sequence on, a page at a time.",
        (FROM, Param("limit", "int", 1_000, 1, 10_000, "At most about so many events.")),
    ),
    Route("GET", "/v1/acts", Right.READ, "acts", "Acts of the operators, the newest first.", (LIMIT,)),
    Route("GET", "/v1/feeds", Right.READ, "feeds", "Feeds this process listens to: gaps, faults, back-pressure, clocks."),
    Route("GET", "/v1/alerts", Right.READ, "alerts", "Alerts that fire or have fired lately."),
    Route("POST", "/v1/alerts/acknowledge", Right.ACKNOWLEDGE, "acknowledge", "Say that somebody looks after an alert.", (), Acknowledged),
    Route("GET", "/v1/digest", Right.READ, "digest", "Sequence, head of the journal and digest of the state."),
    Route(
        "GET", "/v1/journal/blocks", Right.EXPORT, "blocks", "Blocks of the journal as they are kept, for followers.",
        (FROM, Param("limit", "int", 64, 1, 1_024, "At most so many blocks."),
         Param("wait_ms", "int", 0, 0, 30_000, "Wait so long for a new block when there is none.")),
    ),
    Route("GET", "/v1/journal/genesis", Right.EXPORT, "genesis", "What the venue started from, for followers."),
    Route("POST", "/v1/tickets", Right.MARKETS, "ticket", "A ticket with which a browser may open the stream, once."),
    Route("GET", "/v1/keys", Right.ADMINISTER, "keys", "Keys that are known; secrets are kept nowhere."),
    Route("POST", "/v1/keys", Right.ADMINISTER, "make_key", "Make a key; its text is in this answer and nowhere else.", (), KeyWanted),
    Route("DELETE", "/v1/keys/{key}", Right.ADMINISTER, "revoke_key", "Revoke a key."),
    Route("POST", "/v1/snapshot", Right.ADMINISTER, "snapshot", "Write a snapshot now."),
    Route("POST", "/v1/takeover", Right.ADMINISTER, "takeover", "Let a standby take over, if it has reached a digest.", (), TakeoverWanted),
    Route("POST", "/v1/demo/crash", Right.DEMONSTRATE, "crash", "Let the demonstration's prices fall.", (), CrashWanted),
)  # fmt: skip


def read_query(query: bytes, params: tuple[Param, ...]) -> dict[str, Any]:
    """The parameters of a query, each known and inside its bounds. Raises Problem with every fault."""
    try:
        given = parse_qsl(query.decode("ascii"), keep_blank_values=True, strict_parsing=bool(query), errors="strict")
    except (ValueError, UnicodeDecodeError):
        raise Problem("malformed", "The query cannot be read.", "Write name=value, joined by &.") from None
    found: dict[str, Any] = {param.name: param.default for param in params}
    known = {param.name: param for param in params}
    faults: list[Fault] = []
    seen: set[str] = set()
    for name, text in given:
        param = known.get(name)
        if param is None or name in seen:
            faults.append(Fault(name[:60], "it stands twice" if name in seen else "there is no such parameter here"))
            continue
        seen.add(name)
        if param.kind == "int":
            digits = text.isascii() and text.isdigit() and len(text) <= 19
            if not digits or not param.least <= int(text) <= param.most:
                faults.append(Fault(name, f"it is a whole number from {param.least} to {param.most}"))
                continue
            found[name] = int(text)
        elif param.kind == "flag":
            if text not in ("true", "false"):
                faults.append(Fault(name, "it is true or false"))
                continue
            found[name] = text == "true"
        else:
            if len(text) > 80 or not text.isprintable():
                faults.append(Fault(name, "it has at most 80 printable characters"))
                continue
            found[name] = text
    faults += [Fault(param.name, "it is needed") for param in params if found[param.name] is None]
    if faults:
        raise Problem("out_of_range", f"The query does not fit: {faults[0].place} {faults[0].problem}.", "", faults)
    return found
