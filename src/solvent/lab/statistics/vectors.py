"""Worked examples of models, checked: a file of `tests`, each with id, inputs, expected and a tolerance.

An example's kind is its id up to a trailing number (`mutual-fund-10`), or the longest known kind its id begins with.
A number may differ by the tolerance, absolute or relative to what is expected; what an example expects and a rule
does not give is a failure.
"""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from solvent.lab.fairness.worked import RULES as ALLOCATIONS
from solvent.lab.statistics import coverage, funds, impact, passage, sensitivity, tails
from solvent.lab.statistics.faults import StatisticError, statistic_error

if TYPE_CHECKING:
    import polars

Inputs = Mapping[str, Any]
Rule = Callable[[Inputs], dict[str, Any]]


def _almgren_chriss(given: Inputs) -> dict[str, Any]:
    arguments = (
        given["X"], given["T"], int(given["N"]), given["sigma"], given["gamma"], given["eps"], given["eta"],
    )  # fmt: skip
    best = impact.almgren_chriss(*arguments, given["lambda"])
    even = impact.almgren_chriss(*arguments, 0.0)
    return {
        "kappa_per_day": best.decay,
        "theta_days": best.half_life,
        "holdings": list(best.holdings),
        "E": best.expected_cost,
        "std": best.deviation,
        "uniform": {"E": even.expected_cost, "std": even.deviation},
    }


def _traffic_light(given: Inputs) -> dict[str, Any]:
    from scipy.stats import binom

    observations, probability = int(given["T"]), given["p"]
    green, red = coverage.zones(observations, probability)
    return {
        "binom_cdf_0_to_10": binom.cdf(np.arange(11), observations, probability).tolist(),
        "green_max": green,
        "yellow": [green + 1, red - 1],
        "red_min": red,
        "plus": {str(hits): coverage.PLUS.get(hits, 1.0) for hits in range(5, 11)},
    }


def _passages(given: Inputs) -> dict[str, Any]:
    cases = given["cases"]
    return {"P": [passage.passage_probability(c["b"], c["mu"], c["sigma"], c["T"]) for c in cases]}


def _borel(given: Inputs) -> dict[str, Any]:
    mean, variance = impact.borel_moments(given["mu"])
    return {"P(N=1..5)": [impact.borel(given["mu"], n) for n in range(1, 6)], "mean": mean, "var": variance}


def _chi_square(given: Inputs) -> dict[str, Any]:
    from scipy.stats import chi2

    return {f"df{freedom}": chi2.ppf(given["level"], freedom).tolist() for freedom in given["df"]}


def _clustered(given: Inputs) -> dict[str, Any]:
    hits = np.zeros(int(given["T"]), dtype=bool)
    hits[given["hit_index_0based"]] = True
    found = coverage.coverage_of(hits, given["p"])
    names = dict(zip(("n00", "n01", "n10", "n11"), found.transitions, strict=True))
    return {**names, "LR_ind": found.independence, "LR_pof": found.proportion, "LR_cc": found.both}


def _pool_push(given: Inputs) -> dict[str, Any]:
    reserve, factors = given["quote_reserve"], given["factor"]
    return {
        "one_way_cost": [impact.pool_push_cost(reserve, factor) for factor in factors],
        "max_safe_one_sided_oi": [impact.safe_open_interest(reserve, factor) for factor in factors],
    }


def _ruin(given: Inputs) -> dict[str, Any]:
    loading, ruin = funds.ruin_probability(given["u"], given["premium_rate"], given["lam"], given["claim_mean"])
    return {"theta": loading, "ruin": ruin}


def _anti_procyclical(given: Inputs) -> dict[str, Any]:
    weighted = given["b"]
    return {
        "a_on_4pct": 0.04 * given["a_buffer"],
        "b_sigma": coverage.stressed_weight(weighted["current"], weighted["stressed"], weighted["weight"]),
        "a_charged": coverage.buffered(given["a_sequence"]["R"], given["a_buffer"]).tolist(),
    }


def _student(given: Inputs) -> dict[str, Any]:
    pairs = [tails.student_expected_shortfall(given["nu"], level) for level in given["alpha"]]
    return {"VaR": [pair[0] for pair in pairs], "ES": [pair[1] for pair in pairs]}


def _pareto(given: Inputs) -> dict[str, Any]:
    tail = tails.Tail(given["u"], given["xi"], given["beta"], given["zeta_u"])
    levels = given["alpha"]
    return {
        "VaR": [tail.value_at_risk(level) for level in levels],
        "ES": [tail.expected_shortfall(level) for level in levels],
    }


def _pareto_fit(given: Inputs) -> dict[str, Any]:
    if "data" not in given:
        raise statistic_error("gpd", "the example names its data but does not bring it", "Add `data` to its inputs.")
    tail = tails.fit_tail(given["data"], given["u"])
    return {"n_exceed": tail.excesses, "xi": tail.shape, "beta": tail.scale, "loglik": tail.log_likelihood}


def _non_rejection(given: Inputs) -> dict[str, Any]:
    grid = [(p, t) for p in (0.01, 0.025, 0.05, 0.075, 0.1) for t in (255, 510, 1000)]
    if "p" in given and "T" in given:
        levels, lengths = (value if isinstance(value, list) else [value] for value in (given["p"], given["T"]))
        grid = [(p, int(t)) for p in levels for t in lengths]
    return {f"p={p},T={t}": list(coverage.non_rejection(t, p)) for p, t in grid}


def _ladder(given: Inputs) -> dict[str, Any]:
    points = [
        impact.cascade_points(given["thresholds_pct"], given["sizes"], given["kappa_pct_per_unit"], shock)
        for shock in given["shock_pct"]
    ]
    return {"least_fixed_point": [p[0] for p in points], "greatest_fixed_point": [p[1] for p in points]}


def _newsvendor(given: Inputs) -> dict[str, Any]:
    mean = given["D"]
    if isinstance(mean, str):
        import re

        number = re.search(r"mean\s+([\d.]+)", mean)
        if number is None:
            raise statistic_error("newsvendor", f"{mean!r} is no exponential law", "Write D as `Exp(mean 5m)`.")
        mean = float(number[1])
    return {"K_m": funds.newsvendor_exponential(mean, given["r"], given["kappa"])}


def _resilient_book(given: Inputs) -> dict[str, Any]:
    block, rate, cost = impact.obizhaeva_wang(given["X"], given["rho"], given["T"])
    count = 401
    even = np.full(count, given["X"] / count)
    twap = impact.kernel_cost(even, np.linspace(0.0, given["T"], count), given["rho"])
    return {"block": block, "rate": rate, "cost_unit_kernel": cost, "twap_cost_n400": twap}


def _square_root(given: Inputs) -> dict[str, Any]:
    peak, average = impact.square_root(given["Y"], given["sigma_day"], given["Q_over_V"])
    return {"peak": peak, "average_cost_2_3": average}


def _unwind(given: Inputs) -> dict[str, Any]:
    found = passage.linear_unwind(given["m"], given["sigma_per_sqrt_min"], given["tau_min"])
    return {
        "P_path_touches_zero": found.path_touches_zero,
        "P_terminal_loss_gt_m": found.terminal_loss_beyond,
        "E_shortfall_per_notional": found.expected_shortfall_per_notional,
        "loss_var_over_sigma2_tau": found.variance_ratio,
    }


def _ishigami(given: Inputs) -> dict[str, Any]:
    found = sensitivity.sobol_indices(
        lambda inputs: sensitivity.ishigami(inputs, given["a"], given["b"]), [(-math.pi, math.pi)] * 3, count=4096
    )
    return {"S1": found["first"], "ST": found["total"]}


def _popcat(given: Inputs) -> dict[str, Any]:
    lost, vault, inventory = (given.get(name, default) for name, default in _POPCAT.items())
    return {
        "attacker_loss_m": lost,
        "vault_loss_m": vault,
        "inventory_m": inventory,
        "griefing_factor": impact.griefing_factor(vault, lost),
        "loss_over_inventory": vault / inventory,
    }


_POPCAT: Final = {"attacker_loss_m": 3.0, "vault_loss_m": 4.9, "inventory_m": 25}
"""Press reports of 12 November 2025: what the attacker lost, what the vault lost, what it held (millions)."""


def _monitored(given: Inputs) -> dict[str, Any]:
    shifted = passage.monitored_distance(given["b"], given["sigma"], given["T"] / given["n"])
    return {"P": passage.passage_probability(shifted, given.get("mu", 0.0), given["sigma"], given["T"]), "b": shifted}


def _jumps(given: Inputs) -> dict[str, Any]:
    found = passage.jump_passage(given["b"], given["mu"], given["sigma"], given["lam"], given["eta"], given["alpha"])
    return {
        "total": found.total,
        "creep": found.creeping,
        "jump": found.by_jump,
        "bad_debt": found.expected_shortfall(given["eta"]),
    }


NOT_COMPARED: Final = frozenset({"long_in_vega_fixtures"})
"""What an example quotes and itself says is not to be used as truth."""


def _risk_factors(given: Inputs) -> dict[str, Any]:
    from solvent.advisors.lognormal import risk_factors

    found = [risk_factors(case["lambda"], case["tau"], case["sigma"]) for case in given["cases"]]
    return {"short": [pair[1] for pair in found], "long_ours": [pair[0] for pair in found]}


def expected_of(expected: Any) -> Any:
    """What an example expects, without what it only quotes."""
    if not isinstance(expected, Mapping):
        return expected
    return {name: value for name, value in expected.items() if name not in NOT_COMPARED}


RULES: Final[dict[str, Rule]] = {
    "almgren-chriss": _almgren_chriss,
    "basel-traffic-light": _traffic_light,
    "bgk-discrete-monitoring": _monitored,
    "bm-first-passage": _passages,
    "borel-cascade-size": _borel,
    "chi2-critical": _chi_square,
    "christoffersen": _clustered,
    "cp-amm-manipulation": _pool_push,
    "cramer-lundberg": _ruin,
    "emir-28": _anti_procyclical,
    "es-normal": lambda given: {"ES": [tails.normal_expected_shortfall(level) for level in given["alpha"]]},
    "es-student": _student,
    "gpd-closed-form": _pareto,
    "gpd-danish": _pareto_fit,
    "kou-one-sided": _jumps,
    "kupiec-nonrejection": _non_rejection,
    "ladder-cascade": _ladder,
    "linear-cascade": lambda given: {"total": impact.linear_cascade(given["shock"], given["rho_kappa"])},
    "magnet-null": lambda given: {"P": passage.touch_probability(given["d"], given["sigma"], given["T"])},
    "merton": lambda given: {
        "PD": passage.default_probability(given["V"], given["D"], given["mu"], given["sigma"], given["T"])
    },
    "newsvendor": _newsvendor,
    "obizhaeva-wang": _resilient_book,
    "popcat": _popcat,
    "price-band": lambda given: {
        "half_width": [passage.price_band(given["sigma_year"], c["prob"], c["minutes"]) for c in given["cases"]]
    },
    "sobol-ishigami": _ishigami,
    "sqrt-impact": _square_root,
    "toxic-frontier": lambda given: {
        "LTV_star": [impact.toxic_frontier(c["i"], c["c_over_y"]) for c in given["cases"]]
    },
    "twap-liquidation": _unwind,
    "vega-risk-factor": _risk_factors,
    **ALLOCATIONS,
}


def rule_of(identifier: str) -> str | None:
    """The kind an example's id belongs to: the longest it begins with."""
    fitting = [kind for kind in RULES if identifier == kind or identifier.startswith(kind)]
    return max(fitting, key=len) if fitting else None


def differences(expected: Any, got: Any, tolerance: float, path: str = "") -> list[str]:
    """Where an answer is not what was expected, as sentences."""
    if isinstance(expected, Mapping):
        if not isinstance(got, Mapping):
            return [f"{path}: expected names, got {got!r}"]
        found: list[str] = []
        for name, value in expected.items():
            if name in got:
                found += differences(value, got[name], tolerance, f"{path}.{name}".lstrip("."))
            else:
                found.append(f"{path}.{name}: nothing of this name was given".lstrip("."))
        return found
    if isinstance(expected, list):
        if not isinstance(got, list | tuple) or len(got) != len(expected):
            return [f"{path}: expected {len(expected)} numbers, got {got!r}"]
        return [
            line
            for place, (one, other) in enumerate(zip(expected, got, strict=True))
            for line in differences(one, other, tolerance, f"{path}[{place}]")
        ]
    if isinstance(expected, int | float) and isinstance(got, int | float):
        room = max(tolerance, tolerance * abs(expected), 4e-15 * abs(expected))
        return [] if abs(expected - got) <= room else [f"{path}: expected {expected!r}, got {got!r}"]
    return [] if expected == got else [f"{path}: expected {expected!r}, got {got!r}"]


def tolerance_of(given: Any) -> float:
    """A tolerance is a number, or numbers by name of which the widest counts."""
    if isinstance(given, Mapping):
        return max((float(value) for value in given.values()), default=0.0)
    return float(given or 0.0)


def check_examples(place: str | Path) -> "polars.DataFrame":
    """One row an example: id, kind, outcome (passed, failed, not ours, no data), and what differs.

    Raises StatisticError for a file that holds no examples.
    """
    import polars as pl

    try:
        document = json.loads(Path(place).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise statistic_error(str(place), f"it cannot be read: {error}", "Name a JSON file of examples.") from None
    entries = document.get("tests") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise statistic_error(str(place), "it holds no list of tests", 'Write {"tests": [{"id": ...}]}.')
    rows = []
    for entry in entries:
        kind = rule_of(entry["id"])
        outcome, told = "not ours", ""
        if kind is not None:
            try:
                lines = differences(
                    expected_of(entry["expected"]), RULES[kind](entry["inputs"]), tolerance_of(entry.get("tol", 0))
                )
                outcome, told = ("failed", "; ".join(lines)) if lines else ("passed", "")
            except StatisticError as error:
                outcome, told = "no data", str(error)
            except KeyError as error:
                outcome, told = "failed", f"the inputs lack {error}"
        rows.append({"id": entry["id"], "area": entry.get("area", ""), "kind": kind, "outcome": outcome, "told": told})
    return pl.DataFrame(rows, schema=dict.fromkeys(("id", "area", "kind", "outcome", "told"), pl.String))
