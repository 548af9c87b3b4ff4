"""Predictions: scores of default probabilities, prior correction, stressed lights, online quantiles, risk factors."""

from typing import Final

from solvent.advisors import lognormal, online, scoring
from solvent.lab.cases.models.example import Answer, Inputs, Model, each, listed, of_each, take


def scores(given: Inputs) -> Answer:
    """Brier and its parts, log loss, calibration error and ranking of probabilities against outcomes."""
    p, y = take(given, "p", "probabilities"), take(given, "y", "outcomes")
    found = scoring.report(p, y)
    found["murphy_sum"] = found["reliability"] - found["resolution"] + found["uncertainty"]
    if "bins" in given or "groups" in given:
        found["ece_by_mass"] = scoring.error_by_mass(p, y, int(take(given, "bins", "groups")))
    shortfalls = given.get("shortfall", given.get("loss"))
    if shortfalls is not None:
        found["capture"] = scoring.capture(p, shortfalls, take(given, "share", "top", default=0.1))
    return found


def prior_correction(given: Inputs) -> Answer:
    """A probability learnt on a sample with too many defaults, for the world it is meant for."""
    values = take(given, "p", "p_model", "p_sample", "score")
    sample = take(given, "sample_rate", "sample_prior", "pi_sample", "rho", "sample_share", "r_sample", "train_rate")
    true = take(given, "true_rate", "population_prior", "pi_true", "tau", "pi", "true_share", "prior", "r_true")
    corrected = [scoring.prior_corrected(value, sample, true) for value in listed(values)]
    answer = corrected if isinstance(values, list) else corrected[0]
    return {"p": answer, "p_corrected": answer, "corrected": answer, "PD": answer}


def stressed(given: Inputs) -> Answer:
    """Default probability in a bad year, and the light of a count of defaults against it."""
    p, rho, z = take(given, "PD", "p"), take(given, "rho", "correlation", default=0.0), take(given, "z", default=0.0)
    found: Answer = {"PD_stressed": scoring.stressed_probability(p, rho, z)}
    if "n" in given and ("defaults" in given or "k" in given):
        found["light"] = scoring.light(int(given["n"]), int(take(given, "defaults", "k")), p, rho, z)
    return found


def drift(given: Inputs) -> Answer:
    """How far one sample's distribution is from another's."""
    import math

    if "expected_share" in given:
        pairs = zip(given["expected_share"], take(given, "actual_share"), strict=True)
        return {"psi": sum((b - a) * math.log(b / a) for a, b in pairs)}
    return {"psi": scoring.drift(take(given, "before", "a"), take(given, "after", "b"))}


def tracker(given: Inputs) -> Answer:
    """How far an online quantile's error may be from its level, and how far it was on a given stream."""
    rate, limit = take(given, "eta", "rate"), take(given, "loss_bound", "B", default=1.0)
    losses = given.get("losses")
    steps = int(take(given, "T", "steps", default=len(losses) if losses is not None else None))
    found: Answer = {"bound": online.tracker_bound(limit, rate, steps)}
    if losses is not None:
        alpha = take(given, "alpha")
        stream = online.track(losses, alpha, rate, take(given, "q0", "q1", "start", default=0.0))
        found |= {
            "error": stream.error,
            "abs_error": abs(stream.error - alpha),
            "q": stream.charged.tolist(),
            "inside": abs(stream.error - alpha) <= found["bound"],
        }
    return found


def adaptive(given: Inputs) -> Answer:
    """How far adaptive conformal inference's error may be from its level."""
    start = take(given, "alpha1", "alpha_1", "alpha0", "alpha_start", "alpha")
    return {"bound": online.adaptive_bound(start, take(given, "gamma", "rate"), int(take(given, "T", "steps")))}


def conformal(given: Inputs) -> Answer:
    """One-sided conformal buffer over scores."""
    level = given["level"] if "level" in given else 1.0 - take(given, "alpha")
    buffer = online.buffer_for(take(given, "scores"), level)
    return {"buffer": buffer, "quantile": buffer}


def risk_factors(given: Inputs) -> Answer:
    """Expected shortfall of a log-normal price, for a long and for a short, as shares of the mark."""

    def one(case: Inputs) -> Answer:
        time = take(case, "tau", "h", "T")
        found = lognormal.risk_factors(take(case, "lambda", "lam"), time, case["sigma"], take(case, "mu", default=0.0))
        return {"short": found.short, "long": found.long, "long_ours": found.long}

    return each(given, one)


MODELS: Final = {
    "pd-metrics": Model(scores, "pd", ("p", "y")),
    "prior-correction": Model(prior_correction, "pd", ("p",)),
    "vasicek": Model(of_each(stressed), "pd", ("PD", "rho")),
    "psi": Model(drift, "pd", ("before", "after")),
    "quantile-tracker": Model(tracker, "control", ("eta", "T")),
    "aci": Model(of_each(adaptive), "control", ("gamma", "T")),
    "conformal": Model(conformal, "control", ("scores",)),
    "vega-risk-factor": Model(risk_factors, "margin", ("cases",)),
    "lognormal-es": Model(risk_factors, "margin", ("lambda", "sigma")),
}
