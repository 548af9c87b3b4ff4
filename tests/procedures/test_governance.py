"""A change of rules from its proposal to its enactment, every refusal on the way; followed by the auditor."""

from typing import Any

import pytest
from tests.laws.machine import LOSER, SECOND, WINNER, Scene, small_terms

from solvent.codes import Authority, Executor, Family, Level, Refusal, Schedule
from solvent.commands import EnactTerms, ProposeTerms, StageTerm, Trade, VetoTerms, VoteTerms
from solvent.events import EventKind
from solvent.state.families import families_of
from solvent.state.terms import TermsShape, cell_address

SHAPE = TermsShape(2, 8)
HOUR = 3_600 * SECOND
COUNCIL, SECOND_SEAT, GUARDIAN, CONTROLLER = 1, 2, 3, 4


def scene_of(**governing: int) -> Scene:
    """Two seats of the council, a guardian and a controller; a step of a fifth and an hour's notice everywhere."""
    terms = small_terms(Executor.ENGINE)
    terms.governing[0].enforced, terms.governing[0].votes_needed = 1, 2
    for name, value in governing.items():
        terms.governing[0][name] = value
    roles = (Authority.COUNCIL, Authority.COUNCIL, Authority.GUARDIAN, Authority.CONTROLLER)
    for seat, role in enumerate(roles):
        terms.seats[seat].role = role
    for corridor in terms.corridors:
        corridor.step_max_ppm, corridor.notice_ns, corridor.authority = 200_000, HOUR, Authority.COUNCIL
    terms.corridors[Family.LIMITS].authority = Authority.COUNCIL | Authority.CONTROLLER
    terms.corridors[Family.LIMITS].notice_ns = SECOND
    return Scene(terms=terms)


def stage(scene: Scene, table: str, row: int, field: str, value: int) -> Any:
    return scene.play(StageTerm(scene.time, cell_address(SHAPE, table, row, field), value))


def answer(scene: Scene, command: Any) -> Refusal:
    """The refusal of a command; NONE when it was taken."""
    events = scene.play(command)
    refused = events[events["kind"] == EventKind.COMMAND_REFUSED]
    return Refusal(int(refused[0]["refusal"])) if len(refused) else Refusal.NONE


def test_proposed_voted_waited_for_and_enacted() -> None:
    scene = scene_of()
    stage(scene, "stages", 0, "fee_ppm", 12_000)
    (proposed,) = scene.play(ProposeTerms(scene.time, 2, COUNCIL))
    assert (proposed["value"], proposed["reference"]) == (2, scene.time + HOUR)
    assert proposed["lots"] == 1 << Family.LIQUIDATION
    assert answer(scene, StageTerm(scene.time, 0, 1)) == Refusal.PROPOSAL_OPEN
    assert answer(scene, ProposeTerms(scene.time, 2, COUNCIL)) == Refusal.PROPOSAL_OPEN
    assert answer(scene, EnactTerms(scene.time, 2)) == Refusal.NOTICE_NOT_OVER
    scene.time += HOUR
    assert answer(scene, EnactTerms(scene.time, 2)) == Refusal.VOTES_MISSING
    assert answer(scene, VoteTerms(scene.time, 2, COUNCIL)) == Refusal.ALREADY_VOTED
    assert answer(scene, VoteTerms(scene.time, 2, GUARDIAN)) == Refusal.NOT_ENTITLED
    assert answer(scene, VoteTerms(scene.time, 3, SECOND_SEAT)) == Refusal.NO_PROPOSAL
    assert answer(scene, VoteTerms(scene.time, 0, SECOND_SEAT)) == Refusal.NO_PROPOSAL
    assert answer(scene, VoteTerms(scene.time, 2, SECOND_SEAT)) == Refusal.NONE
    assert answer(scene, EnactTerms(scene.time, 3)) == Refusal.TERMS_VERSION
    assert answer(scene, EnactTerms(scene.time, 2)) == Refusal.NONE
    assert scene.machine.state.stages[0].fee_ppm == 12_000
    assert scene.machine.state.venue[0].proposal_version == 0


def test_nobody_else_may_propose_and_nothing_is_no_proposal() -> None:
    scene = scene_of()
    assert answer(scene, ProposeTerms(scene.time, 2, COUNCIL)) == Refusal.NOTHING_STAGED
    stage(scene, "stages", 0, "fee_ppm", 12_000)
    for seat in (0, 9, 17, CONTROLLER, GUARDIAN):
        assert answer(scene, ProposeTerms(scene.time, 2, seat)) == Refusal.NOT_ENTITLED
    assert answer(scene, ProposeTerms(scene.time, 3, COUNCIL)) == Refusal.TERMS_VERSION
    assert answer(scene, EnactTerms(scene.time, 2)) == Refusal.NO_PROPOSAL
    assert answer(scene, VetoTerms(scene.time, 2, GUARDIAN)) == Refusal.NO_PROPOSAL
    assert answer(scene, VetoTerms(scene.time, 0, GUARDIAN)) == Refusal.NO_PROPOSAL


def test_a_controller_acts_alone_inside_its_mandate() -> None:
    scene = scene_of()
    stage(scene, "markets", 0, "depth_lots", 500)
    assert answer(scene, ProposeTerms(scene.time, 2, CONTROLLER)) == Refusal.NONE
    scene.time += SECOND
    assert answer(scene, EnactTerms(scene.time, 2)) == Refusal.NONE
    stage(scene, "markets", 0, "depth_lots", 600)
    stage(scene, "stages", 0, "fee_ppm", 12_000)
    assert answer(scene, ProposeTerms(scene.time, 3, CONTROLLER)) == Refusal.NOT_ENTITLED


@pytest.mark.parametrize(
    ("table", "row", "field", "value", "expected"),
    [
        ("stages", 0, "fee_ppm", 12_001, Refusal.STEP_TOO_LARGE),
        ("stages", 0, "fee_ppm", 8_000, Refusal.NONE),
        ("stages", 0, "fee_ppm", 7_999, Refusal.STEP_TOO_LARGE),
        ("stages", 0, "spread_ppm", 200_000, Refusal.NONE),
        ("stages", 0, "spread_ppm", 200_001, Refusal.STEP_TOO_LARGE),
        ("stages", 0, "cooldown_ns", HOUR, Refusal.NONE),  # it was off
        ("stages", 0, "timeout_ns", 73 * SECOND, Refusal.STEP_TOO_LARGE),
        ("stages", 0, "executor", 1, Refusal.NONE),  # no quantity: it changes whole
        ("brackets", 1, "numerator", 60_000, Refusal.NONE),
        ("brackets", 1, "numerator", 60_001, Refusal.STEP_TOO_LARGE),
        ("stages", 0, "executor", 77, Refusal.TERMS_INVALID),
        ("contracts", 0, "quanta_per_lot_tick", 1_000_000, Refusal.TERMS_FIXED_AT_LISTING),
    ],
)
def test_a_value_moves_within_its_step(table: str, row: int, field: str, value: int, expected: Refusal) -> None:
    scene = scene_of()
    stage(scene, table, row, field, value)
    if table == "brackets":
        stage(scene, "schedules", Level.MAINTENANCE * 2, "rate_max_ppm", value)
    assert answer(scene, ProposeTerms(scene.time, 2, COUNCIL)) == expected
    assert scene.machine.state.stages[0].executor == Executor.ENGINE, "a proposal changes nothing"


def test_rates_are_compared_as_rates_when_their_denominator_changes() -> None:
    scene = scene_of()
    stage(scene, "brackets", 1, "numerator", 60)
    stage(scene, "schedules", Level.MAINTENANCE * 2, "denominator", 1_000)
    stage(scene, "schedules", Level.MAINTENANCE * 2, "rate_max_ppm", 60_000)
    assert answer(scene, ProposeTerms(scene.time, 2, COUNCIL)) == Refusal.NONE
    scene = scene_of()
    for level in (Level.INITIAL, Level.MAINTENANCE):
        stage(scene, "schedules", level * 2 + 1, "kind", Schedule.ZERO)
    assert answer(scene, ProposeTerms(scene.time, 2, COUNCIL)) == Refusal.NONE


def test_whoever_would_be_harmed_is_counted_and_too_many_are_refused() -> None:
    for most, expected in ((0, Refusal.HARM), (1, Refusal.NONE)):
        scene = scene_of(harm_max=most)
        scene.play(Trade(scene.time, LOSER, WINNER, 0, 100, 1_000))
        scene.price(945)  # 5,500 of 4,725; of 5,670 at 6 %
        stage(scene, "brackets", 1, "numerator", 60_000)
        stage(scene, "schedules", Level.MAINTENANCE * 2, "rate_max_ppm", 60_000)
        assert answer(scene, ProposeTerms(scene.time, 2, COUNCIL)) == expected
    scene.play(VoteTerms(scene.time, 2, SECOND_SEAT))
    scene.time += HOUR
    scene.play(EnactTerms(scene.time, 2))
    assert scene.machine.state.accounts[LOSER].status == 1


def test_harm_is_judged_again_when_the_change_binds() -> None:
    scene = scene_of()
    scene.play(Trade(scene.time, LOSER, WINNER, 0, 100, 1_000))
    stage(scene, "brackets", 1, "numerator", 60_000)
    stage(scene, "schedules", Level.MAINTENANCE * 2, "rate_max_ppm", 60_000)
    assert answer(scene, ProposeTerms(scene.time, 2, COUNCIL)) == Refusal.NONE
    scene.play(VoteTerms(scene.time, 2, SECOND_SEAT))
    scene.time += HOUR
    scene.price(945)
    assert answer(scene, EnactTerms(scene.time, 2)) == Refusal.HARM
    scene.price(980)
    assert answer(scene, EnactTerms(scene.time, 2)) == Refusal.NONE


@pytest.mark.parametrize("seat", [COUNCIL, GUARDIAN])
def test_a_proposal_is_withdrawn_by_its_seat_or_ended_by_a_guardian(seat: int) -> None:
    scene = scene_of()
    stage(scene, "stages", 0, "fee_ppm", 12_000)
    scene.play(ProposeTerms(scene.time, 2, COUNCIL))
    assert answer(scene, VetoTerms(scene.time, 2, SECOND_SEAT)) == Refusal.NOT_ENTITLED
    assert answer(scene, VetoTerms(scene.time, 2, seat)) == Refusal.NONE
    assert scene.machine.state.staged.tolist() == scene.machine.state.cells.tolist()
    assert answer(scene, EnactTerms(scene.time, 2)) == Refusal.NO_PROPOSAL


def test_without_governance_terms_are_enacted_as_ever() -> None:
    scene = scene_of(enforced=0)
    stage(scene, "stages", 0, "fee_ppm", 500_000)
    assert answer(scene, EnactTerms(scene.time, 2)) == Refusal.NONE


def test_every_cell_has_a_family() -> None:
    codes = families_of(SHAPE)
    assert set((codes % 16).tolist()) == {int(family) for family in Family}
    policy = cell_address(SHAPE, "policy", 0, "adl_price")
    assert codes[policy] == Family.ADL
    assert codes[cell_address(SHAPE, "corridors", 3, "notice_ns")] % 16 == Family.GOVERNANCE
    assert codes[cell_address(SHAPE, "stages", 0, "fee_ppm")] == Family.LIQUIDATION + 16 * 2
