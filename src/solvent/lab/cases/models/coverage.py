"""Backtests and procyclicality: coverage tests, lights, shortfall tests, the buffers of EMIR."""

import re
from typing import Final

import numpy as np

from solvent.lab.cases.models.example import ASKED, NAMED, Answer, Inputs, Model, each, listed, take
from solvent.lab.statistics import coverage, sensitivity


def traffic_light(given: Inputs) -> Answer:
    """Zones of the Basel backtest, and the additions to the multiplier."""
    from scipy.stats import binom

    observations, probability = int(take(given, "T", "n")), take(given, "p")
    green, red = coverage.zones(observations, probability)
    hits = given.get("hits", given.get("exceptions"))
    zone = {} if hits is None else {"zone": coverage.traffic_light(observations, int(hits), probability)}
    return {
        **zone,
        "binom_cdf_0_to_10": binom.cdf(np.arange(11), observations, probability).tolist(),
        "green_max": green,
        "yellow": [green + 1, red - 1],
        "red_min": red,
        "plus": {str(hits): coverage.PLUS.get(hits, 1.0) for hits in range(5, 11)},
    }


def chi_square(given: Inputs) -> Answer:
    """Quantiles of the chi-square law."""
    from scipy.stats import chi2

    levels = listed(given["level"])
    return {f"df{int(freedom)}": chi2.ppf(levels, freedom).tolist() for freedom in listed(given["df"])}


def proportion(given: Inputs) -> Answer:
    """Kupiec's test of the share of hits, and of the time until the first."""

    def one(case: Inputs) -> Answer:
        from scipy.stats import chi2

        observations, probability = int(take(case, "T", "n")), take(case, "p")
        hits = int(take(case, "hits", "N", "x", "exceptions"))
        found = coverage.proportion_statistic(observations, hits, probability)
        answer: Answer = {"LR_pof": found, "LR": found, "p_value": float(chi2.sf(found, 1))}
        first = case.get("first_hit", case.get("v"))
        if first is not None:
            answer["LR_tuff"] = coverage.first_hit_statistic(int(first), probability)
        return answer

    return each(given, one)


def clustered(given: Inputs) -> Answer:
    """Christoffersen's tests of independence and of both; proportion on all observations, transitions on one fewer."""
    places = given.get("hit_index_0based")
    if places is not None:
        hits = np.zeros(int(take(given, "T", "n")), dtype=bool)
        hits[[int(place) for place in places]] = True
    else:
        hits = np.array(take(given, "hits"), dtype=bool)
    found = coverage.coverage_of(hits, given["p"])
    names = dict(zip(("n00", "n01", "n10", "n11"), found.transitions, strict=True))
    tests = {"LR_ind": found.independence, "LR_pof": found.proportion, "LR_cc": found.both}
    return {**tests, **names, "p_ind": found.independence_p, "p_pof": found.proportion_p, "p_cc": found.both_p}


def non_rejection(given: Inputs) -> Answer:
    """Numbers of hits Kupiec's test does not reject, over the grid given, the one asked for by name, or the usual one.

    The significance may stand in the id, as `5pct`.
    """
    grid = [(p, t) for p in (0.01, 0.025, 0.05, 0.075, 0.1) for t in (255, 510, 1000)]
    named = re.search(r"(\d+(?:\.\d+)?)pct", str(given.get(NAMED, "")))
    confidence = 1.0 - take(given, "significance", default=float(named[1]) / 100.0 if named else 0.05)
    asked = {name: words for name in given.get(ASKED, []) if (words := re.fullmatch(r"p=([\d.]+),\s*T=(\d+)", name))}
    if "p" in given and "T" in given:
        grid = [(p, int(t)) for p in listed(given["p"]) for t in listed(given["T"])]
    found = {f"p={p},T={t}": list(coverage.non_rejection(t, p, confidence)) for p, t in grid}
    return found | {
        name: list(coverage.non_rejection(int(words[2]), float(words[1]), confidence)) for name, words in asked.items()
    }


def shortfall(given: Inputs) -> Answer:
    """Acerbi and Szekely's second statistic: 1 - sum L I / (T (1 - level) ES)."""
    losses = np.asarray(take(given, "losses", "L"), dtype=float)
    risk, mean = (np.broadcast_to(np.asarray(take(given, *names), dtype=float), losses.shape)
                  for names in (("VaR", "var"), ("ES", "es")))  # fmt: skip
    level = take(given, "level", "alpha")
    return {"Z2": coverage.shortfall_statistic(losses, risk, mean, level if level > 0.5 else 1.0 - level)}


def pinball(given: Inputs) -> Answer:
    """The loss of a quantile forecast, each and on average."""
    losses = np.asarray(take(given, "losses", "y"), dtype=float)
    quantiles = np.broadcast_to(np.asarray(take(given, "quantiles", "q"), dtype=float), losses.shape)
    scored = coverage.pinball(losses, quantiles, take(given, "level", "tau", "alpha"))
    return {"mean": float(scored.mean()), "each": scored.tolist()}


def procyclicality(given: Inputs) -> Answer:
    """Peak over trough and the largest rise of a margin within so many steps."""
    steps = tuple(int(step) for step in listed(take(given, "steps", "n", default=[1])))
    found = coverage.procyclicality_of(np.asarray(take(given, "margins", "R"), dtype=float), steps)
    rises = list(found.largest_rise.values())
    return {"peak_to_trough": found.peak_to_trough, "largest_rise": rises, "mean": found.mean}


def anti_procyclical(given: Inputs) -> Answer:
    """EMIR art. 28: a buffer eaten while requirements rise, stressed observations weighed in, a long floor."""
    buffer = take(given, "a_buffer", "buffer", default=1.25)
    found: Answer = {"a_on_4pct": 0.04 * buffer}
    if "a_sequence" in given or "R" in given:
        sequence = given["a_sequence"]["R"] if "a_sequence" in given else given["R"]
        found = {"a_charged": coverage.buffered(sequence, buffer).tolist()} | found
        floor = given.get("c", given.get("floor"))
        if floor is not None:
            least = floor["long_run"] if isinstance(floor, dict) else floor
            found["c_charged"] = coverage.long_floor(np.asarray(sequence, dtype=float), least).tolist()
    if "b" in given:
        part = given["b"]
        found["b_sigma"] = coverage.stressed_weight(part["current"], part["stressed"], part.get("weight", 0.25))
    return found


def ishigami(given: Inputs) -> Answer:
    """First-order and total Sobol indices of Ishigami's function, in closed form and as they are estimated here."""
    a, b = take(given, "a", default=7.0), take(given, "b", default=0.1)
    first, total = sensitivity.ishigami_indices(a, b)
    import math

    found = sensitivity.sobol_indices(
        lambda inputs: sensitivity.ishigami(inputs, a, b), [(-math.pi, math.pi)] * 3, count=4096
    )
    far = max(abs(x - y) for x, y in zip([*first, *total], [*found["first"], *found["total"]], strict=True))
    return {"S1": first, "ST": total, "estimate": found, "estimate_is_off_by": far}


MODELS: Final = {
    "basel-traffic-light": Model(traffic_light, "backtest", ("T", "p")),
    "chi2-critical": Model(chi_square, "backtest", ("df", "level")),
    "christoffersen": Model(clustered, "backtest", ("T", "p", "hit_index_0based")),
    "kupiec-nonrejection": Model(non_rejection, "backtest"),
    "kupiec": Model(proportion, "backtest", ("T", "p", "hits")),
    "acerbi-szekely": Model(shortfall, "backtest", ("losses", "VaR", "ES")),
    "pinball": Model(pinball, "backtest", ("losses", "quantiles")),
    "procyclicality": Model(procyclicality, "margin", ("margins",)),
    "emir-28": Model(anti_procyclical, "margin", ("a_buffer",)),
    "sobol-ishigami": Model(ishigami, "sensitivity", ("a", "b")),
}
