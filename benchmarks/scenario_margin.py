"""What does it cost to judge an account by scenarios? Requirements a second on one core, 10 positions each.

    python benchmarks/scenario_margin.py [--json] [--accounts 2000] [--rounds 5]

The same accounts are judged by marginal brackets, by 16 and by 60 joint scenarios, with everything shocked together
and by underlying; and as options on one market, half of them sold. Rounds alternate between the ways; each figure is
the median of the rounds, in processor time, and is also told as a multiple of what brackets cost, which is what
carries over to another computer.
"""

import argparse
import json
import statistics
import time
from typing import Any

import numpy as np

from solvent.codes import AccountKind, ContractKind, Level, Schedule
from solvent.procedures.assess import assess_accounts
from solvent.state.tables import NONE
from solvent.state.terms import TermsShape, blank_terms
from solvent.state.whole import first_user_account, new_state
from solvent.units import PPM

POSITIONS = 10
MARK = 60_000
WAYS = {
    "brackets": (0, 0),
    "16 scenarios, together": (16, 0),
    "60 scenarios, together": (60, 0),
    "16 scenarios, by underlying": (16, 1),
    "60 scenarios, by underlying": (60, 1),
    "options, standard margin": (0, 2),
}


def venue(accounts: int, scenarios: int, by_unit: int) -> Any:
    """Accounts with ten positions each, two markets to an underlying."""
    terms = blank_terms(TermsShape(POSITIONS, 16, max(scenarios, 1)))
    terms.contracts.quanta_per_lot_tick[:], terms.contracts.price_max_ticks[:] = 10, 2**24
    terms.contracts.lots_max[:], terms.contracts.risk_unit[:] = 2**20, np.arange(POSITIONS) // 2
    terms.levels.used[:2] = 1
    terms.levels.scenario[:2] = int(scenarios > 0)
    terms.brackets[0] = (0, 1, 0, 0)
    terms.schedules.kind[:] = Schedule.SCENARIO if scenarios else Schedule.BRACKETS_MARGINAL
    terms.schedules.bracket_count[:], terms.schedules.denominator[:], terms.schedules.scale_ppm[:] = 1, 50, PPM
    moves = np.linspace(-160_000_000, 160_000_000, max(scenarios, 1)).astype(np.int64)
    terms.shocks.move_ppb[:] = np.repeat(moves, POSITIONS)
    if by_unit == 2:
        write_options(terms)
    policy = terms.policy[0]
    policy.scenario_count, policy.scenario_by_unit, policy.scenario_unhedged_ppm = scenarios, by_unit % 2, 10_000
    state = new_state(terms, accounts=accounts, positions=accounts * POSITIONS)
    first = first_user_account(state)
    random = np.random.default_rng(7)
    state.instruments.mark_ticks[:] = MARK
    rows = np.arange(accounts * POSITIONS)
    table = state.positions[: len(rows)]
    table.account[:], table.instrument[:] = first + rows // POSITIONS, rows % POSITIONS
    table.lots[:] = random.integers(1, 1_000, len(rows)) * random.choice((-1, 1), len(rows))
    table.cost_quanta[:], table.orders[:] = table.lots * MARK * 10, NONE
    table.next[:] = np.where(rows % POSITIONS == POSITIONS - 1, NONE, rows + 1)
    people = state.accounts[first : first + accounts]
    people.kind[:], people.first_position[:], people.first_holding[:] = AccountKind.CROSS, rows[::POSITIONS], NONE
    people.wallet_quanta[:] = 10**12
    state.venue[0].account_count, state.venue[0].position_count = first + accounts, len(rows)
    return state, np.arange(first, first + accounts)


def write_options(terms: Any) -> None:
    """All markets but the first become calls on it, with shares of 15, 10 and 7.5 %."""
    terms.contracts.kind[1:], terms.options.strike_ticks[1:], terms.options.unit_quanta[1:] = (
        ContractKind.OPTION,
        MARK,
        10,
    )
    for level, share, least in ((0, 150_000_000, 100_000_000), (1, 75_000_000, 75_000_000)):
        rows = terms.schedules[level * POSITIONS + 1 : (level + 1) * POSITIONS]
        rows.kind[:], rows.base_ppb[:], rows.floor_ppb[:] = Schedule.OPTION, share, least


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--accounts", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    venues = {name: venue(given.accounts, *way) for name, way in WAYS.items()}
    answers = np.zeros((given.accounts, 4), dtype=np.int64)
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    for state, people in venues.values():
        assess_accounts(state, int(Level.MAINTENANCE), people, answers)
    for _round in range(given.rounds):
        for name, (state, people) in venues.items():
            start = time.thread_time()
            assess_accounts(state, int(Level.MAINTENANCE), people, answers)
            seconds[name].append(time.thread_time() - start)
    rates = {name: given.accounts / statistics.median(found) for name, found in seconds.items()}
    figures = {
        name: {"accounts_per_second_and_core": round(rate), "times_brackets": round(rates["brackets"] / rate, 2)}
        for name, rate in rates.items()
    }
    if given.json:
        print(json.dumps({"positions": POSITIONS, "accounts": given.accounts, "ways": figures}, indent=1))
        return
    print(f"{POSITIONS} positions an account, {given.accounts} accounts, one core")
    for name, figure in figures.items():
        print(f"  {name:30s} {figure['accounts_per_second_and_core']:>12,} a second   x {figure['times_brackets']}")


if __name__ == "__main__":
    main()
