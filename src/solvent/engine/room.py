"""Room: tables are grown before a batch, never inside it, so no command is refused for want of a row.

How much room there is never shows in a digest or in an answer. What a batch may need follows from its kinds:
a trade opens at most two positions, an order reserved one position and one row of orders, a takeover one vault
position per market, and so on.
"""

from typing import Any, NamedTuple

import numpy as np

from solvent.codes import AccountKind, Driver, Level, Schedule, Status
from solvent.commands import CommandKind
from solvent.procedures.rebuild import index_owners, rebuild_watch
from solvent.procedures.scan import fill_mirror
from solvent.risk.watch import (
    COUNT,
    FAN,
    MIRRORED,
    SLOTS_MAX,
    Watch,
    blank_mirror,
    blank_watch,
    fired_room,
    grown_members,
    has_mirror_room,
)
from solvent.state.owners import blank_owners, owner_slots
from solvent.state.tables import NONE, State
from solvent.state.whole import grow
from solvent.units import POSITIONS_MAX, PPB, PPM

KINDS = max(CommandKind) + 1

_MORE_THAN_ANY = 1 << 40
_ROWS = 4
_NEEDS = np.full((KINDS, _ROWS), _MORE_THAN_ANY, dtype=np.int64)
for _kind, _need in (
    (CommandKind.PRICE_REPORT, (0, 0, 0, 0)),
    (CommandKind.DEPOSIT, (0, 0, 0, 0)),
    (CommandKind.WITHDRAW, (0, 0, 0, 0)),
    (CommandKind.RELEASE_ORDER, (0, 0, 0, 0)),
    (CommandKind.FUNDING_TICK, (0, 0, 0, 0)),
    (CommandKind.RECORD_ACT, (0, 0, 0, 0)),
    (CommandKind.OPEN_ACCOUNT, (1, 0, 0, 0)),
    (CommandKind.RESERVE_ORDER, (0, 1, 1, 0)),
    (CommandKind.TRADE, (0, 2, 0, 2)),
):
    _NEEDS[_kind] = _need
"""Kind -> rows of accounts, of positions and of orders it may need, and keys in one column of the watch.

Money in the settlement currency needs none. Of a kind not named here nothing is known: `make_room` is asked.
"""


class Machine(NamedTuple):
    """The state and the index that watches it."""

    state: State
    watch: Watch


_TRADING = (
    CommandKind.TRADE,
    CommandKind.LIQUIDATION_FILL,
    CommandKind.CLAIM_LIQUIDATION,
    CommandKind.UNWIND_FILL,
)


def _column_needs(state: State, records: np.ndarray) -> np.ndarray:
    """Keys each column may need after the batch, at most."""
    columns = len(state.instruments) * 2
    instruments = records["instrument"]
    kinds = records["kind"]
    trading = np.isin(kinds, _TRADING)
    known = trading & (instruments >= 0) & (instruments < len(state.instruments))
    per_market = np.bincount(instruments[known], minlength=len(state.instruments)) * 2
    per_market += int((kinds == CommandKind.BID_SHARE).sum())
    needs = np.repeat(per_market, 2)
    deposits = records[(kinds == CommandKind.DEPOSIT) & (records["asset"] > 0)]
    if len(deposits):
        assets = np.clip(deposits["asset"], 0, len(state.assets) - 1)
        needs += np.bincount(state.assets.price_instrument[assets] * 2, minlength=columns)
    return needs


def has_second_triggers(state: State) -> bool:
    """True when a position may need a second trigger: whole brackets, or requirements that may outgrow a notional."""
    first = Level.MAINTENANCE * len(state.instruments)
    rows = state.schedules[first : first + len(state.instruments)].view(np.ndarray)
    kinds = rows["kind"]
    second = kinds == Schedule.BRACKETS_WHOLE
    second |= (kinds == Schedule.CURVE) & (rows["driver"] == Driver.NOTIONAL)
    second |= (kinds == Schedule.USER_LEVERAGE) & (rows["scale_ppm"] > PPM)
    markets = state.instruments.view(np.ndarray)
    multipliers = np.maximum(np.maximum(markets["maintenance_long_ppm"], markets["maintenance_short_ppm"]), PPM)
    second |= rows["rate_max_ppm"] * multipliers > PPM * PPM
    return bool(np.any(second)) or (state.levels[Level.MAINTENANCE].scenario == 1 and _has_steep_scenarios(state, rows))


def _has_steep_scenarios(state: State, rows: Any) -> bool:
    """True when a joint requirement may outgrow a notional; rather too often than not often enough."""
    policy, count = state.policy[0], len(rows)
    moves: Any = state.shocks.move_ppb[: int(policy.scenario_count) * count]
    worst = np.abs(moves.reshape(-1, count)).max(axis=0, initial=0) / PPB
    slope = (worst + policy.scenario_unhedged_ppm / PPM) * rows["scale_ppm"] / PPM
    slope += (rows["add_ppm"] + rows["reward_ppm"]) / PPM
    premium = state.contracts.lots_max.astype(float) * rows["premium_num"] / np.maximum(rows["premium_den"], 1)
    return bool(np.any((rows["kind"] == Schedule.SCENARIO) & (slope + premium / PPB > 0.999)))


def fresh_watch(state: State, extra: np.ndarray | int = 0) -> Watch:
    """An index built over the state as it is, with room for a quarter more keys and for `extra` per column."""
    held: np.ndarray = state.positions[: int(state.venue[0].position_count)]
    held = held[(held["account"] != NONE) & (held["lots"] != 0)]
    columns = held["instrument"].astype(np.int64) * 2 + (held["lots"] < 0)
    capacities = np.bincount(columns, minlength=len(state.instruments) * 2)
    assets = state.holdings.asset[: int(state.venue[0].holding_count)]
    if len(assets):
        priced_by = state.assets.price_instrument[assets] * 2
        capacities += np.bincount(priced_by, minlength=len(capacities))
    second = has_second_triggers(state)
    if second:  # longs carry a second trigger there, in the other column
        capacities += capacities.reshape(-1, 2)[:, ::-1].reshape(-1)
    capacities = capacities * 5 // 4 + extra
    watch = blank_watch(capacities, len(state.accounts), len(state.positions), len(state.holdings), seconds=second)
    rebuild_watch(state, watch)
    return watch


MIRROR_ACCOUNTS_MIN = 50_000
"""From so many accounts on the engine keeps a mirror: below it a scan of the tables is short enough."""

STALE_SHARE = 16
"""When more than this part of the accounts is stale the mirror is made anew, between two batches."""


def with_mirror(machine: Machine) -> Machine:
    """The same machine with a fresh mirror of its accounts, from which a scan reads at the speed of memory.

    With more markets than a mirror has codes for, the machine as it is: its scans read the tables.
    """
    state, watch = machine
    if not has_mirror_room(len(state.instruments)):
        return machine
    accounts = state.accounts[: int(state.venue[0].account_count)]
    slots = np.zeros(len(accounts), dtype=np.int64)
    held = state.positions[: int(state.venue[0].position_count)]
    held = held[(held["account"] != NONE) & (held["lots"] != 0)]
    slots += np.bincount(held["account"], minlength=len(accounts))
    owned = state.holdings.account[: int(state.venue[0].holding_count)]
    slots += np.bincount(owned[owned != NONE], minlength=len(accounts))
    slots[(accounts["status"] != Status.SOUND) | (accounts["kind"] == AccountKind.SYSTEM)] = 0
    slots[slots > SLOTS_MAX] = 0  # no group is so wide: they are judged by every scan
    # the meter and the set of stale accounts speak of one mirror: a machine that keeps another keeps them too
    watch = watch._replace(
        meter=watch.meter.copy(), stale=watch.stale.copy(), **blank_mirror(slots, len(state.instruments))
    )
    fill_mirror(state, watch)
    return Machine(state, watch)


def keep_mirror(machine: Machine) -> Machine:
    """A machine large enough to need a mirror has one that is not too stale."""
    state, watch = machine
    accounts = int(state.venue[0].account_count)
    if accounts < MIRROR_ACCOUNTS_MIN:
        return machine
    if watch.meter[MIRRORED] == 1 and int(watch.stale[COUNT]) * STALE_SHARE <= accounts:
        return machine
    return with_mirror(machine)


NOTHING_KNOWN = np.full(_ROWS, -1, dtype=np.int64)
"""Room after a batch of which nothing is known: less than any batch wants."""


def room_left(machine: Machine) -> np.ndarray:
    """Rows of accounts, positions and orders that are free, and keys in the fullest column of the watch."""
    state, columns = machine.state, machine.watch.columns.view(np.ndarray)
    venue = state.venue[0]
    return np.array(
        [
            len(state.accounts) - int(venue.account_count),
            len(state.positions) - int(venue.position_count),
            len(state.orders) - int(venue.orders_count),
            int((columns["capacity"] - columns["count"]).min()),
        ],
        dtype=np.int64,
    )


def room_wanted(records: np.ndarray) -> np.ndarray:
    """The same four numbers a batch may need; beyond any where it holds a kind, or an asset, that is not plain."""
    if records["asset"].any():
        return np.full(_ROWS, _MORE_THAN_ANY, dtype=np.int64)
    wanted: np.ndarray = _NEEDS.take(records["kind"], axis=0, mode="clip").sum(axis=0)
    return wanted


def _lengthened(rows: np.ndarray, length: int, filler: int) -> np.ndarray:
    if length <= len(rows):
        return rows
    longer = np.full(length, filler, dtype=rows.dtype)
    longer[: len(rows)] = rows
    return longer


def make_room(machine: Machine, records: np.ndarray) -> Machine:
    """The same machine with room for everything the batch may do."""
    state, watch = machine
    records = records.view(np.ndarray)  # the other kind looks for fields at each step
    counts = np.bincount(np.clip(records["kind"], 0, KINDS - 1), minlength=KINDS)
    venue = state.venue[0]
    advances = int(counts[CommandKind.ADVANCE])
    worked = int(np.clip(records["count"], 0, int(state.policy[0].advance_max)).sum()) if advances else 0
    accounts = int(venue.account_count + counts[CommandKind.OPEN_ACCOUNT] + counts[CommandKind.OPEN_POOL])
    positions = int(
        venue.position_count
        + 2 * counts[CommandKind.TRADE]
        + counts[CommandKind.LIQUIDATION_FILL]
        + counts[CommandKind.CLAIM_LIQUIDATION]
        + 2 * counts[CommandKind.UNWIND_FILL]
        + len(state.instruments) * counts[CommandKind.BID_SHARE]
        + counts[CommandKind.RESERVE_ORDER]
        + counts[CommandKind.SET_LEVERAGE]
        + (len(state.instruments) if advances else 0)
    )
    orders = int(venue.orders_count + counts[CommandKind.RESERVE_ORDER])
    orders += min(worked * POSITIONS_MAX, int(venue.position_count))
    new_holdings = sum(
        counts[kind] for kind in (CommandKind.DEPOSIT, CommandKind.WITHDRAW, CommandKind.ACCRUE_INTEREST)
    )
    holdings = int(venue.holding_count + new_holdings) if np.any(records["asset"]) else 0
    wanted: dict[str, int] = {}
    for name, need in (("accounts", accounts), ("positions", positions), ("orders", orders), ("holdings", holdings)):
        have = len(getattr(state, name))
        if need > have:
            wanted[name] = max(need, have * 3 // 2)
    if wanted:
        state = grow(state, **wanted)
    needs = _column_needs(state, records)
    columns = watch.columns.view(np.ndarray)
    crowded = columns["count"] + needs > columns["capacity"]
    if crowded.any():
        return Machine(state, fresh_watch(state, np.where(crowded, needs + FAN, needs)))
    if len(watch.position_second) == 0 and has_second_triggers(state):
        return Machine(state, fresh_watch(state, needs))
    if wanted:
        account_room, position_room = len(state.accounts), len(state.positions)
        watch = watch._replace(
            loose=grown_members(watch.loose, account_room),
            pending=grown_members(watch.pending, account_room),
            thin=grown_members(watch.thin, account_room),
            stale=grown_members(watch.stale, account_room),
            ordering=grown_members(watch.ordering, account_room),
            fired=_lengthened(watch.fired, fired_room(account_room), 0),
            surplus=_lengthened(watch.surplus, fired_room(account_room), 0),
            position_place=_lengthened(watch.position_place, position_room, NONE),
            position_second=_lengthened(
                watch.position_second, position_room if len(watch.position_second) else 0, NONE
            ),
            holding_place=_lengthened(watch.holding_place, len(state.holdings), NONE),
            owner_before=_lengthened(watch.owner_before, account_room, NONE),
        )
        if owner_slots(account_room) > len(watch.owner_slots):
            owners = blank_owners(account_room)
            watch = watch._replace(owner_slots=owners["owner_slots"], owner_before=owners["owner_before"])
            index_owners(state, watch)
    return Machine(state, watch)
