"""First the settlement currency at par, then assets with weights that leave liquidation room."""

from __future__ import annotations

from solvent.rulebook.checks.parts import Parts, Tell, known_rows, tell_twins


def check_collateral(parts: Parts, tell: Tell) -> None:
    """First the settlement currency at par, then assets with weights that leave liquidation room."""
    for row, asset in known_rows(parts.collateral):
        if row == 0:
            if asset.kind != "par":
                tell(("collateral", 0, "kind"), "the settlement currency counts at par", 'Write kind = "par".')
            if parts.settlement is not None and asset.asset != parts.settlement:
                tell(
                    ("collateral", 0, "asset"),
                    f"the first collateral is `{asset.asset}`, not the settlement currency",
                    f"Put {parts.settlement} first.",
                )
        elif asset.kind == "par":
            tell(
                ("collateral", row, "kind"),
                "only the settlement currency counts at par",
                'Write kind = "weight" and let a contract price it.',
            )
        if asset.maintenance < asset.initial:
            tell(
                ("collateral", row, "maintenance_ppm"),
                "the asset counts less against liquidation than for opening",
                f"Write at least {asset.initial * 1_000_000}.",
            )
    tell_twins(((("collateral", row, "asset"), asset.asset) for row, asset in known_rows(parts.collateral)), tell)


def check_borrow(parts: Parts, kind: str | None, tell_unrun: Tell) -> None:
    """A rate is charged on collateral that is owed, and on nothing else."""
    owed = any(asset.owed is not None for _row, asset in known_rows(parts.collateral))
    if kind in ("kink", "utilisation") and not owed and "collateral" in parts.complete:
        tell_unrun(
            ("borrow", "kind"),
            "no collateral may be owed, and positions are not charged for the use of the pool",
            "Give a collateral its `borrow.limit`, or remove the rate and say so in meta.not_expressed.",
        )
