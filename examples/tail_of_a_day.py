"""Twenty hours in which every market falls by a quarter, with the depth of a calm day and with a tenth of it.

Common random numbers: the second run draws the same prices and the same people, so its difference is the depth's.
"""

import polars as pl

from solvent.lab.worlds.conditions import Conditions, parse_shock
from solvent.lab.worlds.stress import Order, run_stress, with_shocks

calm = Order.of("stress", "solvent", model="garch-t", accounts=300, conditions=Conditions(horizon_s=3600))
rows = []
for shocks in (["crash:severe"], ["crash:severe", "depth:severe"]):
    run = run_stress(with_shocks(calm, [parse_shock(text) for text in shocks]), 20)
    worst = run.frame().sort("shortfall", descending=True).row(0, named=True)
    rows.append(
        {
            "shocks": " + ".join(shocks),
            "expected_shortfall_95": run.summary["expected_shortfall_95"],
            "worst_path": worst["path"],
            "shortfall_there": worst["shortfall"] / 1e6,
            "digest": run.summary["digest"][:12],
        }
    )
print(pl.DataFrame(rows))
