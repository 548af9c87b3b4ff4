"""Impact and cascades: square root, schedules, resilient books, fixed points, branching, toxic liquidations."""

from typing import Final

import numpy as np

from solvent.lab.cases.models.example import Answer, Inputs, Model, each, listed, take
from solvent.lab.statistics import impact


def almgren_chriss(given: Inputs) -> Answer:
    """The optimal schedule of a sale with linear impact, and the even one beside it."""
    arguments = (
        given["X"], given["T"], int(given["N"]), given["sigma"], given["gamma"], given["eps"], given["eta"],
    )  # fmt: skip
    best = impact.almgren_chriss(*arguments, take(given, "lambda", "lam"))
    even = impact.almgren_chriss(*arguments, 0.0)
    return {
        "holdings": list(best.holdings),
        "kappa_per_day": best.decay,
        "theta_days": best.half_life,
        "trades": (-np.diff(best.holdings)).tolist(),
        "E": best.expected_cost,
        "std": best.deviation,
        "V": best.deviation**2,
        "uniform": {"E": even.expected_cost, "std": even.deviation},
    }


def resilient_book(given: Inputs) -> Answer:
    """The optimal unwinding of a book that refills exponentially, and an even one's cost."""
    size, resilience, time = take(given, "X", default=1.0), given["rho"], given["T"]
    block, rate, cost = impact.obizhaeva_wang(size, resilience, time)
    count = 401
    even = impact.kernel_cost(np.full(count, size / count), np.linspace(0.0, time, count), resilience)
    return {"block": block, "rate": rate, "cost_unit_kernel": cost, "twap_cost_n400": even}


def square_root(given: Inputs) -> Answer:
    """Peak and average move of a trade that is some share of a day's volume."""

    def one(case: Inputs) -> Answer:
        share = case["Q_over_V"] if "Q_over_V" in case else case["Q"] / case["V"]
        peak, average = impact.square_root(take(case, "Y", default=1.0), take(case, "sigma_day", "sigma"), share)
        return {"peak": peak, "average_cost_2_3": average, "average": average}

    return each(given, one)


def borel(given: Inputs) -> Answer:
    """Size of a cascade in which each liquidation starts a Poisson number of others."""
    mean, variance = impact.borel_moments(given["mu"])
    most = int(take(given, "n", "N", default=20))
    chances = [impact.borel(given["mu"], count) for count in range(1, max(most, 20) + 1)]
    partial = {f"P(N=1..{count})": chances[:count] for count in range(1, len(chances) + 1)}
    single = {f"P(N={count})": chance for count, chance in enumerate(chances, start=1)}
    return {"mean": mean, "var": variance, **partial, **single}


def ladder(given: Inputs) -> Answer:
    """Least and greatest fixed point of a cascade down a ladder of thresholds, for each shock."""
    impact_of = take(given, "kappa_pct_per_unit", "kappa")
    thresholds, shocks = take(given, "thresholds_pct", "thresholds"), take(given, "shock_pct", "shock")
    points = [impact.cascade_points(thresholds, given["sizes"], impact_of, shock) for shock in listed(shocks)]
    least, greatest = [point[0] for point in points], [point[1] for point in points]
    gap = [high - low for low, high in points]
    names = {"least_fixed_point": least, "greatest_fixed_point": greatest, "gap": gap}
    return dict(names) if isinstance(shocks, list) else {name: values[0] for name, values in names.items()}


def linear(given: Inputs) -> Answer:
    """Where a cascade with linear feedback ends: shock / (1 - rho kappa)."""

    def one(case: Inputs) -> Answer:
        feedback = case["rho_kappa"] if "rho_kappa" in case else take(case, "rho") * take(case, "kappa")
        return {"total": impact.linear_cascade(case["shock"], feedback), "multiplier": 1.0 / (1.0 - feedback)}

    return each(given, one)


def rooted(given: Inputs) -> Answer:
    """Where a cascade with square-root impact ends: sqrt total = (a + sqrt(a^2 + 4 shock)) / 2."""

    def one(case: Inputs) -> Answer:
        scale = case.get("a")
        if scale is None:
            share = case["rho_over_V"] if "rho_over_V" in case else case["rho"] / case["V"]
            scale = take(case, "Y", default=1.0) * take(case, "sigma", "sigma_day") * share**0.5
        return {"total": impact.square_root_cascade(case["shock"], scale), "a": scale}

    return each(given, one)


def toxic(given: Inputs) -> Answer:
    """Loan to value above which a step lowers health: 1 / ((1 + i) lambda), lambda 1 + 2 c / y or 1 + phi c."""

    def one(case: Inputs) -> Answer:
        incentive = take(case, "i", "incentive")
        if "c_over_y" in case or ("c" in case and "y" in case):
            share = case["c_over_y"] if "c_over_y" in case else case["c"] / case["y"]
            limit = impact.toxic_frontier(incentive, share)
        else:
            limit = 1.0 / ((1.0 + incentive) * (1.0 + take(case, "phi") * take(case, "c")))
        return {"LTV_star": limit}

    return each(given, one)


def partial_size(given: Inputs) -> Answer:
    """Least size whose close-out under linear impact brings equity back to the fee: the smallest feasible root."""
    found = impact.partial_size(
        take(given, "alpha"), take(given, "mu"), take(given, "p", "mark"), take(given, "q"), take(given, "E", "equity"),
        take(given, "fee", default=0.0),
    )  # fmt: skip
    return {"dq": found, "size": found}


MODELS: Final = {
    "almgren-chriss": Model(almgren_chriss, "impact", ("X", "N", "gamma", "eta")),
    "obizhaeva-wang": Model(resilient_book, "impact", ("rho", "T")),
    "sqrt-impact": Model(square_root, "impact", ("sigma_day",)),
    "square-root-impact": Model(square_root, "impact"),
    "borel-cascade-size": Model(borel, "cascade", ("mu",)),
    "ladder-cascade": Model(ladder, "cascade", ("sizes",)),
    "linear-cascade": Model(linear, "cascade", ("shock", "rho_kappa")),
    "sqrt-cascade": Model(rooted, "cascade", ("shock",)),
    "square-root-cascade": Model(rooted, "cascade"),
    "toxic-frontier": Model(toxic, "cascade", ("cases",)),
    "partial-size": Model(partial_size, "impact", ("alpha", "mu")),
}
