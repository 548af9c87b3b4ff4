"""Who may do what: one table of roles, denied by default.

    observer   reads                                   feeder    reports prices of its own sources, nothing else
    gateway    the venue's trades, money and fills     officer   tightens: slows and halts markets; never loosens
    voter      changes of rules, listings, loosening   admin     keys, snapshots, takeover; no rule and no balance
    auditor    reads everything, the journal included  service   the process itself: time, and nothing from outside

A key of another venue may do nothing here. What a command needs beyond its kind is checked by `refusal_of`: an
officer's mode must be stricter than the one in force, a feeder's source on its list, a voter's seat its own.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import msgspec
import numpy as np

from solvent.commands import CommandKind
from solvent.state.tables import State


class Role(StrEnum):
    """The roles."""

    OBSERVER = "observer"
    GATEWAY = "gateway"
    FEEDER = "feeder"
    OFFICER = "officer"
    VOTER = "voter"
    ADMIN = "admin"
    AUDITOR = "auditor"
    SERVICE = "service"


class Right(StrEnum):
    """What routes ask for beside commands."""

    READ = "read"
    MARKETS = "markets"
    EXPORT = "export"
    ADMINISTER = "administer"
    ACKNOWLEDGE = "acknowledge"
    FILL = "fill"
    DEMONSTRATE = "demonstrate"


_GATEWAY_KINDS: Final = (
    "OPEN_ACCOUNT DEPOSIT WITHDRAW TRANSFER_MARGIN TRADE RESERVE_ORDER RELEASE_ORDER SET_LEVERAGE LIQUIDATION_FILL "
    "COLLATERAL_SALE FUNDING_TICK REPORT_PREMIUM SETTLE_FUNDING JOIN_VAULT LEAVE_VAULT CONTRIBUTE_FUND "
    "REPORT_INTEREST CROSS_AUCTION CLAIM_LIQUIDATION BID_SHARE GIVE_NOTICE UNWIND_FILL "
    "ACCRUE_INTEREST COVER_DEBT"
)
_BY_ROLE: Final = {
    Role.GATEWAY: _GATEWAY_KINDS,
    Role.FEEDER: "PRICE_REPORT",
    Role.OFFICER: "SET_MODE SET_VENUE_MODE",
    Role.VOTER: (
        "SET_MODE SET_VENUE_MODE STAGE_TERM PROPOSE_TERMS VOTE_TERMS VETO_TERMS ENACT_TERMS LIST_INSTRUMENT OPEN_POOL "
        "ENDORSE_KEEPER SETTLE_MARKET"
    ),
    Role.SERVICE: "ADVANCE RECORD_ACT LIQUIDATION_FILL COLLATERAL_SALE UNWIND_FILL TRADE PRICE_REPORT",
}
_SEATED: Final = [int(kind) for kind in (CommandKind.PROPOSE_TERMS, CommandKind.VOTE_TERMS, CommandKind.VETO_TERMS)]
COMMANDS_OF: Final[dict[Role, frozenset[int]]] = {
    role: frozenset(int(CommandKind[kind]) for kind in _BY_ROLE.get(role, "").split()) for role in Role
}
"""Role -> kinds of commands it may submit."""

RIGHTS_OF: Final[dict[Role, frozenset[Right]]] = {
    Role.OBSERVER: frozenset({Right.READ, Right.MARKETS}),
    Role.GATEWAY: frozenset({Right.READ, Right.MARKETS, Right.FILL}),
    Role.FEEDER: frozenset({Right.MARKETS}),
    Role.OFFICER: frozenset({Right.READ, Right.MARKETS, Right.ACKNOWLEDGE, Right.DEMONSTRATE}),
    Role.VOTER: frozenset({Right.READ, Right.MARKETS}),
    Role.ADMIN: frozenset({Right.READ, Right.MARKETS, Right.ADMINISTER}),
    Role.AUDITOR: frozenset({Right.READ, Right.MARKETS, Right.EXPORT}),
    Role.SERVICE: frozenset(),
}
"""Role -> what else it may ask for."""


class Caller(msgspec.Struct, frozen=True):
    """Who asks: person or program, its key, role and venue; a feeder's sources, a voter's seats of the council."""

    actor: str
    key: str
    role: Role
    venue: str
    sources: tuple[str, ...] = ()
    per_second: int = 0
    seats: tuple[int, ...] = ()


def may(caller: Caller, right: Right, venue: str) -> bool:
    """Whether the caller has a right at this venue."""
    return caller.venue == venue and right in RIGHTS_OF[caller.role]


def refusal_of(
    caller: Caller, records: np.ndarray, venue: str, state: State, sources: dict[tuple[int, int], str]
) -> str:
    """Why the caller may not submit these records, as a sentence; empty when it may.

    `sources` names the source of (instrument, number).
    """
    if caller.venue != venue:
        return f"This key belongs to venue {caller.venue}, not to {venue}."
    kinds = set(records["kind"].tolist())
    if not kinds <= COMMANDS_OF[caller.role]:
        return f"Role {caller.role} may not submit {_name(min(kinds - COMMANDS_OF[caller.role]))}."
    if caller.role == Role.FEEDER:
        for pair in set(zip(records["instrument"].tolist(), records["source"].tolist(), strict=True)):
            if sources.get(pair) not in caller.sources:
                return f"This key reports for {', '.join(caller.sources) or 'no source'}, not for {sources.get(pair)}."
    if caller.role == Role.VOTER:
        return _other_seat(caller, records)
    if caller.role == Role.OFFICER:
        return _loosening(records, state)
    return ""


def _name(kind: Any) -> str:
    return CommandKind(kind).name.lower() if kind in list(CommandKind) else f"kind {kind}"


def _other_seat(caller: Caller, records: np.ndarray) -> str:
    """A voter speaks for its own seats only: the seat stands in the command, the key says whose it is."""
    for seat in set(records["owner"][np.isin(records["kind"], _SEATED)].tolist()):
        if seat not in caller.seats:
            return f"This key speaks for {_seats(caller.seats)}, not for seat {seat}."
    return ""


def _seats(seats: tuple[int, ...]) -> str:
    return f"seat {', '.join(map(str, seats))}" if seats else "no seat of the council"


def _loosening(records: np.ndarray, state: State) -> str:
    """An officer's command may only be stricter than what is in force, also within one request."""
    strictest: dict[int, int] = {}
    venue = int(state.venue[0].mode)
    for mode in records["mode"][records["kind"] == CommandKind.SET_VENUE_MODE].tolist():
        if mode <= venue:
            return "Role officer may only tighten: the mode asked for is not stricter than the venue's."
        venue = mode
    for record in records[records["kind"] == CommandKind.SET_MODE]:
        row, mode = int(record["instrument"]), int(record["mode"])
        if 0 <= row < len(state.instruments):
            now = strictest.get(row, int(state.instruments[row].mode))
            if mode <= now:
                return "Role officer may only tighten: the mode asked for is not stricter than the one in force."
            strictest[row] = mode
    return ""
