"""Cells of the terms have names, each its own, and a name that is none is told what there is."""

import re

import pytest
from tests.service.running import VENUE, running

from solvent.market.venue import NotRepresentable, parse_venue
from solvent.rulebook.document import read_rulebook
from solvent.service.naming import TermNames


@pytest.fixture(scope="module")
def names():
    return TermNames(parse_venue(VENUE, read_rulebook("solvent").text, "solvent"))


def test_every_cell_has_a_name_and_every_name_is_its_cells(names):
    for cell in range(names.count):
        assert names.cell(names.named(cell).name) == cell
    assert names.named(names.count).name == str(names.count)


@pytest.mark.parametrize(
    "name",
    [
        "policy.advance_max",
        "contracts[BTC/USDC:USDC].lots_max",
        "feeds[BTC/USDC:USDC binance].weight",
        "schedules[maintenance ETH/USDC:USDC].rate_max_ppm",
        "dynamics[SOL/USDC:USDC short].volatility_ppm",
        "remedies[stale].open",
        "stages[1].timeout_ns",
        "corridors[margin].notice_ns",
    ],
)
def test_names_are_those_people_would_write(names, name):
    assert names.named(names.cell(name)).name == name


def test_a_row_may_be_written_by_its_number(names):
    assert names.cell("contracts[0].lots_max") == names.cell("contracts[BTC/USDC:USDC].lots_max")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("advance_max", "table[row].field"),
        ("rules.x", "known: contracts"),
        ("policy.speed", "known:"),
        ("stages.timeout_ns", "rows; name one"),
        ("stages[99].timeout_ns", "known: 0, 1"),
        ("contracts[DOGE].lots_max", "BTC/USDC:USDC"),
        ("contracts[" + "9" * 70 + "].lots_max", "known"),
    ],
)
def test_what_is_no_name_is_told_what_there_is(names, name, told):
    with pytest.raises(NotRepresentable, match=re.escape(told)):
        names.cell(name)


def test_a_term_is_staged_by_its_name_and_told_by_it():
    with running() as run, run.client("voter") as voter:
        listed = voter.get("/v1/terms", like="advance_max")["terms"]
        assert [one["term"] for one in listed] == ["policy.advance_max"]
        assert listed[0]["family"] == "engine"
        value = int(listed[0]["value"])
        stage = {"kind": "stage_term", "cell": "policy.advance_max", "value": value - 1}
        assert voter.submit([stage]).answers[0].accepted
        (pending,) = voter.get("/v1/rulebook")["pending"]
        assert (pending["term"], pending["staged"], pending["by"]) == ("policy.advance_max", str(value - 1), "a voter")
        page = voter.get("/v1/events", **{"from": run.service.hub.oldest_sequence})
        told = [event for event in page["events"] if event["kind"] == "term_staged"]
        assert told[-1]["term"] == "policy.advance_max"
        # a number is taken as before
        assert voter.submit([stage | {"cell": listed[0]["cell"]}]).answers[0].accepted
        assert len(voter.get("/v1/terms")["terms"]) == 200
