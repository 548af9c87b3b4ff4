"""Networks: clearing, costs of default, a mutual fund over them, contagion."""

import re
from typing import Final

import numpy as np

from solvent.lab.cases.models.example import ASKED, Answer, Inputs, Model, take
from solvent.mutual import clearing, contagion, fund

WORKED: Final = {
    "L": [[0, 30, 20, 0], [10, 0, 20, 10], [0, 15, 0, 25], [5, 0, 10, 0]],
    "e": [10, 20, 5, 40],
    "external_liabilities": [20, 10, 20, 5],
}
"""Four protocols: the network examples call `eisenberg-noe-4`, for a file that builds on it without holding it."""


def _network(given: Inputs) -> clearing.Network:
    numbers = {**WORKED, **given} if given.get("base") == "eisenberg-noe-4" else given
    return clearing.network(
        take(numbers, "L", "liabilities"), take(numbers, "e", "assets", "external_assets"),
        take(numbers, "external_liabilities", "outside", "b", default=None),
    )  # fmt: skip


def eisenberg_noe(given: Inputs) -> Answer:
    """Greatest clearing vector, by three ways that must agree, and under costs of default."""
    network = _network(given)
    cleared = clearing.clear(network)
    programmed = clearing.clear_by_program(network)
    iterated = clearing.clear_by_iteration(network)
    found: Answer = {
        "p": cleared.paid.tolist(),
        "pbar": network.total.tolist(),
        "equity": cleared.equity.tolist(),
        "default_rounds_0based": [list(entry) for entry in cleared.rounds],
        "defaults_0based": list(cleared.defaulted),
        "three_algorithms_off_by": float(
            max(np.abs(programmed - cleared.paid).max(), np.abs(iterated - cleared.paid).max())
        ),
    }
    for name in given.get(ASKED, []):
        words = re.fullmatch(r"rogers_veraart_alpha(\d*\.?\d+)_beta(\d*\.?\d+)_p", name)
        if words:
            paid = clearing.clear(network, float(words[1]), float(words[2])).paid.tolist()
            found[name] = found["rogers_veraart_p"] = paid
    if "alpha" in given or "beta" in given:
        alpha, beta = take(given, "alpha", default=1.0), take(given, "beta", default=1.0)
        found["rogers_veraart_p"] = clearing.clear(network, alpha, beta).paid.tolist()
    return found


def rogers_veraart(given: Inputs) -> Answer:
    """Greatest clearing vector under costs of default."""
    network = _network(given)
    cleared = clearing.clear(network, take(given, "alpha", default=1.0), take(given, "beta", default=1.0))
    rounds = [list(entry) for entry in cleared.rounds]
    return {"p": cleared.paid.tolist(), "equity": cleared.equity.tolist(), "default_rounds_0based": rounds}


def mutual_fund(given: Inputs) -> Answer:
    """One rate at which a fund tops up every shortfall, and who pays what then."""
    network, size = _network(given), float(take(given, "G", "fund"))
    topped = fund.top_up(network, size)
    return {
        "phi": topped.rate,
        "paid": topped.paid.tolist(),
        "own_payment": topped.own.tolist(),
        "equity": topped.equity.tolist(),
        "used": topped.used,
        "defaults_0based": list(topped.defaulted),
        "value_added_per_unit": fund.value_added(network, size) if size else 0.0,
        "full_cover": fund.full_cover(network),
    }


def debt_rank(given: Inputs) -> Answer:
    """Share of equity each loses when a shock goes round, and what contagion added."""
    found = contagion.debt_rank(take(given, "exposures", "A"), take(given, "equity", "E"), take(given, "h0", "shock"))
    return {
        "h": found.lost.tolist(),
        "equity_weighted_added": found.added,
        "debtrank": found.added,
        "first_steps": found.steps[:3].tolist(),
        "steps": found.steps.tolist(),
    }


def shapley(given: Inputs) -> Answer:
    """Contributions to full cover of a network by Shapley value."""
    network = _network(given)
    shares = fund.shapley(lambda members: fund.stand_alone_cost(network, members), len(network.assets))
    return {"shares": shares.tolist(), "full_cover": fund.full_cover(network)}


MODELS: Final = {
    "eisenberg-noe": Model(eisenberg_noe, "network", ("L", "e")),
    "rogers-veraart": Model(rogers_veraart, "network", ("L", "e", "alpha", "beta")),
    "mutual-fund": Model(mutual_fund, "network", ("base", "G")),
    "mutual-fund-network": Model(mutual_fund, "network", ("L", "e", "G")),
    "debtrank": Model(debt_rank, "network", ("exposures", "equity")),
    "shapley-contributions": Model(shapley, "network"),
}
