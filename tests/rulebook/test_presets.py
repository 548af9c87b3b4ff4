"""The rulebooks that ship: each loads, says what it leaves out, and compiles into terms the machine accepts."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from tests.plain import plain

from solvent.procedures.change import are_terms_sound
from solvent.rulebook.compile import compile_terms
from solvent.rulebook.contracts import Contract, Feed
from solvent.rulebook.document import PRESETS, RulebookError, preset_names, read_rulebook, read_template
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
    sizes = (Decimal("0.001"), Decimal("0.01"), Decimal(1_000_000), Decimal(10_000))
    return Contract(base, base, *sizes, feeds=FEEDS, depth_size=Decimal(500), supply_size=Decimal(10_000_000))


LIVE = (
    "binance_usdm",
    "binance_usdm_2025",
    "bitmex",
    "bybit_uta",
    "deribit",
    "deribit_pm",
    "drift_v2",
    "dydx_v4",
    "gmx_v2",
    "hyperliquid",
    "hyperliquid_hip3",
    "lighter",
    "maker",
    "mango_v4",
    "okx_pm",
    "paradex",
    "paradex_pm",
    "solvent",
    "vega",
)

TEMPLATES = {
    "derive": "collateral[1].initial_ppm",
    "okx": "margin.schedule[0].brackets.default[0].mmr_ppm",
    "synthetix_perps_v2": "limits.limit[0].cap",
    "synthetix_v3": "limits.limit[0].cap",
}
"""Presets that are refused for live use, and one of the places that say why."""


def test_every_preset_is_live_or_says_why_not() -> None:
    assert preset_names() == tuple(sorted((*LIVE, *TEMPLATES)))


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_refused_with_every_reason(name: str) -> None:
    template = read_template(name)
    reasons = {fault.path for fault in (*template.unknown, *template.unrun)}
    assert TEMPLATES[name] in reasons
    with pytest.raises(RulebookError) as caught:
        read_rulebook(name)
    assert {fault.path for fault in caught.value.faults} >= {fault.path for fault in template.unknown}


def test_holes_of_a_template_may_be_filled() -> None:
    rates = {f"margin.schedule[0].brackets.default[{row}].mmr_ppm": str(5_000 * (row + 1)) for row in range(3)}
    filled = read_rulebook("okx", fill=rates)
    assert [bracket.maintenance for bracket in filled.schedule("tiers").brackets["default"]] == [
        Fraction(1, 200),
        Fraction(1, 100),
        Fraction(3, 200),
    ]


@pytest.mark.parametrize("name", LIVE)
def test_a_preset_compiles_for_its_markets_and_any_other(name: str) -> None:
    rulebook = read_rulebook(name)
    markets = [
        base
        for schedule in rulebook.schedules
        for base in (
            *schedule.brackets,
            *schedule.curves,
            *(schedule.scenarios.market_scale if schedule.scenarios else ()),
        )
        if base != "default"
    ]
    priced = [asset.price for asset in rulebook.collateral[1:]]
    compiled = compile_terms(rulebook, [contract(base) for base in dict.fromkeys([*markets, *priced, "OTHER"])])
    assert [note for note in compiled.notes if "every price" not in note] == []
    state = new_state(compiled.terms)
    state.instruments.listed[:] = 1
    assert plain(are_terms_sound)(state)
    assert list(compiled.terms.assets.used[: len(rulebook.collateral)]) == [1] * len(rulebook.collateral)


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_is_dated_sourced_and_open_about_its_gaps(name: str) -> None:
    meta = read_template(name).meta
    assert meta is not None
    assert name.startswith(meta.venue)
    assert meta.sources
    assert meta.not_expressed
    assert meta.as_of >= "2023-12-31"
    assert max(map(len, (PRESETS / f"{name}.toml").read_text(encoding="utf-8").splitlines())) <= 220


def test_a_day_picks_its_vintage() -> None:
    assert read_rulebook("binance_usdm@2025-10-10").name == "binance_usdm_2025"
    assert read_rulebook("binance_usdm@2025-01-01").name == "binance_usdm"


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
