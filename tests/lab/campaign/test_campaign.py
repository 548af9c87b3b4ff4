"""A short campaign, its determinism, and the clerk's word against the auditor's and against planted faults."""

from typing import Any

import msgspec
import numpy as np
import pytest

from solvent.codes import AdlPrice, ContractKind, Executor, SystemAccount, Tranche
from solvent.commands import (
    COMMAND_DTYPE,
    Advance,
    Deposit,
    ListInstrument,
    OpenAccount,
    PriceReport,
    Trade,
    pack,
)
from solvent.compiled import quick_compilation
from solvent.lab.campaign import run_campaign
from solvent.lab.campaign.directed import DIRECTED, Telling, plain_terms
from solvent.lab.campaign.machine import Machine
from solvent.lab.campaign.reach import UNREACHED, required
from solvent.lab.campaign.run import STORIES
from solvent.lab.campaign.shrink import breaks, confirm
from solvent.lab.campaign.story import Scene, Story, tell_story
from solvent.lab.clerk.books import (
    FOUND_LAW,
    ROUNDINGS,
    SEQUENCE,
    open_clerk,
    raw_of,
    reopen_clerk,
    tables_of_telling,
)
from solvent.lab.clerk.laws import law_of
from solvent.lab.clerk.run import COUNTERS, run_given, run_stretch
from solvent.lab.driver import START_NS
from solvent.state.whole import copy_state

COMMANDS = 40_000


def inverse_in_parts() -> tuple[Any, Any]:
    """Rules with an inverse market, and commands that close one position of it in parts, two by traders, one each."""
    terms = plain_terms(1, Executor.ADL, (Tranche.VENUE_FUND, Tranche.HAIRCUT_ALL))
    terms.policy[0].adl_price = AdlPrice.MARK
    terms.contracts[0].kind, terms.contracts[0].quanta_per_lot_tick = ContractKind.INVERSE, 800_400
    first, now = SystemAccount.MARKET_FUNDS + 1, START_NS
    loser, *others = range(first, first + 4)
    return terms, pack(
        [
            ListInstrument(now, 0),
            PriceReport(now, 0, 0, 1_000, now),
            *(OpenAccount(now, account, account, 1) for account in (loser, *others)),
            Deposit(now, loser, 11_000),
            *(Deposit(now, other, 500_000) for other in others),
            *(Trade(now, loser, other, 0, 21, 1_000) for other in others),
            PriceReport(now + 1, 0, 0, 800, now + 1),
            Trade(now + 1, others[0], loser, 0, 21, 800),
            Trade(now + 1, others[1], loser, 0, 21, 800),
            PriceReport(now + 2, 0, 0, 800, now + 2),
            Advance(now + 2, 5),
        ]
    )


def test_a_campaign_breaks_nothing_and_meets_everything() -> None:
    result = run_campaign(COMMANDS, 1)
    assert result.findings == []
    assert result.missing == []
    assert result.passed
    assert result.commands == COMMANDS == result.by_auditor + result.by_clerk
    assert result.by_clerk > COMMANDS // 2 > result.by_auditor // 2


def test_the_same_seed_is_the_same_campaign() -> None:
    def told(seed: int) -> Any:
        answer = msgspec.to_builtins(run_campaign(3_000, seed))
        return {name: value for name, value in answer.items() if "second" not in name}

    assert told(5) == told(5)
    assert told(5) != told(6)


def test_a_campaign_that_met_too_little_fails_as_vacuous() -> None:
    result = run_campaign(500, 1)
    assert result.vacuous
    assert "tranche HAIRCUT_ALL" in result.missing or result.missing


def test_what_is_out_of_reach_says_why() -> None:
    assert all(len(why) > 10 for why in UNREACHED.values())
    assert not set(UNREACHED) & set(required())


@pytest.fixture(scope="module")
def story() -> Story:
    return tell_story(12, 300, 2)


def stretch(story: Story, length: int = 120) -> tuple[Any, Any]:
    """Commands the clerk drew after a scene, and the scene."""
    scene = story.scenes[1]
    machine = Machine(copy_state(scene.state))
    clerk = open_clerk(machine.state, scene.roundings, tables_of_telling())
    log = np.zeros(length, COMMAND_DTYPE).view(np.recarray)
    reach = np.zeros(COUNTERS, np.int64)
    with quick_compilation():
        done = run_stretch(
            machine.state,
            machine.watch,
            machine.tape,
            clerk,
            raw_of(machine.state),
            story.records[80:],
            np.array([7], np.int64),
            log,
            reach,
        )
    assert done == length
    assert clerk.note[FOUND_LAW] == 0
    return scene, log


def test_the_clerk_knows_that_parts_of_an_inverse_position_are_rounded_each() -> None:
    """Four findings of a campaign of ten million: the clerk's alone, or the auditor's too, and none of the machine's."""
    records = inverse_in_parts()
    machine = Machine.fresh(records[0])
    clerk = open_clerk(machine.state, 0, tables_of_telling())
    with quick_compilation():
        run_given(machine.state, machine.watch, machine.tape, clerk, raw_of(machine.state), records[1])
    assert law_of(int(clerk.note[FOUND_LAW])) == "UNKNOWN 0"
    assert int(clerk.note[SEQUENCE]) == len(records[1])


def test_every_story_of_the_campaign_is_also_one_of_the_clerk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Claims, shares, pools and their orders, options and debts: what the stories tell the auditor, the clerk hears."""
    told: list[tuple[Any, list[Any]]] = []
    opened, played = Telling.__init__, Telling.play

    def init(self: Telling, terms: Any) -> None:
        opened(self, terms)
        told.append((copy_state(self.machine.state), []))

    def play(self: Telling, command: Any) -> Any:
        told[-1][1].append(command if isinstance(command, np.ndarray) else pack([command]))
        return played(self, command)

    monkeypatch.setattr(Telling, "__init__", init)
    monkeypatch.setattr(Telling, "play", play)
    for story in STORIES:
        story()
    assert len(told) >= len(STORIES)
    for number, (state, records) in enumerate(told):
        scene = Scene(0, state, 0)
        law = breaks(scene, np.concatenate(records).view(np.recarray), tables_of_telling())
        assert law_of(law) == "UNKNOWN 0", f"story {number}"


def test_books_that_are_opened_anew_count_what_was_settled_meanwhile(story: Story) -> None:
    scene = story.scenes[1]
    clerk = open_clerk(scene.state, scene.roundings, tables_of_telling())
    clerk.settled[20:23, 0] -= 1
    reopen_clerk(clerk, scene.state)
    assert int(clerk.note[ROUNDINGS]) == scene.roundings + 3


def spoiled(scene: Any, records: Any, spoil: Any) -> str:
    """The law the clerk names when the state is changed behind its back before the commands."""
    machine = Machine(copy_state(scene.state))
    clerk = open_clerk(machine.state, scene.roundings, tables_of_telling())
    spoil(machine.state)
    with quick_compilation():
        run_given(machine.state, machine.watch, machine.tape, clerk, raw_of(machine.state), records)
    return law_of(int(clerk.note[FOUND_LAW])).split()[0]


def one_quantum(state: Any) -> None:
    state.accounts[SystemAccount.FEES].wallet_quanta += 1


def a_lost_lot(state: Any) -> None:
    held = np.flatnonzero(state.positions.lots > 0)[0]
    state.positions[int(held)].lots -= 1


def a_longer_queue(state: Any) -> None:
    state.accounts[SystemAccount.VAULT].status = 1


def a_forgotten_row(state: Any) -> None:
    held = int(np.flatnonzero(state.accounts.position_count > 0)[0])
    state.accounts[held].position_count -= 1


def a_raised_charge(state: Any) -> None:
    state.instruments[0].maintenance_short_ppm = 2_000_000


def another_mode_of_the_venue(state: Any) -> None:
    state.venue[0].mode = 1 + int(state.venue[0].mode) % 4


@pytest.mark.parametrize(
    ("spoil", "laws"),
    [
        (a_raised_charge, {"LEDGER", "JUDGED", "SCAN"}),
        (another_mode_of_the_venue, {"LEDGER", "MARGIN"}),
        (one_quantum, {"LEDGER"}),
        (a_lost_lot, {"LEDGER", "JUDGED", "SCAN"}),
        (a_longer_queue, {"SCAN"}),
        (a_forgotten_row, {"STRUCTURE"}),
    ],
)
def test_the_clerk_sees_a_state_that_was_changed(story: Story, spoil: Any, laws: set[str]) -> None:
    scene, log = stretch(story)
    assert spoiled(scene, log, spoil) in laws


def test_a_finding_is_made_short_and_shown_to_the_auditor(story: Story) -> None:
    scene, log = stretch(story)
    tables = tables_of_telling()
    one_quantum(scene.state)  # sums that are wrong from the beginning: every command shows it to the clerk
    machine = Machine(copy_state(scene.state))
    clerk = open_clerk(machine.state, scene.roundings, tables)
    with quick_compilation():
        run_given(machine.state, machine.watch, machine.tape, clerk, raw_of(machine.state), log)
    law = int(clerk.note[FOUND_LAW])
    assert law
    finding = confirm(story, scene, log, law, tables)
    assert len(finding.commands) == 1
    assert finding.law.startswith("LEDGER")
    assert finding.auditor == "", "the auditor tells the story from its beginning, where nothing was spoiled"
    scene.state.accounts[SystemAccount.FEES].wallet_quanta -= 1


def test_directed_stories_hold_and_meet_what_they_are_for() -> None:
    met = {name for directed in DIRECTED for name, times in directed()[0].items() if times}
    assert {
        "refusal POSITIONS_FULL",
        "refusal VAULT_WITHOUT_VALUE",
        "refusal FUND_WOULD_BE_NEGATIVE",
        "refusal KIND_UNKNOWN",
    } <= met
