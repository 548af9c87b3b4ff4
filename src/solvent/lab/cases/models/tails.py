"""Tails: generalised Pareto, its fit, normal and Student shortfalls, Hill's index."""

from typing import Final

from solvent.lab.cases.models.example import Answer, Inputs, Model, listed, take
from solvent.lab.statistics import tails
from solvent.lab.statistics.faults import statistic_error


def _levels(given: Inputs) -> list[float]:
    return [float(level) for level in listed(take(given, "alpha", "level", default=[0.975, 0.99, 0.999]))]


def _like(given: Inputs, values: list[float]) -> list[float] | float:
    """One number where one level was asked for without a list."""
    asked = take(given, "alpha", "level", default=[])
    return values if isinstance(asked, list) else values[0]


def pareto(given: Inputs) -> Answer:
    """Value at risk and expected shortfall of a Pareto tail beyond a threshold."""
    share = given["zeta_u"] if "zeta_u" in given else given["n_u"] / given["n"]
    tail = tails.Tail(given["u"], given["xi"], given["beta"], share)
    levels = _levels(given)
    return {
        "VaR": _like(given, [tail.value_at_risk(level) for level in levels]),
        "ES": _like(given, [tail.expected_shortfall(level) for level in levels]),
    }


def pareto_fit(given: Inputs) -> Answer:
    """Maximum-likelihood fit of a Pareto tail to the losses an example brings."""
    losses = given.get("data", given.get("losses"))
    if losses is None:
        raise statistic_error("gpd", "the example names its data but does not bring it", "Add `data` to its inputs.")
    tail = tails.fit_tail(losses, given["u"])
    found: Answer = {
        "xi": tail.shape,
        "beta": tail.scale,
        "n_exceed": tail.excesses,
        "loglik": tail.log_likelihood,
        "xi_se": tail.shape_error,
    }
    levels = _levels(given)
    usable = [level for level in levels if 1.0 - level <= tail.share]
    if len(usable) == len(levels):
        found["VaR"] = _like(given, [tail.value_at_risk(level) for level in levels])
        if tail.shape < 1.0:
            found["ES"] = _like(given, [tail.expected_shortfall(level) for level in levels])
            found |= {f"ES{100 * level:.10g}": tail.expected_shortfall(level) for level in levels}
    return found


def normal(given: Inputs) -> Answer:
    """Expected shortfall of a normal loss."""
    from statistics import NormalDist

    mean, deviation = take(given, "mu", default=0.0), take(given, "sigma", default=1.0)
    levels = _levels(given)
    short = [mean + deviation * tails.normal_expected_shortfall(level) for level in levels]
    risk = [mean + deviation * NormalDist().inv_cdf(level) for level in levels]
    return {"ES": _like(given, short), "VaR": _like(given, risk)}


def student(given: Inputs) -> Answer:
    """Value at risk and expected shortfall of a Student-t loss."""
    mean, scale = take(given, "mu", default=0.0), take(given, "sigma", "scale", default=1.0)
    pairs = [tails.student_expected_shortfall(take(given, "nu", "df"), level) for level in _levels(given)]
    return {
        "ES": _like(given, [mean + scale * pair[1] for pair in pairs]),
        "VaR": _like(given, [mean + scale * pair[0] for pair in pairs]),
    }


def hill(given: Inputs) -> Answer:
    """Hill's tail index from the k largest losses."""
    return {"xi": tails.hill_index(take(given, "data", "losses"), int(take(given, "k")))}


MODELS: Final = {
    "gpd-closed-form": Model(pareto, "evt", ("u", "xi", "beta")),
    "gpd-danish": Model(pareto_fit, "evt", ("u",)),
    "gpd-fit": Model(pareto_fit, "evt", ("u", "data")),
    "es-normal": Model(normal, "evt"),
    "es-student": Model(student, "evt", ("nu",)),
    "hill": Model(hill, "evt", ("k",)),
}
