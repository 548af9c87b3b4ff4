"""Reading rulebooks: what is accepted, and every fault with its line and remedy."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from solvent.rulebook.document import (
    PRESETS,
    Fault,
    RulebookError,
    parse_rulebook,
    preset_names,
    read_rulebook,
)
from solvent.rulebook.locate import lines_of, nearest_line
from solvent.rulebook.schema import PARAMETERS, TREE, Node, Type

SOUND = (Path(__file__).parent / "sound.toml").read_text(encoding="utf-8")


def spoiled(*changes: tuple[str, str]) -> str:
    """The sound text with each first piece replaced; a piece that is not there is a mistake of the test."""
    text = SOUND
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after, 1)
    return text


def faults_of(text: str, *, template: bool = False) -> tuple[Fault, ...]:
    """What is wrong with a text; nothing when it can be read."""
    try:
        parse_rulebook(text, "test.toml", template=template)
    except RulebookError as error:
        return error.faults
    return ()


def line_of(text: str, piece: str) -> int:
    """The line on which a piece stands."""
    return text[: text.index(piece)].count("\n") + 1


def test_a_sound_document_is_read_exactly() -> None:
    rulebook = parse_rulebook(SOUND, "test.toml")
    assert rulebook.name == "test"
    assert rulebook.text == SOUND
    assert len(rulebook.digest) == 64
    first, second = rulebook.schedule("tiers").brackets["BTC"]
    assert (first.floor, first.initial, first.maintenance) == (Decimal(0), Fraction(1, 40), Fraction(1, 80))
    assert (second.floor, second.initial, second.maintenance) == (
        Decimal(150_000_000),
        Fraction(1, 20),
        Fraction(1, 40),
    )
    assert [level.name for level in rulebook.levels] == ["initial", "maintenance"]
    assert rulebook.stages[1].scale == Fraction(666_667, 1_000_000)
    assert rulebook.stages[0].timeout_ms == 5_000
    assert rulebook.losses[1].cap == Fraction(1, 4)
    assert rulebook.accounts_per_advance == 64
    assert not rulebook.limits.withdraw_gains


def test_the_digest_is_of_the_text() -> None:
    assert parse_rulebook(SOUND, "a").digest == parse_rulebook(SOUND, "b").digest
    assert parse_rulebook(SOUND + "\n", "a").digest != parse_rulebook(SOUND, "a").digest


def test_five_faults_at_once_each_on_its_line() -> None:
    text = spoiled(
        ('as_of = "2026-11-22"', 'as_of = "tomorrow"'),
        ("initial_ppm = 900000", "initial_ppm = 1.5"),
        ('{ kind = "to_health", target_ppm = 1100000 }', '{ kind = "to_heaven", target_ppm = 1100000 }'),
        ("draw_cap_ppm = 250000", "draw_cap = 250000"),
        ('{ from = "150000000", max_leverage = 20 }', '{ from = "0", max_leverage = 20 }'),
    )
    faults = faults_of(text)
    assert [(fault.path, fault.line) for fault in faults] == [
        ("meta.as_of", line_of(text, "as_of")),
        ("collateral[1].initial_ppm", line_of(text, "initial_ppm = 1.5")),
        ("margin.schedule[0].brackets.BTC[1].from", line_of(text, "BTC = [")),
        ("liquidation.stage[0].size.kind", line_of(text, "to_heaven")),
        ("loss.stage[1].draw_cap", line_of(text, "draw_cap =")),
    ]
    with pytest.raises(RulebookError) as caught:
        parse_rulebook(text, "test.toml")
    message = str(caught.value).splitlines()
    assert len(message) == 5
    assert message[4] == (
        f"test.toml:{faults[4].line}: loss.stage[1].draw_cap: kind liquidity_vault does not use this. Did you mean `draw_cap_ppm`?"
    )
    assert "Did you mean `to_health`?" in message[3]


LEVEL_CLOSE_OUT = """
[[margin.level]]
name = "close_out"
of = "tiers"
scale_ppm = 2000000
"""

ONE_FAULT = [
    # what is changed, where the fault is told, a word of it
    pytest.param([("[meta]", '[meta]\nextends = "x"')], "meta.extends", "no such rulebook", id="extends"),
    pytest.param([('asset = "BTC"', 'asset = "unknown"')], "collateral[1].asset", "unknown", id="unknown value"),
    pytest.param([("kind = \"weighted_median\"", 'kind = "external_feed"\nfeed = "x"')], "price.index.kind", "does not run", id="later kind"),
    pytest.param([('from = "0", max_leverage = 40', 'from = 0, max_leverage = 40')], "margin.schedule[0].brackets.BTC[0].from", "money is text", id="money as number"),
    pytest.param([('from = "150000000"', 'from = "1e8"')], "margin.schedule[0].brackets.BTC[1].from", "not an amount", id="money with exponent"),
    pytest.param([("max_leverage = 10", "max_leverage = true")], "margin.schedule[0].brackets.default[0].max_leverage", "not a whole number", id="flag as number"),
    pytest.param([("max_leverage = 10", "max_leverage = 0")], "margin.schedule[0].brackets.default[0].max_leverage", "out of bounds", id="rate above one"),
    pytest.param([('id = "reduce"', 'id = "reduce"\npre = "x"')], "liquidation.stage[0].pre", "not a list", id="list"),
    pytest.param([('includes_orders = true', 'includes_orders = 1')], "margin.level[0].includes_orders", "neither", id="flag"),
    pytest.param([('size = { kind = "to_health", target_ppm = 1100000 }', 'size = "full"')], "liquidation.stage[0].size", "section", id="section"),
    pytest.param([('kind = "adl"\n', 'kind = "adl"\nscope = "venue"\n')], "loss.stage[2].scope", "does not use", id="field of another kind"),
    pytest.param([('scope = "venue"\n', "")], "loss.stage[0].scope", "missing", id="missing field"),
    # the price
    pytest.param([('[price.mark]', 'sources = [{ id = "a" }, { id = "a" }]\n[price.mark]')], "price.index.sources[1].id", "second time", id="source twice"),
    pytest.param([('kind = "weighted_median"', 'kind = "median"\nsources = [{ id = "a", w = 2 }]')], "price.index.sources[0].w", "counts every source once", id="weights of a median"),
    pytest.param([('kind = "weighted_median"', 'kind = "median"\ndefault_w = 2')], "price.index.default_w", "counts every source once", id="default weight of a median"),
    pytest.param([('kind = "weighted_median"', 'kind = "median"\nguards = [{ kind = "future", ms = 1 }, { kind = "future", ms = 2 }]')], "price.index.guards[1].kind", "second time", id="guard twice"),
    pytest.param([('kind = "reported_mark"', 'kind = "index"')], "price.mark.components[1].kind", "second time", id="component twice"),
    pytest.param([('kind = "median"', 'kind = "first"')], "price.mark.components", "another order", id="order of components"),
    pytest.param([('[[collateral]]', 'guards = [{ kind = "max_step", ppm = 1 }]\n[[collateral]]')], "price.mark.guards[0].kind", "for ever", id="a step nobody may take"),
    pytest.param([('[[collateral]]', 'guards = [{ kind = "max_step", ppm = 1, window_ms = 5 }]\n[[collateral]]')], "price.mark.guards[0].window_ms", "no window", id="window of a step"),
    pytest.param([('[price.mark]', 'guards = [{ kind = "stale_mark", ms = 1 }]\n[price.mark]'), ('[[collateral]]', 'guards = [{ kind = "max_age", ms = 1 }]\n[[collateral]]')], "price.mark.guards[0].kind", "already", id="guard of index and mark"),
    pytest.param([('[price.mark]', 'guards = [{ kind = "max_deviation", vs = "median", ppm = 1, min_breaches = 2 }]\n[price.mark]')], "price.index.guards[0].kind", "belong together", id="breaches without an answer"),
    pytest.param([('[[collateral]]', 'guards = [{ kind = "future", ms = 1 }]\n[[collateral]]')], "price.mark.guards[0].kind", "does not run", id="guard of a report on a mark"),
    # collateral
    pytest.param([('asset = "USDC"\nkind = "par"', 'asset = "USDC"\nkind = "weight"\ninitial_ppm = 1\nmaintenance_ppm = 1')], "collateral[0].kind", "at par", id="settlement not at par"),
    pytest.param([('asset = "USDC"', 'asset = "USDT"')], "collateral[0].asset", "not the settlement", id="settlement not first"),
    pytest.param([('kind = "weight"\ninitial_ppm = 900000\nmaintenance_ppm = 950000', 'kind = "par"')], "collateral[1].kind", "only the settlement", id="second par"),
    pytest.param([('maintenance_ppm = 950000', 'maintenance_ppm = 850000')], "collateral[1].maintenance_ppm", "less against liquidation", id="weights"),
    pytest.param([('asset = "BTC"', 'asset = "USDC"')], "collateral[1].asset", "second time", id="asset twice"),
    # schedules
    pytest.param([('from = "0", max_leverage = 40', 'from = "1", max_leverage = 40')], "margin.schedule[0].brackets.BTC[0].from", "start at zero", id="first bracket"),
    pytest.param([('from = "150000000"', 'from = "0"')], "margin.schedule[0].brackets.BTC[1].from", "not above", id="brackets ascend"),
    pytest.param([('from = "150000000", max_leverage = 20', 'from = "150000000", max_leverage = 50')], "margin.schedule[0].brackets.BTC[1]", "smaller rate", id="rates ascend"),
    pytest.param([("max_leverage = 20", "max_leverage = 20, mmr_ppm = 12000")], "margin.schedule[0].brackets.BTC[1]", "smaller rate", id="maintenance rates ascend"),
    pytest.param([('{ from = "0", max_leverage = 10 }', '{ from = "0" }')], "margin.schedule[0].brackets.default[0]", "no rate", id="bracket without a rate"),
    pytest.param([('maintenance_share_ppm = 500000\n', ''), ("max_leverage = 40", "max_leverage = 40, mmr_ppm = 4000"), ("max_leverage = 20", "max_leverage = 20, mmr_ppm = 5000")], "margin.schedule[0].brackets.default[0]", "not known", id="no maintenance rate"),
    pytest.param([('id = "leverage"', 'id = "tiers"'), ('of = "leverage"', 'of = "tiers"')], "margin.schedule[1].id", "second time", id="schedule twice"),
    pytest.param([('bounded_by = "tiers"', 'bounded_by = "tears"')], "margin.schedule[1].bounded_by", "no schedule", id="bound exists"),
    pytest.param([('bounded_by = "tiers"\n', '')], "margin.schedule[1].kind", "bounds a chosen leverage", id="leverage without a bound"),
    pytest.param([('mode = "marginal"', 'mode = "whole"')], "margin.schedule[1].bounded_by", "cannot bound", id="whole brackets as a bound"),
    pytest.param([('[[margin.level]]\nname = "initial"', '[[margin.schedule]]\nid = "options"\nkind = "option_standard"\nim_scale_ppm = 100000\nim_min_ppm = 100001\nmm_scale_ppm = 75000\n[[margin.level]]\nname = "initial"')], "margin.schedule[2].im_min_ppm", "above the whole one", id="least share of an option"),
    pytest.param([('[[margin.level]]\nname = "initial"', '[[margin.schedule]]\nid = "options"\nkind = "option_standard"\nim_scale_ppm = 150000\nim_min_ppm = 70000\nmm_scale_ppm = 75000\n[[margin.level]]\nname = "initial"')], "margin.schedule[2].mm_scale_ppm", "above the least initial", id="maintenance of an option"),
    # levels
    pytest.param([('name = "initial"', 'name = "close_out"'), ('of = "leverage"', 'of = "tiers"')], "margin.level", "no level `initial`", id="initial missing"),
    pytest.param([('name = "maintenance"\nof = "tiers"', 'name = "maintenance"\nof = "tiers"\nincludes_orders = true')], "margin.level[1].includes_orders", "open orders", id="maintenance with orders"),
    pytest.param([('includes_orders = true\n', '')], "margin.level[0].add", "open orders only", id="open loss without orders"),
    pytest.param([('of = "leverage"', 'of = "lever"')], "margin.level[0].of", "no schedule", id="schedule of a level"),
    pytest.param([('name = "maintenance"\nof = "tiers"', 'name = "maintenance"\nof = "leverage"')], "margin.level[1].of", "liquidation price", id="chosen maintenance"),
    pytest.param([('name = "maintenance"\nof = "tiers"', 'name = "maintenance"\nof = "tiers"' + LEVEL_CLOSE_OUT)], "margin.level[2]", "close_out asks for more", id="close-out above maintenance"),
    pytest.param([('name = "maintenance"\nof = "tiers"', 'name = "maintenance"\nof = "tiers"\nscale_ppm = 2000001')], "margin.level[1]", "maintenance asks for more", id="maintenance above initial"),
    pytest.param([('name = "initial"', 'name = "initial"\nscale_ppm = 10000000'), ("max_leverage = 10", "max_leverage = 9")], "margin.level[0].scale_ppm", "whole notional", id="more than notional"),
    # stages
    pytest.param([('id = "backstop"', 'id = "reduce"')], "liquidation.stage[1].id", "second time", id="stage twice"),
    pytest.param([('level = "maintenance", cmp = "lt", scale_ppm = 0', 'level = "close_out", cmp = "lt"')], "liquidation.stage[2].when.level", "no level", id="level of a stage"),
    pytest.param([('level = "maintenance", cmp = "lt" }', 'level = "maintenance", cmp = "lt", scale_ppm = 999999 }')], "liquidation.stage[0].when", "distressed", id="first stage"),
    pytest.param([('scale_ppm = 666667', 'scale_ppm = 1000001')], "liquidation.stage[1].when.scale_ppm", "out of bounds", id="stage above its level"),
    pytest.param([('{ kind = "market", limit = "bankruptcy" }', '{ kind = "takeover", at = "mark" }')], "liquidation.stage[0].price", "this kind of price", id="price of the engine"),
    pytest.param([('executor = "adl"', 'executor = "adl"\nprice = { kind = "market" }')], "liquidation.stage[2].price", "this kind of price", id="price of adl"),
    pytest.param([('price = { kind = "takeover", at = "bankruptcy" }\n', '')], "liquidation.stage[1].price", "this kind of price", id="no takeover price"),
    pytest.param([('{ kind = "market", limit = "bankruptcy" }', '{ kind = "oracle_health_discount", max_ppm = 100000, slope_ppm = 100000, relative_to = "notional", as_limit = true }')], "liquidation.stage[0].price.relative_to", "not built", id="discount of something else"),
    pytest.param([('{ kind = "market", limit = "bankruptcy" }', '{ kind = "oracle_health_discount", max_ppm = 100000, slope_ppm = 100000, relative_to = "maintenance_margin" }')], "liquidation.stage[0].price.as_limit", "their limit", id="discount as a price"),
    pytest.param([('{ kind = "market", limit = "bankruptcy" }', '{ kind = "oracle_health_discount", max_ppm = 100000, slope_ppm = 99999, relative_to = "maintenance_margin", as_limit = true }')], "liquidation.stage[0].price.slope_ppm", "reached when the account is bankrupt", id="a discount that is never reached"),
    pytest.param([('{ kind = "market", limit = "bankruptcy" }', '{ kind = "oracle_health_discount", max_ppm = 300000, slope_ppm = 400000, relative_to = "maintenance_margin", as_limit = true }')], "liquidation.stage[0].price.slope_ppm", "no whole number of millionths", id="a slope of thirds"),
    pytest.param([('executor = "adl"', 'executor = "adl"\nsize = { kind = "fraction", ppm = 1 }')], "liquidation.stage[2].size", "only when the whole account is closed", id="size of adl"),
    pytest.param([('executor = "engine"', 'executor = "engine"\nthrottle = { kind = "cooldown", ms = 1 }')], "liquidation.stage[0].throttle", "only a fraction", id="throttle"),
    pytest.param([('to = "insurance_fund"', 'to = "mine"')], "liquidation.stage[0].fee", "no payee `mine`", id="payee of a fee"),
    pytest.param([('to = "insurance_fund" }', 'to = "insurance_fund" }, { kind = "residual", to = "vault" }')], "liquidation.stage[0].fee", "the trader's", id="residual of the engine"),
    pytest.param([('accept = "covered"', 'accept = "covered"\nfee = [{ kind = "residual", to = "trader" }]')], "liquidation.stage[1].fee", "hands the rest to the vault", id="residual elsewhere"),
    pytest.param([('to = "insurance_fund" }', 'to = "insurance_fund" }, { kind = "auction_start", ppm = 1, to = "vault" }')], "liquidation.stage[0].fee", "offered to keepers", id="start fee of an order"),
    pytest.param([('executor = "engine"', 'executor = "anyone"'), ('price = { kind = "market", limit = "bankruptcy" }', 'price = { kind = "oracle_bonus", bonus_ppm = 1 }'), ('to = "insurance_fund" }', 'to = "insurance_fund" }, { kind = "bonus_share", ppm = 1, to = "mine" }')], "liquidation.stage[0].fee", "no payee `mine`", id="payee of a bonus"),
    pytest.param([('to = "insurance_fund" }', 'to = "insurance_fund" }, { kind = "notional", ppm = 1, to = "pool" }')], "liquidation.stage[0].fee[1].kind", "second time", id="fee twice"),
    pytest.param([('ppm = 2500', 'ppm = 13750')], "liquidation.stage[0].fee", "as much as closing frees", id="penalty and health"),
    # losses and deleveraging
    pytest.param([('kind = "liquidity_vault"\nid = "pool"', 'kind = "haircut_gains"'), ("draw_cap_ppm = 250000\n", "")], "loss.stage[2].kind", "comes after", id="order of layers"),
    pytest.param([('kind = "liquidity_vault"\nid = "pool"', 'kind = "insurance_fund"\nscope = "venue"')], "loss.stage[1].kind", "second time", id="layer twice"),
    pytest.param([('[[loss.stage]]', '[[loss.stage]]\nkind = "account_residual"\nto = "mine"\n[[loss.stage]]')], "loss.stage[0].to", "no payee", id="payee of the residual"),
    pytest.param([('[[liquidation.stage]]\nid = "adl"\nwhen = { level = "maintenance", cmp = "lt", scale_ppm = 0 }\nexecutor = "adl"\n', '')], "loss.stage[2]", "no stage closes", id="layer without a stage"),
    pytest.param([('[adl]\ncombine = "product"\nscore = ["mark_over_entry_price", "notional_over_equity"]\nprice = "bankruptcy"\n', '')], "adl", "not said how", id="no adl section"),
    pytest.param([('[[loss.stage]]\nkind = "adl"\n', ''), ('[[liquidation.stage]]\nid = "adl"\nwhen = { level = "maintenance", cmp = "lt", scale_ppm = 0 }\nexecutor = "adl"\n', '')], "adl", "nothing uses", id="idle adl section"),
    pytest.param([('"notional_over_equity"]', '"pnl_over_wallet"]')], "adl.score", "does not compute", id="score"),
    # limits and breakers
    pytest.param([('[adl]', '[[limits.limit]]\nkind = "withdraw_gains"\nallowed = true\n[[limits.limit]]\nkind = "withdraw_gains"\nallowed = true\n[adl]')], "limits.limit[1].kind", "second time", id="limit twice"),
    pytest.param([('[adl]', '[[limits.limit]]\nkind = "open_interest"\ncap = "1"\nunit = "size"\nscope = "venue"\n[adl]')], "limits.limit[0].unit", "capped in money", id="venue in base"),
    pytest.param([('[adl]', '[[limits.limit]]\nkind = "position"\ncap = "1"\nunit = "supply"\n[adl]')], "limits.limit[0].unit", "held to the supply", id="position of supply"),
    pytest.param([('[adl]', '[[limits.limit]]\nkind = "outflow"\nppm = 1\nwindow_ms = 5\n[adl]')], "limits.limit[0].window_ms", "no window", id="window of outflow"),
    pytest.param([('[adl]', '[[limits.limit]]\nkind = "collateral_cap"\ncap = "1"\nramp_ms = 5\n[adl]')], "limits.limit[0].ramp_from", "a day to begin", id="ramp without a day"),
    pytest.param([('[adl]', '[[limits.limit]]\nkind = "price_band"\nppm = 5\nvs = "index"\n[adl]')], "limits.limit[0].vs", "does not run", id="band around another price"),
    pytest.param([('[adl]', '[[breakers.breaker]]\ntrigger = { metric = "funding_at_cap", value = 1 }\naction = "reduce_only"\nrelease_ms = 1\n[adl]')], "breakers.breaker[0].trigger.metric", "does not run", id="breaker metric"),
    pytest.param([('[adl]', '[rounding]\nequity = "ceil"\n[adl]')], "rounding.equity", "does not run", id="rounding"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "path", "word"), ONE_FAULT)
def test_every_check_tells_its_own_fault_and_no_other(changes: list[tuple[str, str]], path: str, word: str) -> None:
    faults = faults_of(spoiled(*changes))
    assert [fault.path for fault in faults] == [path], faults
    assert word in faults[0].problem
    assert faults[0].remedy.endswith((".", "?"))
    assert faults[0].line is not None


def test_a_misspelt_section_is_told_as_unknown_and_as_missing() -> None:
    faults = faults_of(spoiled(("[meta]", "[metal]")))
    assert [(fault.path, fault.problem) for fault in faults] == [
        ("meta", "this is missing"),
        ("metal", "no such parameter"),
    ]
    assert faults[1].remedy == "Did you mean `meta`?"


@pytest.mark.parametrize(
    ("piece", "copies", "path"),
    [
        ('[[collateral]]\nasset = "BTC"\nkind = "weight"\ninitial_ppm = 1\nmaintenance_ppm = 1\n', 15, "collateral"),
        ('[[liquidation.stage]]\nid = "s"\nwhen = { level = "maintenance", cmp = "lt" }\nexecutor = "adl"\n', 6, "liquidation.stage"),
        ('[[loss.stage]]\nkind = "adl"\n', 7, "loss.stage"),
        ('[[breakers.breaker]]\ntrigger = { metric = "mark_move", value = 1, window_ms = 1 }\naction = "reduce_only"\nrelease_ms = 1\n', 13, "breakers.breaker"),
    ],
)  # fmt: skip
def test_the_machine_has_room_for_so_many_and_no_more(piece: str, copies: int, path: str) -> None:
    assert path in [fault.path for fault in faults_of(SOUND + piece * copies) if "there are" in fault.problem]
    assert path not in [fault.path for fault in faults_of(SOUND + piece * (copies - 1)) if "there are" in fault.problem]


def test_seventeen_sources_are_too_many() -> None:
    sources = ", ".join(f'{{ id = "s{row}" }}' for row in range(17))
    faults = faults_of(spoiled(('kind = "weighted_median"', f'kind = "weighted_median"\nsources = [{sources}]')))
    assert [(fault.path, fault.problem) for fault in faults] == [("price.index.sources", "there are 17 of these")]


def test_one_mistake_is_told_once_although_others_depend_on_it() -> None:
    """A schedule that cannot be read is not also missing, and its levels are not also unordered."""
    faults = faults_of(spoiled(('mode = "marginal"', 'mode = "margin"')))
    assert [fault.path for fault in faults] == ["margin.schedule[0].mode"]


def test_unknown_is_for_templates_and_only_where_the_machine_does_not_read() -> None:
    text = spoiled(("[adl]", '[governance]\ndelay_ms = "unknown"\n[adl]'))
    assert [(fault.path, fault.problem) for fault in faults_of(text)] == [
        ("governance.delay_ms", "`unknown` is refused for live use")
    ]
    assert faults_of(text, template=True) == ()
    needed = spoiled(("max_leverage = 10", 'max_leverage = "unknown"'))
    assert [fault.path for fault in faults_of(needed, template=True)] == [
        "margin.schedule[0].brackets.default[0].max_leverage"
    ]


def test_a_text_that_is_not_toml_is_refused_with_its_line() -> None:
    text = spoiled(('venue = "test"', "venue = test"))
    faults = faults_of(text)
    assert [(fault.line, fault.path) for fault in faults] == [(line_of(text, "venue"), "")]
    assert "not TOML" in faults[0].problem
    unended = faults_of('schema = "rulebook/1"\nx = ["a",\n')
    assert unended[0].line is not None


def test_files_and_presets(tmp_path: Path) -> None:
    place = tmp_path / "own.toml"
    place.write_text(SOUND, encoding="utf-8")
    assert read_rulebook(place).name == "own"
    assert read_rulebook(str(place)).meta.venue == "test"
    assert read_rulebook("solvent").meta.venue == "solvent"
    with pytest.raises(RulebookError, match="there is no such rulebook"):
        read_rulebook("nowhere")
    place.write_bytes(b"\xff\xfe")
    with pytest.raises(RulebookError, match="not UTF-8"):
        read_rulebook(place)


def paths_in(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place of a read document."""
    if path:
        yield path
    if isinstance(value, dict):
        for name, below in value.items():
            yield from paths_in(below, (*path, name))
    elif isinstance(value, list):
        for row, below in enumerate(value):
            yield from paths_in(below, (*path, row))


AWKWARD = """\
# a comment [with] = "brackets"
plain = 1
"quoted.key" = 'it''s' # two literal strings would be an error; see below
'literal key'.inner."x # y" = "a \\" # not a comment ]"
multi = \"\"\"
[not.a.table]
not_a_key = 1 \\\"\"\" still inside
\"\"\"
raw = '''
"[[nor.this]]" '''
dates = [1979-05-27T07:32:00Z, 1979-05-27, 07:32:00, 1979-05-27 07:32:00]
empty = [ ]
inline = { a = { b = [ { c = 1 }, { c = [1, [2, 3], ], } ] }, "d.e" = true }
[a.b.c]
deep = -1_000
[[list]]
x = 1
[list.sub]
y = 2
[[list.sub2]]
z = 3
[[list.sub2]]
z = 4
  [[list]]   # indented
  x = [
    5, # five
    # nothing
    6
  ]
[ spaced . "out" ]
k = 1
""".replace("'it''s'", "'its'").replace(" ], }", " ] }")


def test_lines_of_awkward_texts() -> None:
    document = tomllib.loads(AWKWARD)
    lines = lines_of(AWKWARD)
    assert set(lines) == set(paths_in(document))
    for path, piece in {
        ("quoted.key",): '"quoted.key"',
        ("literal key", "inner", "x # y"): "'literal key'",
        ("raw",): "raw =",
        ("inline", "a", "b", 1, "c", 1, 0): "inline",
        ("a", "b", "c", "deep"): "deep",
        ("list", 0, "sub2", 1, "z"): "z = 4",
        ("list", 1, "x", 1): "    6",
        ("spaced", "out", "k"): "k = 1",
    }.items():
        assert lines[path] == line_of(AWKWARD, piece), path


@pytest.mark.parametrize("name", preset_names())
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_of_presets(name: str, end: str) -> None:
    text = (PRESETS / f"{name}.toml").read_text(encoding="utf-8").replace("\n", end)
    lines = lines_of(text)
    assert set(lines) == set(paths_in(tomllib.loads(text)))
    if ("margin", "level", 1, "name") in lines:  # an overlay need not have any
        assert lines[("margin", "level", 1, "name")] == line_of(text, 'name = "maintenance"')


def test_a_path_without_a_line_falls_back_to_what_is_around_it() -> None:
    lines = lines_of(SOUND)
    assert nearest_line(lines, ("loss", "stage", 1, "nowhere", "at all")) == lines["loss", "stage", 1]
    assert nearest_line(lines, ("nowhere",)) == 1


def test_every_declaration_says_why_and_has_what_its_type_needs() -> None:
    for parameter in PARAMETERS:
        assert parameter.why.endswith("."), parameter.path
        if parameter.type in (Type.INT, Type.PPM, Type.MS, Type.MONEY, Type.TABLES):
            assert parameter.least is not None, parameter.path
            assert parameter.most is not None, parameter.path
        if parameter.type == Type.CHOICE:
            assert parameter.choices, parameter.path
        assert not (parameter.required and parameter.default), parameter.path


def test_kinds_of_declarations_exist() -> None:
    def walk(node: Node) -> None:
        kind = node.fields.get("kind", node.fields.get("metric"))
        known = () if kind is None else (*kind.parameter.choices, *kind.parameter.later)
        for below in node.fields.values():
            assert kind is None or set(below.parameter.kinds) <= set(known), below.parameter.path
            assert kind is not None or not below.parameter.kinds, below.parameter.path
            walk(below)

    walk(TREE)
