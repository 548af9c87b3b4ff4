"""First passages: to zero equity, to a barrier that is looked at now and then, by a jump, and out of a band."""

from typing import Final

from solvent.lab.cases.models.example import Answer, Inputs, Model, each, of_each, take
from solvent.lab.statistics import passage


def brownian(given: Inputs) -> Answer:
    """Chance that a Brownian motion with drift falls by b within T."""

    def one(case: Inputs) -> Answer:
        return {"P": passage.passage_probability(case["b"], take(case, "mu", default=0.0), case["sigma"], case["T"])}

    return each(given, one)


def monitored(given: Inputs) -> Answer:
    """The same when it is only looked at n times: the barrier moves out by 0.5826 sigma sqrt(T / n)."""
    if isinstance(given.get("n"), list):
        common = {name: value for name, value in given.items() if name != "n"}
        given = common | {"cases": [{"n": count} for count in given["n"]]}

    def one(case: Inputs) -> Answer:
        count = case.get("n")
        apart = take(case, "delta", "Delta", "dt") if count is None else case["T"] / count
        shifted = passage.monitored_distance(case["b"], case["sigma"], apart)
        drift = take(case, "mu", default=0.0)
        return {
            "P": passage.passage_probability(shifted, drift, case["sigma"], case["T"]),
            "b": shifted,
            "b_shifted": shifted,
            "P_continuous": passage.passage_probability(case["b"], drift, case["sigma"], case["T"]),
        }

    return each(given, one)


def jumps(given: Inputs) -> Answer:
    """First passage with one-sided exponential jumps, discounted: in all, by creeping, by a jump, and the debt left."""
    rate = take(given, "eta") if "eta" in given else 1.0 / take(given, "jump_mean")
    found = passage.jump_passage(
        given["b"], take(given, "mu", default=0.0), given["sigma"], take(given, "lam", "lambda"), rate,
        take(given, "alpha", "discount"),
    )  # fmt: skip
    debt = found.expected_shortfall(rate)
    names = {"total": found.total, "creep": found.creeping, "creeping": found.creeping, "jump": found.by_jump}
    return names | {"bad_debt": debt, "bad_debt_per_notional": debt, "expected_bad_debt": debt}


def touch(given: Inputs) -> Answer:
    """Chance of touching a level at distance d without drift: the null against which a magnet is measured."""

    def one(case: Inputs) -> Answer:
        null = passage.touch_probability(case["d"], case["sigma"], case["T"])
        observed = case.get("hit_rate", case.get("P_hat"))
        return {"P": null} | ({} if observed is None else {"M": observed / null})

    return each(given, one)


def unwind(given: Inputs) -> Answer:
    """What an even unwinding over tau risks against a margin m."""
    found = passage.linear_unwind(
        take(given, "m"), take(given, "sigma_per_sqrt_min", "sigma"), take(given, "tau_min", "tau", "T"),
        take(given, "I", "impact", "cost", default=0.0),
    )  # fmt: skip
    return {
        "P_terminal_loss_gt_m": found.terminal_loss_beyond,
        "P_path_touches_zero": found.path_touches_zero,
        "E_shortfall_per_notional": found.expected_shortfall_per_notional,
        "loss_var_over_sigma2_tau": found.variance_ratio,
    }


def merton(given: Inputs) -> Answer:
    """Default probability of a value that follows a geometric Brownian motion, and its distance to default."""

    def one(case: Inputs) -> Answer:
        from statistics import NormalDist

        chance = passage.default_probability(
            case["V"], case["D"], take(case, "mu", "r", default=0.0), case["sigma"], case["T"]
        )
        distance = -NormalDist().inv_cdf(chance) if 0.0 < chance < 1.0 else None
        return {"PD": chance, "DD": distance, "distance_to_default": distance}

    return each(given, one)


def band(given: Inputs) -> Answer:
    """Half-width of the band a driftless log-price stays in."""

    def one(case: Inputs) -> Answer:
        width = passage.price_band(take(case, "sigma_year", "sigma"), take(case, "prob", "p"), case["minutes"])
        return {"half_width": width}

    return each(given, one)


MODELS: Final = {
    "bm-first-passage": Model(brownian, "first-passage", ("cases",)),
    "bgk-discrete-monitoring": Model(monitored, "first-passage", ("b", "sigma", "T", "n")),
    "kou-one-sided": Model(of_each(jumps), "first-passage", ("b", "eta", "alpha")),
    "magnet-null": Model(touch, "breaker", ("d", "sigma", "T")),
    "merton": Model(merton, "pd", ("V", "D")),
    "price-band": Model(band, "breaker", ("sigma_year", "cases")),
    "twap-liquidation": Model(of_each(unwind), "first-passage", ("m", "tau_min")),
}
