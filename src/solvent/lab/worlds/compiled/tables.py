"""What the compiled loop reads and writes: the world as it is given, and one path as it goes.

Everything is an array, so that a path starts by copying a few megabytes and ends as rows of numbers.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from solvent.commands import COMMAND_DTYPE

BUCKETS = 48
"""Points of a path's time line."""
DEFAULTS_KEPT = 64
"""Largest shortfalls of a path that are kept one by one."""
CLOSINGS_KEPT = 256
"""First close-outs of a path that are kept one by one."""
SALES_MAX = 4096
"""Collateral orders waiting for the next round."""
BATCH_ROOM = 8192
"""Commands of one round, at most; what finds no room waits for the next round."""


class Total(IntEnum):
    """Columns of a path's totals; amounts in quanta."""

    COMMANDS = 0
    EVENTS = 1
    FINGERPRINT = 2
    FLAGGED = 3
    RECOVERED = 4
    CLOSED = 5
    LIQUIDATED = 6
    TAKEN_OVER = 7
    DELEVERAGED = 8
    DELEVERAGED_TIMES = 9
    SHORTFALL = 10
    SHORTFALL_TIMES = 11
    BY_MARKET_FUND = 12
    BY_VENUE_FUND = 13
    BY_VENUE_CAPITAL = 14
    BY_VAULT = 15
    BY_ADL = 16
    BY_HAIRCUT_GAINS = 17
    BY_HAIRCUT_ALL = 18
    OPEN_DEFICIT = 19
    PENALTIES = 20
    RESIDUALS = 21
    REFUSED = 22
    MODE_CHANGES = 23
    FUNDS_START = 24
    FUNDS_END = 25
    FUNDS_LEAST = 26
    VAULT_START = 27
    VAULT_LEAST = 28
    STILL_QUEUED = 29
    WORST_FALL_PPM = 30
    WITHDRAWN = 31
    SHARES_LEFT = 32
    ROUNDS = 33
    WORST_RISE_PPM = 34
    BY_OTHER = 35
    PLAYER_START = 36
    PLAYER_END = 37
    CLOSE_OUT_LOSS = 38
    UNFINISHED = 39
    SHARES_NOTICED = 40


class MarketTotal(IntEnum):
    """Columns of a path's totals by market."""

    LIQUIDATED = 0
    SHORTFALL = 1
    CLOSINGS = 2
    CLOSE_OUT_LOSS = 3
    REQUIREMENT = 4
    LEAST_TICKS = 5
    MOST_TICKS = 6
    DELEVERAGED = 7


class Moment(IntEnum):
    """Columns of a path's time line."""

    FUNDS = 0
    VAULT = 1
    SHORTFALL = 2
    LIQUIDATED = 3
    QUEUED = 4
    PRICE_PPM = 5


class Setting(IntEnum):
    """Whole numbers of a world."""

    START_NS = 0
    STEP_NS = 1
    MARKETS = 2
    FEEDS = 3
    PROVIDER_FIRST = 4
    PROVIDERS = 5
    USER_FIRST = 6
    ROUNDS_MAX = 7
    LATENCY_NS = 8
    UNWIND_STEPS = 9
    ADVANCE_COUNT = 10
    ADVANCES = 11
    SEED = 12
    SCENARIO = 13
    PLAYER_FIRST = 14
    PLAYERS = 15
    FUNDING_STEPS = 16
    BEAT_NS = 17


class Rate(IntEnum):
    """Real numbers of a world."""

    IMPACT_SCALE = 0
    FEEDBACK = 1
    PERMANENT = 2
    RECOVERY_SECONDS = 3
    PARTICIPATION = 4
    COLLAPSE = 5
    REFILL_SECONDS = 6
    COLLATERAL_DISCOUNT = 7
    PANIC_FALL = 8
    PANIC_SHARE = 9
    PANIC_PART = 10
    RUN_FALL = 11
    RUN_PART = 12
    QUANTUM = 13
    FUNDING_CAP = 14


class Given(NamedTuple):
    """A world as it is given; M markets, F feeds, L points of the ladder, T steps."""

    settings: np.ndarray
    rates: np.ndarray
    opening_ticks: np.ndarray
    calm_depth: np.ndarray
    daily_volume: np.ndarray
    daily_volatility: np.ndarray
    value_per_lot_tick: np.ndarray
    ladder_shares: np.ndarray
    ladder_distances: np.ndarray
    feed_sources: np.ndarray
    feed_follows: np.ndarray
    feed_noise: np.ndarray
    oracle_lag: np.ndarray
    oracle_shift: np.ndarray
    keepers_work: np.ndarray
    plan: np.recarray
    plan_first: np.ndarray


class Going(NamedTuple):
    """One path as it goes. The cursor holds where the loop stands; see `Cursor`."""

    returns: np.ndarray
    depth: np.ndarray
    cursor: np.ndarray
    price_ticks: np.ndarray
    lasting: np.ndarray
    fading: np.ndarray
    taken: np.ndarray
    swept: np.ndarray
    variance: np.ndarray
    reported: np.ndarray
    active: np.ndarray
    is_active: np.ndarray
    ready_ns: np.ndarray
    equity_at_flag: np.ndarray
    requirement_at_flag: np.ndarray
    notional_at_flag: np.ndarray
    sales: np.ndarray
    batch: np.recarray
    words: np.ndarray
    kept: np.recarray
    totals: np.ndarray
    by_market: np.ndarray
    line: np.ndarray
    defaults: np.ndarray
    closings: np.ndarray


class Cursor(IntEnum):
    """Cells of the cursor."""

    STEP = 0
    TURN = 1
    ACTIVE = 2
    SALES = 3
    KEPT = 4
    BATCH = 5
    PATH = 6
    DEFAULTS = 7
    CLOSINGS = 8
    MOVED = 9
    VAULT_BEST = 10


def blank_going(steps: int, markets: int, feeds: int, accounts: int, kept: int = 0) -> Going:
    """Arrays for one path; `kept` commands can be recorded before they must be taken away."""
    batch = np.zeros(BATCH_ROOM, dtype=COMMAND_DTYPE)
    return Going(
        returns=np.zeros((steps, markets)),
        depth=np.ones((steps, markets)),
        cursor=np.zeros(len(Cursor), dtype=np.int64),
        price_ticks=np.zeros(markets),
        lasting=np.zeros(markets),
        fading=np.zeros(markets),
        taken=np.zeros(markets),
        swept=np.zeros(markets),
        variance=np.zeros(markets),
        reported=np.zeros((markets, feeds), dtype=np.int64),
        active=np.zeros(accounts, dtype=np.int32),
        is_active=np.zeros(accounts, dtype=np.int8),
        ready_ns=np.zeros(accounts, dtype=np.int64),
        equity_at_flag=np.zeros(accounts, dtype=np.int64),
        requirement_at_flag=np.zeros(accounts, dtype=np.int64),
        notional_at_flag=np.zeros(accounts, dtype=np.int64),
        sales=np.zeros((SALES_MAX, 5), dtype=np.int64),
        batch=batch.view(np.recarray),
        words=batch.view(np.int64).reshape(BATCH_ROOM, -1),
        kept=np.zeros(kept, dtype=COMMAND_DTYPE).view(np.recarray),
        totals=np.zeros(len(Total), dtype=np.int64),
        by_market=np.zeros((markets, len(MarketTotal)), dtype=np.int64),
        line=np.zeros((BUCKETS, len(Moment)), dtype=np.int64),
        defaults=np.zeros((DEFAULTS_KEPT, 4), dtype=np.int64),
        closings=np.zeros((CLOSINGS_KEPT, 6), dtype=np.int64),
    )
