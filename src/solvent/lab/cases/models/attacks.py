"""What attacks cost and do: pools and books pushed, griefing factors, and published sums re-added."""

from typing import Final

from solvent.lab.cases.models.example import Answer, Inputs, Model, listed, take
from solvent.lab.statistics import impact


def pool_push(given: Inputs) -> Answer:
    """Cost of pushing a constant-product pool by a factor, and the open interest it does not pay for."""
    reserve, factors = take(given, "quote_reserve", "Y"), take(given, "factor", "f")
    costs = [impact.pool_push_cost(reserve, factor) for factor in listed(factors)]
    safe = [impact.safe_open_interest(reserve, factor) for factor in listed(factors)]
    if not isinstance(factors, list):
        return {"one_way_cost": costs[0], "max_safe_one_sided_oi": safe[0]}
    return {"one_way_cost": costs, "max_safe_one_sided_oi": safe}


def book_push(given: Inputs) -> Answer:
    """Cost of pushing a linear book by a log move, and the open interest from which it pays."""
    depth, move = take(given, "D", "depth"), take(given, "eps", "move")
    cost = impact.book_push_cost(depth, move)
    return {"cost": cost, "max_safe_one_sided_oi": depth * move / 2.0, "pays_above_oi": depth * move / 2.0}


POPCAT: Final = {"attacker_loss_m": 3.0, "vault_loss_m": 4.9, "inventory_m": 25}
"""Press reports of 12 November 2025: what the attacker lost, what the vault lost, what it held (millions of USD)."""

JELLY: Final = {"short_notional_m": 4.0, "entry": 0.0095, "settle": 0.037555}
"""26 March 2025: USDC short at the price it was sold at, and the highest price it was settled at."""

CAPO: Final = {"snapshot_ratio": 1.1572, "wanted_ratio": 1.2282, "max_step": 0.03}
"""10 March 2026: a rate limit of 3 % let the snapshot ratio rise to 1.1919 where 1.2282 was due."""


def popcat(given: Inputs) -> Answer:
    """What a vault lost for each unit an attacker gave up, and for each it took over."""
    lost, vault, inventory = (given.get(name, default) for name, default in POPCAT.items())
    return {
        "griefing_factor": impact.griefing_factor(vault, lost),
        "loss_over_inventory": vault / inventory,
        "attacker_loss_m": lost,
        "vault_loss_m": vault,
        "inventory_m": inventory,
    }


def jelly(given: Inputs) -> Answer:
    """What a short taken over at one price costs when it is settled at another."""
    notional, entry, settle = (given.get(name, default) for name, default in JELLY.items())
    contracts = notional / entry
    return {"loss_m": contracts * (settle - entry), "contracts_m": contracts, "factor": settle / entry}


def clamped(given: Inputs) -> Answer:
    """One of two coupled parameters held by a rate limit, and how far the price comes out."""
    before, wanted, step = (given.get(name, default) for name, default in CAPO.items())
    allowed = min(wanted, before * (1.0 + step))
    return {"clamped_ratio": allowed, "price_error": allowed / wanted - 1.0, "price_low": 1.0 - allowed / wanted}


MODELS: Final = {
    "cp-amm-manipulation": Model(pool_push, "adversarial", ("quote_reserve", "factor")),
    "linear-book": Model(book_push, "adversarial", ("D", "eps")),
    "popcat": Model(popcat, "adversarial"),
    "jelly": Model(jelly, "adversarial"),
    "capo": Model(clamped, "control", ("snapshot_ratio", "wanted_ratio")),
}
