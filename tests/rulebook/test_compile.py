"""Compiling rulebooks: published numbers come out, requirements are exact, and what the machine relies on holds."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import ceil, lcm
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.plain import plain

from solvent.codes import (
    Accept,
    AdlPolicy,
    AdlPrice,
    AdlScore,
    ContractKind,
    Executor,
    Family,
    FeeBase,
    FeePayee,
    Level,
    MarkCombiner,
    Mode,
    PriceLimit,
    Schedule,
    Size,
    SourceKind,
    SystemAccount,
    Tranche,
)
from solvent.procedures.change import are_terms_sound
from solvent.risk.margin import bracket_requirement_up
from solvent.risk.margin.sound import is_schedule_sound
from solvent.rulebook.compile import CompiledTerms, change_terms, compile_terms, shape_of_terms
from solvent.rulebook.compile.margin import shocks_ppb
from solvent.rulebook.contracts import Contract, Feed, Option
from solvent.rulebook.document import RulebookError, parse_rulebook, read_rulebook
from solvent.rulebook.rules import Bracket, Rulebook
from solvent.state.tables import State
from solvent.state.terms import TermsShape, cell_address
from solvent.state.whole import new_state
from solvent.units import PPB, PPM, RATE_DENOMINATOR_MAX, VALUE_MAX

SOUND = (Path(__file__).parent / "sound.toml").read_text(encoding="utf-8")
SPOT = Feed("binance", "spot")
USD = 10**6
"""One unit of the settlement currency in quanta."""


def contract(base: str, *feeds: Feed, **more: Decimal) -> Contract:
    """An instrument with sizes that suit bitcoin and, well enough, everything else."""
    sizes = {
        "lot_size": Decimal("0.0001"),
        "tick_size": Decimal("0.1"),
        "price_max": Decimal(1_000_000),
        "position_max": Decimal(10_000),
        "depth_size": Decimal(500),
        "supply_size": Decimal(10_000_000),
    }
    return Contract(base, base, feeds=feeds or (SPOT,), **{**sizes, **more})


def sound(*changes: tuple[str, str]) -> Rulebook:
    """The small rulebook with pieces replaced."""
    text = SOUND
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after, 1)
    return parse_rulebook(text, "sound.toml")


def listed(compiled: CompiledTerms) -> State:
    """A venue under these terms, every instrument of them open."""
    state = new_state(compiled.terms)
    state.instruments.listed[: len(compiled.symbols)] = 1
    return state


def requirement(compiled: CompiledTerms, level: Level, instrument: int, notional: int) -> int:
    """What the machine asks of a notional under brackets."""
    state = new_state(compiled.terms)
    schedule = state.schedules[level * len(state.instruments) + instrument]
    whole = bool(schedule.kind == Schedule.BRACKETS_WHOLE)
    return int(plain(bracket_requirement_up)(state, schedule, notional, notional, not whole))


def deductions(compiled: CompiledTerms, level: Level, instrument: int) -> list[Fraction]:
    """The exact deductions of an instrument's brackets, in quanta."""
    schedule = compiled.terms.schedules[level * compiled.shape.instruments + instrument]
    rows = compiled.terms.brackets[schedule.first_bracket : schedule.first_bracket + schedule.bracket_count]
    return [int(row.deduction_whole) + Fraction(int(row.deduction_rest), int(schedule.denominator)) for row in rows]


def refused(rulebook: Rulebook, *contracts: Contract, decimals: int = 6, **more: TermsShape) -> dict[str, str]:
    """Path -> problem of everything that keeps these from compiling together."""
    with pytest.raises(RulebookError) as caught:
        compile_terms(rulebook, contracts, decimals, **more)
    assert all(fault.remedy.endswith(".") for fault in caught.value.faults)
    return {fault.path: fault.problem for fault in caught.value.faults}


def test_hyperliquid_deductions_and_requirements_as_published() -> None:
    compiled = compile_terms(read_rulebook("hyperliquid"), [contract("BTC"), contract("ETH")])
    assert deductions(compiled, Level.MAINTENANCE, 0) == [0, 1_875_000 * USD]
    assert requirement(compiled, Level.MAINTENANCE, 0, 200_000_000 * USD) == 3_125_000 * USD
    ethereum = compiled.terms.schedules[Level.MAINTENANCE * 2 + 1]
    second = compiled.terms.brackets[ethereum.first_bracket + 1]
    assert Fraction(int(second.numerator), int(ethereum.denominator)) == Fraction(1, 30)
    # 100M x (1/30 - 1/50): stored as 33,333 ppm it would be 33.33 USD too small
    assert deductions(compiled, Level.MAINTENANCE, 1)[1] == Fraction(100_000_000 * USD) * (
        Fraction(1, 30) - Fraction(1, 50)
    )
    assert requirement(compiled, Level.MAINTENANCE, 1, 130_000_000 * USD) == 3_000_000 * USD


BINANCE_AMOUNTS = {
    "BTC": [0, 50, 950, 11_450, 131_450, 481_450, 2_981_450, 14_481_450, 26_481_450, 41_481_450, 121_481_450, 421_481_450],
    "ETH": [0, 50, 950, 11_450, 131_450, 381_450, 2_006_450, 9_506_450, 17_506_450, 27_506_450, 80_506_450, 280_506_450],
}  # fmt: skip


@pytest.mark.parametrize("base", ["BTC", "ETH"])
def test_binance_maintenance_amounts_follow_from_the_floors(base: str) -> None:
    compiled = compile_terms(read_rulebook("binance_usdm"), [contract(base)])
    assert deductions(compiled, Level.MAINTENANCE, 0) == [amount * USD for amount in BINANCE_AMOUNTS[base]]


def test_a_share_of_leverage_and_a_scale_stay_exact() -> None:
    rulebook = sound(
        ("max_leverage = 10", "max_leverage = 30"), ('of = "tiers"\n[[liq', 'of = "tiers"\nscale_ppm = 700000\n[[liq')
    )
    compiled = compile_terms(rulebook, [contract("XRP")])
    initial, maintenance = (compiled.terms.schedules[level] for level in (Level.INITIAL, Level.MAINTENANCE))
    assert (initial.denominator, initial.kind, initial.scale_ppm) == (30, Schedule.USER_LEVERAGE, PPM)
    assert Fraction(
        int(compiled.terms.brackets[maintenance.first_bracket].numerator), int(maintenance.denominator)
    ) == Fraction(7, 600)
    assert (initial.rate_max_ppm, maintenance.rate_max_ppm) == (33_334, 11_667)


def test_every_kind_has_its_row() -> None:
    rulebook = read_rulebook("solvent")
    compiled = compile_terms(
        rulebook,
        [
            contract("BTC", SPOT, Feed("okx", "perp"), Feed("own", "mark")),
            contract("ETH", SPOT, Feed("a", "spot"), Feed("b", "spot")),
        ],
    )
    terms = compiled.terms
    reduce, backstop, bankrupt, adl = terms.stages[:4]
    assert (reduce.executor, reduce.sizing, reduce.size_ppm) == (Executor.ENGINE, Size.TO_HEALTH, 1_250_000)
    assert (reduce.price_limit, reduce.fee_ppm, reduce.fee_payee) == (
        PriceLimit.BANKRUPTCY,
        2_500,
        FeePayee.MARKET_FUND,
    )
    assert (reduce.level, reduce.scale_ppm, reduce.or_equal, reduce.timeout_ns) == (
        Level.MAINTENANCE,
        PPM,
        0,
        5 * 10**9,
    )
    assert (backstop.executor, backstop.accept, backstop.taker) == (
        Executor.BACKSTOP_VAULT,
        Accept.MARGINED,
        SystemAccount.VAULT,
    )
    assert (backstop.scale_ppm, backstop.fee_payee, backstop.residual_payee) == (
        666_667,
        FeePayee.VAULT,
        FeePayee.TRADER,
    )
    assert (bankrupt.scale_ppm, adl.scale_ppm, adl.executor) == (0, 0, Executor.ADL)
    assert list(terms.absorbers.used) == [1] * 7 + [0]
    assert list(terms.absorbers.tranche[:7]) == list(Tranche)
    assert list(terms.absorbers.cap_ppm[:7]) == [PPM, 500_000, 500_000, 250_000, PPM, PPM, PPM]
    assert [tuple(row)[:5] for row in terms.breakers[:3]] == [
        (1, 100_000, 300 * 10**9, Mode.CAUTION, 300 * 10**9),
        (1, 150_000, 300 * 10**9, Mode.REDUCE_ONLY, 300 * 10**9),
        (1, 200_000, 300 * 10**9, Mode.HALTED, 60 * 10**9),
    ]
    assert [tuple(row)[:4] for row in terms.feeds[:3]] == [
        (1, SourceKind.SPOT, 45 * 10**9, 100_000),
        (1, SourceKind.PERP, 45 * 10**9, 100_000),
        (1, SourceKind.MARK, 45 * 10**9, 100_000),
    ]
    policy = terms.policy[0]
    assert (policy.mark_combiner, policy.mark_components, policy.sources_min) == (MarkCombiner.MEDIAN, 7, 3)
    assert (policy.adl_policy, policy.adl_price) == (AdlPolicy.PRO_RATA, AdlPrice.BANKRUPTCY)
    assert (policy.withdraw_gains, policy.funding_rate_max_ppb, policy.advance_max) == (0, 5_000_000, 64)
    assert (policy.future_max_ns, policy.withdraw_notional_ppm) == (2 * 10**9, 0)
    assert compiled.source_ids == {
        (0, "binance"): 0,
        (0, "okx"): 1,
        (0, "own"): 2,
        (1, "binance"): 0,
        (1, "a"): 1,
        (1, "b"): 2,
    }
    assert compiled.asset_ids == {"USDC": 0, "BTC": 1, "ETH": 2}
    assert compiled.notes == ()
    assert plain(are_terms_sound)(listed(compiled))


def test_venue_policies() -> None:
    policy = compile_terms(read_rulebook("hyperliquid"), [contract("BTC")]).terms.policy[0]
    assert (policy.adl_policy, policy.adl_price, policy.adl_score) == (
        AdlPolicy.QUEUE,
        AdlPrice.PREVIOUS_MARK,
        AdlScore.HYPERLIQUID,
    )
    assert (policy.withdraw_gains, policy.withdraw_notional_ppm) == (1, 100_000)
    policy = compile_terms(read_rulebook("binance_usdm"), [contract("BTC")]).terms.policy[0]
    assert (policy.adl_price, policy.adl_score) == (AdlPrice.BANKRUPTCY, AdlScore.BINANCE)
    assert (policy.mark_combiner, policy.mark_components) == (MarkCombiner.FIRST, 5)
    none = compile_terms(sound(("[adl]", '[funding]\nkind = "none"\n[adl]')), [contract("BTC")]).terms.policy[0]
    assert none.funding_rate_max_ppb == 0
    assert compile_terms(sound(), [contract("BTC")]).terms.policy[0].funding_rate_max_ppb == 10_000_000


def test_a_discount_by_health_keeps_its_most_and_how_fast_it_grows() -> None:
    price = '{ kind = "oracle_health_discount", max_ppm = 100000, slope_ppm = 200000, relative_to = "maintenance_margin", as_limit = true }'
    compiled = compile_terms(sound(('{ kind = "market", limit = "bankruptcy" }', price)), [contract("BTC")])
    stage = compiled.terms.stages[0]
    assert stage.price_limit == PriceLimit.HEALTH_DISCOUNT
    assert (stage.spread_ppm, stage.adjustment_ppm) == (100_000, 2_000_000)
    assert plain(are_terms_sound)(listed(compiled))
    stage.adjustment_ppm = 1_001 * PPM
    assert not plain(are_terms_sound)(listed(compiled))


@pytest.mark.parametrize(
    ("stage", "residual", "payee"),
    [
        ('price = { kind = "takeover", at = "bankruptcy" }', "", FeePayee.VAULT),
        ('price = { kind = "takeover", at = "account_transfer" }', "insurance_fund", FeePayee.VAULT),
        ('price = { kind = "takeover", at = "mark" }', "", FeePayee.TRADER),
        ('price = { kind = "takeover", at = "mark" }', "insurance_fund", FeePayee.VENUE_FUND),
        ('price = { kind = "takeover", at = "mark" }', "pool", FeePayee.VAULT),
        ('price = { kind = "takeover", at = "mark" }\nfee = [{ kind = "residual", to = "market_fund" }]', "trader", FeePayee.MARKET_FUND),
    ],
)  # fmt: skip
def test_who_gets_what_an_account_leaves(stage: str, residual: str, payee: FeePayee) -> None:
    changes = [('price = { kind = "takeover", at = "bankruptcy" }', stage)]
    if residual:
        changes.append(
            ("[[loss.stage]]", f'[[loss.stage]]\nkind = "account_residual"\nto = "{residual}"\n[[loss.stage]]')
        )
    terms = compile_terms(sound(*changes), [contract("BTC")]).terms
    assert terms.stages[0].residual_payee == FeePayee.TRADER
    assert terms.stages[1].residual_payee == payee
    assert terms.absorbers[0].tranche == Tranche.VENUE_FUND


def test_collateral_values_are_exact_ratios() -> None:
    compiled = compile_terms(
        read_rulebook("binance_usdm"),
        [
            contract("ETH"),
            contract("BTC"),
            contract(
                "FDUSD", tick_size=Decimal("0.0001"), lot_size=Decimal(1), price_max=Decimal(2), position_max=Decimal(0)
            ),
        ],
    )
    bitcoin, dollar = compiled.terms.assets[1], compiled.terms.assets[2]
    # one bitcoin is 10^8 quanta of it; at 60,000.0 = 600,000 ticks it is worth 60,000 USD
    assert (bitcoin.used, bitcoin.price_instrument) == (1, 1)
    assert 10**8 * 600_000 * Fraction(int(bitcoin.value_num), int(bitcoin.value_den)) == 60_000 * USD
    assert 10**6 * 10_000 * Fraction(int(dollar.value_num), int(dollar.value_den)) == USD
    assert (dollar.initial_ppm, dollar.maintenance_ppm) == (989_000, 989_000)
    assert compiled.terms.contracts[2].lots_max == 0
    assert plain(are_terms_sound)(listed(compiled))


KINK = """kind = "kink"
optimal_ppm = 750000
base_ppm_per_year = 450000
above_ppm_per_year = 1000000
kept_ppm = 100000
interval_ms = 3600000
"""

OWED = """
[collateral.borrow]
limit = "2.5"
initial_ppm = 1200000
maintenance_ppm = 1100000
lent_most_ppm = 900000
"""


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ("", (0, 0, 0, PPM, 0, 0, 0, 900_000)),
        (
            KINK,
            (0, 450_000_000, PPB, 750_000, 0, 100_000, 3_600 * 10**9, 900_000),
        ),
        (
            'kind = "utilisation"\nfactor_ppm_per_year = 50000\nexponent = "0"\nreserve_buffer_ppm = 200000',
            (50_000_000, 0, 0, PPM, 0, 0, 0, 800_000),
        ),
        (
            'kind = "utilisation"\nfactor_ppm_per_year = 50000\nfloor_ppm_per_year = 1\nexponent = "2"',
            (1_000, 50_000_000, 0, PPM, 1, 0, 0, 900_000),
        ),
        ('kind = "utilisation"\nfactor_ppm_per_year = 50000', (0, 50_000_000, 0, PPM, 0, 0, 0, 900_000)),
    ],
)
def test_what_may_be_owed_and_its_rate_become_cells(rate: str, expected: tuple[int, ...]) -> None:
    borrow = f"[borrow]\n{rate}\n" if rate else ""
    compiled = compile_terms(sound(("[[margin.schedule]]", f"{OWED}{borrow}[[margin.schedule]]")), [contract("BTC")])
    asset = compiled.terms.assets[1]
    assert asset.borrow_limit_amount == 250_000_000
    assert (asset.liability_initial_ppm, asset.liability_maintenance_ppm) == (1_200_000, 1_100_000)
    names = ("floor_ppb", "base_ppb", "above_ppb", "optimal_ppm", "square", "kept_ppm", "ns")
    assert (*(asset[f"interest_{name}"] for name in names), asset.lend_max_ppm) == expected
    assert any("owe BTC" in note for note in compiled.notes)
    assert plain(are_terms_sound)(listed(compiled))


@pytest.mark.parametrize(
    ("old", "new", "path", "word"),
    [
        ('limit = "2.5"', 'limit = "0"', "collateral[1].borrow.limit", "nothing may be owed"),
        ("initial_ppm = 1200000\nm", "initial_ppm = 1000000\nm", "collateral[1].borrow.initial_ppm", "counts less"),
        (
            "maintenance_ppm = 1100000",
            "maintenance_ppm = 999999",
            "collateral[1].borrow.maintenance_ppm",
            "out of bounds",
        ),
        (
            "lent_most_ppm = 900000\n",
            'lent_most_ppm = 900000\n[borrow]\nkind = "kinc"\n',
            "borrow.kind",
            "not a choice",
        ),
        (
            "lent_most_ppm = 900000\n",
            'lent_most_ppm = 900000\n[borrow]\nkind = "utilisation"\nfactor_ppm_per_year = 1\nexponent = "1.5"\n',
            "borrow.exponent",
            "does not raise",
        ),
        (OWED, '[borrow]\nkind = "utilisation"\nfactor_ppm_per_year = 1\n', "borrow.kind", "no collateral may be owed"),
    ],
)
def test_what_may_not_be_written_about_owing(old: str, new: str, path: str, word: str) -> None:
    with pytest.raises(RulebookError) as told:
        sound(("[[margin.schedule]]", f"{OWED.replace(old, new)}[[margin.schedule]]"))
    assert [(fault.path, word in fault.problem) for fault in told.value.faults] == [(path, True)]


def test_a_limit_finer_than_the_asset_is_a_fault() -> None:
    rulebook = sound(("[[margin.schedule]]", f"{OWED.replace('2.5', '0.123456789')}[[margin.schedule]]"))
    with pytest.raises(RulebookError) as told:
        compile_terms(rulebook, [contract("BTC")])
    assert [fault.path for fault in told.value.faults] == ["collateral[1].borrow.limit"]


def test_collateral_nobody_prices_is_noted_and_not_accepted() -> None:
    compiled = compile_terms(read_rulebook("binance_usdm"), [contract("BTC")])
    assert compiled.notes == ("Collateral FDUSD is not accepted: no instrument prices FDUSD.",)
    assert list(compiled.terms.assets.used[:3]) == [1, 1, 0]


def test_caps_of_open_interest() -> None:
    limits = '[[limits.limit]]\nkind = "open_interest"\ncap = "1000000"\nunit = "notional"\n[[limits.limit]]\nkind = "open_interest"\ncap = "2.00005"\nunit = "size"\n[adl]'
    rulebook = sound(("[adl]", limits))
    own = replace(contract("ETH"), open_interest_cap_size=Decimal(7), open_interest_cap_notional=Decimal(5))
    contracts = compile_terms(rulebook, [contract("BTC"), own]).terms.contracts
    assert [(row.open_interest_cap_lots, row.open_interest_cap_quanta) for row in contracts] == [
        (20_000, 1_000_000 * USD),
        (70_000, 5 * USD),
    ]
    tiny = replace(contract("BTC"), open_interest_cap_size=Decimal("0.00001"))
    assert "no cap" in refused(sound(), tiny)["contract BTC"]


def test_weights_of_feeds_come_from_their_component() -> None:
    feeds = [Feed("binance", "spot"), Feed("nowhere", "spot"), Feed("okx_perp", "perp"), Feed("binance", "mark")]
    with pytest.raises(RulebookError, match="stands here twice"):
        compile_terms(read_rulebook("hyperliquid"), [contract("BTC", *feeds)])
    feeds[3] = Feed("own", "mark")
    terms = compile_terms(read_rulebook("hyperliquid"), [contract("BTC", *feeds)]).terms
    assert [(row.weight, row.kind) for row in terms.feeds[:5]] == [(3, 0), (1, 0), (2, 1), (1, 2), (0, 0)]
    muted = sound(
        ('kind = "weighted_median"', 'kind = "weighted_median"\ndefault_w = 0\nsources = [{ id = "binance", w = 5 }]')
    )
    terms = compile_terms(muted, [contract("BTC", SPOT, Feed("liar", "spot"))]).terms
    assert [row.weight for row in terms.feeds[:2]] == [5, 0]
    assert "none of them" in refused(muted, contract("BTC", Feed("liar", "spot")))["contract BTC.feeds"]
    assert "none of them" in refused(sound(), contract("BTC", Feed("elsewhere", "perp")))["contract BTC.feeds"]


def test_a_minimum_nobody_can_meet_is_lowered_and_told() -> None:
    compiled = compile_terms(read_rulebook("solvent"), [contract("BTC"), contract("ETH", SPOT, Feed("a", "perp"))])
    assert compiled.terms.policy[0].sources_min == 1
    assert compiled.notes[0].startswith("Minimum of fresh sources lowered from 3 to 1")


def test_blocks_are_kept_and_what_the_machine_does_is_noted() -> None:
    compiled = compile_terms(sound(('"open", "withdraw"', '"open"')), [contract("BTC")])
    level = compiled.terms.levels[Level.INITIAL]
    assert (level.used, level.includes_orders, level.open_loss) == (1, 1, 1)
    assert (level.blocks_open, level.blocks_withdraw, level.maintenance_weights) == (1, 0, 0)
    assert compiled.terms.levels[Level.MAINTENANCE].maintenance_weights == 1
    assert compiled.terms.levels[Level.CLOSE_OUT].used == 0
    assert "whatever `blocks` says" in compiled.notes[0]


XBTUSD = {
    "kind": "inverse",
    "lot_size": Decimal(1),
    "tick_size": Decimal("0.5"),
    "position_max": Decimal(10_000_000),
    "price_min": Decimal(1_000),
}


def test_an_inverse_contract_is_worth_its_size_over_a_tick() -> None:
    compiled = compile_terms(
        sound(), [contract("XBT", **XBTUSD), contract("ETH", position_max=Decimal(100))], settlement_decimals=8
    )
    inverse, linear = compiled.terms.contracts[0], compiled.terms.contracts[1]
    assert (inverse.kind, inverse.quanta_per_lot_tick, inverse.lots_max) == (ContractKind.INVERSE, 2 * 10**8, 10**7)
    assert (inverse.price_min_ticks, inverse.price_max_ticks) == (2_000, 2_000_000)
    assert (linear.kind, linear.price_min_ticks) == (ContractKind.LINEAR, 1)
    assert [one.kind for one in compiled.contracts] == ["inverse", "linear"]
    assert not any("judged at every price" in note for note in compiled.notes), "an inverse contract has a certificate"


def test_bad_inverse_contracts_are_all_told() -> None:
    assert refused(
        sound(),
        contract("A", **XBTUSD | {"kind": "quanto"}),
        contract("B", **XBTUSD | {"tick_size": Decimal(3), "price_max": Decimal(3), "price_min": Decimal(3)}),
        contract("C", **XBTUSD | {"price_min": Decimal("0.7")}),
        contract("D", **XBTUSD | {"price_min": Decimal(2_000_000)}),
        contract("E", **XBTUSD | {"position_max": Decimal(10**17)}),
    ) == {
        "contract A.kind": "`quanto` is no kind of contract",
        "contract B.tick_size": "one lot over one tick is 333333 quanta, not a whole number",
        "contract C.price_min": "it is not a whole number of tick_size",
        "contract D.price_min": "it is above price_max",
        "contract E.position_max": "the largest position at the lowest price is worth more than 2^54 quanta",
    }


def test_an_inverse_value_moves_by_d_over_one_plus_d_and_not_without_bound() -> None:
    book = read_rulebook("deribit_pm")
    scenarios = next(one.scenarios for one in book.schedules if one.scenarios)
    linear = shocks_ppb(scenarios, contract("BTC"))
    inverse = shocks_ppb(scenarios, contract("BTC", kind="inverse"))
    times = scenarios.market_scale.get("BTC", Fraction(1))
    for (move, weight), straight, bent in zip(scenarios.moves, linear, inverse, strict=True):
        assert abs(straight - move * times * weight * PPB) < 1
        assert abs(bent - move * times / (1 + move * times) * weight * PPB) < 1
    deep = replace(scenarios, moves=((Fraction(-4, 5), Fraction(1)), *scenarios.moves))
    schedules = tuple(replace(one, scenarios=deep) if one.scenarios else one for one in book.schedules)
    faults = refused(replace(book, schedules=schedules), contract("BTC", **XBTUSD))
    assert any("more than quadruples" in problem for problem in faults.values())


def test_bad_contracts_are_all_told() -> None:
    assert refused(
        sound(),
        contract("A", lot_size=Decimal(0)),
        contract("B", tick_size=Decimal("0.001")),
        contract("C", price_max=Decimal("100.05")),
        contract("D", position_max=Decimal("0.00001")),
        contract("E", position_max=Decimal(20_000)),
        contract("F", price_max=Decimal(1_000_000_000), position_max=Decimal(1)),
        contract("A"),
    ) == {
        "contract A": "this symbol stands here twice",
        "contract A.lot_size": "Decimal('0') is not a size above zero",
        "contract B.tick_size": "one lot times one tick is 0.1 quanta, not a whole number",
        "contract C.price_max": "it is not a whole number of tick_size",
        "contract D.position_max": "it is not a whole number of lot_size",
        "contract E.position_max": "the largest position at the highest price is worth more than 2^54 quanta",
        "contract F.price_max": "it is more than 2^31 ticks",
    }
    assert refused(sound()) == {"contracts": "there are none"}
    assert "settlement_decimals" in refused(sound(), contract("BTC"), decimals=10)


def test_the_largest_contract_that_fits() -> None:
    most = VALUE_MAX // (10 * 10**7)
    largest = contract("BTC", position_max=most * Decimal("0.0001"))
    compiled = compile_terms(sound(), [largest])
    assert compiled.terms.contracts[0].lots_max == most
    assert plain(are_terms_sound)(listed(compiled))
    assert refused(sound(), contract("BTC", position_max=(most + 1) * Decimal("0.0001")))


def test_faults_between_rulebook_and_contracts_point_into_the_text() -> None:
    rulebook = sound(("default = [", "ETH = ["), ('from = "150000000"', 'from = "150000000.0000001"'))
    with pytest.raises(RulebookError) as caught:
        compile_terms(rulebook, [contract("BTC"), contract("XRP")])
    lines = {fault.path: fault.line for fault in caught.value.faults}
    brackets = SOUND[: SOUND.index("[margin.schedule.brackets]")].count("\n") + 1
    assert lines == {
        "margin.schedule[0].brackets.BTC[1].from": brackets + 1,
        "margin.schedule[0].brackets": brackets,
    }
    prime = sound(("max_leverage = 40", "max_leverage = 89"), ("max_leverage = 20 }", PRIME_BRACKETS))
    assert "common denominator" in refused(prime, contract("BTC"))["margin.schedule[0].brackets.BTC"]


PRIME_BRACKETS = (
    'max_leverage = 83 }, { from = "150000001", max_leverage = 79 }, { from = "150000002", max_leverage = 73 }, '
    '{ from = "150000003", max_leverage = 71 }'
)


def test_collateral_whose_value_would_overflow_is_refused() -> None:
    whole_coins = sound(('asset = "BTC"\nkind = "weight"', 'asset = "BTC"\nkind = "weight"\ndecimals = 0'))
    dear = replace(
        contract("BTC", lot_size=Decimal("0.000001"), position_max=Decimal("0.000001")),
        tick_size=Decimal(1_000_000),
        price_max=Decimal(10**13),
    )
    assert "does not fit" in refused(whole_coins, dear)["collateral[1].decimals"]
    compile_terms(
        sound(('asset = "BTC"\nkind = "weight"', 'asset = "BTC"\nkind = "weight"\ndecimals = 18')), [contract("BTC")]
    )


def test_a_change_of_rules_is_a_list_of_cells() -> None:
    old = compile_terms(sound(), [contract("BTC")])
    new = compile_terms(
        sound(("ppm = 2500", "ppm = 3000"), ("max_leverage = 20", "max_leverage = 10")),
        [contract("BTC")],
        room=old.shape,
    )
    assert change_terms(old.terms, old.terms) == []
    changes = dict(change_terms(old.terms, new.terms))
    assert changes[cell_address(old.shape, "stages", 0, "fee_ppm")] == 3_000
    cells = old.terms.cells.copy()
    for cell, value in changes.items():
        cells[cell] = value
    assert np.array_equal(cells, new.terms.cells)
    more = compile_terms(sound(), [contract("BTC"), contract("ETH")])
    with pytest.raises(ValueError, match="room"):
        change_terms(old.terms, more.terms)
    roomy = compile_terms(sound(), [contract("BTC")], room=more.shape)
    assert shape_of_terms(roomy.terms) == more.shape
    assert plain(are_terms_sound)(listed(roomy))
    assert change_terms(roomy.terms, more.terms)
    assert "do not fit" in refused(sound(), contract("BTC"), contract("ETH"), room=old.shape)["room"]


LEVERAGES = st.lists(st.integers(1, 200), min_size=1, max_size=5).map(lambda found: sorted(found, reverse=True))


@st.composite
def rulebooks(draw: st.DrawFn) -> Rulebook:
    """The small rulebook with other brackets."""
    leverages = draw(LEVERAGES)
    steps = draw(st.lists(st.integers(1, 10**9), min_size=len(leverages), max_size=len(leverages)))
    share = draw(st.integers(1, 10**6))
    floors = [Decimal(sum(steps[:row])) / 1000 for row in range(len(leverages))]
    brackets = tuple(
        Bracket(floor, Fraction(1, leverage), Fraction(share, leverage * 10**6))
        for floor, leverage in zip(floors, leverages, strict=True)
    )
    rulebook = sound()
    mode = draw(st.sampled_from(["marginal", "whole"]))
    tiers = replace(rulebook.schedules[0], brackets={"default": brackets}, mode=mode)
    levels = (replace(rulebook.levels[0], of="tiers"), rulebook.levels[1])
    return replace(rulebook, schedules=(tiers, *rulebook.schedules[1:]), levels=levels)


def exact(rulebook: Rulebook, notional: int) -> Fraction:
    """The maintenance requirement of a notional in quanta, slice by slice, nothing rounded."""
    tiers = rulebook.schedules[0]
    brackets = tiers.brackets["default"]
    floors = [int(bracket.floor * USD) for bracket in brackets]
    if tiers.mode == "whole":
        return (
            notional
            * [bracket.maintenance for bracket, floor in zip(brackets, floors, strict=True) if floor <= notional][-1]
        )
    ends = [*floors[1:], max(notional, floors[-1])]
    slices = (max(min(notional, end) - floor, 0) for floor, end in zip(floors, ends, strict=True))
    return sum((part * bracket.maintenance for part, bracket in zip(slices, brackets, strict=True)), Fraction(0))


@settings(max_examples=150)
@given(rulebooks(), st.data())
def test_the_requirement_is_the_exact_one_rounded_up_and_never_jumps(rulebook: Rulebook, data: st.DataObject) -> None:
    denominator = lcm(*(bracket.maintenance.denominator for bracket in rulebook.schedules[0].brackets["default"]))
    assume(denominator <= RATE_DENOMINATOR_MAX)
    compiled = compile_terms(rulebook, [contract("BTC")])
    state = new_state(compiled.terms)
    tiers = rulebook.schedules[0]
    whole = tiers.mode == "whole"
    schedule = state.schedules[Level.MAINTENANCE]
    asked = plain(bracket_requirement_up)
    near = data.draw(st.sampled_from([int(bracket.floor * USD) for bracket in tiers.brackets["default"]]))
    notional = max(data.draw(st.one_of(st.integers(0, VALUE_MAX - 3), st.integers(near - 3, near + 3))), 0)
    values = [int(asked(state, schedule, notional + step, notional + step, not whole)) for step in range(3)]
    assert values == [ceil(exact(rulebook, notional + step)) for step in range(3)]
    if not whole:
        assert all(0 <= after - before <= 1 for before, after in pairwise(values))
    assert values == sorted(values)
    assert values[0] <= -(-notional * int(schedule.rate_max_ppm) // PPM)
    assert plain(is_schedule_sound)(state, schedule, 1)


def test_open_interest_is_held_to_the_depth_a_contract_states_and_told_where_none_is() -> None:
    compiled = compile_terms(read_rulebook("solvent"), [contract("BTC"), replace(contract("X"), depth_size=None)])
    assert (compiled.terms.markets[0].depth_lots, compiled.terms.markets[0].open_interest_depth_ppm) == (
        5_000_000,
        60 * PPM,
    )
    assert compiled.terms.markets[1].open_interest_depth_ppm == 0
    assert "Open interest and an owner's position not held to depth, which is not stated: X." in compiled.notes


LIMITS = """
[[limits.limit]]
kind = "open_interest"
cap = "0.05"
unit = "supply"
[[limits.limit]]
kind = "open_interest"
cap = "3000000"
unit = "notional"
scope = "venue"
[[limits.limit]]
kind = "position"
cap = "12.5"
unit = "size"
[[limits.limit]]
kind = "position"
cap = "0.5"
unit = "depth"
[[limits.limit]]
kind = "owner_position"
cap = "250000"
unit = "notional"
[[limits.limit]]
kind = "price_band"
ppm = 20000
vs = "mark"
[[limits.limit]]
kind = "outflow"
ppm = 200000
window_ms = 600000
minimum = "1000"
[[limits.limit]]
kind = "collateral_cap"
asset_name = "BTC"
cap = "40"
ramp_from = "2026-12-01"
ramp_ms = 86400000
[adl]"""


def test_every_cap_has_its_cell() -> None:
    terms = compile_terms(sound(("[adl]", LIMITS)), [contract("BTC"), replace(contract("ETH"), depth_size=None)]).terms
    assert {name: int(terms.markets[0][name]) for name in terms.markets.dtype.names} == {
        "depth_lots": 5_000_000,
        "supply_lots": 10_000_000 * 10_000,
        "open_interest_depth_ppm": 0,
        "open_interest_supply_ppm": 50_000,
        "owner_lots": 0,
        "order_band_ppm": 20_000,
        "position_lots": 125_000,
        "position_quanta": 0,
        "position_depth_ppm": 500_000,
        "owner_quanta": 250_000 * USD,
        "owner_depth_ppm": 0,
        "fill_skew_lots": 0,
    }
    assert terms.markets[1].position_depth_ppm == 0
    policy = terms.policy[0]
    assert (policy.outflow_ppm, policy.outflow_window, policy.outflow_least_quanta) == (200_000, 1, 1_000 * USD)
    assert policy.open_interest_quanta == 3_000_000 * USD
    asset = terms.assets[1]
    assert (asset.cap_amount, asset.ramp_ns) == (40 * 10**8, 86_400 * 10**9)
    assert asset.ramp_start_ns == 1_796_083_200 * 10**9


@pytest.mark.parametrize(
    ("old", "new", "path", "word"),
    [
        ('cap = "12.5"', 'cap = "0.00001"', "contract BTC", "less than one lot"),
        ('cap = "250000"', 'cap = "0"', "limits", "no cap"),
        ('asset_name = "BTC"', 'asset_name = "DOGE"', "limits", "no priced collateral"),
        ('cap = "40"', 'cap = "0.000000001"', "limits", "is nothing"),
    ],
)
def test_a_cap_that_would_be_none_is_a_fault(old: str, new: str, path: str, word: str) -> None:
    assert word in refused(sound(("[adl]", LIMITS.replace(old, new, 1))), contract("BTC"))[path]


def test_a_cap_that_names_no_asset_is_for_every_priced_one() -> None:
    limits = '[[limits.limit]]\nkind = "collateral_cap"\ncap = "5"\n[adl]'
    terms = compile_terms(sound(("[adl]", limits)), [contract("BTC"), contract("ETH")]).terms
    assert [int(row.cap_amount) for row in terms.assets[:3]] == [0, 5 * 10**8, 0]  # the third row is no asset


FUNDING_KINDS = """
[funding]
kind = "{kind}"
cap_ppm = 20000
{rest}
"""


@pytest.mark.parametrize(
    ("kind", "rest", "expected"),
    [
        (
            "clamped_premium",
            "interval_ms = 3600000\nrate_period_ms = 28800000\ninterest_ppm = 100\nclamp_ppm = 500",
            {"kind": 1, "interest_ppb": 100_000, "clamp_ppb": 500_000, "interval_ns": 3_600 * 10**9},
        ),
        ("clamped_premium", "interval_ms = 3600000", {"kind": 0, "period_ns": 0}),
        (
            "damped_premium",
            "rate_period_ms = 28800000\ndamper_ppm = 250\ncontinuous = true",
            {"kind": 2, "clamp_ppb": 250_000, "interval_ns": 0, "multiplier_ppm": 1_000_000},
        ),
        (
            "velocity",
            'max_velocity_ppm_per_day = 3000000\nskew_scale = "10000"',
            {"kind": 3, "velocity_ppb": 3 * 10**9},
        ),
        (
            "imbalance_adaptive",
            (
                "increase_ppm_per_year_per_3h = 900000\ndecrease_hours = 48\nmax_ppm_per_year = 900000\n"
                "threshold_stable_ppm = 40000\nthreshold_decrease_ppm = 0"
            ),
            {"kind": 4, "growth_ppb": 83_333, "decay_ppb": 5_208, "cap_ppb": 9 * 10**8, "stable_ppm": 40_000},
        ),
    ],
)
def test_funding_kinds_become_rows(kind, rest, expected) -> None:
    text = 'schema = "rulebook/1"\n[meta]\nvenue = "x"\nextends = "solvent"\nas_of = "2026-11-24"\n'
    compiled = compile_terms(
        parse_rulebook(text + FUNDING_KINDS.format(kind=kind, rest=rest), "x.toml"), [contract("BTC")]
    )
    row = compiled.terms.funding[0]
    assert {name: int(row[name]) for name in expected} == expected


SEATED = """
schema = "rulebook/1"
[meta]
venue = "x"
extends = "solvent"
as_of = "2026-11-24"
[governance]
seats = ["council", "council", "guardian", "controller", "operator"]
votes = 2
harm_max = 3
delay_ms = 86400000
"""


def test_seats_compile_to_corridors_of_the_declared_rules() -> None:
    terms = compile_terms(parse_rulebook(SEATED, "before.toml"), [contract("BTC")]).terms
    assert terms.seats.role.tolist()[:6] == [4, 4, 8, 2, 1, 0]
    assert (int(terms.governing[0].votes_needed), int(terms.governing[0].harm_max)) == (2, 3)
    margin, limits = terms.corridors[Family.MARGIN], terms.corridors[Family.LIMITS]
    assert (int(margin.step_max_ppm), int(margin.notice_ns), int(margin.authority)) == (200_000, 3 * 86_400 * 10**9, 4)
    assert (int(limits.notice_ns), int(limits.authority)) == (86_400 * 10**9, 6)
    with pytest.raises(RulebookError, match="needs 2 votes"):
        parse_rulebook(SEATED.replace('"council", "council"', '"council"'), "few.toml")
    with pytest.raises(RulebookError, match="at most 16"):
        parse_rulebook(SEATED.replace('"operator"', ", ".join(['"operator"'] * 13)), "many.toml")


def option(**changes: Any) -> Contract:
    """A call on BTC a quarter ahead."""
    given = {"underlying": "BTC", "type": "call", "strike": Decimal(100_000), "expiry_ns": 10**18, **changes}
    sizes = {"lot_size": Decimal("0.1"), "tick_size": Decimal("0.5"), "position_max": Decimal(1_000)}
    return replace(contract("CALL", **sizes), kind="option", option=Option(**given))


def test_an_option_is_compiled_against_its_underlying() -> None:
    compiled = compile_terms(read_rulebook("deribit"), [contract("BTC", tick_size=Decimal("0.5")), option()])
    row, contracts = compiled.terms.options[1], compiled.terms.contracts
    assert contracts[1].kind == ContractKind.OPTION
    assert (int(row.underlying), int(row.strike_ticks), int(row.is_put), int(row.in_coin)) == (0, 200_000, 0, 0)
    assert int(row.unit_quanta) == 50_000  # 0.1 of BTC for half a dollar
    for level, share, least in ((Level.INITIAL, 150, 100), (Level.MAINTENANCE, 75, 75)):
        schedule = compiled.terms.schedules[level * 2 + 1]
        assert schedule.kind == Schedule.OPTION
        assert (int(schedule.base_ppb), int(schedule.floor_ppb)) == (share * 10**6, least * 10**6)
    coin = compile_terms(read_rulebook("deribit"), [contract("BTC"), option(in_coin=True, type="put")])
    assert (int(coin.terms.options[1].is_put), int(coin.terms.options[1].unit_quanta)) == (1, 100_000)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"underlying": "ETH"}, "no market an option can follow"),
        ({"underlying": "CALL"}, "no market an option can follow"),
        ({"type": "straddle"}, "no type of option"),
        ({"strike": Decimal("100000.3")}, "is no price of BTC"),
        ({"strike": Decimal(0)}, "is no price of BTC"),
        ({"expiry_ns": 0}, "no moment after 1970"),
    ],
)
def test_what_is_wrong_with_an_option_is_told(changes: dict[str, Any], word: str) -> None:
    with pytest.raises(RulebookError, match=word):
        compile_terms(read_rulebook("deribit"), [contract("BTC", tick_size=Decimal("0.5")), option(**changes)])


def test_an_option_needs_its_terms_its_rates_and_room() -> None:
    btc = contract("BTC", tick_size=Decimal("0.5"))
    with pytest.raises(RulebookError, match="needs a type, strike and expiry"):
        compile_terms(read_rulebook("deribit"), [btc, replace(option(), option=None)])
    with pytest.raises(RulebookError, match="this contract is no option"):
        compile_terms(read_rulebook("deribit"), [btc, replace(option(), kind="linear")])
    with pytest.raises(RulebookError, match="nothing says what its seller must hold"):
        compile_terms(read_rulebook("solvent"), [btc, option()])
    with pytest.raises(RulebookError, match="quanta of the underlying"):
        compile_terms(
            read_rulebook("deribit"), [btc, replace(option(), position_max=Decimal(100_000_000), price_max=Decimal(1))]
        )
    with pytest.raises(RulebookError, match="not a whole number"):
        compile_terms(
            read_rulebook("deribit"), [btc, replace(option(), lot_size=Decimal("0.000001"), tick_size=Decimal(1))]
        )


def test_guards_of_the_mark_become_its_bounds() -> None:
    guards = """
guards = [
  { kind = "max_age", ms = 7000 },
  { kind = "max_step", ppm = 20000, on_breach = "clamp" },
  { kind = "max_step", ppm = 300000, window_ms = 600000, on_breach = "clamp" },
  { kind = "bandwidth", ppm = 500, vs = "index" },
]
[[collateral]]"""
    split = 'guards = [{ kind = "max_deviation", vs = "median", ppm = 9, min_breaches = 2, then = "use_median" }]'
    changed = sound(("[[collateral]]", guards.strip()), ("[price.mark]", split + "\n[price.mark]"))
    pricing = compile_terms(changed, [contract("BTC")]).terms.pricing[0]
    assert (int(pricing.stale_ns), int(pricing.step_ppm), int(pricing.step_breach)) == (7 * 10**9, 20_000, 1)
    assert (int(pricing.ten_minutes_ppm), int(pricing.anchor_breach), int(pricing.own_band_ppm)) == (300_000, 1, 500)
    assert (int(pricing.deviation_ppm), int(pricing.breaches_min)) == (9, 2)


def test_fees_of_an_auction_have_their_own_rates_and_payees() -> None:
    auction = """executor = "auction"
price = { kind = "auction", start_ppm = 1250000, segments = [{ cut_ppm = 990000, step_ms = 1000 }], reset_ms = 9000, reset_below_ppm = 300000 }
fee = [
  { kind = "debt_penalty", ppm = 100000, to = "venue_capital" },
  { kind = "auction_start", ppm = 20000, to = "insurance_fund" },
  { kind = "bonus_share", ppm = 50000, to = "vault" },
  { kind = "reward", flat = "1", ppm = 20000, to = "keeper" },
]
timeout_ms = 5000
[[liquidation.stage]]
id = "market"
when = { level = "maintenance", cmp = "lt", scale_ppm = 900000 }
executor = "engine\""""
    compiled = compile_terms(sound(('executor = "engine"', auction)), [contract("BTC")])
    stage, offer = compiled.terms.stages[0], compiled.terms.offers[0]
    assert (int(stage.fee_base), int(stage.fee_ppm)) == (FeeBase.DEBT, 100_000)
    assert (int(offer.start_fee_ppm), int(offer.start_fee_payee)) == (20_000, FeePayee.VENUE_FUND)
    assert (int(offer.bonus_fee_ppm), int(offer.bonus_fee_payee)) == (50_000, FeePayee.VAULT)
    assert (int(offer.reset_below_ppm), int(offer.reset_ns)) == (300_000, 9 * 10**9)
