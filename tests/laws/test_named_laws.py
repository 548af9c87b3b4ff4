"""Laws that no single command shows: nobody gains by trading, nobody is forgotten, nobody decides about another.

The auditor stands by at every command; here the law is about the whole of a sequence. Codes are those of
docs/reliability.md.
"""

import random
from typing import Any

import numpy as np
import pytest
from machine import FIRST, FUND, LOSER, OTHER, RICH, SECOND, START, WINNER, Scene, small_terms

from solvent.codes import Executor, Level, Mode, Refusal, SystemAccount
from solvent.commands import (
    Advance,
    ContributeFund,
    Deposit,
    FundingTick,
    LiquidationFill,
    OpenAccount,
    PriceReport,
    ReserveOrder,
    SetLeverage,
    SetMode,
    Trade,
    Withdraw,
    pack,
)
from solvent.events import EventKind
from solvent.state.whole import copy_state, digest

PEOPLE = (LOSER, WINNER, RICH, OTHER)


def wealth(scene: Scene, people: Any = PEOPLE) -> int:
    """Equity of some people and what they took out, less what they brought in."""
    books = scene.auditor.books
    return sum(books.equity(account) for account in people)


@pytest.mark.parametrize("seed", range(6))
def test_nobody_gains_at_a_standing_price(seed: int) -> None:
    """M8: colluding pairs, silly prices, rebates, partial closes, orders and leverage: together never a quantum more."""
    chance = random.Random(seed)
    scene = Scene()
    before = wealth(scene)
    for _ in range(150):
        buyer, seller = chance.sample(PEOPLE, 2)
        lots, price = chance.randint(1, 40), 1_000 + chance.randint(-60, 60)
        fee = chance.randint(0, 20)
        command: Any = chance.choice(
            [
                Trade(scene.time, buyer, seller, chance.randrange(2), lots, price, fee, chance.choice([0, -fee, fee])),
                Trade(scene.time, buyer, seller, 0, lots, price),
                ReserveOrder(scene.time, buyer, 0, lots, price),
                SetLeverage(scene.time, buyer, 1, chance.randint(1, 30)),
            ]
        )
        scene.play(command)
        assert wealth(scene) <= before
    traded = scene.auditor.books.accounts[SystemAccount.FEES].wallet
    assert wealth(scene) == before - traded, "what they have less, the venue has as fees"


def test_a_flat_group_gains_nothing_by_prices_or_funding() -> None:
    """M8, M6: with every price and every payment of funding inside the group, its wealth falls by rounding alone."""
    chance = random.Random(5)
    scene = Scene()
    before = wealth(scene)
    settlements = 0
    for _ in range(120):
        buyer, seller = chance.sample(PEOPLE, 2)
        events = scene.play(Trade(scene.time, buyer, seller, 0, chance.randint(1, 9), 1_000))
        if chance.random() < 0.3:
            scene.price(1_000 + chance.randint(-9, 9))
        if chance.random() < 0.3:
            scene.play(FundingTick(scene.time, 0, chance.randint(-10_000_000, 10_000_000)))
        settlements += int((events["kind"] == EventKind.FUNDING_PAID).sum())
        held = sum(scene.auditor.books.lots_of(account, 0) for account in PEOPLE)
        assert held == 0
        # what is owed is rounded up for everybody: at most a quantum a position and settlement is in suspense
        assert before - settlements - len(PEOPLE) <= wealth(scene) <= before


def crowd(executor: Executor) -> tuple[Scene, list[int]]:
    """Twelve accounts that are all distressed by one price."""
    scene = Scene(executor)
    crowd = [FIRST + 4 + place for place in range(12)]
    for account in crowd:
        scene.play(OpenAccount(START, account, account, 1))
        scene.play(Deposit(START, account, 1_050))
        scene.play(Trade(scene.time, account, RICH, 0, 10, 1_000))
    scene.price(930)
    return scene, crowd


@pytest.mark.parametrize("executor", list(Executor))
def test_every_distressed_account_is_visited_within_its_turn(executor: Executor) -> None:
    """R7, S10: twelve in the queue, five an Advance: three Advances reach everybody, and each works no more than five."""
    scene, distressed = crowd(executor)
    visited: set[int] = set()
    for _ in range(3):
        events = scene.play(scene.advance())
        told = set(events["account"][np.isin(events["account"], distressed)].tolist())
        assert len(told) <= 5
        visited |= told
    assert visited == set(distressed)


@pytest.mark.parametrize("executor", list(Executor))
def test_inert_data_of_one_account_does_not_decide_about_another(executor: Executor) -> None:
    """R8: dust, orders, leverage and a nonsense withdrawal of somebody else change nothing about a liquidation."""
    scene, distressed = crowd(executor)
    plain = copy_state(scene.machine.state)
    quiet = pack([scene.advance()])
    told = scene.machine.do(quiet)
    scene, distressed = crowd(executor)
    assert digest(scene.machine.state) == digest(plain)
    for command in (
        Deposit(scene.time, OTHER, 1),
        SetLeverage(scene.time, OTHER, 1, 7),
        ReserveOrder(scene.time, OTHER, 1, 3, 1_000),
        Withdraw(scene.time, OTHER, 1),
    ):
        scene.play(command)
    noisy = scene.play(scene.advance())
    names = ["kind", "account", "lots", "price_ticks", "amount_quanta", "equity_quanta", "requirement_quanta", "stage"]
    same = np.isin(told["account"], distressed)
    assert told[same][names].tolist() == noisy[np.isin(noisy["account"], distressed)][names].tolist()


def test_a_halted_market_does_not_stop_another() -> None:
    """R8: an account with positions in two markets, one of them halted, is worked in the other."""
    scene = Scene()
    scene.play(Trade(START, LOSER, WINNER, 0, 50, 1_000))
    scene.play(Trade(START, LOSER, WINNER, 1, 30, 1_000))
    scene.play(SetMode(START, 1, Mode.HALTED))
    scene.price(850)
    events = scene.play(scene.advance())
    ordered = events[events["kind"] == EventKind.LIQUIDATION_ORDERED]
    assert ordered["instrument"].tolist() == [0]
    assert scene.play(Trade(scene.time, OTHER, RICH, 0, 1, 850))["refusal"].tolist() != [Refusal.MARKET_HALTED]


@pytest.mark.parametrize("seed", range(4))
def test_what_was_just_opened_is_not_liquidatable(seed: int) -> None:
    """R12: whatever trade is accepted, neither side is in the queue afterwards, at prices and fees that just pass."""
    chance = random.Random(seed)
    scene = Scene()
    accepted = 0
    for _ in range(120):
        buyer, seller = chance.sample(PEOPLE, 2)
        price = 1_000 + chance.randint(-40, 40)
        events = scene.play(Trade(scene.time, buyer, seller, 0, chance.randint(1, 150), price, chance.randint(0, 30)))
        if not events["refusal"].any():
            accepted += 1
            assert not (events["kind"] == EventKind.ACCOUNT_FLAGGED).any()
    assert accepted > 20


def test_one_penalty_for_each_lot_closed() -> None:
    """R10: filled in pieces or at once, with prices in between, the penalties are those of the lots, each once."""
    terms = small_terms()
    terms.stages[0].fee_ppm = 2_000
    paid = []
    for pieces in ([100], [30, 30, 40]):
        scene = Scene(terms=terms)
        scene.distress(930)
        events = scene.play(scene.advance())
        reference = int(events["reference"][events["kind"] == EventKind.LIQUIDATION_ORDERED][0])
        total = 0
        for lots in pieces:
            told = scene.play(LiquidationFill(scene.time, LOSER, RICH, 0, lots, 930, reference))
            charged = told["amount_quanta"][told["kind"] == EventKind.PENALTY_CHARGED]
            assert len(charged) <= 1
            total += int(charged.sum())
        paid.append(total)
    assert paid[0] == 186
    assert paid[0] <= paid[1] <= paid[0] + 3


def test_nobody_leaves_between_the_first_loss_and_its_payment() -> None:
    """W5: from the price that makes an equity negative until the case is closed, no door is open; then they are."""
    scene = Scene(Executor.ADL)
    scene.play(ContributeFund(START, FUND, 10**6))
    scene.distress(800)
    refused = scene.play(Withdraw(scene.time, RICH, 1))["refusal"].tolist()
    assert refused == [Refusal.WITHDRAWALS_GATED]
    scene.play(scene.advance())
    assert not scene.play(Withdraw(scene.time, RICH, 1))["refusal"].any()


def test_requirements_of_parts_are_not_less_than_of_the_whole() -> None:
    """R13: at one rate, several accounts of an owner hold together what one would, and a quantum a piece at most."""
    scene = Scene()
    for account in (FIRST + 4, FIRST + 5):
        scene.play(OpenAccount(START, account, 77, 1))
        scene.play(Deposit(START, account, 50_000))
    scene.play(Trade(START, OTHER, RICH, 0, 33, 1_000))
    scene.play(Trade(START, FIRST + 4, RICH, 0, 11, 1_000))
    scene.play(Trade(START, FIRST + 5, RICH, 0, 22, 1_000))
    books = scene.auditor.books
    whole = books.requirement(OTHER, Level.INITIAL)
    parts = books.requirement(FIRST + 4, Level.INITIAL) + books.requirement(FIRST + 5, Level.INITIAL)
    assert whole <= parts <= whole + 2


def test_time_never_falls_and_a_jump_is_only_time() -> None:
    """O5: a stamp from the past leaves the machine's time where it is; one from far ahead is taken as it comes."""
    scene = Scene()
    now = scene.auditor.books.time_ns
    scene.play(Deposit(now - 10 * SECOND, RICH, 5))
    assert scene.auditor.books.time_ns == now
    ahead = now + 10 * 365 * 24 * 3600 * SECOND
    scene.play(Advance(ahead, 1))
    assert scene.auditor.books.time_ns == ahead
    assert scene.play(PriceReport(ahead - 1, 0, 0, 999, ahead - 1))["refusal"].max(initial=0) >= 0
