"""From assets to what their amounts are worth."""

from __future__ import annotations

from fractions import Fraction

from solvent.codes import Weighting
from solvent.rulebook.compile.work import Work, write_fields
from solvent.rulebook.rules import Collateral
from solvent.state.terms import Terms
from solvent.units import LIMIT, NANOSECONDS_PER_MILLISECOND, PPB, PPM


def tier_rows(work: Work, brackets: dict[tuple[tuple[int, int, int, int], ...], int]) -> dict[int, tuple[int, int]]:
    """First bracket and number of the tiers of every tiered asset; weights fall, so deductions are negative."""
    found: dict[int, tuple[int, int]] = {}
    for row, asset in enumerate(work.rulebook.collateral):
        if not asset.tiers:
            continue
        one = Fraction(10) ** (work.decimals if asset.by_value else asset.decimals)
        rows: list[tuple[int, int, int, int]] = []
        deduction = weight = 0
        for tier in asset.tiers:
            floor = Fraction(tier.floor) * one
            if floor.denominator != 1 or floor > LIMIT:
                work.tell_at(("collateral", row, "tiers"), f"{tier.floor} does not fit", "Write fewer decimals.")
            before, weight = weight, int(tier.weight * PPM)
            deduction += int(floor) * (weight - before)
            rows.append((int(floor), weight, deduction // PPM, deduction % PPM))
        found[row] = brackets.setdefault(tuple(rows), sum(map(len, brackets))), len(rows)
    return found


def write_assets(work: Work, terms: Terms, tiers: dict[int, tuple[int, int]]) -> None:
    """Collateral: amount x ticks x num / den is its value. An asset nobody prices is not accepted."""
    write_fields(
        terms.assets[0], {"used": 1, "value_num": 1, "value_den": 1, "initial_ppm": PPM, "maintenance_ppm": PPM}
    )
    write_fields(terms.assets[0], owed_fields(work, work.rulebook.collateral[0], 0))
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
        initial, maintenance = weights_ppm(asset)
        fields = {
            "used": 1,
            "price_instrument": instrument,
            "value_num": ratio.numerator,
            "value_den": ratio.denominator,
            "initial_ppm": initial,
            "maintenance_ppm": maintenance,
        }
        if row in tiers:
            fields["first_bracket"], fields["bracket_count"] = tiers[row]
            fields["weighting"] = Weighting.TIERS_OF_VALUE if asset.by_value else Weighting.TIERS_OF_AMOUNT
        elif asset.impact is not None:
            discount = (
                Fraction(asset.impact.scalar) / Fraction(asset.impact.scale) * PPM / Fraction(10) ** asset.decimals
            )
            fields |= {
                "weighting": Weighting.IMPACT,
                "impact_num": discount.numerator,
                "impact_den": discount.denominator,
                "impact_floor_ppm": int(asset.impact.floor * PPM),
                "impact_cap_ppm": int(asset.impact.cap * PPM),
            }
        write_fields(terms.assets[row], fields | owed_fields(work, asset, row))


def owed_fields(work: Work, asset: Collateral, row: int) -> dict[str, int]:
    """What may be owed of the asset and the rate paid on it; an amount with a fraction of its unit is a fault."""
    owed, borrow = asset.owed, work.rulebook.borrow
    if owed is None:
        return {}
    limit = Fraction(owed.limit) * Fraction(10) ** (asset.decimals if row else work.decimals)
    if limit.denominator != 1 or limit > LIMIT:
        work.tell_at(("collateral", row, "borrow", "limit"), f"{owed.limit} does not fit", "Write fewer decimals.")
    if row > 0:
        work.notes.append(f"Accounts that owe {asset.asset} are judged at every price: a debt has no certificate.")
    return {
        "borrow_limit_amount": int(limit),
        "liability_initial_ppm": int(owed.initial * PPM),
        "liability_maintenance_ppm": int(owed.maintenance * PPM),
        "lend_max_ppm": int(min(owed.lent_most, 1 - borrow.buffer) * PPM),
        "interest_floor_ppb": int(borrow.floor * PPB),
        "interest_base_ppb": int(borrow.base * PPB),
        "interest_above_ppb": int(borrow.above * PPB),
        "interest_optimal_ppm": int(borrow.optimal * PPM),
        "interest_square": int(borrow.square),
        "interest_kept_ppm": int(borrow.kept * PPM),
        "interest_ns": borrow.interval_ms * NANOSECONDS_PER_MILLISECOND,
    }


def weights_ppm(asset: Collateral) -> tuple[int, int]:
    """Shares that count at the initial and at the maintenance level."""
    return int(asset.initial * PPM), int(asset.maintenance * PPM)
