"""From assets to what their amounts are worth."""

from __future__ import annotations

from fractions import Fraction

from solvent.rulebook.compile.work import Work
from solvent.rulebook.rules import Collateral
from solvent.state.terms import Terms
from solvent.units import LIMIT, PPM


def write_assets(work: Work, terms: Terms) -> None:
    """Collateral: amount x ticks x num / den is its value. An asset nobody prices is not accepted."""
    terms.assets[0] = (1, 0, 1, 1, PPM, PPM)
    bases = [contract.base for contract in work.contracts]
    for row, asset in enumerate(work.rulebook.collateral):
        if row == 0:
            continue
        if asset.price not in bases:
            work.notes.append(f"Collateral {asset.asset} is not accepted: no instrument prices {asset.price}.")
            continue
        instrument = bases.index(asset.price)
        ratio = Fraction(work.contracts[instrument].tick_size) * Fraction(10) ** (work.decimals - asset.decimals)
        if ratio.denominator > LIMIT or int(terms.contracts[instrument].price_max_ticks) * ratio.numerator >= LIMIT:
            work.tell_at(
                ("collateral", row, "decimals"),
                f"the value of {asset.asset} does not fit the machine's arithmetic",
                "Choose decimals nearer to those of the settlement currency.",
            )
            continue
        terms.assets[row] = (1, instrument, ratio.numerator, ratio.denominator, *weights_ppm(asset))


def weights_ppm(asset: Collateral) -> tuple[int, int]:
    """Shares that count at the initial and at the maintenance level."""
    return int(asset.initial * PPM), int(asset.maintenance * PPM)
