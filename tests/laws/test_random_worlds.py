"""Random worlds: many seeds, a slow auditor after every command, no law broken, everything important met.

`SOLVENT_LAW_COMMANDS` sets how many commands are run in all (20,000 without it). A seed that ever failed is added to
REGRESSION_SEEDS and stays there.
"""

import os
from collections import Counter

import pytest
from machine import Machine

from solvent.codes import Refusal, Tranche
from solvent.commands import CommandKind, SetMode, pack
from solvent.events import EventKind
from solvent.lab.auditor import Auditor, LawBroken
from solvent.lab.driver import ROOM, World

COMMANDS = int(os.environ.get("SOLVENT_LAW_COMMANDS", "20000"))
COMMANDS_PER_WORLD = 500
FIRST_SEED = 60

REGRESSION_SEEDS = [
    # (seed, commands): what it found. Shortest stories of the same faults: test_found_by_chance.py
    (1, 500),  # deleveraging at a previous mark worse than the mark: the layers paid more than the negative equity
    (8, 500),  # collateral without initial weight left with what the positions needed
    (38, 500),  # funding owed but not posted was set off against gains that may not leave
    (44, 500),  # the fund of market 0 paid for an account that had no market
    (50, 500),  # abs(-2**63) passed for a small funding rate
    (59, 500),  # as seed 38, by a transfer
    (61, 500),  # as seed 38, by buying vault shares
    (
        174,
        500,
    ),  # a part of an inverse position closed at the mark cost its rounding, which the auditor took for a fault
    (189, 500),  # as seed 174
]

RARE_SEEDS = [100, 124]
"""Worlds beside the first ones, for what these meet too rarely: a vault's default."""

TOLD_BY_HAND = {
    EventKind.POSITION_CLAIMED,
    EventKind.KEEPER_REWARDED,
    EventKind.SHARE_TAKEN,
    EventKind.STAGE_SKIPPED,
    EventKind.POOL_UNWOUND,
    EventKind.WITHDRAWAL_CHARGED,
    EventKind.START_CHARGED,
    EventKind.BONUS_SHARED,
    EventKind.DEBT_COVERED,
}
ASKED_BY_HAND = {CommandKind.COVER_DEBT}
"""Chance meets these in one world of a hundred; stories of their own (solvent.lab.campaign: backed, owing, directed) meet
them always, under the same auditor, and the campaign fails without them (tests/lab/campaign), as it does without each
refusal."""

IMPORTANT = [
    *(f"command {kind.name}" for kind in CommandKind if kind not in ASKED_BY_HAND),
    *(f"event {kind.name}" for kind in EventKind if kind not in TOLD_BY_HAND),
    *(f"tranche {tranche.name}" for tranche in Tranche),
    *(f"size {name}" for name in ("FULL", "FRACTION", "TO_LOWER_TIER", "TO_HEALTH")),
    *(f"executor {name}" for name in ("ENGINE", "BACKSTOP_VAULT", "ADL")),
    *(f"condition {name}" for name in ("STALE", "UNCERTAIN", "DIVERGING", "BELOW_QUORUM")),
    "clamped by anchor",
    "clamped by own band",
    "limit NONE",
    "limit BANKRUPTCY",
    "tranche ADL by price",
    "mode REDUCE_ONLY by breaker",
    "mode HALTED by breaker",
    "mode HALTED by other",
    "mode ACTIVE by other",
    "vault default",
    *(
        f"refusal {reason.name}"
        for reason in (
            Refusal.BELOW_INITIAL,
            Refusal.HEALTH_WOULD_FALL,
            Refusal.WITHDRAWAL_EXCEEDS_FREE,
            Refusal.WITHDRAWALS_GATED,
            Refusal.OPEN_INTEREST_CAP,
            Refusal.POSITION_LIMIT,
            Refusal.BEYOND_LIMIT_PRICE,
            Refusal.MARKET_HALTED,
            Refusal.MARKET_REDUCE_ONLY,
            Refusal.IN_LIQUIDATION,
            Refusal.REFERENCE_UNKNOWN,
            Refusal.REPORT_STALE,
            Refusal.REPORT_STEP,
            Refusal.REPORT_TOO_SOON,
            Refusal.REPORT_UNCERTAIN,
            Refusal.REPORT_AT_BOUND,
            Refusal.PRICE_CONDITION,
            Refusal.TERMS_INVALID,
            Refusal.TERMS_FIXED_AT_LISTING,
            Refusal.SHARES_TOO_FEW,
        )
    ),
]


def run_world(seed: int, commands: int) -> Counter[str]:
    """Drive one world, audited after every command; give what it met."""
    world = World(seed)
    machine = Machine(world.terms, **ROOM)
    auditor = Auditor(machine.state)
    for number in range(commands):
        command = world.next_command(machine.state, auditor.books)
        record = pack([command])
        events = machine.do(record, keep=True)  # uncompiled, an int64 that wraps warns, and a warning is an error
        try:
            auditor.check(record[0], events, machine.before, machine.state)
        except LawBroken as broken:
            pytest.fail(f"seed {seed}, command {number}: {broken} after {command}")
        world.observe(command, events)
    return world.reach


@pytest.mark.parametrize(("seed", "commands"), REGRESSION_SEEDS)
def test_seeds_that_once_failed(seed: int, commands: int) -> None:
    run_world(seed, commands)


def test_no_law_is_broken_and_everything_is_met() -> None:
    reach: Counter[str] = Counter()
    for seed in [*range(FIRST_SEED, FIRST_SEED + max(COMMANDS // COMMANDS_PER_WORLD, 1)), *RARE_SEEDS]:
        reach += run_world(seed, COMMANDS_PER_WORLD)
    if COMMANDS >= 20_000:
        missing = [name for name in IMPORTANT if not reach[name]]
        assert not missing, f"the campaign never met {missing}"


@pytest.mark.parametrize("kind", [0, -1, 21, 2**31 - 1])
def test_records_of_no_kind_are_refused_and_change_nothing(kind: int) -> None:
    world = World(5)
    machine = Machine(world.terms, **ROOM)
    auditor = Auditor(machine.state)
    for unused in ("amount_quanta", "owner", "count", "version"):
        record = pack([SetMode(world.time_ns, 0, 0)])
        record["kind"] = kind
        auditor.check(record[0], machine.do(record, keep=True), machine.before, machine.state)
        record["kind"] = CommandKind.SET_MODE
        record[unused] = 1
        events = machine.do(record, keep=True)
        auditor.check(record[0], events, machine.before, machine.state)
        assert events["refusal"].tolist() == [Refusal.FIELD_NOT_USED]


def test_a_seed_gives_the_same_world_twice() -> None:
    assert run_world(7, 200) == run_world(7, 200)
