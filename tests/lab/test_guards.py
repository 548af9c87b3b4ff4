"""Attacks of the record in pairs: contained with the default guards, not contained without; and what the guards told."""

from pathlib import Path

import numpy as np
import pytest
from tests.small_replay import played

from solvent.lab.guards.pairs import OFF, main, read_pairs, row_of, rulebook_without, run_pair, scenario_of
from solvent.lab.guards.picture import LEVELS, MARKETS_MAX, guards_picture
from solvent.lab.guards.series import MarketGuards, guards_of
from solvent.lab.measures import summarise

PAIRS = read_pairs()
PAGE_PLACE = Path(__file__).parents[2] / "docs" / "recommended.md"
PAGE = PAGE_PLACE.read_text(encoding="utf-8")
CLASSES = {39, 89, 90, 91, 92, 93, 94, 95}
"""Of the catalogue of attacks: all of oracle, time and breaker, and the gain that is taken out before it is real."""


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_the_guards_contain_it_and_their_absence_does_not(pair) -> None:
    found = run_pair(pair)
    assert found.with_guards <= pair.with_at_most, row_of(found)
    assert found.without >= pair.without_at_least, row_of(found)
    assert found.holds
    told = f"| {found.with_guards:,.0f} | {found.without:,.0f} |"
    assert any(pair.name in line and told in line for line in PAGE.splitlines()), f"{PAGE_PLACE}: {row_of(found)}"


def test_every_class_of_oracle_time_and_breaker_has_a_pair() -> None:
    assert {pair.number for pair in PAIRS} == CLASSES
    assert len({pair.name for pair in PAIRS}) == len(PAIRS)
    for told in (
        "Synthetix",
        "bZx",
        "Compound",
        "Venus and Blizz",
        "Mango",
        "GMX",
        "Binance, 10 October 2025",
        "KiloEx",
    ):
        assert any(pair.told_of.startswith(told) for pair in PAIRS), told


def test_a_guard_that_is_none_is_no_pair() -> None:
    for pair in PAIRS:
        assert rulebook_without(pair, ()).text != rulebook_without(pair, pair.off).text
        assert scenario_of(pair).name == pair.name
    with pytest.raises(KeyError):
        rulebook_without(PAIRS[0], ("hope",))
    assert set(OFF) >= {"quorum", "table", "breakers"}


def test_the_command_prints_a_row_and_says_whether_it_holds(capsys) -> None:
    assert main(["many-small-steps"]) == 0
    assert "holds" in capsys.readouterr().out
    assert main(["no such pair"]) == 1


@pytest.fixture(scope="module")
def run():
    return played(accounts=60)


def test_what_the_guards_of_a_replay_told_is_there_for_every_step(run) -> None:
    told = guards_of(run)
    assert told
    steps = len(run.recording.time_ns)
    for market in told:
        assert market.firings + market.changes > 0
        assert len(market.mark) == len(market.level) == len(market.multiplier) == steps
        assert market.multiplier.min() >= 1
        assert {said.name for said in market.said} <= {name for (_row, name) in run.compiled.source_ids}
        # caution, or a price in doubt, asks for more
        assert (market.multiplier[market.level >= 1] >= 1.5).all()


def test_the_picture_has_three_panels_a_market_and_a_sentence_where_nothing_fired(run) -> None:
    told = guards_of(run)
    picture = guards_picture(summarise(run), told)
    assert picture.figure is not None
    assert sum(name.startswith("yaxis") for name in picture.figure["layout"]) == 3 * min(len(told), MARKETS_MAX)
    lines = [trace["name"] for trace in picture.figure["data"]]
    assert lines.count("breaker") == lines.count("margin") == min(len(told), MARKETS_MAX)
    assert "strictest" in picture.caption
    assert guards_picture(summarise(run), []).figure is None


def test_markets_beyond_those_drawn_are_named() -> None:
    time_ns = np.arange(5, dtype=np.int64) * 10**9
    one = MarketGuards("M", time_ns, np.ones(5), [], [], np.array([0, 4, 4, 0, 0], np.int8), np.ones(5), 2)
    told = [one._replace(symbol=f"M{place}") for place in range(MARKETS_MAX + 2)]
    summary = {"start_ns": 0, "end_ns": 4 * 10**9}
    picture = guards_picture(summary, told)
    assert f"M{MARKETS_MAX} and M{MARKETS_MAX + 1}" in picture.caption
    assert f"M0 went to {LEVELS[4]}" in picture.caption
