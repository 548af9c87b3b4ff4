"""A campaign: worlds from a seed, each told once under the auditor and then varied many times under the clerk.

    world      a `World` of its own rules, 400 commands, the auditor (exact fractions) after every one
    stretch    from a scene of that story, 400 commands drawn by the clerk, the clerk (compiled) after every one

One command in `1 + STRETCHES` is followed by the auditor, all others by the clerk; how many of each is in the result.
The same seed and number of commands give the same campaign on any machine.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import numpy as np

from solvent.commands import COMMAND_DTYPE
from solvent.compiled import quick_compilation
from solvent.lab.campaign.backed import BACKED
from solvent.lab.campaign.directed import DIRECTED
from solvent.lab.campaign.ended import ENDED
from solvent.lab.campaign.machine import Machine
from solvent.lab.campaign.owing import OWING
from solvent.lab.campaign.reach import UNREACHED, names_of, required
from solvent.lab.campaign.shrink import Finding, confirm
from solvent.lab.campaign.story import OPENING, Scene, Story, tell_story
from solvent.lab.clerk.books import (
    FOUND_LAW,
    LOST,
    UNJUDGED,
    Clerk,
    open_clerk,
    raw_of,
    reopen_clerk,
    tables_of_telling,
)
from solvent.lab.clerk.run import COUNTERS, run_stretch
from solvent.state.whole import copy_state

STORIES = (*DIRECTED, *BACKED, *ENDED, *OWING)
"""Told at the beginning of every campaign."""
STORY_COMMANDS = 400
SCENES = 4
STRETCH_COMMANDS = 400
STRETCHES = 512
"""Stretches for each story, at most; a short campaign divides what is left so that it meets several worlds."""
WORLDS_MIN = 24
FINDINGS_MAX = 20
SAME_MAX = 2
"""Findings of one law in one world, after which its stretches end."""


class Campaign(msgspec.Struct, kw_only=True):
    """What a campaign did and found."""

    seed: int
    commands: int = 0
    violations: int = 0
    seconds: float = 0.0
    commands_per_second: float = 0.0
    worlds: int = 0
    by_auditor: int = 0
    by_clerk: int = 0
    unjudged: int = 0
    """Commands the clerk followed under rules it has no formula for: sums and lists only."""
    reopened: int = 0
    """Times the clerk opened its books anew after an event it does not know."""
    reached: dict[str, int] = msgspec.field(default_factory=dict)
    missing: list[str] = msgspec.field(default_factory=list)
    vacuous: bool = False
    findings: list[Finding] = msgspec.field(default_factory=list)

    @property
    def passed(self) -> bool:
        """True when no law was broken and nothing that must be met was missed."""
        return self.violations == 0 and not self.vacuous


def run_campaign(
    commands: int,
    seed: int,
    *,
    seconds: float | None = None,
    tell: Callable[[Campaign], None] | None = None,
) -> Campaign:
    """Run worlds until so many commands are done (or so many seconds are over, where given)."""
    result = Campaign(seed=seed)
    reach: Counter[str] = Counter()
    counters = np.zeros(COUNTERS, np.int64)
    tables = tables_of_telling()
    tape = Machine.fresh(_smallest_terms()).tape
    began = time.perf_counter()
    for directed in STORIES:
        met, told = directed()
        reach += met
        result.commands += told
        result.by_auditor += told
    stretches = min(STRETCHES, max(commands // WORLDS_MIN // STRETCH_COMMANDS - 1, 1))
    for world_seed in _seeds(seed):
        if result.commands >= commands or (seconds is not None and time.perf_counter() - began >= seconds):
            break
        left = commands - result.commands
        story = tell_story(world_seed, min(STORY_COMMANDS, max(left, OPENING + SCENES)), SCENES)
        result.worlds += 1
        result.commands += len(story.records)
        result.by_auditor += len(story.records)
        reach += story.reach
        if story.broken is not None:
            result.violations += 1
            result.findings.append(Finding.of_story(story))
        else:
            opened = [open_clerk(scene.state, scene.roundings, tables) for scene in story.scenes]
            for place in range(stretches):
                left = commands - result.commands
                if left <= 0 or len(result.findings) >= FINDINGS_MAX or _is_known_bad(result, world_seed):
                    break
                _run_stretch(story, opened, place, min(STRETCH_COMMANDS, left), tables, tape, counters, result)
                reach["restart"] += 1
        result.seconds = time.perf_counter() - began
        if tell is not None:
            tell(result)
        if len(result.findings) >= FINDINGS_MAX:
            break
    reach += names_of(counters)
    result.seconds = round(time.perf_counter() - began, 3)
    result.commands_per_second = round(result.commands / max(result.seconds, 1e-9), 1)
    result.reached = dict(sorted(reach.items()))
    result.missing = [name for name in required() if not reach[name]]
    result.missing += [f"{name} (said to be out of reach: {why})" for name, why in UNREACHED.items() if reach[name]]
    result.vacuous = bool(result.missing)
    return result


def _seeds(seed: int) -> Iterator[int]:
    """Seeds of the worlds of a campaign."""
    number = 0
    while True:
        yield seed * 1_000_003 + number
        number += 1


def _is_known_bad(result: Campaign, world: int) -> bool:
    """True when a world has broken one law twice: what else it shows is likely the same, and other worlds wait."""
    laws = Counter(finding.law for finding in result.findings if finding.world == world)
    return max(laws.values(), default=0) >= SAME_MAX


def _smallest_terms() -> Any:
    from solvent.state.terms import TermsShape, blank_terms

    return blank_terms(TermsShape(1, 1))


def _run_stretch(
    story: Story, opened: list[Clerk], place: int, length: int, tables: Any, tape: Any, counters: Any, result: Campaign
) -> None:
    scene: Scene = story.scenes[place % len(story.scenes)]
    machine = Machine(copy_state(scene.state), tape)
    clerk = Clerk._make(array.copy() for array in opened[place % len(opened)])
    raw = raw_of(machine.state)
    log = np.zeros(length, COMMAND_DTYPE).view(np.recarray)
    chance = np.array([(story.seed * 8_191 + place) & (2**48 - 1)], np.int64)
    tale = story.records[OPENING:] if len(story.records) > OPENING else story.records
    done = 0
    with quick_compilation():
        while done < length:
            done += int(run_stretch(machine.state, machine.watch, tape, clerk, raw, tale, chance, log[done:], counters))
            if clerk.note[UNJUDGED]:
                result.unjudged += 1
            if clerk.note[FOUND_LAW]:
                break
            if clerk.note[LOST]:
                reopen_clerk(clerk, machine.state)
                result.reopened += 1
    result.commands += done
    result.by_clerk += done
    if clerk.note[FOUND_LAW]:
        result.violations += 1
        result.findings.append(confirm(story, scene, log[:done], int(clerk.note[FOUND_LAW]), tables))
