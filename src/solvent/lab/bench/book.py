"""A large book for measurements, drawn from a seed straight into the tables: as many accounts as memory holds.

200 markets in three classes of margin, prices log-uniform; 1 to 50 positions an account, 3 on the mean, markets drawn
by rank; gross exposure lognormal around 3,000 with a cap of 20 million; 45 % short; a quarter of the accounts holds
collateral priced by market 0 and a fifth by market 1. On the quiet book equity is the requirement times
1.01 + 8 exp(z), and one account in 2,000 stands below it. On the stressed book every surplus is an eighth of that. The
path is the same for both: one price in 5,000 is a jump of 1 to 8 % of one market; whom a price flags has left.

Contracts of such a book do not balance, and its rows were not traded: it is for measuring the watch and the scans.
"""

import math
from typing import Any, NamedTuple

import numba
import numpy as np

from solvent.codes import AccountKind, Level, Schedule, Status
from solvent.procedures.assess import assess_accounts
from solvent.procedures.scan import scan_exactly
from solvent.state.tables import NONE, State
from solvent.state.terms import SOURCES_MAX, Terms, TermsShape, blank_terms
from solvent.state.whole import first_user_account, new_state
from solvent.units import PPM, VALUE_MAX

MARKETS = 200
MICRO = 10**6
CLASSES = (
    ((4_000, 8_000, 20_000), (250_000, 2_000_000), 1e-4),
    ((8_000, 20_000, 50_000), (50_000, 500_000), 2e-4),
    ((15_000, 40_000, 100_000), (10_000, 100_000), 4e-4),
)
"""(maintenance rates in ppm, bracket floors in units of money, standard deviation of one tick's return)."""
JUMP = 2e-4
"""Chance of a jump of 1 to 8 % at a tick."""
CHUNK = 1_000_000
START_NS = 1_700_000_000 * 10**9


class Book(NamedTuple):
    """A state full of accounts, and how it was drawn."""

    state: State
    accounts: int
    first: int
    kind: str
    seed: int


def class_of(market: int) -> int:
    """Three majors, then 27 middle markets, then the small ones."""
    return 0 if market < 3 else 1 if market < 30 else 2


def start_ticks(seed: int) -> np.ndarray:
    """Prices of the markets at the start."""
    draws = np.random.default_rng(seed).uniform(math.log(2e4), math.log(2e6), MARKETS)
    ticks = np.exp(draws).astype(np.int64)
    ticks[:2] = 1_000_000, 400_000
    return ticks


def bench_terms(ticks: np.ndarray) -> Terms:
    """Three marginal brackets a market, the initial level twice the maintenance level, one stage."""
    terms = blank_terms(TermsShape(MARKETS, 3 * len(CLASSES) * 2))
    for market in range(MARKETS):
        contract = terms.contracts[market]
        contract.quanta_per_lot_tick = 1
        contract.price_max_ticks = int(ticks[market]) * 16
        contract.lots_max = VALUE_MAX // int(contract.price_max_ticks)
        feed = terms.feeds[market * SOURCES_MAX]
        feed.weight, feed.kind = 1, 2
        for level, factor in ((Level.INITIAL, 2), (Level.MAINTENANCE, 1)):
            rates, _floors, _step = CLASSES[class_of(market)]
            schedule = terms.schedules[level * MARKETS + market]
            schedule.kind, schedule.denominator, schedule.scale_ppm = Schedule.BRACKETS_MARGINAL, PPM, PPM
            schedule.first_bracket, schedule.bracket_count = 3 * (2 * class_of(market) + level), 3
            schedule.rate_max_ppm = rates[-1] * factor
    for number, (rates, floors, _step) in enumerate(CLASSES):
        for level, factor in ((Level.INITIAL, 2), (Level.MAINTENANCE, 1)):
            deduction, before = 0, rates[0] * factor
            for place, (rate, floor) in enumerate(zip(rates, (0, *floors), strict=True)):
                deduction += floor * MICRO * (rate * factor - before)
                before = rate * factor
                bracket = terms.brackets[3 * (2 * number + level) + place]
                bracket.floor_quanta, bracket.numerator = floor * MICRO, rate * factor
                bracket.deduction_whole, bracket.deduction_rest = divmod(deduction, PPM)
    for level in (Level.INITIAL, Level.MAINTENANCE):
        terms.levels[level].used = terms.levels[level].maintenance_weights = 1
    stage = terms.stages[0]
    stage.used, stage.level, stage.scale_ppm = 1, Level.MAINTENANCE, PPM
    terms.absorbers[0].used, terms.absorbers[0].tranche, terms.absorbers[0].cap_ppm = 1, 1, PPM
    terms.assets[0].used = terms.assets[0].value_num = terms.assets[0].value_den = 1
    terms.assets[0].initial_ppm = terms.assets[0].maintenance_ppm = PPM
    for asset, weight in ((1, 950_000), (2, 900_000)):
        row = terms.assets[asset]
        row.used, row.price_instrument, row.value_num, row.value_den = 1, asset - 1, 1, 1
        row.initial_ppm = row.maintenance_ppm = weight
    policy = terms.policy[0]
    policy.mark_components, policy.sources_min, policy.advance_max = 7, 1, 64
    policy.funding_rate_max_ppb = 10**7
    return terms


@numba.njit(cache=False)
def _draw(seed, count):  # type: ignore[no-untyped-def]
    """Slots of each account: P(n) ~ n**-1.934 on 1 to 50, 3 on the mean."""
    np.random.seed(seed)
    weights = np.empty(50)
    for n in range(50):
        weights[n] = (n + 1.0) ** -1.934
    total = np.cumsum(weights) / weights.sum()
    drawn = np.empty(count, np.int8)
    for i in range(count):
        drawn[i] = 1 + np.searchsorted(total, np.random.random())
    return drawn


@numba.njit(cache=False)
def _fill(seed, first, counts, begins, marks, accounts, positions, rows, holdings):  # type: ignore[no-untyped-def]
    """Positions at rows[begins[i]:], and holdings, of every account; the wallets stay zero. Holdings written: count."""
    np.random.seed(seed)
    markets = marks.shape[0]
    ranks = np.cumsum(1.0 / np.arange(1, markets + 1))
    ranks /= ranks[-1]
    taken = np.zeros(markets, np.int64)
    held = 0
    for i in range(counts.shape[0]):
        account = first + i
        gross = min(3_000.0 * math.exp(2.0 * np.random.standard_normal()), 2e7) * 1e6
        shares = np.empty(counts[i])
        for j in range(counts[i]):
            shares[j] = np.random.exponential(1.0) + 1e-9
        shares /= shares.sum()
        following = NONE
        for j in range(counts[i]):
            market = np.searchsorted(ranks, np.random.random())
            while taken[market] == i + 1:
                market = np.searchsorted(ranks, np.random.random())
            taken[market] = i + 1
            lots = max(int(gross * shares[j] / marks[market]), 1)
            if np.random.random() < 0.45:
                lots = -lots
            move = min(max(np.random.standard_normal() * 0.05, -0.3), 0.3)
            row = rows[begins[i] + j]
            position = positions[row]
            position.lots = lots
            position.cost_quanta = lots * int(marks[market] * (1.0 + move))
            position.account = account
            position.instrument = market
            position.orders = NONE
            position.next = following
            following = row
        terms = accounts[account]
        terms.kind = AccountKind.CROSS
        terms.owner = account
        terms.first_position = following
        terms.position_count = counts[i]
        terms.first_holding = NONE
        terms.default_instrument = NONE
        terms.order_stage = NONE
        for asset in range(1, 3):
            if np.random.random() < (0.25 if asset == 1 else 0.20):
                holding = holdings[held]
                holding.amount_quanta = max(int(gross * 0.02 * np.random.random() / marks[asset - 1]), 1)
                holding.account = account
                holding.asset = asset
                holding.next = terms.first_holding
                terms.first_holding = held
                terms.holding_count += 1
                held += 1
    return held


def draw_book(accounts: int, kind: str, seed: int, *, scattered: bool = True) -> Book:
    """The book of a seed. With `scattered` position rows lie as after a long life, not as after a bulk load.

    Accounts that start below their threshold are with the liquidation engine already. Raises MemoryError when the
    computer has not the memory.
    """
    ticks = start_ticks(seed)
    counts = _draw(seed, accounts)
    total = int(counts.sum(dtype=np.int64))
    begins = np.zeros(accounts, dtype=np.int64)
    np.cumsum(counts[:-1], dtype=np.int64, out=begins[1:])
    state = new_state(bench_terms(ticks), accounts=accounts, positions=total + 1024, holdings=int(accounts * 0.6) + 64)
    first = first_user_account(state)
    rows = np.arange(total, dtype=np.int32)
    if scattered:
        np.random.default_rng(seed).shuffle(rows)
    marks = ticks.astype(np.float64)
    held = _fill(seed + 1, first, counts, begins, marks, state.accounts, state.positions, rows, state.holdings)
    venue = state.venue[0]
    venue.account_count, venue.position_count, venue.holding_count = first + accounts, total, held
    venue.time_ns, venue.price_version = START_NS, 1
    state.instruments.listed[:] = 1
    state.instruments.mark_ticks[:] = state.instruments.previous_mark_ticks[:] = ticks
    _fund(state, first, accounts, kind, seed)
    _hand_over(state)
    return Book(state, accounts, first, kind, seed)


def _fund(state: State, first: int, accounts: int, kind: str, seed: int) -> None:
    """Wallets that give every account the equity its draw says."""
    random = np.random.default_rng(seed + 2)
    answers = np.zeros((min(CHUNK, accounts), 4), dtype=np.int64)
    for begin in range(0, accounts, CHUNK):
        numbers = np.arange(first + begin, first + min(begin + CHUNK, accounts))
        chunk = answers[: len(numbers)]
        assess_accounts(state, Level.MAINTENANCE, numbers, chunk)
        ratio = 1.01 + 8 * np.exp(random.standard_normal(len(numbers)))
        below = random.random(len(numbers)) < 0.0005
        ratio[below] = random.uniform(0.7, 1.0, int(below.sum()))
        if kind == "stressed":
            ratio[~below] = 1 + (ratio[~below] - 1) / 8
        state.accounts.wallet_quanta[numbers] = (chunk[:, 1] * ratio).astype(np.int64) - chunk[:, 0]


def _hand_over(state: State) -> None:
    found = np.zeros(len(state.accounts), dtype=np.int32)
    below = found[: scan_exactly(state, found)]
    state.accounts["status"][below] = Status.DISTRESSED
    state.queue[: len(below)] = below
    state.venue[0].queue_count = len(below)


def draw_path(
    book: Book, ticks: int, seed: int, jump: float = JUMP, volatility: float = 1.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(market, price in ticks, whether it is a jump) of so many ticks: by rank, returns Student t(4) by class."""
    random = np.random.default_rng(seed + 3)
    weights = 1 / np.arange(1, MARKETS + 1)
    markets = random.choice(MARKETS, ticks, p=weights / weights.sum())
    scale = np.array([CLASSES[class_of(market)][2] for market in range(MARKETS)]) / math.sqrt(2)
    returns = random.standard_t(4, ticks) * scale[markets] * volatility
    jumps = random.random(ticks) < jump
    returns[jumps] = random.uniform(0.01, 0.08, int(jumps.sum())) * random.choice([-1, 1], int(jumps.sum()))
    state: Any = book.state
    logs = np.log(state.instruments.mark_ticks.astype(float))
    prices = np.empty(ticks, dtype=np.int64)
    top = state.contracts.price_max_ticks
    for place in range(ticks):
        market = markets[place]
        logs[market] += returns[place]
        prices[place] = min(max(round(math.exp(logs[market])), 1), int(top[market]))
    return markets.astype(np.int64), prices, jumps
