"""Overlays, vintages, and templates with holes: what is joined, what is refused, what may be filled."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvent.rulebook.document import (
    RulebookError,
    parse_rulebook,
    parse_template,
    preset_names,
    read_rulebook,
    read_template,
    vintages,
)
from solvent.rulebook.overlay import as_text, joined

SOUND = (Path(__file__).parent / "sound.toml").read_text(encoding="utf-8")

OVER = """schema = "rulebook/1"
[meta]
extends = "sound.toml"
as_of = "2026-12-01"
[price.index]
minimum_sources = 2
[[limits.limit]]
kind = "withdraw_gains"
allowed = true
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the sound rulebook in it."""
    (tmp_path / "sound.toml").write_text(SOUND, encoding="utf-8")
    return tmp_path


def problems(text: str, folder: Path, **more: Any) -> list[tuple[str, str]]:
    """(path, problem) of every fault."""
    with pytest.raises(RulebookError) as caught:
        parse_rulebook(text, "over.toml", folder=folder, **more)
    return [(fault.path, fault.problem) for fault in caught.value.faults]


def test_an_overlay_changes_what_it_names_and_nothing_else(folder: Path) -> None:
    under, over = parse_rulebook(SOUND, "sound.toml"), parse_rulebook(OVER, "over.toml", folder=folder)
    assert over.index.minimum_sources == 2
    assert over.limits.withdraw_gains
    assert over.meta.as_of == "2026-12-01"
    assert (over.schedules, over.levels, over.stages, over.losses) == (
        under.schedules,
        under.levels,
        under.stages,
        under.losses,
    )


def test_the_text_of_an_overlay_is_the_whole_of_it(folder: Path) -> None:
    over = parse_rulebook(OVER, "over.toml", folder=folder)
    alone = parse_rulebook(over.text, "over.toml")
    assert (alone.digest, alone.stages, alone.levels) == (over.digest, over.stages, over.levels)
    assert "extends" not in over.text
    assert over.source == OVER


def test_a_section_of_another_kind_starts_empty() -> None:
    below = {"price": {"index": {"kind": "median", "default_w": 1}, "mark": {"kind": "first"}}}
    above = {"price": {"index": {"kind": "external_feed", "feed": "x"}}}
    assert joined(below, above) == {
        "price": {"index": {"kind": "external_feed", "feed": "x"}, "mark": {"kind": "first"}}
    }


def test_overlays_that_go_in_a_circle_are_named(folder: Path) -> None:
    (folder / "a.toml").write_text('[meta]\nextends = "b.toml"\n', encoding="utf-8")
    (folder / "b.toml").write_text('[meta]\nextends = "a.toml"\n', encoding="utf-8")
    (path, problem), *others = problems('schema = "rulebook/1"\n[meta]\nextends = "a.toml"\n', folder)
    assert (path, others) == ("meta.extends", [])
    assert "a extends b extends a" in problem


def test_an_overlay_of_nothing_names_the_nearest(folder: Path) -> None:
    with pytest.raises(RulebookError) as caught:
        parse_rulebook('[meta]\nextends = "hyperliqid"\n', "over.toml", folder=folder)
    assert [(fault.path, fault.line) for fault in caught.value.faults] == [("meta.extends", 2)]
    assert "Did you mean `hyperliquid`?" in caught.value.faults[0].remedy


def test_faults_of_an_overlay_stand_on_its_own_lines(folder: Path) -> None:
    with pytest.raises(RulebookError) as caught:
        parse_rulebook(OVER.replace("minimum_sources = 2", "minimum_sources = 200"), "over.toml", folder=folder)
    assert [(fault.path, fault.line) for fault in caught.value.faults] == [("price.index.minimum_sources", 6)]


HOLES = SOUND.replace("draw_cap_ppm = 250000", 'draw_cap_ppm = "unknown"')


def test_a_hole_is_refused_for_live_use_and_named_in_a_template() -> None:
    with pytest.raises(RulebookError) as caught:
        parse_rulebook(HOLES, "holes.toml")
    assert [fault.path for fault in caught.value.faults] == ["loss.stage[1].draw_cap_ppm"]
    template = parse_template(HOLES, "holes.toml")
    assert [fault.path for fault in template.unknown] == ["loss.stage[1].draw_cap_ppm"]
    assert template.rulebook is None


def test_a_hole_is_filled_by_path_and_by_nothing_else(folder: Path) -> None:
    filled = parse_rulebook(HOLES, "holes.toml", fill={"loss.stage[1].draw_cap_ppm": "250000"})
    assert filled.losses == parse_rulebook(SOUND, "sound.toml").losses
    assert parse_rulebook(filled.text, "filled.toml").losses == filled.losses
    emptied = parse_rulebook(HOLES, "holes.toml", fill={"loss.stage[1].draw_cap_ppm": "none"})
    assert emptied.losses[1].cap == 1
    wrong = problems(HOLES, folder, fill={"loss.stage[0].to": "vault"})
    assert ("loss.stage[0].to", "this is not unknown, so it cannot be filled") in wrong


def test_leaving_out_takes_the_whole_element() -> None:
    left = parse_rulebook(HOLES, "holes.toml", leave_out_unknown=True)
    assert len(left.losses) == len(parse_rulebook(SOUND, "sound.toml").losses) - 1


def test_what_the_machine_does_not_run_is_named_and_refused() -> None:
    text = SOUND.replace('kind = "weighted_median"', 'kind = "signed_range"\nprovider = "x"')
    assert [fault.path for fault in parse_template(text, "x.toml").unrun] == ["price.index.kind"]
    with pytest.raises(RulebookError) as caught:
        parse_rulebook(text, "x.toml")
    assert "the machine does not run `signed_range`" in str(caught.value)


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_reads_as_a_template(name: str) -> None:
    template = read_template(name)
    assert template.meta is not None
    assert template.meta.sources
    assert template.rulebook is not None or template.unknown or template.unrun


def test_a_vintage_is_the_youngest_that_is_not_younger() -> None:
    for venue in {read_template(name).meta.venue for name in preset_names()}:  # type: ignore[union-attr]
        for day, name in vintages(venue):
            try:
                found = read_rulebook(f"{venue}@{day}")
            except RulebookError as error:
                assert error.name.removesuffix(".toml") == name
            else:
                assert found.name == name
    with pytest.raises(RulebookError, match="no preset of hyperliquid is that old"):
        read_rulebook("hyperliquid@1999-01-01")
    with pytest.raises(RulebookError, match="Did you mean `hyperliquid`"):
        read_rulebook("hyperliqud@2026-01-01")
    with pytest.raises(RulebookError, match="is not a date"):
        read_rulebook("hyperliquid@yesterday")


_PLAIN = st.text(
    alphabet=st.characters(codec="utf-8", exclude_characters="\x7f", exclude_categories=["Cs"]), max_size=8
)
_KEY = st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True)
_VALUE = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | _PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEY, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(_KEY, _VALUE, max_size=4))
def test_what_is_written_out_reads_back(document: dict[str, Any]) -> None:
    assert tomllib.loads(as_text(document)) == document
