"""What a risk officer reads of a run: sums over its events, nothing the events do not say."""

from typing import TYPE_CHECKING, Any

import numpy as np

from solvent import __version__
from solvent.codes import Executor, Level, Mode, Refusal, Tranche
from solvent.events import EVENT_DTYPE, EventKind
from solvent.lab.acts import outcome_rows
from solvent.lab.replay import Played, notes_of
from solvent.lab.series import Series
from solvent.state.whole import first_user_account

if TYPE_CHECKING:
    import polars

Events = Any
"""Event records by attribute, which NumPy's type stubs do not know."""

EXECUTORS = {Executor.ENGINE: "market", Executor.BACKSTOP_VAULT: "vault", Executor.ADL: "adl"}
CLOSINGS = {
    EventKind.LIQUIDATION_FILLED: "market",
    EventKind.POSITION_TAKEN_OVER: "vault",
    EventKind.POSITION_DELEVERAGED: "adl",
}
FUND_NAMES = ("market_funds", "venue_fund", "venue_capital", "liquidity_vault")


def events_of(played: Played) -> Events:
    """All events of a run in order."""
    parts = [part for part in played.recording.events if len(part)]
    joined = np.concatenate(parts) if parts else np.zeros(0, dtype=EVENT_DTYPE)
    return joined.view(np.recarray)


def _of(events: Events, kind: EventKind) -> Events:
    return events[events.kind == kind]


def _total(amounts: np.ndarray) -> int:
    return int(amounts.sum(dtype=np.int64)) if len(amounts) else 0


def _stages(played: Played, events: Events) -> list[dict[str, Any]]:
    rows = []
    stages = played.engine.state.stages
    closings = events[np.isin(events.kind, [int(kind) for kind in CLOSINGS])]
    penalties = _of(events, EventKind.PENALTY_CHARGED)
    for place, stage in enumerate(played.rulebook.stages):
        here = closings[closings.stage == place]
        rows.append(
            {
                "id": stage.id,
                "executor": EXECUTORS[Executor(int(stages[place].executor))],
                "accounts": len(np.unique(here.account)),
                "closings": len(here),
                "notional_quanta": _total(here.amount_quanta),
                "penalties_quanta": _total(penalties.amount_quanta[penalties.stage == place]),
            }
        )
    return rows


def _mode_time(played: Played, events: Events, mode: Mode) -> dict[str, int]:
    """Nanoseconds each market spent in a mode between the start and the last step."""
    end = played.recording.time_ns[-1]
    spent = {}
    changes = _of(events, EventKind.MODE_CHANGED)
    for k, market in enumerate(played.scenario.markets):
        total, since = 0, None
        for change in changes[changes.instrument == k]:
            if since is not None:
                total += int(change.time_ns) - since
                since = None
            if change.mode == mode:
                since = int(change.time_ns)
        spent[market.contract.symbol] = total + (end - since if since is not None else 0)
    return spent


def _haircuts(events: Events) -> dict[int, int]:
    """Account -> quanta it was charged for the losses of others: deleveraging's cash share and haircuts."""
    drawn = _of(events, EventKind.TRANCHE_DRAWN)
    shared = drawn[(drawn.tranche >= Tranche.ADL) & (drawn.counterparty != drawn.account)]
    charged: dict[int, int] = {}
    for account, amount in zip(shared.counterparty.tolist(), shared.amount_quanta.tolist(), strict=True):
        charged[account] = charged.get(account, 0) + amount
    return charged


def summarise(played: Played) -> dict[str, Any]:
    """The content of summary.json; money in quanta, and the parts sum exactly."""
    from solvent.procedures.laws import imbalances  # compiled code: only a finished run needs it

    events = events_of(played)
    scenario, engine = played.scenario, played.engine
    state = engine.state
    closings = events[np.isin(events.kind, [int(kind) for kind in CLOSINGS])]
    users = closings[closings.account >= first_user_account(state)]
    flagged = _of(events, EventKind.ACCOUNT_FLAGGED)
    recovered = _of(events, EventKind.ACCOUNT_RECOVERED)
    shortfalls = _of(events, EventKind.SHORTFALL_DECLARED)
    drawn = _of(events, EventKind.TRANCHE_DRAWN)
    paid = {tranche.name.lower(): _total(drawn.amount_quanta[drawn.tranche == tranche]) for tranche in Tranche}
    deleveraged = _of(events, EventKind.POSITION_DELEVERAGED)
    charged = _haircuts(events)
    opened = _total(_of(events, EventKind.DEFICIT_OPENED).amount_quanta)
    refused = _of(events, EventKind.COMMAND_REFUSED)
    codes, counts = np.unique(refused.refusal, return_counts=True)
    shortfall = _total(shortfalls.amount_quanta)
    money, lots, open_interest = imbalances(state)
    funds_start = {
        "market_funds": scenario.funds["market_fund"] * len(scenario.markets),
        "venue_fund": scenario.funds["venue_fund"],
        "venue_capital": scenario.funds["venue_capital"],
        "liquidity_vault": scenario.funds["vault"],
    }
    quantum = 10**played.compiled.settlement_decimals
    last = played.recording.funds[-1]
    traders = int(state.venue[0].account_count) - first_user_account(state)
    return {
        "schema": "summary/1",
        "engine_version": __version__,
        "scenario": scenario.name,
        "title": scenario.title,
        "sources": list(scenario.sources),
        "rulebook": played.rulebook.name.removesuffix(".toml"),
        "rulebook_digest": played.rulebook.digest,
        "scenario_digest": scenario.digest,
        "seed": played.seed,
        "accounts": traders,
        "symbols": [market.contract.symbol for market in scenario.markets],
        "start_ns": scenario.start_ns,
        "end_ns": played.recording.time_ns[-1],
        "settlement": scenario.settlement,
        "settlement_decimals": played.compiled.settlement_decimals,
        "digest": engine.digest(),
        "commands": engine.sequence,
        "events": len(events),
        "flagged_accounts": len(np.unique(flagged.account)),
        "recovered_accounts": len(np.unique(recovered.account)),
        "liquidated_accounts": len(np.unique(users.account)),
        "liquidated_notional_quanta": _total(closings.amount_quanta),
        "stages": _stages(played, events),
        "shortfall_quanta": shortfall,
        "shortfall_accounts": len(np.unique(shortfalls.account)),
        "paid_quanta": paid,
        "open_deficit_quanta": opened,
        "adl": {
            "count": len(deleveraged),
            "accounts": len(np.unique(deleveraged.counterparty)),
            "notional_quanta": _total(deleveraged.amount_quanta),
            "haircut_quanta": sum(charged.values()),
            "largest_haircut_quanta": max(charged.values(), default=0),
        },
        "penalties_quanta": _total(_of(events, EventKind.PENALTY_CHARGED).amount_quanta),
        "residual_quanta": _total(_of(events, EventKind.RESIDUAL_TAKEN).amount_quanta),
        "halted_ns": _mode_time(played, events, Mode.HALTED),
        "reduce_only_ns": _mode_time(played, events, Mode.REDUCE_ONLY),
        "funds": {
            name: {"start_quanta": int(funds_start[name] * quantum), "end_quanta": last[place]}
            for place, name in enumerate(FUND_NAMES)
        },
        "acts": outcome_rows(played.recording.outcomes, [m.contract.symbol for m in scenario.markets]),
        "people": people_of(played, events),
        "still_in_liquidation": int(state.venue[0].queue_count),
        "refused": {Refusal(int(code)).name.lower(): int(count) for code, count in zip(codes, counts, strict=True)},
        "seconds": {phase: round(spent, 3) for phase, spent in played.recording.seconds.items()},
        "checks": {
            "money_conserved": money == 0,
            "lots_balanced": lots == 0 and open_interest == 0,
            "shortfall_paid_or_open": sum(paid.values()) + opened == shortfall,
        },
        "notes": notes_of(played),
    }


def people_of(played: Played, events: Events) -> dict[str, dict[str, int]]:
    """What became of the accounts a scenario writes out.

    Equity at the start and at the end, cash that came and went in between, what the account gained by it all, and
    what it was charged for the losses of others.
    """
    names = played.people.names
    numbers = np.array(list(names.values()), dtype=np.int64)
    if len(numbers) == 0:
        return {}
    from solvent.procedures.assess import assess_accounts

    answers = np.zeros((len(numbers), 4), dtype=np.int64)
    assess_accounts(played.engine.state, int(Level.MAINTENANCE), numbers, answers)
    opening = played.opening_equity[len(played.people.traders) :]
    story = events[events.time_ns >= played.scenario.start_ns]
    charged = _haircuts(events)
    rows = {}
    for place, name in enumerate(names):
        own = story[(story.account == numbers[place]) & (story.asset == 0)]
        put_in = _total(_of(own, EventKind.DEPOSITED).amount_quanta)
        taken_out = _total(_of(own, EventKind.WITHDRAWN).amount_quanta)
        equity = int(answers[place, 0])
        rows[name] = {
            "opening_quanta": int(opening[place]),
            "deposited_quanta": put_in,
            "withdrawn_quanta": taken_out,
            "equity_quanta": equity,
            "gain_quanta": equity + taken_out - put_in - int(opening[place]),
            "charged_quanta": charged.get(int(numbers[place]), 0),
        }
    return rows


def series_of(played: Played) -> Series:
    """The pictures' time series, one point per step of the run."""
    recording = played.recording
    events = events_of(played)
    quantum = 10.0**played.compiled.settlement_decimals
    time_ns = np.array(recording.time_ns, dtype=np.int64)
    ticks = np.array([float(market.contract.tick_size) for market in played.scenario.markets])

    def per_step(rows: Events) -> np.ndarray:
        place = np.minimum(np.searchsorted(time_ns, rows.time_ns), len(time_ns) - 1)
        return np.bincount(place, weights=rows.amount_quanta / quantum, minlength=len(time_ns))

    funds = np.array(recording.funds, dtype=float) / quantum
    return Series(
        time_ns=time_ns,
        symbols=[market.contract.symbol for market in played.scenario.markets],
        marks=np.array(recording.marks, dtype=float) * ticks,
        modes=np.array(recording.modes, dtype=np.int8),
        flagged=np.array(recording.queued),
        liquidated={name: per_step(_of(events, kind)) for kind, name in CLOSINGS.items()},
        shortfall=per_step(_of(events, EventKind.SHORTFALL_DECLARED)),
        funds={name: funds[:, place] for place, name in enumerate(FUND_NAMES)},
    )


def burden_of(played: Played) -> list[dict[str, Any]]:
    """Deleveraging by decile of equity at the start, the smallest accounts first."""
    events = events_of(played)
    accounts = np.concatenate([played.people.traders, np.array(list(played.people.names.values()), dtype=np.int64)])
    if len(accounts) == 0:
        return []
    order = np.argsort(played.opening_equity, kind="stable")
    decile = np.empty(len(accounts), dtype=np.int64)
    decile[order] = np.arange(len(accounts)) * 10 // len(accounts)
    of_account = dict(zip(accounts.tolist(), decile.tolist(), strict=True))
    rows = [
        {
            "decile": place + 1,
            "accounts": int((decile == place).sum()),
            "equity_quanta": _total(np.maximum(played.opening_equity[decile == place], 0)),
            "deleveraged_quanta": 0,
            "haircut_quanta": 0,
        }
        for place in range(10)
    ]
    deleveraged = _of(events, EventKind.POSITION_DELEVERAGED)
    for account, amount in zip(deleveraged.counterparty.tolist(), deleveraged.amount_quanta.tolist(), strict=True):
        if account in of_account:
            rows[of_account[account]]["deleveraged_quanta"] += amount
    for account, amount in _haircuts(events).items():
        if account in of_account:
            rows[of_account[account]]["haircut_quanta"] += amount
    return rows


def events_frame(played: Played) -> "polars.DataFrame":
    """All events as a polars frame, kinds and reasons spelled out."""
    import polars as pl

    events = events_of(played)
    columns = {name: np.ascontiguousarray(events[name]) for name in EVENT_DTYPE.names or ()}
    frame = pl.DataFrame(columns)
    kinds = {int(kind): kind.name.lower() for kind in EventKind}
    refusals = {int(refusal): refusal.name.lower() for refusal in Refusal}
    symbols = {k: market.contract.symbol for k, market in enumerate(played.scenario.markets)}
    return frame.with_columns(
        pl.col("kind").replace_strict(kinds, return_dtype=pl.String),
        pl.col("refusal").replace_strict(refusals, return_dtype=pl.String),
        pl.col("instrument").replace_strict(symbols, default=None, return_dtype=pl.String).alias("symbol"),
        pl.col("time_ns").cast(pl.Datetime("ns", "UTC")).alias("time"),
    )
