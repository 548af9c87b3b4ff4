"""From caps to rows: of every market, of the venue, and of collateral."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from solvent.rulebook.compile.work import Work, write_fields
from solvent.rulebook.contracts import Contract
from solvent.rulebook.rules import Cap
from solvent.rulebook.schema.limits import OUTFLOW_WINDOWS_MS
from solvent.state.terms import Terms
from solvent.units import LIMIT, NANOSECONDS_PER_MILLISECOND, PPM


def write_limits(work: Work, terms: Terms) -> None:
    """What a market can bear and what may leave the venue; caps on collateral stand in its rows."""
    limits = work.rulebook.limits
    caps = {"open interest": limits.open_interest, "a position": limits.position, "an owner's position": limits.owner}
    for name in ("depth", "supply"):
        bound = [what for what, cap in caps.items() if getattr(cap, name) is not None]
        silent = [contract.symbol for contract in work.contracts if getattr(contract, f"{name}_size") is None]
        if bound and silent:
            what = " and ".join(bound).capitalize()
            work.notes.append(f"{what} not held to {name}, which is not stated: {', '.join(silent)}.")
    for row, contract in enumerate(work.contracts):
        market: Any = terms.markets[row]
        market.order_band_ppm = int(limits.price_band * PPM)
        if work.rulebook.fill.skew_scale:
            # the price of the pool moves with what it holds
            lots = Fraction(work.rulebook.fill.skew_scale) / Fraction(contract.lot_size)
            market.fill_skew_lots = min(int(lots), LIMIT // 2)
        for name in ("depth", "supply"):
            size = getattr(contract, f"{name}_size")
            share = getattr(limits.open_interest, name)
            if size is not None:
                market[f"{name}_lots"] = min(int(Fraction(size) / Fraction(contract.lot_size)), LIMIT)
                market[f"open_interest_{name}_ppm"] = int((share or 0) * PPM)
        _write_position(work, market, contract, "position", limits.position)
        _write_position(work, market, contract, "owner", limits.owner)
    quanta = _quanta(work, "open_interest", limits.venue_open_interest)
    write_fields(
        terms.policy[0],
        {
            "outflow_ppm": int(limits.outflow * PPM),
            "outflow_window": OUTFLOW_WINDOWS_MS.index(limits.outflow_window_ms),
            "outflow_least_quanta": _quanta(work, "outflow", limits.outflow_minimum),
            "open_interest_quanta": quanta,
        },
    )
    _write_collateral(work, terms)


def _quanta(work: Work, name: str, amount: Decimal | None) -> int:
    """A cap in money; less than a quantum would mean no cap."""
    if not amount:
        if amount is not None and name != "outflow":
            work.tell_at(("limits",), f"the cap of {name} is nothing, which would mean no cap", "Write a larger cap.")
        return 0
    return max(min(int(Fraction(amount) * 10**work.decimals), LIMIT), 1)


def _write_position(work: Work, market: Any, contract: Contract, name: str, cap: Cap) -> None:
    """The cap of one account's position, or of one owner's."""
    lots = 0
    if cap.size is not None:
        lots = min(int(Fraction(cap.size) / Fraction(contract.lot_size)), LIMIT)
        if lots == 0:
            work.tell(
                f"contract {contract.symbol}",
                f"the cap of a {name.replace('owner', 'owner position')} is less than one lot, which would mean no cap",
                "Write a larger cap.",
            )
    market[f"{name}_lots"] = lots
    market[f"{name}_quanta"] = _quanta(work, name, cap.notional)
    if contract.depth_size is not None:
        market[f"{name}_depth_ppm"] = int((cap.depth or 0) * PPM)


def _write_collateral(work: Work, terms: Terms) -> None:
    """Caps by asset; one that names none holds for every priced asset without its own."""
    caps = {cap.asset: cap for cap in work.rulebook.limits.collateral}
    names = [asset.asset for asset in work.rulebook.collateral]
    for name in caps:
        if name is not None and name not in names[1:]:
            work.tell_at(("limits",), f"`{name}` is no priced collateral", f"Known: {', '.join(names[1:]) or 'none'}.")
    for row, asset in enumerate(work.rulebook.collateral):
        cap = caps.get(asset.asset, caps.get(None))
        if row == 0 or cap is None or terms.assets[row].used == 0:
            continue
        amount = min(int(Fraction(cap.cap) * 10**asset.decimals), LIMIT)
        if amount == 0:
            work.tell_at(("limits",), f"the cap of {asset.asset} is nothing", "Leave the asset out of [[collateral]].")
        start = datetime.fromisoformat(cap.ramp_from).replace(tzinfo=UTC).timestamp() if cap.ramp_from else 0
        write_fields(
            terms.assets[row],
            {
                "cap_amount": amount,
                "ramp_start_ns": int(start) * 10**9,
                "ramp_ns": cap.ramp_ms * NANOSECONDS_PER_MILLISECOND,
            },
        )
