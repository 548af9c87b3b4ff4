"""From what was read to records: layers of the waterfall."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from solvent.rulebook.locate import Path
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules import LossStage
from solvent.rulebook.rules.loss import ON_WITHDRAWAL


def build_loss(_reading: Reading, value: dict[str, Any], _path: Path) -> LossStage | None:
    """A layer; what its kind does not use stays empty. Kinds that are others by name become those."""
    kind = value["kind"]
    if kind in ("designated_makers", "mint_auction", "time_settlement", "deficit_ledger"):
        return None  # the first and the third the machine does not run, the others are the deficit that is left
    if kind == "socialise" and value["base"] == "withdrawals":
        kind = ON_WITHDRAWAL
    elif kind == "socialise":
        kind = "haircut_gains" if value["base"] in ("session_gains", "unrealised_gains") else "haircut_all"
    kind = {"pool": "liquidity_vault", "protocol_reserves": "venue_capital"}.get(kind, kind)
    return LossStage(
        kind=kind,
        to=value.get("to", ""),
        scope="venue" if value.get("scope") == "settlement_currency" else value.get("scope", ""),
        id=value.get("id", "pool" if value["kind"] == "pool" else ""),
        cap=value.get("draw_cap_ppm", Fraction(1)),
    )
