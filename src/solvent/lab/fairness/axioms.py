"""What a fair allocation may be asked, each as a check that finds a counter-example or does not.

A check draws winners and a loss from a seed, asks the policy, changes one thing, asks again. It answers with the
difference that breaks the axiom, or nothing. `matrix` runs every check on every policy over many seeds: a policy is
said to *fail* an axiom on the strength of a counter-example, and to *hold* it only as far as the seeds went.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from solvent.lab.fairness.policies import POLICIES, Allocation, Loss, Winners
from solvent.units import PPM

Policy = Callable[[Winners, Loss], Allocation]
Check = Callable[[Policy, Winners, Loss, np.random.Generator], str | None]

UNMOVED: Final = "risk changes nothing"
"""An answer that breaks the axiom only where every seed gives it."""

ROUNDING: Final = 2
"""Quanta by which whole numbers may differ where real ones would not."""


def draw(seed: int) -> tuple[Winners, Loss, np.random.Generator]:
    """Winners and a loss they can bear. The same seed, the same winners."""
    random = np.random.Generator(np.random.PCG64([seed, 0x616C6C6F]))
    count = int(random.integers(2, 12))
    lot_quanta = int(random.choice([1, 10, 1_000]))
    lots = np.maximum(np.floor(np.exp(random.normal(4, 2, count))), 1).astype(np.int64)
    gain = lots * lot_quanta + random.integers(0, 10**6, count)
    equity = gain + np.floor(np.exp(random.normal(11, 2, count))).astype(np.int64) + 1
    notional = (equity * np.exp(random.normal(0, 1, count))).astype(np.int64) + gain
    settled = (gain * random.uniform(0.1, 1, count)).astype(np.int64)
    winners = Winners(
        account=100 + np.arange(count),
        lots=lots,
        gain=gain,
        settled_gain=settled,
        unvested=(gain * random.uniform(0, 0.5, count)).astype(np.int64),
        equity=equity,
        notional=notional,
        risk_ppm=random.integers(1_000, 200_000, count),
        cap_ppm=random.choice([300_000, 600_000, 1_000_000], count),
    )
    bearable = min(int(winners.caps().sum()), int(settled.sum()), int(lots.sum()) * lot_quanta)
    budget = int(random.integers(1, max(bearable, 2)))
    return winners, Loss(budget, lot_quanta, int(random.integers(0, budget + 1)) // 4, seed + 1), random


def slack(winners: Winners, loss: Loss) -> int:
    """What rounding may add up to in a comparison of two allocations."""
    return ROUNDING * len(winners) + 2 * loss.lot_quanta


def sums_up(policy: Policy, winners: Winners, loss: Loss, _random: np.random.Generator) -> str | None:
    """Charges, the fund's part and what is missing are whole, not negative, and sum to the budget."""
    got = policy(winners, loss)
    if (got.charged < 0).any() or got.fund < 0 or got.missing < 0:
        return "somebody is charged less than nothing"
    total = int(got.charged.sum()) + got.fund + got.missing
    return None if total == loss.budget else f"{total} of {loss.budget}"


def meets_the_budget(policy: Policy, winners: Winners, loss: Loss, _random: np.random.Generator) -> str | None:
    """What can be borne is borne."""
    missing = policy(winners, loss).missing
    return None if missing == 0 else f"{missing} of {loss.budget} is missing"


def keeps_liability_limited(policy: Policy, winners: Winners, loss: Loss, _random: np.random.Generator) -> str | None:
    """Nobody pays more than it gained: principal is never touched."""
    over = policy(winners, loss).charged - winners.gain
    worst = int(over.argmax())
    return f"account {winners.account[worst]} pays {over[worst]} beyond its gain" if over[worst] > 0 else None


def treats_twins_alike(policy: Policy, winners: Winners, loss: Loss, _random: np.random.Generator) -> str | None:
    """Two accounts that differ in nothing but their number pay the same, but for a lot and the cash of the last one."""
    rows = np.append(np.arange(len(winners)), 0)
    twins = winners.with_rows(rows)
    twins = replace(twins, account=np.append(winners.account, winners.account[-1] + 1))
    charged = policy(twins, loss).charged
    apart = abs(int(charged[0]) - int(charged[-1]))
    return None if apart <= 2 * loss.lot_quanta + ROUNDING else f"twins pay {charged[0]} and {charged[-1]}"


def is_continuous(policy: Policy, winners: Winners, loss: Loss, _random: np.random.Generator) -> str | None:
    """A thousandth more gain of one account moves no other account's charge by a fifth of the budget."""
    before = policy(winners, loss).charged
    worst = 0
    for row in range(len(winners)):
        gain = winners.gain.copy()
        gain[row] += max(gain[row] // 1000, 1)
        after = policy(replace(winners, gain=gain), loss).charged
        moved = np.abs(after - before)
        worst = max(worst, int(moved.max()))
    limit = loss.budget // 5 + slack(winners, loss)
    return None if worst <= limit else f"a thousandth of gain moves {worst} of {loss.budget}"


def is_split_proof(policy: Policy, winners: Winners, loss: Loss, _random: np.random.Generator) -> str | None:
    """Cutting an account in two changes what the two pay together by no more than rounding."""
    row = int(winners.lots.argmax())
    if winners.lots[row] < 2:
        return None
    halves = {}
    for name in ("lots", "gain", "settled_gain", "unvested", "equity", "notional"):
        column = getattr(winners, name)
        half = column[row] // 2
        halves[name] = np.append(np.where(np.arange(len(winners)) == row, half, column), column[row] - half)
    rows = np.append(np.arange(len(winners)), row)
    split = replace(winners.with_rows(rows), account=np.append(winners.account, winners.account[-1] + 1), **halves)
    whole = int(policy(winners, loss).charged[row])
    parts = policy(split, loss).charged
    together = int(parts[row]) + int(parts[-1])
    return None if abs(whole - together) <= slack(winners, loss) else f"whole {whole}, in two {together}"


def keeps_the_order(policy: Policy, winners: Winners, loss: Loss, _random: np.random.Generator) -> str | None:
    """Who had more gain has no less left."""
    left = winners.gain - policy(winners, loss).charged
    order = np.argsort(winners.gain, kind="stable")
    falls = left[order][:-1] - left[order][1:]
    worst = int(falls.argmax())
    if falls[worst] <= slack(winners, loss) or winners.gain[order][worst] == winners.gain[order][worst + 1]:
        return None
    rich, poor = order[worst + 1], order[worst]
    return f"gains {winners.gain[rich]} > {winners.gain[poor]}, left {left[rich]} < {left[poor]}"


def is_scale_free(policy: Policy, winners: Winners, loss: Loss, _random: np.random.Generator) -> str | None:
    """In cents instead of dollars everybody pays the same, a hundredfold."""
    money = {name: getattr(winners, name) * 100 for name in ("gain", "settled_gain", "unvested", "equity", "notional")}
    bigger = replace(loss, budget=loss.budget * 100, lot_quanta=loss.lot_quanta * 100, fund=loss.fund * 100)
    apart = np.abs(policy(replace(winners, **money), bigger).charged - 100 * policy(winners, loss).charged)
    return None if apart.max() <= 100 * slack(winners, loss) else f"a hundredfold is off by {apart.max()}"


def is_reset_proof(policy: Policy, winners: Winners, loss: Loss, _random: np.random.Generator) -> str | None:
    """Closing and opening again at the mark turns gain into cash and changes nobody's burden."""
    row = int(winners.gain.argmax())
    gain, unvested = winners.gain.copy(), winners.unvested.copy()
    gain[row] = unvested[row] = 0
    before = int(policy(winners, loss).charged[row])
    after = int(policy(replace(winners, gain=gain, unvested=unvested), loss).charged[row])
    return None if before - after <= slack(winners, loss) else f"before {before}, after {after}"


def does_not_reward_waiting(policy: Policy, winners: Winners, loss: Loss, _random: np.random.Generator) -> str | None:
    """A loss that comes in two waves costs each account what it costs in one."""
    first = replace(loss, budget=loss.budget // 2, fund=loss.fund // 2)
    one = policy(winners, first)
    rest = replace(
        winners,
        lots=np.maximum(winners.lots - one.charged // loss.lot_quanta, 0),
        gain=winners.gain - one.charged,
        settled_gain=np.maximum(winners.settled_gain - one.charged, 0),
        unvested=np.maximum(winners.unvested - one.charged, 0),
        equity=winners.equity - one.charged,
    )
    if (rest.gain < 0).any():
        return None
    second = policy(rest, replace(loss, budget=loss.budget - first.budget, fund=loss.fund - one.fund))
    apart = np.abs(one.charged + second.charged - policy(winners, loss).charged)
    limit = slack(winners, loss) + loss.budget // 100
    return None if apart.max() <= limit else f"in two waves an account pays {apart.max()} more or less"


def rises_with_own_risk(policy: Policy, winners: Winners, loss: Loss, _random: np.random.Generator) -> str | None:
    """The most risk there is never pays less than an account's own; over all seeds it must somewhere pay more."""
    before = policy(winners, loss).charged
    moved = False
    for row in range(len(winners)):
        risk = winners.risk_ppm.copy()
        risk[row] = PPM
        after = policy(replace(winners, risk_ppm=risk), loss).charged
        if after[row] < before[row] - slack(winners, loss):
            return f"at the highest risk account {winners.account[row]} pays {after[row]} instead of {before[row]}"
        moved = moved or bool(after[row] > before[row])
    return None if moved else UNMOVED


AXIOMS: Final[dict[str, tuple[str, Check]]] = {
    "A1": ("sums up", sums_up),
    "A2": ("meets the budget", meets_the_budget),
    "A3": ("limited liability", keeps_liability_limited),
    "A4": ("twins alike", treats_twins_alike),
    "A5": ("continuous", is_continuous),
    "A6": ("split-proof", is_split_proof),
    "A7": ("keeps the order", keeps_the_order),
    "A8": ("scale-free", is_scale_free),
    "A9": ("reset-proof", is_reset_proof),
    "A10": ("no reward for waiting", does_not_reward_waiting),
    "A11": ("rises with own risk", rises_with_own_risk),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One cell of the matrix: how many seeds were tried, and the first that breaks the axiom."""

    policy: str
    axiom: str
    seeds: int
    broken_by: int | None
    how: str


def first_break(policy: str, axiom: str, seeds: int) -> Finding:
    """Look for a seed that breaks the axiom."""
    check = AXIOMS[axiom][1]
    unmoved = 0
    for seed in range(seeds):
        winners, loss, random = draw(seed)
        how = check(POLICIES[policy], winners, loss, random)
        if how == UNMOVED:
            unmoved += 1
        elif how is not None:
            return Finding(policy, axiom, seed + 1, seed, how)
    if unmoved == seeds:
        return Finding(policy, axiom, seeds, 0, UNMOVED)
    return Finding(policy, axiom, seeds, None, "")


def matrix(seeds: int) -> list[Finding]:
    """Every policy against every axiom."""
    return [first_break(policy, axiom, seeds) for policy in POLICIES for axiom in AXIOMS]
