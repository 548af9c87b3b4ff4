"""From pools to rows, and which market is backed by which."""

from __future__ import annotations

from fractions import Fraction

from solvent.rulebook.compile.work import Work, write_fields
from solvent.rulebook.locate import Path
from solvent.rulebook.rules.pools import VAULT, Pool
from solvent.state.terms import Terms
from solvent.units import NANOSECONDS_PER_MILLISECOND, PPM


def rows_of_pools(pools: tuple[Pool, ...]) -> dict[str, int]:
    """Row of each pool: the vault is the first, the others follow in the order of the document."""
    names = [pool.id for pool in pools if pool.id != VAULT]
    return {VAULT: 0} | {name: place + 1 for place, name in enumerate(names)}


def write_pools(work: Work, terms: Terms) -> None:
    """Pools and backings. A base that no contract has is told."""
    rows = rows_of_pools(work.rulebook.pools)
    bases = {contract.base for contract in work.contracts}
    terms.pools[0].used = 1
    for place, pool in enumerate(work.rulebook.pools):
        path: Path = ("pools", "pool", place)
        for market in sorted({*pool.markets, *pool.targets} - bases):
            work.notes.append(f"pool {pool.id}: no instrument has the base {market}.")
        fields = {
            "used": 1,
            "notice_ns": pool.notice_ms * NANOSECONDS_PER_MILLISECOND,
            "deposit_cap_quanta": work.quanta(pool.deposit_cap, (*path, "deposit_cap")),
            "hour_cap_quanta": work.quanta(pool.hour_cap, (*path, "hour_cap")),
            "concentration_ppm": int(pool.concentration * PPM),
            "correlation_ppm": int(pool.correlation * PPM),
        }
        if pool.unwind is not None:
            fields |= {
                "unwind_ns": pool.unwind.interval_ms * NANOSECONDS_PER_MILLISECOND,
                "unwind_depth_ppm": int(pool.unwind.depth * PPM),
                "unwind_limit_ppm": int(pool.unwind.limit * PPM),
                "unwind_whole_quanta": work.quanta(pool.unwind.whole_below, (*path, "unwind", "whole_below")),
            }
        write_fields(terms.pools[rows[pool.id]], fields)
    for row, contract in enumerate(work.contracts):
        own = _pool_of(work, contract.base)
        if own is None:
            continue
        place, pool = own
        path = ("pools", "pool", place)
        lots = Fraction(pool.targets.get(contract.base, 0)) / Fraction(contract.lot_size)
        if lots.denominator != 1:
            work.tell_at((*path, "target", contract.base), "the target is no whole number of lots", "Round it to lots.")
        write_fields(
            terms.backings[row],
            {
                "pool": rows[pool.id],
                "cap_quanta": work.quanta(pool.market_cap, (*path, "market_cap")),
                "hour_cap_quanta": work.quanta(pool.market_hour_cap, (*path, "market_hour_cap")),
                "discount_ppm": int(pool.discount * PPM),
                "target_lots": int(lots),
            },
        )


def _pool_of(work: Work, base: str) -> tuple[int, Pool] | None:
    """The pool that names the market, else the vault where the document has one."""
    pools = list(enumerate(work.rulebook.pools))
    named = next(((place, pool) for place, pool in pools if base in pool.markets), None)
    return named or next(((place, pool) for place, pool in pools if pool.id == VAULT), None)
