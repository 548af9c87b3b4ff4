"""Where the rules come from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meta:
    """Where the rules come from."""

    venue: str
    product: str
    settlement: str
    as_of: str
    sources: tuple[str, ...]
    unverified: tuple[str, ...]
    not_expressed: tuple[str, ...]
