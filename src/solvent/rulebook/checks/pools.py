"""A market has one pool, and nobody leaves a pool sooner than a loss of it can be known."""

from __future__ import annotations

from solvent.rulebook.checks.parts import Parts, Tell, known_rows, tell_twins
from solvent.rulebook.rules.pools import VAULT

POOLS_PATH = ("pools", "pool")


def check_pools(parts: Parts, tell: Tell) -> None:
    """Names once, markets once, notice long enough."""
    tell_twins((((*POOLS_PATH, row, "id"), pool.id) for row, pool in known_rows(parts.pools)), tell)
    if parts.pools and all(pool is not None and pool.id != VAULT for pool in parts.pools) and len(parts.pools) > 3:
        tell(POOLS_PATH, "there is room for three pools beside the vault", "Remove one.")
    backed: dict[str, str] = {}
    recognised_ms = sum(stage.timeout_ms for _row, stage in known_rows(parts.stages))
    for row, pool in known_rows(parts.pools):
        for market in pool.markets:
            if market in backed:
                tell(
                    (*POOLS_PATH, row, "markets"),
                    f"`{market}` is backed by `{backed[market]}` already",
                    "Name it in one pool.",
                )
            backed[market] = pool.id
        if pool.id == VAULT and pool.markets:
            tell(
                (*POOLS_PATH, row, "markets"),
                "the vault backs every market that no other pool names",
                "Leave them out, or give the pool another id.",
            )
        if 0 < pool.notice_ms < recognised_ms:
            tell(
                (*POOLS_PATH, row, "notice_ms"),
                f"the ladder may take {recognised_ms} ms to recognise a loss, and members could leave ahead of it",
                f"Write at least {recognised_ms}.",
            )
