"""Fund sizes: newsvendor, ruin with premiums (with and without diffusion), Cover-n."""

import re
from typing import Final

import numpy as np

from solvent.lab.cases.models.example import Answer, Inputs, Model, of_each, take
from solvent.lab.statistics import funds, passage
from solvent.lab.statistics.faults import statistic_error


def newsvendor(given: Inputs) -> Answer:
    """The quantile of losses at which a unit of fund costs what a unit of shortage would."""
    losses, cost, shortage = take(given, "D", "losses"), take(given, "r"), take(given, "kappa", "k")
    level = funds.newsvendor_level(cost, shortage)
    if isinstance(losses, list):
        size = funds.newsvendor_size(np.asarray(losses, dtype=float), cost, shortage)
    else:
        mean = losses
        if isinstance(losses, str):
            number = re.search(r"mean\s*=?\s*([\d.]+)", losses)
            if number is None:
                raise statistic_error("newsvendor", f"{losses!r} is no exponential law", "Write D as `Exp(mean 5m)`.")
            mean = float(number[1])
        size = funds.newsvendor_exponential(mean, cost, shortage)
    return {"K_m": size, "K": size, "level": level}


def ruin(given: Inputs) -> Answer:
    """Chance of ever ruining a fund with premiums and exponential claims; with `sigma`, its income diffuses too."""
    premium, rate, mean = take(given, "premium_rate", "c"), take(given, "lam", "lambda"), take(given, "claim_mean", "m")
    fund = take(given, "u", "F")
    loading, chance = funds.ruin_probability(fund, premium, rate, mean)
    volatility = take(given, "sigma", default=0.0)
    if volatility <= 0.0 or loading <= 0.0:
        return {"ruin": chance, "theta": loading, "psi": chance}
    found = passage.jump_passage(fund, premium, volatility, rate, 1.0 / mean, 0.0)
    return {
        "ruin": found.total,
        "psi": found.total,
        "theta": loading,
        "by_diffusion": found.creeping,
        "by_claim": found.by_jump,
        "creep": found.creeping,
        "jump": found.by_jump,
    }


def cover(given: Inputs) -> Answer:
    """Cover-n: the sum of the n largest losses of entities, and how many are needed."""
    losses = np.asarray(take(given, "losses"), dtype=float)
    count = int(take(given, "n", default=2))
    found: Answer = {"fund": funds.cover(losses, count), "cover": funds.cover(losses, count)}
    if "p" in given and "most" in given:
        found["entities"] = funds.entities_needed(losses, np.asarray(given["p"], dtype=float), given["most"])
    return found


MODELS: Final = {
    "newsvendor": Model(newsvendor, "insurance-fund", ("r", "kappa")),
    "cramer-lundberg": Model(of_each(ruin), "insurance-fund", ("u", "premium_rate")),
    "ruin": Model(of_each(ruin), "insurance-fund"),
    "cover-n": Model(cover, "insurance-fund", ("losses", "n")),
}
