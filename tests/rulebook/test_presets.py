"""The rulebooks that ship: each loads, says what it leaves out, and compiles into terms the machine accepts."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from tests.plain import plain

from solvent.procedures.change import are_terms_sound
from solvent.rulebook.compile import compile_terms
from solvent.rulebook.contracts import Contract, Feed
from solvent.rulebook.document import PRESETS, preset_names, read_rulebook
from solvent.state.whole import new_state

FEEDS = (
    Feed("binance", "spot"),
    Feed("okx", "spot"),
    Feed("kraken", "spot"),
    Feed("binance_perp", "perp"),
    Feed("own", "mark"),
)


def contract(base: str) -> Contract:
    """An instrument for any market."""
    return Contract(base, base, Decimal("0.001"), Decimal("0.01"), Decimal(1_000_000), Decimal(10_000), feeds=FEEDS)


def test_three_presets_ship() -> None:
    assert preset_names() == ("binance_usdm", "hyperliquid", "solvent")


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_compiles_for_its_markets_and_any_other(name: str) -> None:
    rulebook = read_rulebook(name)
    markets = [base for base in rulebook.schedule("tiers").brackets if base != "default"]
    priced = [asset.price for asset in rulebook.collateral[1:]]
    compiled = compile_terms(rulebook, [contract(base) for base in dict.fromkeys([*markets, *priced, "OTHER"])])
    assert compiled.notes == ()
    state = new_state(compiled.terms)
    state.instruments.listed[:] = 1
    assert plain(are_terms_sound)(state)
    assert list(compiled.terms.assets.used[: len(rulebook.collateral)]) == [1] * len(rulebook.collateral)


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_is_dated_sourced_and_open_about_its_gaps(name: str) -> None:
    rulebook = read_rulebook(name)
    assert rulebook.name == rulebook.meta.venue == name
    assert rulebook.meta.sources
    assert rulebook.meta.not_expressed
    assert rulebook.meta.as_of >= "2024-10-24"
    assert "unknown" not in rulebook.text
    assert max(map(len, (PRESETS / f"{name}.toml").read_text(encoding="utf-8").splitlines())) <= 160


def test_our_own_rulebook_keeps_its_promises() -> None:
    rulebook = read_rulebook("solvent")
    reduce = rulebook.stages[0]
    smallest = min(bracket.maintenance for rows in rulebook.schedule("tiers").brackets.values() for bracket in rows)
    assert smallest == Fraction(1, 100)
    assert reduce.fee <= smallest / 4
    assert rulebook.funding.cap == smallest / 2
    assert (reduce.size, reduce.share, reduce.price_limit) == ("to_health", Fraction(5, 4), "bankruptcy")
    assert {stage.accept for stage in rulebook.stages if stage.executor == "backstop_vault"} == {"margined"}
    assert [loss.kind for loss in rulebook.losses][-3:] == ["adl", "haircut_gains", "haircut_all"]
    assert not rulebook.limits.withdraw_gains
    halts = [breaker for breaker in rulebook.breakers if breaker.action == "halt_market"]
    assert halts[0].release_ms <= 60_000
