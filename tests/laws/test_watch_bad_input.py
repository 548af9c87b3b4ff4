"""What a watch must not be surprised by: each time the same answer as a scan of everybody."""

import os

import numba
import numpy as np
import pytest
from machine import START, small_terms
from tests.ground import give, give_collateral, open_account
from tests.plain import plain
from typer.testing import CliRunner

from solvent.cli.main import app
from solvent.codes import ContractKind, Level, Status
from solvent.commands import PriceReport, pack
from solvent.engine.room import Machine as Pair
from solvent.engine.room import fresh_watch, with_mirror
from solvent.events import EventKind, blank_tape
from solvent.procedures.apply import apply
from solvent.procedures.scan import broken_corners, scan_exactly, scan_filtered
from solvent.risk.watch import COUNT, SCANS, SLOTS_MAX, has_member
from solvent.state.terms import Terms, TermsShape, blank_terms
from solvent.state.values import traded_quanta
from solvent.state.whole import first_user_account, new_state
from solvent.units import PPM, VALUE_MAX


class Venue:
    """Accounts out of thin air in listed markets; prices through the whole machine."""

    def __init__(self, accounts: int, *, positions: int = 0, terms=None, marks=(1_000, 1_000)) -> None:
        terms = terms or small_terms()
        self.state = new_state(terms, accounts=accounts, positions=positions or 2 * accounts, holdings=accounts + 8)
        self.state.instruments.listed[:] = 1
        self.state.instruments.mark_ticks[: len(marks)] = marks
        self.state.venue[0].time_ns = START
        self.time = START

    def ready(self, mirror: bool = False) -> None:
        self.pair = Pair(self.state, fresh_watch(self.state))
        if mirror:
            self.pair = with_mirror(self.pair)
        self.tape = blank_tape(4 * len(self.state.accounts) + 20_000)
        self.found = np.zeros(len(self.state.accounts), dtype=np.int32)

    def price(self, instrument: int, ticks: int) -> list[int]:
        """Accounts the price flagged, checked against the scan of the same moment."""
        self.time += 1_000_000
        records = pack([PriceReport(self.time, instrument, 0, ticks, self.time)])
        self.tape.meter[0] = 0
        assert apply(*self.pair, self.tape, records, 0) == 1
        told = self.tape.records[: int(self.tape.meter[0])]
        assert not (told["kind"] == EventKind.COMMAND_REFUSED).any()
        flagged = told["account"][told["kind"] == EventKind.ACCOUNT_FLAGGED].tolist()
        self.state.accounts["status"][flagged] = Status.SOUND
        naive = self.found[: scan_exactly(self.state, self.found)].tolist()
        self.state.accounts["status"][flagged] = Status.DISTRESSED
        assert flagged == naive
        count, _doubted = scan_filtered(*self.pair, self.found)
        assert count in (0, -1)
        assert broken_corners(*self.pair, self.found) == 0
        return flagged


@pytest.mark.parametrize("mirror", [False, True])
def test_all_accounts_distressed_at_once(mirror: bool) -> None:
    venue = Venue(3_000)
    everybody = [open_account(venue.state, 200_000 + number % 7) for number in range(3_000)]
    for account in everybody:
        give(venue.state, account, 0, 1_000, cost=1_000_000)
    venue.ready(mirror)
    assert venue.price(0, 999) == []
    assert venue.price(0, 500) == everybody
    assert venue.state.venue[0].queue_count == 3_000
    assert venue.price(0, 400) == []
    if mirror:
        assert venue.pair.watch.meter[SCANS] > 0


def alike_markets(count: int) -> Terms:
    """So many markets at 10 % and 5 %."""
    terms = blank_terms(TermsShape(count, 2, 0))
    small = small_terms()
    for name in ("levels", "stages", "absorbers", "assets", "policy"):
        getattr(terms, name)[:] = getattr(small, name)
    terms.brackets[0].numerator, terms.brackets[1].numerator = 100_000, 50_000
    for market in range(count):
        contract = terms.contracts[market]
        contract.quanta_per_lot_tick, contract.price_max_ticks, contract.lots_max = 1, 100_000, 100_000
        terms.feeds[market * (len(terms.feeds) // count)] = small.feeds[0]
        for level in (Level.INITIAL, Level.MAINTENANCE):
            terms.schedules[level * count + market] = small.schedules[2 * level]
            terms.schedules[level * count + market].first_bracket = level
    return terms


@pytest.mark.parametrize("count", [50, 64])
def test_an_account_with_many_positions(count: int) -> None:
    terms = alike_markets(count)
    venue = Venue(4, positions=4 * count, terms=terms, marks=(1_000,) * count)
    many = open_account(venue.state, 60_000)
    for market in range(count):
        give(venue.state, many, market, 10 if market % 2 else -10, cost=10_000 if market % 2 else -10_000)
    venue.ready(mirror=True)
    flagged = []
    for market in range(count):
        flagged += venue.price(market, 1_300 if market % 2 == 0 else 700)
        flagged += venue.price(market, 2_500 if market % 2 == 0 else 100)
    assert flagged == [many]


def test_a_market_without_a_price_moves_nobody_until_its_first() -> None:
    terms = small_terms()
    asset = terms.assets[1]
    asset.used, asset.price_instrument, asset.value_num, asset.value_den = 1, 1, 1, 1
    asset.initial_ppm = asset.maintenance_ppm = PPM
    venue = Venue(8, terms=terms, marks=(1_000, 0))
    account = open_account(venue.state, 60_000)
    give(venue.state, account, 0, 1_000, cost=1_000_000)
    give_collateral(venue.state, account, 1, 500)
    venue.ready(mirror=True)
    assert venue.price(0, 995) == []
    assert venue.price(1, 100) == []
    assert venue.price(0, 945) == []
    assert venue.price(1, 1) == [account]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_position_at_the_size_limit_and_a_price_at_its_bound(sign: int) -> None:
    top = 2**31
    terms = small_terms()
    contract = terms.contracts[0]
    contract.price_max_ticks, contract.lots_max = top, VALUE_MAX // top
    venue = Venue(8, terms=terms, marks=(top // 2, 1_000))
    lots = sign * int(contract.lots_max)
    whale = open_account(venue.state, VALUE_MAX // 2)
    give(venue.state, whale, 0, lots, cost=lots * (top // 2))
    dust = open_account(venue.state, top)
    give(venue.state, dust, 0, sign, cost=sign * (top // 2))
    venue.ready(mirror=True)
    far, near = (1, top) if sign > 0 else (top, 1)
    assert venue.price(0, near) == []
    assert venue.price(0, top // 2) == []
    flagged = venue.price(0, far)
    assert flagged == ([] if sign > 0 else [whale])


@pytest.mark.parametrize("sign", [1, -1])
def test_an_inverse_position_at_the_size_limit_and_its_price_at_both_bounds(sign: int) -> None:
    top = 2**31
    terms = small_terms()
    contract = terms.contracts[0]
    contract.kind, contract.price_min_ticks, contract.price_max_ticks = ContractKind.INVERSE, 1, top
    contract.quanta_per_lot_tick, contract.lots_max = 2**40, VALUE_MAX // 2**40
    venue = Venue(8, terms=terms, marks=(1_000, 1_000))
    lots = sign * int(contract.lots_max)
    cost = int(plain(traded_quanta)(contract, lots, 1_000))
    whale = open_account(venue.state, VALUE_MAX // 500)
    give(venue.state, whale, 0, lots, cost=cost)
    dust = open_account(venue.state, 2**41)
    give(venue.state, dust, 0, sign, cost=cost // int(contract.lots_max))
    venue.ready(mirror=True)
    flagged = venue.price(0, top) + venue.price(0, 1_000) + venue.price(0, 1) + venue.price(0, top)
    assert flagged == ([whale] if sign > 0 else [])


def test_a_vault_in_more_markets_than_a_mirror_has_slots_for_is_judged_at_every_price() -> None:
    count = SLOTS_MAX + 5
    terms = alike_markets(count)
    venue = Venue(4, positions=4 * count, terms=terms, marks=(1_000,) * count)
    many = open_account(venue.state, 60_000)
    for market in range(count):
        give(venue.state, many, market, 10, cost=10_000)
    venue.ready(mirror=True)
    assert plain(has_member)(venue.pair.watch.loose, many)
    assert plain(has_member)(venue.pair.watch.stale, many)
    assert venue.price(count - 1, 999) == []
    flagged = [account for market in range(count) for account in venue.price(market, 400)]
    assert flagged == [many]


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="a million accounts are too many for plain Python")
def test_a_million_accounts_with_nothing_cost_nothing() -> None:
    """With SOLVENT_EMPTY_ACCOUNTS as many as it says: ten million take some three gigabytes."""
    count = int(os.environ.get("SOLVENT_EMPTY_ACCOUNTS", "1000000"))
    venue = Venue(count, positions=16)
    first = first_user_account(venue.state)
    venue.state.accounts.kind[first:] = 1
    for link in ("first_position", "first_holding", "default_instrument", "order_stage"):
        venue.state.accounts[link][first:] = -1
    venue.state.venue[0].account_count = first + count
    venue.ready(mirror=True)
    assert len(venue.pair.watch.keys) == 0
    assert venue.price(0, 1) == []
    assert venue.price(0, 100_000) == []
    owners = ("owner_slots", "owner_before")  # whose an account is costs the same whatever it holds
    watched = venue.pair.watch._asdict().items()
    assert sum(rows.nbytes for name, rows in watched if name not in owners) < 12 * count
    assert venue.pair.watch.loose[COUNT] == 0


def test_a_book_that_does_not_fit_is_refused_in_a_sentence(monkeypatch) -> None:
    def out_of_memory(*_given, **_named):
        raise MemoryError

    monkeypatch.setattr("solvent.lab.bench.watch.draw_book", out_of_memory)
    result = CliRunner().invoke(app, ["bench", "watch", "--accounts", "20000000"])
    assert result.exit_code == 2
