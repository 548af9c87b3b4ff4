"""What those who owe an asset pay for it."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import Parameter, choice, decimal, ms, ppm, table
from solvent.rulebook.schema.funding import YEARLY_MAX

BORROW: Final[tuple[Parameter, ...]] = (
    table("borrow", "What is owed for capital in use.", default={}),
    choice(
        "borrow.kind",
        "How the yearly rate of what is owed follows the share of the deposits that is lent: not at all, with a kink,"
        " or by a power of it (0 is a fixed rate). It is charged by AccrueInterest on collateral that may be owed.",
        "none",
        "kink",
        "utilisation",
        default="none",
    ),
    ppm("borrow.optimal_ppm", "Utilisation at the kink.", kinds=("kink",), required=True),
    ppm("borrow.base_ppm_per_year", "Rate at the kink.", kinds=("kink",), least=0, most=YEARLY_MAX, required=True),
    ppm(
        "borrow.above_ppm_per_year",
        "What is added from the kink to full utilisation.",
        kinds=("kink",),
        least=0,
        most=YEARLY_MAX,
        required=True,
    ),
    ppm(
        "borrow.factor_ppm_per_year",
        "Rate at full utilisation.",
        kinds=("utilisation",),
        least=0,
        most=YEARLY_MAX,
        required=True,
    ),
    decimal("borrow.exponent", "Power of utilisation: 0, 1 or 2.", "ratio", kinds=("utilisation",), default="1"),
    ppm(
        "borrow.reserve_buffer_ppm",
        "Share of the deposits that is never lent.",
        kinds=("utilisation",),
        least=0,
        default=0,
    ),
    ppm(
        "borrow.floor_ppm_per_year",
        "Rate paid at any utilisation, on top of which the rest comes.",
        kinds=("kink", "utilisation"),
        least=0,
        most=YEARLY_MAX,
        default=0,
    ),
    ppm(
        "borrow.kept_ppm",
        "Share of the interest the venue keeps.",
        kinds=("kink", "utilisation"),
        least=0,
        default=0,
    ),
    ms(
        "borrow.interval_ms",
        "Interest is for whole intervals; 0 is for the time since the last accrual.",
        kinds=("kink", "utilisation"),
        least=0,
        default=0,
    ),
)
